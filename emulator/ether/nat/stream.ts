/**
 * A TCP connection between a guest and the host: on one side segments as RFC 9293 has them, on the other a connection
 * of the host's. Bytes are copied from one to the other; neither side's acknowledgments reach the other.
 *
 * What may wait is bounded in both directions: the window that the guest is given shrinks by what the host has not
 * taken, and the host is told to pause while the guest does not take what it has sent. Time is the network's.
 */
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import { CongestionControl } from "./congestion.ts";
import type { Failure, HostStream, StreamEvents } from "./host-network.ts";
import { ACK, distance, FIN, PSH, RST, type Segment, SYN } from "./segment.ts";
import { SendQueue } from "./send-queue.ts";

/** What the stream sends; addresses and ports are its owner's. */
export type Outgoing = Pick<Segment, "sequence" | "acknowledgment" | "flags" | "window" | "mss" | "shift" | "data">;

export interface StreamWire {
  readonly nowNs: number;
  send(segment: Outgoing): void;
}

/** Where a connection stands. `connecting`: the guest has asked, and the host has not answered yet. */
type State = "connecting" | "syn-received" | "syn-sent" | "open" | "time-wait" | "gone";

/** Of Ethernet's 1500 bytes. */
const OUR_MSS = 1460;
/** RFC 9293, 3.7.1: of who says nothing. */
const USUAL_MSS = 536;
const LEAST_MSS = 64;
const OUR_SHIFT = 3;
const WINDOW_BYTES = 256 * 1024;
const WINDOW_FIELD_MOST = 0xffff;
/** The host pauses at this much for the guest, and goes on at half of it. */
const QUEUE_BYTES = 256 * 1024;
/** Pieces that came too early and are kept. */
const MOST_EARLY = 128;
const MOST_ATTEMPTS = 8;
const MOST_SYN_ATTEMPTS = 5;
/** So long after its end a connection still answers what was sent again. */
const TIME_WAIT_NS = 30e9;
/** RFC 5382, REQ-5: two hours and four minutes of silence. */
const IDLE_NS = 7440e9;
/** An acknowledgment waits no longer for data that could carry it (RFC 9293, 3.8.6.3: at most 500 ms). */
const LATE_ACKNOWLEDGMENT_NS = 1e6;
const NO_DATA = new Uint8Array(0);

export class NatStream implements StreamEvents, Stateful {
  readonly #wire: StreamWire;
  readonly #queue = new SendQueue();
  #host: HostStream | null = null;
  #state: State;
  #congestion = new CongestionControl(USUAL_MSS);
  #mss = USUAL_MSS;
  #peerShift = 0;
  #ourShift = 0;
  #peerWindow = 0;
  /** Oldest unacknowledged number, next to send, and the highest that was sent (RFC 9293, 3.3.1). */
  #unacknowledged: number;
  #next: number;
  #highest: number;
  /** Fast recovery lasts until this is acknowledged. */
  #recover: number;
  #expected = 0;
  /** Right edge of the window that the guest was told. */
  #edge = 0;
  /** What came too early, in the order of its sequence numbers. */
  #early: { sequence: number; data: Uint8Array; fin: boolean }[] = [];
  #unanswered = 0;
  #hostEnded = false;
  #guestEnded = false;
  #finSent = false;
  #paused = false;
  #attempts = 0;
  #timerNs = Infinity;
  /** When the guest last said something. */
  #heardNs = 0;
  /** A segment whose acknowledgment is timed, and since when; -1: none is. */
  #timed = 0;
  #timedSinceNs = -1;

  /** `initial`: our first sequence number. */
  constructor(wire: StreamWire, initial: number) {
    this.#wire = wire;
    this.#heardNs = wire.nowNs;
    this.#unacknowledged = initial;
    this.#next = initial;
    this.#highest = initial;
    this.#recover = initial;
    this.#state = "gone";
  }

  /** The guest asks for a connection, and the host is asked for it. */
  accept(syn: Segment, connect: (events: StreamEvents) => HostStream): void {
    this.#state = "connecting";
    this.#takeSyn(syn);
    this.#host = connect(this);
  }

  /** The host has a connection for the guest. */
  open(host: HostStream): void {
    this.#host = host;
    this.#state = "syn-sent";
    this.#sendSyn(SYN);
  }

  /** Nothing more will happen: the owner forgets it. */
  get isGone(): boolean {
    return this.#state === "gone";
  }

  /** Whether a SYN for the same ports begins another connection. */
  get isOver(): boolean {
    return this.#state === "gone" || this.#state === "time-wait";
  }

  /** Ends both sides at once. */
  abort(): void {
    if (this.isOver) return;
    this.#reset(this.#state === "connecting" ? 0 : this.#highest);
    this.#fail();
  }

  #fail(): void {
    this.#state = "gone";
    this.#host?.reset();
  }

  // ---- The host's side

  opened(): void {
    if (this.#state !== "connecting") return;
    this.#state = "syn-received";
    this.#sendSyn(SYN | ACK);
  }

  data(bytes: Uint8Array): void {
    if (this.isOver) return;
    this.#queue.push(bytes);
    if (!this.#paused && this.#queue.sizeBytes >= QUEUE_BYTES) {
      this.#paused = true;
      this.#host!.pause();
    }
    this.#output();
  }

  ended(): void {
    this.#hostEnded = true;
    this.#output();
  }

  drained(): void {
    if (this.#state !== "open" || this.#guestEnded) return;
    if (distance(this.#expected + this.#room(), this.#edge) >= 2 * OUR_MSS) this.#acknowledge();
  }

  closed(failure: Failure | null): void {
    if (this.isOver || (failure === null && this.#guestEnded && this.#hostEnded)) return;
    // Answers a SYN as a closed port does (RFC 9293, 3.10.7.1).
    this.#reset(this.#state === "connecting" ? 0 : this.#highest);
    this.#state = "gone";
  }

  // ---- The guest's side

  segment(segment: Segment): void {
    if (this.#state === "connecting") {
      if (segment.flags & RST) this.#fail();
    } else if (this.#state === "syn-sent") this.#inSynSent(segment);
    else if (this.#state !== "gone") this.#synchronized(segment);
  }

  #inSynSent(segment: Segment): void {
    const { flags, acknowledgment } = segment;
    if (!(flags & ACK) || acknowledgment !== this.#next) return;
    if (flags & RST) this.#fail();
    if ((flags & (RST | SYN)) !== SYN) return;
    this.#takeSyn(segment);
    this.#takeAcknowledgment(segment);
    this.#state = "open";
    this.#acknowledge();
    this.#output();
  }

  #takeSyn({ sequence, mss, shift, window }: Segment): void {
    this.#expected = (sequence + 1) >>> 0;
    this.#edge = this.#expected;
    this.#mss = Math.max(LEAST_MSS, Math.min(OUR_MSS, mss ?? USUAL_MSS));
    holds(this.#mss >= LEAST_MSS && this.#mss <= OUR_MSS, "NAT stream", "segments of a size that none may have");
    this.#congestion = new CongestionControl(this.#mss);
    this.#peerShift = shift ?? 0;
    this.#ourShift = shift === null ? 0 : OUR_SHIFT;
    this.#peerWindow = window;
  }

  /** RFC 9293, 3.10.7.4, with the care of RFC 5961. */
  #synchronized(segment: Segment): void {
    const { flags, sequence, data } = segment;
    const before = distance(this.#expected, sequence);
    const isInWindow = before <= 0 ? distance(sequence, this.#edge) <= 0 : before <= data.length;
    if (flags & RST) {
      if (before === 0) this.#fail();
      else if (isInWindow) this.#acknowledge();
      return;
    }
    if (flags & SYN) {
      if (this.#state === "syn-received") this.#sendSyn(SYN | ACK);
      else this.#acknowledge();
      return;
    }
    if (!(flags & ACK)) return;
    if (!isInWindow) {
      this.#acknowledge();
      return;
    }
    if (!this.#takeAcknowledgment(segment) || this.#state === "syn-received") return;
    this.#heardNs = this.#wire.nowNs;
    if (data.length > 0 || flags & FIN) this.#takeData(segment);
    this.#output();
    this.#finish();
  }

  /** False when the segment is not to be looked at further. */
  #takeAcknowledgment({ acknowledgment, window, flags, data }: Segment): boolean {
    const bytes = distance(acknowledgment, this.#unacknowledged);
    if (distance(acknowledgment, this.#highest) > 0) {
      if (this.#state === "syn-received") this.#reset(acknowledgment);
      else this.#acknowledge();
      return false;
    }
    if (bytes < 0) return true;
    this.#attempts = 0;
    const windowBytes = flags & SYN ? window : window << this.#peerShift;
    const isSame = windowBytes > 0 && windowBytes === this.#peerWindow && data.length === 0 && !(flags & FIN);
    if (this.#peerWindow === 0 && windowBytes > 0 && this.#state === "open") {
      this.#congestion.opened();
      this.#next = acknowledgment;
      this.#timerNs = Infinity;
    }
    this.#peerWindow = windowBytes;
    if (bytes > 0) this.#advance(acknowledgment, bytes);
    else if (
      isSame &&
      this.#state === "open" &&
      this.#flightBytes > 0 &&
      this.#congestion.repeated(this.#flightBytes)
    ) {
      this.#recover = this.#highest;
      this.#sendAgain();
    }
    return true;
  }

  #advance(acknowledgment: number, bytes: number): void {
    // A SYN of ours counts as one, and is in no queue; neither is a FIN.
    if (this.#state === "syn-received" || this.#state === "syn-sent") this.#state = "open";
    else this.#queue.drop(Math.min(bytes, this.#queue.sizeBytes));
    this.#unacknowledged = acknowledgment;
    if (distance(acknowledgment, this.#next) > 0) this.#next = acknowledgment;
    if (this.#timedSinceNs >= 0 && distance(acknowledgment, this.#timed) >= 0) {
      this.#congestion.measured(this.#wire.nowNs - this.#timedSinceNs);
      this.#timedSinceNs = -1;
    }
    if (this.#congestion.acknowledged(bytes, distance(acknowledgment, this.#recover) >= 0)) this.#sendAgain();
    this.#timerNs = this.#flightBytes > 0 ? this.#wire.nowNs + this.#congestion.timeoutNs : Infinity;
    if (this.#paused && this.#queue.sizeBytes < QUEUE_BYTES / 2) {
      this.#paused = false;
      this.#host!.resume();
    }
  }

  #takeData({ sequence, data, flags }: Segment): void {
    const early = distance(sequence, this.#expected);
    holds(this.#early.length <= MOST_EARLY, "NAT stream", "more came early than there is room for");
    const isWhole = distance(sequence + data.length, this.#edge) <= 0;
    const fin = (flags & FIN) !== 0 && isWhole;
    const kept = isWhole ? data : data.subarray(0, Math.max(0, distance(this.#edge, sequence)));
    if (early > 0) {
      if (this.#early.length < MOST_EARLY) this.#keepEarly(sequence, kept, fin);
      this.#acknowledge();
      return;
    }
    const isNew = this.#deliver(kept.subarray(Math.min(kept.length, -early)), fin);
    const filled = this.#early.length > 0;
    while (this.#early.length > 0 && distance(this.#early[0]!.sequence, this.#expected) <= 0) {
      const piece = this.#early.shift()!;
      const skip = Math.min(piece.data.length, distance(this.#expected, piece.sequence));
      this.#deliver(piece.data.subarray(skip), piece.fin);
    }
    if (!isNew || filled || this.#guestEnded || ++this.#unanswered >= 2) this.#acknowledge();
  }

  #keepEarly(sequence: number, data: Uint8Array, fin: boolean): void {
    const at = this.#early.findIndex((piece) => distance(piece.sequence, sequence) >= 0);
    const piece = { sequence, data: data.slice(), fin };
    holds(this.#early.length < MOST_EARLY, "NAT stream", "more came early than there is room for");
    if (at < 0) this.#early.push(piece);
    else if (this.#early[at]!.sequence !== sequence || this.#early[at]!.data.length < data.length)
      this.#early.splice(at, 0, piece);
  }

  /** False when there was nothing new. */
  #deliver(data: Uint8Array, fin: boolean): boolean {
    if (this.#guestEnded) return false;
    this.#expected = (this.#expected + data.length) >>> 0;
    if (data.length > 0) this.#host!.write(data);
    if (fin) {
      this.#expected = (this.#expected + 1) >>> 0;
      this.#guestEnded = true;
      this.#early = [];
      this.#host!.end();
    }
    return data.length > 0 || fin;
  }

  /** Both sides have ended, and the guest knows of it. */
  #finish(): void {
    if (!this.#guestEnded || !this.#hostEnded || this.#flightBytes > 0 || this.#queue.sizeBytes > 0) return;
    if (this.#state !== "open" || this.#next !== this.#highest || !this.#finSent) return;
    this.#state = "time-wait";
    this.#timerNs = this.#wire.nowNs + TIME_WAIT_NS;
  }

  // ---- Sending

  get #flightBytes(): number {
    return distance(this.#next, this.#unacknowledged);
  }

  /** What the guest may send from now on. */
  #room(): number {
    const most = this.#ourShift === 0 ? WINDOW_FIELD_MOST : WINDOW_BYTES;
    return Math.max(0, most - (this.#host?.pendingBytes ?? 0));
  }

  #send(flags: number, sequence: number, data: Uint8Array, syn: Pick<Segment, "mss" | "shift"> | null = null): void {
    const isAnswer = (flags & ACK) !== 0;
    const right = (this.#expected + this.#room()) >>> 0;
    // A window is never taken back (RFC 9293, 3.8.6.2.1).
    if (isAnswer && distance(right, this.#edge) > 0) this.#edge = right;
    if (isAnswer) this.#unanswered = 0;
    const windowBytes = isAnswer ? distance(this.#edge, this.#expected) : WINDOW_FIELD_MOST;
    holds(windowBytes >= 0, "NAT stream", "a window was taken back");
    this.#wire.send({
      sequence,
      acknowledgment: isAnswer ? this.#expected : 0,
      flags,
      window: Math.min(WINDOW_FIELD_MOST, syn ? windowBytes : windowBytes >> this.#ourShift),
      ...(syn ?? { mss: null, shift: null }),
      data,
    });
  }

  #sendSyn(flags: number): void {
    const shift = this.#state === "syn-sent" || this.#ourShift > 0 ? OUR_SHIFT : null;
    this.#send(flags, this.#unacknowledged, NO_DATA, { mss: OUR_MSS, shift });
    this.#next = (this.#unacknowledged + 1) >>> 0;
    this.#highest = this.#next;
    this.#recover = this.#next;
    this.#timerNs = this.#wire.nowNs + this.#congestion.timeoutNs;
  }

  #acknowledge(): void {
    // Not what is next to be sent again: the guest may be past that, and would not look at the rest.
    this.#send(ACK, this.#highest, NO_DATA);
  }

  #reset(sequence: number): void {
    this.#send(RST | ACK, sequence, NO_DATA);
  }

  /** Sends what window and congestion allow. */
  #output(): void {
    if (this.#state !== "open") return;
    const limitBytes = Math.min(this.#peerWindow, this.#congestion.windowBytes);
    for (;;) {
      const flight = this.#flightBytes;
      const unsent = this.#queue.sizeBytes - flight;
      if (unsent <= 0) break;
      const size = Math.min(this.#mss, unsent, Math.floor(limitBytes - flight));
      // A small piece of what is larger waits for a larger window, unless nothing is under way.
      if (size <= 0 || (size < this.#mss && size < unsent && flight > 0)) break;
      this.#sendPiece(flight, size);
    }
    if (this.#hostEnded && this.#flightBytes === this.#queue.sizeBytes) this.#sendFin();
    if (this.#timerNs === Infinity && (this.#flightBytes > 0 || this.#queue.sizeBytes > 0))
      this.#timerNs = this.#wire.nowNs + this.#congestion.timeoutNs;
  }

  #sendFin(): void {
    // An acknowledged one is not sent again: then what is under way is nothing, and so is the queue.
    if (this.#finSent && this.#unacknowledged === this.#highest) return;
    this.#send(FIN | ACK, this.#next, NO_DATA);
    this.#finSent = true;
    this.#moveNext(1);
  }

  #sendPiece(offset: number, size: number): void {
    const isLast = offset + size === this.#queue.sizeBytes;
    holds(size > 0 && offset + size <= this.#queue.sizeBytes, "NAT stream", "bytes are sent that are not there");
    this.#send(isLast ? ACK | PSH : ACK, this.#next, this.#queue.read(offset, size));
    const isNew = this.#next === this.#highest;
    this.#moveNext(size);
    // RFC 6298, 3 (Karn): what was sent twice is not timed.
    if (isNew && this.#timedSinceNs < 0) {
      this.#timed = this.#next;
      this.#timedSinceNs = this.#wire.nowNs;
    }
  }

  #moveNext(count: number): void {
    this.#next = (this.#next + count) >>> 0;
    if (distance(this.#next, this.#highest) > 0) this.#highest = this.#next;
    holds(distance(this.#highest, this.#next) >= 0, "NAT stream", "the next number is beyond the highest");
  }

  /** The first piece that is not acknowledged, once more. */
  #sendAgain(): void {
    this.#timedSinceNs = -1;
    const size = Math.min(this.#mss, this.#queue.sizeBytes);
    if (size > 0) this.#send(ACK, this.#unacknowledged, this.#queue.read(0, size));
    else if (this.#finSent) this.#send(FIN | ACK, this.#unacknowledged, NO_DATA);
  }

  /** When `tick` next has something to do; Infinity: not before something is heard. */
  get nextTickNs(): number {
    if (this.#state === "gone") return Infinity;
    if (this.#state !== "open") return Math.ceil(this.#timerNs);
    const acknowledgmentNs = this.#unanswered > 0 ? this.#heardNs + LATE_ACKNOWLEDGMENT_NS : Infinity;
    return Math.ceil(Math.min(this.#timerNs, acknowledgmentNs, this.#heardNs + IDLE_NS + 1));
  }

  /** Looks at the time. To be called now and then, such as each millisecond, or at `nextTickNs`. */
  tick(): void {
    if (this.#unanswered > 0 && this.#state === "open") this.#acknowledge();
    if (this.#state === "open" && this.#wire.nowNs - this.#heardNs > IDLE_NS) this.abort();
    if (this.#wire.nowNs < this.#timerNs) return;
    if (this.#state === "time-wait") this.#state = "gone";
    else this.#timeout();
  }

  #timeout(): void {
    const isOpening = this.#state === "syn-received" || this.#state === "syn-sent";
    if (++this.#attempts > (isOpening ? MOST_SYN_ATTEMPTS : MOST_ATTEMPTS)) {
      this.abort();
      return;
    }
    this.#timedSinceNs = -1;
    if (isOpening) {
      this.#congestion.waited();
      this.#sendSyn(this.#state === "syn-sent" ? SYN : SYN | ACK);
      return;
    }
    this.#timerNs = Infinity;
    if (this.#peerWindow === 0 && this.#queue.sizeBytes > 0) {
      // A probe of the closed window (RFC 9293, 3.8.6.1).
      this.#congestion.waited();
      this.#next = this.#unacknowledged;
      this.#sendPiece(0, 1);
    } else {
      this.#congestion.timedOut(this.#flightBytes);
      this.#next = this.#unacknowledged;
      this.#recover = this.#highest;
      this.#output();
    }
    this.#timerNs = this.#wire.nowNs + this.#congestion.timeoutNs;
  }

  /** `restored`: whom the connection is with, of which the owner keeps the state. */
  visitState(visitor: StateVisitor, restored: HostStream | null = this.#host): void {
    visitor.part("TCP stream", 1);
    if (visitor.restoring) this.#host = restored;
    this.#state = visitor.text(this.#state) as State;
    this.#queue.visitState(visitor);
    this.#congestion.visitState(visitor);
    this.#mss = visitor.u16(this.#mss);
    this.#peerShift = visitor.u8(this.#peerShift);
    this.#ourShift = visitor.u8(this.#ourShift);
    this.#peerWindow = visitor.u32(this.#peerWindow);
    this.#unacknowledged = visitor.u32(this.#unacknowledged);
    this.#next = visitor.u32(this.#next);
    this.#highest = visitor.u32(this.#highest);
    this.#recover = visitor.u32(this.#recover);
    this.#expected = visitor.u32(this.#expected);
    this.#edge = visitor.u32(this.#edge);
    const early = this.#early;
    this.#early = Array.from({ length: visitor.u32(early.length) }, (_, index) => ({
      sequence: visitor.u32(early[index]?.sequence ?? 0),
      data: visitor.blob(early[index]?.data ?? NO_DATA),
      fin: visitor.bool(early[index]?.fin ?? false),
    }));
    this.#unanswered = visitor.integer(this.#unanswered);
    this.#hostEnded = visitor.bool(this.#hostEnded);
    this.#guestEnded = visitor.bool(this.#guestEnded);
    this.#finSent = visitor.bool(this.#finSent);
    this.#paused = visitor.bool(this.#paused);
    this.#attempts = visitor.integer(this.#attempts);
    this.#timerNs = visitor.f64(this.#timerNs);
    this.#heardNs = visitor.integer(this.#heardNs);
    this.#timed = visitor.u32(this.#timed);
    this.#timedSinceNs = visitor.bool(this.#timedSinceNs >= 0) ? visitor.integer(this.#timedSinceNs) : -1;
  }
}
