// The page's side of the browser tests: one participant with the published SDK. Tests call `lab.…`.
/* global Twilio */
'use strict';

const lab = {
  room: null,
  /** What happened, in order: [name, …details]. */
  log: [],
  /** Local tracks by the name that the test gave them. */
  local: new Map(),
  /** Messages of remote data tracks: {from, track, data}. */
  messages: [],
  /** Whether what is subscribed to is shown. */
  attaches: true,
  /** The SIDs of the dominant speakers that the server told, in order. */
  dominantSids: [],
  /** What the server told of what is said, in order. */
  transcriptions: [],
};
window.lab = lab;

const asText = (data) => (typeof data === 'string' ? data : `bytes:${[...new Uint8Array(data)].join(',')}`);

/** A moving picture of a given size and colour. */
function createVideoTrack({ width = 320, height = 180, hue = 0, fps = 15 } = {}) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  let frame = 0;
  const draw = () => {
    frame++;
    context.fillStyle = `hsl(${hue} 70% 50%)`;
    context.fillRect(0, 0, width, height);
    context.fillStyle = 'white';
    context.fillRect((frame * 7) % width, height / 3, width / 8, height / 3);
    context.font = `${height / 6}px sans-serif`;
    context.fillText(String(frame), 10, height / 5);
  };
  draw();
  const timer = setInterval(draw, 1000 / fps);
  const [track] = canvas.captureStream(fps).getVideoTracks();
  track.addEventListener('ended', () => clearInterval(timer));
  return track;
}

let audioContext = null;
/** The volumes of the tones, by the names of their tracks. */
lab.gains = new Map();
lab.setGain = (name, gain) => (lab.gains.get(name).value = gain);
/** A tone; with `syllables`, it swells and fades so many times a second, as speech does. */
async function createAudioTrack(name, { frequency = 440, gain = 0.5, syllables = 0 } = {}) {
  audioContext ??= new AudioContext();
  // Until it renders, a tone would be published that is none.
  await audioContext.resume();
  const oscillator = new OscillatorNode(audioContext, { frequency });
  const swell = new GainNode(audioContext, { gain: syllables > 0 ? 0.5 : 1 });
  const volume = new GainNode(audioContext, { gain });
  const destination = new MediaStreamAudioDestinationNode(audioContext);
  if (syllables > 0) {
    const rhythm = new OscillatorNode(audioContext, { frequency: syllables });
    rhythm.connect(new GainNode(audioContext, { gain: 0.5 })).connect(swell.gain);
    rhythm.start();
  }
  oscillator.connect(swell).connect(volume).connect(destination);
  oscillator.start();
  lab.gains.set(name, volume.gain);
  return destination.stream.getAudioTracks()[0];
}

/** Makes a local track as described: {kind, name, …}. */
async function makeTrack({ kind, name, source, disabled, ...options }) {
  const { LocalAudioTrack, LocalVideoTrack, LocalDataTrack } = Twilio.Video;
  let track;
  if (kind === 'data') track = new LocalDataTrack({ name, ...options });
  else if (source === 'camera') {
    track = await Twilio.Video.createLocalVideoTrack({ name, ...options });
  } else if (source === 'screen') {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    track = new LocalVideoTrack(stream.getVideoTracks()[0], { name });
  } else if (kind === 'audio') {
    track = new LocalAudioTrack(await createAudioTrack(name, options), { name });
  } else track = new LocalVideoTrack(createVideoTrack(options), { name });
  if (disabled) track.disable();
  lab.local.set(name, track);
  return track;
}

function watchTrack(participant, track) {
  if (track.kind === 'data') {
    track.on('message', (data) =>
      lab.messages.push({ from: participant.identity, track: track.name, data: asText(data) }),
    );
    return;
  }
  if (lab.attaches) document.body.append(track.attach());
}

function watchParticipant(participant) {
  const record = (event, ...details) => lab.log.push([event, participant.identity, ...details]);
  for (const event of [
    'trackPublished',
    'trackUnpublished',
    'trackEnabled',
    'trackDisabled',
    'trackSwitchedOff',
    'trackSwitchedOn',
  ]) {
    participant.on(event, (item) => record(event, item.trackName ?? item.name));
  }
  participant.on('trackSubscribed', (track) => {
    record('trackSubscribed', track.name);
    watchTrack(participant, track);
  });
  participant.on('trackUnsubscribed', (track) => {
    record('trackUnsubscribed', track.name);
    if (track.kind !== 'data') for (const element of track.detach()) element.remove();
  });
  participant.on('trackSubscriptionFailed', (error, publication) =>
    record('trackSubscriptionFailed', publication.trackName, error.code),
  );
  participant.on('networkQualityLevelChanged', (level) => record('networkQualityLevelChanged', level));
  participant.on('reconnecting', () => record('participantReconnecting'));
  participant.on('reconnected', () => record('participantReconnected'));
}

function watchRoom(room) {
  lab.room = room;
  room.participants.forEach(watchParticipant);
  room.on('participantConnected', (participant) => {
    lab.log.push(['participantConnected', participant.identity]);
    watchParticipant(participant);
  });
  room.on('participantDisconnected', (participant) => {
    lab.log.push(['participantDisconnected', participant.identity, participant.tracks.size]);
  });
  room.on('disconnected', (_room, error) => lab.log.push(['disconnected', error ? error.code : null]));
  room.on('reconnecting', (error) => lab.log.push(['reconnecting', error ? error.code : null]));
  room.on('reconnected', () => lab.log.push(['reconnected']));
  room.on('transcription', (event) => lab.transcriptions.push(event));
  room.on('recordingStarted', () => lab.log.push(['recordingStarted']));
  room.on('recordingStopped', () => lab.log.push(['recordingStopped']));
  room.on('dominantSpeakerChanged', (participant) =>
    lab.log.push(['dominantSpeakerChanged', participant ? participant.identity : null]),
  );
  room._signaling.on('dominantSpeakerChanged', () =>
    lab.dominantSids.push(room._signaling.dominantSpeakerSid),
  );
  room.localParticipant.on('networkQualityLevelChanged', (level) =>
    lab.log.push(['networkQualityLevelChanged', room.localParticipant.identity, level]),
  );
  room.localParticipant.on('trackPublicationFailed', (error, track) =>
    lab.log.push(['trackPublicationFailed', track.name, error.code]),
  );
  room.localParticipant.on('trackPublished', (publication) =>
    lab.log.push(['published', publication.trackName]),
  );
}

/** Connects; resolves to what the test wants to know, errors included. */
lab.connect = async (token, { attaches = true, ...options }, tracks) => {
  lab.attaches = attaches;
  try {
    const localTracks = await Promise.all((tracks ?? []).map(makeTrack));
    const room = await Twilio.Video.connect(token, { ...options, tracks: localTracks });
    watchRoom(room);
    return {
      sid: room.sid,
      name: room.name,
      participantSid: room.localParticipant.sid,
      mediaRegion: room.mediaRegion,
    };
  } catch (error) {
    return { error: { code: error.code ?? null, name: error.name, message: error.message } };
  }
};

lab.publish = async (description, publishOptions) => {
  try {
    const track = lab.local.get(description.name) ?? (await makeTrack(description));
    const publication = await lab.room.localParticipant.publishTrack(track, publishOptions);
    return { sid: publication.trackSid };
  } catch (error) {
    return { error: { code: error.code ?? null, message: error.message } };
  }
};

/** Publishes a track of its own, even where one of the same name is there. */
lab.publishNew = async (description) => {
  const before = lab.local.get(description.name);
  lab.local.delete(description.name);
  const result = await lab.publish(description);
  if (before) lab.local.set(description.name, before);
  return result;
};

lab.unpublish = (name, stop = false) => {
  const track = lab.local.get(name);
  lab.room.localParticipant.unpublishTrack(track);
  if (stop && track.kind !== 'data') track.stop();
  lab.local.delete(name);
  if (!stop) lab.local.set(name, track);
};

lab.enable = (name, on) => (on ? lab.local.get(name).enable() : lab.local.get(name).disable());
lab.send = (name, text) => lab.local.get(name).send(text);
lab.sendBytes = (name, bytes) => lab.local.get(name).send(new Uint8Array(bytes).buffer);
lab.sendMany = (name, count) => {
  for (let n = 0; n < count; n++) lab.local.get(name).send(String(n));
};

/** Resolves when a video element shows its first frame. */
const firstFrame = (element) => {
  element.muted = true;
  document.body.append(element);
  return new Promise((resolve) => element.requestVideoFrameCallback(resolve));
};

/** Connects without tracks; resolves to the milliseconds until the first frame of a remote video is shown. */
lab.firstFrameAfterConnect = async (token, options) => {
  const start = performance.now();
  const room = await Twilio.Video.connect(token, { ...options, tracks: [] });
  watchRoom(room);
  return new Promise((resolve) => {
    const onTrack = async (track) => {
      if (track.kind !== 'video') return;
      await firstFrame(track.attach());
      resolve(performance.now() - start);
    };
    room.on('trackSubscribed', onTrack);
    room.participants.forEach((participant) =>
      participant.tracks.forEach((publication) => publication.track && onTrack(publication.track)),
    );
  });
};

/** All publications of the others: ["identity/name"], sorted. */
lab.publications = () =>
  [...lab.room.participants.values()]
    .flatMap((participant) =>
      [...participant.tracks.values()].map(({ trackName }) => `${participant.identity}/${trackName}`),
    )
    .sort();

lab.dominantSpeaker = () => lab.room.dominantSpeaker?.identity ?? null;
lab.dominantSidsSoFar = () => lab.dominantSids;

/** The network quality as the SDK shows it: of the participant itself, and of the others by identity. */
lab.networkQuality = () => {
  const of = ({ networkQualityLevel, networkQualityStats }) => ({
    level: networkQualityLevel,
    stats: networkQualityStats,
  });
  const others = [...lab.room.participants.values()].map((participant) => [
    participant.identity,
    of(participant),
  ]);
  return { own: of(lab.room.localParticipant), others: Object.fromEntries(others) };
};
lab.configureNetworkQuality = (configuration) =>
  lab.room.localParticipant.setNetworkQualityConfiguration(configuration);
/** What the server answered last, before the SDK made objects of it. */
lab.lastQualityAnswer = () => {
  const { level, levels, remoteLevels } = lab.room._signaling._networkQualitySignaling;
  const identityOf = (sid) => lab.room.participants.get(sid)?.identity ?? sid;
  const others = [...remoteLevels.values()].map(({ sid, ...quality }) => [identityOf(sid), quality]);
  return { level, levels, others: Object.fromEntries(others) };
};

lab.dataTrack = (identity, name) => {
  const participant = [...lab.room.participants.values()].find(
    (candidate) => candidate.identity === identity,
  );
  const { track } = [...participant.dataTracks.values()].find(({ trackName }) => trackName === name);
  const { ordered, maxRetransmits, maxPacketLifeTime } = track;
  return { ordered, maxRetransmits, maxPacketLifeTime };
};

lab.disconnect = () => lab.room.disconnect();

/** The SDK's peer connections, as the browser has them. */
lab.peerConnections = () =>
  [...lab.room._signaling._peerConnectionManager._peerConnections.values()].map(
    ({ _peerConnection }) => _peerConnection,
  );
lab.rawPeerConnections = () => lab.peerConnections().map((pc) => pc._peerConnection ?? pc);

/** What is subscribed to: {"identity/track": {kind, …statistics}}. */
lab.received = async () => {
  const result = {};
  const reports = await lab.room.getStats();
  const bySid = new Map();
  for (const report of reports) {
    for (const stats of [...report.remoteAudioTrackStats, ...report.remoteVideoTrackStats])
      bySid.set(stats.trackSid, stats);
  }
  const inbound = new Map();
  for (const pc of lab.rawPeerConnections()) {
    for (const stats of (await pc.getStats()).values()) {
      if (stats.type === 'inbound-rtp') inbound.set(stats.ssrc, stats);
    }
  }
  for (const participant of lab.room.participants.values()) {
    for (const publication of participant.tracks.values()) {
      if (!publication.isSubscribed) continue;
      const stats = bySid.get(publication.trackSid);
      const raw = stats ? inbound.get(Number(stats.ssrc)) : undefined;
      result[`${participant.identity}/${publication.trackName}`] = {
        kind: publication.kind,
        bytes: raw?.bytesReceived ?? 0,
        packets: raw?.packetsReceived ?? 0,
        framesDecoded: raw?.framesDecoded ?? 0,
        width: raw?.frameWidth ?? 0,
        height: raw?.frameHeight ?? 0,
        audioEnergy: raw?.totalAudioEnergy ?? 0,
        codec: stats?.codec ?? null,
      };
    }
  }
  return result;
};

/** What is sent, by simulcast layer: [{kind, frames, width, bytes, codec}]. */
lab.sent = async () => {
  const result = [];
  for (const pc of lab.rawPeerConnections()) {
    const stats = await pc.getStats();
    for (const item of stats.values()) {
      if (item.type !== 'outbound-rtp') continue;
      result.push({
        kind: item.kind,
        ssrc: item.ssrc,
        frames: item.framesEncoded ?? 0,
        width: item.frameWidth ?? 0,
        bytes: item.bytesSent ?? 0,
        active: item.active,
        keyFrameRequests: item.pliCount ?? 0,
        codec: stats.get(item.codecId)?.mimeType ?? null,
      });
    }
  }
  return result;
};

/** The channels of media signalling that are up, by name: those that the SDK can send on. */
lab.channels = () => {
  const signaling = lab.room._signaling;
  return [
    signaling._dominantSpeakerSignaling,
    signaling._networkQualitySignaling,
    signaling._trackPrioritySignaling,
    signaling._trackSwitchOffSignaling,
    signaling._renderHintsSignaling,
    signaling._publisherHintsSignaling,
  ]
    .filter(({ _transport }) => _transport?._dataChannel.readyState === 'open')
    .map(({ channel, _transport }) => [channel, _transport._dataChannel.label]);
};

lab.heardTexts = () => lab.transcriptions;

lab.sdp = () =>
  lab
    .rawPeerConnections()
    .map((pc) => ({ local: pc.localDescription?.sdp, remote: pc.remoteDescription?.sdp }));

lab.remoteUfrag = () => {
  // An offer that nobody has taken yet has no other side.
  const { remote } = lab.sdp().find((description) => description.remote);
  return /a=ice-ufrag:(\S+)/.exec(remote)[1];
};

/** Of each connection that is up: which way it goes, as the browser names it: [{local, remote, protocol, relay}]. */
lab.routes = async () => {
  const routes = [];
  for (const pc of lab.rawPeerConnections()) {
    const stats = await pc.getStats();
    for (const item of stats.values()) {
      if (item.type !== 'transport') continue;
      const pair = stats.get(item.selectedCandidatePairId);
      const local = stats.get(pair?.localCandidateId);
      const remote = stats.get(pair?.remoteCandidateId);
      if (local && remote)
        routes.push({
          local: local.candidateType,
          remote: remote.candidateType,
          protocol: local.protocol,
          relay: local.relayProtocol ?? null,
          url: local.url ?? null,
        });
    }
  }
  return routes;
};

/** What a peer connection that may only be relayed gathers from these servers: addresses, or error codes. */
lab.gatherRelayed = async (iceServers) => {
  const pc = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  const gathered = { addresses: [], errors: [] };
  pc.onicecandidateerror = ({ errorCode }) => gathered.errors.push(errorCode);
  const complete = new Promise((resolve) => {
    pc.onicecandidate = ({ candidate }) =>
      candidate ? gathered.addresses.push(candidate.address) : resolve();
  });
  pc.createDataChannel('any');
  await pc.setLocalDescription();
  await complete;
  pc.close();
  return gathered;
};

/** Runs the SDK's preflight test; resolves to its report, or to the error with which it failed. */
lab.preflight = (token, options) =>
  new Promise((resolve) => {
    const preflight = Twilio.Video.runPreflight(token, options);
    preflight.on('completed', (report) => resolve({ report: JSON.parse(JSON.stringify(report)) }));
    preflight.on('failed', (error) =>
      resolve({ error: { code: error.code ?? null, message: error.message } }),
    );
  });

/** Has every connection look for a new way, as the SDK does when media cease. */
lab.restartIce = () => {
  for (const connection of lab.room._signaling._peerConnectionManager._peerConnections.values())
    connection._initiateIceRestart();
};

// --- without the SDK: a bare relay, for comparison. `relay…` are functions of the bench, in Node.
/* global relayPublish, relaySubscribe, relaySubscribed */

lab.relayPublish = async (description) => {
  const pc = new RTCPeerConnection();
  pc.addTransceiver(createVideoTrack(description), { direction: 'sendonly', streams: [new MediaStream()] });
  await pc.setLocalDescription();
  await pc.setRemoteDescription({ type: 'answer', sdp: await relayPublish(pc.localDescription.sdp) });
};

lab.relaySubscribe = async () => {
  const start = performance.now();
  const pc = new RTCPeerConnection();
  const track = new Promise((resolve) => (pc.ontrack = (event) => resolve(event.track)));
  const { id, sdp } = await relaySubscribe();
  await pc.setRemoteDescription({ type: 'offer', sdp });
  await pc.setLocalDescription();
  await relaySubscribed(id, pc.localDescription.sdp);
  const element = document.createElement('video');
  Object.assign(element, { autoplay: true, srcObject: new MediaStream([await track]) });
  await firstFrame(element);
  return performance.now() - start;
};
