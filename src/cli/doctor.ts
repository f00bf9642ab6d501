import { ConfigError } from '../config.js';
import { configuredUrl, describeFlags, firstCredentials, parseFlags } from './options.js';
import { examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/examine.js';

const MARKS = { ok: 'ok    ', failed: 'FAILED', note: 'note  ' } as const;

export function doctorUsage(): string {
  return `Usage: atrium doctor [options]

Tries what clients need of a running server, as they would: STUN, TURN over UDP and TCP, the announced address and
the media ports. Run it with the server's configuration; on another machine, with --url. Ends with 1 when something
fails.

${describeFlags([['--url URL', 'where the server is (as configured)']])}`;
}

/** Looks at a running server from the outside, and tells what it finds. */
export async function doctor(args: string[]): Promise<void> {
  const { config, values } = parseFlags(args, { url: { type: 'string' } });
  const { account, key } = firstCredentials(config);
  const url = String(values['url'] ?? configuredUrl(config)).replace(/\/+$/, '');
  if (!URL.canParse(url)) throw new ConfigError(`--url is no URL: ${url}`);
  process.stdout.write(`Atrium at ${url}\n`);
  let failed = 0;
  const subject = { url, account, key, workers: config.workers };
  for await (const finding of examine(subject)) {
    process.stdout.write(lineOf(finding));
    if (finding.outcome === 'failed') failed++;
  }
  process.stdout.write(failed === 0 ? 'All is well.\n' : `${failed} failed.\n`);
  if (failed > 0) process.exitCode = 1;
}

function lineOf({ outcome, what, detail, advice }: Finding): string {
  const line = `  ${MARKS[outcome]}  ${what}${detail === undefined ? '' : `: ${detail}`}\n`;
  return advice === undefined ? line : `${line}          ${advice}\n`;
}
