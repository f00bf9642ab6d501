// `npm run setup`: everything that `npm start` and `npm test` do before their own work.
import { runScript, setUp } from './lib/setup.mjs';

await runScript(setUp);
