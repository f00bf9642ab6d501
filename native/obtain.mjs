// Brings mediasoup's worker onto this machine: upstream's prebuilt where it downloads, else compiled here.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compileWorker } from './compile.mjs';
import { installPackages } from '../scripts/lib/apt.mjs';
import { isPrebuilt, mediasoupDir, originFile, workerPath, workerRuns } from './worker.mjs';

const DOWNLOAD_LIMIT_MS = 60_000;
const BUILD_PACKAGES = [
  'g++',
  'libsrtp2-dev',
  'libuv1-dev',
  'libssl-dev',
  'flatbuffers-compiler',
  'libflatbuffers-dev',
];
const NEEDED_TO_BUILD = [
  '/usr/include/srtp2/srtp.h',
  '/usr/include/uv.h',
  '/usr/include/openssl/ssl.h',
  '/usr/include/flatbuffers/flatbuffers.h',
];

const hasCommand = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
const canBuild = () =>
  hasCommand('g++') && hasCommand('flatc') && NEEDED_TO_BUILD.every((file) => existsSync(file));

/** mediasoup's own post-install step, which downloads the prebuilt; its fallback build is kept from running. */
async function download(packageDir) {
  const env = { ...process.env, PYTHON: 'false' };
  const child = spawn(process.execPath, ['npm-scripts.mjs', 'postinstall'], {
    cwd: packageDir,
    env,
    stdio: 'ignore',
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), DOWNLOAD_LIMIT_MS);
  await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  clearTimeout(timer);
  const binary = join(
    packageDir,
    'worker/out/Release',
    process.platform === 'win32' ? 'mediasoup-worker.exe' : 'mediasoup-worker',
  );
  return workerRuns(binary) ? binary : null;
}

/**
 * Makes sure that a worker that runs is at workerPath(), and returns that path.
 * @param {{ say: (line: string) => void, progress: (text: string) => void }} out where it tells what it does
 */
export async function obtainWorker(out) {
  const target = workerPath();
  if (!target) throw new Error('mediasoup is not installed: run `npm ci` first');
  const how = process.env.ATRIUM_WORKER ?? 'auto';
  if (!['auto', 'download', 'compile'].includes(how)) {
    throw new Error(`ATRIUM_WORKER must be auto, download or compile, not ${how}`);
  }
  // A prebuilt from before does not do where one that is compiled is asked for.
  const isAsAsked = how !== 'compile' || !isPrebuilt(target);
  if (isAsAsked && workerRuns(target)) return target;
  if (process.env.MEDIASOUP_WORKER_BIN) {
    throw new Error(`MEDIASOUP_WORKER_BIN names ${target}, which does not run on this machine`);
  }

  const packageDir = mediasoupDir();
  mkdirSync(dirname(target), { recursive: true });
  // Finished under a name of its own and renamed: another set-up at the same time sees all of it or nothing.
  const draft = `${target}.${process.pid}`;
  try {
    let prebuilt = null;
    if (how !== 'compile') {
      out.say("mediasoup's worker: looking for the upstream prebuilt");
      prebuilt = await download(packageDir);
    }
    if (prebuilt) {
      copyFileSync(prebuilt, draft);
    } else if (how === 'download') {
      throw new Error(
        'no prebuilt of mediasoup-worker could be downloaded, and ATRIUM_WORKER=download forbids to compile one',
      );
    } else {
      out.say("mediasoup's worker: compiling it here, once (about a minute on two cores)");
      if (!canBuild()) installPackages(BUILD_PACKAGES, "compile mediasoup's worker", out);
      if (!canBuild())
        throw new Error(
          `the packages to compile mediasoup's worker are incomplete: ${BUILD_PACKAGES.join(' ')}`,
        );
      await compileWorker(packageDir, draft, (done, total) =>
        out.progress(`compiling ${Math.round((done / total) * 100)} %`),
      );
    }
    chmodSync(draft, 0o755);
    if (!workerRuns(draft))
      throw new Error('the mediasoup-worker just obtained does not run on this machine');
    writeFileSync(originFile(target), prebuilt ? 'prebuilt' : 'compiled');
    renameSync(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
  out.say(`mediasoup's worker: ready in ${dirname(target)}`);
  return target;
}
