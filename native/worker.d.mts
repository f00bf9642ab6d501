/** The path at which mediasoup's worker is expected; null when mediasoup is not installed. */
export function workerPath(env?: NodeJS.ProcessEnv): string | null;
/** The file beside the binary that says where it comes from: `prebuilt` by upstream, or `compiled` here. */
export function originFile(path: string): string;
/** Whether the binary at this path starts on this machine. */
export function workerRuns(path: string | null): boolean;
