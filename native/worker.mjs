// Where mediasoup's worker binary lives, and whether one that is there runs.
//
// The binary is kept outside node_modules, so that `npm ci` does not throw it away, in a folder whose name
// changes with everything that changes the binary: mediasoup's version, the recipe in this folder, the machine.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const nativeDir = dirname(fileURLToPath(import.meta.url));

/** mediasoup-worker's exit status when it is run without the environment that mediasoup gives it. */
const EXIT_WITHOUT_ENVIRONMENT = 41;

/** The folder of the installed mediasoup package, or null before `npm ci`. */
export function mediasoupDir() {
  for (let dir = dirname(nativeDir); ; dir = dirname(dir)) {
    const candidate = join(dir, 'node_modules', 'mediasoup');
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (dir === dirname(dir)) return null;
  }
}

/** Everything under a folder, sorted, so that a hash over it is the same everywhere. */
export function filesUnder(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? filesUnder(path) : [path];
    });
}

function recipeHash() {
  const hash = createHash('sha256');
  const recipe = ['compile.mjs', 'mends.mjs'].map((name) => join(nativeDir, name));
  for (const file of [...recipe, ...filesUnder(join(nativeDir, 'shim'))]) {
    hash.update(relative(nativeDir, file)).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

/** The folder for what is built once on this machine: ATRIUM_CACHE_DIR, or the user's cache folder. */
export function cacheDir(env = process.env) {
  return env.ATRIUM_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'atrium');
}

/**
 * The path at which the worker is expected. MEDIASOUP_WORKER_BIN wins, as it does for mediasoup itself.
 * Null when mediasoup is not installed.
 */
export function workerPath(env = process.env) {
  if (env.MEDIASOUP_WORKER_BIN) return env.MEDIASOUP_WORKER_BIN;
  const packageDir = mediasoupDir();
  if (!packageDir) return null;
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));
  const key = `mediasoup-${version}-${recipeHash()}-${process.platform}-${process.arch}`;
  return join(cacheDir(env), key, process.platform === 'win32' ? 'mediasoup-worker.exe' : 'mediasoup-worker');
}

/** The file beside the binary that says where it comes from: `prebuilt` by upstream, or `compiled` here. */
export const originFile = (path) => join(dirname(path), 'origin');

/** Whether the binary at this path is upstream's prebuilt, with the faults that mends.mjs tells of. */
export function isPrebuilt(path) {
  const origin = originFile(path);
  return existsSync(origin) && readFileSync(origin, 'utf8') === 'prebuilt';
}

/** Whether the binary at this path starts on this machine (its libraries are found, its format is right). */
export function workerRuns(path) {
  if (!path || !existsSync(path)) return false;
  return (
    spawnSync(path, [], { env: {}, stdio: 'ignore', timeout: 10_000 }).status === EXIT_WITHOUT_ENVIRONMENT
  );
}
