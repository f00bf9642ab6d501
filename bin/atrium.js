#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(built)) {
  const { main } = await import(built.href);
  await main(process.argv.slice(2));
} else {
  process.stderr.write(
    'Atrium is not built yet. Run `npm run setup` (or `npm start`, which does it and serves).\n',
  );
  process.exitCode = 1;
}
