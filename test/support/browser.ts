import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import fastifyStatic from '@fastify/static';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accessToken } from './tokens.js';

/** A local track that a test page makes. */
export interface TrackSpec {
  kind: 'audio' | 'video' | 'data';
  name: string;
  source?: 'camera' | 'screen';
  /** Muted before it is published. */
  disabled?: boolean;
  width?: number;
  height?: number;
  hue?: number;
  fps?: number;
  frequency?: number;
  gain?: number;
  /** Swells and fades so many times a second; without, it is a constant tone. */
  syllables?: number;
  ordered?: boolean;
  maxRetransmits?: number;
  maxPacketLifeTime?: number;
}

export interface Received {
  kind: string;
  bytes: number;
  packets: number;
  framesDecoded: number;
  width: number;
  height: number;
  audioEnergy: number;
  codec: string | null;
}

export interface Sent {
  kind: string;
  ssrc: number;
  frames: number;
  width: number;
  bytes: number;
  active: boolean;
  codec: string | null;
}

/** A participant's network quality, as the SDK shows it. */
export interface ShownQuality {
  level: number | null;
  stats: object | null;
}

export type Connected =
  | { sid: string; name: string; participantSid: string; mediaRegion: string | null; error?: undefined }
  | { error: { code: number | null; name: string; message: string }; sid?: undefined; name?: undefined };

export const CHROMIUM = process.env['ATRIUM_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--auto-select-desktop-capture-source=Entire screen',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

/** A browser with pages that hold one participant each. */
export class Lab {
  readonly browser: Browser;
  readonly #context: BrowserContext;
  readonly #origin: string;
  /** Serves the pages. */
  readonly #app: FastifyInstance;
  readonly #pages: LabPage[] = [];
  readonly #blankPages: Page[] = [];
  wsServer: string;

  private constructor(
    browser: Browser,
    context: BrowserContext,
    origin: string,
    wsServer: string,
    app: FastifyInstance,
  ) {
    this.browser = browser;
    this.#context = context;
    this.#origin = origin;
    this.wsServer = wsServer;
    this.#app = app;
  }

  /** @param executable a browser to start, where it is not this machine's own on its own network */
  static async open(wsServer: string, flags: string[] = [], executable?: string): Promise<Lab> {
    // Its connections do not stay: a test may count sockets.
    const app = fastify({ keepAliveTimeout: 1, forceCloseConnections: true });
    const sdk = dirname(createRequire(import.meta.url).resolve('twilio-video/dist/twilio-video.js'));
    await app.register(fastifyStatic, { root: sdk, prefix: '/sdk/' });
    await app.register(fastifyStatic, {
      root: fileURLToPath(new URL('../browser/', import.meta.url)),
      decorateReply: false,
    });
    const origin = await app.listen({ host: '127.0.0.1', port: 0 });
    const browser = await chromium.launch({
      executablePath: executable ?? CHROMIUM,
      args: [...FLAGS, ...flags],
    });
    // Pages that come from nowhere may not reach private addresses without being allowed to.
    const beyond = executable === undefined ? [] : ['local-network-access'];
    const context = await browser.newContext({ permissions: ['camera', 'microphone', ...beyond] });
    // A browser on another network does not reach the pages: they are brought to it.
    if (executable !== undefined) {
      await context.route(`${origin}/**`, async (route) => {
        const response = await fetch(route.request().url());
        await route.fulfill({
          status: response.status,
          contentType: response.headers.get('content-type') ?? '',
          body: Buffer.from(await response.arrayBuffer()),
        });
      });
    }
    return new Lab(browser, context, origin, wsServer, app);
  }

  /** Opens an empty page, for something else than the lab. */
  async blankPage(): Promise<Page> {
    const page = await this.#context.newPage();
    this.#blankPages.push(page);
    return page;
  }

  /** Opens a page for a participant of this identity. */
  async page(identity: string): Promise<LabPage> {
    const page = await this.#context.newPage();
    if (process.env['ATRIUM_TEST_CONSOLE'])
      page.on('console', (message) => console.log(`[${identity}]`, message.text()));
    await page.goto(`${this.#origin}/lab.html`);
    const labPage = new LabPage(page, identity, () => this.wsServer);
    this.#pages.push(labPage);
    return labPage;
  }

  /** Opens a page and joins. */
  async join(
    identity: string,
    room: string,
    tracks: TrackSpec[] = [],
    options: object = {},
  ): Promise<LabPage> {
    const page = await this.page(identity);
    const connected = await page.connect(room, tracks, options);
    if (connected.error)
      throw new Error(`${identity} could not join: ${connected.error.code} ${connected.error.message}`);
    return page;
  }

  /** Closes all pages: to be called between tests. */
  async closePages(): Promise<void> {
    const pages = [...this.#pages.splice(0).map(({ page }) => page), ...this.#blankPages.splice(0)];
    await Promise.all(pages.map((page) => page.close()));
    // The browser opens connections ahead, and keeps them though no page is left.
    this.#app.server.closeAllConnections();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.#app.close();
  }
}

const POLL = 100;

/** One page with one participant. */
export class LabPage {
  readonly page: Page;
  readonly identity: string;
  readonly #wsServer: () => string;
  /** What `connect` told. */
  connected: Connected | null = null;

  constructor(page: Page, identity: string, wsServer: () => string) {
    this.page = page;
    this.identity = identity;
    this.#wsServer = wsServer;
  }

  async connect(
    room: string | null,
    tracks: TrackSpec[] = [],
    options: object & { token?: string } = {},
  ): Promise<Connected> {
    const { token = await accessToken({ identity: this.identity }), ...rest } = options;
    const connectOptions = {
      ...(room !== null && { name: room }),
      wsServer: this.#wsServer(),
      insights: false,
      ...rest,
    };
    this.connected = await this.page.evaluate(
      ([aToken, someOptions, someTracks]) =>
        (globalThis as never as LabWindow).lab.connect(aToken, someOptions, someTracks),
      [token, connectOptions, tracks] as const,
    );
    return this.connected;
  }

  get connectOptions(): object {
    return { wsServer: this.#wsServer(), insights: false };
  }

  token(): Promise<string> {
    return accessToken({ identity: this.identity });
  }

  /** Calls a function of `lab` in the page. */
  async call<T>(name: string, ...args: unknown[]): Promise<T> {
    return this.page.evaluate(
      ([method, values]) => {
        const { lab } = globalThis as never as { lab: Record<string, (...args: unknown[]) => unknown> };
        return lab[method]!(...values) as never;
      },
      [name, args] as const,
    );
  }

  publish(track: TrackSpec, options: object = {}): Promise<{ sid?: string; error?: { code: number } }> {
    return this.call('publish', track, options);
  }

  unpublish(name: string): Promise<void> {
    return this.call('unpublish', name);
  }

  received(): Promise<Record<string, Received>> {
    return this.call('received');
  }

  sent(): Promise<Sent[]> {
    return this.call('sent');
  }

  async log(): Promise<unknown[][]> {
    return this.page.evaluate(() => (globalThis as never as { lab: { log: unknown[][] } }).lab.log);
  }

  async messages(): Promise<{ from: string; track: string; data: string }[]> {
    return this.page.evaluate(() => (globalThis as never as { lab: { messages: never[] } }).lab.messages);
  }

  /** Waits until the log holds an entry that begins with these values. */
  async logged(...entry: unknown[]): Promise<void> {
    const text = JSON.stringify(entry).slice(0, -1);
    await this.until(
      async () => (await this.log()).some((logged) => JSON.stringify(logged).startsWith(text)),
      async () =>
        `${this.identity} to log ${JSON.stringify(entry)}; it logged ${JSON.stringify(await this.log())}`,
    );
  }

  /** Waits until as many frames of a remote video, or bytes of a remote audio, arrive anew. */
  async flows(key: string, { frames = 3, packets = 5, within = 15_000 } = {}): Promise<Received> {
    let before: Received | undefined;
    let now: Received | undefined;
    await this.until(
      async () => {
        now = (await this.received())[key];
        before ??= now;
        if (!now || !before) return false;
        return now.kind === 'video'
          ? now.framesDecoded >= before.framesDecoded + frames
          : now.packets >= before.packets + packets;
      },
      async () => `${this.identity} to receive ${key}; it receives ${JSON.stringify(await this.received())}`,
      within,
    );
    return now!;
  }

  /** Waits until nothing arrives of a track for a second. */
  async silent(key: string): Promise<void> {
    let last = -1;
    let since = Date.now();
    await this.until(
      async () => {
        const bytes = (await this.received())[key]?.bytes ?? 0;
        if (bytes !== last) since = Date.now();
        last = bytes;
        return Date.now() - since > 1000;
      },
      async () => `${key} to fall silent at ${this.identity}`,
    );
  }

  /** Waits until a remote video arrives in this width. */
  untilWidth(key: string, width: number, within = 30_000): Promise<void> {
    return this.until(
      async () => (await this.received())[key]?.width === width,
      async () =>
        `${key} to be ${width} wide at ${this.identity}: ${JSON.stringify((await this.received())[key])}`,
      within,
    );
  }

  /** Waits until a track arrives at a rate, in bits a second over two seconds, that a test wants to see. */
  async bitrate(key: string, wanted: (bitrate: number) => boolean, within = 30_000): Promise<number> {
    let bitrate = Number.NaN;
    await this.until(
      async () => {
        const before = (await this.received())[key]?.bytes ?? 0;
        const start = Date.now();
        await this.page.waitForTimeout(2000);
        const after = (await this.received())[key]?.bytes ?? 0;
        bitrate = ((after - before) * 8 * 1000) / (Date.now() - start);
        return wanted(bitrate);
      },
      async () => `another bit rate of ${key} at ${this.identity} than ${Math.round(bitrate)}`,
      within,
    );
    return bitrate;
  }

  /** Waits until a remote video is switched off, or on. */
  untilSwitchedOff(key: string, off: boolean): Promise<void> {
    return this.until(
      async () => (await this.call('isSwitchedOff', key)) === off,
      async () => `${key} to be switched ${off ? 'off' : 'on'} at ${this.identity}`,
    );
  }

  /** Waits until this one, or null for nobody, is the dominant speaker. */
  untilDominant(identity: string | null): Promise<void> {
    return this.until(
      async () => (await this.call('dominantSpeaker')) === identity,
      async () =>
        `${this.identity} to hear ${identity} as the dominant speaker; it was told ${JSON.stringify(await this.call('dominantSidsSoFar'))} ` +
        `on ${JSON.stringify(await this.call('channels'))}, receives ${JSON.stringify(await this.received())}, ` +
        `and logged ${JSON.stringify(await this.log())}`,
    );
  }

  /** The network quality of a participant, as this page is shown it: its own or another's. */
  async quality(identity: string): Promise<ShownQuality> {
    const { own, others } = await this.call<{ own: ShownQuality; others: Record<string, ShownQuality> }>(
      'networkQuality',
    );
    return (identity === this.identity ? own : others[identity]) ?? { level: null, stats: null };
  }

  /** Waits until this page is shown a level that a test wants to see, of itself or of another. */
  untilLevel(identity: string, wanted: (level: number) => boolean, within = 120_000): Promise<void> {
    return this.until(
      async () => {
        const { level } = await this.quality(identity);
        return level !== null && wanted(level);
      },
      async () =>
        `another network quality of ${identity} at ${this.identity}; it logged ${JSON.stringify(await this.log())}, ` +
        `and was answered ${JSON.stringify(await this.call('lastQualityAnswer'))}`,
      within,
    );
  }

  /** Waits until a track is no longer subscribed to. */
  untilGone(key: string): Promise<void> {
    return this.until(
      async () => !(key in (await this.received())),
      async () => `${this.identity} to lose ${key}`,
    );
  }

  /** Waits for as many messages on data tracks in all. */
  untilMessages(count: number): Promise<void> {
    return this.until(
      async () => (await this.messages()).length >= count,
      async () => `${count} messages at ${this.identity}; it has ${(await this.messages()).length}`,
    );
  }

  /** Waits until these channels of media signalling are up, and no others; returns their labels. */
  async untilChannels(...names: string[]): Promise<Record<string, string>> {
    let channels: [string, string][] = [];
    await this.until(
      async () => {
        channels = await this.call('channels');
        return (
          channels
            .map(([name]) => name)
            .sort()
            .join() === [...names].sort().join()
        );
      },
      async () => `${names.join()} at ${this.identity}; up are ${JSON.stringify(channels)}`,
    );
    return Object.fromEntries(channels);
  }

  /** The m-sections of the page's only peer connection. */
  async sectionCount(): Promise<number> {
    const [description] = await this.call<{ local: string }[]>('sdp');
    return description!.local.split('\nm=').length - 1;
  }

  /** Waits for a condition; fails with what was awaited. */
  async until(
    condition: () => Promise<boolean>,
    awaited: () => Promise<string>,
    within = 15_000,
  ): Promise<void> {
    const end = Date.now() + within;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`waited ${within} ms for ${await awaited()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }
}

interface LabWindow {
  lab: { connect(token: string, options: object, tracks: readonly TrackSpec[]): Promise<Connected> };
}
