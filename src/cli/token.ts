import { signAccessToken } from '../auth/access-token.js';
import { SystemClock } from '../clock.js';
import { ConfigError } from '../config.js';
import { describeFlags, firstCredentials, parseFlags } from './options.js';

const DEFAULT_TTL = 3600;
const LONGEST_TTL = 86_400;

export function tokenUsage(): string {
  return `Usage: atrium token --identity NAME [options]\n\n${describeFlags([
    ['--identity NAME', 'who the token is for'],
    ['--room NAME', 'the only room that it opens; any without'],
    ['--ttl SECONDS', `how long it is valid (${DEFAULT_TTL})`],
  ])}`;
}

/** Prints an access token for the first configured account. */
export async function token(args: string[]): Promise<void> {
  const { config, values } = parseFlags(args, {
    identity: { type: 'string' },
    room: { type: 'string' },
    ttl: { type: 'string' },
  });
  const { identity, room } = values;
  const ttl = Number(values['ttl'] ?? DEFAULT_TTL);
  if (typeof identity !== 'string' || identity === '') throw new ConfigError('--identity is missing');
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > LONGEST_TTL)
    throw new ConfigError(`--ttl must be from 1 to ${LONGEST_TTL}`);
  const { key } = firstCredentials(config);
  const request = { identity, ttl, ...(typeof room === 'string' && { room }) };
  process.stdout.write(`${await signAccessToken(request, key, new SystemClock())}\n`);
}
