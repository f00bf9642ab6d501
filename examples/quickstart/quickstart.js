// A small video call with the unmodified SDK. Only `wsServer` tells it where Atrium is.
const { connect, createLocalTracks, createLocalVideoTrack, LocalDataTrack, LocalVideoTrack } = Twilio.Video;

const DEVELOPMENT = {
  accountSid: `AC${'0'.repeat(32)}`,
  apiKeySid: `SK${'0'.repeat(32)}`,
  apiKeySecret: 'atriumdevapikeysecret00000000000',
};

const byId = (id) => document.getElementById(id);
const form = byId('join');
const status = (text) => (byId('status').textContent = text);
for (const [name, value] of Object.entries(DEVELOPMENT)) form.elements[name].value = value;
form.elements.identity.value = `guest-${Math.floor(Math.random() * 1000)}`;

let room = null;
let chat = null;
let screen = null;

/** Signs an access token. In an application this happens on its server. */
async function accessToken({ identity, accountSid, apiKeySid, apiKeySecret }) {
  const text = new TextEncoder();
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .replace(/=+$/, '');
  const part = (object) => base64url(text.encode(JSON.stringify(object)));
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'HS256', typ: 'JWT', cty: 'twilio-fpa;v=1' };
  const claims = {
    jti: `${apiKeySid}-${now}`,
    iss: apiKeySid,
    sub: accountSid,
    iat: now,
    exp: now + 3600,
    grants: { identity, video: {} },
  };
  const unsigned = `${part(header)}.${part(claims)}`;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', text.encode(apiKeySecret), algorithm, false, ['sign']);
  return `${unsigned}.${base64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, text.encode(unsigned))))}`;
}

function tileOf(participant) {
  let tile = byId(participant.sid);
  if (!tile) {
    tile = document.createElement('div');
    tile.className = 'tile';
    tile.id = participant.sid;
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = participant.identity;
    tile.append(name);
    byId('tiles').append(tile);
  }
  return tile;
}

function say(who, text) {
  const line = document.createElement('li');
  line.textContent = `${who}: ${text}`;
  byId('messages').append(line);
}

function show(participant, track) {
  if (track.kind === 'data') track.on('message', (text) => say(participant.identity, text));
  else tileOf(participant).append(track.attach());
}

function hide(track) {
  if (track.kind !== 'data') for (const element of track.detach()) element.remove();
}

function welcome(participant) {
  tileOf(participant);
  participant.on('trackSubscribed', (track) => show(participant, track));
  participant.on('trackUnsubscribed', hide);
}

function goodbye(error) {
  status(error ? `Disconnected: ${error.message} (${error.code})` : 'You have left the room.');
  room.localParticipant.tracks.forEach(({ track }) => {
    if (track.kind !== 'data') track.stop();
  });
  byId('tiles').replaceChildren();
  byId('controls').hidden = true;
  form.hidden = false;
  room = chat = screen = null;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const values = Object.fromEntries(new FormData(form));
  status('Connecting …');
  try {
    const wanted = { audio: 'audio' in values, video: 'video' in values && { width: 1280, height: 720 } };
    const tracks = wanted.audio || wanted.video ? await createLocalTracks(wanted) : [];
    chat = new LocalDataTrack();
    room = await connect(await accessToken(values), {
      name: values.room,
      tracks: [...tracks, chat],
      wsServer: `${location.origin.replace(/^http/, 'ws')}/signaling`,
      wsServerInsights: `${location.origin.replace(/^http/, 'ws')}/v1/VideoEvents`,
      preferredVideoCodecs: [{ codec: 'VP8', simulcast: true }],
    });
  } catch (error) {
    status(`Could not join: ${error.message}${error.code ? ` (${error.code})` : ''}`);
    return;
  }
  status(`You are ${room.localParticipant.identity} in ${room.name}.`);
  form.hidden = true;
  byId('controls').hidden = false;
  tileOf(room.localParticipant);
  room.localParticipant.videoTracks.forEach(({ track }) => show(room.localParticipant, track));
  room.participants.forEach(welcome);
  room.on('participantConnected', welcome);
  room.on('participantDisconnected', (participant) => byId(participant.sid)?.remove());
  room.on('reconnecting', () => status('Reconnecting …'));
  room.on('reconnected', () => status('Reconnected.'));
  room.once('disconnected', (_room, error) => goodbye(error));
});

byId('leave').addEventListener('click', () => room.disconnect());

byId('mute').addEventListener('click', (event) => {
  const muted = event.target.textContent === 'Mute';
  room.localParticipant.audioTracks.forEach(({ track }) => (muted ? track.disable() : track.enable()));
  event.target.textContent = muted ? 'Unmute' : 'Mute';
});

byId('camera').addEventListener('click', async (event) => {
  const off = event.target.textContent === 'Camera off';
  const { localParticipant } = room;
  if (off) {
    localParticipant.videoTracks.forEach(({ track }) => {
      if (track === screen) return;
      localParticipant.unpublishTrack(track);
      hide(track);
      track.stop();
    });
  } else {
    const track = await createLocalVideoTrack({ width: 1280, height: 720 });
    await localParticipant.publishTrack(track);
    show(localParticipant, track);
  }
  event.target.textContent = off ? 'Camera on' : 'Camera off';
});

byId('share').addEventListener('click', async (event) => {
  if (screen) {
    room.localParticipant.unpublishTrack(screen);
    screen.stop();
    screen = null;
  } else {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    screen = new LocalVideoTrack(stream.getVideoTracks()[0], { name: 'screen' });
    await room.localParticipant.publishTrack(screen, { priority: 'high' });
  }
  event.target.textContent = screen ? 'Stop sharing' : 'Share screen';
});

byId('chat').addEventListener('submit', (event) => {
  event.preventDefault();
  const { text } = event.target.elements;
  if (!text.value) return;
  chat.send(text.value);
  say(room.localParticipant.identity, text.value);
  text.value = '';
});
