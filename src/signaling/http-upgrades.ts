import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

const HOP_HEADERS = new Set(['upgrade', 'connection', 'http2-settings']);

/**
 * Serves a request that would rather speak another protocol (`Upgrade: h2c`, as some HTTP clients ask for on their
 * first request) as the plain request that it also is (RFC 9110, section 7.8). Node hands every upgrade to the one
 * listener there is; the request goes back to its parser without the wish.
 */
export function serveWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let n = 0; n + 1 < request.rawHeaders.length; n += 2) {
    const name = request.rawHeaders[n]!;
    if (!HOP_HEADERS.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[n + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
