import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Installs Debian packages when this process may; otherwise says, in one message, what is needed and what for.
 * @param {string[]} packages
 * @param {string} purpose completes "needed to …"
 * @param {{ say: (line: string) => void }} out
 */
export function installPackages(packages, purpose, out) {
  const byHand = `These packages are needed to ${purpose}; please install them and run this again:\n  apt-get install -y ${packages.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) throw new Error(byHand);
  out.say(`installing ${packages.join(' ')} (needed to ${purpose})`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-q', '-y', ...args], { env, stdio: ['ignore', 2, 2] }).status === 0;
  const install = () => apt('install', '--no-install-recommends', ...packages);
  // The package lists of a fresh machine are empty or old: bring them up to date only when needed.
  if (!install() && !(apt('update') && install()))
    throw new Error(`apt-get could not install them. ${byHand}`);
}
