// `npm start [-- options]`: sets up what is missing, then serves.
import { runScript, setUp } from './lib/setup.mjs';

await runScript(async () => {
  await setUp();
  process.argv.splice(2, 0, 'start');
  await import('../bin/atrium.js');
});
