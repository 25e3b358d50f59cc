/**
 * The switch from outside, in virtual time (docs/protocols/switch.md): frames with their times, and what ends a
 * connection.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type LabCluster, serveSwitch } from "../../src/index.ts";
import { arp, echo, filler, icmp, type NodeFacts, PEER } from "../guest/packet-wire.ts";
import { withAddress } from "./booted.ts";
import { CLOUD } from "./images.ts";

const HEAD_BYTES = 16;
const SECOND_NS = 1e9;

interface Message {
  readonly kind: string;
  readonly timeNs: number;
  readonly payload: Buffer;
}

function message(kind: string, timeNs = 0, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(payload.length);
  head.write(kind, 4);
  head.writeBigUInt64LE(BigInt(timeNs), 8);
  return Buffer.concat([head, payload]);
}

/** A station on the switch of a node. */
class Station {
  readonly facts: NodeFacts;
  readonly lab: LabCluster;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #pending: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, facts: NodeFacts, lab: LabCluster) {
    this.facts = facts;
    this.lab = lab;
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async #next(): Promise<Message> {
    for (;;) {
      const bytes = this.#pending;
      if (bytes.length >= HEAD_BYTES && bytes.length >= HEAD_BYTES + bytes.readUInt32LE(0)) {
        const end = HEAD_BYTES + bytes.readUInt32LE(0);
        this.#pending = bytes.subarray(end);
        const kind = String.fromCharCode(bytes[4]!);
        return { kind, timeNs: Number(bytes.readBigUInt64LE(8)), payload: bytes.subarray(HEAD_BYTES, end) };
      }
      const { value, done } = await this.#chunks.next();
      if (done) throw new Error("the switch has closed the connection");
      this.#pending = Buffer.concat([this.#pending, value]);
    }
  }

  /** Lets so much time pass at most. The frames that came, and what time it is. */
  async advance(ns: number): Promise<{ frames: readonly Message[]; nowNs: number }> {
    this.write(message("A", ns));
    const frames: Message[] = [];
    for (;;) {
      const said = await this.#next();
      if (said.kind === "T") return { frames, nowNs: said.timeNs };
      frames.push(said);
    }
  }

  /** The first frame that is of protocol ICMP within a second, and when it came. */
  async reply(): Promise<Message | null> {
    for (let untilNs = -1, nowNs = 0; untilNs < 0 || nowNs < untilNs; ) {
      const passed = await this.advance(SECOND_NS / 10);
      nowNs = passed.nowNs;
      if (untilNs < 0) untilNs = nowNs + SECOND_NS;
      const found = passed.frames.find(({ payload }) => payload[12] === 8 && payload[23] === 1);
      if (found) return found;
    }
    return null;
  }

  /** Has the node ping the station back, which it knows by ARP. */
  ping(): Promise<Message | null> {
    this.write(message("F", 0, arp({ operation: 1 })(this.facts)));
    this.write(message("F", 0, icmp(echo(7, 1, filler(8)))(this.facts)));
    return this.reply();
  }
}

async function station(): Promise<Station> {
  const lab = await withAddress();
  const facts = { mac: lab.cluster.macAddresses[0]!, address: CLOUD.exec(lab.nodes[0]!.console.text)![2]! };
  const folder = mkdtempSync(join(tmpdir(), "qure-switch-"));
  const path = join(folder, "switch.sock");
  const server = await serveSwitch(path, () => lab);
  const socket = createConnection(path);
  onTestFinished(() => {
    socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return new Station(socket, facts, lab);
}

test("a station hears what it is sent with its time, and time passes only when it says so", async () => {
  const one = await station();
  const { nowNs: startNs } = await one.advance(0);
  const pong = await one.ping();
  expect(pong!.payload.subarray(26, 34)).toEqual(
    Buffer.from([...one.facts.address.split("."), ...PEER.split(".")].map(Number)),
  );
  expect(pong!.timeNs).toBeGreaterThan(startNs);
  expect(pong!.timeNs - startNs).toBeLessThan(SECOND_NS / 100);
  let { nowNs } = await one.advance(0);
  expect((await one.advance(0)).nowNs).toBe(nowNs);
  // An end is exact where no frame comes before it.
  for (let frames = 1; frames > 0; ) {
    const passed = await one.advance(1000);
    frames = passed.frames.length;
    if (frames === 0) expect(passed.nowNs).toBe(nowNs + 1000);
    nowNs = passed.nowNs;
  }
});

test("messages may come in any pieces, and frames that are none harm nobody", async () => {
  const one = await station();
  for (const length of [0, 1, 13, 14, 59, 1515, 9000, 65_536])
    one.write(message("F", 0, new Uint8Array(length).fill(255)));
  const frame = message("F", 0, arp({ operation: 1 })(one.facts));
  for (const byte of frame) {
    one.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  expect(await one.ping()).not.toBeNull();
});

test.each([
  ["another kind", message("X")],
  ["a payload of more than 65,536 bytes", message("F", 0, new Uint8Array(65_537))],
])("%s ends the connection, and nothing behind it counts", async (_what, bytes) => {
  const one = await station();
  const { nowNs } = one.lab;
  one.write(Buffer.concat([bytes, message("A", SECOND_NS)]));
  await one.closed;
  expect(one.lab.nowNs).toBe(nowNs);
});
