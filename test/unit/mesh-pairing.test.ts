import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatedMesh } from '../support/SimulatedMesh.js';
import type { Seat } from '../support/SimulatedMesh.js';
import type { SimulatedConnection } from '../support/SimulatedSdk.js';

const connectionOf = (seat: Seat, number: number): SimulatedConnection | undefined => {
  const all = [...seat.sdk.connections.values()];
  return all[number % Math.max(all.length, 1)];
};

/** What may happen to a client, at any time; `number` chooses one of its connections. */
const TURNS = {
  leaves: (mesh: SimulatedMesh, seat: Seat) => mesh.leave(seat),
  speaks: (mesh: SimulatedMesh, seat: Seat) => mesh.deliverUp(seat),
  hears: (mesh: SimulatedMesh, seat: Seat) => mesh.deliverDown(seat),
  publishes: (_mesh: SimulatedMesh, { sdk }: Seat) => sdk.publish(),
  restartsIce: (_mesh: SimulatedMesh, seat: Seat, number: number) => connectionOf(seat, number)?.restartIce(),
  gathers: (_mesh: SimulatedMesh, seat: Seat, number: number) => connectionOf(seat, number)?.gather(),
  isLost: (mesh: SimulatedMesh, seat: Seat) => mesh.cut(seat),
  comesBack: (mesh: SimulatedMesh, seat: Seat) => mesh.comeBack(seat),
  givesUp: (_mesh: SimulatedMesh, seat: Seat, number: number) => {
    const connection = connectionOf(seat, number);
    if (connection?.isSettled) connection.close();
  },
};
type Step = 'join' | 'tick' | { turn: keyof typeof TURNS; who: number; number: number };

const turn = (weight: number, name: keyof typeof TURNS) => ({
  weight,
  arbitrary: fc.record<Step & object>({
    turn: fc.constant(name),
    who: fc.nat({ max: 9 }),
    number: fc.nat({ max: 9 }),
  }) as fc.Arbitrary<Step>,
});
const calm = [
  { weight: 3, arbitrary: fc.constant<Step>('join') },
  { weight: 8, arbitrary: fc.constant<Step>('tick') },
  turn(1, 'leaves'),
  turn(12, 'speaks'),
  turn(12, 'hears'),
  turn(5, 'publishes'),
  turn(2, 'restartsIce'),
  turn(5, 'gathers'),
];
const rough = [...calm, turn(3, 'isLost'), turn(4, 'comesBack'), turn(1, 'givesUp')];
const steps = (choice: typeof calm) => fc.array(fc.oneof(...choice), { minLength: 20, maxLength: 120 });

async function take(step: Step, mesh: SimulatedMesh): Promise<void> {
  if (step === 'join') return mesh.join();
  if (step === 'tick') return mesh.tick();
  const seat = mesh.seats[step.who % Math.max(mesh.seats.length, 1)];
  if (seat) TURNS[step.turn](mesh, seat, step.number);
}

async function play(all: Step[]): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh();
  await mesh.join();
  await mesh.join();
  for (const step of all) await take(step, mesh);
  await mesh.settle();
  return mesh;
}

/** Each pair has exactly one connection, agreed on by both in the same words, that carries all there is. */
function expectConnected({ seats, wasCut }: SimulatedMesh): void {
  for (const seat of seats) {
    expect(seat.sdk.faults).toEqual([]);
    const settled = [...seat.sdk.connections.values()].filter(({ isSettled }) => isSettled);
    const others = seats.filter((other) => other !== seat).map(({ sdk }) => sdk.name);
    expect(settled.map(({ agreed }) => agreed!.remote.owner).sort()).toEqual(others.sort());
    for (const connection of settled) {
      const { local, remote } = connection.agreed!;
      const peer = seats.find(({ sdk }) => sdk.name === remote.owner)!.sdk;
      const counterpart = peer.connections.get(connection.id)!;
      expect(counterpart.agreed).toEqual({ local: remote, remote: local });
      expect(counterpart.revision).toBe(connection.revision);
      expect(remote.tracks).toBe(peer.tracks);
      if (wasCut) continue;
      const gathered = counterpart.gathered.get(remote.ufrag) ?? new Set();
      expect(
        [...gathered].filter((candidate) => !connection.taken.get(remote.ufrag)?.has(candidate)),
      ).toEqual([]);
    }
    // What is left over is at most the offer that it came with.
    expect(seat.sdk.connections.size - settled.length).toBeLessThanOrEqual(1);
  }
}

/** Two clients that are connected, of whom the second may be lost. */
async function two(): Promise<{
  mesh: SimulatedMesh;
  alice: Seat;
  bob: Seat;
  connection: SimulatedConnection;
}> {
  const mesh = new SimulatedMesh();
  await mesh.join();
  await mesh.join();
  await mesh.settle();
  const [alice, bob] = mesh.seats;
  const connection = [...bob!.sdk.connections.values()].find(({ isSettled }) => isSettled)!;
  return { mesh, alice: alice!, bob: bob!, connection };
}

describe('A client that comes back', () => {
  it('and gave a connection up meanwhile, unheard, gets another one', async () => {
    const { mesh, alice, bob, connection } = await two();
    mesh.cut(bob);
    connection.close();
    bob.sdk.outbox = [];
    await mesh.settle();
    expectConnected(mesh);
    expect(alice.sdk.partedFrom).toEqual([bob.sdk.name]);
  });

  it('keeps its connection, and what both sides offered meanwhile is agreed on', async () => {
    const { mesh, alice, bob } = await two();
    mesh.cut(bob);
    alice.sdk.publish();
    bob.sdk.publish();
    await mesh.settle();
    expectConnected(mesh);
    expect([alice.sdk.partedFrom, bob.sdk.partedFrom]).toEqual([[], []]);
  });

  it('whose answer was lost, and overtaken by an offer, begins anew', async () => {
    const { mesh, alice, bob } = await two();
    alice.sdk.publish();
    mesh.deliverUp(alice);
    await mesh.tick();
    mesh.deliverDown(bob);
    mesh.cut(bob);
    bob.sdk.publish();
    bob.sdk.publish();
    await mesh.settle();
    expectConnected(mesh);
    expect(alice.sdk.partedFrom).toEqual([bob.sdk.name]);
  });
});

describe('Clients in a mesh', () => {
  it('come to one connection each, whatever happens in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(steps(calm), async (all) => {
        const mesh = await play(all);
        expectConnected(mesh);
        // And nobody had to begin anew with another one who is still there.
        const present = new Set(mesh.seats.map(({ sdk }) => sdk.name));
        const parted = mesh.seats.flatMap(({ sdk }) => sdk.partedFrom);
        expect(parted.filter((name) => present.has(name))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('do so through lost connections, and where clients give up', async () => {
    await fc.assert(
      fc.asyncProperty(steps(rough), async (all) => expectConnected(await play(all))),
      { numRuns: 200 },
    );
  }, 60_000);
});
