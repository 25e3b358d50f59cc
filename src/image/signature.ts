/**
 * The signature that stands beside a kernel image: docs/formats/signature.md. Every field is of somebody unknown until
 * the signature is proved.
 */
import { assert } from "../diagnostic/invariant.ts";
import { ImageError, KERNEL_HEADER_BYTES, readKernelHeader, SECTOR_BYTES } from "./kernel-image.ts";
import { latin1Into, magic } from "./table-bytes.ts";

const SIGNATURE_MAGIC = "QRSG";
const VERSION = 1;
const HEADER_BYTES = 128;
const CHUNK_BYTES = 65_536;
const HASH_BYTES = 64;
const SIGNED_BYTES = 64;
const MOST_IMAGE_BYTES = 8 << 20;
const MOST_CHUNKS = MOST_IMAGE_BYTES / CHUNK_BYTES;
export const MOST_SIGNATURE_BYTES = HEADER_BYTES + MOST_CHUNKS * HASH_BYTES + SIGNED_BYTES;
export const KEY_BYTES = 32;
export const PRODUCT_BYTES = 32;
export const PRODUCT = /^[a-z0-9][a-z0-9.-]{0,30}$/;
/** Bytes of a CD's sector: on any drive a signature begins at one of those. */
const ALIGNMENT = 2048;

const AT = {
  version: 4,
  size: 8,
  revision: 12,
  floor: 16,
  wireOldest: 20,
  wire: 22,
  diskOldest: 24,
  disk: 26,
  imageBytes: 28,
  chunkBytes: 32,
  ranges: 36,
  zero: 40,
  product: 64,
  key: 96,
} as const;

/** What of the format is another's to compute. */
export interface SignatureCrypto {
  sha512(bytes: Uint8Array): Uint8Array;
  /** Of a key for which `isUsableKey` holds. */
  verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

export interface Signer {
  readonly key: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** Versions of a format: the oldest that is understood, and the own. */
export interface Versions {
  readonly oldest: number;
  readonly own: number;
}

export interface Terms {
  readonly product: string;
  readonly revision: number;
  readonly floor: number;
  readonly wire: Versions;
  readonly disk: Versions;
}

export interface Signature extends Terms {
  readonly imageBytes: number;
  readonly key: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/** y of the points of small order, little endian. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);
/** p = 2^255 - 19. */
const PRIME = `ed${"ff".repeat(30)}7f`;

/** Whether the kernel would read these bytes as a key, as far as can be said without the curve. */
export function isUsableKey(key: Uint8Array): boolean {
  if (key.length !== KEY_BYTES) return false;
  const y = hexOf(Uint8Array.of(...key.subarray(0, 31), key[31]! & 0x7f));
  return !SMALL_ORDER.has(y) && backwards(y) < backwards(PRIME);
}

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The most significant byte first, so that texts compare as numbers. */
const backwards = (hex: string): string => hex.match(/../g)!.reverse().join("");

/** Signs a kernel image; `terms.revision` is that of its header. */
export function makeSignature(
  image: Uint8Array,
  terms: Terms,
  signer: Signer,
  { sha512 }: Pick<SignatureCrypto, "sha512">,
): Uint8Array<ArrayBuffer> {
  assert(PRODUCT.test(terms.product), "the product has a name that no signature can have");
  assert(terms.floor <= terms.revision, "the floor is higher than the revision");
  assert(signer.key.length === KEY_BYTES, "the signer's key is none of Ed25519");
  if (image.length > MOST_IMAGE_BYTES)
    throw new ImageError(`the kernel image has ${image.length} bytes; at most ${MOST_IMAGE_BYTES} can be signed`);
  const hashes = chunksOf(image).map(sha512);
  const size = sizeFor(hashes.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic(SIGNATURE_MAGIC), true);
  view.setUint32(AT.version, VERSION, true);
  view.setUint32(AT.size, size, true);
  view.setUint32(AT.revision, terms.revision, true);
  view.setUint32(AT.floor, terms.floor, true);
  view.setUint16(AT.wireOldest, terms.wire.oldest, true);
  view.setUint16(AT.wire, terms.wire.own, true);
  view.setUint16(AT.diskOldest, terms.disk.oldest, true);
  view.setUint16(AT.disk, terms.disk.own, true);
  view.setUint32(AT.imageBytes, image.length, true);
  view.setUint32(AT.chunkBytes, CHUNK_BYTES, true);
  latin1Into(bytes, AT.product, terms.product);
  bytes.set(signer.key, AT.key);
  hashes.forEach((hash, index) => bytes.set(hash, HEADER_BYTES + index * HASH_BYTES));
  bytes.set(signer.sign(bytes.subarray(0, size - SIGNED_BYTES)), size - SIGNED_BYTES);
  return bytes;
}

/** Where on a drive the signature lies, counted from the beginning of a boot image of so many bytes. */
export const signatureOffset = (bootImageBytes: number): number => Math.ceil(bootImageBytes / ALIGNMENT) * ALIGNMENT;

const sizeFor = (chunks: number): number => HEADER_BYTES + chunks * HASH_BYTES + SIGNED_BYTES;

const chunksOf = (image: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(image.length / CHUNK_BYTES) }, (_, index) =>
    image.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );

/**
 * How many bytes the signature has that begins here, as its header says; null where there is none. What is on a drive
 * has no end of its own.
 */
export function signatureBytes(bytes: Uint8Array): number | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0, true) === magic(SIGNATURE_MAGIC)
    ? Math.min(view.getUint32(AT.size, true), MOST_SIGNATURE_BYTES)
    : null;
}

/** Reads a signature and proves that its key made it. Throws `ImageError`, which says at which byte what is wrong. */
export function readSignature(bytes: Uint8Array, { verify }: Pick<SignatureCrypto, "verify">): Signature {
  if (bytes.length < sizeFor(1))
    throw new ImageError(`a signature has at least ${sizeFor(1)} bytes, here are ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => view.getUint32(at, true);
  const must = (holds: boolean, at: number, expected: string): void => {
    if (!holds) throw new ImageError(`byte ${at} of the signature: expected ${expected}`);
  };
  must(word(0) === magic(SIGNATURE_MAGIC), 0, `the magic ${SIGNATURE_MAGIC}`);
  must(word(AT.version) === VERSION, AT.version, `version ${VERSION}, found ${word(AT.version)}`);
  must(word(AT.size) === bytes.length, AT.size, `the size of the file, ${bytes.length}, found ${word(AT.size)}`);
  const imageBytes = word(AT.imageBytes);
  must(
    imageBytes >= SECTOR_BYTES && imageBytes <= MOST_IMAGE_BYTES && imageBytes % SECTOR_BYTES === 0,
    AT.imageBytes,
    `a size of an image, a multiple of ${SECTOR_BYTES} up to ${MOST_IMAGE_BYTES}, found ${imageBytes}`,
  );
  const count = Math.ceil(imageBytes / CHUNK_BYTES);
  must(bytes.length === sizeFor(count), AT.imageBytes, `a size that ${bytes.length} bytes can sign`);
  must(word(AT.chunkBytes) === CHUNK_BYTES, AT.chunkBytes, `chunks of ${CHUNK_BYTES} bytes`);
  must(word(AT.ranges) === 0, AT.ranges, "no ranges that may differ");
  must(
    bytes.subarray(AT.zero, AT.product).every((byte) => byte === 0),
    AT.zero,
    "zeros",
  );
  const terms = termsOf(bytes, view, must);
  const key = bytes.slice(AT.key, HEADER_BYTES);
  must(isUsableKey(key), AT.key, "a public key of Ed25519");
  const end = bytes.length - SIGNED_BYTES;
  must(verify(key, bytes.subarray(0, end), bytes.subarray(end)), end, "a signature by its key of all before it");
  const hashes = Array.from({ length: count }, (_, index) =>
    bytes.slice(HEADER_BYTES + index * HASH_BYTES, HEADER_BYTES + (index + 1) * HASH_BYTES),
  );
  return { ...terms, imageBytes, key, hashes };
}

function termsOf(
  bytes: Uint8Array,
  view: DataView,
  must: (holds: boolean, at: number, expected: string) => void,
): Terms {
  const revision = view.getUint32(AT.revision, true);
  const floor = view.getUint32(AT.floor, true);
  must(floor <= revision, AT.floor, `a floor of at most the revision ${revision}, found ${floor}`);
  const versions = (at: number): Versions => {
    const found = { oldest: view.getUint16(at, true), own: view.getUint16(at + 2, true) };
    must(found.oldest <= found.own, at, `an oldest version of at most ${found.own}, found ${found.oldest}`);
    return found;
  };
  const wire = versions(AT.wireOldest);
  const disk = versions(AT.diskOldest);
  const product = productAt(bytes, AT.product);
  must(product !== null, AT.product, "the name of a product: letters a to z, digits, dots and hyphens");
  return { product: product!, revision, floor, wire, disk };
}

/** The name of a product in its field; null when it is none. */
export function productAt(bytes: Uint8Array, at: number): string | null {
  const product = String.fromCharCode(...bytes.subarray(at, at + PRODUCT_BYTES)).replace(/\0*$/, "");
  return PRODUCT.test(product) ? product : null;
}

/** What does not fit between a signature that is proved and an image; empty when it is this image that was signed. */
export function differencesFrom(
  { imageBytes, revision, hashes }: Signature,
  image: Uint8Array,
  { sha512 }: Pick<SignatureCrypto, "sha512">,
): readonly string[] {
  if (image.length !== imageBytes) return [`the image has ${image.length} bytes, ${imageBytes} were signed`];
  const problems = chunksOf(image).flatMap((chunk, index) =>
    hexOf(sha512(chunk)) === hexOf(hashes[index]!)
      ? []
      : [
          `the image differs from what was signed in bytes ${index * CHUNK_BYTES} to ${index * CHUNK_BYTES + chunk.length - 1}`,
        ],
  );
  if (problems.length > 0 || image.length < KERNEL_HEADER_BYTES) return problems;
  const found = readKernelHeader(image).revision;
  return found === revision ? [] : [`the image has revision ${found}, its signature says ${revision}`];
}
