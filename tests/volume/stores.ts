/** Every kind of store that a test goes through, empty. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { cacheFolderOf, withCache } from "../../src/host/volume-cache.ts";
import { openFolderStore } from "../../src/host/volume-folder.ts";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import { RoutedStore } from "../../src/volume/remote/routed.ts";
import { parseS3Place } from "../../src/volume/s3/place.ts";
import { openS3Store } from "../../src/volume/s3/store.ts";
import type { Store } from "../../src/volume/store.ts";
import { oracle } from "../oracle.ts";
import { isAtLength, isThorough } from "../setup/tier.ts";
import { CEPH_KEYS, Ceph } from "./ceph.ts";
import { RoleInMemory } from "./role-in-memory.ts";
import { hostWithoutWaiting, S3Stub } from "./s3-stub.ts";

const folder = mkdtempSync(join(tmpdir(), "qure-volumes-"));
let count = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const newFolder = (): string => join(folder, `${++count}`);

/** A bucket of its own at a server that does it right, behind a cache. */
async function newBucket(draw?: () => number): Promise<Store> {
  const stub = await S3Stub.start();
  stub.unref();
  if (draw !== undefined) stub.draw = draw;
  const place = parseS3Place(`s3://bucket/v?endpoint=${stub.endpoint}`, {});
  const store = await openS3Store(place, { accessKeyId: "KEY", secretAccessKey: "SECRET" }, hostWithoutWaiting());
  const cache = cacheFolderOf(store.place, { QURE_VOLUME_CACHE: newFolder(), QURE_VOLUME_CACHE_MIB: "64" });
  return withCache(store, cache, (message) => {
    throw new Error(message);
  });
}

/** As a mapper has them: objects at one role, maps at another. */
async function newRoles(): Promise<Store> {
  const [objects, maps] = [new RoleInMemory(new MemoryStore()), new RoleInMemory(new MemoryStore())];
  return new RoutedStore(await objects.open(), await maps.open());
}

let ceph: Promise<Ceph> | null = null;
afterAll(async () => (await ceph)?.stop());

/** A real one, by others. */
async function newCephPrefix(): Promise<Store> {
  const { endpoint } = await (ceph ??= Ceph.start());
  const bucket = await (await ceph).bucket("volumes");
  const place = parseS3Place(`s3://${bucket}/${++count}?endpoint=${endpoint}`, {});
  return withCache(await openS3Store(place, CEPH_KEYS, hostWithoutWaiting()), null, () => {});
}

const random = new Random(Number(process.env["QURE_SEED"] ?? 1), "faults");
const faults = (): number => random.below(1_000_000) / 1_000_000;

const FAR: readonly (readonly [name: string, make: () => Promise<Store>])[] = [
  ...(isAtLength ? [["S3", () => newBucket()] as const] : []),
  ["S3 that loses answers", () => newBucket(faults)],
  ...(isAtLength ? [["roles", newRoles] as const] : []),
  ...(isThorough && oracle("radosgw") !== null ? [["Ceph", newCephPrefix] as const] : []),
];

export const STORES: readonly (readonly [name: string, make: () => Promise<Store>])[] = [
  ["memory", async () => new MemoryStore()],
  ["a folder", async () => openFolderStore(newFolder())],
  ...(isThorough ? FAR : []),
];
