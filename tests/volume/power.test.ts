/** The power fails at every change of the store, and once more while what is left is opened again. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import type { Volumes } from "../../src/volume/model.ts";
import { openVolumes } from "../../src/volume/volumes.ts";
import { isThorough, many } from "../setup/tier.ts";
import { hostOf } from "./hosts.ts";
import { PowerStore } from "./power.ts";

const BLOCK = 4096;
const BLOCKS = 6;
/** Of the second cut: how far apart, and how many draws of what was not flushed. */
const [STEP, DRAWS] = [many(17, 5, 1), many(1, 1, 3)];

const blockOf = (value: number): Uint8Array => new Uint8Array(BLOCK).fill(value);

/** What must be there, and what may. */
class Expected {
  readonly may = Array.from({ length: BLOCKS }, () => new Set([0]));
  readonly snapshots = new Map<string, readonly ReadonlySet<number>[]>();
  #newest = new Array<number>(BLOCKS).fill(0);

  write(block: number, value: number): void {
    this.may[block]!.add(value);
    this.#newest[block] = value;
  }

  flushed(): void {
    this.#newest.forEach((value, block) => (this.may[block] = new Set([value])));
  }

  freeze(name: string): void {
    this.snapshots.set(
      name,
      this.may.map((values) => new Set(values)),
    );
  }
}

/** A life of a volume, with all that changes a store in it. */
async function live(volumes: Volumes, expected: Expected): Promise<void> {
  await volumes.create("disk", { sizeBytes: BLOCKS * BLOCK });
  const device = await volumes.open("disk");
  const write = async (block: number, value: number): Promise<void> => {
    expected.write(block, value);
    await device.write(block * BLOCK, blockOf(value));
  };
  await write(0, 1);
  await write(1, 2);
  await device.flush();
  expected.flushed();
  await write(0, 3);
  await write(2, 4);
  expected.freeze("first");
  await volumes.snapshot("disk", "first");
  expected.flushed();
  expected.freeze("first");
  await write(1, 5);
  expected.write(2, 0);
  await device.zero(2 * BLOCK, BLOCK);
  await device.flush();
  expected.flushed();
  await volumes.clone("first", "clone");
  await write(3, 6);
  await device.close();
  expected.flushed();
  await volumes.unlock("disk");
  await volumes.remove("clone");
  await volumes.collect();
  await volumes.rename("disk", "other");
  await volumes.rename("other", "disk");
  await volumes.resize("disk", (BLOCKS + 10) * BLOCK);
  await volumes.resize("disk", BLOCKS * BLOCK, { shrink: true });
  await volumes.clone("disk", "second");
  await volumes.flatten("second");
}

/** What is left is as it may be, all of it, and can be written. */
async function judge(store: PowerStore, expected: Expected, seed: number): Promise<void> {
  const volumes = openVolumes(store, hostOf("a", seed));
  const names = (await volumes.list({ removed: true })).map(({ name }) => name);
  for (const name of names.filter((one) => one === "disk" || one === "other")) {
    const device = await volumes.open(name);
    for (let block = 0; block < BLOCKS; block++) {
      const bytes = await device.read(block * BLOCK, BLOCK);
      // A block that was being written may be old and new by sectors, as on any disk.
      const values = new Set(Array.from({ length: BLOCK / 512 }, (_, at) => bytes[at * 512]!));
      for (const value of values)
        expect(
          expected.may[block]!.has(value),
          `block ${block} has ${value}, may have ${[...expected.may[block]!]}`,
        ).toBe(true);
    }
    await device.write(0, blockOf(99));
    await device.close();
  }
  const frozen = expected.snapshots.get("first");
  if (names.includes("first") && frozen) {
    const device = await volumes.open("first", { readOnly: true });
    for (let block = 0; block < BLOCKS; block++)
      expect(frozen[block]!.has((await device.read(block * BLOCK, 512))[0]!)).toBe(true);
  }
  expect(await volumes.check()).toEqual([]);
  await volumes.collect();
  expect(await volumes.check()).toEqual([]);
}

const tolerant = (action: Promise<unknown>): Promise<unknown> => action.catch(() => null);

/** The disk after a life whose power fails at a change; null: it did not fail. */
async function cutAt(cut: number, seed: number): Promise<{ store: PowerStore; expected: Expected } | null> {
  const store = new PowerStore();
  store.cutAt = cut;
  const expected = new Expected();
  await tolerant(live(openVolumes(store, hostOf("a")), expected));
  if (store.changes <= cut) return null;
  return { store: await store.after(new Random(seed, `cut ${cut}`)), expected };
}

test("nothing that was flushed is lost, wherever it fails, and nothing else is broken", async () => {
  let cuts = 0;
  for (let cut = 0; ; cut++) {
    const found = await cutAt(cut, 1);
    if (!found) break;
    cuts++;
    if (!isThorough && cut % 2 === 1) continue;
    await judge(found.store, found.expected, 2);
    for (let again = cut % STEP; again < 40; again += STEP)
      for (let draw = 0; draw < DRAWS; draw++) {
        const second = (await cutAt(cut, draw))!;
        second.store.cutAt = again;
        await tolerant(judge(second.store, second.expected, 3));
        if (second.store.changes <= again) break;
        const last = await second.store.after(new Random(draw, `again ${cut} ${again}`));
        // What the judge itself writes may be there by now.
        second.expected.may[0]!.add(99);
        await judge(last, second.expected, 4);
      }
  }
  expect(cuts).toBeGreaterThan(70);
});
