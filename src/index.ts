import { resolveConfig } from './config.js';
import type { ConfigInput } from './config.js';
import { startServer } from './server.js';
import type { AtriumServer, ServerParts } from './server.js';

export { DEV_CREDENTIALS } from './config.js';
export type { ConfigInput } from './config.js';
export { SystemClock, VirtualClock } from './clock.js';
export type { Clock } from './clock.js';
export type { AtriumServer, ServerParts } from './server.js';

/**
 * Starts a server in this process, for a test suite: on any free port, unless told otherwise.
 *
 *     const atrium = await startAtrium();
 *     const room = await connect(token, { wsServer: atrium.wsServer });
 *     await atrium.close();
 */
export function startAtrium(options: ConfigInput = {}, parts: ServerParts = {}): Promise<AtriumServer> {
  return startServer(resolveConfig({ port: 0, rtcPort: 0, workers: 1, logLevel: 'warn', ...options }), parts);
}
