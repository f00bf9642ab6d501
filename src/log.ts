import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger } from 'pino';
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Logs as JSON lines on standard error: standard output belongs to the commands' own answers. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
}

/** What to log of something thrown. */
export function errorForLog(error: unknown): unknown {
  return error instanceof Error ? error : new Error(String(error));
}
