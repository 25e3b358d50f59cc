/** A real store by others: Ceph's gateway, whose tags go without quotes and whose losers of a race may get a 500. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseS3Place } from "../../src/volume/s3/place.ts";
import { openS3Store, type S3Store } from "../../src/volume/s3/store.ts";
import { MemorySlots, WriteBack } from "../../src/volume/write-back.ts";
import { oracle } from "../oracle.ts";
import { atLength } from "../setup/thoroughly.ts";
import { CEPH_KEYS, Ceph } from "./ceph.ts";

const isThere = oracle("radosgw") !== null;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (stored: { bytes: Uint8Array } | null): string | null => stored && new TextDecoder().decode(stored.bytes);
const host = {
  nowMs: () => Date.now(),
  draw: () => Math.random(),
  fetch: (request: Request) => fetch(request),
  sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
};

describe.runIf(isThere)("Ceph", () => {
  let ceph: Ceph;
  beforeAll(async () => {
    ceph = await Ceph.start();
    await ceph.bucket("judge");
  });
  afterAll(() => ceph?.stop());
  const open = (prefix: string, patienceMs = 60_000): Promise<S3Store> => {
    const place = parseS3Place(`s3://judge/${prefix}?endpoint=${ceph.endpoint}`, {});
    return openS3Store(place, CEPH_KEYS, host, { patienceMs });
  };

  test("can do all that is needed, with tags that have no quotes, and nothing is left of the probe", async () => {
    const found: unknown[] = [];
    const memory = { recall: async () => null, keep: async (probed: unknown) => void found.push(probed) };
    const place = parseS3Place(`s3://judge/probed?endpoint=${ceph.endpoint}`, {});
    const store = await openS3Store(place, CEPH_KEYS, host, { memory });
    expect(found).toEqual([{ readOnly: null, tagForm: "bare", isTagSaid: true }]);
    expect(await store.list("")).toEqual([]);
  });

  test("of those who race for a key one wins, and what is there is the winner's", async () => {
    const stores = await Promise.all(["r", "r", "r", "r"].map((prefix) => open(prefix)));
    for (let round = 0; round < 25; round++) {
      const key = `head/${round}`;
      const made = await Promise.all(stores.map((store, index) => store.swap(key, bytes(`${index}`), null)));
      const first = (await stores[0]!.read(key))!;
      expect(made.filter(({ outcome }) => outcome === "done").length).toBeLessThanOrEqual(1);
      expect(made[Number(text(first))]!.outcome).not.toBe("refused");
      const swapped = await Promise.all(
        stores.map((store, index) => store.swap(key, bytes(`${index} again`), first.tag)),
      );
      const second = text(await stores[0]!.read(key))!;
      expect(swapped.filter(({ outcome }) => outcome === "done").length).toBeLessThanOrEqual(1);
      expect(swapped[Number.parseInt(second, 10)]!.outcome).not.toBe("refused");
    }
  });

  atLength("more keys than a page has are listed, and parts are read", async () => {
    const store = await open("many");
    const keys = Array.from({ length: 1100 }, (_, index) => `object/a/1/${10_000 + index}`);
    await Promise.all(keys.map((key) => store.write(key, 0, bytes(key), { isDurable: true })));
    expect(await store.list("object/")).toEqual(keys);
    expect(text(await store.read(keys[7]!, { atBytes: 7, lengthBytes: 3 }))).toBe("a/1");
    expect((await store.read(keys[7]!, { atBytes: 70, lengthBytes: 3 }))!.bytes).toHaveLength(0);
  });

  test("a gateway that is killed and comes back loses nothing that was written or flushed", async () => {
    const store = await open("killed");
    const cache = new WriteBack(store, new MemorySlots(4), () => {});
    await cache.write("object/a/1/0", 0, bytes("before"), { isDurable: true });
    const work = Array.from({ length: 8 }, (_, index) =>
      cache.write(`object/a/1/${index + 1}`, 0, bytes(`${index}`), { isDurable: false }),
    );
    await Promise.all(work);
    ceph.kill();
    const flush = Promise.all(
      work.map((_, index) => cache.write(`object/a/1/${index + 1}`, 0, bytes(""), { isDurable: true })),
    );
    flush.catch(() => {});
    await expect((await openQuick()).read("object/a/1/0")).rejects.toThrow(/does not answer/);
    ceph.again();
    await flush;
    const other = await open("killed");
    expect(text(await other.read("object/a/1/0"))).toBe("before");
    for (const index of work.keys()) expect(text(await other.read(`object/a/1/${index + 1}`))).toBe(`${index}`);
  });

  /** The same bucket for one who does not wait for long. */
  async function openQuick(): Promise<S3Store> {
    const memory = {
      recall: async () => ({ readOnly: null, tagForm: "bare", isTagSaid: true }) as const,
      keep: async () => {},
    };
    const place = parseS3Place(`s3://judge/killed?endpoint=${ceph.endpoint}`, {});
    return openS3Store(place, CEPH_KEYS, host, { patienceMs: 300, memory });
  }
});
