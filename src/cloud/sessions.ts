/**
 * Whose packets are believed, and which of them are new: docs/protocols/cluster.md, "Freshness", as the kernel does it
 * in asm/cluster/session.s and view.s. What carries the right code may still be a recording of last week.
 */
import { VIEW } from "../wire/cluster-layout.ts";
import type { Entry, Packet } from "../wire/cluster-packet.ts";

/** Packets that may come late. */
const WINDOW = 32;
/** Past sessions that are remembered. */
const RETIRED = 256;
const PEERS = 1024;
const HALF_DIGITS = 8;
const NOBODY = "0".repeat(HALF_DIGITS);

interface Peer {
  session: string;
  /** The highest number that was heard. */
  sequence: number;
  /** Bit n: the packet of number `sequence` - n was heard. */
  window: number;
  /** The session was shown to this observer itself, not only listed by a coordinator. */
  isProven: boolean;
  /** From this number on its packets were sent after this observer began. */
  liveFrom: number;
  /** How many packets this observer had sent when the peer was believed, or listed, last. */
  since: number;
}

export class Sessions {
  readonly #own: string;
  readonly #peers = new Map<string, Peer>();
  readonly #retired = new Set<string>();
  /** Packets of this observer so far. */
  #sent = 0;

  constructor(own: string) {
    this.#own = own;
  }

  /** The number of the packet that is sent now. */
  next(): number {
    return ++this.#sent;
  }

  isNew(packet: Packet): boolean {
    const { id, session } = packet.head;
    const peer = this.#peers.get(id);
    if (peer?.session === session) return this.#isUnheard(peer, packet);
    if (this.#retired.has(session)) return false;
    if (!this.#isProven(packet, peer?.since ?? 0) && !(peer === undefined && this.#isEchoOfLive(packet))) return false;
    this.#accept(id, session, { sequence: packet.head.sequence, isProven: true, liveFrom: packet.head.sequence });
    return true;
  }

  /** Whether a session is the one that is believed of a node. */
  isBelieved(id: string, session: string): boolean {
    return this.#peers.get(id)?.session === session;
  }

  /** A node's session that is believed, and the highest number of it that was heard. */
  latest(id: string): Pick<Peer, "session" | "sequence"> | null {
    return this.#peers.get(id) ?? null;
  }

  /** Takes over the session that a believed coordinator lists; false when the entry is about a boot that is over. */
  list({ id, session, sequence }: Entry): boolean {
    const peer = this.#peers.get(id);
    if (peer?.session === session) return true;
    if (peer?.isProven && this.#retired.has(session)) return false;
    this.#accept(id, session, { sequence, isProven: false, liveFrom: sequence + 1 });
    return true;
  }

  /** What a node said before its bye and comes later does not bring it back. */
  close(id: string, sequence: number): void {
    const peer = this.#peers.get(id);
    if (!peer || sequence < peer.sequence) return;
    peer.sequence = sequence;
    peer.window = -1;
  }

  #isUnheard(peer: Peer, { head: { sequence, echo } }: Packet): boolean {
    const ahead = sequence - peer.sequence;
    if (ahead > 0) {
      peer.sequence = sequence;
      peer.window = (ahead < WINDOW ? peer.window << ahead : 0) | 1;
    } else {
      const bit = ahead <= -WINDOW ? 0 : 1 << -ahead;
      if (bit === 0 || peer.window & bit) return false;
      peer.window |= bit;
    }
    peer.since = this.#sent;
    if (echo === this.#own.slice(0, HALF_DIGITS)) peer.isProven = true;
    return true;
  }

  /** Whether it names this observer's session, and a number given since its sender was believed last. */
  #isProven(packet: Packet, since: number): boolean {
    const isSince = (number: number): boolean => number > since && number <= this.#sent;
    const { echo, echoNumber } = packet.head;
    if (echo === this.#own.slice(0, HALF_DIGITS) && isSince(echoNumber)) return true;
    return (
      packet.kind === VIEW && packet.tail.some(({ session, sequence }) => session === this.#own && isSince(sequence))
    );
  }

  /**
   * Whether it names a number of somebody else that was given after this observer began: it was sent later still. Only
   * for nodes of which nothing is known yet, as it does not say which of two boots is the later one.
   */
  #isEchoOfLive({ head: { echo, echoNumber } }: Packet): boolean {
    if (echo === NOBODY) return false;
    for (const { session, sequence, liveFrom } of this.#peers.values())
      if (session.startsWith(echo)) return echoNumber >= liveFrom && echoNumber <= sequence;
    return false;
  }

  #accept(id: string, session: string, now: { sequence: number; isProven: boolean; liveFrom: number }): void {
    const before = this.#peers.get(id);
    if (before) this.#retire(before.session);
    // Deleted first, so that whoever was met last is last.
    this.#peers.delete(id);
    this.#peers.set(id, { session, window: -1, since: this.#sent, ...now });
    if (this.#peers.size > PEERS) this.#peers.delete(this.#peers.keys().next().value!);
  }

  #retire(session: string): void {
    this.#retired.delete(session);
    this.#retired.add(session);
    if (this.#retired.size > RETIRED) this.#retired.delete(this.#retired.values().next().value!);
  }
}
