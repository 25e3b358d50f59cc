/** Sizes and names of what a store has of volumes (docs/formats/volume.md). */
import { assert } from "../diagnostic/invariant.ts";
import { VolumeError } from "./model.ts";

export const OBJECT_BYTES = 4 << 20;
export const BLOCK_BYTES = 4096;
export const BLOCKS = OBJECT_BYTES / BLOCK_BYTES;
/** Guests and NBD speak of sectors. */
export const SECTOR_BYTES = 512;
/** As many objects as their numbers have room for: 16 PiB. */
const MOST_BYTES = 2 ** 32 * OBJECT_BYTES;

const MOST_NAME = 128;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export const HEADS = "head/";
export const GC_KEY = "gc";

export const isName = (name: unknown): boolean =>
  typeof name === "string" && name.length <= MOST_NAME && NAME.test(name);

/** Of a name as people give it. Throws a VolumeError for one that is none. */
export function checkName(name: string): string {
  if (!isName(name))
    throw new VolumeError(
      "invalid",
      `${JSON.stringify(name)} is no name of a volume: it has up to ${MOST_NAME} of A-Z, a-z, 0-9, ".", "_" and "-", and begins with a letter or digit`,
    );
  return name;
}

export function checkSize(name: string, sizeBytes: number): number {
  if (!Number.isInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes > MOST_BYTES || sizeBytes % SECTOR_BYTES !== 0)
    throw new VolumeError(
      "invalid",
      `${name}: ${sizeBytes} bytes are no size: it is a multiple of ${SECTOR_BYTES}, up to 16 PiB`,
    );
  return sizeBytes;
}

/** How many objects a volume of this size has. */
export const objectsOf = (sizeBytes: number): number => Math.ceil(sizeBytes / OBJECT_BYTES);

/** How many blocks an object of such a volume has: the last one has fewer. */
export const blocksOf = (sizeBytes: number, index: number): number =>
  Math.max(0, Math.min(BLOCKS, Math.ceil((sizeBytes - index * OBJECT_BYTES) / BLOCK_BYTES)));

export const headKey = (name: string): string => `${HEADS}${name}`;
export const nameOfHead = (key: string): string => key.slice(HEADS.length);

const hex = (value: number): string => {
  assert(Number.isInteger(value) && value >= 0, `a key with the number ${value}`);
  return value.toString(16).padStart(8, "0");
};

/** Written in place by the owner of an epoch, and by nobody else. */
export const objectKey = (id: string, epoch: number, index: number): string =>
  `object/${id}/${hex(epoch)}/${hex(index)}`;
/** Which blocks of such an object count, and their checksums. */
export const sumsKey = (id: string, epoch: number, index: number): string => `sums/${id}/${hex(epoch)}/${hex(index)}`;
/** Never changed: the name says what is in it. */
export const frozenKey = (id: string, epoch: number, hash: string): string => `frozen/${id}/${hex(epoch)}/${hash}`;
export const pageKey = (id: string, epoch: number, hash: string): string => `map/${id}/${hex(epoch)}/${hash}`;

/** Digits of the last part of a key of each kind. */
const LAST_DIGITS: Readonly<Record<string, number>> = { object: 8, sums: 8, frozen: 64, map: 64 };

/** Id and epoch of a key of any of the four kinds; null for another one, which is none of ours. */
export function placeOfKey(key: string): { readonly kind: string; readonly id: string; readonly epoch: number } | null {
  const [, kind, id, epoch, last] = /^([a-z]+)\/([0-9a-f]{32})\/([0-9a-f]{8})\/([0-9a-f]+)$/.exec(key) ?? [];
  if (!kind || !id || !epoch || last?.length !== LAST_DIGITS[kind]) return null;
  return { kind, id, epoch: Number.parseInt(epoch, 16) };
}

export const indexOfKey = (key: string): number => Number.parseInt(key.slice(key.lastIndexOf("/") + 1), 16);

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function fromHex(text: string): Uint8Array {
  assert(/^([0-9a-f]{2})*$/.test(text), `${text} is not hexadecimal`);
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

export function isZero(bytes: Uint8Array): boolean {
  let at = 0;
  if (bytes.byteOffset % 4 === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    for (const word of words) if (word !== 0) return false;
    at = words.byteLength;
  }
  for (; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
