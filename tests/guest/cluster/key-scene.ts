/**
 * What a stranger needs to give a member another key, or to be given one (docs/protocols/cluster-key.md): numbers of
 * X25519, and what encloses the key.
 */
import { createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";

export const [OFFER_KEY, SHOW, GIVE, HAVE, OUTDATED, TURN] = [21, 22, 23, 24, 25, 26] as const;
export const NONCE_BYTES = 16;
const KEY_BYTES = 32;
const ID_BYTES = 8;
/** Of a key and who is put out. */
const GIVEN_BYTES = 64;
const TAG_BYTES = 16;
/** RFC 8410: what stands before the 32 bytes of a number of X25519. */
const PRIVATE_NUMBER = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC_NUMBER = Buffer.from("302a300506032b656e032100", "hex");

/** The session that goes with a public number. */
export function sessionOf(publicNumber: Uint8Array): string {
  const digest = createHash("sha256").update(publicNumber).digest().subarray(0, 8);
  digest[0]! |= 1;
  return digest.toString("hex");
}

/** Numbers that a node draws at its boot. */
export class Numbers {
  readonly shown: Buffer;
  readonly session: string;
  readonly #own: KeyObject;

  constructor(fill: number) {
    const key = Buffer.concat([PRIVATE_NUMBER, Buffer.alloc(KEY_BYTES, fill)]);
    this.#own = createPrivateKey({ key, format: "der", type: "pkcs8" });
    this.shown = createPublicKey(this.#own).export({ format: "der", type: "spki" }).subarray(PUBLIC_NUMBER.length);
    this.session = sessionOf(this.shown);
  }

  /** What encloses a key that one of the two gives the other. */
  seal(other: Uint8Array, isGiver: boolean, nonce: Uint8Array): Seal {
    const key = Buffer.concat([PUBLIC_NUMBER, other]);
    const shared = diffieHellman({
      privateKey: this.#own,
      publicKey: createPublicKey({ key, format: "der", type: "spki" }),
    });
    return new Seal(shared, nonce, ...((isGiver ? [this.shown, other] : [other, this.shown]) as [Buffer, Buffer]));
  }
}

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  createHmac("sha256", key).update(Buffer.concat(parts)).digest();

class Seal {
  readonly #block: (number: number) => Buffer;
  readonly #nonce: Uint8Array;

  constructor(shared: Uint8Array, nonce: Uint8Array, giver: Uint8Array, member: Uint8Array) {
    this.#nonce = nonce;
    this.#block = (number) =>
      hmac(shared, Buffer.from("QuRe cluster key"), nonce, giver, member, Uint8Array.of(number, 0, 0, 0));
  }

  #enciphered(bytes: Uint8Array): Buffer {
    const stream = Buffer.concat([this.#block(1), this.#block(2)]);
    return Buffer.from(bytes.map((byte, at) => byte ^ stream[at]!));
  }

  #tag(cipher: Uint8Array): Buffer {
    return hmac(this.#block(0), this.#nonce, cipher).subarray(0, TAG_BYTES);
  }

  /** What follows the header of a packet that gives a key; `out`: the id of who is put out. */
  close(key: Uint8Array, out: Uint8Array = new Uint8Array(ID_BYTES)): Buffer {
    const plain = Buffer.alloc(GIVEN_BYTES);
    plain.set(key);
    plain.set(out, KEY_BYTES);
    const cipher = this.#enciphered(plain);
    return Buffer.concat([this.#nonce, cipher, this.#tag(cipher)]);
  }

  /** What follows the header of such a packet: the key and what stands behind it; null when it was not made so. */
  open(given: Uint8Array): { key: Buffer; rest: Buffer } | null {
    const cipher = given.subarray(NONCE_BYTES, NONCE_BYTES + GIVEN_BYTES);
    const isGood =
      given.length === NONCE_BYTES + GIVEN_BYTES + TAG_BYTES &&
      Buffer.from(given.subarray(0, NONCE_BYTES)).equals(this.#nonce) &&
      this.#tag(cipher).equals(given.subarray(NONCE_BYTES + GIVEN_BYTES));
    if (!isGood) return null;
    const plain = this.#enciphered(cipher);
    return { key: plain.subarray(0, KEY_BYTES), rest: plain.subarray(KEY_BYTES) };
  }
}

/** What only who has the key can say. */
export const proofOf = (key: Uint8Array, nonce: Uint8Array, id: Uint8Array): Buffer =>
  hmac(key, nonce, id).subarray(0, TAG_BYTES);
