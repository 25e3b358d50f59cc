/**
 * Two linked clusters and what their delegates believe (docs/protocols/wide-area.md, "What is believed, and when").
 * Between them is somebody who hears all packets, holds them back, and says them again from a place of its own, whose
 * answers reach nobody else. Codes cannot be forged, so the model has none. A third cluster relays, says falsely where
 * the other is, and repeats what it was given; it is the only way while the two do not reach each other. Connections of
 * TCP may be made while datagrams are lost, and end at any time.
 */
import type { Random } from "../../emulator/state/random.ts";

const SMALL = 64;
const LARGE = 128;
/** Where the one in between is. */
const ELSEWHERE = 9;
/** By the relay: an endpoint as a place is. */
const RELAY = 8;
/** The first connection: each is an endpoint of its own. */
const CONNECTIONS = 1000;
/** What is better is never given up for what is worse. */
const rankOf = (endpoint: number): number => (endpoint === RELAY ? 0 : endpoint >= CONNECTIONS ? 1 : 2);
/** Summaries that fall due without a word from an endpoint, until a relay is better. */
const QUIET = 4;

interface Packet {
  readonly by: 0 | 1;
  readonly session: number;
  readonly number: number;
  readonly echo: number;
  readonly echoNumber: number;
  readonly isQuestion: boolean;
  /** What the place that it goes to is to say back, and what is said back; 0: nothing. */
  readonly dare: number;
  readonly back: number;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/** What a delegate knows of the other cluster. Sessions count delegates, so a lower one is an earlier one. */
interface Side {
  place: number;
  session: number;
  sent: number;
  theirs: number;
  heard: number;
  numbers: Set<number>;
  reached: number;
  endpoint: number;
  /** Summaries that fell due since something came from the endpoint. */
  quiet: number;
  /** How often the other was looked for. */
  tries: number;
  /** Where the relay says that it is. */
  hint: number;
}

export interface Faults {
  /** A session is believed by an echo of any number. */
  readonly anyNumber?: boolean;
  /** A session is believed by its packet's code alone. */
  readonly noEcho?: boolean;
  /** A number is believed as often as it comes. */
  readonly noWindow?: boolean;
  /** A link is where a believed packet comes from. */
  readonly noTry?: boolean;
  /** What one place was to say back proves any other. */
  readonly sameDare?: boolean;
  /** A summary goes to places that are not proved. */
  readonly saysAll?: boolean;
  /** A question from such a place is answered, beside the question that goes there. */
  readonly saysTwice?: boolean;
  /** Where the relay places the other is believed. */
  readonly hintProves?: boolean;
  /** A packet by the relay moves the link there, though its endpoint is heard. */
  readonly relayPulls?: boolean;
  /** One by TCP does. */
  readonly connectionPulls?: boolean;
}

export class World {
  readonly sides: [Side, Side];
  readonly #faults: Faults;
  readonly #random: Random;
  /** Gateways let nothing through between the two. */
  isClosed = false;
  /** And no connection either. */
  isShut = false;
  /** The one that there is, or 0. */
  #connection = 0;
  #connections = CONNECTIONS;
  /** All that was ever said. */
  readonly said: Packet[] = [];
  #underway: Packet[] = [];
  /** What went where the one in between is, and came from there. */
  #elsewhere = { sent: 0, came: 0 };
  readonly #believed = new Set<string>();
  #places = 10;

  constructor(random: Random, faults: Faults = {}) {
    this.#random = random;
    this.#faults = faults;
    this.sides = [this.#delegate(1, 0), this.#delegate(2, 0)];
  }

  #delegate(place: number, session: number): Side {
    return {
      ...{ place, session: session + 1, sent: 0, theirs: 0, heard: 0, numbers: new Set<number>() },
      ...{ reached: 0, endpoint: 0, quiet: 0, tries: 0, hint: 0 },
    };
  }

  /** One thing happens. */
  step(isHostile: boolean): void {
    const choice = this.#random.below(isHostile ? 13 : 6);
    const who = this.#random.below(2) as 0 | 1;
    if (choice === 0) this.#due(who);
    else if (choice < 6) this.#deliver();
    else if (choice === 6) this.sides[who] = { ...this.#delegate(this.sides[who].place, this.sides[who].session) };
    else if (choice === 7) this.sides[who].place = this.#places++;
    else if (choice === 8) this.#underway.splice(this.#random.below(this.#underway.length + 1), 1);
    else if (choice === 9) this.isClosed = !this.isClosed;
    else if (choice === 11) this.#end();
    else if (choice === 12) this.#shut();
    else this.#again();
  }

  /** Neither late nor lost, for as long as it takes: what comes of it. */
  settle(): boolean {
    for (let round = 0; round < 4 * QUIET; round++) {
      for (const who of [0, 1] as const) this.#due(who, true);
      while (this.#underway.length > 0) this.#deliver();
    }
    const [a, b] = this.sides;
    const other = this.isShut ? RELAY : this.#connection;
    const [toA, toB] = this.isClosed ? [other, other] : [a.place, b.place];
    return a.theirs === b.session && b.theirs === a.session && a.endpoint === toB && b.endpoint === toA;
  }

  /** A summary to where the other is; a hello to where a person, or the relay, says that it is, or by the relay. */
  #due(who: 0 | 1, isSilent = false): void {
    const side = this.sides[who];
    const there = this.sides[who ^ 1]!.place;
    const isHeard = side.endpoint !== 0 && side.quiet++ < QUIET;
    const rank = rankOf(side.endpoint);
    if (isHeard && !(isSilent && side.endpoint !== there && rank === 2)) this.#send(who, side.endpoint, LARGE, false);
    if (isHeard && rank === 2) return;
    if (!isHeard || rank === 0) this.#dial(who);
    const direct = side.hint !== 0 && side.tries % 4 === 0 ? side.hint : there;
    const to = !isHeard && side.tries % 2 === 1 ? RELAY : direct;
    side.tries++;
    // One hello to wherever a link says that it is, each time.
    if (to === ELSEWHERE) this.#elsewhere.came += SMALL;
    this.#send(who, to, SMALL, true);
  }

  /** The other is called by TCP, if nobody has called yet. */
  #dial(who: 0 | 1): void {
    if (this.isShut) return;
    this.#connection ||= ++this.#connections;
    this.#send(who, this.#connection, SMALL, true);
  }

  /** The connection ends, and both hear of it. */
  #end(): void {
    for (const side of this.sides) if (side.endpoint === this.#connection) side.endpoint = 0;
    this.#connection = 0;
  }

  #shut(): void {
    this.isShut = !this.isShut;
    if (this.isShut) this.#end();
  }

  #send(who: 0 | 1, to: number, bytes: number, isQuestion: boolean, heard?: Packet): void {
    const side = this.sides[who];
    const [echo, echoNumber] = heard ? [heard.session, heard.number] : [side.theirs, side.heard];
    const number = ++side.sent;
    const packet = {
      by: who,
      session: side.session,
      number,
      echo,
      echoNumber,
      isQuestion,
      dare: isQuestion ? this.#dare(side, to) : 0,
      back: heard?.dare ?? 0,
      bytes,
      from: side.place,
      to,
    };
    this.said.push(packet);
    this.#underway.push(packet);
  }

  /** Nothing is kept of what a place was to say back: it follows from the place, for as long as the session lasts. */
  #dare(side: Side, place: number): number {
    return side.session * 1000 + (this.#faults.sameDare ? 1 : place);
  }

  #deliver(): void {
    if (this.#underway.length === 0) return;
    const [packet] = this.#underway.splice(this.#random.below(this.#underway.length), 1);
    const who = (packet!.by ^ 1) as 0 | 1;
    if (packet!.to === ELSEWHERE) this.#elsewhere.sent += packet!.bytes;
    else if (packet!.to === RELAY) this.#relay(who, packet!);
    else if (packet!.to >= CONNECTIONS) this.#carry(who, packet!);
    else if (this.sides[who].place === packet!.to && !this.isClosed) this.#hear(who, packet!);
    if (this.#elsewhere.sent > this.#elsewhere.came)
      throw new Error("more went to a stranger's place than came from it");
  }

  /** What goes by a connection comes by it, or is lost with it. */
  #carry(who: 0 | 1, packet: Packet): void {
    if (packet.to === this.#connection) this.#hear(who, { ...packet, from: packet.to });
  }

  /** The relay passes a packet on, and places its sender where it likes. */
  #relay(who: 0 | 1, packet: Packet): void {
    const side = this.sides[who];
    this.#hear(who, { ...packet, from: RELAY });
    side.hint = this.#random.below(2) === 0 ? ELSEWHERE : packet.from;
    if (this.#faults.hintProves) side.endpoint = side.hint;
    if (side.endpoint === ELSEWHERE) throw new Error("a stranger's place is believed");
  }

  /** Something that was said is said again, from elsewhere or by the relay: also what has not arrived yet. */
  #again(): void {
    const heard = this.said.filter(({ to }) => to !== ELSEWHERE);
    if (heard.length === 0) return;
    const packet = heard[heard.length - 1 - this.#random.below(Math.min(heard.length, 12))]!;
    if (this.#random.below(2) === 0) this.#underway = this.#underway.filter((other) => other !== packet);
    const who = (packet.by ^ 1) as 0 | 1;
    if (this.#random.below(3) === 0) return this.#relay(who, packet);
    this.#elsewhere.came += packet.bytes;
    this.#hear(who, { ...packet, from: ELSEWHERE, to: this.sides[who].place });
  }

  #hear(who: 0 | 1, packet: Packet): void {
    const side = this.sides[who];
    if (packet.session !== side.theirs && !this.#speaksNow(side, packet)) {
      this.#send(who, packet.from, SMALL, true, packet);
      return;
    }
    if (packet.session === side.theirs && side.numbers.has(packet.number) && !this.#faults.noWindow) return;
    this.#believe(who, packet);
    const isAnswered = this.#place(who, packet);
    if (packet.isQuestion && (!isAnswered || this.#faults.saysTwice))
      this.#send(who, packet.from, SMALL, false, packet);
  }

  #speaksNow(side: Side, { echo, echoNumber }: Packet): boolean {
    if (this.#faults.noEcho) return true;
    return echo === side.session && echoNumber <= side.sent && (this.#faults.anyNumber || echoNumber > side.reached);
  }

  #believe(who: 0 | 1, packet: Packet): void {
    const side = this.sides[who];
    const name = `${who} ${side.session} ${packet.session} ${packet.number}`;
    if (this.#believed.has(name)) throw new Error("a packet is believed twice");
    this.#believed.add(name);
    if (packet.session < side.theirs) throw new Error("an earlier delegate is believed again");
    if (packet.session !== side.theirs) Object.assign(side, { theirs: packet.session, heard: 0, numbers: new Set() });
    side.numbers.add(packet.number);
    side.heard = Math.max(side.heard, packet.number);
    side.reached = side.sent;
  }

  /** True: a question went to where the packet comes from, which says that it was heard. */
  #place(who: 0 | 1, packet: Packet): boolean {
    const side = this.sides[who];
    if (packet.from === side.endpoint) {
      side.quiet = 0;
      return false;
    }
    const isKept = rankOf(packet.from) < rankOf(side.endpoint) && side.endpoint !== 0 && side.quiet < QUIET;
    const { relayPulls, connectionPulls } = this.#faults;
    if (isKept && !(packet.from === RELAY ? relayPulls : connectionPulls)) return false;
    const { noTry, saysAll } = this.#faults;
    if (noTry || packet.back === this.#dare(side, packet.from)) {
      if (isKept) throw new Error("a better endpoint that is heard is given up");
      side.endpoint = packet.from;
      side.quiet = 0;
      if (packet.from === ELSEWHERE) throw new Error("a stranger's place is believed");
    } else if (packet.number === side.heard) {
      this.#send(who, packet.from, saysAll ? LARGE : SMALL, true, packet);
      return true;
    }
    return false;
  }
}
