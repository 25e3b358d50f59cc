/**
 * The NBD server as bytes: what clients do wrong is an error of a request, and faults of other servers are none of it.
 */
import { connect } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { serveNbd } from "../../src/host/nbd-server.ts";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { type VolumeDevice, VolumeError } from "../../src/volume/model.ts";
import { NbdConnection } from "../../src/volume/nbd/connection.ts";
import { exportFlags } from "../../src/volume/nbd/options.ts";
import * as nbd from "../../src/volume/nbd/words.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { hostOf } from "./hosts.ts";

const SIZE = 1 << 20;
const be = (bits: 16 | 32 | 64, value: number | bigint): number[] =>
  Array.from({ length: bits / 8 }, (_, at) => Number((BigInt(value) >> BigInt(bits - 8 - 8 * at)) & 0xffn));
const option = (kind: number, data: readonly number[] = []): number[] => [
  ...be(64, nbd.OPTION_MAGIC),
  ...be(32, kind),
  ...be(32, data.length),
  ...data,
];
const text = (words: string): number[] =>
  [...be(32, words.length), ...words].map((one) => (typeof one === "string" ? one.charCodeAt(0) : one));
const request = (type: number, at: number, length: number, flags = 0, handle = 1): number[] => [
  ...be(32, nbd.REQUEST_MAGIC),
  ...be(16, flags),
  ...be(16, type),
  ...be(64, handle),
  ...be(64, at),
  ...be(32, length),
];

/** A client of a volume, that says bytes and hears all that is answered. */
class Client {
  heard: number[] = [];
  isClosed = false;
  isPaused = false;
  /** It hears nothing for now. */
  isDeaf = false;
  unsent = 0;
  readonly connection: NbdConnection;

  constructor(device: VolumeDevice) {
    const peer = {
      send: (...parts: readonly Uint8Array[]): void => {
        if (this.isDeaf) for (const part of parts) this.unsent += part.length;
        else this.heard = this.heard.concat(...parts.map((part) => [...part]));
      },
      unsentBytes: (): number => this.unsent,
      pause: (isPaused: boolean): void => void (this.isPaused = isPaused),
      close: (): void => void (this.isClosed = true),
    };
    this.connection = new NbdConnection(peer, [{ name: "disk", device, flags: exportFlags(device) }]);
    this.heard = [];
  }

  /** Says it, and gives back what is answered. */
  async say(...bytes: readonly number[]): Promise<number[]> {
    this.connection.receive(Uint8Array.from(bytes));
    for (let turn = 0; turn < 4; turn++) await new Promise((done) => setImmediate(done));
    return this.heard.splice(0);
  }

  /** A request's answer: its error and its data. */
  async ask(...bytes: readonly number[]): Promise<{ error: number; data: number[] }> {
    const answer = await this.say(...bytes);
    const view = new DataView(Uint8Array.from(answer).buffer);
    expect(view.getUint32(0)).toBe(nbd.SIMPLE_MAGIC);
    return { error: view.getUint32(4), data: answer.slice(16) };
  }
}

async function newDevice(readOnly = false): Promise<VolumeDevice> {
  const volumes = openVolumes(new MemoryStore(), hostOf("a"));
  await volumes.create("disk", { sizeBytes: SIZE });
  return volumes.open("disk", { readOnly });
}

async function connected(device?: VolumeDevice): Promise<Client> {
  const client = new Client(device ?? (await newDevice()));
  await client.say(
    ...be(32, 3),
    ...option(
      nbd.OPTION.exportName,
      [..."disk"].map((letter) => letter.charCodeAt(0)),
    ),
  );
  return client;
}

const { read, write, flush, trim, writeZeroes, blockStatus } = nbd.COMMAND;

test("a client without structured replies reads, writes, flushes and trims", async () => {
  const client = await connected();
  expect(await client.ask(...request(write, 100, 3), 7, 8, 9)).toEqual({ error: 0, data: [] });
  expect(await client.ask(...request(read, 99, 5))).toEqual({ error: 0, data: [0, 7, 8, 9, 0] });
  expect((await client.ask(...request(flush, 0, 0))).error).toBe(0);
  expect((await client.ask(...request(trim, 0, 4096))).error).toBe(0);
  expect((await client.ask(...request(writeZeroes, 100, 2, nbd.FLAG.fua))).error).toBe(0);
  expect((await client.ask(...request(read, 99, 5))).data).toEqual([0, 0, 0, 0, 0]);
});

test("the second command after a write is read (a fault of xapi-project/nbd)", async () => {
  const client = await connected();
  const answers = await client.say(
    ...request(write, 0, 2, 0, 1),
    1,
    2,
    ...request(read, 0, 2, 0, 2),
    ...request(flush, 0, 0, 0, 3),
  );
  expect(answers.length).toBe(16 + 18 + 16);
});

test("a client that takes no answers is answered no more until it does", async () => {
  const mostBytes = 64 << 20;
  const client = await connected();
  client.isDeaf = true;
  const reads = Array.from({ length: 200 }, (_, handle) => request(read, 0, SIZE, 0, handle)).flat();
  for (let turn = 0; turn < 50; turn++) await client.say(...(turn === 0 ? reads : []));
  expect(client.isPaused).toBe(true);
  expect(client.unsent).toBeLessThan(mostBytes + 2 * (SIZE + 16));
  // Options, too, are answered by more than they cost.
  const other = new Client(await newDevice());
  other.unsent = mostBytes;
  other.isDeaf = true;
  await other.say(...be(32, 3), ...Array.from({ length: 100 }, () => option(nbd.OPTION.list)).flat());
  expect(other.unsent).toBeLessThan(mostBytes + 100);
  let answered = 0;
  for (let turn = 0; turn < 400 && answered < 200 * (SIZE + 16); turn++) {
    answered += client.unsent;
    client.unsent = 0;
    client.connection.drained();
    await client.say();
  }
  expect(answered).toBe(200 * (SIZE + 16));
  expect(client.isPaused).toBe(false);
});

test("whoever connects and says nothing is sent away; whoever is served may be silent", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const device = await newDevice();
  const served = await serveNbd({ host: "127.0.0.1", port: 0 }, [{ name: "disk", device, flags: 0 }], () => {});
  const { hostname, port } = new URL(served.uri.replace("nbd:", "http:"));
  const [mute, greeted] = [connect(Number(port), hostname), connect(Number(port), hostname)];
  const gone = new Promise((left) => mute.once("close", left));
  const heard = (): Promise<Buffer> => new Promise((got) => greeted.once("data", got));
  mute.resume();
  await heard();
  const exportName = option(
    nbd.OPTION.exportName,
    [..."disk"].map((letter) => letter.charCodeAt(0)),
  );
  greeted.write(Uint8Array.from([...be(32, 3), ...exportName]));
  await heard();
  vi.advanceTimersByTime(40_000);
  await gone;
  greeted.write(Uint8Array.from(request(flush, 0, 0)));
  expect((await heard()).readUInt32BE(0)).toBe(nbd.SIMPLE_MAGIC);
  await served.close();
  vi.useRealTimers();
});

test("FUA on a read does no harm (real clients set it)", async () => {
  const client = await connected();
  expect((await client.ask(...request(read, 0, 4, nbd.FLAG.fua))).error).toBe(0);
});

test("flush, FUA and trim are offered, and not on what is only read (faults of BUSE and vm0)", async () => {
  const flags = exportFlags(await newDevice());
  for (const flag of [nbd.CAN.flush, nbd.CAN.fua, nbd.CAN.trim, nbd.CAN.writeZeroes, nbd.CAN.multiConnection])
    expect(flags & flag).toBe(flag);
  const device = await newDevice(true);
  expect(exportFlags(device) & nbd.CAN.readOnly).toBe(nbd.CAN.readOnly);
  expect((await (await connected(device)).ask(...request(write, 0, 1), 1)).error).toBe(nbd.ERROR.permission);
});

test.each([
  ["beyond the end", request(read, SIZE - 1, 2), nbd.ERROR.invalid],
  ["far beyond the end", request(read, 2 ** 53 + 2, 2), nbd.ERROR.invalid],
  ["a write beyond the end", [...request(write, SIZE, 1), 9], nbd.ERROR.noSpace],
  ["an unknown command", request(99, 0, 0), nbd.ERROR.invalid],
  ["a status that nobody agreed on", request(blockStatus, 0, 512), nbd.ERROR.invalid],
  ["a read of 3 GiB", request(read, 0, 3 << 30), nbd.ERROR.invalid],
])("%s is an error of that request, and the connection goes on (a fault of vm0)", async (_what, bytes, error) => {
  const client = await connected();
  expect((await client.ask(...bytes)).error).toBe(error);
  expect((await client.ask(...request(read, 0, 1))).error).toBe(0);
  expect(client.isClosed).toBe(false);
});

test("an error of the store is an error of the request, and is told in words where that was agreed on", async () => {
  const device = await newDevice();
  const broken: VolumeDevice = {
    name: "disk",
    sizeBytes: SIZE,
    readOnly: false,
    write: () => device.flush(),
    zero: () => device.flush(),
    extents: (at, length) => device.extents(at, length),
    close: () => device.close(),
    read: () => Promise.reject(new VolumeError("damaged", "disk at 0 is damaged")),
    flush: () => Promise.reject(new VolumeError("fenced", "its lock was broken")),
  };
  const client = new Client(broken);
  await client.say(
    ...be(32, 1),
    ...option(nbd.OPTION.structuredReply),
    ...option(nbd.OPTION.go, [...text("disk"), ...be(16, 0)]),
  );
  const answer = Uint8Array.from(await client.say(...request(read, 0, 512)));
  const view = new DataView(answer.buffer);
  expect([view.getUint32(0), view.getUint16(6), view.getUint32(20)]).toEqual([
    nbd.STRUCTURED_MAGIC,
    nbd.CHUNK.error,
    nbd.ERROR.io,
  ]);
  expect(new TextDecoder().decode(answer.slice(26))).toBe("disk at 0 is damaged");
  expect(new DataView(Uint8Array.from(await client.say(...request(flush, 0, 0))).buffer).getUint32(20)).toBe(
    nbd.ERROR.shutdown,
  );
});

test("a long read comes in pieces, and in one where the client wants it so", async () => {
  const client = new Client(await newDevice());
  await client.say(
    ...be(32, 1),
    ...option(nbd.OPTION.structuredReply),
    ...option(nbd.OPTION.go, [...text("disk"), ...be(16, 0)]),
  );
  const piecesOf = async (flags: number): Promise<number[][]> => {
    const answer = Buffer.from(await client.say(...request(read, 4096, 600_000, flags)));
    const pieces: number[][] = [];
    for (let at = 0; at < answer.length; at += 20 + answer.readUInt32BE(at + 16))
      pieces.push([answer.readUInt16BE(at + 4), answer.readUInt32BE(at + 24), answer.readUInt32BE(at + 16) - 8]);
    return pieces;
  };
  const piece = 256 * 1024;
  expect(await piecesOf(0)).toEqual([
    [0, 4096, piece],
    [0, 4096 + piece, piece],
    [nbd.CHUNK_DONE, 4096 + 2 * piece, 600_000 - 2 * piece],
  ]);
  expect(await piecesOf(nbd.FLAG.doNotFragment)).toEqual([[nbd.CHUNK_DONE, 4096, 600_000]]);
});

describe("the handshake", () => {
  const reply = (bytes: readonly number[]): number => new DataView(Uint8Array.from(bytes).buffer).getUint32(12);
  test.each([
    ["an option that is not there", option(5), nbd.REPLY.unsupported],
    ["a name that is not there", option(nbd.OPTION.go, [...text("other"), ...be(16, 0)]), nbd.REPLY.unknown],
    ["lengths that do not fit", option(nbd.OPTION.go, be(32, 1000)), nbd.REPLY.invalid],
    ["LIST with data", option(nbd.OPTION.list, [1]), nbd.REPLY.invalid],
    [
      "contexts before structured replies",
      option(nbd.OPTION.setMetaContext, [...text("disk"), ...be(32, 0)]),
      nbd.REPLY.invalid,
    ],
  ])("answers %s, and goes on", async (_what, bytes, wanted) => {
    const client = new Client(await newDevice());
    await client.say(...be(32, 1));
    expect(reply(await client.say(...bytes))).toBe(wanted);
    expect(reply(await client.say(...option(nbd.OPTION.structuredReply)))).toBe(nbd.REPLY.ack);
    expect(client.isClosed).toBe(false);
  });

  test("an option of a gigabyte is passed over without being kept", async () => {
    const client = new Client(await newDevice());
    await client.say(...be(32, 1));
    expect(reply(await client.say(...be(64, nbd.OPTION_MAGIC), ...be(32, 7), ...be(32, 70_000)))).toBe(
      nbd.REPLY.tooBig,
    );
    expect(await client.say(...new Array<number>(70_000).fill(0))).toEqual([]);
    expect(reply(await client.say(...option(nbd.OPTION.structuredReply)))).toBe(nbd.REPLY.ack);
  });

  test.each([[[9, 9, 9, 9]], [[...be(32, 1), ...new Array<number>(16).fill(0x41)]]])(
    "what is no handshake ends it: %j",
    async (bytes) => {
      const client = new Client(await newDevice());
      await client.say(...bytes);
      expect(client.isClosed).toBe(true);
    },
  );
});

test("drawn bytes, cut anywhere, neither break it nor change what they may not", async () => {
  const random = new Random(1, "nbd");
  const good = [be(32, 1), option(nbd.OPTION.structuredReply), option(nbd.OPTION.go, [...text("disk"), ...be(16, 0)])];
  for (let round = 0; round < 200; round++) {
    const client = new Client(await newDevice());
    const bytes = [
      ...good,
      request(read, 0, 600),
      [...request(write, 5, 4), 1, 2, 3, 4],
      request(blockStatus, 0, 4096),
    ].flat();
    for (let flips = random.below(4); flips > 0; flips--) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(40);
      client.connection.receive(Uint8Array.from(bytes.slice(at, end)));
      at = end;
    }
    await client.say();
    client.connection.closed();
  }
});
