// The steps of the set-up. Each looks first whether there is anything to do, so that a second run is quick.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const at = (...parts) => join(root, ...parts);
const OLDEST_NODE = [20, 19];

const sha = (text) => createHash('sha256').update(text).digest('hex');
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null);

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new Error(`Atrium needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}`);
  }
}

/** Runs npm as this process was run by it, or as found on the PATH. */
function npm(...args) {
  const viaNode = process.env.npm_execpath?.endsWith('.js');
  const [command, first] = viaNode ? [process.execPath, [process.env.npm_execpath]] : ['npm', []];
  return spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  }).status;
}

/** `npm ci`, when node_modules is not what package-lock.json asks for. */
export function installDependencies(out) {
  const stamp = at('node_modules/.atrium-lock');
  const wanted = sha(readFileSync(at('package-lock.json'), 'utf8'));
  if (read(stamp) === wanted) return;
  out.say('installing dependencies (npm ci)');
  if (npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error') !== 0)
    throw new Error('npm ci failed');
  writeFileSync(stamp, wanted);
}

function sourcesUnder(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? sourcesUnder(path) : [path];
  });
}

/** Compiles src/ into dist/, when a source has changed since. */
export function build(out, { force = false } = {}) {
  const stamp = at('dist/.atrium-build');
  const inputs = [
    ...sourcesUnder(at('src')),
    at('tsconfig.json'),
    at('tsconfig.build.json'),
    at('package-lock.json'),
  ];
  const wanted = sha(
    inputs.map((file) => `${file}:${statSync(file).mtimeMs}:${statSync(file).size}`).join('\n'),
  );
  if (!force && read(stamp) === wanted) return;
  out.say('building');
  rmSync(at('dist'), { recursive: true, force: true });
  const tsc = at('node_modules/typescript/bin/tsc');
  if (
    spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: ['ignore', 2, 2] })
      .status !== 0
  ) {
    throw new Error('the build failed');
  }
  mkdirSync(at('dist'), { recursive: true });
  writeFileSync(stamp, wanted);
}
