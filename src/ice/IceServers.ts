import { z } from 'zod';

/** An ICE server as a client's RTCPeerConnection takes it. */
export const iceServerSchema = z.strictObject({
  urls: z.union([z.string(), z.array(z.string()).min(1)]),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof iceServerSchema>;

/** Decides which STUN and TURN servers a client is told. */
export class IceServers {
  readonly #fixed: readonly IceServer[];

  /** @param fixed servers that every client is told as they stand */
  constructor(fixed: readonly IceServer[]) {
    this.#fixed = fixed;
  }

  forClient(_accountSid: string, _identity: string): readonly IceServer[] {
    return this.#fixed;
  }
}
