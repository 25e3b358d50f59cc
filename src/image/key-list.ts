/** A list of trusted keys that follows the one before, signed by one of that: docs/formats/signature.md. */
import { assert } from "../diagnostic/invariant.ts";
import { ImageError } from "./kernel-image.ts";
import { isUsableKey, KEY_BYTES, PRODUCT, productAt, type SignatureCrypto, type Signer } from "./signature.ts";
import { latin1Into, magic } from "./table-bytes.ts";

const MAGIC = "QRKL";
const VERSION = 1;
const KEYS_AT = 128;
const SIGNED_BYTES = 64;
export const MOST_TRUSTED = 8;
const AT = { version: 4, size: 8, sequence: 12, count: 16, zero: 20, product: 64, key: 96 } as const;

export interface KeyList {
  readonly product: string;
  /** Higher than that of the list before; that of an image is 0. */
  readonly sequence: number;
  readonly keys: readonly Uint8Array[];
}

export interface SignedKeyList extends KeyList {
  readonly signer: Uint8Array;
}

const sizeFor = (keys: number): number => KEYS_AT + keys * KEY_BYTES + SIGNED_BYTES;

export function makeKeyList({ product, sequence, keys }: KeyList, signer: Signer): Uint8Array<ArrayBuffer> {
  assert(PRODUCT.test(product) && sequence > 0, "a list of keys has a product and a number");
  assert(keys.length > 0 && keys.length <= MOST_TRUSTED && keys.every(isUsableKey), "a list has one to eight keys");
  const size = sizeFor(keys.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic(MAGIC), true);
  view.setUint32(AT.version, VERSION, true);
  view.setUint32(AT.size, size, true);
  view.setUint32(AT.sequence, sequence, true);
  view.setUint32(AT.count, keys.length, true);
  latin1Into(bytes, AT.product, product);
  bytes.set(signer.key, AT.key);
  keys.forEach((key, index) => bytes.set(key, KEYS_AT + index * KEY_BYTES));
  bytes.set(signer.sign(bytes.subarray(0, size - SIGNED_BYTES)), size - SIGNED_BYTES);
  return bytes;
}

/** One byte more than any list has, so that a longer file shows. */
export const MOST_LIST_BYTES = sizeFor(MOST_TRUSTED) + 1;

export const isKeyList = (bytes: Uint8Array): boolean =>
  bytes.length >= KEYS_AT && String.fromCharCode(...bytes.subarray(0, 4)) === MAGIC;

/** Reads a list and proves that its signer made it. Throws `ImageError`, which says at which byte what is wrong. */
export function readKeyList(bytes: Uint8Array, { verify }: Pick<SignatureCrypto, "verify">): SignedKeyList {
  if (bytes.length < sizeFor(1))
    throw new ImageError(`a list of keys has at least ${sizeFor(1)} bytes, here are ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => view.getUint32(at, true);
  const must = (holds: boolean, at: number, expected: string): void => {
    if (!holds) throw new ImageError(`byte ${at} of the list of keys: expected ${expected}`);
  };
  must(word(0) === magic(MAGIC), 0, `the magic ${MAGIC}`);
  must(word(AT.version) === VERSION, AT.version, `version ${VERSION}, found ${word(AT.version)}`);
  must(word(AT.size) === bytes.length, AT.size, `the size of the file, ${bytes.length}, found ${word(AT.size)}`);
  const count = word(AT.count);
  must(count > 0 && count <= MOST_TRUSTED, AT.count, `1 to ${MOST_TRUSTED} keys, found ${count}`);
  must(bytes.length === sizeFor(count), AT.count, `as many keys as ${bytes.length} bytes hold, found ${count}`);
  must(word(AT.sequence) > 0, AT.sequence, "a number above 0");
  must(
    bytes.subarray(AT.zero, AT.product).every((byte) => byte === 0),
    AT.zero,
    "zeros",
  );
  const product = productAt(bytes, AT.product);
  must(product !== null, AT.product, "the name of a product");
  const keyAt = (at: number): Uint8Array => {
    const key = bytes.slice(at, at + KEY_BYTES);
    must(isUsableKey(key), at, "a public key of Ed25519");
    return key;
  };
  const signer = keyAt(AT.key);
  const keys = Array.from({ length: count }, (_, index) => keyAt(KEYS_AT + index * KEY_BYTES));
  const end = bytes.length - SIGNED_BYTES;
  must(verify(signer, bytes.subarray(0, end), bytes.subarray(end)), end, "a signature by its signer of all before it");
  return { product: product!, sequence: word(AT.sequence), keys, signer };
}
