import { createWorker } from 'mediasoup';
import type { types } from 'mediasoup';
import type { Page } from 'playwright-core';
import { workerPath } from '../native/worker.mjs';
import { VIDEO_FEEDBACK, routerCodecs } from '../src/sfu/codecs.js';
import { parseDescription } from '../src/sfu/sdp/parse.js';
import type { RemoteMediaSection } from '../src/sfu/sdp/parse.js';
import { renderDescription } from '../src/sfu/sdp/render.js';
import type { LocalTransport } from '../src/sfu/sdp/render.js';

/**
 * The least that forwards a video with mediasoup: one router, a transport a page, one negotiation each, and no
 * room, token, signalling or model around it.
 */
export class BareRelay {
  readonly worker: types.Worker;
  readonly #router: types.Router;
  readonly #server: types.WebRtcServer;
  readonly #subscribers = new Map<string, { transport: types.WebRtcTransport; consumer: types.Consumer }>();
  #producer: types.Producer | null = null;

  private constructor(worker: types.Worker, router: types.Router, server: types.WebRtcServer) {
    this.worker = worker;
    this.#router = router;
    this.#server = server;
  }

  static async start(): Promise<BareRelay> {
    const worker = await createWorker({ workerBin: workerPath()! });
    const router = await worker.createRouter({ mediaCodecs: routerCodecs(['VP8']) });
    const server = await worker.createWebRtcServer({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] });
    return new BareRelay(worker, router, server);
  }

  /** Lets a page call the relay. */
  async serve(page: Page): Promise<void> {
    await page.exposeFunction('relayPublish', (sdp: string) => this.#publish(sdp));
    await page.exposeFunction('relaySubscribe', () => this.#subscribe());
    await page.exposeFunction('relaySubscribed', (id: string, sdp: string) => this.#subscribed(id, sdp));
  }

  stop(): void {
    this.worker.close();
  }

  /** Milliseconds of processor time that the worker has used. */
  async cpu(): Promise<number> {
    const { ru_utime: user, ru_stime: system } = await this.worker.getResourceUsage();
    return user + system;
  }

  #createTransport(): Promise<types.WebRtcTransport> {
    return this.#router.createWebRtcTransport({
      webRtcServer: this.#server,
      initialAvailableOutgoingBitrate: 2_000_000,
    });
  }

  async #publish(sdp: string): Promise<string> {
    const transport = await this.#createTransport();
    const { fingerprint, sections } = parseDescription(sdp);
    await transport.connect({ dtlsParameters: { role: 'client', fingerprints: [fingerprint] } });
    const { mid, codecs: offered, source } = sections[0] as RemoteMediaSection;
    const vp8 = offered.find(({ name }) => name === 'VP8')!;
    const codecs = [
      {
        mimeType: 'video/VP8',
        payloadType: vp8.payloadType,
        clockRate: 90_000,
        rtcpFeedback: VIDEO_FEEDBACK,
      },
    ];
    this.#producer = await transport.produce({
      kind: 'video',
      rtpParameters: { codecs, encodings: [{ ssrc: source!.encodings[0]!.ssrc }] },
    });
    return renderDescription({
      type: 'answer',
      version: 1,
      transport: describe(transport),
      sections: [{ mid, kind: 'video', direction: 'recvonly', codecs, extensions: [], source: null }],
    });
  }

  async #subscribe(): Promise<{ id: string; sdp: string }> {
    const transport = await this.#createTransport();
    const { codecs } = this.#router.rtpCapabilities;
    const consumer = await transport.consume({
      producerId: this.#producer!.id,
      rtpCapabilities: { codecs: codecs!, headerExtensions: [] },
      paused: true,
    });
    this.#subscribers.set(transport.id, { transport, consumer });
    const { ssrc, rtx } = consumer.rtpParameters.encodings![0]!;
    const sdp = renderDescription({
      type: 'offer',
      version: 1,
      transport: describe(transport),
      sections: [
        {
          mid: '0',
          kind: 'video',
          direction: 'sendonly',
          codecs: consumer.rtpParameters.codecs,
          extensions: [],
          source: {
            streamId: 'relay',
            trackId: 'video',
            cname: 'relay',
            ssrc: ssrc!,
            ...(rtx && { rtxSsrc: rtx.ssrc }),
          },
        },
      ],
    });
    return { id: transport.id, sdp };
  }

  async #subscribed(id: string, sdp: string): Promise<void> {
    const { transport, consumer } = this.#subscribers.get(id)!;
    const { fingerprint } = parseDescription(sdp);
    await transport.connect({ dtlsParameters: { role: 'client', fingerprints: [fingerprint] } });
    await consumer.resume();
  }
}

function describe({ iceParameters, iceCandidates, dtlsParameters }: types.WebRtcTransport): LocalTransport {
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256')!;
  return { iceParameters, iceCandidates, fingerprint };
}
