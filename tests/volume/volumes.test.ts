/** Volumes as their users meet them, on each kind of store. */
import { describe, expect, test } from "vitest";
import { FRAME_BYTES, framed } from "../../src/volume/frame.ts";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { type VolumeDevice, VolumeError, type Volumes } from "../../src/volume/model.ts";
import type { Store } from "../../src/volume/store.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { all, hostOf, once, sector, text } from "./hosts.ts";
import { STORES } from "./stores.ts";

const MIB = 1 << 20;
const GIB = 1 << 30;
const OBJECT = 4 * MIB;

const at = async (device: VolumeDevice, atBytes: number): Promise<string> => text(await device.read(atBytes, 512));

async function reads(volumes: Volumes, name: string, ...places: number[]): Promise<string[]> {
  const device = await volumes.open(name, { readOnly: true });
  return Promise.all(places.map((place) => at(device, place)));
}

async function writes(volumes: Volumes, name: string, words: Readonly<Record<number, string>>): Promise<void> {
  const device = await volumes.open(name);
  for (const [place, word] of Object.entries(words)) await device.write(Number(place), sector(word));
  await device.close();
}

/** What comes, and then nothing. */
async function* stuck(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await new Promise(() => {});
}

/** An archive that says something else of itself. */
function withHeader(archive: Uint8Array, changes: Readonly<Record<string, unknown>>): Uint8Array {
  const end = FRAME_BYTES + new DataView(archive.buffer, archive.byteOffset).getUint32(8, true);
  const header = JSON.parse(text(archive.subarray(FRAME_BYTES, end))) as object;
  const said = new TextEncoder().encode(JSON.stringify({ ...header, ...changes }));
  return Buffer.concat([framed("QVAR", 1, said), archive.subarray(end)]);
}

const trouble = async (action: Promise<unknown>): Promise<string> => {
  const error = await action.then(() => null).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(VolumeError);
  expect((error as VolumeError).message).not.toContain("\n");
  return `${(error as VolumeError).trouble}: ${(error as VolumeError).message}`;
};

describe.each(STORES)("in %s", (_name, makeStore) => {
  const setUp = async (id = "a"): Promise<{ store: Store; volumes: Volumes }> => {
    const store = await makeStore();
    return { store, volumes: openVolumes(store, hostOf(id)) };
  };

  test("a volume keeps what is written, across objects and in pieces of blocks, and the rest is zeros", async () => {
    const { store, volumes } = await setUp();
    await volumes.create("web", { sizeBytes: GIB });
    const device = await volumes.open("web");
    await device.write(0, sector("first"));
    await device.write(OBJECT - 512, sector("over the edge", 1024));
    await device.write(GIB - 512, sector("last"));
    expect(await at(device, OBJECT - 512)).toBe("over the edge");
    expect(await at(device, 512)).toBe("");
    await device.close();
    const again = openVolumes(store, hostOf("a"));
    expect(await reads(again, "web", 0, OBJECT - 512, GIB - 512, 512 * MIB)).toEqual([
      "first",
      "over the edge",
      "last",
      "",
    ]);
  });

  test("a snapshot stays as it was, and a clone goes its own way", async () => {
    const { volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 64 * MIB });
    await writes(volumes, "web", { 0: "old", [OBJECT]: "kept" });
    await volumes.snapshot("web", "monday");
    await writes(volumes, "web", { 0: "new" });
    await volumes.create("other", { snapshot: "monday" });
    await writes(volumes, "other", { [OBJECT]: "mine" });
    await volumes.clone("web", "third");
    expect(await reads(volumes, "monday", 0, OBJECT)).toEqual(["old", "kept"]);
    expect(await reads(volumes, "web", 0, OBJECT)).toEqual(["new", "kept"]);
    expect(await reads(volumes, "other", 0, OBJECT)).toEqual(["old", "mine"]);
    expect(await reads(volumes, "third", 0, OBJECT)).toEqual(["new", "kept"]);
    expect((await volumes.list()).map(({ name, kind, parent }) => [name, kind, parent])).toEqual([
      ["monday", "snapshot", "web"],
      ["other", "volume", "monday"],
      ["third", "volume", "web"],
      ["web", "volume", null],
    ]);
    expect(await trouble(volumes.open("monday"))).toMatch(/^read-only: monday is a snapshot/);
  });

  test("a snapshot of a volume that is open is taken between two writes", async () => {
    const { volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 64 * MIB });
    const device = await volumes.open("web");
    await device.write(0, sector("before"));
    const later = Array.from({ length: 20 }, (_, count) => device.write(count * 4096, sector(`${count}`)));
    const taken = volumes.snapshot("web", "now");
    const last = device.write(0, sector("after"));
    await Promise.all([taken, ...later, last]);
    expect((await reads(volumes, "now", 4096, 19 * 4096)).length).toBe(2);
    expect(["before", "0", "after"]).toContain((await reads(volumes, "now", 0))[0]);
    expect(await at(device, 0)).toBe("after");
    await device.write(0, sector("even later"));
    await device.close();
    expect(await reads(volumes, "web", 0, 19 * 4096)).toEqual(["even later", "19"]);
    expect(await reads(volumes, "now", 0)).not.toEqual(["even later"]);
  });

  test("zeros take no space, and holes are told from data", async () => {
    const { volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 16 * MIB });
    const device = await volumes.open("web");
    await device.write(OBJECT, new Uint8Array(8192).fill(7));
    await device.zero(OBJECT + 4096, OBJECT);
    await device.zero(512, 1024);
    expect(await device.extents(0, 16 * MIB)).toEqual([
      { kind: "data", lengthBytes: 4096 },
      { kind: "hole", lengthBytes: OBJECT - 4096 },
      { kind: "data", lengthBytes: 4096 },
      { kind: "zeros", lengthBytes: OBJECT },
      { kind: "hole", lengthBytes: 16 * MIB - 2 * OBJECT - 4096 },
    ]);
    expect([...(await device.read(OBJECT + 3584, 1024))]).toEqual([
      ...new Array(512).fill(7),
      ...new Array(512).fill(0),
    ]);
    await device.close();
    const { allocatedBytes } = await volumes.info("web");
    await volumes.snapshot("web", "s");
    expect((await volumes.info("s")).allocatedBytes).toBeLessThan(5000);
    expect(allocatedBytes).toBeLessThan(OBJECT + 20_000);
  });

  test("a lock is a machine's, outlives it, is taken again by it, and is broken by force alone", async () => {
    const { store, volumes } = await setUp();
    const other = openVolumes(store, hostOf("b"));
    await volumes.create("web", { sizeBytes: 64 * MIB });
    const device = await volumes.open("web");
    await device.write(0, sector("flushed"));
    await device.flush();
    expect(await trouble(other.open("web"))).toBe(
      'locked: web is locked by machine a on host-of-a since 2026-01-01T00:00:00Z: close it there, or break the lock with "qure volume unlock -f web"',
    );
    for (const change of [
      () => other.snapshot("web", "s"),
      () => other.remove("web"),
      () => other.resize("web", 128 * MIB),
      () => other.unlock("web"),
      () => other.lock("web"),
      () => other.rename("web", "x"),
    ])
      expect(await trouble(change())).toMatch(/^locked: web is locked by machine a/);
    expect(await reads(other, "web", 0)).toEqual(["flushed"]);
    // The machine dies; what it had not flushed may be lost, its lock is not.
    const restarted = openVolumes(store, hostOf("a", 2));
    expect(await trouble(other.open("web"))).toMatch(/^locked/);
    const again = await restarted.open("web");
    expect(await at(again, 0)).toBe("flushed");
    await other.unlock("web", { force: true });
    const taken = await other.open("web");
    await again.write(0, sector("too late"));
    expect(await trouble(again.flush())).toMatch(/^fenced: web: its lock was broken/);
    expect(await trouble(again.read(0, 512))).toMatch(/^fenced/);
    expect(await at(taken, 0)).toBe("flushed");
    await taken.close();
    await other.unlock("web");
    expect((await volumes.info("web")).owner).toBeNull();
  });

  test("removed ones are hidden and come back, until they are collected", async () => {
    const { store, volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 64 * MIB });
    await writes(volumes, "web", { 0: "a", [OBJECT]: "b" });
    await volumes.snapshot("web", "s");
    await volumes.clone("s", "clone");
    await volumes.unlock("web");
    for (const name of ["web", "s"]) await volumes.remove(name);
    expect((await volumes.list()).map(({ name }) => name)).toEqual(["clone"]);
    expect((await volumes.list({ removed: true })).map(({ name }) => name)).toEqual(["clone", "s", "web"]);
    expect(await trouble(volumes.open("web"))).toMatch(/^missing: web was removed: "qure volume restore web"/);
    expect(await trouble(volumes.create("web", { sizeBytes: 512 }))).toMatch(/^exists: web was removed/);
    await volumes.restore("web");
    expect(await reads(volumes, "web", 0)).toEqual(["a"]);
    await volumes.remove("web");
    expect((await volumes.collect({ dryRun: true })).objects).toBeGreaterThan(0);
    expect((await volumes.collect()).condemned).toBe(0);
    expect(await trouble(volumes.restore("web"))).toMatch(/^missing/);
    expect(await reads(volumes, "clone", 0, OBJECT)).toEqual(["a", "b"]);
    await volumes.remove("clone");
    await volumes.collect();
    expect(await store.list("frozen/")).toEqual([]);
    expect(await store.list("object/")).toEqual([]);
    expect(await store.list("map/")).toEqual([]);
    await volumes.create("web", { sizeBytes: MIB });
    expect(await reads(volumes, "web", 0)).toEqual([""]);
  });

  test("it is renamed, grows, and shrinks when that is said; what was cut off does not come back", async () => {
    const { volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 8 * MIB });
    await writes(volumes, "web", { 512: "kept", 4096: "cut", [OBJECT]: "cut too" });
    await volumes.rename("web", "site");
    expect(await trouble(volumes.info("web"))).toMatch(/^missing/);
    await volumes.resize("site", GIB);
    expect(await reads(volumes, "site", OBJECT, GIB - 512)).toEqual(["cut too", ""]);
    expect(await trouble(volumes.resize("site", 1024))).toMatch(/^invalid: .*--shrink/);
    await volumes.resize("site", 1024, { shrink: true });
    await volumes.resize("site", 8 * MIB);
    expect(await reads(volumes, "site", 512, 4096, OBJECT)).toEqual(["kept", "", ""]);
    await volumes.create("web", { sizeBytes: 512 });
    expect((await volumes.list()).map(({ name }) => name)).toEqual(["site", "web"]);
    expect(await trouble(volumes.rename("web", "site"))).toMatch(/^exists/);
  });

  test("equal contents have one hash, however they came about", async () => {
    const { volumes } = await setUp();
    for (const name of ["one", "two"]) await volumes.create(name, { sizeBytes: 64 * MIB });
    await writes(volumes, "one", { 0: "a", [OBJECT]: "b" });
    await writes(volumes, "two", { [OBJECT]: "b", 4096: "x", 0: "a" });
    expect(await volumes.hash("one")).not.toBe(await volumes.hash("two"));
    const device = await volumes.open("two");
    await device.zero(4096, 4096);
    await device.close();
    expect(await volumes.hash("one")).toBe(await volumes.hash("two"));
    await volumes.snapshot("one", "s");
    expect(await volumes.hash("s")).toBe(await volumes.hash("two"));
  });

  test("a file takes it elsewhere, whole and by what differs", async () => {
    const { volumes } = await setUp();
    const elsewhere = openVolumes(new MemoryStore(), hostOf("b"));
    await volumes.create("web", { sizeBytes: 64 * MIB });
    await writes(volumes, "web", { 0: "a", [OBJECT]: "b", [2 * OBJECT]: "gone later" });
    await volumes.snapshot("web", "monday");
    const device = await volumes.open("web");
    await device.write(OBJECT, sector("changed"));
    await device.zero(2 * OBJECT, OBJECT);
    await device.close();
    const [whole, more] = [await all(volumes.export("monday")), await all(volumes.export("web", { since: "monday" }))];
    expect(more.length).toBeLessThan(whole.length);
    expect(await trouble(elsewhere.import("web", once(more)))).toMatch(
      /^missing: the archive has what differs from snapshot monday/,
    );
    await elsewhere.import("start", once(whole));
    await elsewhere.snapshot("start", "monday-here");
    await elsewhere.import("web", once(more));
    expect(await reads(elsewhere, "web", 0, OBJECT, 2 * OBJECT)).toEqual(["a", "changed", ""]);
    expect(await elsewhere.hash("web")).toBe(await volumes.hash("web"));
    for (const [cut, why] of [
      [whole.length - 5, "ends within"],
      [whole.length - 48, "no end"],
      [0, "empty"],
    ] as const)
      expect(await trouble(elsewhere.import("broken", once(whole.subarray(0, cut))))).toContain(why);
    const wrong = whole.slice();
    wrong[wrong.length >> 1]! ^= 1;
    expect(await trouble(elsewhere.import("broken", once(wrong)))).toMatch(/^damaged: /);
    expect((await elsewhere.list()).map(({ name }) => name)).toEqual(["monday-here", "start", "web"]);
  });

  test("a file takes what was cut shorter elsewhere, too, and what was cut off does not come back there", async () => {
    const { volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 64 * MIB });
    await writes(volumes, "web", { 0: "a", [2 * OBJECT]: "b", [2 * OBJECT + MIB]: "cut", [8 * OBJECT]: "cut too" });
    await volumes.snapshot("web", "long");
    for (const sizeBytes of [2 * OBJECT + MIB, 2 * OBJECT, 512]) {
      await volumes.resize("web", sizeBytes, { shrink: true });
      await volumes.import("copy", once(await all(volumes.export("web", { since: "long" }))));
      expect(await volumes.hash("copy")).toBe(await volumes.hash("web"));
      for (const name of ["web", "copy"]) await volumes.resize(name, 64 * MIB);
      expect(await volumes.hash("copy")).toBe(await volumes.hash("web"));
      expect(await reads(volumes, "copy", 0, 2 * OBJECT + MIB, 8 * OBJECT)).toEqual(["a", "", ""]);
      await volumes.remove("copy");
      await volumes.collect();
    }
  });

  test("a file that has something beyond its volume's end, or says nonsense of where it comes from, is none", async () => {
    const { volumes } = await setUp();
    for (const [sizeBytes, place] of [
      [4096, 4096],
      [512, 512],
      [OBJECT, 2 * OBJECT],
    ] as const) {
      await volumes.create("long", { sizeBytes: 3 * OBJECT });
      await writes(volumes, "long", { [place]: "hidden" });
      const short = withHeader(await all(volumes.export("long")), { sizeBytes });
      expect(await trouble(volumes.import("short", once(short)))).toMatch(/^damaged: .* is none of its$/);
      await volumes.remove("long");
      await volumes.collect();
    }
    await volumes.create("long", { sizeBytes: 512 });
    const empty = await all(volumes.export("long"));
    for (const since of [5, {}, [], { name: "\u001b[31m", hash: "" }, { name: "x" }])
      expect(await trouble(volumes.import("short", once(withHeader(empty, { since }))))).toMatch(
        /^damaged: .*does not say what it differs from$/,
      );
    expect((await volumes.list()).map(({ name }) => name)).toEqual(["long"]);
  });

  test("a collection counts what it gives back, and leaves what is not of its kind", async () => {
    const { store, volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 64 * MIB });
    await writes(volumes, "web", Object.fromEntries(Array.from({ length: 12 }, (_, index) => [index * OBJECT, "x"])));
    await volumes.collect();
    const frozen = await store.list("frozen/");
    const theirs = ["frozen/README", `${frozen[0]!.slice(0, -65)}/note`, `object/${"0".repeat(32)}`];
    for (const key of theirs) await store.swap(key, sector("by somebody"), null);
    let sizes = 0;
    for (const key of [...frozen, ...(await store.list("map/"))]) sizes += (await store.read(key))!.sizeBytes;
    await volumes.remove("web");
    expect((await volumes.collect({ dryRun: true })).bytes).toBe(sizes);
    expect((await volumes.collect()).bytes).toBe(sizes);
    for (const key of theirs) expect(await store.read(key)).not.toBeNull();
  });

  test("an import that was cut off is in nobody's way after a collection", async () => {
    const { store, volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 64 * MIB });
    await writes(volumes, "web", { 0: "a" });
    const whole = await all(volumes.export("web"));
    // The process is killed: it neither goes on nor gives up.
    void openVolumes(store, hostOf("b")).import("copy", stuck(whole.subarray(0, whole.length - 60)));
    for (let turn = 0; turn < 500 && !(await store.list("head/")).includes("head/copy"); turn++)
      await new Promise((done) => setTimeout(done, 1));
    expect((await volumes.list()).map(({ name }) => name)).toEqual(["web"]);
    expect(await trouble(volumes.create("copy", { sizeBytes: 512 }))).toMatch(
      /^exists: copy is being made, or its making was cut off/,
    );
    await volumes.collect();
    await volumes.create("copy", { sizeBytes: 512 });
    expect(await reads(volumes, "web", 0)).toEqual(["a"]);
  });

  test("flattened, it shares nothing", async () => {
    const { volumes } = await setUp();
    await volumes.create("web", { sizeBytes: 64 * MIB });
    await writes(volumes, "web", { 0: "a" });
    await volumes.snapshot("web", "s");
    await volumes.clone("s", "clone");
    expect((await volumes.info("clone")).sharedBytes).toBeGreaterThan(0);
    await volumes.flatten("clone");
    const { sharedBytes, allocatedBytes, parent } = await volumes.info("clone");
    expect([sharedBytes, parent]).toEqual([0, null]);
    expect(allocatedBytes).toBeGreaterThan(0);
    expect(await reads(volumes, "clone", 0)).toEqual(["a"]);
  });

  test("10 TiB take no more to make, to snapshot and to clone than a megabyte", async () => {
    const { store, volumes } = await setUp();
    await volumes.create("huge", { sizeBytes: 10 * 1024 * GIB });
    await writes(volumes, "huge", { 0: "start", [10 * 1024 * GIB - 512]: "end", [5000 * GIB]: "middle" });
    await volumes.snapshot("huge", "s");
    const before = (await store.list("")).length;
    await volumes.clone("s", "clone");
    expect((await store.list("")).length).toBe(before + 1);
    expect(await reads(volumes, "clone", 0, 10 * 1024 * GIB - 512, 5000 * GIB, 100 * GIB)).toEqual([
      "start",
      "end",
      "middle",
      "",
    ]);
  });

  test.each([
    ["no name", (volumes: Volumes) => volumes.create("../x", { sizeBytes: 512 }), /^invalid: "\.\.\/x" is no name/],
    ["no size", (volumes: Volumes) => volumes.create("x", {}), /^invalid: x: a new volume needs a size/],
    [
      "half a sector",
      (volumes: Volumes) => volumes.create("x", { sizeBytes: 100 }),
      /^invalid: x: 100 bytes are no size/,
    ],
    ["nothing there", (volumes: Volumes) => volumes.open("x"), /^missing: there is no volume x in/],
    ["no snapshot", (volumes: Volumes) => volumes.create("x", { snapshot: "y" }), /^missing: there is no volume y/],
  ])("refuses %s", async (_what, action, message) => {
    const { volumes } = await setUp();
    expect(await trouble(action(volumes))).toMatch(message);
  });
});
