import net from 'node:net';
import { once } from 'node:events';
import { test } from 'vitest';
import { TestServer } from '../support/test-server.js';
import { rawRequest, basic } from '../support/raw-http.js';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { offerSdp, offered } from '../support/offers.js';
import { track } from '../support/rsp.js';

const tcp = async (s: TestServer, text: string) => {
  const u = new URL(s.url);
  const socket = net.connect({ port: Number(u.port), host: u.hostname, allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write(text);
  return socket;
};
const within = (p: Promise<unknown>, ms: number) =>
  Promise.race([p.then(() => 'done'), new Promise((r) => setTimeout(() => r('HANGS'), ms))]);
const WS =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

for (const [name, text] of [
  ['refused upgrade', `GET /nope HTTP/1.1\r\nHost: x\r\n${WS}\r\n`],
  ['refused upgrade with data', `GET /nope HTTP/1.1\r\nHost: x\r\n${WS}\r\nmore data here`],
  ['garbage', 'garbage\r\n\r\n'],
  ['bad ws key', `GET /signaling HTTP/1.1\r\nHost: x\r\n${WS.replace('dGhl', '')}\r\n`],
  ['partial headers', `GET /v1/Rooms HTTP/1.1\r\nHost: x\r\n`],
  [
    'partial body',
    `POST /v1/Rooms HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(DEV_CREDENTIALS.accountSid, DEV_CREDENTIALS.authToken)}\r\nContent-Length: 100\r\n\r\nabc`,
  ],
  ['nothing', ''],
  ['good ws', `GET /signaling HTTP/1.1\r\nHost: x\r\n${WS}\r\n`],
] as const)
  test(`half open ${name}`, async () => {
    const s = await TestServer.start();
    const c = await tcp(s, text);
    let got = '';
    c.on('data', (d) => (got += d.toString('latin1')));
    let ended = false;
    c.on('end', () => (ended = true));
    await new Promise((r) => setTimeout(r, 300));
    const t = performance.now();
    const r = await within(s.atrium.close(), 9000);
    console.log(
      name,
      '| got:',
      got.split('\r\n')[0],
      '| ended:',
      ended,
      '| close:',
      r,
      Math.round(performance.now() - t),
    );
    c.destroy();
  });

test('client ends its side after refused upgrade with extra data', async () => {
  const s = await TestServer.start();
  const c = await tcp(s, `GET /nope HTTP/1.1\r\nHost: x\r\n${WS}\r\nmore data here`);
  c.resume();
  await once(c, 'end');
  c.end();
  const closed = await within(once(c, 'close'), 2000);
  const t = performance.now();
  console.log('client ended: close', closed, await within(s.atrium.close(), 5000), performance.now() - t);
});

test('h2c', async () => {
  const s = await TestServer.start();
  const a = await rawRequest(s.url, '/v1/Rooms', {
    headers: { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' },
  });
  console.log('h2c', a.status, a.text);
  await s.stop();
});
test('redos', async () => {
  const s = await TestServer.start();
  for (const n of [1000, 4000, 15000]) {
    const t = performance.now();
    const a = await rawRequest(s.url, '/v1' + '/'.repeat(n) + 'x', { authorization: null });
    console.log('redos', n, a.status, performance.now() - t);
  }
  await s.stop();
});
test('query', async () => {
  const s = await TestServer.start();
  await s.twilio.video.v1.rooms.create({ uniqueName: 'what?' });
  const a = await rawRequest(s.url, '/v1/Rooms?UniqueName=what?');
  console.log('query', a.text);
  await s.stop();
});
test('sdp', async () => {
  const s = await TestServer.start();
  const good = offerSdp([{ mid: '0', kind: 'audio', trackId: 'mic', ssrc: 5 }]);
  for (const [n, sdp] of Object.entries({
    good,
    ssrc: good.replaceAll('ssrc:5', 'ssrc:99999999999'),
    ssrc0: good.replaceAll('ssrc:5', 'ssrc:0'),
    pt: good.replaceAll('111', '300'),
    fp: good.replace(/sha-256 .*/, 'sha-256 AA'),
    fpshort: good.replace(/sha-256 .*/, 'sha-256 AA:BB'),
    fp1: good.replace(/sha-256 (.*)/, 'sha-1 $1'),
    ext: good.replace('a=rtcp-mux', 'a=rtcp-mux\r\na=extmap:99999 urn:ietf:params:rtp-hdrext:sdes:mid'),
    ext0: good.replace('a=rtcp-mux', 'a=rtcp-mux\r\na=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid'),
    clock: good.replace('48000', '0'),
    clock2: good.replace('48000/2', '48000/99'),
    dupssrc: offerSdp([
      { mid: '0', kind: 'audio', trackId: 'mic', ssrc: 5 },
      { mid: '1', kind: 'audio', trackId: 'mic2', ssrc: 5 },
    ]),
    duptrack: offerSdp([
      { mid: '0', kind: 'audio', trackId: 'mic', ssrc: 5 },
      { mid: '1', kind: 'audio', trackId: 'mic', ssrc: 6 },
    ]),
    nopayload: good.replace('SAVPF 111', 'SAVPF'),
    proto: good.replace('a=rtpmap:111', 'a=fmtp:111 __proto__=1;constructor=2\r\na=rtpmap:111'),
    noufrag: good.replace('a=ice-ufrag:abcd\r\n', ''),
    many: offerSdp(Array.from({ length: 900 }, (_, i) => ({ mid: `${i}`, kind: 'audio' as const }))),
    manysend: offerSdp(
      Array.from({ length: 900 }, (_, i) => ({
        mid: `${i}`,
        kind: 'audio' as const,
        trackId: `t${i}`,
        ssrc: 10 + i,
      })),
    ),
    toomany: offerSdp(
      Array.from({ length: 3000 }, (_, i) => ({ mid: `${i}`, kind: 'application' as const })),
    ),
    apps: offerSdp([
      { mid: '0', kind: 'application' },
      { mid: '1', kind: 'application' },
    ]),
    longmid: good.replace('a=mid:0', 'a=mid:' + 'x'.repeat(5000)),
    empty: '',
    v0: 'v=0',
    lines: 'v=0\r\n'.repeat(20000),
    msid: good.replace('a=msid:stream mic', 'a=msid:' + ' '.repeat(50000)),
    sim: good.replace('a=ssrc:5 cname', 'a=ssrc-group:SIM 5 6 7 8 9 10 11 12 13\r\na=ssrc:5 cname'),
    simbad: good.replace('a=ssrc:5 cname', 'a=ssrc-group:SIM a b c\r\na=ssrc:5 cname'),
  })) {
    const client = await s.open();
    const t = performance.now();
    client.hello(
      client.connectMessage({
        token: await s.token('alice'),
        name: 'r',
        tracks: [track('mic')],
        peerConnections: [offered('p', sdp)],
      }),
    );
    let m;
    try {
      m = await Promise.race([client.next('connected').catch((e) => ({ type: String(e).slice(0, 200) }))]);
    } catch (e) {
      m = e;
    }
    console.log(
      'sdp',
      n,
      sdp.length,
      (m as any).type,
      Math.round(performance.now() - t),
      s.log
        .splice(0)
        .map((l) => `${l.level} ${l.msg} ${(l['err'] as any)?.message}`)
        .join('|'),
    );
    await client.drop();
    s.atrium.rooms.completeAll('completed-by-api');
  }
  await s.stop();
}, 120000);
