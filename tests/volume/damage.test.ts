/** Each kind of object flipped, cut short, missing, or in another one's place: an error that says where, never data. */
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { VolumeError } from "../../src/volume/model.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { rowsOf } from "../setup/tier.ts";
import { hostOf } from "./hosts.ts";

const BLOCK = 4096;
const OBJECT = 4 << 20;
const blockOf = (value: number): Uint8Array => new Uint8Array(BLOCK).fill(value);

/** A volume with a snapshot and a clone, closed. */
async function made(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const volumes = openVolumes(store, hostOf("a"));
  await volumes.create("disk", { sizeBytes: 3 * OBJECT });
  const device = await volumes.open("disk");
  await device.write(0, blockOf(1));
  await device.write(3 * BLOCK, blockOf(2));
  await device.write(OBJECT, blockOf(3));
  await volumes.snapshot("disk", "monday");
  await volumes.clone("monday", "clone");
  await device.write(2 * OBJECT, blockOf(4));
  await device.close();
  return store;
}

const WANTED = new Map([
  [0, 1],
  [BLOCK, 0],
  [3 * BLOCK, 2],
  [OBJECT, 3],
  [2 * OBJECT, 4],
]);

/** Reads all that was written; what is read is right or is an error that names the volume. */
async function readAll(store: MemoryStore): Promise<string[]> {
  const errors: string[] = [];
  for (const name of ["disk", "monday", "clone"]) {
    const volumes = openVolumes(store, hostOf("a", 2));
    for (const [at, value] of WANTED)
      try {
        const device = await volumes.open(name, { readOnly: true });
        const bytes = await device.read(at, BLOCK);
        const wanted = at === 2 * OBJECT && name !== "disk" ? 0 : value;
        expect([...new Set(bytes)], `${name} at ${at}`).toEqual([wanted]);
      } catch (error) {
        if (!(error instanceof VolumeError)) throw error;
        expect(["damaged", "missing", "newer"]).toContain(error.trouble);
        expect(error.message).toContain(name);
        errors.push(error.message);
      }
  }
  return errors;
}

async function replace(store: MemoryStore, key: string, bytes: Uint8Array | null): Promise<void> {
  await store.remove(key);
  if (bytes) await store.swap(key, bytes, null);
}

const HARMS: Readonly<Record<string, (bytes: Uint8Array, other: Uint8Array) => Uint8Array | null>> = {
  "flipped at its beginning": (bytes) => flipped(bytes, 1),
  "flipped in the middle": (bytes) => flipped(bytes, bytes.length >> 1),
  "flipped at its end": (bytes) => flipped(bytes, bytes.length - 1),
  "cut short": (bytes) => bytes.slice(0, bytes.length - 5),
  empty: () => new Uint8Array(),
  missing: () => null,
  "in another one's place": (_bytes, other) => other,
};

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 4;
  return copy;
}

describe.each(["head/disk", "map/", "frozen/"])("%s", (prefix) => {
  test.each(rowsOf(Object.keys(HARMS), 3))("%s", async (harm) => {
    const keys = await (await made()).list(prefix);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      const store = await made();
      const bytes = (await store.read(key))!.bytes;
      const other = (await store.read(
        (await store.list(prefix === "head/disk" ? "map/" : prefix)).find((one) => one !== key)!,
      ))!.bytes;
      await replace(store, key, HARMS[harm]!(bytes, other));
      const errors = await readAll(store);
      const volumes = openVolumes(store, hostOf("a", 3));
      const found = await volumes.check();
      if (prefix === "head/disk" && harm === "missing") continue;
      expect(
        found.map((one) => one.key),
        `${key}: ${errors[0]}`,
      ).toContain(key);
      expect(found.every(({ users }) => users.length > 0)).toBe(true);
    }
  });
});

test("what can be mended is mended by a copy, and what cannot stays an error, also when it is written over in part", async () => {
  const store = await made();
  const keys = await store.list("frozen/");
  const whole = new Map<string, Uint8Array>();
  for (const key of keys) whole.set(key, (await store.read(key))!.bytes);
  const [victim] = keys.filter((key) => whole.get(key)!.length > 4 * BLOCK);
  const harmed = whole.get(victim!)!.slice();
  harmed[3 * BLOCK + 7]! ^= 1;
  await replace(store, victim!, harmed);
  const volumes = openVolumes(store, hostOf("a", 2));
  expect((await volumes.check({ repair: true })).map(({ isRepaired }) => isRepaired)).toEqual([true]);
  const device = await volumes.open("disk");
  expect((await device.read(0, BLOCK))[0]).toBe(1);
  await expect(device.read(3 * BLOCK, BLOCK)).rejects.toThrow(/disk at 12288 .* is damaged/);
  await device.write(0, blockOf(9));
  await device.close();
  const again = await openVolumes(store, hostOf("a", 3)).open("disk");
  await expect(again.read(3 * BLOCK, BLOCK)).rejects.toThrow(/is damaged/);
  await again.write(3 * BLOCK, blockOf(8));
  await again.close();
  const last = await openVolumes(store, hostOf("a", 4)).open("disk", { readOnly: true });
  expect((await last.read(3 * BLOCK, BLOCK))[0]).toBe(8);
  expect((await last.read(0, BLOCK))[0]).toBe(9);
});

test("what a machine that was killed had flushed is missed, if its object is gone or too short", async () => {
  for (const left of [null, 0, BLOCK]) {
    const store = new MemoryStore();
    const volumes = openVolumes(store, hostOf("a"));
    await volumes.create("disk", { sizeBytes: OBJECT });
    const device = await volumes.open("disk");
    for (const block of [0, 1]) await device.write(block * BLOCK, blockOf(7));
    await device.flush();
    const [key] = await store.list("object/");
    const { bytes } = (await store.read(key!))!;
    await replace(store, key!, left === null ? null : bytes.slice(0, left));
    const after = openVolumes(store, hostOf("a", 2));
    await expect(after.hash("disk")).rejects.toThrow(
      /^disk at \d+ \(machine a\) is damaged: object .* is (missing|too)/,
    );
    await after.snapshot("disk", "kept");
    const kept = await after.open("kept", { readOnly: true });
    await expect(kept.read(BLOCK, BLOCK)).rejects.toThrow(/^kept at 4096 .* is damaged/);
  }
});

test("an object that is missing is taken from a volume that has the same content", async () => {
  const store = new MemoryStore();
  const volumes = openVolumes(store, hostOf("a"));
  for (const name of ["one", "two"]) {
    await volumes.create(name, { sizeBytes: OBJECT });
    const device = await volumes.open(name);
    await device.write(0, blockOf(7));
    await device.close();
  }
  const [first] = await store.list("frozen/");
  await store.remove(first!);
  const [found] = await volumes.check({ repair: true });
  expect([found!.isRepaired, found!.users.length]).toEqual([true, 1]);
  expect(await volumes.check()).toEqual([]);
  for (const name of ["one", "two"])
    expect((await (await volumes.open(name, { readOnly: true })).read(0, BLOCK))[0]).toBe(7);
});
