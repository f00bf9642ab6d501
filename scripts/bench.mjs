// `npm run bench [-- NAME …]`: runs the measurements of bench/, all or those named.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runScript, setUp } from './lib/setup.mjs';
import { root } from './lib/steps.mjs';

await runScript(async () => {
  await setUp();
  const files = process.argv.slice(2).map((name) => `bench/${name}.bench.ts`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  // The files come first: after a flag without a value, one would be taken for its value.
  const args = ['run', ...files, '--project', 'bench', '--reporter=dot', '--disable-console-intercept'];
  process.exitCode =
    spawnSync(process.execPath, [vitest, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
});
