interface ErrorEntry {
  /** The HTTP status of a REST answer with this error. */
  status: number;
  /** The text that Twilio's error dictionary and SDKs give it. */
  message: string;
}

const entry = (status: number, message: string): ErrorEntry => ({ status, message });
const bad = (message: string): ErrorEntry => entry(400, message);

/**
 * Every error that Atrium gives, the same for REST and for the SDKs.
 * Codes and texts: Twilio's error dictionary (https://www.twilio.com/docs/api/errors) and
 * `twilio-video`'s `lib/util/twilio-video-errors.js`.
 */
export const ERROR_CATALOGUE = {
  // General REST errors
  20001: bad('Invalid or missing parameter'),
  20002: bad('Invalid FriendlyName'),
  20003: entry(401, 'Authenticate'),
  20004: entry(405, 'Method not allowed'),
  20005: entry(401, 'Account not active'),
  20007: bad('Page size too large'),
  20403: entry(403, 'Forbidden'),
  20404: entry(404, 'The requested resource was not found'),
  20409: entry(409, 'Conflict'),
  20413: entry(413, 'Request Entity Too Large'),
  20429: entry(429, 'Too Many Requests'),
  20500: entry(500, 'Internal Server Error'),
  20501: entry(501, 'Not implemented by this server'),
  20503: entry(503, 'Service is unavailable. Please try again'),
  21481: bad('Invalid PageToken'),

  // Access tokens
  20101: entry(401, 'Invalid Access Token'),
  20102: entry(401, 'Invalid Access Token header'),
  20103: entry(401, 'Invalid Access Token issuer/subject'),
  20104: entry(401, 'Access Token expired or expiration date invalid'),
  20105: entry(401, 'Access Token not yet valid'),
  20106: entry(401, 'Invalid Access Token grants'),
  20107: entry(401, 'Invalid Access Token signature'),

  // Signalling
  53000: bad('Signaling connection error'),
  53001: bad('Signaling connection disconnected'),
  53002: bad('Signaling connection timed out'),
  53003: bad('Client received an invalid signaling message'),
  53004: bad('Client sent an invalid signaling message'),
  53006: bad('Video server is busy'),

  // Rooms
  53100: bad('Room name is invalid'),
  53101: bad('Room name is too long'),
  53102: bad('Room name contains invalid characters'),
  53103: bad('Unable to create Room'),
  53104: bad('Unable to connect to Room'),
  53105: bad('Room contains too many Participants'),
  53106: bad('Room not found'),
  53107: bad('MaxParticipants is out of range'),
  53108: bad('RoomType is not valid'),
  53109: bad('Timeout is out of range'),
  53110: bad('StatusCallbackMethod is invalid'),
  53111: bad('StatusCallback is invalid'),
  53112: bad('Status is invalid'),
  53113: bad('Room exists'),
  53114: bad('Room creation parameter(s) incompatible with the Room type'),
  53115: bad('MediaRegion is invalid'),
  53116: bad('There are no media servers available in the MediaRegion'),
  53117: bad('The subscription operation requested is not supported for the Room type'),
  53118: bad('Room completed'),
  53119: bad('The concurrent Rooms quota was exceeded'),
  53120: bad('Invalid Recording Rule(s)'),
  53122: bad('The recording operation requested is not supported for the Room type'),
  53123: bad('MaxParticipantDuration is out of range'),
  53124: bad('The AudioOnly flag is not supported for the Room type'),
  53125: bad('The track kind is not supported by the Room'),
  53126: bad('The Room type is no longer supported for this account'),
  53127: bad('The AudioOnly flag is no longer supported for this account'),

  // Participants
  53200: bad('Participant identity is invalid'),
  53201: bad('Participant identity is too long'),
  53202: bad('Participant identity contains invalid characters'),
  53203: bad('The maximum number of published tracks allowed in the Room at the same time has been reached'),
  53204: bad('Participant not found'),
  53205: bad('Participant disconnected because of duplicate identity'),
  53206: bad('The Participant concurrency quota was exceeded'),
  53208: bad("The Participant's bandwidth profile configuration is invalid"),
  53209: bad('Participant status is invalid'),
  53215: bad('Invalid Subscribe Rule(s)'),
  53216: bad('Participant session length exceeded'),

  // Tracks
  53300: bad('Track is invalid'),
  53301: bad('Track name is invalid'),
  53302: bad('Track name is too long'),
  53303: bad('Track name contains invalid characters'),
  53304: bad('Track name is duplicated'),

  // Media
  53400: bad('Client is unable to create or apply a local media description'),
  53401: bad('Server is unable to create or apply a local media description'),
  53402: bad('Client is unable to apply a remote media description'),
  53403: bad('Server is unable to apply a remote media description'),
  53404: bad('No supported codec'),
  53405: bad('Media connection failed or Media activity ceased'),
  53407: bad('Media connection failed due to DTLS handshake failure'),

  // Configuration
  53501: bad('Unable to acquire TURN credentials'),
} as const satisfies Record<number, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** What the error is to a program: a Twilio error code, its HTTP status and a text for people. */
export class TwilioError extends Error {
  override readonly name = 'TwilioError';
  readonly code: ErrorCode;
  readonly status: number;

  /** @param message replaces the catalogue's text where there is more to say */
  constructor(code: ErrorCode, message?: string) {
    const { status, message: standard } = ERROR_CATALOGUE[code];
    super(message ?? standard);
    this.code = code;
    this.status = status;
  }
}

/** The catalogue's text of an error, followed by what was wrong in this case. */
export function twilioError(code: ErrorCode, detail?: string): TwilioError {
  return new TwilioError(code, detail && `${ERROR_CATALOGUE[code].message}: ${detail}`);
}
