import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { signAccessToken } from '../auth/access-token.js';
import { SystemClock } from '../clock.js';
import { hostInUrl } from '../hosts.js';
import type { Address } from '../turn/messages.js';
import { StunError, TurnClient } from '../turn/TurnClient.js';
import { openIceWire, openWire } from '../turn/wires.js';
import type { Wire } from '../turn/wires.js';
import { parseIceUrl } from './ice-url.js';
import type { IceUrl } from './ice-url.js';
import { Visit } from './Visit.js';
import type { Candidate, ToldServer } from './Visit.js';

/** What is looked at. */
export interface Subject {
  /** Where REST is; signalling is beside it. */
  url: string;
  account: { sid: string; authToken: string };
  key: Parameters<typeof signAccessToken>[1];
  /** Media workers that it is said to have: as many ports are looked at. */
  workers: number;
}

export interface Finding {
  outcome: 'ok' | 'failed' | 'note';
  what: string;
  detail?: string;
  /** What to do about it. */
  advice?: string;
}

/** Milliseconds for an answer over HTTP. */
const PATIENCE = 5_000;
/** Seconds for which the token is valid that this is done with. */
const TOKEN_TTL = 300;

const ok = (what: string, detail?: string): Finding => ({
  outcome: 'ok',
  what,
  ...(detail !== undefined && { detail }),
});
const failed = (what: string, error: unknown, advice: string): Finding => ({
  outcome: 'failed',
  what,
  detail: messageOf(error),
  advice,
});
/** `fetch` says in the cause what the matter was. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : null;
  return (cause && ((cause as NodeJS.ErrnoException).code ?? cause.message)) || error.message;
}
const textOf = ({ address, port }: Address): string => `${hostInUrl(address)}:${port}`;

/** Tries, one after the other, what a client needs of a server. */
export async function* examine(subject: Subject): AsyncGenerator<Finding> {
  const { url, key } = subject;
  try {
    const { status } = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PATIENCE) });
    if (status !== 200) throw new Error(`HTTP ${status}`);
    yield ok('the server answers');
  } catch (error) {
    yield failed('the server answers', error, 'Start it, or say with --url where it is.');
    return;
  }
  const token = await signAccessToken({ identity: 'doctor', ttl: TOKEN_TTL }, key, new SystemClock());
  let servers: ToldServer[];
  try {
    servers = await Visit.iceServers(subject, token);
    yield ok('signalling answers');
  } catch (error) {
    yield failed(
      'signalling answers',
      error,
      'A proxy in front must pass WebSockets on; the API key must be the one that the server has.',
    );
    return;
  }
  if (servers.length === 0)
    yield { outcome: 'note', what: 'clients are told no STUN and TURN servers', advice: 'See docs/turn.md.' };
  const relays: { name: string; client: TurnClient }[] = [];
  try {
    for (const server of servers) {
      for (const name of [server.urls].flat()) yield* examineIceServer(name, server, relays);
    }
    yield* examineMedia(subject, token, relays);
  } finally {
    await Promise.all(relays.map(({ client }) => client.close()));
  }
}

async function* examineIceServer(
  name: string,
  { username, credential }: ToldServer,
  relays: { name: string; client: TurnClient }[],
): AsyncGenerator<Finding> {
  let target: IceUrl;
  try {
    target = parseIceUrl(name);
  } catch (error) {
    yield failed(name, error, 'Mend iceServers, stunUrls or turnUrls in the configuration.');
    return;
  }
  let client: TurnClient;
  try {
    client = new TurnClient(await openWire(target.protocol, target.server));
  } catch (error) {
    yield failed(name, error, `Is coturn running, and is the ${target.protocol} port open?`);
    return;
  }
  try {
    if (target.relays) {
      if (username === undefined || credential === undefined)
        throw new Error('clients are told no credentials');
      const address = await client.allocate({ username, credential });
      yield ok(name, `relays at ${textOf(address)}`);
      relays.push({ name, client });
    } else {
      const address = await client.bind();
      yield ok(name, `sees this machine at ${textOf(address)}`);
      await client.close();
    }
  } catch (error) {
    yield failed(name, error, adviceFor(error, target));
    await client.close();
  }
}

function adviceFor(error: unknown, { protocol, server }: IceUrl): string {
  if (error instanceof StunError && error.code === 401)
    return "The secrets differ: turnSecret here, static-auth-secret there; or the two machines' clocks do.";
  return `Is coturn running, and is ${protocol} port ${server.port} open to here?`;
}

async function* examineMedia(
  subject: Subject,
  token: string,
  relays: readonly { name: string; client: TurnClient }[],
): AsyncGenerator<Finding> {
  const visits: Visit[] = [];
  try {
    // Rooms that are there at the same time are spread over the workers.
    for (let count = 0; count < subject.workers; count++) visits.push(await Visit.begin(subject, token));
    const seen = new Set<string>();
    for (const visit of visits) {
      for (const candidate of visit.candidates) {
        const name = `media at ${textOf(candidate)} over ${candidate.protocol}`;
        if (seen.has(name)) continue;
        seen.add(name);
        yield await examineCandidate(name, visit, candidate);
      }
    }
    const [visit] = visits;
    const candidate = visit?.candidates.find(({ protocol }) => protocol === 'udp');
    for (const { name, client } of visit && candidate ? relays : [])
      yield await examineRelay(name, client, visit!, candidate!);
  } catch (error) {
    yield failed('a room can be made and joined', error, 'The log of the server says more.');
  } finally {
    for (const visit of visits) await visit.end();
  }
}

async function examineCandidate(name: string, visit: Visit, candidate: Candidate): Promise<Finding> {
  try {
    const seenAt = await check(await openIceWire(candidate.protocol, candidate), visit);
    return ok(name, `answers, and sees this machine at ${textOf(seenAt)}`);
  } catch (error) {
    return failed(
      name,
      error,
      'Is this the address that clients reach the server at (--announced-ip), and is the port open (--rtc-port)?',
    );
  }
}

async function examineRelay(
  name: string,
  client: TurnClient,
  visit: Visit,
  candidate: Candidate,
): Promise<Finding> {
  const what = `media through ${name}`;
  try {
    const address = isIP(candidate.address) ? candidate.address : (await lookup(candidate.address)).address;
    await check(await client.wireTo({ address, port: candidate.port }), visit);
    return ok(what, 'answers');
  } catch (error) {
    const isForbidden = error instanceof StunError && error.code === 403;
    return failed(
      what,
      error,
      isForbidden
        ? `coturn refuses to send there: name ${candidate.address} as allowed-peer-ip.`
        : `coturn itself must reach ${textOf(candidate)} over UDP.`,
    );
  }
}

async function check(wire: Wire, { ice }: Visit): Promise<Address> {
  try {
    return await new TurnClient(wire).check(ice);
  } finally {
    wire.close();
  }
}
