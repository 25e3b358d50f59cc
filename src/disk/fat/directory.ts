/** A directory: slots of 32 bytes in a chain of clusters, or in the root's own place. */
import { assert } from "../../diagnostic/invariant.ts";
import { damaged, FileSystemError } from "../error.ts";
import type { Time } from "../oofs/layout.ts";
import { SLOT_BYTES } from "./layout.ts";
import { aliasOf, checkName, folded, longName, longSlots, shortName, sumOf } from "./names.ts";
import type { FatVolume } from "./volume.ts";

export const LABEL = 0x08;
export const DIRECTORY = 0x10;
const ARCHIVE = 0x20;
const LONG = 0x0f;
export const LAST_LONG = 0x40;
export const FREE = 0xe5;
export const END = 0x00;
/** Whether a slot is a part of a long name. */
export const attributeLong = (slot: Uint8Array): boolean => (slot[11]! & 0x3f) === LONG;
/** No directory is larger (specification, "FAT directory structure"). */
const DIRECTORY_BYTES_MOST = 65536 * SLOT_BYTES;
const EPOCH_YEAR = 1980;
const LONG_SLOTS_MOST = 20;

export interface Entry {
  readonly name: string;
  readonly alias: string;
  readonly attributes: number;
  readonly cluster: number;
  readonly sizeBytes: number;
  readonly modified: Time;
  readonly created: Time;
  /** Its slots, the short one last. */
  readonly slots: readonly number[];
}

export class Directory {
  /** By both of their names, in capitals. */
  readonly #byName = new Map<string, Entry>();
  readonly #volume: FatVolume;
  readonly #path: string;
  /** Where each part of it lies on the device. */
  readonly #parts: number[];
  readonly #partBytes: number;
  #bytes: Uint8Array;
  /** 0: the root of FAT12 and FAT16, which does not grow. */
  readonly cluster: number;

  constructor(volume: FatVolume, cluster: number, path: string) {
    this.#volume = volume;
    this.#path = path;
    this.cluster = cluster;
    const { geometry } = volume;
    if (cluster === 0) {
      this.#partBytes = geometry.rootBytes;
      this.#parts = [geometry.rootAt];
    } else {
      this.#partBytes = geometry.clusterBytes;
      this.#parts = this.#chain(cluster);
    }
    this.#bytes = new Uint8Array(this.#parts.length * this.#partBytes);
    assert(this.#parts.length > 0 && this.#partBytes % SLOT_BYTES === 0, "a directory is not whole slots");
    assert(this.#bytes.length <= DIRECTORY_BYTES_MOST + this.#partBytes, "a directory is larger than any may be");
    for (const [index, at] of this.#parts.entries())
      volume.device.read(at, this.#bytes.subarray(index * this.#partBytes, (index + 1) * this.#partBytes));
    this.#read();
  }

  #chain(first: number): number[] {
    const { table, geometry } = this.#volume;
    const parts: number[] = [];
    for (let cluster = first; ; cluster = table.get(cluster)) {
      if (!table.isCluster(cluster)) {
        if (parts.length > 0 && cluster > geometry.clusters + 1) return parts;
        throw damaged(`${this.#path}: the directory goes on in cluster ${cluster}`);
      }
      if (parts.length * geometry.clusterBytes >= DIRECTORY_BYTES_MOST)
        throw damaged(`${this.#path}: the directory has no end`);
      parts.push(this.#volume.clusterAt(cluster));
    }
  }

  find(name: string): Entry | undefined {
    return this.#byName.get(folded(name));
  }

  get entries(): Entry[] {
    return [...new Set(this.#byName.values())];
  }

  /** On a damaged volume two may have one name: the first counts. */
  #note(entry: Entry): void {
    for (const name of [folded(entry.name), folded(entry.alias)])
      if (!this.#byName.has(name)) this.#byName.set(name, entry);
  }

  #forget(entry: Entry): void {
    for (const name of [folded(entry.name), folded(entry.alias)])
      if (this.#byName.get(name) === entry) this.#byName.delete(name);
  }

  #slot(index: number): Uint8Array {
    assert(index >= 0 && index < this.#slotCount, "a slot beyond the end of its directory is asked for");
    return this.#bytes.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES);
  }

  get #slotCount(): number {
    return this.#bytes.length / SLOT_BYTES;
  }

  #read(): void {
    let long: number[] = [];
    for (let index = 0; index < this.#slotCount; index++) {
      const slot = this.#slot(index);
      if (slot[0] === END) break;
      if (slot[0] === FREE) long = [];
      else if (attributeLong(slot)) long = this.#longWith(long, index);
      else {
        if ((slot[11]! & LABEL) === 0 && slot[0] !== 0x2e) this.#note(this.#entry(slot, index, long));
        long = [];
      }
    }
  }

  /** The slots of a long name with one more: they count down, and have one sum. */
  #longWith(long: readonly number[], index: number): number[] {
    const slot = this.#slot(index);
    const number = slot[0]! & ~LAST_LONG;
    if (slot[0]! & LAST_LONG) return number >= 1 && number <= LONG_SLOTS_MOST ? [index] : [];
    const before = long.length > 0 ? this.#slot(long.at(-1)!) : null;
    const goesOn = before !== null && number === (before[0]! & ~LAST_LONG) - 1 && slot[13] === before[13];
    return goesOn && number >= 1 ? [...long, index] : [];
  }

  #entry(slot: Uint8Array, index: number, long: readonly number[]): Entry {
    const view = new DataView(slot.buffer, slot.byteOffset, SLOT_BYTES);
    const alias = shortName(slot);
    const slots = long.map((at) => this.#slot(at)).reverse();
    const isLong = slots.length > 0 && (slots[0]![0]! & ~LAST_LONG) === 1 && slots[0]![13] === sumOf(slot);
    const high = this.#volume.geometry.bits === 32 ? view.getUint16(20, true) : 0;
    return {
      name: (isLong && longName(slots)) || alias,
      alias,
      attributes: slot[11]!,
      cluster: high * 0x10000 + view.getUint16(26, true),
      sizeBytes: view.getUint32(28, true),
      modified: timeOf(view.getUint16(24, true), view.getUint16(22, true)),
      created: timeOf(view.getUint16(16, true), view.getUint16(14, true)),
      slots: isLong ? [...long, index] : [index],
    };
  }

  /** Adds an entry; a file's cluster and size come by `update` too. */
  add(name: string, attributes: number, cluster: number, sizeBytes: number, now: Time, created = now): Entry {
    checkName(name);
    const { alias, isWhole } = aliasOf(name, (text) => this.#byName.has(text));
    const slots = isWhole ? [] : longSlots(name, sumOf(alias));
    assert(slots.length <= LONG_SLOTS_MOST, "a name has more slots than any may have");
    const first = this.#room(slots.length + 1);
    for (const [index, slot] of slots.entries()) this.#slot(first + index).set(slot);
    const short = this.#slot(first + slots.length);
    short.set(shortSlot(alias, attributes || ARCHIVE, cluster, sizeBytes, now, created));
    const long = Array.from(slots, (_, index) => first + index);
    this.#store([...long, first + slots.length]);
    const entry = this.#entry(short, first + slots.length, long);
    assert(entry.name === name, "a name does not read as it was written");
    assert(entry.cluster === cluster && entry.sizeBytes === sizeBytes, "an entry does not read as it was written");
    this.#note(entry);
    return entry;
  }

  /** A file has other clusters or another size. */
  update(entry: Entry, cluster: number, sizeBytes: number, now: Time): void {
    const index = entry.slots.at(-1)!;
    const slot = this.#slot(index);
    slot.set(shortSlot(slot.slice(0, 11), entry.attributes, cluster, sizeBytes, now, entry.created, slot[12]!));
    this.#store([index]);
    this.#forget(entry);
    this.#note(this.#entry(slot, index, entry.slots.slice(0, -1)));
  }

  remove(entry: Entry): void {
    assert(entry.slots.length > 0 && entry.slots.length <= LONG_SLOTS_MOST + 1, "an entry without slots is removed");
    for (const index of entry.slots) this.#slot(index)[0] = FREE;
    this.#store(entry.slots);
    this.#forget(entry);
  }

  /** Of a directory that has moved: the entry that leads to the one above it. */
  setParent(cluster: number): void {
    for (let index = 0; index < 2; index++) {
      const slot = this.#slot(index);
      if (slot[0] !== 0x2e || slot[1] !== 0x2e) continue;
      const view = new DataView(slot.buffer, slot.byteOffset, SLOT_BYTES);
      view.setUint16(20, cluster >>> 16, true);
      view.setUint16(26, cluster & 0xffff, true);
      this.#store([index]);
    }
  }

  /** So many free slots in a row; the directory grows where there are none. */
  #room(count: number): number {
    assert(count >= 1 && count <= LONG_SLOTS_MOST + 1, "room is looked for that no name needs");
    for (;;) {
      let row = 0;
      let hasEnded = false;
      for (let index = 0; index < this.#slotCount; index++) {
        hasEnded ||= this.#slot(index)[0] === END;
        row = hasEnded || this.#slot(index)[0] === FREE ? row + 1 : 0;
        if (row === count) {
          const after = index + 1;
          // What follows the end was never cleared by some.
          if (hasEnded && after < this.#slotCount && this.#slot(after)[0] !== END) {
            this.#slot(after).fill(0);
            this.#store([after]);
          }
          return after - count;
        }
      }
      this.#grow();
    }
  }

  #grow(): void {
    const { table, geometry } = this.#volume;
    if (this.cluster === 0 || this.#bytes.length >= DIRECTORY_BYTES_MOST)
      throw new FileSystemError("no-space", `${this.#path}: the directory is full`);
    let last = this.cluster;
    for (let index = 1; index < this.#parts.length; index++) last = table.get(last);
    if (!table.isCluster(last)) throw damaged(`${this.#path}: the directory ends before its end`);
    const cluster = this.#volume.newCluster();
    table.set(last, cluster);
    assert(table.get(last) === cluster, "a directory has not grown by its new cluster");
    this.#parts.push(this.#volume.clusterAt(cluster));
    const bytes = new Uint8Array(this.#bytes.length + geometry.clusterBytes);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }

  /** The table first: what a slot leads to is there when the slot is. */
  #store(slots: readonly number[]): void {
    this.#volume.table.flush();
    for (const index of slots) {
      const at = index * SLOT_BYTES;
      assert(at + SLOT_BYTES <= this.#parts.length * this.#partBytes, "a slot lies beyond the parts of its directory");
      this.#volume.write(this.#parts[Math.floor(at / this.#partBytes)]! + (at % this.#partBytes), this.#slot(index));
    }
  }
}

/** The first two slots of a directory that is made. */
export function dots(cluster: number, parent: number, now: Time): Uint8Array {
  const bytes = new Uint8Array(2 * SLOT_BYTES);
  const name = (text: string): Uint8Array => Uint8Array.from(text.padEnd(11), (character) => character.charCodeAt(0));
  bytes.set(shortSlot(name("."), DIRECTORY, cluster, 0, now, now));
  bytes.set(shortSlot(name(".."), DIRECTORY, parent, 0, now, now), SLOT_BYTES);
  return bytes;
}

function shortSlot(
  alias: Uint8Array,
  attributes: number,
  cluster: number,
  sizeBytes: number,
  now: Time,
  created: Time,
  flags = 0,
): Uint8Array {
  const slot = new Uint8Array(SLOT_BYTES);
  const view = new DataView(slot.buffer);
  slot.set(alias);
  slot[11] = attributes;
  slot[12] = flags;
  const [changedDay, changedTime] = stampOf(now);
  const [createdDay, createdTime] = stampOf(created);
  assert(alias.length === 11, "a short name has eleven characters");
  assert(sizeBytes <= 0xffffffff && cluster <= 0x0fffffff, "a size or cluster has no room in its slot");
  view.setUint16(14, createdTime, true);
  view.setUint16(16, createdDay, true);
  view.setUint16(18, changedDay, true);
  view.setUint16(20, cluster >>> 16, true);
  view.setUint16(22, changedTime, true);
  view.setUint16(24, changedDay, true);
  view.setUint16(26, cluster & 0xffff, true);
  view.setUint32(28, sizeBytes, true);
  return slot;
}

/** Dates have no time zone; here they are UTC. */
function timeOf(day: number, time: number): Time {
  if (day === 0) return { seconds: 0, nanoseconds: 0 };
  const milliseconds = Date.UTC(
    EPOCH_YEAR + (day >> 9),
    ((day >> 5) & 15) - 1,
    day & 31,
    time >> 11,
    (time >> 5) & 63,
    (time & 31) * 2,
  );
  return { seconds: Math.max(0, Math.floor(milliseconds / 1000)), nanoseconds: 0 };
}

function stampOf({ seconds }: Time): [day: number, time: number] {
  const date = new Date(seconds * 1000);
  const year = Math.min(Math.max(date.getUTCFullYear() - EPOCH_YEAR, 0), 127);
  if (date.getUTCFullYear() < EPOCH_YEAR) return [0x21, 0];
  return [
    (year << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
  ];
}
