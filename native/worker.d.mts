/** The path at which mediasoup's worker is expected; null when mediasoup is not installed. */
export function workerPath(env?: NodeJS.ProcessEnv): string | null;
/** Whether the binary at this path is upstream's prebuilt, with the faults that mends.mjs tells of. */
export function isPrebuilt(path: string): boolean;
/** Whether the binary at this path starts on this machine. */
export function workerRuns(path: string | null): boolean;
