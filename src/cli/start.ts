import { DEV_CREDENTIALS } from '../config.js';
import { startServer } from '../server.js';
import type { AtriumServer } from '../server.js';
import { describeFlags, parseFlags } from './options.js';

export function startUsage(): string {
  return `Usage: atrium start [options]\n\n${describeFlags([['--json', 'print one line of JSON once ready, for programs']])}`;
}

/** Starts the server and serves until SIGTERM or SIGINT. */
export async function start(args: string[]): Promise<void> {
  const { config, values } = parseFlags(args, { json: { type: 'boolean' } });
  const server = await startServer(config);
  stopOnSignal(server);
  process.stdout.write(values['json'] ? readyLine(server) : readyBlock(server));
}

function stopOnSignal(server: AtriumServer): void {
  const stop = (): void => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`atrium: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
}

function readyLine({ url, wsServer, config }: AtriumServer): string {
  const account = config.accounts[0];
  const key = account?.keys[0];
  return `${JSON.stringify({
    url,
    wsServer,
    accountSid: account?.sid,
    authToken: account?.authToken,
    apiKeySid: key?.sid ?? null,
    apiKeySecret: key?.secret ?? null,
    pid: process.pid,
  })}\n`;
}

function readyBlock({ url, wsServer, config, turn }: AtriumServer): string {
  const account = config.accounts[0];
  const key = account?.keys[0];
  // The development credentials are no secret; others are not shown where they may be kept in a log.
  const show = (secret: string | undefined, known: string): string =>
    secret === known ? known : '(as configured)';
  return `
  Atrium is ready.

  REST         ${url}/v1/Rooms
  Signalling   ${wsServer}
  Try it       ${url}/quickstart/${turn ? `\n  TURN         ${turn.turnUrls.join(', ')}` : ''}

  Account SID  ${account?.sid ?? ''}
  Auth token   ${show(account?.authToken, DEV_CREDENTIALS.authToken)}
  API key SID  ${key?.sid ?? '(none)'}
  API secret   ${show(key?.secret, DEV_CREDENTIALS.apiKeySecret)}

  A token:     npx atrium token --identity alice --room demo
  In the page: Twilio.Video.connect(token, { name: 'demo', wsServer: '${wsServer}' })

`;
}
