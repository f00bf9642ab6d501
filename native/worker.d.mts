/** The path at which mediasoup's worker is expected; null when mediasoup is not installed. */
export function workerPath(env?: NodeJS.ProcessEnv): string | null;
/** Whether the binary at this path starts on this machine. */
export function workerRuns(path: string | null): boolean;
