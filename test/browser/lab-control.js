// The part of the page's side that is about media control: what is shown, and what is cared for.
/* global lab */
'use strict';

const publicationOf = (key) => {
  for (const participant of lab.room.participants.values()) {
    for (const publication of participant.tracks.values()) {
      if (`${participant.identity}/${publication.trackName}` === key) return publication;
    }
  }
  throw new Error(`there is no ${key}`);
};
const trackOf = (key) => publicationOf(key).track;

/** The elements that show a remote video, by "identity/name". */
const elements = new Map();

/** Shows a remote video in a new element of this size. */
lab.show = (key, width, height) => {
  const element = trackOf(key).attach();
  Object.assign(element.style, { position: 'fixed', left: '0', top: '0' });
  elements.set(key, element);
  document.body.append(element);
  lab.resize(key, width, height);
};

lab.resize = (key, width, height) =>
  Object.assign(elements.get(key).style, { width: `${width}px`, height: `${height}px` });

/** Moves an element out of sight, or back. */
lab.scrollAway = (key) => (elements.get(key).style.left = '-5000px');
lab.scrollBack = (key) => (elements.get(key).style.left = '0');

lab.detach = (key) => {
  trackOf(key).detach(elements.get(key));
  elements.get(key).remove();
  elements.delete(key);
};

lab.setPriority = (key, priority) => void trackOf(key).setPriority(priority);
lab.setPublishPriority = (name, priority) => {
  const publications = [...lab.room.localParticipant.tracks.values()];
  publications.find(({ trackName }) => trackName === name).setPriority(priority);
};
lab.switchOn = (key) => void trackOf(key).switchOn();
lab.switchOff = (key) => void trackOf(key).switchOff();
lab.setContentPreferences = (key, renderDimensions) =>
  void trackOf(key).setContentPreferences({ renderDimensions });

/** The SDK's own method is not implemented; what is under it is. */
lab.setBandwidthProfile = (profile) => lab.room.localParticipant._signaling.setBandwidthProfile(profile);

/** Whether the SDK takes a remote video for switched off: as the publication and the track say, if they agree. */
lab.isSwitchedOff = (key) => {
  const { isSwitchedOff } = publicationOf(key)._signaling;
  const track = trackOf(key);
  return track && track.isSwitchedOff !== isSwitchedOff ? 'disagreement' : isSwitchedOff;
};

/** Logs every event of switching off and on of a remote video: of the track, its publication and the room. */
lab.watchSwitching = (key) => {
  const publication = publicationOf(key);
  const record = (event) => lab.log.push(['switching', key, event]);
  for (const word of ['Off', 'On']) {
    publication.track.on(`switched${word}`, () => record(`track ${word}`));
    publication.on(`trackSwitched${word}`, () => record(`publication ${word}`));
    lab.room.on(`trackSwitched${word}`, (track) => {
      if (track === publication.track) record(`room ${word}`);
    });
  }
};

/** Puts a new picture of that size under a published video. */
lab.replaceVideo = async (name, width, height) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width, height } });
  const [track] = stream.getVideoTracks();
  const { signaling } = { signaling: lab.local.get(name) };
  await signaling._trackSender.setMediaStreamTrack(track);
};
