import { describe, expect, it } from 'vitest';
import { MeshPlane } from '../../src/mesh/MeshPlane.js';
import type { MediaRequest, ParticipantMedia } from '../../src/rooms/media.js';
import type { Room } from '../../src/rooms/Room.js';
import { EXCLUDE_ALL } from '../../src/rooms/rules.js';
import { claim, codeOf, join, testRooms } from '../support/model.js';

const SDP = 'v=0\r\n';
const request = (id?: string, sdp = SDP): MediaRequest => ({
  peerConnections: id === undefined ? [] : [{ id, description: { type: 'offer', revision: 1, sdp } }],
  channels: ['active_speaker'],
  bandwidthProfile: null,
});

function mesh() {
  const house = testRooms();
  const plane = new MeshPlane(house.stream);
  const room = house.create({ type: 'peer-to-peer', uniqueName: 'mesh' });
  return { house, plane, room };
}

async function enter(plane: MeshPlane, room: Room, identity: string, offerId?: string) {
  const participant = join(room, identity, [claim(`${identity}-mic`)]);
  const seen = { changes: 0 };
  const media = await plane.join(participant, request(offerId), () => seen.changes++);
  return { participant, media, seen };
}

const short = (media: ParticipantMedia): string[] =>
  media.peerConnections.map(({ id, description }) => `${id.length > 20 ? 'fresh' : id} ${description?.type}`);

describe('The mesh', () => {
  it('gives the offers in store, the older one first, and asks for one when there is none', async () => {
    const { plane, room } = mesh();
    const alice = await enter(plane, room, 'alice', 'a');
    expect(short(alice.media)).toEqual(['a undefined']);
    const bob = await enter(plane, room, 'bob', 'b');
    expect(short(bob.media)).toEqual(['b undefined', 'a offer']);
    const carol = await enter(plane, room, 'carol', 'c');
    expect(short(alice.media)).toEqual(['a undefined', 'c offer']);
    expect(short(carol.media)).toEqual(['c undefined', 'b offer']);
    const dan = await enter(plane, room, 'dan');
    expect(short(dan.media)).toEqual(['fresh create-offer', 'fresh create-offer', 'fresh create-offer']);
  });

  it('tells the others that a connection is closed when one leaves', async () => {
    const { plane, room } = mesh();
    const alice = await enter(plane, room, 'alice', 'a');
    const bob = await enter(plane, room, 'bob', 'b');
    const changes = bob.seen.changes;
    alice.participant.disconnect({ type: 'left' });
    expect(short(bob.media)).toEqual(['a close', 'b undefined']);
    expect(bob.seen.changes).toBeGreaterThan(changes);
  });

  it('closes nothing that a client does not know of', async () => {
    const { plane, room } = mesh();
    const alice = await enter(plane, room, 'alice');
    const bob = await enter(plane, room, 'bob');
    expect(short(alice.media)).toEqual([]);
    bob.participant.disconnect({ type: 'left' });
    expect(short(alice.media)).toEqual([]);
  });

  it('never gives two connections of one client the same id, whatever others call theirs', async () => {
    const { plane, room } = mesh();
    const alice = await enter(plane, room, 'alice', 'same');
    await enter(plane, room, 'bob', 'same');
    const carol = await enter(plane, room, 'carol', 'same');
    const ids = carol.media.peerConnections.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const own = alice.media.peerConnections.map(({ id }) => id);
    expect(new Set(own).size).toBe(own.length);
  });

  it("subscribes everyone to every track at once, under the publisher's id, whatever the client asked for", async () => {
    const { plane, room } = mesh();
    const alice = await enter(plane, room, 'alice', 'a');
    const bob = room.join({
      identity: 'bob',
      tracks: [],
      subscribeRules: EXCLUDE_ALL,
      signalingRegion: 'us1',
    });
    await plane.join(bob, request('b'), () => {});
    const received = () => [...bob.subscriptions.values()].map(({ receiver }) => receiver);
    expect(received()).toEqual([{ id: 'alice-mic' }]);
    alice.participant.updateTracks([claim('alice-mic'), claim('alice-camera', { kind: 'video' })]);
    expect(received()).toEqual([{ id: 'alice-mic' }, { id: 'alice-camera' }]);
    alice.participant.updateTracks([claim('alice-camera', { kind: 'video' })]);
    expect(received()).toEqual([{ id: 'alice-camera' }]);
    alice.participant.disconnect({ type: 'left' });
    expect(received()).toEqual([]);
  });

  it('grants no media signalling', async () => {
    const { plane, room } = mesh();
    expect((await enter(plane, room, 'alice', 'a')).media.channels.size).toBe(0);
  });

  it('refuses what is no description, at the join and later', async () => {
    const { plane, room } = mesh();
    expect(codeOf(() => plane.check(request('a', 'nonsense')))).toBe(53403);
    expect(codeOf(() => plane.check(request('a')))).toBeNull();
    const alice = await enter(plane, room, 'alice', 'a');
    await enter(plane, room, 'bob', 'b');
    alice.media.update([{ id: 'a', description: { type: 'offer', revision: 2, sdp: 'nonsense' } }]);
    expect(alice.participant.status).toBe('disconnected');
    expect(room.present.map(({ identity }) => identity)).toEqual(['bob']);
  });

  it('takes no notice of connections that it does not know', async () => {
    const { plane, room } = mesh();
    const alice = await enter(plane, room, 'alice', 'a');
    const before = alice.media.peerConnections;
    alice.media.update([
      { id: 'elsewhere', description: { type: 'offer', revision: 1, sdp: SDP } },
      { id: 'elsewhere', ice: { ufrag: 'u', revision: 1, candidates: [] } },
    ]);
    expect(alice.media.peerConnections).toEqual(before);
    expect(alice.participant.status).toBe('connected');
  });

  it('remembers closed connections for a while only', async () => {
    const { plane, room } = mesh();
    const alice = await enter(plane, room, 'alice', 'a');
    for (let round = 0; round < 100; round++) {
      const guest = await enter(plane, room, 'guest', `g${round}`);
      guest.participant.disconnect({ type: 'left' });
    }
    expect(alice.media.peerConnections.length).toBeLessThan(40);
  });

  it('forgets a room that has ended', async () => {
    const { plane, room } = mesh();
    await enter(plane, room, 'alice', 'a');
    expect(plane.roomCount).toBe(1);
    room.complete('completed-by-api');
    expect(plane.roomCount).toBe(0);
  });
});

describe('The quota of participants in Go rooms', () => {
  it('is counted over all Go rooms of an account, and refuses with 53206', () => {
    const house = testRooms({ quotas: { goParticipants: 3 } });
    const [first, second, group] = [
      house.create({ type: 'go' }),
      house.create({ type: 'go' }),
      house.create(),
    ];
    join(first, 'a');
    join(first, 'b');
    const c = join(second, 'c');
    expect(codeOf(() => join(second, 'd'))).toBe(53206);
    expect(codeOf(() => join(group, 'd'))).toBeNull();
    // Who comes again takes its own place.
    expect(codeOf(() => join(first, 'a'))).toBeNull();
    c.disconnect({ type: 'left' });
    expect(codeOf(() => join(second, 'd'))).toBeNull();
  });

  it('may be none', () => {
    const house = testRooms({ quotas: { goParticipants: null } });
    expect(codeOf(() => join(house.create({ type: 'go' }), 'a'))).toBeNull();
  });
});
