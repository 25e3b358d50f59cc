/**
 * How the window of a sender grows over many round trips, held against RFC 9438 (CUBIC): a peer acknowledges all that
 * has come, once in a round trip, and loses what a test tells it to.
 */
import { expect, test } from "vitest";
import { shared } from "../setup/shared.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { withLongFile } from "./long-file.ts";
import { type TcpScene, tcpScene } from "./tcp-scene.ts";
import { type Segment, TcpPeer } from "./tcp-wire.ts";

const RTT_MS = 100;
const SEGMENT = 1000;
/** Of RFC 9438: segments in a cubic second, what a loss leaves, and how fast Reno grows that shrinks as little. */
const C = 0.4;
const BETA = 0.7;
const RENO_WHILE_LESS = 9 / 17;

class Receiver extends TcpPeer {
  readonly came: Segment[] = [];

  override hear(segment: Segment): void {
    this.came.push(segment);
    super.hear(segment);
  }
}

/** A connection over which the node sends without end. */
class Transfer {
  readonly #scene: TcpScene;
  readonly #peer: Receiver;
  readonly #port: number;
  readonly #sack: boolean;
  #first = 0;
  #acknowledged = 1;
  /** Where what has come ends. */
  #end = 1;

  constructor(scene: TcpScene, port: number, sack: boolean) {
    this.#scene = scene;
    this.#port = port;
    this.#sack = sack;
    this.#peer = new Receiver(scene.lab, scene.plug, scene.node, port, 0);
    scene.peers.set(port, this.#peer);
  }

  async open(): Promise<number> {
    await this.#scene.lab.nodes[0]!.enter(`seq 900000 | nc 10.0.2.77 ${this.#port} &`, PROMPT);
    expect(await this.#peer.expect("S 0:0")).toBe("S 0:0");
    this.#first = this.#peer.came[0]!.sequence;
    this.#peer.came.length = 0;
    await this.#scene.lab.advance(`${RTT_MS - 3}ms`);
    this.#peer.send(`S. 0:0 ack 1 win 16384 mss ${SEGMENT} wscale 3${this.#sack ? " sackOK" : ""}`);
    return this.#listen(RTT_MS);
  }

  /** Segments that come until the next acknowledgement. */
  async #listen(ms: number): Promise<number> {
    await this.#scene.lab.advance(`${ms}ms`);
    const data = this.#peer.came.filter(({ data }) => data.length > 0);
    this.#peer.came.length = 0;
    for (const { sequence, data: bytes } of data)
      this.#end = Math.max(this.#end, ((sequence - this.#first) | 0) + bytes.length);
    return data.length;
  }

  /** Acknowledges all that has come, so many times. */
  async rounds(count: number): Promise<number[]> {
    const seen: number[] = [];
    for (let round = 0; round < count; round++) {
      this.#acknowledged = this.#end;
      this.#peer.send(`. 1:1 ack ${this.#end} win 16384`);
      seen.push(await this.#listen(RTT_MS));
    }
    return seen;
  }

  /** Acknowledges single segments, each at a moment of its own. */
  async oneByOne(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      this.#acknowledged += SEGMENT;
      this.#peer.send(`. 1:1 ack ${this.#acknowledged} win 16384`);
      await this.#listen(2);
    }
  }

  /**
   * So many segments are missing of what has come; says which come again until all have, and how many come beside them.
   */
  async lossOf(count: number): Promise<{ again: number[]; fresh: number }> {
    const [from, end] = [this.#acknowledged, this.#end];
    let fresh = 0;
    const again: number[] = [];
    this.#peer.send(`. 1:1 ack ${from} win 16384 sack ${from + count * SEGMENT}:${end}`);
    for (let round = 0; round < count && again.length < count; round++) {
      await this.#scene.lab.advance("40ms");
      for (const { sequence, data } of this.#peer.came.splice(0)) {
        const place = (sequence - this.#first) | 0;
        if (place < end) again.push((place - from) / SEGMENT);
        else if (data.length > 0) fresh++;
        this.#end = Math.max(this.#end, place + data.length);
      }
      this.#acknowledged = from + again.length * SEGMENT;
      const rest = again.length < count ? ` sack ${from + count * SEGMENT}:${this.#end}` : "";
      this.#peer.send(`. 1:1 ack ${rest ? this.#acknowledged : this.#end} win 16384${rest}`);
    }
    return { again, fresh };
  }

  /** Of what has come the first segment is missing. */
  async lossOfOne(): Promise<number> {
    const from = this.#acknowledged;
    if (this.#sack) this.#peer.send(`. 1:1 ack ${from} win 16384 sack ${from + SEGMENT}:${this.#end}`);
    else for (let at = from + SEGMENT; at < this.#end; at += SEGMENT) this.#peer.send(`. 1:1 ack ${from} win 16384`);
    return this.#listen(RTT_MS);
  }
}

/** Segments of each round trip in congestion avoidance, after the window `maximum` shrank to `from` (RFC 9438, 4). */
function avoidance(from: number, maximum: number, rounds: number): number[] {
  const k = Math.cbrt((maximum - from) / C);
  let [window, reno] = [from, from];
  return Array.from({ length: rounds }, (_, round) => {
    const flight = Math.floor(window);
    const inTime = C * ((round + 1) * (RTT_MS / 1000) - k) ** 3 + maximum;
    const cubic = window + (Math.min(Math.max(inTime - window, 0), window / 2) * flight) / window;
    reno += ((reno < maximum ? RENO_WHILE_LESS : 1) * flight) / window;
    window = Math.max(cubic, reno);
    return flight;
  });
}

/** Rounds in which nearly as many segments came as were expected. */
function expectNear(seen: readonly number[], expected: readonly number[]): void {
  const far = seen.flatMap((came, round) => (Math.abs(came - expected[round]!) <= 1 ? [] : [round]));
  expect(far, `came ${seen.join(" ")}, expected ${expected.join(" ")}`).toEqual([]);
}

/** Segments of a connection that wait to be sent or acknowledged, at most: in a recovery no more can go. */
const BUFFERED = 66;
const SLOW_START = [10, 20, 30, 40, 50];
const scene = shared(async () => tcpScene(await withLongFile()));

test("after a loss the window comes back in the curve of its cube, and goes on beyond what it was", async () => {
  const transfer = new Transfer(await scene(), 6100, true);
  const opening = [await transfer.open(), ...(await transfer.rounds(4))];
  expect(opening).toEqual(SLOW_START);
  expect(await transfer.lossOfOne()).toBe(1 + BUFFERED - 50);
  expectNear(await transfer.rounds(40), avoidance(50 * BETA, 50, 40));
});

thoroughly("of two losses the second leaves room for others: the window returns to less than it was", async () => {
  const transfer = new Transfer(await scene(), 6101, true);
  await transfer.open();
  await transfer.rounds(4);
  await transfer.lossOfOne();
  const before = (await transfer.rounds(12)).at(-1)!;
  expect(before).toBeLessThan(50);
  await transfer.lossOfOne();
  expectNear(await transfer.rounds(30), avoidance(before * BETA, before * (1 - (1 - BETA) / 2), 30));
});

test("without SACK the window opens from two segments again after a recovery, up to what the loss has left (RFC 6582)", async () => {
  const transfer = new Transfer(await scene(), 6102, false);
  expect([await transfer.open(), ...(await transfer.rounds(4))]).toEqual(SLOW_START);
  expect(await transfer.lossOfOne()).toBe(1 + BUFFERED - 50);
  const rounds = await transfer.rounds(30);
  expect(rounds.slice(0, 5)).toEqual([2, 4, 8, 16, 26]);
  expectNear(rounds.slice(6), avoidance(rounds[6]!, 50, 24));
});

thoroughly("what is lost of segments that were sent at many moments goes again, in order and once", async () => {
  const transfer = new Transfer(await scene(), 6103, true);
  await transfer.open();
  await transfer.oneByOne(40);
  const { again, fresh } = await transfer.lossOf(20);
  expect(again).toEqual(Array.from({ length: 20 }, (_, at) => at));
  // Besides them as much as the buffer has room for.
  expect(fresh).toBeLessThanOrEqual(BUFFERED - 50);
});
