import { describe, expect, it } from 'vitest';
import type { SequencedRoomEvent } from '../../src/rooms/events.js';
import { claim, join, testRooms } from '../support/model.js';

const summary = ({ type, sequence }: SequencedRoomEvent): string => `${sequence} ${type}`;

describe('The stream of events', () => {
  it('calls its listeners at once, in the order in which they came', () => {
    const house = testRooms();
    const calls: string[] = [];
    house.stream.subscribe(() => calls.push('first'));
    house.stream.subscribe(() => calls.push('second'));
    house.create();
    expect(calls).toEqual(['first', 'second']);
  });

  it('no longer calls a listener that has unsubscribed', () => {
    const house = testRooms();
    const heard: string[] = [];
    const unsubscribe = house.stream.subscribe(({ type }) => heard.push(type));
    const room = house.create();
    unsubscribe();
    unsubscribe();
    room.complete('completed-by-api');
    expect(heard).toEqual(['room-created']);
  });

  it('shows every listener the events in the order in which they happened, also those that a listener causes', () => {
    const house = testRooms();
    const heard: string[][] = [[], []];
    house.stream.subscribe((event) => heard[0]!.push(summary(event)));
    house.stream.subscribe((event) => {
      if (event.type === 'participant-connected') event.participant.updateTracks([claim('mic')]);
      if (event.type === 'track-published') event.participant.disconnect({ type: 'removed' });
    });
    house.stream.subscribe((event) => heard[1]!.push(summary(event)));
    join(house.adHoc(), 'alice');
    const expected = [
      '0 room-created',
      '1 participant-connected',
      '2 track-published',
      '3 track-unpublished',
      '4 participant-disconnected',
      '5 room-ended',
    ];
    expect(heard).toEqual([expected, expected]);
  });

  it('calls the other listeners all the same when one throws, and tells of the error', () => {
    const house = testRooms();
    const mistake = new Error('a mistake in a listener');
    const heard: string[] = [];
    house.stream.subscribe(() => {
      throw mistake;
    });
    house.stream.subscribe(({ type }) => heard.push(type));
    const room = house.create();
    room.complete('completed-by-api');
    expect(heard).toEqual(['room-created', 'room-ended']);
    expect(house.listenerErrors).toEqual([mistake, mistake]);
  });

  it('does not let a listener that throws break what the room was doing', () => {
    const house = testRooms();
    const room = house.create();
    house.stream.subscribe(() => {
      throw new Error('a mistake in a listener');
    });
    const alice = join(room, 'alice', [claim('mic')]);
    expect(alice.tracks).toHaveLength(1);
    room.complete('completed-by-api');
    expect(alice.status).toBe('disconnected');
    expect(house.rooms.all).toEqual([]);
  });
});
