import { pino } from 'pino';
import type { Level } from 'pino';
import { Writable } from 'node:stream';
import { vi } from 'vitest';

/** A log that a test can read. */
export function logLines(level: Level = 'debug') {
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String((JSON.parse(String(chunk)) as { msg?: unknown }).msg));
      done();
    },
  });
  return {
    log: pino({ level, base: null }, sink),
    lines,
    /** Waits until a line matches. */
    logged: (pattern: RegExp, within = 10_000) =>
      vi.waitFor(
        () => {
          const line = lines.find((candidate) => pattern.test(candidate));
          if (line === undefined)
            throw new Error(`nothing like ${pattern} in the log; its end: ${lines.slice(-10).join('\n')}`);
          return line;
        },
        { timeout: within, interval: 50 },
      ),
  };
}
