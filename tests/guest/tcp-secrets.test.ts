/**
 * Numbers that a stranger must not guess, held against the node's own key: all are HalfSipHash-2-4 (Aumasson and
 * Bernstein) of the connection and two words, as RFC 6528 (initial sequence numbers), 4987 (cookies), 6056 (ports) and
 * 7323 (timestamps) want them.
 */
import { expect, test } from "vitest";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import { shared } from "../setup/shared.ts";
import { withAddress } from "../system/booted.ts";
import { PROMPT } from "../system/images.ts";
import { addressOf } from "./agreement-scene.ts";
import { play, type TcpScene, tcpScene } from "./tcp-scene.ts";
import { type Segment, TcpPeer } from "./tcp-wire.ts";

const HTTP_PORT = 80;
const PEER = "10.0.2.77";
/**
 * Numbers by which initial ones grow in a millisecond (RFC 9293, 3.4.1), and the first of the ports that are chosen.
 */
const NUMBERS_A_MS = 250;
const FIRST_CHOSEN = 49_152;
const CHOSEN = 16_384;
const COOKIE_SIZES = [64, 256, 536, 1024, 1220, 1360, 1440, 1460] as const;
const COOKIE_COUNT_MS = 65_536;

const scene = shared(async () => tcpScene(await withAddress()));

const rotate = (value: number, bits: number): number => ((value << bits) | (value >>> (32 - bits))) >>> 0;

/** HalfSipHash-2-4 of words, to 32 bits. */
function halfSipHash([k0, k1]: readonly [number, number], words: readonly number[]): number {
  let [v0, v1, v2, v3] = [k0, k1, (0x6c796765 ^ k0) >>> 0, (0x74656462 ^ k1) >>> 0];
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) >>> 0;
      v1 = rotate(v1, 5) ^ v0;
      v0 = rotate(v0, 16);
      v2 = (v2 + v3) >>> 0;
      v3 = rotate(v3, 8) ^ v2;
      v0 = (v0 + v3) >>> 0;
      v3 = rotate(v3, 7) ^ v0;
      v2 = (v2 + (v1 >>> 0)) >>> 0;
      v1 = rotate(v1, 13) ^ v2;
      v2 = rotate(v2, 16);
    }
  };
  for (const word of [...words, (words.length * 4) << 24]) {
    v3 = (v3 ^ word) >>> 0;
    rounds(2);
    v0 = (v0 ^ word) >>> 0;
  }
  v2 ^= 0xff;
  rounds(4);
  return (v1 ^ v3) >>> 0;
}

/** The hash of one connection of the node's, by its own key. */
async function hashOf({ lab, node }: TcpScene): Promise<(ownPort: number, port: number, ...two: number[]) => number> {
  const key = new DataView(Uint8Array.from(lab.nodes[0]!.readMemory(addressOf("secret_key"), 8)).buffer);
  const pair = [key.getUint32(0, true), key.getUint32(4, true)] as const;
  expect(pair).not.toEqual([0, 0]);
  const word = (address: string): number => new DataView(parseIpv4(address).slice().buffer).getUint32(0, true);
  return (ownPort, port, ...two) => halfSipHash(pair, [word(node.address), word(PEER), port, ownPort, ...two]);
}

/** A peer that keeps the last SYN of the node's, and the peer's own first number. */
class Caller extends TcpPeer {
  said: Segment | null = null;

  override hear(segment: Segment): void {
    super.hear(segment);
    if (segment.flags.includes("S")) this.said = segment;
  }
}

/** What the node says first to a SYN. */
async function answerTo({ lab, plug, node, peers }: TcpScene, port: number, syn: string): Promise<Segment> {
  const peer = new Caller(lab, plug, node, port, HTTP_PORT);
  peers.set(port, peer);
  peer.send(syn);
  expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
  peer.send("R 1:1");
  peers.delete(port);
  return peer.said!;
}

/** The node's clock in ms by an initial sequence number. */
function clockOf(number: number, hash: number): number {
  const steps = (number - hash) >>> 0;
  expect(steps % NUMBERS_A_MS).toBe(0);
  return steps / NUMBERS_A_MS;
}

test("first sequence numbers are secret, and grow with time; timestamps begin anywhere", async () => {
  const made = await scene();
  const first = await answerTo(made, 7001, "S 0:0 ts 1:0");
  const hash = await hashOf(made);
  const began = clockOf(first.sequence, hash(7001, HTTP_PORT, 0, 1));
  expect(began).toBeLessThanOrEqual(Math.ceil(first.atMs));
  await made.lab.advance("2s");
  for (const port of [7001, 7002]) {
    const later = await answerTo(made, port, "S 0:0 ts 1:0");
    const clock = clockOf(later.sequence, hash(port, HTTP_PORT, 0, 1));
    expect(Math.abs(clock - began - (later.atMs - first.atMs))).toBeLessThanOrEqual(2);
    const stamp = Number(/ts (\d+) /.exec(later.options)![1]);
    expect(Math.abs(((stamp - hash(port, HTTP_PORT, 0, 2)) >>> 0) - clock)).toBeLessThanOrEqual(1);
  }
});

test("the port of a call is secret", async () => {
  const made = await scene();
  const { lab, plug, node, peers } = made;
  for (const ownPort of [7011, 7012]) {
    const peer = new Caller(lab, plug, node, ownPort, 0);
    peers.set(ownPort, peer);
    await lab.nodes[0]!.enter(`nc ${PEER} ${ownPort} &`, PROMPT);
    expect(await peer.expect("S 0:0")).toBe("S 0:0");
    const { port, sequence } = peer.said!;
    const hash = await hashOf(made);
    const clock = clockOf(sequence, hash(ownPort, port, 0, 1));
    const chosen = [0, 1, 2].map((before) => FIRST_CHOSEN + (hash(ownPort, 0, clock - before, 3) % CHOSEN));
    expect(chosen).toContain(port);
    peer.send("R. 0:0 ack 1");
    await lab.nodes[0]!.waitFor("nc: connection refused");
    peers.delete(ownPort);
  }
});

test("a cookie says when it was made, and the largest segment size that is not above the SYN's", async () => {
  const made = await scene();
  await play(made, ["crowd 40", "wait 20"], 1, HTTP_PORT);
  const sizes = [0, ...COOKIE_SIZES.flatMap((size) => [size - 1, size]), 65_535];
  const hash = await hashOf(made);
  for (const [number, size] of sizes.entries()) {
    const port = 7020 + number;
    const { sequence, acknowledgement } = await answerTo(made, port, `S 0:0 mss ${size}`);
    const word = sequence >>> 24;
    const index = Math.max(
      0,
      COOKIE_SIZES.findLastIndex((one) => one <= (size || 536)),
    );
    expect(word & 7, `${size}`).toBe(index);
    expect(sequence & 0xffffff).toBe(hash(port, HTTP_PORT, acknowledgement - 1, word) & 0xffffff);
    expect(word >>> 3).toBe(Math.floor(made.lab.nowNs / 1e6 / COOKIE_COUNT_MS) % 32);
  }
});
