/**
 * Invitations, both sides (docs/protocols/cluster.md, "Invitations"): how a machine gets a cluster's name and key by a
 * code that went to it another way. What is on the wire is no use to anyone without the code.
 */
import { HmacSha256 } from "../bytes/sha256.ts";
import { JOIN, NAME_BYTES, WELCOME } from "../wire/cluster-layout.ts";
import type { Packet } from "../wire/cluster-packet.ts";
import { hasCode, putCode } from "./codes.ts";
import type { Datagram } from "./station.ts";

/** Crockford's base 32: no i, l, o, u. */
const CHARACTERS = "0123456789abcdefghjkmnpqrstvwxyz";
export const INVITATION_BYTES = 10;
export const NONCE_BYTES = 16;
const INVITED_MS = 600_000;
const MOST_OPEN = 64;
const ASK_MS = 500;
const ASKS = 10;
const STREAM_BYTES = 32;
/** What keys are made of a code for. */
const CODES = 1;
const CIPHER = 2;

export interface ClusterKey {
  readonly name: string;
  readonly key: Uint8Array;
}
type Join = Packet & { readonly kind: typeof JOIN };
type Welcome = Packet & { readonly kind: typeof WELCOME };
type Place = Pick<Datagram, "from" | "mac">;
/** Says a packet whose code is made with another key than the cluster's; without a place to the group. */
export type SayWith = (
  packet: Pick<Join, "kind" | "fields" | "tail"> | Pick<Welcome, "kind" | "fields" | "tail">,
  sign: (bytes: Uint8Array) => void,
  to: (Place & Pick<Join, "head">) | null,
) => void;

/** A code as people read it: xxxx-xxxx-xxxx-xxxx. */
export function codeText(code: Uint8Array): string {
  const bits = Array.from(code, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = bits.match(/.{5}/g)!.map((five) => CHARACTERS[Number.parseInt(five, 2)]!);
  return letters.join("").replace(/.{4}(?=.)/g, "$&-");
}

/** The bytes of a code as it is typed: hyphens and case do not count. Null: it is none. */
export function codeBytes(text: string): Uint8Array | null {
  const values = [...text.toLowerCase().replaceAll("-", "")].map((letter) => CHARACTERS.indexOf(letter));
  if (values.length * 5 !== INVITATION_BYTES * 8 || values.includes(-1)) return null;
  const bits = values.map((value) => value.toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
}

/** What whoever has the code can make and read. */
class Secret {
  readonly #codes: HmacSha256;
  readonly #cipher: HmacSha256;

  constructor(code: Uint8Array) {
    const of = (purpose: number): HmacSha256 => new HmacSha256(new HmacSha256(code).of(Uint8Array.of(purpose)));
    [this.#codes, this.#cipher] = [of(CODES), of(CIPHER)];
  }

  readonly sign = (bytes: Uint8Array): void => putCode(this.#codes, bytes);

  isRight(packet: Uint8Array): boolean {
    return hasCode(this.#codes, packet);
  }

  /** Enciphers, and deciphers: a stream that no other pair of nonces has. */
  mixed(text: Uint8Array, nonce: Uint8Array, ownNonce: Uint8Array): Uint8Array {
    const block = (index: number): Uint8Array =>
      this.#cipher.of(Uint8Array.from([...nonce, ...ownNonce, index, 0, 0, 0]));
    const streams = [block(0), block(1)];
    return text.map((byte, at) => byte ^ streams[Math.floor(at / STREAM_BYTES)]![at % STREAM_BYTES]!);
  }
}

interface Open {
  readonly secret: Secret;
  readonly ownNonce: Uint8Array;
  readonly untilMs: number;
  /** Of the machine that has used it: nobody else is answered. */
  nonce: Uint8Array | null;
  /** It has asked, and was not answered yet. */
  asker: (Place & Pick<Join, "head">) | null;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, at) => byte === b[at]);

/** The side that has the key. */
export class Invitations {
  readonly #given: ClusterKey;
  readonly #say: SayWith;
  #open: Open[] = [];

  constructor(given: ClusterKey, say: SayWith) {
    this.#given = given;
    this.#say = say;
  }

  /** Makes a code of random bytes, with which one machine can join from now on. */
  open(code: Uint8Array, ownNonce: Uint8Array, nowMs: number): string {
    this.#forget(nowMs);
    if (this.#open.length >= MOST_OPEN) this.#open.shift();
    this.#open.push({ secret: new Secret(code), ownNonce, untilMs: nowMs + INVITED_MS, nonce: null, asker: null });
    return codeText(code);
  }

  /** The key is another one. */
  close(): void {
    this.#open = [];
  }

  heard(packet: Join, { data, from, mac }: Datagram, nowMs: number): void {
    this.#forget(nowMs);
    const { nonce } = packet.fields;
    const open = this.#open.find(({ secret }) => secret.isRight(data));
    if (!open || (open.nonce && !isSame(open.nonce, nonce))) return;
    open.nonce ??= nonce;
    open.asker = { from, mac, head: packet.head };
  }

  /**
   * A coordinator that has this key speaks now. Whoever asked before that is answered: so nobody is given a key after
   * it was replaced.
   */
  answer(): void {
    for (const open of this.#open) {
      const { secret, ownNonce, nonce, asker } = open;
      if (asker === null) continue;
      open.asker = null;
      const text = new Uint8Array(2 * STREAM_BYTES);
      text.set(Uint8Array.from(this.#given.name, (letter) => letter.charCodeAt(0)));
      text.set(this.#given.key, NAME_BYTES);
      const fields = { nonce: nonce!, ownNonce, secret: secret.mixed(text, nonce!, ownNonce) };
      this.#say({ kind: WELCOME, fields, tail: null }, secret.sign, asker);
    }
  }

  #forget(nowMs: number): void {
    this.#open = this.#open.filter(({ untilMs }) => nowMs < untilMs);
  }
}

/** The side that wants it. */
export class Asking {
  readonly #secret: Secret;
  readonly #nonce: Uint8Array;
  readonly #say: SayWith;
  readonly #done: (given: ClusterKey | null) => void;
  #asks = 0;
  #nextMs = Number.NEGATIVE_INFINITY;
  isOver = false;

  /** `done` is told once: null when nobody has answered. */
  constructor(code: Uint8Array, nonce: Uint8Array, say: SayWith, done: (given: ClusterKey | null) => void) {
    this.#secret = new Secret(code);
    this.#nonce = nonce;
    this.#say = say;
    this.#done = done;
  }

  tick(nowMs: number): void {
    if (this.isOver || nowMs < this.#nextMs) return;
    if (this.#asks === ASKS) return this.#end(null);
    this.#asks++;
    this.#nextMs = nowMs + ASK_MS;
    this.#say({ kind: JOIN, fields: { nonce: this.#nonce }, tail: null }, this.#secret.sign, null);
  }

  heard({ fields }: Welcome, { data }: Datagram): void {
    if (this.isOver || !this.#secret.isRight(data) || !isSame(fields.nonce, this.#nonce)) return;
    const text = this.#secret.mixed(fields.secret, fields.nonce, fields.ownNonce);
    const name = String.fromCharCode(...text.subarray(0, Math.max(0, text.indexOf(0))));
    if (/^[\x21-\x7e]{1,31}$/.test(name)) this.#end({ name, key: text.slice(NAME_BYTES) });
  }

  #end(given: ClusterKey | null): void {
    this.isOver = true;
    this.#done(given);
  }
}
