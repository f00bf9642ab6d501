import { describe, expect, test } from 'vitest';
import { useLab } from '../support/lab-suite.js';
import { twilioClient } from '../support/twilio-client.js';

const suite = useLab();

/** Replaces bob's subscribe rules by REST. */
async function setRules(room: string, rules: object[]): Promise<void> {
  const { participants } = twilioClient(suite.atrium.url).video.v1.rooms(room);
  await participants('bob').subscribeRules.update({ rules });
}

describe('A subscribe rule that is set by REST', () => {
  test('takes a running track away and brings it back, while the others go on', async () => {
    const alice = await suite.lab.join('alice', 'rules', [
      { kind: 'video', name: 'face' },
      { kind: 'audio', name: 'voice' },
    ]);
    const bob = await suite.lab.join('bob', 'rules', [{ kind: 'video', name: 'face' }]);
    await bob.flows('alice/face');
    await bob.flows('alice/voice');

    await setRules('rules', [
      { type: 'include', all: true },
      { type: 'exclude', publisher: 'alice', kind: 'video' },
    ]);
    await bob.logged('trackUnsubscribed', 'alice', 'face');
    await bob.untilGone('alice/face');
    await bob.flows('alice/voice');
    await alice.flows('bob/face');

    await setRules('rules', [{ type: 'include', all: true }]);
    await bob.flows('alice/face');
    await bob.flows('alice/voice');
  });

  test('holds for tracks that are published later', async () => {
    const alice = await suite.lab.join('alice', 'rules-later');
    const bob = await suite.lab.join('bob', 'rules-later');
    await setRules('rules-later', [
      { type: 'include', track: 'wanted' },
      { type: 'include', kind: 'audio' },
    ]);
    await alice.publish({ kind: 'video', name: 'unwanted' });
    await alice.publish({ kind: 'video', name: 'wanted' });
    await bob.flows('alice/wanted');
    expect(Object.keys(await bob.received())).toEqual(['alice/wanted']);
    await setRules('rules-later', [{ type: 'include', kind: 'video' }]);
    await bob.flows('alice/unwanted');
  });
});
