/** What is kept on this host of a store that is far away: what is flushed is there, and what is read is never stale. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { cacheFolderOf, probeMemory, withCache } from "../../src/host/volume-cache.ts";
import { Ranges } from "../../src/volume/ranges.ts";
import { parseS3Place } from "../../src/volume/s3/place.ts";
import { openS3Store, type S3Store } from "../../src/volume/s3/store.ts";
import { MemorySlots, WriteBack } from "../../src/volume/write-back.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf } from "../setup/tier.ts";
import { hostWithoutWaiting, KNOWN, S3Stub } from "./s3-stub.ts";

let stub: S3Stub;
let folder: string;
beforeAll(async () => {
  stub = await S3Stub.start();
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.reset();
  folder = mkdtempSync(join(tmpdir(), "qure-cache-"));
  return () => rmSync(folder, { recursive: true, force: true });
});

const KEYS = { accessKeyId: "KEY", secretAccessKey: "SECRET" };
const open = (): Promise<S3Store> => {
  const place = parseS3Place(`s3://bucket/v?endpoint=${stub.endpoint}`, {});
  return openS3Store(place, KEYS, hostWithoutWaiting(), { answerMs: 1000, memory: KNOWN });
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (stored: { bytes: Uint8Array } | null): string | null => stored && new TextDecoder().decode(stored.bytes);
const LATER = { isDurable: false };
const NOW = { isDurable: true };
const fail = (message: string): never => {
  throw new Error(message);
};

/** Numbers from a seed. */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("what is written is read and listed at once, and is in the store when it is flushed, by one request", async () => {
  const cache = new WriteBack(await open(), new MemorySlots(4), fail);
  stub.log.length = 0;
  await cache.write("object/a/1/0", 2, bytes("cd"), LATER);
  await cache.write("object/a/1/0", 0, bytes("ab"), LATER);
  expect(stub.log).toEqual([]);
  expect(text(await cache.read("object/a/1/0", { atBytes: 1, lengthBytes: 9 }))).toBe("bcd");
  expect(await cache.list("object/")).toEqual(["object/a/1/0"]);
  stub.log.length = 0;
  await cache.write("object/a/1/0", 0, bytes(""), NOW);
  expect(stub.log).toEqual(["PUT /bucket/v/object/a/1/0 200"]);
  await cache.write("object/a/1/0", 1, bytes("X"), NOW);
  expect(stub.log).toEqual(["PUT /bucket/v/object/a/1/0 200", "PUT /bucket/v/object/a/1/0 200"]);
  expect(new TextDecoder().decode(stub.objects.get("v/object/a/1/0"))).toBe("aXcd");
});

test("an object that another process changed is read anew, and keeps what both wrote", async () => {
  const mine = new WriteBack(await open(), new MemorySlots(4), fail);
  const other = await open();
  await mine.write("object/a/1/0", 0, bytes("aaaa"), LATER);
  await mine.write("object/a/1/0", 0, bytes(""), NOW);
  expect(text(await mine.read("object/a/1/0"))).toBe("aaaa");
  await other.write("object/a/1/0", 1, bytes("b"), NOW);
  expect(text(await mine.read("object/a/1/0"))).toBe("abaa");
  await mine.write("object/a/1/0", 2, bytes("c"), LATER);
  await other.write("object/a/1/0", 3, bytes("d"), NOW);
  await mine.write("object/a/1/0", 0, bytes(""), NOW);
  expect(text(await other.read("object/a/1/0"))).toBe("abcd");
});

test("ranges are what a set of numbers is", () => {
  const draw = drawing(1);
  for (let round = 0; round < 40; round++) {
    const ranges = new Ranges();
    const set = new Set<number>();
    for (let step = 0; step < 12; step++) {
      const from = draw(40);
      const to = from + 1 + draw(10);
      const isAdded = draw(3) > 0;
      if (isAdded) ranges.add(from, to);
      else ranges.remove(from, to);
      for (let at = from; at < to; at++) isAdded ? set.add(at) : set.delete(at);
    }
    const numbers = ranges.spans.flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, index) => from + index),
    );
    expect(numbers).toEqual([...set].sort((a, b) => a - b));
    expect(ranges.end).toBe(Math.max(-1, ...set) + 1);
    const gaps = ranges.without(5, 30).reduce((sum, { from, to }) => sum + to - from, 0);
    expect(gaps).toBe(25 - numbers.filter((at) => at >= 5 && at < 30).length);
  }
});

const cases = casesOf("volume/s3-cache");
test(`drawn writes, reads and flushes at once, answers lost, few slots: nothing flushed is lost (${cases.title})`, async () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    stub.reset();
    const draw = drawing(seed);
    const store = await open();
    const cache = new WriteBack(store, new MemorySlots(2), fail);
    const model = new Map<string, Uint8Array>();
    for (let step = 0; step < 25; step++) {
      stub.faults[(["losesAnswers", "failsAfterCommit", "failsBeforeCommit", "conflicts"] as const)[draw(4)]!] =
        draw(3);
      const work = Array.from({ length: 4 }, async (_, index) => {
        const key = `object/a/1/${index}`;
        const held = model.get(key) ?? new Uint8Array();
        const [at, length] = [draw(60), 1 + draw(30)];
        if (draw(3) === 0) {
          const read = await cache.read(key, { atBytes: at, lengthBytes: length });
          expect(text(read) ?? "", cases.repeat(seed)).toBe(text({ bytes: held.subarray(at, at + length) }));
          return;
        }
        const next = new Uint8Array(Math.max(held.length, at + length));
        next.set(held);
        next.fill(97 + draw(26), at, at + length);
        model.set(key, next);
        await cache.write(key, at, next.slice(at, at + length), { isDurable: draw(3) === 0 });
      });
      await Promise.all(work);
    }
    expect(await cache.list("object/")).toEqual([...model.keys()].sort());
    await Promise.all([...model.keys()].map((key) => cache.write(key, 0, bytes(""), NOW)));
    for (const [key, held] of model) expect(text(await store.read(key))).toBe(text({ bytes: held }));
  }
});

test("a store that is away fails the flush and keeps what is to be written", async () => {
  const cache = new WriteBack(await open(), new MemorySlots(2), fail);
  await cache.write("object/a/1/0", 0, bytes("abc"), LATER);
  stub.faults.isDown = true;
  await expect(cache.write("object/a/1/0", 0, bytes(""), NOW)).rejects.toThrow(/does not answer/);
  stub.faults.isDown = false;
  await cache.write("object/a/1/0", 0, bytes(""), NOW);
  expect(new TextDecoder().decode(stub.objects.get("v/object/a/1/0"))).toBe("abc");
});

test("a disk that is full is said once, and nothing is lost by it", async () => {
  const said: string[] = [];
  const memory = new MemorySlots(2);
  let left = 3;
  const slots = {
    count: 2,
    read: memory.read.bind(memory),
    write: (slot: number, at: number, content: Uint8Array) =>
      left-- > 0 ? memory.write(slot, at, content) : fail("full"),
  };
  const store = await open();
  const cache = new WriteBack(store, slots, (message) => said.push(message));
  for (const [index, letter] of [..."abcdef"].entries())
    await cache.write(`object/a/1/${index % 2}`, index, bytes(letter), LATER);
  for (const key of ["object/a/1/0", "object/a/1/1"]) await cache.write(key, 0, bytes(""), NOW);
  expect(text(await store.read("object/a/1/0"))).toBe("a\0c\0e");
  expect(text(await store.read("object/a/1/1"))).toBe("\0b\0d\0f");
  expect(said).toEqual(["full"]);
});

const cacheIn = (path: string, mib = "64") =>
  cacheFolderOf("place", { QURE_VOLUME_CACHE: path, QURE_VOLUME_CACHE_MIB: mib })!;
/** Those that have their name: the others come and go. */
const files = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.endsWith(".part") && statSync(join(path, name), { throwIfNoEntry: false })?.isFile(),
  );
/** What is put into a cache is put in the background. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test("frozen objects are fetched once, by pieces, for all processes; a damaged piece is fetched again", async () => {
  const content = Uint8Array.from({ length: 1_200_000 }, (_, index) => index * 7);
  stub.objects.set("v/object/a/1/0", content);
  const store = await open();
  const first = await withCache(store, cacheIn(folder), fail);
  stub.log.length = 0;
  const range = { atBytes: 600_000, lengthBytes: 100 };
  const frozen = { isFrozen: true };
  expect((await first.read("object/a/1/0", range, frozen))!.bytes).toEqual(content.subarray(600_000, 600_100));
  expect(stub.log).toHaveLength(1);
  const whole = await first.read("object/a/1/0", undefined, frozen);
  expect([whole!.sizeBytes, Buffer.compare(whole!.bytes, content)]).toEqual([1_200_000, 0]);
  await until(() => files(folder).length === 3);
  stub.log.length = 0;
  const second = await withCache(store, cacheIn(folder), fail);
  expect((await second.read("object/a/1/0", { atBytes: 500_000, lengthBytes: 700_000 }, frozen))!.bytes).toHaveLength(
    700_000,
  );
  expect(stub.log).toEqual([]);
  for (const name of files(folder)) {
    const file = readFileSync(join(folder, name));
    file[40]! ^= 1;
    writeFileSync(join(folder, name), file);
  }
  const again = await second.read("object/a/1/0", undefined, frozen);
  expect([Buffer.compare(again!.bytes, content), stub.log.length]).toEqual([0, 3]);
  expect(await second.read("object/a/1/1", range, frozen)).toBe(null);
  await second.remove("object/a/1/0");
  expect(await second.read("object/a/1/0", range, frozen)).toBe(null);
});

test("a cache whose folder is removed is made again", async () => {
  stub.objects.set("v/object/a/1/0", new Uint8Array(1000));
  stub.objects.set("v/object/a/1/1", new Uint8Array(1000));
  const cache = await withCache(await open(), cacheIn(folder), fail);
  await cache.read("object/a/1/0", undefined, { isFrozen: true });
  await until(() => files(folder).length === 1);
  rmSync(folder, { recursive: true });
  await cache.read("object/a/1/1", undefined, { isFrozen: true });
  await until(() => existsSync(folder) && files(folder).length === 1);
});

test("what is written is kept in the folder until a flush, and leaves nothing there", async () => {
  const cache = await withCache(await open(), cacheIn(folder), fail);
  const content = Uint8Array.from({ length: 200_000 }, (_, index) => index * 11);
  stub.log.length = 0;
  for (const index of [0, 1, 2]) await cache.write(`object/a/1/${index}`, 1000 * index, content.slice(index), LATER);
  expect(stub.log.filter((line) => line.startsWith("PUT"))).toEqual([]);
  expect((await cache.read("object/a/1/2", { atBytes: 150_000, lengthBytes: 9 }))!.bytes).toEqual(
    content.slice(148_002, 148_011),
  );
  for (const index of [0, 1, 2]) await cache.write(`object/a/1/${index}`, 0, bytes(""), NOW);
  for (const index of [0, 1, 2]) {
    const stored = stub.objects.get(`v/object/a/1/${index}`)!;
    expect(Buffer.compare(stored.subarray(1000 * index), content.subarray(index))).toBe(0);
    expect((await cache.read(`object/a/1/${index}`, { atBytes: 5000, lengthBytes: 9 }))!.bytes).toEqual(
      stored.slice(5000, 5009),
    );
  }
  expect(files(folder)).toEqual([]);
});

thoroughly("the cache stays within its bound", async () => {
  const store = await open();
  const cache = await withCache(store, cacheIn(folder), fail);
  for (let index = 0; index < 20; index++) stub.objects.set(`v/object/a/1/${index}`, new Uint8Array(4 << 20));
  for (let index = 0; index < 20; index++) await cache.read(`object/a/1/${index}`, undefined, { isFrozen: true });
  await until(() => files(folder).length > 40);
  const total = files(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(total).toBeGreaterThan(20 << 20);
  expect(total).toBeLessThan(50 << 20);
});

test("a place that cannot have a cache goes without one, and says why; a wrong bound is refused", async () => {
  writeFileSync(join(folder, "file"), "");
  const said: string[] = [];
  const cache = await withCache(await open(), cacheIn(join(folder, "file")), (message) => said.push(message));
  await cache.write("object/a/1/0", 0, bytes("abc"), NOW);
  expect(text(await cache.read("object/a/1/0"))).toBe("abc");
  expect(said).toEqual([expect.stringMatching(/^no cache on this disk for s3:\/\/bucket\/v at .*ENOTDIR/)]);
  expect(cacheFolderOf("place", { QURE_VOLUME_CACHE: "off" })).toBe(null);
  expect(() => cacheIn(folder, "7")).toThrow(/QURE_VOLUME_CACHE_MIB=7: write a number of MiB, at least 64/);
});

test("what a probe found good is remembered, and what it found bad is looked at again", async () => {
  const memory = probeMemory(cacheIn(folder));
  expect(await memory.recall()).toBe(null);
  await memory.keep({ readOnly: null, tagForm: "bare", isTagSaid: true });
  expect(await memory.recall()).toEqual({ readOnly: null, tagForm: "bare", isTagSaid: true });
  await memory.keep({ readOnly: "bad", tagForm: "bare", isTagSaid: true });
  expect(await memory.recall()).toBe(null);
});
