import { ConfigError } from '../config.js';
import { loadTest, loadTestUsage } from './load-test.js';
import { doctor, doctorUsage } from './doctor.js';
import { start, startUsage } from './start.js';
import { token, tokenUsage } from './token.js';

const COMMANDS = {
  start: { run: start, usage: startUsage, summary: 'starts the server' },
  'load-test': {
    run: loadTest,
    usage: loadTestUsage,
    summary: 'fills a server with participants and measures',
  },
  doctor: { run: doctor, usage: doctorUsage, summary: 'tries what clients need of a running server' },
  token: { run: token, usage: tokenUsage, summary: 'prints an access token' },
} as const;

function usage(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return [
    'Usage: atrium <command> [options]',
    '',
    ...commands,
    '',
    '`atrium <command> --help` tells its options.',
    '',
  ].join('\n');
}

const isCommand = (name: string): name is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, name);

/** The command line. */
export async function main(args: string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage());
    return;
  }
  try {
    if (!isCommand(name)) throw new ConfigError(`there is no command ${name}\n\n${usage()}`);
    const command = COMMANDS[name];
    if (rest.includes('--help') || rest.includes('-h')) process.stdout.write(command.usage());
    else await command.run(rest);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`atrium: ${messageOf(error)}\n`);
  }
}

/** A mistake of the user's is told in words; anything else with its stack, to be reported. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return `the port is in use: ${error.message}`;
  if (
    error instanceof ConfigError ||
    code?.startsWith('ERR_PARSE_ARGS') ||
    code === 'EACCES' ||
    code === 'EADDRNOTAVAIL'
  )
    return error.message;
  return error.stack ?? error.message;
}
