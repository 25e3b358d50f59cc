/** A restore that ends at any write: by a full disk, by power, by another one. What is there is the old, or the new. */
import {
  fsyncSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import type { Backup } from "../../src/backup/read.ts";
import { intoFile, intoVolume } from "../../src/cli/backup/content.ts";
import { AsideDisk, type DiskCalls } from "../../src/host/aside-disk.ts";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { VolumeError, type Volumes } from "../../src/volume/model.ts";
import { type Store, StoreError } from "../../src/volume/store.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { isThorough } from "../setup/tier.ts";
import { hostOf } from "../volume/hosts.ts";
import { PowerStore } from "../volume/power.ts";
import { CHUNK, diskOf, opened, partOf, written } from "./scene.ts";

const OLD = diskOf(80, { 0: 1, 70: 1 });
const NEW = diskOf(70, { 0: 2, 1: 3, 65: 4 });

const backup = async (content = NEW): Promise<Backup> =>
  opened("a", new Map([["a", await written([partOf(content)])]]));
const nothing = (): void => {};

describe("of a disk image", () => {
  const folder = mkdtempSync(join(tmpdir(), "qure-restore-"));
  const path = join(folder, "web.img");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Calls of which the one with this number fails, and none after it is made if that was the power. */
  function failing(failsAt: number, isPower: boolean): DiskCalls & { count: number } {
    const counted = { count: 0 };
    const wrap =
      <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
      (...args: Args): Result => {
        const number = counted.count++;
        if (number === failsAt || (isPower && number > failsAt))
          throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
        return call(...args);
      };
    const calls = {
      openSync: wrap(openSync),
      writeSync: wrap(writeSync),
      ftruncateSync: wrap(ftruncateSync),
      fsyncSync: wrap(fsyncSync),
      renameSync: wrap(renameSync),
      rmSync: wrap(rmSync),
    } as unknown as DiskCalls;
    return Object.assign(counted, calls);
  }

  test.each([
    ["no space", false],
    ["no power", true],
  ])("%s at each call leaves the old disk, and the next restore succeeds", async (_what, isPower) => {
    const made = await backup();
    const part = made.header.parts[0]!;
    for (let failsAt = 0; ; failsAt++) {
      writeFileSync(path, OLD);
      const calls = failing(failsAt, isPower);
      const error = await Promise.resolve()
        .then(() => intoFile(made, part, new AsideDisk(path, calls), nothing))
        .then(() => null)
        .catch((thrown: unknown) => thrown);
      if (calls.count <= failsAt) {
        expect(error).toBe(null);
        expect(failsAt).toBeGreaterThan(6);
        break;
      }
      expect(Buffer.compare(readFileSync(path), OLD), `call ${failsAt}`).toBe(0);
      expect(error).toBeInstanceOf(Error);
      if (!isPower) expect(readdirSync(folder)).toEqual(["web.img"]);
      for (const left of readdirSync(folder)) if (left !== "web.img") rmSync(join(folder, left));
    }
    expect(Buffer.compare(readFileSync(path), NEW)).toBe(0);
  });

  test("what a dead process left is taken away, what a living one makes is not, and a link stays one", async () => {
    const made = await backup();
    const link = join(folder, "link.img");
    symlinkSync(path, link);
    writeFileSync(`${path}.999999999.0123abcd.restore`, "left");
    writeFileSync(`${path}.${process.ppid}.0123abcd.restore`, "made");
    await intoFile(made, made.header.parts[0]!, new AsideDisk(link), nothing);
    expect(Buffer.compare(readFileSync(path), NEW)).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(["link.img", "web.img", `web.img.${process.ppid}.0123abcd.restore`]);
  });

  test("an archive that changes while it is restored leaves the old disk", async () => {
    const bytes = await written([partOf(NEW)]);
    const files = new Map([["a", bytes]]);
    const made = await opened("a", files);
    await made.verify();
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, OLD);
    await expect(intoFile(made, made.header.parts[0]!, new AsideDisk(path), nothing)).rejects.toThrow();
    expect(Buffer.compare(readFileSync(path), OLD)).toBe(0);
  });
});

/** The fast tier takes each third moment. */
const STEP = isThorough ? 1 : 3;

describe("of a volume", () => {
  async function contentOf(volumes: Volumes, name: string): Promise<Uint8Array> {
    const device = await volumes.open(name, { readOnly: true });
    return device.read(0, device.sizeBytes);
  }

  async function restore(volumes: Volumes, made: Backup, name: string): Promise<void> {
    await intoVolume(made, made.header.parts[0]!, volumes, `${name}-aside`, nothing);
    await volumes.replace(name, `${name}-aside`);
    await volumes.remove(`${name}-aside`);
  }

  /** A volume with the old content, of which some is not in its map yet. */
  async function prepare(volumes: Volumes): Promise<void> {
    const first = await backup(diskOf(80, { 0: 1 }));
    await intoVolume(first, first.header.parts[0]!, volumes, "web", nothing);
    const device = await volumes.open("web");
    await device.write(70 * CHUNK, OLD.slice(70 * CHUNK, 71 * CHUNK));
    await device.close();
  }

  test("the power at each change of the store leaves the old or the new one, whole", async () => {
    const made = await backup();
    let outcomes = "";
    for (let cut = 0; ; cut += STEP) {
      const store = new PowerStore();
      await prepare(openVolumes(store, hostOf("a", 1)));
      store.cutAt = store.changes + cut;
      const isDone = await restore(openVolumes(store, hostOf("a", 2)), made, "web").then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(VolumeError);
          return false;
        },
      );
      const after = openVolumes(await store.after(new Random(cut, "cut")), hostOf("a", 3));
      const found = await contentOf(after, "web");
      const isNew = Buffer.compare(found, NEW) === 0;
      expect(isNew || Buffer.compare(found, OLD) === 0, `cut ${cut}`).toBe(true);
      outcomes += isNew ? "n" : "o";
      expect(await after.check()).toEqual([]);
      await after.remove("web-aside").catch(() => {});
      await after.collect();
      expect(await after.check()).toEqual([]);
      // It can be done again.
      await restore(after, made, "web");
      expect(Buffer.compare(await contentOf(after, "web"), NEW)).toBe(0);
      if (isDone) break;
    }
    expect(outcomes).toMatch(/^o{3,}n+$/);
  });

  test("a full store at any write leaves the old or the new one, and nothing half", async () => {
    const made = await backup();
    for (let failsAt = 0, isDone = false; !isDone; failsAt += STEP) {
      const stable = new MemoryStore();
      await prepare(openVolumes(stable, hostOf("a", 1)));
      let writes = 0;
      const fill = (): void => {
        if (writes++ >= failsAt) throw new StoreError("full", "there is no space left");
      };
      const full: Store = {
        place: stable.place,
        readOnly: null,
        read: (key, range) => stable.read(key, range),
        list: (prefix) => stable.list(prefix),
        remove: (key) => stable.remove(key),
        write: async (key, at, bytes, options) => {
          fill();
          await stable.write(key, at, bytes, options);
        },
        swap: async (key, bytes, tag) => {
          fill();
          return stable.swap(key, bytes, tag);
        },
      };
      const error = await restore(openVolumes(full, hostOf("a", 2)), made, "web").catch((thrown: unknown) => thrown);
      isDone = error === undefined;
      if (!isDone) expect((error as VolumeError).trouble).toBe("full");
      const after = openVolumes(stable, hostOf("a", 3));
      const found = await contentOf(after, "web");
      expect(
        [OLD, NEW].some((content) => Buffer.compare(content, found) === 0),
        `write ${failsAt}`,
      ).toBe(true);
      expect(await after.check()).toEqual([]);
      await after.remove("web-aside").catch(() => {});
      await after.collect();
      await restore(after, made, "web");
      expect(Buffer.compare(await contentOf(after, "web"), NEW)).toBe(0);
    }
  });

  test("two at once leave one of both", async () => {
    const volumes = openVolumes(new MemoryStore(), hostOf("a"));
    await prepare(volumes);
    const [one, two] = [await backup(), await backup(diskOf(3, { 2: 9 }))];
    const both = [one, two].map(async (made, index) => {
      await intoVolume(made, made.header.parts[0]!, volumes, `aside-${index}`, nothing);
      await volumes.replace("web", `aside-${index}`);
    });
    await Promise.all(both);
    const found = await contentOf(volumes, "web");
    expect([NEW, diskOf(3, { 2: 9 })].some((content) => Buffer.compare(content, found) === 0)).toBe(true);
    expect(await volumes.check()).toEqual([]);
  });

  test("a volume that another machine has, that is open or a snapshot stays as it is", async () => {
    const store = new MemoryStore();
    const volumes = openVolumes(store, hostOf("a"));
    await prepare(volumes);
    const made = await backup();
    await intoVolume(made, made.header.parts[0]!, volumes, "aside", nothing);
    const other = openVolumes(store, hostOf("b"));
    await expect(other.replace("web", "aside")).rejects.toThrow(/web is locked by machine a/);
    const device = await volumes.open("web");
    await expect(volumes.replace("web", "aside")).rejects.toThrow(/web is open in this process/);
    await device.close();
    await volumes.snapshot("web", "kept");
    await expect(volumes.replace("kept", "aside")).rejects.toThrow(/kept is a snapshot, which never changes/);
    await expect(volumes.replace("web", "none")).rejects.toThrow(/there is no volume none/);
    expect(Buffer.compare(await contentOf(volumes, "web"), OLD)).toBe(0);
    await volumes.replace("web", "aside");
    await volumes.remove("aside");
    for (let round = 0; round < 3; round++) await volumes.collect();
    expect(Buffer.compare(await contentOf(volumes, "web"), NEW)).toBe(0);
    expect(Buffer.compare(await contentOf(volumes, "kept"), OLD)).toBe(0);
    expect(await volumes.check()).toEqual([]);
  });
});
