import { describe, expect, it } from 'vitest';
import { ACCOUNT, OTHER_ACCOUNT, codeOf, join, testRooms } from '../support/model.js';

describe('The rooms of an account', () => {
  it('are found by SID and by name while they are in progress', () => {
    const house = testRooms();
    const room = house.create({ uniqueName: 'standup' });
    expect(house.rooms.find(ACCOUNT, 'standup')).toBe(room);
    expect(house.rooms.find(ACCOUNT, room.sid)).toBe(room);
    room.complete('completed-by-api');
    expect(house.rooms.find(ACCOUNT, 'standup')).toBeUndefined();
    expect(house.rooms.find(ACCOUNT, room.sid)).toBeUndefined();
  });

  it('are listed oldest first, those in progress only', () => {
    const house = testRooms();
    const [first, second, third] = [house.create(), house.create(), house.create()];
    second.complete('completed-by-api');
    expect(house.rooms.of(ACCOUNT)).toEqual([first, third]);
  });

  it('are none of another account', () => {
    const house = testRooms();
    const room = house.create({ uniqueName: 'standup' });
    const other = house.rooms.create(OTHER_ACCOUNT, { uniqueName: 'standup' });
    expect(other).not.toBe(room);
    expect(house.rooms.find(OTHER_ACCOUNT, 'standup')).toBe(other);
    expect(house.rooms.find(OTHER_ACCOUNT, room.sid)).toBeUndefined();
    expect(house.rooms.of(OTHER_ACCOUNT)).toEqual([other]);
    expect(house.rooms.all).toEqual([room, other]);
  });

  it('have names of their own: a name that is taken is refused with 53113', () => {
    const house = testRooms();
    house.create({ uniqueName: 'standup' });
    expect(codeOf(() => house.create({ uniqueName: 'standup' }))).toBe(53113);
    expect(codeOf(() => house.create({ uniqueName: 'Standup' }))).toBeNull();
    expect(house.rooms.all).toHaveLength(2);
  });

  it('cannot be called by the SID of another', () => {
    const house = testRooms();
    const room = house.create();
    expect(codeOf(() => house.create({ uniqueName: room.sid }))).toBe(53113);
  });

  it('free their name the moment they end', () => {
    const house = testRooms();
    const first = house.create({ uniqueName: 'standup' });
    first.complete('completed-by-api');
    const second = house.create({ uniqueName: 'standup' });
    expect(second.sid).not.toBe(first.sid);
    first.complete('completed-by-api');
    expect(house.rooms.find(ACCOUNT, 'standup')).toBe(second);
  });

  it('announce their making', () => {
    const house = testRooms();
    const room = house.create();
    expect(house.events).toMatchObject([{ type: 'room-created', sequence: 0 }]);
    expect(house.events[0]!.room).toBe(room);
  });

  it('are not made when something of the request is wrong', () => {
    const house = testRooms();
    expect(codeOf(() => house.create({ uniqueName: 'standup', emptyRoomTimeout: 0 }))).toBe(53109);
    expect(house.rooms.all).toEqual([]);
    expect(house.clock.pending).toBe(0);
    expect(house.events).toEqual([]);
  });

  it('are of a type that is served, else 53103 says so', () => {
    const house = testRooms({ servedTypes: ['group'] });
    expect(codeOf(() => house.create({ type: 'group' }))).toBeNull();
    expect(codeOf(() => house.create({ type: 'go' }))).toBe(53103);
  });

  it("follow the account's settings of the moment", () => {
    const house = testRooms({ defaults: { maxParticipants: 7, emptyRoomTimeout: 9 } });
    expect(house.create().options).toMatchObject({ maxParticipants: 7, emptyRoomTimeout: 9 });
    expect(house.create({ maxParticipants: 8 }).options).toMatchObject({
      maxParticipants: 8,
      emptyRoomTimeout: 9,
    });
  });

  it('can all be ended at once', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    house.rooms.create(OTHER_ACCOUNT, {});
    house.rooms.completeAll('server-stopped');
    expect(house.rooms.all).toEqual([]);
    expect(alice.status).toBe('disconnected');
    expect(house.all('room-ended').map(({ reason }) => reason)).toEqual(['server-stopped', 'server-stopped']);
    expect(house.clock.pending).toBe(0);
  });
});

describe("A client's connect", () => {
  it('finds the room by its name or its SID', () => {
    const house = testRooms();
    const room = house.create({ uniqueName: 'standup' });
    expect(house.adHoc('standup')).toBe(room);
    expect(house.adHoc(room.sid)).toBe(room);
  });

  it('makes a room of a name that there is none of, with the settings of the account', () => {
    const house = testRooms({ defaults: { maxParticipants: 3 } });
    const room = house.adHoc('cafe');
    expect(room).toMatchObject({ name: 'cafe', origin: 'ad-hoc' });
    expect(room.options.maxParticipants).toBe(3);
    expect(house.adHoc('cafe')).toBe(room);
  });

  it('without a name makes a new room each time, called by its SID', () => {
    const house = testRooms();
    const [first, second] = [house.adHoc(), house.adHoc()];
    expect(first).not.toBe(second);
    expect(first.name).toBe(first.sid);
  });

  it('makes a new room of the name of one that has ended', () => {
    const house = testRooms();
    const first = house.adHoc('cafe');
    join(first, 'alice').disconnect({ type: 'left' });
    const second = house.adHoc('cafe');
    expect(second.sid).not.toBe(first.sid);
    expect(second.status).toBe('in-progress');
  });

  it('finds no room of an unknown SID, and makes none', () => {
    const house = testRooms();
    expect(codeOf(() => house.adHoc(`RM${'9'.repeat(32)}`))).toBe(53106);
    expect(house.rooms.all).toEqual([]);
  });

  it('is refused with 53118 where the SID is of a room that has ended', () => {
    const house = testRooms();
    const room = house.create();
    room.complete('completed-by-api');
    expect(codeOf(() => house.adHoc(room.sid))).toBe(53118);
  });

  it('makes no room where the account does not let clients do so', () => {
    const house = testRooms({ defaults: { clientSideRoomCreation: false } });
    const room = house.create({ uniqueName: 'standup' });
    expect(house.adHoc('standup')).toBe(room);
    expect(codeOf(() => house.adHoc('cafe'))).toBe(53106);
    expect(codeOf(() => house.adHoc())).toBe(53106);
  });

  it.each([
    ['more than 128 characters', 53101, 'x'.repeat(129)],
    ['a control character', 53102, 'a\nb'],
  ])('to a name with %s is refused with %i', (_fault, code, name) => {
    expect(codeOf(() => testRooms().adHoc(name))).toBe(code);
  });
});

describe("An account's quotas", () => {
  it('hold for its rooms in progress, those of clients too, and for no other account', () => {
    const house = testRooms({ quotas: { rooms: 2 } });
    const first = house.create({ uniqueName: 'standup' });
    house.adHoc('party');
    expect(codeOf(() => house.create())).toBe(53119);
    expect(codeOf(() => house.adHoc('another'))).toBe(53119);
    expect(codeOf(() => house.create({ uniqueName: 'standup' }))).toBe(53113);
    expect(codeOf(() => house.rooms.create(OTHER_ACCOUNT, {}))).toBeNull();
    first.complete('completed-by-api');
    expect(codeOf(() => house.create())).toBeNull();
  });

  it('hold for its participants in all rooms together; a newer session of the same identity is none more', () => {
    const house = testRooms({ quotas: { participants: 3 } });
    const [one, two] = [house.create(), house.create({ type: 'go' })];
    const alice = join(one, 'alice');
    join(one, 'bob');
    join(two, 'carol');
    expect(codeOf(() => join(one, 'dave'))).toBe(53206);
    expect(codeOf(() => join(two, 'dave'))).toBe(53206);
    expect(codeOf(() => join(one, 'bob'))).toBeNull();
    expect(codeOf(() => join(house.rooms.create(OTHER_ACCOUNT, {}), 'dave'))).toBeNull();
    expect(one.present).toHaveLength(2);
    alice.disconnect({ type: 'left' });
    expect(codeOf(() => join(two, 'dave'))).toBeNull();
  });

  it('are none where nobody set any', () => {
    const house = testRooms();
    const room = house.create({ maxParticipants: 100 });
    for (let index = 0; index < 100; index++) join(room, `participant ${index}`);
    expect(room.presentCount).toBe(100);
  });
});
