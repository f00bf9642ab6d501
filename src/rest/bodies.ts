import type { FastifyInstance } from 'fastify';
import type { Logger } from '../log.js';
import { Form } from './Form.js';

/** RFC 9110, section 8.3.1. */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;

/** Request bodies: forms are read, anything else is passed over, as Twilio does; that costs people hours, so it is logged. */
export function takeForms(app: FastifyInstance, log: Logger): void {
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', (request, _reply, done) => {
    // One that is none would be refused before its body is passed over.
    const contentType = request.headers['content-type'];
    if (contentType !== undefined && !MEDIA_TYPE.test(contentType)) delete request.headers['content-type'];
    done();
  });
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
