// Compiles mediasoup-worker from the sources in mediasoup's npm package against the system's libraries.
//
// mediasoup's own build fetches its dependencies from the internet with pip and meson. Everything that it
// needs is a system package too, but for libsrtp 3 (over libsrtp 2 here), ankerl::unordered_dense and four
// small abseil headers (over std): see shim/. shim/openssl/bio.h repairs a crash at the first DTLS handshake
// with an OpenSSL that was built with kTLS.
//
// Several sources go into one compiler call, which is four times as fast as one by one. Files that declare
// the same name for themselves are kept apart; a batch that fails all the same is compiled file by file.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mendedSources } from './mends.mjs';
import { filesUnder, nativeDir } from './worker.mjs';

const BATCHES = 16;
const BYTES_PER_COMPILER = 1e9;
const LIBRARIES = ['-lsrtp2', '-luv', '-lssl', '-lcrypto'];
const FLAGS = [
  '-std=c++20',
  '-O2',
  '-DNDEBUG',
  '-DMS_LITTLE_ENDIAN',
  '-DMS_EXECUTABLE',
  '-fPIE',
  '-pthread',
  '-w',
];

function run(command, args) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: -1, output: String(error) }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

async function mustRun(command, args) {
  const { code, output } = await run(command, args);
  if (code !== 0) throw new Error(`${command} failed:\n${output.slice(-4000)}`);
}

/** The names that a source declares for itself alone: two files with one in common cannot share a batch. */
function privateNames(file) {
  const text = readFileSync(file, 'utf8');
  const names = new Set();
  for (const match of text.matchAll(/^\s*#\s*define\s+(\w+)/gm)) {
    if (!/^MS_(CLASS|LOG_DEV_LEVEL)$/.test(match[1])) names.add(match[1]);
  }
  const declaration = file.endsWith('.cc')
    ? /^(?:inline\s+)?(?:static|constexpr|const)\b(?:[^;{}()=]*?)\b(\w+)\s*(?:\[[^\]]*\]\s*)*[({=;]/gm
    : /^\t{0,2}(?:inline\s+|alignas\(\w+\)\s+|thread_local\s+)*(?:static|thread_local)\b(?:[^;{}()=]*?)\b(\w+)\s*(?:\[[^\]]*\]\s*)*[({=;]/gm;
  for (const match of text.matchAll(declaration)) names.add(match[1]);
  for (const match of text.matchAll(/^(?:struct|class|enum(?: class)?)\s+(\w+)/gm)) names.add(match[1]);
  for (const match of text.matchAll(/\benum\s*(?:\w+\s*)?\{([^}]*)\}/g)) {
    for (const value of match[1].matchAll(/(\w+)\s*=/g)) names.add(value[1]);
  }
  return names;
}

/** Spreads the sources over batches of about the same size, largest first. */
function batchesOf(sources) {
  const bins = Array.from({ length: BATCHES }, () => ({
    size: 0,
    files: [],
    names: new Set(),
    suffix: null,
  }));
  const bySize = sources.map((file) => ({ file, size: statSync(file).size })).sort((a, b) => b.size - a.size);
  for (const { file, size } of bySize) {
    const names = privateNames(file);
    const suffix = file.endsWith('.cc') ? '.cc' : '.cpp';
    let bin = bins
      .filter((b) => (b.suffix ?? suffix) === suffix && [...names].every((name) => !b.names.has(name)))
      .sort((a, b) => a.size - b.size)[0];
    if (!bin) bins.push((bin = { size: 0, files: [], names: new Set(), suffix }));
    bin.suffix = suffix;
    bin.size += size;
    bin.files.push(file);
    for (const name of names) bin.names.add(name);
  }
  return bins.filter((bin) => bin.files.length > 0).sort((a, b) => b.size - a.size);
}

/**
 * @param {string} packageDir the installed mediasoup package
 * @param {string} output where the binary goes
 * @param {(done: number, total: number) => void} onProgress called with bytes of source compiled so far
 */
export async function compileWorker(packageDir, output, onProgress) {
  const worker = join(packageDir, 'worker');
  const work = mkdtempSync(join(tmpdir(), 'atrium-worker-'));
  try {
    const generated = join(work, 'gen');
    mkdirSync(join(generated, 'FBS'), { recursive: true });
    const schemas = filesUnder(join(worker, 'fbs')).filter((file) => file.endsWith('.fbs'));
    await mustRun('flatc', [
      ...[
        '--cpp',
        '--cpp-field-case-style',
        'lower',
        '--reflect-names',
        '--scoped-enums',
        '--filename-suffix',
        '',
      ],
      ...['-o', join(generated, 'FBS'), ...schemas],
    ]);

    const libwebrtc = join(worker, 'deps/libwebrtc');
    const mended = mendedSources(worker);
    const mendedCopies = [...mended.values()].map((text, index) => {
      const copy = join(work, `mended${index}.cpp`);
      writeFileSync(copy, text);
      return copy;
    });
    const sources = [
      ...filesUnder(join(worker, 'src')).filter((file) => file.endsWith('.cpp') && !mended.has(file)),
      ...mendedCopies,
      ...filesUnder(join(libwebrtc, 'libwebrtc')).filter((file) => file.endsWith('.cc')),
    ];
    const include = [
      join(nativeDir, 'shim'),
      join(worker, 'include'),
      generated,
      join(generated, 'FBS'),
      libwebrtc,
      join(libwebrtc, 'libwebrtc'),
    ];
    const flags = [...FLAGS, ...include.map((dir) => `-I${dir}`)];

    const total = sources.reduce((sum, file) => sum + statSync(file).size, 0);
    let done = 0;
    const objects = [];
    const compile = async (source, name) => {
      const object = join(work, `${name}.o`);
      const result = await run('g++', [...flags, '-c', source, '-o', object]);
      if (result.code === 0) objects.push(object);
      return result;
    };
    const queue = batchesOf(sources).map((batch, index) => async () => {
      let failed = true;
      if (batch.files.length > 1) {
        const unit = join(work, `batch${index}.cpp`);
        const before = '#undef MS_CLASS\n#undef MS_LOG_DEV_LEVEL\n#define MS_LOG_DEV_LEVEL 0\n';
        writeFileSync(unit, batch.files.map((file) => `${before}#include "${file}"\n`).join(''));
        failed = (await compile(unit, `batch${index}`)).code !== 0;
      }
      for (const [n, file] of failed ? batch.files.entries() : []) {
        const result = await compile(file, `batch${index}-${n}`);
        if (result.code !== 0) throw new Error(`cannot compile ${file}:\n${result.output.slice(-4000)}`);
      }
      onProgress((done += batch.size), total);
    });

    onProgress(0, total);
    const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_COMPILER)));
    await Promise.all(
      Array.from({ length: jobs }, async () => {
        for (let job = queue.shift(); job; job = queue.shift()) await job();
      }),
    );
    await mustRun('g++', ['-o', output, ...objects.sort(), ...LIBRARIES, '-pthread', '-pie', '-s']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
