import { answered, offered } from './offers.js';
import { track } from './rsp.js';
import type { PeerConnectionState } from './rsp.js';
import type { SignalingClient } from './signaling-client.js';
import type { TestServer } from './test-server.js';

/** Alice, who publishes a voice and a face whose media the server can receive. */
export function joinPublishing(server: TestServer, room = 'room'): Promise<SignalingClient> {
  const sections = [
    { mid: '0', kind: 'audio', trackId: 'mic', ssrc: 1 },
    { mid: '1', kind: 'video', trackId: 'cam', ssrc: 2 },
  ] as const;
  return server.join('alice', room, {
    tracks: [
      track('mic', { name: 'voice' }),
      track('cam', { kind: 'video', name: 'my face', enabled: false }),
    ],
    peerConnections: [offered('pc-alice', sections)],
  });
}

/** Bob, who publishes nothing and has been offered what there is. */
export function joinSubscribing(server: TestServer, room = 'room'): Promise<SignalingClient> {
  const sections = [
    { mid: '0', kind: 'audio' },
    { mid: '1', kind: 'video' },
  ] as const;
  return server.join('bob', room, { peerConnections: [offered('pc-bob', sections)] });
}

/** Answers the next offer that a client gets. */
export async function answerOffer(client: SignalingClient): Promise<void> {
  const isOffer = ({ description }: PeerConnectionState): boolean => description?.type === 'offer';
  let offers: PeerConnectionState[];
  do offers = ((await client.next('update')).peer_connections ?? []).filter(isOffer);
  while (offers.length === 0);
  client.update({ peer_connections: offers.map(answered) });
}
