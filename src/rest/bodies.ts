import type { FastifyInstance } from 'fastify';
import type { Logger } from '../log.js';
import { Form } from './Form.js';

/** Request bodies: forms are read, anything else is passed over, as Twilio does; that costs people hours, so it is logged. */
export function takeForms(app: FastifyInstance, log: Logger): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, new Form(new URLSearchParams(String(body))));
    },
  );
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (String(body) !== '') {
      const contentType = request.headers['content-type'];
      log.warn(
        { method: request.method, url: request.url, contentType },
        'the body is not a form and was ignored',
      );
    }
    done(null, undefined);
  });
}
