/** The streams of the address translation, in virtual time: two of them talk over wires that lose and reorder. */
import { describe, expect, test } from "vitest";
import type { HostStream } from "../../../emulator/ether/nat/host-network.ts";
import { ACK, FIN, parseSegment, RST, type Segment, SYN, segmentBytes } from "../../../emulator/ether/nat/segment.ts";
import { NatStream, type Outgoing } from "../../../emulator/ether/nat/stream.ts";
import { parseIpv4 } from "../../../emulator/ether/packet.ts";
import { Random } from "../../../emulator/state/random.ts";
import { digestOf } from "../../setup/digest.ts";

const LATENCY_NS = 50_000;
const TICK_NS = 1_000_000;
const QUEUE_BYTES = 256 * 1024;
/** A queue that is full, one piece of the host's, and what is on its way. */
const MOST_BYTES = 2 * QUEUE_BYTES;

/** A program of a host: takes what comes, as fast as it is told to. */
class Program implements HostStream {
  readonly received: Uint8Array[] = [];
  pendingBytes = 0;
  hasEnd = false;
  isReset = false;
  isPaused = false;
  /** Whether it takes what comes. */
  isReading = true;

  write(bytes: Uint8Array): void {
    this.received.push(bytes.slice());
    if (!this.isReading) this.pendingBytes += bytes.length;
  }

  end(): void {
    this.hasEnd = true;
  }

  reset(): void {
    this.isReset = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.received));
  }
}

interface Trouble {
  readonly lostPercent: number;
  readonly lateMostNs: number;
}

/** Two streams with a program behind each, and the wire between them. */
class Pair {
  nowNs = 0;
  readonly programs = [new Program(), new Program()] as const;
  readonly streams: readonly [NatStream, NatStream];
  readonly sent: Segment[] = [];
  #onWire: { atNs: number; to: 0 | 1; segment: Segment }[] = [];
  readonly #random: Random;
  readonly #trouble: Trouble;

  constructor(seed: number, trouble: Trouble = { lostPercent: 0, lateMostNs: 0 }) {
    this.#random = new Random(seed, "nat streams");
    this.#trouble = trouble;
    const stream = (from: 0 | 1): NatStream => {
      const now = (): number => this.nowNs;
      return new NatStream(
        {
          get nowNs() {
            return now();
          },
          send: (segment) => this.#send(from, segment),
        },
        // So that numbers wrap around.
        0xffff_8000,
      );
    };
    this.streams = [stream(0), stream(1)];
    this.streams[0].open(this.programs[0]);
  }

  #send(from: 0 | 1, outgoing: Outgoing): void {
    const segment: Segment = { sourcePort: 1000 + from, destinationPort: 1001 - from, ...outgoing };
    this.sent.push(segment);
    if (this.#random.chance(this.#trouble.lostPercent)) return;
    const lateNs = this.#trouble.lateMostNs > 0 ? this.#random.below(this.#trouble.lateMostNs) : 0;
    this.#onWire.push({ atNs: this.nowNs + LATENCY_NS + lateNs, to: from === 0 ? 1 : 0, segment });
  }

  #arrive(to: 0 | 1, segment: Segment): void {
    if (to === 1 && segment.flags === SYN && this.streams[1].isOver) {
      this.streams[1].accept(segment, () => this.programs[1]);
      this.streams[1].opened();
    } else this.streams[to].segment(segment);
  }

  advance(spanNs: number): void {
    const endNs = this.nowNs + spanNs;
    while (this.nowNs < endNs) {
      const tickNs = Math.min(endNs, (Math.floor(this.nowNs / TICK_NS) + 1) * TICK_NS);
      this.#onWire.sort((a, b) => a.atNs - b.atNs);
      const next = this.#onWire[0];
      if (next !== undefined && next.atNs < tickNs) {
        this.#onWire.shift();
        this.nowNs = next.atNs;
        this.#arrive(next.to, next.segment);
        continue;
      }
      this.nowNs = tickNs;
      for (const stream of this.streams) stream.tick();
    }
  }

  /** Lets each side send its bytes and end, and time pass until both are gone. */
  exchange(content: readonly [Uint8Array, Uint8Array], withinNs: number): void {
    const offsets = [0, 0];
    const ended = [false, false];
    while (this.nowNs < withinNs && !this.streams.every(({ isGone }) => isGone)) {
      this.advance(TICK_NS);
      for (const side of [0, 1] as const) {
        if (this.streams[side].isOver || this.programs[side].isPaused || ended[side]) continue;
        const piece = content[side].slice(offsets[side], offsets[side]! + 40_000);
        offsets[side]! += piece.length;
        if (piece.length > 0) this.streams[side].data(piece);
        else {
          ended[side] = true;
          this.streams[side].ended();
        }
      }
    }
  }
}

function content(seed: number, count: number): Uint8Array {
  const random = new Random(seed, "content");
  return Uint8Array.from({ length: count }, () => random.below(256));
}

describe("streams", () => {
  test.each([
    [0, 0, 300_000],
    [1, 0, 100_000],
    [10, 0, 150_000],
    [0, 400_000, 150_000],
    [5, 300_000, 200_000],
    [30, 100_000, 30_000],
  ])(
    "with %s %% lost and up to %s ns late, what is sent both ways arrives whole and in order",
    (lostPercent, lateMostNs, count) => {
      for (let seed = 1; seed <= 2; seed++) {
        const pair = new Pair(seed, { lostPercent, lateMostNs });
        const sent = [content(seed, count), content(seed + 100, count)] as const;
        pair.exchange(sent, 600e9);
        expect(pair.programs.map(({ hasEnd }) => hasEnd)).toEqual([true, true]);
        expect(Buffer.compare(pair.programs[1].bytes, sent[0])).toBe(0);
        expect(Buffer.compare(pair.programs[0].bytes, sent[1])).toBe(0);
      }
    },
  );

  test("a program that takes nothing stops the other side, within bounds, and it goes on when it takes again", () => {
    const pair = new Pair(1);
    const [first, second] = pair.programs;
    second.isReading = false;
    const bytes = content(1, 3 << 20);
    let offset = 0;
    const feed = (): void => {
      while (!first.isPaused && offset < bytes.length) {
        pair.streams[0].data(bytes.slice(offset, (offset += 65_536)));
      }
    };
    pair.advance(10e6);
    feed();
    pair.advance(20e9);
    feed();
    expect(second.pendingBytes).toBeLessThanOrEqual(QUEUE_BYTES);
    expect(offset).toBeLessThanOrEqual(MOST_BYTES + 65_536);
    // The window stays closed for long: probes go on, and the connection lives.
    pair.advance(300e9);
    expect(pair.streams[0].isGone).toBe(false);
    second.isReading = true;
    second.pendingBytes = 0;
    pair.streams[1].drained();
    for (let step = 0; step < 2000 && second.bytes.length < bytes.length; step++) {
      pair.advance(10e6);
      feed();
    }
    expect(Buffer.compare(second.bytes, bytes)).toBe(0);
  });

  test.each([0, 1] as const)("what side %i has ended, the other goes on with for minutes", (first) => {
    const pair = new Pair(1);
    const second = first === 0 ? 1 : 0;
    pair.advance(10e6);
    pair.streams[first].ended();
    pair.advance(300e9);
    expect(pair.programs[second].hasEnd).toBe(true);
    const said = content(1, 5000);
    pair.streams[second].data(said);
    pair.streams[second].ended();
    pair.advance(1e9);
    expect(pair.programs[first].bytes).toEqual(said);
    expect(pair.programs[first].hasEnd).toBe(true);
    pair.advance(40e9);
    expect(pair.streams.map(({ isGone }) => isGone)).toEqual([true, true]);
  });

  test("a side that has gone without a word is given up, and its program is told", () => {
    const pair = new Pair(1);
    pair.advance(10e6);
    const silent = new Pair(1, { lostPercent: 100, lateMostNs: 0 });
    silent.advance(100e9);
    expect(silent.streams[0].isGone).toBe(true);
    expect(silent.programs[0].isReset).toBe(true);
    expect(pair.streams[0].isGone).toBe(false);
  });

  test("resets count only with the number that is expected (RFC 5961, 3.2), and blind data and SYNs change nothing", () => {
    const pair = new Pair(1);
    pair.advance(10e6);
    pair.streams[0].data(content(1, 100));
    pair.advance(10e6);
    const { sequence, acknowledgment } = pair.sent.findLast(({ sourcePort }) => sourcePort === 1001)!;
    const forged = (flags: number, away: number, ack = acknowledgment): Segment => ({
      sourcePort: 1001,
      destinationPort: 1000,
      sequence: (sequence + away) >>> 0,
      acknowledgment: ack,
      flags,
      window: 1000,
      mss: null,
      shift: null,
      data: new Uint8Array(0),
    });
    for (const segment of [
      forged(RST, 1),
      forged(RST, 100_000_000),
      forged(SYN, 0),
      forged(ACK | FIN, 1e9),
      forged(ACK, 0, 5),
    ])
      pair.streams[0].segment(segment);
    expect(pair.streams[0].isGone).toBe(false);
    pair.streams[0].segment(forged(RST, 0));
    expect(pair.streams[0].isGone).toBe(true);
    expect(pair.programs[0].isReset).toBe(true);
  });

  test("an acknowledgment of what was never sent is answered and changes nothing (RFC 9293, 3.10.7.4)", () => {
    const pair = new Pair(1);
    pair.advance(10e6);
    pair.streams[1].data(content(3, 100));
    pair.advance(10e6);
    const { sequence: before100, acknowledgment } = pair.sent.findLast(({ sourcePort }) => sourcePort === 1001)!;
    const sequence = (before100 + 100) >>> 0;
    const bytes = content(1, 1000);
    pair.streams[0].data(bytes);
    const before = pair.sent.length;
    pair.streams[0].segment({
      sourcePort: 1001,
      destinationPort: 1000,
      sequence,
      acknowledgment: (acknowledgment + 100_000) >>> 0,
      flags: ACK,
      window: 1000,
      mss: null,
      shift: null,
      data: new Uint8Array(0),
    });
    expect(pair.sent.slice(before)).toMatchObject([{ sourcePort: 1000, flags: ACK, acknowledgment: sequence }]);
    const more = content(2, 1000);
    pair.streams[0].data(more);
    pair.advance(10e9);
    expect(Buffer.compare(pair.programs[1].bytes, Buffer.concat([bytes, more]))).toBe(0);
  });

  test("every second segment of a long transfer is acknowledged (RFC 9293, 3.8.6.3)", () => {
    const pair = new Pair(1);
    pair.advance(10e6);
    pair.sent.length = 0;
    pair.streams[0].data(content(1, 200_000));
    pair.advance(1e9);
    expect(pair.programs[1].bytes.length).toBe(200_000);
    const [segments, answers] = [1000, 1001].map((port) => pair.sent.filter(({ sourcePort }) => sourcePort === port));
    expect(segments!.length).toBeGreaterThan(100);
    expect(answers!.length).toBeGreaterThanOrEqual(segments!.length / 2);
    expect(answers!.length).toBeLessThan(segments!.length * 0.6);
  });

  test("a port that refuses is a reset for the guest", () => {
    const pair = new Pair(1);
    const syn = pair.sent[0]!;
    const answers: Outgoing[] = [];
    const stream = new NatStream({ nowNs: 0, send: (segment) => void answers.push(segment) }, 1);
    stream.accept(syn, () => new Program());
    stream.closed("refused");
    expect(answers).toMatchObject([{ flags: RST | ACK, acknowledgment: (syn.sequence + 1) >>> 0 }]);
    expect(stream.isGone).toBe(true);
  });
});

const FROM = parseIpv4("10.0.2.15");
const TO = parseIpv4("10.0.2.2");

describe("segments", () => {
  const whole: Segment = {
    sourcePort: 1,
    destinationPort: 65_535,
    sequence: 0xffff_ffff,
    acknowledgment: 7,
    flags: SYN | ACK,
    window: 65_535,
    mss: 1460,
    shift: 3,
    data: content(1, 33),
  };

  test("are read as they were written", () => {
    const payload = segmentBytes(FROM, TO, whole);
    expect(parseSegment({ source: FROM, destination: TO, protocol: 6, payload })).toEqual(whole);
  });

  test("with any byte wrong, cut anywhere, or with options that lie are nothing or harmless", () => {
    const payload = segmentBytes(FROM, TO, whole);
    for (let at = 0; at < payload.length; at++) {
      const wrong = payload.slice();
      wrong[at]! ^= 0x41;
      expect(parseSegment({ source: FROM, destination: TO, protocol: 6, payload: wrong })).toBeNull();
      expect(parseSegment({ source: FROM, destination: TO, protocol: 6, payload: payload.subarray(0, at) })).toBeNull();
    }
  });

  test("with a head that is too short, or longer than the segment, are nothing, though the sum is right", () => {
    // The first byte of the data would be the end of options.
    const data = Uint8Array.from({ length: 20 }, (_, at) => (at === 0 ? 0 : 0x90));
    const payload = segmentBytes(FROM, TO, { ...whole, data });
    const parsed = (headWords: number): Segment | null => {
      const changed = payload.slice();
      changed[12] = headWords << 4;
      // The sum's other half of the change is in the data.
      changed[30]! += payload[12]! - changed[12]!;
      return parseSegment({ source: FROM, destination: TO, protocol: 6, payload: changed });
    };
    expect(parsed(7)).toEqual({ ...whole, data });
    expect(parsed(5)!.data).toHaveLength(28);
    expect(parsed(12)!.data).toHaveLength(0);
    for (const words of [4, 13, 15]) expect(parsed(words)).toBeNull();
  });

  test("of random bytes never end a stream that they do not belong to", () => {
    const random = new Random(3, "segments");
    const pair = new Pair(2);
    pair.advance(10e6);
    for (let step = 0; step < 2000; step++) {
      const flags = random.below(64) & ~RST;
      const segment: Segment = {
        sourcePort: 1001,
        destinationPort: 1000,
        sequence: random.below(2 ** 32),
        acknowledgment: random.below(2 ** 32),
        flags,
        window: random.below(65_536),
        mss: random.below(2) === 0 ? null : random.below(65_536),
        shift: random.below(2) === 0 ? null : random.below(15),
        data: content(step, random.below(64)),
      };
      pair.streams[0].segment(segment);
    }
    const bytes = content(1, 50_000);
    pair.streams[1].data(bytes);
    pair.advance(30e9);
    expect(Buffer.compare(pair.programs[0].bytes, bytes)).toBe(0);
  });
});

/** What both sides have sent, as text: the numbers relative, for they begin anywhere. */
function transcript({ sent }: Pair): string {
  return sent
    .map(
      ({ sourcePort, flags, sequence, acknowledgment, window, data, mss, shift }) =>
        `${sourcePort} ${flags} ${sequence} ${acknowledgment} ${window} ${data.length} ${mss} ${shift}`,
    )
    .join("\n");
}

describe("each segment of a conversation is the one that it always was", () => {
  // Trouble, bytes of each side, whether one program stops reading for a while; how many segments, and their digest.
  test.each([
    [1, { lostPercent: 0, lateMostNs: 0 }, [3000, 150_000], 169, "ebe3dff0cc47"],
    [2, { lostPercent: 7, lateMostNs: 0 }, [90_000, 60_000], 191, "ce86c4f8217f"],
    [3, { lostPercent: 0, lateMostNs: 400_000 }, [60_000, 90_000], 233, "6c0eecb6e0bd"],
    [4, { lostPercent: 20, lateMostNs: 200_000 }, [20_000, 1], 51, "4eecf18947f9"],
    [5, { lostPercent: 2, lateMostNs: 0 }, [0, 700_000], 642, "f099d88ae150"],
  ] as const)("seed %i, %j", (seed, trouble, [one, other], segments, digest) => {
    const pair = new Pair(seed, trouble);
    const [first, second] = [content(seed, one), content(seed + 100, other)];
    if (seed === 5) pair.programs[0].isReading = false;
    pair.exchange([first, second], 20e9);
    if (seed === 5) {
      pair.programs[0].isReading = true;
      pair.programs[0].pendingBytes = 0;
      pair.streams[0].drained();
    }
    pair.exchange([first.subarray(0, 0), second.subarray(0, 0)], 4000e9);
    expect([pair.sent.length, digestOf(transcript(pair))]).toEqual([segments, digest]);
  });
});
