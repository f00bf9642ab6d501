import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/atrium.js', import.meta.url));
/** Clock ticks a second in /proc: fixed on Linux. */
const TICKS = 100;

export interface ServerProcess {
  url: string;
  wsServer: string;
  pid: number;
  /** Milliseconds of processor time of the server and its children. */
  cpu(): number;
  /** Bytes of memory that the server and its children hold. */
  memory(): number;
  /** Ends it as its users would. */
  stop(): Promise<void>;
  /** Ends it at once, with no chance to do anything more (SIGKILL). */
  kill(): Promise<void>;
  /** Of its children, those that still live. */
  children(): number[];
}

/**
 * A server in a process of its own, as it is built.
 * @param prefix a command that runs it, as `ip netns exec …` does: it must become the server's process
 */
export async function startServerProcess(
  args: string[] = [],
  prefix: readonly string[] = [],
): Promise<ServerProcess> {
  const all = ['start', '--json', '--port', '0', '--rtc-port', '0', '--log-level', 'warn', ...args];
  const [program, ...rest] = [...prefix, process.execPath, command, ...all];
  const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(String(data)));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const { url, wsServer, pid } = JSON.parse(line) as { url: string; wsServer: string; pid: number };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  const pids = (): number[] => [pid, ...childrenOf(pid)];
  return {
    url,
    wsServer,
    pid,
    cpu: () => pids().reduce((sum, each) => sum + cpuOf(each), 0),
    memory: () => pids().reduce((sum, each) => sum + memoryOf(each), 0),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    children: () => childrenOf(pid),
  };
}

/** Whether a process runs: one that has ended may still wait for its parent to hear of it. */
export function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && statOf(pid)[0] !== 'Z';
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

/** What follows the command's name in /proc/…/stat: fields 3 and on. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Milliseconds of processor time of one process. */
export function cpuOf(pid: number): number {
  const fields = statOf(pid);
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

/** Bytes of memory that one process holds. */
export function memoryOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
