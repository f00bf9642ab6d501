// `npm run build`: compiles src/ into dist/ in any case.
import { runScript } from './lib/setup.mjs';
import { build } from './lib/steps.mjs';
import { terminal } from './lib/terminal.mjs';

await runScript(() => build(terminal, { force: true }));
