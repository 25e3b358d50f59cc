/**
 * Snapshots: a whole cluster, or one machine of it, as one file that needs nothing else to go on - processors, devices,
 * memories, disks, firmware, frames in flight. A restored run continues as the run that was not interrupted: with the
 * same digests.
 */

import { crc32 } from "../../src/bytes/crc32.ts";
import {
  type BoardParts,
  mapStored,
  NIC_MODELS,
  type PlainParts,
  plainParts,
  type StoredParts,
} from "../board-config.ts";
import type { BlockBackend } from "../disk/block.ts";
import { BytesDisk, SparseDisk } from "../disk/disk.ts";
import { formatMac, parseMac } from "../ether/packet.ts";
import { PAGE_BYTES } from "../state/pages.ts";
import { Random } from "../state/random.ts";
import { StateReader, StateWriter } from "../state/state-io.ts";
import { TICK_NS } from "../time/clock.ts";
import type { Cluster, ClusterNodeConfig } from "./cluster.ts";
import { PageStore } from "./page-store.ts";
import {
  type Compressor,
  type Section,
  SnapshotError,
  SnapshotFile,
  type SnapshotKind,
  writeSnapshotFile,
} from "./snapshot-file.ts";
import { packState, unpackState } from "./snapshot-state.ts";

/** What a snapshot says about itself: the section "config", as JSON. */
export interface SnapshotConfig {
  /** Virtual time at which it was made. */
  readonly nowNs: number;
  /** Of the cluster, or of the one machine. */
  readonly digest: string;
  readonly seed: number;
  readonly gateway: boolean;
  readonly linkLatencyNs: number;
  readonly startSeconds: number;
  /** Virtual time of an instruction; TICK_NS when absent. */
  readonly tickNs?: number;
  /** Numbers of media, as for disks and CDs. */
  readonly firmware: number;
  readonly nodes: readonly SnapshotNode[];
  /** The seed that a branch was made with and that has not been applied yet; null when there is none. */
  readonly branchSeed: number | null;
}

/** Its media and ROMs by their numbers. */
export interface SnapshotNode extends PlainParts, StoredParts<number, number> {
  readonly name: string;
  readonly ramBytes: number;
  readonly macAddress: string;
  readonly disk: number | null;
  readonly cdrom: number | null;
  readonly plugged: boolean;
}

/**
 * What the owner of a cluster adds and finds again: what its consoles showed, say. Names begin with a lower-case "x".
 */
export type Extras = ReadonlyMap<string, Uint8Array>;

/** After a branch each machine is another copy of itself, and stands still for less than this, as its seed says. */
const BRANCH_SPREAD_NS = 1_000_000;
const MEDIUM_HEAD_BYTES = 16;

export function saveCluster(cluster: Cluster, compressor: Compressor | null, extras: Extras = new Map()): Uint8Array {
  return save(
    cluster,
    "cluster",
    cluster.hosts.map((_, index) => index),
    cluster.digest(),
    compressor,
    extras,
  );
}

/** One machine, without the network that it was on: restored, it is alone with a new switch and gateway. */
export function saveMachine(
  cluster: Cluster,
  index: number,
  compressor: Compressor | null,
  extras: Extras = new Map(),
): Uint8Array {
  return save(cluster, "machine", [index], cluster.hosts[index]!.digest(), compressor, extras);
}

function save(
  cluster: Cluster,
  kind: SnapshotKind,
  chosen: readonly number[],
  digest: string,
  compressor: Compressor | null,
  extras: Extras,
): Uint8Array {
  const store = new PageStore();
  const media = new MediaWriter(store);
  const add = (medium: BlockBackend): number => media.add(medium);
  const { seed, gateway, linkLatencyNs, startSeconds, tickNs = TICK_NS, firmware, nodes } = cluster.config;
  const config: SnapshotConfig = {
    nowNs: cluster.nowNs,
    digest,
    seed,
    gateway,
    linkLatencyNs,
    startSeconds,
    ...(tickNs !== TICK_NS ? { tickNs } : {}),
    branchSeed: null,
    firmware: media.add(new BytesDisk(firmware, firmware.length)),
    nodes: chosen.map((index): SnapshotNode => {
      const { name, ramBytes, disk, cdrom, parts } = nodes[index]!;
      const [changed] = cluster.hosts[index]!.changedDrives();
      if (changed !== undefined)
        throw new RangeError(`${name} has been given another medium in ${changed}, which a snapshot cannot hold`);
      return {
        name,
        ramBytes,
        macAddress: formatMac(cluster.macAddresses[index]!),
        plugged: cluster.isPlugged(index),
        disk: disk && media.add(disk),
        cdrom: cdrom && media.add(cdrom),
        ...mapStored(parts ?? {}, { disk: add, cd: add, rom: (rom) => add(new BytesDisk(rom, rom.length)) }),
        ...plainParts(parts ?? {}),
      };
    }),
  };
  const states = chosen.map(
    (index, position): Section => ({
      name: "machine",
      index: position,
      bytes: packState(cluster.hosts[index]!.saveState(), store),
    }),
  );
  const sections: Section[] = [{ name: "config", index: 0, bytes: new TextEncoder().encode(JSON.stringify(config)) }];
  if (kind === "cluster") {
    const network = new StateWriter();
    cluster.visitNetwork(network);
    sections.push({ name: "network", index: 0, bytes: network.result() });
  }
  sections.push(...states, ...media.sections);
  let piece = 0;
  for (const bytes of store.pieces()) sections.push({ name: "pages", index: piece++, bytes });
  for (const [name, bytes] of extras) sections.push({ name, index: 0, bytes });
  return writeSnapshotFile(kind, sections, compressor);
}

/** Disks and CDs as lists of pages. A disk over another one is saved as what differs, so equal bases are there once. */
class MediaWriter {
  readonly sections: Section[] = [];
  readonly #store: PageStore;
  readonly #known = new Map<BlockBackend, number>();

  constructor(store: PageStore) {
    this.#store = store;
  }

  /** The number of a medium. */
  add(medium: BlockBackend): number {
    const known = this.#known.get(medium);
    if (known !== undefined) return known;
    const base = medium instanceof SparseDisk && medium.base ? this.add(medium.base) + 1 : 0;
    const pages: number[] = [];
    for (const [chunk, bytes] of chunksOf(medium)) {
      const page = this.#store.add(bytes);
      if (page !== 0 || base !== 0) pages.push(chunk, page);
    }
    const bytes = new Uint8Array(MEDIUM_HEAD_BYTES + pages.length * 4);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, medium.sizeBytes, true);
    view.setUint32(8, base, true);
    view.setUint32(12, pages.length / 2, true);
    pages.forEach((value, index) => view.setUint32(MEDIUM_HEAD_BYTES + index * 4, value, true));
    const number = this.sections.length;
    this.sections.push({ name: "medium", index: number, bytes });
    this.#known.set(medium, number);
    return number;
  }
}

const COMPARED_BYTES = 1 << 16;

const sizeOf = (medium: BlockBackend): number => medium.sizeBytes;
const MEASURED = { disk: sizeOf, cd: sizeOf, rom: crc32 };

function checkParts({ nic, ide = [], ahci = [], floppies = [], virtioDisks = [] }: SnapshotNode): void {
  if (![ide, ahci, floppies, virtioDisks].every(Array.isArray))
    throw new SnapshotError("the snapshot's drives are no list");
  if (nic !== undefined && !NIC_MODELS.includes(nic))
    throw new SnapshotError(`the snapshot has a network card that this version of QuRe does not know: ${nic}`);
}

/** All that is in a machine's drives, always in one order. */
function mediaOf({ disk, cdrom, parts }: ClusterNodeConfig): (BlockBackend | null)[] {
  const { ide = [], ahci = [], floppies = [], virtioDisks = [] } = parts ?? {};
  const inDrives = [...ide, ...ahci].map((drive) => drive?.medium ?? null);
  return [disk ?? null, cdrom ?? null, ...inDrives, ...floppies, ...virtioDisks];
}

function isSameMedium(one: BlockBackend | null, other: BlockBackend | null): boolean {
  if (one === null || other === null) return one === other;
  if (one.sizeBytes !== other.sizeBytes) return false;
  for (let at = 0; at < one.sizeBytes; at += COMPARED_BYTES) {
    const [a, b] = [one, other].map((medium) => {
      const piece = new Uint8Array(Math.min(COMPARED_BYTES, medium.sizeBytes - at));
      medium.read(at, piece);
      return piece;
    });
    if (a!.some((byte, index) => byte !== b![index])) return false;
  }
  return true;
}

/** The chunks of a medium that may differ from what is below it, in ascending order. */
function* chunksOf(medium: BlockBackend): Generator<readonly [number, Uint8Array]> {
  if (medium instanceof SparseDisk) {
    yield* [...medium.chunks].sort(([a], [b]) => a - b);
    return;
  }
  const endBytes = medium instanceof BytesDisk ? Math.min(medium.bytes.length, medium.sizeBytes) : medium.sizeBytes;
  const chunk = new Uint8Array(PAGE_BYTES);
  for (let at = 0; at < endBytes; at += PAGE_BYTES) {
    const part = chunk.subarray(0, Math.min(PAGE_BYTES, medium.sizeBytes - at));
    medium.read(at, part);
    yield [at / PAGE_BYTES, part];
  }
}

export class Snapshot {
  readonly kind: SnapshotKind;
  readonly config: SnapshotConfig;
  readonly #file: SnapshotFile;
  #store: PageStore | null = null;
  readonly #media = new Map<number, SparseDisk>();

  /** Reads what the snapshot says about itself. Throws a SnapshotError when it cannot be used. */
  constructor(bytes: Uint8Array, compressor: Compressor | null) {
    this.#file = new SnapshotFile(bytes, compressor);
    this.kind = this.#file.kind;
    this.config = parseConfig(this.#file.section("config"));
  }

  /** What the owner added under a name, or null. */
  extra(name: string): Uint8Array | null {
    return this.#file.has(name) ? this.#file.section(name) : null;
  }

  get firmware(): Uint8Array {
    return this.#bytes(this.config.firmware);
  }

  /** All bytes of a medium: a firmware or another ROM. */
  #bytes(number: number): Uint8Array {
    const medium = this.#medium(number);
    const bytes = new Uint8Array(this.#mediumBytes(number));
    medium.read(0, bytes);
    return bytes;
  }

  /** The machines, with disks as they were, for a cluster to restore into. Each call gives disks of its own. */
  nodes(): ClusterNodeConfig[] {
    return this.config.nodes.map((node) => {
      const { name, ramBytes, macAddress, disk, cdrom } = node;
      // The disk that is written is the top layer itself: saved again, it is no deeper than before.
      const layers = new Map<number, SparseDisk>();
      const layer = (number: number): SparseDisk => {
        const made = layers.get(number) ?? this.#layer(number);
        layers.set(number, made);
        return made;
      };
      const cd = (number: number): SparseDisk => this.#medium(number);
      checkParts(node);
      const stored = mapStored(node, { disk: layer, cd, rom: (number) => this.#bytes(number) });
      const parts = { ...stored, ...plainParts(node) };
      return {
        name,
        ramBytes,
        macAddress: parseMac(macAddress),
        disk: disk === null ? null : layer(disk),
        cdrom: cdrom === null ? null : cd(cdrom),
        ...(Object.keys(parts).length > 0 ? { parts } : {}),
      };
    });
  }

  /**
   * Puts a cluster that was made from `nodes` and `config` into the saved state, and checks by its digest that it is
   * that state. A branch then takes its own way.
   */
  restoreInto(cluster: Cluster): void {
    const { nodes, nowNs, digest, branchSeed } = this.config;
    try {
      nodes.forEach(({ plugged }, index) => {
        if (!plugged) cluster.setCable(index, false);
      });
      cluster.hosts.forEach((host, index) =>
        host.restoreState(unpackState(this.#file.section("machine", index), this.#pages())),
      );
      if (this.kind === "machine") cluster.skipTo(nowNs);
      else {
        const reader = new StateReader(this.#file.section("network"));
        cluster.visitNetwork(reader);
        reader.end();
      }
    } catch (error) {
      if (error instanceof SnapshotError) throw error;
      throw new SnapshotError(`the snapshot does not fit this version of QuRe: ${(error as Error).message}`);
    }
    const found = this.kind === "machine" ? cluster.hosts[0]!.digest() : cluster.digest();
    if (found !== digest)
      throw new SnapshotError(
        `the snapshot does not fit this version of QuRe: its state has the digest ${found} where it was saved as ${digest}`,
      );
    if (branchSeed === null) return;
    const random = new Random(branchSeed, "branch");
    for (const host of cluster.hosts) {
      host.hold(nowNs + random.below(BRANCH_SPREAD_NS));
      host.becomeCopy(random.u32() | 0 || 1);
    }
  }

  /**
   * Puts a cluster that runs already into the saved state: one with the same machines, whose disks hold the same but
   * for what was written since they were made. When it fails, the cluster stays as it was.
   */
  restoreOver(cluster: Cluster): void {
    if (this.kind !== "cluster") throw new SnapshotError("the snapshot is one machine's, not a cluster's");
    this.#compareMachines(cluster);
    const { hosts } = cluster;
    const before = hosts.map((host, index) => ({ state: host.saveState(), plugged: cluster.isPlugged(index) }));
    const network = new StateWriter();
    cluster.visitNetwork(network);
    this.config.nodes.forEach(({ plugged }, index) => cluster.setCable(index, plugged));
    try {
      this.restoreInto(cluster);
      this.#compareMedia(cluster);
    } catch (error) {
      hosts.forEach((host, index) => host.restoreState(before[index]!.state));
      before.forEach(({ plugged }, index) => cluster.setCable(index, plugged));
      cluster.visitNetwork(new StateReader(network.result()));
      throw error;
    }
  }

  #compareMachines(cluster: Cluster): void {
    const describe = (name: string, ramBytes: number, parts: BoardParts = {}, macAddress: string): string =>
      JSON.stringify([name, ramBytes, plainParts(parts), mapStored(parts, MEASURED), macAddress]);
    const { seed, gateway, linkLatencyNs, tickNs = TICK_NS, nodes } = cluster.config;
    const saved = this.nodes();
    const fits =
      seed === this.config.seed &&
      gateway === this.config.gateway &&
      linkLatencyNs === this.config.linkLatencyNs &&
      tickNs === (this.config.tickNs ?? TICK_NS) &&
      nodes.length === saved.length &&
      saved.every((was, index) => {
        const is = nodes[index]!;
        return (
          describe(was.name, was.ramBytes, was.parts, formatMac(was.macAddress!)) ===
          describe(is.name, is.ramBytes, is.parts, formatMac(cluster.macAddresses[index]!))
        );
      });
    if (!fits) throw new SnapshotError("the snapshot is of other machines than these");
  }

  #compareMedia(cluster: Cluster): void {
    this.nodes().forEach((saved, index) => {
      const now = mediaOf(cluster.config.nodes[index]!);
      if (mediaOf(saved).some((medium, place) => !isSameMedium(medium, now[place] ?? null)))
        throw new SnapshotError(`${saved.name}: the snapshot is of a machine with other media`);
    });
  }

  #pages(): PageStore {
    if (this.#store) return this.#store;
    const store = new PageStore();
    for (let piece = 0; this.#file.has("pages", piece); piece++) {
      const bytes = this.#file.section("pages", piece);
      for (let at = 0; at + PAGE_BYTES <= bytes.length; at += PAGE_BYTES)
        store.append(bytes.subarray(at, at + PAGE_BYTES));
    }
    return (this.#store = store);
  }

  /** Size as it was given; a disk's is whole sectors, a firmware's need not be. */
  #mediumBytes(number: number): number {
    const bytes = this.#file.section("medium", number);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(0, true);
  }

  /** A medium that is only read. */
  #medium(number: number): SparseDisk {
    let medium = this.#media.get(number);
    if (!medium) this.#media.set(number, (medium = this.#layer(number)));
    return medium;
  }

  /** A medium of its own, over what is below it. */
  #layer(number: number): SparseDisk {
    const bytes = this.#file.section("medium", number);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const base = view.getUint32(8, true);
    if (base > number) throw new SnapshotError(`medium ${number} lies over medium ${base - 1}, which comes after it`);
    const disk = new SparseDisk(
      Math.ceil(view.getFloat64(0, true) / 512) * 512,
      base === 0 ? {} : { base: this.#medium(base - 1) },
    );
    const zeros = new Uint8Array(PAGE_BYTES);
    for (let entry = 0; entry < view.getUint32(12, true); entry++) {
      const at = view.getUint32(MEDIUM_HEAD_BYTES + entry * 8, true) * PAGE_BYTES;
      const page = view.getUint32(MEDIUM_HEAD_BYTES + entry * 8 + 4, true);
      if (at >= disk.sizeBytes || page > this.#pages().count)
        throw new SnapshotError(`medium ${number} has a page that is not there`);
      disk.write(
        at,
        (page === 0 ? zeros : this.#pages().page(page)).subarray(0, Math.min(PAGE_BYTES, disk.sizeBytes - at)),
      );
    }
    return disk;
  }
}

/** The same snapshot with a seed of its own, which is applied when it is restored. */
export function branchSnapshot(bytes: Uint8Array, seed: number, compressor: Compressor | null): Uint8Array {
  const file = new SnapshotFile(bytes, compressor);
  const config: SnapshotConfig = { ...parseConfig(file.section("config")), branchSeed: seed };
  const sections = file.names.map(
    ({ name, index }): Section => ({
      name,
      index,
      bytes: name === "config" ? new TextEncoder().encode(JSON.stringify(config)) : file.section(name, index),
    }),
  );
  return writeSnapshotFile(file.kind, sections, compressor);
}

function parseConfig(bytes: Uint8Array): SnapshotConfig {
  let config: Partial<SnapshotConfig> | null;
  try {
    config = JSON.parse(new TextDecoder().decode(bytes)) as Partial<SnapshotConfig> | null;
  } catch {
    config = null;
  }
  const isWhole =
    Array.isArray(config?.nodes) &&
    typeof config.nowNs === "number" &&
    typeof config.digest === "string" &&
    typeof config.firmware === "number";
  if (!isWhole) throw new SnapshotError("the snapshot's configuration is not complete");
  return config as SnapshotConfig;
}
