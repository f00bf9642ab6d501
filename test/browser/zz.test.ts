import { test } from 'vitest';
import { startAtrium } from '../../src/index.js';
import { Lab } from '../support/browser.js';

test('debug', async () => {
  const atrium = await startAtrium();
  const lab = await Lab.open(atrium.wsServer);
  const alice = await lab.join('alice', 'worker', [{ kind: 'video', name: 'face' }]);
  alice.page.on('console', (m) => console.log(m.text()));
  const bob = await lab.join('bob', 'worker');
  await bob.flows('alice/face');
  await alice.page.evaluate(`(() => { const t = lab.room._signaling._transport; const f = t._twilioConnection._send.bind(t._twilioConnection); t._twilioConnection._send = (m) => { console.log('OUT ' + JSON.stringify(m).slice(0, 300)); f(m); }; t.on('message', (m) => console.log('IN ' + JSON.stringify(m).slice(0, 400))); })()`);
  for (const pid of atrium.workers.pids) process.kill(pid, 'SIGKILL');
  await alice.page.waitForTimeout(4000);
  console.log(JSON.stringify(await bob.received()));
  await lab.close();
  await atrium.close();
}, 60_000);
