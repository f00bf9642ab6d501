import { createRequire } from 'node:module';

// A client as the SDK behaves on the wire, without a browser: what it says of its peer connections and what it
// makes of what it hears (specification: twilio-video's lib/signaling/v2/peerconnection.js, its manager and its
// transport). Steps that take time in a browser happen at once.

interface IceBox {
  ufrag: string | null;
  setUfrag(ufrag: string): string[];
  update(ice: { ufrag: string; revision: number; candidates: string[] }): string[];
}
const IceBox = createRequire(import.meta.url)('twilio-video/lib/signaling/v2/icebox.js') as new () => IceBox;

interface Description {
  type: string;
  revision?: number;
  sdp?: string;
}
export interface ConnectionState {
  id: string;
  description?: Description;
  ice?: { ufrag: string; revision: number; candidates: string[]; complete?: boolean };
}

/** What stands in a simulated description. */
interface Content {
  /** Unique. */
  name: string;
  owner: string;
  ufrag: string;
  tracks: number;
  sections: number;
  /** The name of the offer that this answers. */
  answers?: string;
}
const write = (content: Content): string => `v=0\r\n${JSON.stringify(content)}`;
const read = (sdp: string): Content => JSON.parse(sdp.slice('v=0\r\n'.length)) as Content;

let count = 0;
const fresh = (prefix: string): string => `${prefix}${++count}`;

/** One peer connection of a client. */
export class SimulatedConnection {
  readonly id: string;
  /** Everything that went wrong in a way that no real client would survive. */
  readonly #client: SimulatedSdk;
  readonly #iceBox = new IceBox();
  /** Candidates of the other side that the browser took, by generation. */
  readonly taken = new Map<string, Set<string>>();
  /** Own candidates, by generation: all, though the SDK forgets some. */
  readonly gathered = new Map<string, Set<string>>();
  #localCandidates: string[] = [];
  #iceRevision = 1;
  #revision = 0;
  #stableRevision = 0;
  #needsAnswer = false;
  #shouldOffer = false;
  #shouldRestartIce = false;
  #isRestartingIce = false;
  #queued: Description | null = null;
  #ufrag = fresh('u');
  #stableUfrag = this.#ufrag;
  #pendingOffer: Content | null = null;
  #sections = 0;
  #local: Description | null = null;
  /** The last description of each side that both agreed on. */
  agreed: { local: Content; remote: Content } | null = null;

  constructor(id: string, client: SimulatedSdk) {
    this.id = id;
    this.#client = client;
  }

  get isSettled(): boolean {
    return this.agreed !== null && !this.#needsAnswer;
  }

  get revision(): number {
    return this.#stableRevision;
  }

  get state(): ConnectionState | null {
    if (!this.#local) return null;
    const revision = this.#local.type === 'answer' ? this.#stableRevision : this.#revision;
    return { id: this.id, description: { ...this.#local, revision } };
  }

  offer(): void {
    if (this.#needsAnswer || this.#isRestartingIce) this.#shouldOffer = true;
    else this.#makeOffer();
  }

  restartIce(): void {
    this.#shouldRestartIce = true;
    this.offer();
  }

  gather(): void {
    if (!this.#local) return;
    const candidate = fresh('candidate');
    this.#localCandidates.push(candidate);
    const all = this.gathered.get(this.#ufrag) ?? new Set();
    this.gathered.set(this.#ufrag, all.add(candidate));
    const ice = {
      ufrag: this.#ufrag,
      revision: this.#iceRevision++,
      candidates: [...this.#localCandidates],
    };
    this.#client.say({ id: this.id, ice });
  }

  close(): void {
    this.#revision++;
    this.#local = { type: 'close' };
    this.#client.say(this.state!);
    this.#client.forget(this);
  }

  update({ description, ice }: ConnectionState): void {
    if (ice) this.#take(this.#iceBox.update(ice));
    if (description) this.#updateDescription(description);
  }

  #updateDescription(description: Description): void {
    const { type, revision = 0 } = description;
    switch (type) {
      case 'answer':
        if (revision !== this.#revision || !this.#pendingOffer) return;
        return this.#onAnswer(read(description.sdp!), revision);
      case 'close':
        return this.#client.forget(this);
      case 'create-offer':
        if (revision <= this.#stableRevision) return;
        if (this.#needsAnswer) {
          this.#queued = description;
          return;
        }
        this.#revision = revision;
        return this.#makeOffer();
      case 'offer':
        return this.#onOffer(description, revision);
    }
  }

  #onOffer(description: Description, revision: number): void {
    if (revision <= this.#stableRevision) return;
    const offer = read(description.sdp!);
    if (this.#pendingOffer) {
      if (this.#stableRevision === 0) {
        this.#queued = description;
        return;
      }
      this.#revision = revision;
      this.#rollBack();
      const offeredAgain = this.#answer(offer);
      if (!offeredAgain) this.#makeOffer();
      return;
    }
    this.#revision = revision;
    this.#answer(offer);
  }

  #rollBack(): void {
    if (this.#isRestartingIce) {
      this.#isRestartingIce = false;
      this.#shouldRestartIce = true;
    }
    this.#ufrag = this.#stableUfrag;
    this.#pendingOffer = null;
    this.#needsAnswer = false;
  }

  #answer(offer: Content): boolean {
    this.#sections = Math.max(this.#sections, offer.sections);
    const answer = { ...this.#describe(), answers: offer.name };
    this.#stableRevision = this.#revision;
    this.agreed = { local: answer, remote: offer };
    this.#stableUfrag = this.#ufrag;
    this.#setLocal('answer', answer);
    this.#take(this.#iceBox.setUfrag(offer.ufrag));
    return this.#afterNegotiation();
  }

  #onAnswer(answer: Content, revision: number): void {
    if (answer.answers !== this.#pendingOffer!.name)
      this.#client.fail(`${this.#pendingOffer!.name} was answered with the answer to ${answer.answers}`);
    this.agreed = { local: this.#pendingOffer!, remote: answer };
    this.#pendingOffer = null;
    this.#isRestartingIce = false;
    this.#stableUfrag = this.#ufrag;
    this.#stableRevision = revision;
    this.#needsAnswer = false;
    this.#take(this.#iceBox.setUfrag(answer.ufrag));
    this.#afterNegotiation();
  }

  #afterNegotiation(): boolean {
    const queued = this.#queued;
    this.#queued = null;
    if (queued) this.#updateDescription(queued);
    const shouldOffer = this.#shouldOffer || this.#client.tracks > this.#sections;
    if (shouldOffer && !this.#needsAnswer) this.#makeOffer();
    return shouldOffer;
  }

  #makeOffer(): void {
    this.#needsAnswer = true;
    this.#shouldOffer = false;
    if (this.#shouldRestartIce) {
      this.#shouldRestartIce = false;
      this.#isRestartingIce = true;
      this.#ufrag = fresh('u');
    }
    this.#sections = Math.max(this.#sections, this.#client.tracks);
    this.#revision++;
    this.#pendingOffer = this.#describe();
    this.#setLocal('offer', this.#pendingOffer);
  }

  #describe(): Content {
    return {
      name: fresh('description'),
      owner: this.#client.name,
      ufrag: this.#ufrag,
      tracks: Math.min(this.#client.tracks, this.#sections),
      sections: this.#sections,
    };
  }

  #setLocal(type: string, content: Content): void {
    this.#local = { type, sdp: write(content) };
    // As the SDK does, in the middle of a generation too.
    this.#localCandidates = [];
    this.#client.say(this.state!);
  }

  #take(candidates: string[]): void {
    const { ufrag } = this.#iceBox;
    if (ufrag === null) return;
    const taken = this.taken.get(ufrag) ?? new Set();
    for (const candidate of candidates) taken.add(candidate);
    this.taken.set(ufrag, taken);
  }
}

interface ServerMessage {
  type: string;
  session?: string;
  peer_connections?: ConnectionState[];
}

/** One client in one session. Its messages wait in {@link outbox} until a test delivers them. */
export class SimulatedSdk {
  readonly name: string;
  readonly faults: string[] = [];
  readonly connections = new Map<string, SimulatedConnection>();
  readonly #closed = new Set<string>();
  /** Those with whom it had a connection that ended. */
  readonly partedFrom: string[] = [];
  outbox: object[] = [];
  tracks = 1;
  session: string | null = null;
  #transport: 'connecting' | 'connected' | 'syncing' = 'connecting';
  #waiting: ConnectionState[] = [];

  constructor(name: string) {
    this.name = name;
    this.#getOrCreate(fresh('pc')).offer();
    this.#waiting = [];
    this.outbox.push(this.#message('connect', {}));
  }

  publish(): void {
    this.tracks++;
    for (const connection of [...this.connections.values()]) connection.offer();
  }

  /** The connection is lost, with all that was under way. */
  cut(): void {
    if (this.#transport === 'connecting') return;
    this.outbox = [];
    this.#transport = 'syncing';
  }

  comeBack(): void {
    this.outbox.push(this.#message('sync', { session: this.session }));
  }

  hear(message: ServerMessage): void {
    if (message.type === 'connected' || message.type === 'synced') {
      this.session = message.session ?? null;
      this.#transport = 'connected';
      if (message.type === 'synced') this.#closeAbsent(message.peer_connections ?? []);
      for (const state of reduced(this.#waiting)) this.say(state);
      this.#waiting = [];
    }
    if (message.type === 'error') this.fail(`the session ended: ${JSON.stringify(message)}`);
    for (const state of message.peer_connections ?? []) {
      if (!this.#closed.has(state.id)) this.#getOrCreate(state.id).update(state);
    }
  }

  say(state: ConnectionState): void {
    if (this.#transport !== 'connected') this.#waiting.push(state);
    else this.outbox.push({ type: 'update', version: 2, session: this.session, peer_connections: [state] });
  }

  forget({ id, agreed }: SimulatedConnection): void {
    if (agreed) this.partedFrom.push(agreed.remote.owner);
    this.connections.delete(id);
    this.#closed.add(id);
  }

  fail(fault: string): void {
    this.faults.push(`${this.name}: ${fault}`);
  }

  #closeAbsent(states: ConnectionState[]): void {
    const listed = new Set(states.map(({ id }) => id));
    for (const connection of [...this.connections.values()])
      if (!listed.has(connection.id)) this.forget(connection);
  }

  #getOrCreate(id: string): SimulatedConnection {
    const known = this.connections.get(id) ?? new SimulatedConnection(id, this);
    this.connections.set(id, known);
    return known;
  }

  #message(type: string, changes: object): object {
    const states = [...this.connections.values()].flatMap(({ state }) => state ?? []);
    return {
      type,
      version: 2,
      token: 'token',
      name: 'room',
      participant: { revision: 1, tracks: [] },
      peer_connections: states,
      ...changes,
    };
  }
}

/** What waits while there is no connection is brought down to the last of each kind. */
function reduced(states: ConnectionState[]): ConnectionState[] {
  const byId = new Map<string, ConnectionState>();
  for (const { id, description, ice } of states) {
    const last = byId.get(id) ?? { id };
    if (description && (description.revision ?? 0) > (last.description?.revision ?? -1))
      last.description = description;
    if (ice && ice.revision > (last.ice?.revision ?? -1)) last.ice = ice;
    byId.set(id, last);
  }
  return [...byId.values()];
}
