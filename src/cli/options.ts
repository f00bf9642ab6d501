import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { OPTIONS, readConfig } from '../config.js';
import type { Config } from '../config.js';

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
