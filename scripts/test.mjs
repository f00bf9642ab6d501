// `npm test`: sets up what is missing, then runs every check. The last line counts them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from './lib/apt.mjs';
import { runScript, setUp } from './lib/setup.mjs';
import { root } from './lib/steps.mjs';
import { terminal } from './lib/terminal.mjs';

/** Programs and libraries that tests run, and the Debian packages that bring them. */
const PROGRAMS = [
  { path: process.env.ATRIUM_TEST_CHROMIUM ?? '/usr/bin/chromium', package: 'chromium' },
  { path: '/usr/lib/python3/dist-packages/twilio/__init__.py', package: 'python3-twilio' },
  { path: '/usr/bin/turnserver', package: 'coturn' },
  // For networks that the tests make.
  { path: '/sbin/ip', package: 'iproute2' },
  { path: '/usr/sbin/nft', package: 'nftables' },
];

const at = (...parts) => join(root, ...parts);
const node = (script, ...args) =>
  spawnSync(process.execPath, [at(script), ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    .status === 0;

/** One check that is no test of its own: it counts as one. */
const check = (name, run) => {
  terminal.say(name);
  const passed = run();
  if (!passed) terminal.say(`FAILED: ${name}`);
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
};

/** The tests of one kind, counted by vitest. A run that ends without a report has failed. */
const tests = (project) => {
  terminal.say(`${project} tests`);
  const folder = mkdtempSync(join(tmpdir(), 'atrium-test-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const passed = node('node_modules/vitest/vitest.mjs', 'run', '--project', project, ...reporters);
    if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    // A file that cannot be loaded, or a hook that fails, fails the run without failing a test.
    const failed = passed ? numFailedTests : Math.max(1, numFailedTests);
    return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

await runScript(async () => {
  await setUp();
  const missing = PROGRAMS.filter(({ path }) => !existsSync(path)).map((program) => program.package);
  if (missing.length > 0) installPackages(missing, 'run the tests', terminal);

  const results = [
    check('formatting', () =>
      node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
    ),
    check('types', () => node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')),
    check('lint', () => node('node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.')),
    tests('unit'),
    tests('contract'),
    tests('browser'),
  ];
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  if (sum('failed') > 0) process.exitCode = 1;
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed${skipped}\n`);
});
