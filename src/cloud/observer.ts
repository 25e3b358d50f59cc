/**
 * An observer of a cluster: somebody on its Ethernet who knows from the nodes' own packets who lives, and is none of
 * them (docs/protocols/cluster.md, "Observers"). It believes only what carries the cluster's code and shows that it was
 * sent after this observer began. It has no vote, is in nobody's view, holds and serves nothing, and founds nothing. It
 * says hello to a coordinator that it cannot believe yet, and asks for what its host wants changed (changes.ts).
 *
 * No clock, timer or source of randomness of its own: time comes in with `now` and `tick`, frames with `receive`.
 */
import { macOf, nodeId } from "../wire/cluster.ts";
import {
  BUSY,
  BYE,
  CHANGED,
  CODE_BYTES,
  DISKLESS,
  ECHO_BYTES,
  EVENTS,
  HELLO,
  HOLD,
  ID_BYTES,
  JOIN,
  JOINING,
  LEADER_ADDRESS,
  LEFT,
  OUTDATED,
  PUSHED,
  VALUES,
  VIEW,
  WELCOME,
} from "../wire/cluster-layout.ts";
import {
  type Entry,
  type Head,
  type HistoryEvent,
  type Packet,
  packetBytes,
  type Region,
  readPacket,
} from "../wire/cluster-packet.ts";
import { packetHex } from "../wire/hex.ts";
import { type Ask, Changes, type Outcome, type Asked as Whom } from "./changes.ts";
import { Codes } from "./codes.ts";
import { History } from "./history.ts";
import { Asking, type ClusterKey, Invitations, type SayWith } from "./invitation.ts";
import { type PushAsk, Pushes } from "./pushes.ts";
import { Sessions } from "./sessions.ts";
import { type Datagram, GROUP, Station } from "./station.ts";
import { type PartRecord, Views } from "./views.ts";

/** Between two hellos: docs/protocols/cluster.md, "Freshness". */
const ASK_MS = 250;
/** Between two that ask somebody unknown whether the key was replaced. */
const WONDER_MS = 10_000;
/** Between two ticks: this observer did not run. */
const FROZEN_MS = 200;
/** A holder that is silent for so long holds nothing. */
const LEASE_MS = 250;
const MOST_ASKED = 8;
const MOST_SERVICES = 64;
/** Whoever speaks as an open cluster, in a cluster with a key, is remembered for so long. */
const BLANK_MS = 5_000;
const MOST_BLANK = 64;
const NOBODY = "0".repeat(2 * ID_BYTES);
const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** A node that a believed coordinator has in its view, or the coordinator itself. */
export interface Member {
  /** Sixteen hexadecimal digits: EUI-64 of its first network card. */
  readonly id: string;
  readonly name: string;
  /** As text: 10.0.2.15. */
  readonly address: string;
  readonly era: number;
  /** Id of whoever founded the era. */
  readonly founder: string;
  /** How often it has booted. */
  readonly age: number;
  /** Of its kernel. */
  readonly revision: number;
  /** Of its boot: another one is another boot. Sixteen hexadecimal digits. */
  readonly session: string;
  readonly isCoordinator: boolean;
  readonly isBusy: boolean;
  /** Its age and era are in its memory only. */
  readonly isDiskless: boolean;
  /** Id of the coordinator in whose view it is. Members of a cluster that is whole have the same. */
  readonly part: string;
}

/** A cluster, or one of the parts into which it was cut: what one coordinator says. */
export interface Part {
  /** Id of its coordinator. */
  readonly coordinator: string;
  readonly era: number;
  readonly founder: string;
  /** All that its coordinator counts, in the order of their ids. Another part may count some of them too. */
  readonly members: readonly Member[];
  /**
   * Whether its members are exactly those that the coordinator counts: number and digest agree. Until then some may be
   * missing, or may be gone. An observer that hears the group alone, and came after the members, may have to ask them
   * for the rest (docs/protocols/cluster.md, "Observers").
   */
  readonly isWhole: boolean;
}

/** Who holds a service address. */
export interface Service {
  readonly address: string;
  /** Id. */
  readonly holder: string;
}

export interface ObserverOptions {
  /** The cluster's key, 32 bytes, with its name. Without a key the cluster is open. */
  readonly key?: Uint8Array;
  /** Of the cluster; goes with `key`. */
  readonly name?: string;
  /** Eight bytes that nobody can guess, drawn anew for each observer. */
  readonly session: Uint8Array;
  /** Where this observer is on the Ethernet. Its address must be of the nodes' subnet. */
  readonly station: { readonly mac: Uint8Array; readonly address: string; readonly name?: string };
  /** Sends a frame, from the destination's MAC address on, without FCS. */
  send(frame: Uint8Array): void;
  /** Milliseconds from any moment on. It never goes back; while the host sleeps it may stand still or go on. */
  now(): number;
}

const inOrder = (members: Member[]): readonly Member[] => members.sort((a, b) => (a.id < b.id ? -1 : 1));

function memberOf({ id, name, address, age, revision, session, flags }: Entry, part: PartRecord): Member {
  const { era, founder, coordinator } = part;
  const [isBusy, isDiskless] = [(flags & BUSY) !== 0, (flags & DISKLESS) !== 0];
  const said = { id, name, address, age, revision, session, isBusy, isDiskless };
  return { ...said, era, founder, isCoordinator: coordinator === id, part: coordinator };
}

/** Views of a session that is not believed: who sent the last one. */
interface Asked extends Pick<Datagram, "from" | "mac"> {
  readonly session: string;
  readonly sequence: number;
}

/**
 * Hears a cluster. Give it every frame that reaches its station: those of a whole switch where there are any, else
 * those to the group, 239.255.81.82.
 */
export class Observer {
  readonly #codes: Codes;
  readonly #station: Station;
  readonly #sessions: Sessions;
  readonly #views = new Views();
  readonly #history = new History();
  readonly #options: ObserverOptions;
  readonly #id: string;
  readonly #session: string;
  /** By session: whom to ask for a proof that it speaks now. */
  readonly #asked = new Map<string, Asked>();
  /** Where coordinators are that were believed, by session: whom to ask whether the key was replaced. */
  readonly #coordinators = new Map<string, Pick<Datagram, "from" | "mac">>();
  /** By session of whoever coordinated: number and digest of its values, as it said them last. */
  readonly #valuesOf = new Map<string, Pick<Head, "valuesNumber" | "valuesDigest">>();
  readonly #changesAsked: Changes;
  /** What is pushed into nodes. */
  readonly pushes: Pushes;
  readonly #invitations: Invitations | null;
  #asking: Asking | null = null;
  /** By id: when it last spoke as one of an open cluster. */
  readonly #blank = new Map<string, number>();
  readonly #holds = new Map<string, { readonly holder: string; readonly heardMs: number }>();
  #values: { readonly number: number; readonly digest: number; readonly texts: ReadonlyMap<string, string> } | null =
    null;
  /** Number and digest of the cluster's values, by a coordinator's last view. */
  #valuesNow = { number: -1, digest: 0 };
  #askedMs = Number.NEGATIVE_INFINITY;
  #wonderedMs = Number.NEGATIVE_INFINITY;
  #tickedMs: number;
  #isOutdated = false;
  #changes = 0;
  #shown: { readonly members: readonly Member[]; readonly parts: readonly Part[]; readonly version: number } = {
    members: [],
    parts: [],
    version: 0,
  };

  constructor(options: ObserverOptions) {
    const { key, name, session, station } = options;
    if (session.length !== ID_BYTES || session.subarray(0, ECHO_BYTES).every((byte) => byte === 0))
      throw new RangeError("an observer's session has eight random bytes");
    this.#options = options;
    this.#codes = new Codes(key, name);
    this.#station = new Station(station.mac, station.address, (frame) => options.send(frame));
    this.#id = nodeId(station.mac);
    this.#session = packetHex(session, 0, ID_BYTES);
    this.#sessions = new Sessions(this.#session);
    this.#tickedMs = options.now();
    this.#invitations = key && name ? new Invitations({ name, key }, this.#sayWith) : null;
    this.#changesAsked = new Changes({
      coordinator: () => this.#coordinator(),
      holderOf: (address) => this.#whom(this.#holds.get(address)?.holder),
      say: (ask, to, request) => this.#request(ask, to, request),
    });
    this.pushes = new Pushes({
      member: (id) => this.#whom(id),
      say: (ask, to, request) => this.#request(ask, to, request),
    });
  }

  /** Who lives, in the order of ids. The same array until something changes. */
  get members(): readonly Member[] {
    return this.#shown.members;
  }

  /** The clusters that it hears: one, but where names differ or cables are cut. */
  get parts(): readonly Part[] {
    return this.#shown.parts;
  }

  /** The cluster's history as far as it was heard, in its order (docs/protocols/cluster-history.md). */
  get events(): readonly HistoryEvent[] {
    return this.#history.events;
  }

  /**
   * The cluster's values; null while they are not known: members tell them only when they change, or somebody joins.
   */
  get settings(): ReadonlyMap<string, string> | null {
    const { number, digest } = this.#valuesNow;
    if (number === 0) return NO_VALUES;
    return this.#values?.number === number && this.#values.digest === digest ? this.#values.texts : null;
  }

  /** The service addresses that somebody holds now. */
  get services(): readonly Service[] {
    return [...this.#holds].map(([address, { holder }]) => ({ address, holder }));
  }

  /** The cluster has another key now: a member's word, signed with the one that this observer has. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /** Counts what changed in any of these. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * Asks the cluster for a value, or with null that there be none of this name. `done` is told once what became of it.
   * Throws a RangeError for what no cluster can have.
   */
  set(name: string, value: string | null, done: (outcome: Outcome) => void): void {
    this.#changesAsked.set(name, value, done);
  }

  /** Asks that a service address move to a node. */
  move(address: string, id: string, done: (outcome: Outcome) => void): void {
    this.#changesAsked.move(address, id, done);
  }

  /**
   * Invites one machine, within ten minutes: the code that it is to be told. `code` has ten random bytes, `nonce`
   * sixteen. It is answered while a coordinator speaks that has this observer's key. Null: there is no key to give, or
   * it was replaced.
   */
  invite(code: Uint8Array, nonce: Uint8Array): string | null {
    return this.#isOutdated ? null : (this.#invitations?.open(code, nonce, this.#options.now()) ?? null);
  }

  /** Asks for the name and key of the cluster in which this code was drawn; `done` is told null if nobody answers. */
  join(code: Uint8Array, nonce: Uint8Array, done: (given: ClusterKey | null) => void): void {
    this.#asking = new Asking(code, nonce, this.#sayWith, done);
  }

  /** Ids of those who speak as an open cluster, where this observer has a key. Anyone can say so. */
  get blank(): readonly string[] {
    const sinceMs = this.#options.now() - BLANK_MS;
    return [...this.#blank].flatMap(([id, heardMs]) => (heardMs >= sinceMs ? [id] : []));
  }

  /** Takes in a frame, whatever it is. */
  receive(frame: Uint8Array): void {
    const datagram = this.#station.take(frame);
    const packet = datagram && readPacket(datagram.data);
    if (!datagram || packet?.head.address !== datagram.from || packet.head.id === this.#id) return;
    if (packet.head.session === NOBODY) return;
    if (packet.kind === JOIN) this.#invitations?.heard(packet, datagram, this.#options.now());
    else if (packet.kind === WELCOME) this.#asking?.heard(packet, datagram);
    else if (!this.#codes.isRight(datagram.data)) this.#suspectKey(packet, datagram);
    else if (packet.kind === OUTDATED) this.#hearOutdated(packet);
    else if (this.#sessions.isNew(packet)) this.#believe(packet, datagram);
    else if (packet.kind === VIEW) this.#doubt(packet, datagram);
  }

  /**
   * Time has passed: to be called every 50 ms or so. Whom nobody hears any more is found silent here; 200 ms or more
   * without a call are time in which this observer did not run, and count for nobody's silence.
   */
  tick(): void {
    const nowMs = this.#options.now();
    if (nowMs - this.#tickedMs >= FROZEN_MS) this.#views.thaw(nowMs, nowMs - this.#tickedMs);
    this.#tickedMs = nowMs;
    this.#views.tick(nowMs);
    for (const [address, { heardMs }] of this.#holds)
      if (nowMs - heardMs >= LEASE_MS) {
        this.#holds.delete(address);
        this.#changes++;
      }
    this.#show();
    this.#ask(nowMs);
    this.#changesAsked.tick(nowMs);
    this.pushes.tick(nowMs);
    this.#asking?.tick(nowMs);
  }

  /** A packet of somebody who speaks now, and that was not heard before. */
  #believe(packet: Packet, { to, from, mac }: Datagram): void {
    const { head } = packet;
    const nowMs = this.#options.now();
    this.#asked.delete(head.session);
    if (this.#valuesOf.has(head.session)) this.#hearValuesOf(head);
    if (packet.kind === CHANGED && packet.fields.target === this.#id && this.#answers(head))
      this.#changesAsked.answered(packet, nowMs);
    if (packet.kind === PUSHED && packet.fields.target === this.#id && this.#answers(head))
      this.pushes.answered(packet, nowMs);
    if (packet.kind === VIEW) {
      this.#invitations?.answer();
      this.#hearValuesOf(head);
      this.#views.take(packet, nowMs, (entry) => this.#list(entry));
      this.#remember(head.session, { from, mac });
      this.#hearValuesNow(head);
    } else this.#views.hear(packet, to);
    if (packet.kind === BYE) this.#sessions.close(head.id, head.sequence);
    if (packet.kind === EVENTS && this.#history.add(packet.tail.filter(({ era }) => era <= head.era))) this.#changes++;
    if (packet.kind === VALUES) this.#hearValues(packet.head, packet.tail.values);
    if (packet.kind === HOLD)
      for (const address of packet.tail) if (address !== LEADER_ADDRESS) this.#hold(address, head.id, nowMs);
    this.#show();
  }

  #list(entry: Entry): boolean {
    const isNow = this.#sessions.list(entry);
    if (isNow && entry.state === LEFT) this.#sessions.close(entry.id, entry.sequence);
    return isNow;
  }

  #hold(address: string, holder: string, heardMs: number): void {
    if (this.#holds.get(address)?.holder !== holder) this.#changes++;
    if (this.#holds.has(address) || this.#holds.size < MOST_SERVICES) this.#holds.set(address, { holder, heardMs });
  }

  #hearValuesOf({ session, valuesNumber, valuesDigest }: Head): void {
    this.#valuesOf.delete(session);
    this.#valuesOf.set(session, { valuesNumber, valuesDigest });
    if (this.#valuesOf.size > MOST_ASKED) this.#valuesOf.delete(this.#valuesOf.keys().next().value!);
  }

  /** Who coordinates most members. */
  #coordinator(): Whom | null {
    const parts = [...this.#shown.parts].sort((a, b) => b.members.length - a.members.length);
    return this.#whom(parts[0]?.coordinator);
  }

  #whom(id: string | undefined): Whom | null {
    const latest = id === undefined ? null : this.#sessions.latest(id);
    if (latest === null || !this.members.some((member) => member.id === id)) return null;
    const { session, sequence } = latest;
    const { valuesNumber, valuesDigest } = this.#valuesOf.get(session) ?? { valuesNumber: 0, valuesDigest: 0 };
    return { id: id!, session, sequence, valuesNumber, valuesDigest };
  }

  #request(ask: Ask | PushAsk, { id, session, sequence, valuesNumber, valuesDigest }: Whom, request: number): void {
    const { address } = this.members.find((member) => member.id === id)!;
    const head = { ...this.#head(session, sequence), request, valuesNumber, valuesDigest };
    this.#say(packetBytes({ ...ask, head } as Packet), { from: address, mac: macOf(id) });
  }

  /** Whether a packet names this observer's session. */
  #answers({ echo }: Head): boolean {
    return echo === this.#session.slice(0, 2 * ECHO_BYTES);
  }

  #hearValuesNow({ valuesNumber: number, valuesDigest: digest }: Head): void {
    if (this.#valuesNow.number === number && this.#valuesNow.digest === digest) return;
    this.#valuesNow = { number, digest };
    this.#changes++;
  }

  /** The higher number is the newer one; of two that are equal the higher digest. */
  #hearValues(head: Head, values: Region["values"]): void {
    const { valuesNumber: number, valuesDigest: digest } = head;
    const known = this.#values;
    if (known && (known.number > number || (known.number === number && known.digest >= digest))) return;
    this.#values = { number, digest, texts: new Map(values) };
    this.#hearValuesNow(head);
    this.#changes++;
  }

  /** A view that may be a recording: its sender is to show that it speaks now. */
  #doubt({ head: { session, sequence, id } }: Packet, { from, mac }: Datagram): void {
    if (this.#sessions.isBelieved(id, session)) return;
    this.#asked.delete(session);
    this.#asked.set(session, { session, sequence, from, mac });
    if (this.#asked.size > MOST_ASKED) this.#asked.delete(this.#asked.keys().next().value!);
  }

  /** Where a coordinator is that was believed is where it is asked; what others say in its name does not move it. */
  #remember(session: string, place: Pick<Datagram, "from" | "mac">): void {
    this.#coordinators.delete(session);
    this.#coordinators.set(session, place);
    if (this.#coordinators.size > MOST_ASKED) this.#coordinators.delete(this.#coordinators.keys().next().value!);
  }

  /**
   * A coordinator's view has another code than ours: was our key replaced? Whoever was believed as a coordinator, and
   * is silent, is asked; now and then anyone, while nobody is known.
   */
  #suspectKey({ kind, head: { id, session, sequence, flags } }: Packet, { from, mac }: Datagram): void {
    const nowMs = this.#options.now();
    if (this.#invitations && !this.#codes.isOfKind(flags)) this.#hearBlank(id, nowMs);
    if (kind !== VIEW || this.#isOutdated || !this.#codes.isOfKind(flags) || this.#views.isHeard(session, nowMs))
      return;
    let place = this.#coordinators.get(session);
    if (!place && this.#views.parts.size === 0 && nowMs - this.#wonderedMs >= WONDER_MS) {
      this.#wonderedMs = nowMs;
      place = { from, mac };
    }
    if (place && !this.#asked.has(session)) this.#asked.set(session, { session, sequence, ...place });
  }

  #hearBlank(id: string, nowMs: number): void {
    this.#blank.delete(id);
    this.#blank.set(id, nowMs);
    if (this.#blank.size > MOST_BLANK) this.#blank.delete(this.#blank.keys().next().value!);
  }

  /** Only whoever hears this observer now can name its session. */
  #hearOutdated({ head }: Packet): void {
    if (!this.#answers(head) || this.#isOutdated) return;
    this.#isOutdated = true;
    this.#invitations?.close();
    this.#changes++;
  }

  /** Says hello to one coordinator, which answers with a view that names this observer. */
  #ask(nowMs: number): void {
    const [asked] = this.#asked.values();
    if (!asked || nowMs - this.#askedMs < ASK_MS) return;
    this.#askedMs = nowMs;
    // Whoever is not believed is asked again at its next view.
    this.#asked.delete(asked.session);
    const head = this.#head(asked.session, asked.sequence);
    this.#say(packetBytes({ kind: HELLO, head, fields: {}, tail: null }), asked);
  }

  /** Of a joining node that never joins, in answer to a packet. */
  #head(session: string, echoNumber: number): Head {
    const { address, name = "observer" } = this.#options.station;
    const none = {
      valuesNumber: 0,
      valuesDigest: 0,
      eventsNumber: 0,
      eventsDigest: 0,
      code: new Uint8Array(CODE_BYTES),
    };
    const self = { id: this.#id, founder: NOBODY, name, session: this.#session, address, era: 0, age: 1, revision: 0 };
    const echo = { echo: session.slice(0, 2 * ECHO_BYTES), echoNumber };
    const said = { state: JOINING, flags: DISKLESS, request: 0, sequence: this.#sessions.next() };
    return { ...none, ...self, ...echo, ...said };
  }

  readonly #sayWith: SayWith = (packet, sign, to) => {
    const head = to ? this.#head(to.head.session, to.head.sequence) : this.#head(NOBODY, 0);
    const bytes = packetBytes({ ...packet, head } as Packet);
    sign(bytes);
    this.#station.say(bytes, to ?? GROUP);
  };

  #say(bytes: Uint8Array, to: Pick<Datagram, "from" | "mac">): void {
    this.#codes.sign(bytes);
    this.#station.say(bytes, to);
  }

  /** Makes the lists anew when they differ from what is shown. */
  #show(): void {
    if (this.#shown.version === this.#views.version) return;
    const parts = [...this.#views.parts.values()]
      .filter(({ members }) => members.size > 0)
      .map((part): Part => {
        const { coordinator, era, founder, isWhole } = part;
        const members = inOrder([...part.members.values()].map(({ entry }) => memberOf(entry, part)));
        return { coordinator, era, founder, members, isWhole };
      });
    const members = inOrder([...this.#views.members().values()].map(({ entry, part }) => memberOf(entry, part)));
    const { version } = this.#views;
    // Of two parts the one that speaks may have said what it said before.
    const isSame = JSON.stringify([members, parts]) === JSON.stringify([this.#shown.members, this.#shown.parts]);
    this.#shown = isSame ? { ...this.#shown, version } : { members, parts, version };
    if (!isSame) this.#changes++;
  }
}
