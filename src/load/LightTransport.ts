import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import {
  DtlsClient,
  Event,
  Message,
  ProtectionProfileAeadAes128Gcm,
  RTCDtlsTransport,
  RTCSctpTransport,
  SrtcpSession,
  SrtpSession,
  classes,
  fingerprint,
  keyLength,
  methods,
  saltLength,
} from 'werift';
import type { RTCCertificate, RTCDataChannel, RtpHeader } from 'werift';
import type { LocalTransport, ServerTransport } from './descriptions.js';

/** Milliseconds between two tries of a check that is not answered, and between those that keep the way open. */
const CHECK_RETRY = 200;
const CHECK_INTERVAL = 5_000;
/** Milliseconds. */
const PATIENCE = 30_000;
/** Of a host candidate over UDP that the other side has to find out by itself (RFC 8445, section 5.1.2). */
const PRIORITY = 1_845_501_695;
const SCTP_PORT = 5000;
const RECEIVE_BUFFER = 4 * 1024 * 1024;

export interface LightTransportListener {
  /** The packet is as it came: its payload is encrypted, its header is not. */
  onRtp(packet: Buffer): void;
  /** Decrypted. */
  onRtcp(packet: Buffer): void;
  onChannel(channel: RTCDataChannel): void;
}

/**
 * The least of ICE, DTLS and SRTP with which a client reaches a server that is ICE-lite: one socket, one pair of
 * candidates. It does not decrypt the media it receives; what a load test wants to know stands in their headers.
 */
export class LightTransport {
  readonly local: LocalTransport;
  readonly #certificate: RTCCertificate;
  readonly #listener: LightTransportListener;
  readonly #socket: Socket = createSocket('udp4');
  #check: NodeJS.Timeout | null = null;
  #checked: (() => void) | null = null;
  #onDtls: (data: Buffer) => void = () => {};
  #dtls: DtlsClient | null = null;
  #srtp: SrtpSession | null = null;
  #srtcp: SrtcpSession | null = null;
  #sctp: RTCSctpTransport | null = null;
  #closed = false;

  private constructor(certificate: RTCCertificate, listener: LightTransportListener) {
    this.#certificate = certificate;
    this.#listener = listener;
    const own = certificate.getFingerprints().find(({ algorithm }) => algorithm === 'sha-256')!;
    this.local = {
      iceUfrag: randomBytes(4).toString('hex'),
      icePwd: randomBytes(16).toString('hex'),
      fingerprint: own.value.toUpperCase(),
    };
    this.#socket.on('message', (data) => this.#onData(data));
    // A port that is closed on the other side: the checks notice.
    this.#socket.on('error', () => {});
  }

  static async create(listener: LightTransportListener): Promise<LightTransport> {
    // One for all transports of the thread: making one is slow.
    return new LightTransport(await RTCDtlsTransport.SetupCertificate(), listener);
  }

  /** Whether media can be sent. */
  get isOpen(): boolean {
    return this.#srtp !== null && !this.#closed;
  }

  /**
   * Reaches the server.
   * @throws Error when it does not answer, or is another one than it says
   */
  async connect(server: ServerTransport): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.connect(server.port, server.address, resolve));
    try {
      this.#socket.setRecvBufferSize(RECEIVE_BUFFER);
    } catch {
      // The system grants less: so be it.
    }
    await within(PATIENCE, 'ICE', this.#reach(server));
    await within(PATIENCE, 'DTLS', this.#handshake(server));
  }

  #reach(server: ServerTransport): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => this.#sendCheck(server);
      this.#checked = () => {
        this.#checked = null;
        if (this.#check) clearInterval(this.#check);
        if (!this.#closed) this.#check = setInterval(check, CHECK_INTERVAL);
        resolve();
      };
      this.#check = setInterval(check, CHECK_RETRY);
      check();
    });
  }

  #sendCheck({ iceUfrag, icePwd }: ServerTransport): void {
    const check = new Message(methods.BINDING, classes.REQUEST);
    check.setAttribute('USERNAME', `${iceUfrag}:${this.local.iceUfrag}`);
    check.setAttribute('PRIORITY', PRIORITY);
    check.setAttribute('ICE-CONTROLLING', 1n);
    check.setAttribute('USE-CANDIDATE', null);
    this.#send(check.addMessageIntegrity(Buffer.from(icePwd)).addFingerprint().bytes);
  }

  async #handshake(server: ServerTransport): Promise<void> {
    const { certPem: cert, privateKey: key, signatureHash } = this.#certificate;
    const transport = {
      type: 'udp',
      address: this.#socket.address(),
      closed: false,
      onData: () => {},
      send: (data: Buffer) => Promise.resolve(this.#send(data)),
      close: () => Promise.resolve(),
    };
    const dtls = new DtlsClient({
      cert,
      key,
      signatureHash,
      transport,
      srtpProfiles: [ProtectionProfileAeadAes128Gcm],
      extendedMasterSecret: true,
    });
    this.#dtls = dtls;
    this.#onDtls = (data) => (transport.onData as (data: Buffer) => void)(data);
    await new Promise<void>((resolve, reject) => {
      dtls.onConnect.once(() => resolve());
      dtls.onError.once(reject);
      dtls.onClose.once(() => reject(new Error('the server refused DTLS')));
      dtls.connect().catch(reject);
    });
    if (fingerprint(dtls.remoteCertificate!, 'sha256').toUpperCase() !== server.fingerprint.toUpperCase())
      throw new Error('the server has another certificate than it says');
    const profile = dtls.srtp.srtpProfile!;
    const keys = dtls.extractSessionKeys(keyLength(profile), saltLength(profile));
    const config = {
      profile,
      keys: {
        localMasterKey: keys.localKey as Buffer,
        localMasterSalt: keys.localSalt as Buffer,
        remoteMasterKey: keys.remoteKey as Buffer,
        remoteMasterSalt: keys.remoteSalt as Buffer,
      },
    };
    this.#srtp = new SrtpSession(config);
    this.#srtcp = new SrtcpSession(config);
  }

  /** Lets the server open data channels; to be called once, after {@link connect}. */
  openDataChannels(): void {
    const dtls = this.#dtls;
    if (!dtls || this.#sctp) return;
    const sctp = new RTCSctpTransport(SCTP_PORT);
    const bridge = {
      id: 'load',
      iceTransport: { role: 'controlling' },
      onStateChange: new Event(),
      dataReceiver: (_data: Buffer): void => {},
      sendData: (data: Buffer) => (this.#closed ? Promise.resolve() : dtls.send(data)),
    };
    // Of a DTLS transport it uses no more than this.
    sctp.setDtlsTransport(bridge as unknown as RTCDtlsTransport);
    dtls.onData.subscribe((data) => bridge.dataReceiver(data));
    sctp.onDataChannel.subscribe((channel) => this.#listener.onChannel(channel));
    this.#sctp = sctp;
    sctp.start(SCTP_PORT).catch(() => {});
  }

  /** Sends a packet; returns its size in bytes. */
  sendRtp(header: RtpHeader, payload: Buffer): number {
    if (!this.#srtp) return 0;
    const packet = this.#srtp.encrypt(payload, header);
    this.#send(packet);
    return packet.length;
  }

  sendRtcp(packet: Buffer): void {
    if (this.#srtcp) this.#send(this.#srtcp.encrypt(packet));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#check) clearInterval(this.#check);
    this.#sctp?.stop().catch(() => {});
    this.#socket.close();
  }

  #send(data: Buffer): void {
    // With a callback, what the system refuses is no event of the socket.
    if (!this.#closed) this.#socket.send(data, () => {});
  }

  /** What shares the port is told apart by its first byte (RFC 7983). */
  #onData(data: Buffer): void {
    const first = data[0] ?? 255;
    if (first >= 128 && first <= 191) {
      const type = data[1]!;
      if (type < 192 || type > 223) this.#listener.onRtp(data);
      else this.#onSrtcp(data);
    } else if (first >= 20 && first <= 63) this.#onDtls(data);
    else if (first === 1 && data[1] === 1) this.#checked?.();
  }

  #onSrtcp(data: Buffer): void {
    let packet: Buffer;
    try {
      packet = this.#srtcp!.decrypt(data);
    } catch {
      // From before the keys were known, or not the server's.
      return;
    }
    this.#listener.onRtcp(packet);
  }
}

async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
