import { build, checkNode, installDependencies } from './steps.mjs';
import { terminal } from './terminal.mjs';

/** Everything between a fresh clone and a server that can start. Quick when there is nothing to do. */
export async function setUp() {
  checkNode();
  installDependencies(terminal);
  const { obtainWorker } = await import('../../native/obtain.mjs');
  await obtainWorker(terminal);
  build(terminal);
}

/** Runs a script's main function; an error is told in one message, without a stack trace. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    terminal.say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
