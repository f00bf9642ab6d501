import { expect } from 'vitest';
import { track } from './rsp.js';
import type { SignalingClient } from './signaling-client.js';
import type { TestServer } from './test-server.js';

/** Two participants in a room of their own, to whom nothing may happen whatever others do. */
export class Bystanders {
  readonly #one: SignalingClient;
  readonly #other: SignalingClient;
  #muted = false;

  private constructor(one: SignalingClient, other: SignalingClient) {
    this.#one = one;
    this.#other = other;
  }

  static async join(server: TestServer): Promise<Bystanders> {
    const one = await server.join('bystander-1', 'bystanders', { tracks: [track('mic')] });
    const other = await server.join('bystander-2', 'bystanders');
    server.keep(one, other);
    return new Bystanders(one, other);
  }

  /** Both are where they were, and hear of each other. */
  async undisturbed(): Promise<void> {
    this.#muted = !this.#muted;
    this.#one.announce([track('mic', { enabled: !this.#muted })]);
    await this.#other.until(
      'what the other bystander does',
      (view) => view.participant('bystander-1')?.tracks[0]?.enabled === !this.#muted,
    );
    for (const { messages, view } of [this.#one, this.#other]) {
      expect(messages.filter(({ type }) => type !== 'connected' && type !== 'update')).toEqual([]);
      expect(view.others.length).toBe(1);
      expect([...view.participants.values()].map(({ state }) => state)).toEqual(['connected']);
    }
  }
}
