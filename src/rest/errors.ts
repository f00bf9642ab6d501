import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { TwilioError, twilioError } from '../errors.js';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';

/** An error as Twilio's REST API shows it. */
export function errorBody({ code, message, status }: TwilioError): object {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
}

/** What fastify itself finds wrong with a request, in Twilio's terms. */
function translate(error: FastifyError): TwilioError | null {
  switch (error.statusCode) {
    case 413:
      return twilioError(20413);
    case 400:
    case 415:
      return twilioError(20001, error.message);
    default:
      return null;
  }
}

export function onError(
  log: Logger,
): (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const known = error instanceof TwilioError ? error : translate(error);
    if (!known)
      log.error({ err: errorForLog(error), method: request.method, url: request.url }, 'a request failed');
    const answer = known ?? twilioError(20500);
    void reply.code(answer.status).send(errorBody(answer));
  };
}
