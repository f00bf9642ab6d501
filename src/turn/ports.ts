import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * Takes a port for TCP and UDP, and lets it go.
 * @param port 0 for any
 * @returns the port
 * @throws Error with code EADDRINUSE, EADDRNOTAVAIL or EACCES
 */
export async function tryPort(address: string, port: number): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, resolve);
    });
    const taken = (server.address() as AddressInfo).port;
    try {
      await tryUdp(address, taken);
      return taken;
    } catch (error) {
      // Another one of the many.
      if (port === 0 && (error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

function tryUdp(address: string, port: number): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, address, () => socket.close(() => resolve()));
  });
}
