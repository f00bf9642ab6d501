import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CallbackReceiver, answer } from '../support/callback-receiver.js';
import type { Behaviour, ReceivedCallback, ReceiverOptions } from '../support/callback-receiver.js';
import { freePort } from '../support/ports.js';
import { rawRequest } from '../support/raw-http.js';
import { SOON, TestServer } from '../support/test-server.js';

let server: TestServer;
const receivers: CallbackReceiver[] = [];
const others: { server: Server; sockets: Set<Socket> }[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
  for (const { server: other, sockets } of others.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => other.close(resolve));
  }
  await server.tidy();
});
afterAll(() => server.stop());

async function receive(behaviour?: Behaviour, options: ReceiverOptions = {}): Promise<CallbackReceiver> {
  const receiver = await CallbackReceiver.start({ ...options, behaviour });
  receivers.push(receiver);
  return receiver;
}

/** A server that speaks no HTTP: its port, and the connections that are open. */
async function bareServer(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>();
  const bare = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    onConnection(socket);
  });
  others.push({ server: bare, sockets });
  await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
  return { port: (bare.address() as AddressInfo).port, sockets };
}

const silent: Behaviour = () => {};

/** A room that tells this URL, and of whose end it is told too. */
async function endedRoom(statusCallback: string, at = server): Promise<string> {
  const { sid } = await at.twilio.video.v1.rooms.create({ statusCallback });
  await at.twilio.video.v1.rooms(sid).update({ status: 'completed' });
  return sid;
}

interface ListedDelivery {
  id: string;
  event: string;
  url: string;
  outcome: string;
  attempts: { date: string; duration_ms: number; status: number | null; error: { code: number } | null }[];
}

async function list(roomSid: string, at = server): Promise<ListedDelivery[]> {
  const { json } = await rawRequest(at.url, `/atrium/v1/StatusCallbacks?RoomSid=${roomSid}`);
  return (json as { status_callbacks: ListedDelivery[] }).status_callbacks;
}

/** The room's deliveries once nothing is pending, oldest first. */
async function settled(roomSid: string, at = server): Promise<ListedDelivery[]> {
  await expect
    .poll(async () => (await list(roomSid, at)).map(({ outcome }) => outcome), SOON)
    .not.toContain('pending');
  return (await list(roomSid, at)).reverse();
}

/** For each delivery of a room: what became of it, and the status or error of each attempt. */
async function outcomes(roomSid: string, at = server): Promise<unknown[]> {
  return (await settled(roomSid, at)).map(({ outcome, attempts }) => [
    outcome,
    ...attempts.map(({ status, error }) => status ?? error?.code),
  ]);
}

const idOf = ({ headers }: ReceivedCallback): unknown => headers['i-twilio-idempotency-token'];

describe('a receiver', () => {
  test('that refuses connections is tried once more for each callback', async () => {
    const sid = await endedRoom(`http://127.0.0.1:${await freePort()}/events`);
    expect(await outcomes(sid)).toEqual([
      ['failed', 11205, 11205],
      ['failed', 11205, 11205],
    ]);
  });

  test('that never answers is given up after the read timeout, and gets the next one', async () => {
    const receiver = await receive(silent);
    const sid = await endedRoom(`${receiver.url}/#rt=100`);
    const deliveries = await settled(sid);
    expect(deliveries.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
    for (const { attempts } of deliveries) {
      expect(attempts).toMatchObject([{ status: null, error: { code: 11200 } }]);
      expect(attempts[0]!.duration_ms).toBeGreaterThanOrEqual(95);
    }
    expect(receiver.events).toEqual(['room-created', 'room-ended']);
    await expect.poll(() => receiver.connections, SOON).toBe(0);
  });

  test('that never answers is tried again where the URL says so, with the same token', async () => {
    const receiver = await receive(silent);
    const sid = await endedRoom(`${receiver.url}/#rt=100&rc=2&rp=rt`);
    expect(await outcomes(sid)).toEqual([
      ['failed', 11200, 11200, 11200],
      ['failed', 11200, 11200, 11200],
    ]);
    const ids = receiver.received.map(idOf);
    expect(ids).toEqual([ids[0], ids[0], ids[0], ids[3], ids[3], ids[3]]);
    expect(ids[3]).not.toBe(ids[0]);
    expect((await settled(sid)).map(({ id }) => id)).toEqual([ids[0], ids[3]]);
  });

  test('that takes connections and never speaks TLS is given up after the connect timeout', async () => {
    const { port, sockets } = await bareServer(() => {});
    const sid = await endedRoom(`https://127.0.0.1:${port}/#ct=100&rc=1`);
    expect(await outcomes(sid)).toEqual([
      ['failed', 11205, 11205],
      ['failed', 11205, 11205],
    ]);
    await expect.poll(() => sockets.size, SOON).toBe(0);
  });

  test('is given up when the total time is over, whatever the other times', async () => {
    const receiver = await receive(silent);
    const sid = await endedRoom(`${receiver.url}/#tt=500&rc=5&rp=all`);
    expect(await outcomes(sid)).toEqual([
      ['failed', 11200],
      ['failed', 11200],
    ]);
  });

  test('that closes the connection is tried again where the URL says so', async () => {
    const receiver = await receive((response) => void response.destroy());
    const sid = await endedRoom(`${receiver.url}/#rp=rt`);
    expect(await outcomes(sid)).toEqual([
      ['failed', 11205, 11205],
      ['failed', 11205, 11205],
    ]);
  });

  test('that answers with something else than HTTP violates the protocol', async () => {
    const { port } = await bareServer((socket) => {
      socket.once('data', () => socket.end('220 mail.example.com ready\r\n'));
    });
    const sid = await endedRoom(`http://127.0.0.1:${port}/`);
    expect(await outcomes(sid)).toEqual([
      ['failed', 11206],
      ['failed', 11206],
    ]);
  });

  test('that answers with an error is not tried again', async () => {
    const receiver = await receive((response, { event }) =>
      answer(event === 'room-created' ? 500 : 404)(response, receiver.received[0]!),
    );
    const sid = await endedRoom(receiver.url);
    expect(await outcomes(sid)).toEqual([
      ['failed', 500],
      ['failed', 404],
    ]);
  });

  test('that recovers gets the callback by a later attempt, before the next one', async () => {
    const statuses = [503, 429, 200];
    const receiver = await receive((response) => void response.writeHead(statuses.shift() ?? 200).end());
    const sid = await endedRoom(`${receiver.url}/#rc=3&rp=4xx,5xx`);
    expect(await outcomes(sid)).toEqual([
      ['delivered', 503, 429, 200],
      ['delivered', 200],
    ]);
    expect(receiver.events).toEqual(['room-created', 'room-created', 'room-created', 'room-ended']);
  });

  test('that redirects is not followed, nor tried again', async () => {
    const elsewhere = await receive();
    const receiver = await receive(answer(307, { Location: elsewhere.url }));
    const sid = await endedRoom(`${receiver.url}/#rc=5&rp=all`);
    expect(await outcomes(sid)).toEqual([
      ['failed', 307],
      ['failed', 307],
    ]);
    expect(elsewhere.received).toEqual([]);
  });

  test('that sends a body without end has got its callback, and its connection is closed', async () => {
    const piece = Buffer.alloc(16_384, 'x');
    const receiver = await receive((response) => {
      response.writeHead(200);
      const write = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on('drain', write);
      write();
    });
    const sid = await endedRoom(receiver.url);
    expect(await outcomes(sid)).toEqual([
      ['delivered', 200],
      ['delivered', 200],
    ]);
    await expect.poll(() => receiver.connections, SOON).toBe(0);
  });

  test('that does not end its answer has got its callback', async () => {
    const receiver = await receive((response) => void response.writeHead(200).write('so'));
    const sid = await endedRoom(`${receiver.url}/#rt=100`);
    expect(await outcomes(sid)).toEqual([
      ['delivered', 200],
      ['delivered', 200],
    ]);
    await expect.poll(() => receiver.connections, SOON).toBe(0);
  });

  test('on https needs a certificate that is trusted, unless that is switched off', async () => {
    const receiver = await receive(undefined, { secure: true });
    expect(await outcomes(await endedRoom(receiver.url))).toEqual([
      ['failed', 11220, 11220],
      ['failed', 11220, 11220],
    ]);
    expect(receiver.received).toEqual([]);
    const trusting = await TestServer.start({ insecureCallbacks: true });
    try {
      await endedRoom(receiver.url, trusting);
      await endedRoom(`${receiver.url}/#sni=n`, trusting);
      await receiver.count(4);
      const names = receiver.received.map(({ serverName }) => serverName);
      expect(new Set(names)).toEqual(new Set(['localhost', false]));
    } finally {
      await trusting.end();
    }
  });
});

describe('what cannot be delivered', () => {
  test('is a warning that has a code and no secret', async () => {
    const port = await freePort();
    const sid = await endedRoom(`http://me:secret@127.0.0.1:${port}/events?key=secret#rc=0&secret=1`);
    await settled(sid);
    const warnings = server.log.filter(({ room }) => room === sid);
    expect(warnings).toMatchObject(
      ['room-created', 'room-ended'].map((event) => ({
        msg: 'a status callback could not be delivered',
        event,
        code: 11205,
        url: `http://127.0.0.1:${port}/events`,
      })),
    );
    expect(JSON.stringify(server.log)).not.toContain('secret');
  });

  test('is dropped, the oldest first, when too many of a room wait', async () => {
    const receiver = await receive(silent);
    const small = await TestServer.start({ callbacks: { maxWaitingPerRoom: 2, drainMs: 0 } });
    try {
      const rooms = small.twilio.video.v1.rooms;
      const { sid } = await rooms.create({ statusCallback: receiver.url });
      const alice = await small.join('alice', sid);
      await rooms(sid).update({ status: 'completed' });
      await alice.closed;
      const dropped = (await list(sid, small)).filter(({ outcome }) => outcome === 'dropped');
      expect(dropped.map(({ event }) => event)).toEqual(['participant-connected']);
      const warnings = small.log.filter(({ msg }) => msg.includes('too many wait'));
      expect(warnings).toMatchObject([{ room: sid, event: 'participant-connected' }]);
    } finally {
      await small.end();
    }
  });
});

describe('the order', () => {
  test('of a room is kept by a receiver whose answers take their time, one at once for each room', async () => {
    const busy = new Map<string, number>();
    let overlapping = 0;
    const receiver = await receive(async (response, { parameters }) => {
      const room = parameters['RoomSid']!;
      if (busy.get(room)) overlapping++;
      busy.set(room, 1);
      // Rooms are told of at the same time: none is answered until there is a second.
      await expect.poll(() => receiver.mostConcurrent, SOON).toBeGreaterThan(1);
      await new Promise((resolve) => setTimeout(resolve, (receiver.received.length * 7) % 20));
      busy.delete(room);
      response.end();
    });
    const sids = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const { sid } = await server.twilio.video.v1.rooms.create({ statusCallback: receiver.url });
        const alice = await server.join('alice', sid);
        const bob = await server.join('bob', sid);
        bob.bye();
        await bob.closed;
        await server.twilio.video.v1.rooms(sid).update({ status: 'completed' });
        await alice.closed;
        return sid;
      }),
    );
    await receiver.count(12 * 6);
    for (const sid of sids) {
      const own = receiver.received.filter(({ parameters }) => parameters['RoomSid'] === sid);
      expect(own.map(({ parameters }) => parameters['SequenceNumber'])).toEqual([
        '0',
        '1',
        '2',
        '3',
        '4',
        '5',
      ]);
      expect(own.map(({ event }) => event)).toEqual([
        'room-created',
        'participant-connected',
        'participant-connected',
        'participant-disconnected',
        'participant-disconnected',
        'room-ended',
      ]);
    }
    expect(overlapping).toBe(0);
  });

  test('of one room with a dead receiver keeps nobody else waiting', async () => {
    const receiver = await receive((response, { url }) => {
      if (url !== '/dead') response.end();
    });
    const dead = await endedRoom(`${receiver.url}/dead`);
    await receiver.count(1);
    const alive = await endedRoom(`${receiver.url}/alive`);
    expect(await outcomes(alive)).toEqual([
      ['delivered', 200],
      ['delivered', 200],
    ]);
    expect((await list(dead)).map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
  });

  test('leaves as many connections to an origin as are allowed', async () => {
    const receiver = await receive(async (response) => {
      await expect.poll(() => receiver.mostConcurrent, SOON).toBeGreaterThan(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.end();
    });
    const narrow = await TestServer.start({ callbacks: { maxConnectionsPerOrigin: 2 } });
    try {
      await Promise.all(Array.from({ length: 8 }, () => endedRoom(receiver.url, narrow)));
      await receiver.count(16);
      expect(receiver.mostConcurrent).toBe(2);
    } finally {
      await narrow.end();
    }
  });
});

describe('a server that stops', () => {
  test('tells of the rooms that it ends, before it is gone', async () => {
    const receiver = await receive(async (response) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.end();
    });
    const stopping = await TestServer.start();
    await stopping.twilio.video.v1.rooms.create({ statusCallback: receiver.url });
    await stopping.join('alice', (await stopping.twilio.video.v1.rooms.list())[0]!.sid);
    await stopping.stop();
    expect(receiver.events).toEqual([
      'room-created',
      'participant-connected',
      'participant-disconnected',
      'room-ended',
    ]);
    expect(stopping.log).toEqual([]);
  });

  test('does not wait for a dead receiver longer than it may, says what is lost, and leaves no connection', async () => {
    const receiver = await receive(silent);
    const stopping = await TestServer.start({ callbacks: { drainMs: 50 } });
    await endedRoom(receiver.url, stopping);
    await receiver.count(1);
    await stopping.stop();
    expect(stopping.log).toMatchObject([
      { msg: 'status callbacks were not delivered and are lost', callbacks: 2 },
    ]);
    await expect.poll(() => receiver.connections, SOON).toBe(0);
    expect(receiver.events).toEqual(['room-created']);
  });
});

describe('the delivery log', () => {
  test('shows what was sent where, newest first, without the user of the URL', async () => {
    const receiver = await receive();
    const { host } = new URL(receiver.url);
    const sid = await endedRoom(`http://me:secret@${host}/events?a=1#ct=200`);
    await settled(sid);
    const answered = await rawRequest(server.url, `/atrium/v1/StatusCallbacks?RoomSid=${sid}`);
    expect(answered.status).toBe(200);
    expect(answered.json).toEqual({
      status_callbacks: [...receiver.received].reverse().map((callback) => ({
        id: idOf(callback),
        account_sid: callback.parameters['AccountSid'],
        room_sid: sid,
        event: callback.event,
        url: `http://${host}/events?a=1`,
        method: 'POST',
        parameters: callback.parameters,
        date_created: callback.parameters['Timestamp'],
        outcome: 'delivered',
        attempts: [
          {
            date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
            duration_ms: expect.any(Number),
            status: 204,
            error: null,
          },
        ],
      })),
    });
    expect(answered.text).not.toContain('secret');
  });

  test('shows as many as are asked for', async () => {
    const receiver = await receive();
    const sid = await endedRoom(receiver.url);
    await settled(sid);
    const { json } = await rawRequest(server.url, '/atrium/v1/StatusCallbacks?PageSize=1');
    expect(json).toMatchObject({ status_callbacks: [{ room_sid: sid, event: 'room-ended' }] });
    const { status } = await rawRequest(server.url, '/atrium/v1/StatusCallbacks?PageSize=0');
    expect(status).toBe(400);
  });

  test('has a callback sent once more, with the token that it had', async () => {
    const receiver = await receive(answer(500));
    const sid = await endedRoom(receiver.url);
    const [created] = await settled(sid);
    receiver.behaviour = answer(200);
    const path = `/atrium/v1/StatusCallbacks/${created!.id}/Redeliver`;
    const again = await rawRequest(server.url, path, { method: 'POST' });
    expect(again.status).toBe(202);
    expect(again.json).toMatchObject({ id: created!.id });
    const [, , repeated] = await receiver.count(3);
    expect(idOf(repeated!)).toBe(created!.id);
    expect(repeated!.parameters).toEqual(receiver.received[0]!.parameters);
    expect(await outcomes(sid)).toEqual([
      ['delivered', 500, 200],
      ['failed', 500],
    ]);
  });

  test('is of the account alone, asked with its credentials, by the methods that it has', async () => {
    const account = (digit: string) => ({
      sid: `AC${digit.repeat(32)}`,
      authToken: `auth-token-of-account-${digit}`,
    });
    const shared = await TestServer.start({ accounts: [account('1'), account('2')] });
    const ask = (digit: string, path: string, method = 'GET') => {
      const { sid, authToken } = account(digit);
      const authorization = `Basic ${Buffer.from(`${sid}:${authToken}`).toString('base64')}`;
      return rawRequest(shared.url, `/atrium/v1${path}`, { method, authorization });
    };
    try {
      const receiver = await receive(undefined, { authToken: account('1').authToken });
      shared.atrium.rooms.create(account('1').sid, { statusCallback: receiver.url });
      const id = idOf((await receiver.count(1))[0]!);
      expect((await ask('1', '/StatusCallbacks')).json).toMatchObject({ status_callbacks: [{ id }] });
      expect((await ask('2', '/StatusCallbacks')).json).toEqual({ status_callbacks: [] });
      expect((await ask('2', `/StatusCallbacks/${id}/Redeliver`, 'POST')).status).toBe(404);
      expect((await ask('3', '/StatusCallbacks')).status).toBe(401);
      expect((await ask('1', '/StatusCallbacks', 'DELETE')).status).toBe(405);
      expect((await ask('1', '/Nothing')).status).toBe(404);
    } finally {
      await shared.end();
    }
  });
});
