import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { ConfigError, OPTIONS, readConfig } from '../config.js';
import type { Config } from '../config.js';
import { hostInUrl, isUnspecified } from '../hosts.js';

type OwnOptions = NonNullable<ParseArgsConfig['options']>;

/** Parses a command's flags: its own, and those of the configuration. Unknown ones are an error. */
export function parseFlags<T extends OwnOptions>(
  args: string[],
  own: T,
): { config: Config; values: Record<string, string | boolean | undefined> } {
  const shared = Object.fromEntries(
    OPTIONS.map(({ flag, isSwitch }) => [flag, { type: isSwitch ? 'boolean' : 'string' } as const]),
  );
  const { values } = parseArgs({
    args,
    options: { ...shared, ...own, config: { type: 'string' } },
    strict: true,
    allowPositionals: false,
  });
  const given = values as Record<string, string | boolean | undefined>;
  const flags = Object.fromEntries(
    OPTIONS.flatMap(({ name, flag }) => (given[flag] === undefined ? [] : [[name, given[flag]]])),
  );
  const file = given['config'] ?? process.env['ATRIUM_CONFIG'];
  return { config: readConfig(flags, file as string | undefined, process.env), values: given };
}

/** The lines of a `--help` for flags of one's own and for those of the configuration. */
export function describeFlags(own: readonly (readonly [flag: string, description: string])[]): string {
  const lines = [
    ...own,
    [
      '--config FILE',
      'JSON file with these options (in camelCase) and more: see docs/configuration.md',
    ] as const,
    ...OPTIONS.map(
      ({ flag, variable, description }) => [`--${flag}`, `${description} (${variable})`] as const,
    ),
  ];
  return lines.map(([flag, description]) => `  ${flag.padEnd(24)} ${description}\n`).join('');
}

/**
 * What a command makes access tokens with: the first account and its first key.
 * @throws ConfigError where there is none
 */
export function firstCredentials({ accounts }: Config): {
  account: Config['accounts'][number];
  key: { sid: string; secret: string; accountSid: string };
} {
  const account = accounts[0];
  const key = account?.keys[0];
  if (!account || !key)
    throw new ConfigError('there is no API key to make a token with: set apiKeySid and apiKeySecret');
  return { account, key: { ...key, accountSid: account.sid } };
}

/** Where a server of this configuration answers, as seen from its own machine or as it is published. */
export function configuredUrl({ publicUrl, host, port }: Config): string {
  return publicUrl ?? `http://${isUnspecified(host) ? '127.0.0.1' : hostInUrl(host)}:${port}`;
}
