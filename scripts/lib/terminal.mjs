// What the scripts tell people, on standard error: standard output belongs to the program that is started.
import { stderr } from 'node:process';

const QUIET_MS = 5_000;
let open = false;
let lastPlain = 0;

const endLine = () => {
  if (open) stderr.write('\n');
  open = false;
};

export const terminal = {
  /** A line that stays. */
  say(line) {
    endLine();
    stderr.write(`[atrium] ${line}\n`);
  },
  /** A line that is overwritten on a terminal, and repeated now and then where there is none. */
  progress(text) {
    if (stderr.isTTY) {
      stderr.write(`\r\x1b[K[atrium] ${text}`);
      open = true;
    } else if (Date.now() - lastPlain > QUIET_MS) {
      lastPlain = Date.now();
      stderr.write(`[atrium] ${text}\n`);
    }
  },
};
