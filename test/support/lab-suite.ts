import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { startAtrium } from '../../src/index.js';
import type { AtriumServer, ConfigInput, ServerParts } from '../../src/index.js';
import { Lab } from './browser.js';
import { MediaLink } from './MediaLink.js';
import { freePort } from './ports.js';

/** A server and a browser for the tests of one file. Between the tests all pages close and all rooms end. */
export interface LabSuite {
  readonly atrium: AtriumServer;
  readonly lab: Lab;
  /** What the media workers hold now. */
  held(): Promise<Held>;
  /** Waits until they hold that, and no more. */
  untilHeld(expected: Held): Promise<void>;
}

/** How many of each thing the media workers hold. */
export interface Held {
  routers: number;
  transports: number;
  producers: number;
  consumers: number;
  dataProducers: number;
  dataConsumers: number;
}

async function heldBy(atrium: AtriumServer): Promise<Held> {
  const held: Held = {
    routers: 0,
    transports: 0,
    producers: 0,
    consumers: 0,
    dataProducers: 0,
    dataConsumers: 0,
  };
  for (const { worker, webRtcServer, routers } of await atrium.workers.dump()) {
    held.routers += worker.routerIds.length;
    held.transports += webRtcServer.webRtcTransportIds.length;
    for (const router of routers) {
      held.producers += router.mapProducerIdConsumerIds.length;
      held.consumers += router.mapConsumerIdProducerId.length;
      held.dataProducers += router.mapDataProducerIdDataConsumerIds.length;
      held.dataConsumers += router.mapDataConsumerIdDataProducerId.length;
    }
  }
  return held;
}

/** @param options of the server; or what finds them, before it starts */
export function useLab(
  options: ConfigInput | (() => Promise<ConfigInput>) = {},
  browserFlags: string[] = [],
  parts: ServerParts = {},
): LabSuite {
  let atrium: AtriumServer | undefined;
  let lab: Lab | undefined;
  beforeAll(async () => {
    atrium = await startAtrium(typeof options === 'function' ? await options() : options, parts);
    lab = await Lab.open(atrium.wsServer, browserFlags);
  });
  afterEach(async () => {
    await lab?.closePages();
    atrium?.rooms.completeAll('completed-by-api');
  });
  afterAll(async () => {
    await lab?.close();
    await atrium?.close();
  });
  return {
    get atrium() {
      return atrium!;
    },
    get lab() {
      return lab!;
    },
    held: () => heldBy(atrium!),
    untilHeld: (expected) =>
      vi.waitFor(async () => expect(await heldBy(atrium!)).toEqual(expected), {
        timeout: 10_000,
        interval: 100,
      }),
  };
}

/** The same, with a link between the browser and the media that the tests can shape. Between them it is clean. */
export interface ShapedLabSuite extends LabSuite {
  readonly link: MediaLink;
}

/** The address at which the media are announced: the link's. */
const LINK_ADDRESS = '127.0.0.2';

export function useShapedLab(options: ConfigInput = {}): ShapedLabSuite {
  let rtcPort = 0;
  let link: MediaLink | undefined;
  // What is set up last is cleared first: the link is reset once no page sends any more.
  afterEach(() => link?.reset());
  afterAll(() => link?.close());
  const suite = useLab(async () => {
    rtcPort = await freePort();
    return { ...options, rtcPort, announcedIp: LINK_ADDRESS };
  });
  beforeAll(async () => {
    link = await MediaLink.open(LINK_ADDRESS, rtcPort);
  });
  return Object.defineProperty(suite, 'link', { get: () => link! }) as ShapedLabSuite;
}

/** The room of this name that is in progress. */
export function roomNamed(atrium: AtriumServer, name: string) {
  const room = atrium.rooms.all.find((candidate) => candidate.name === name);
  if (!room) throw new Error(`there is no room ${name}`);
  return room;
}
