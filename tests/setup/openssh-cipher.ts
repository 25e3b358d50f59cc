/**
 * chacha20-poly1305@openssh.com as OpenSSH's PROTOCOL.chacha20poly1305 says: ChaCha20 by OpenSSL, Poly1305 as RFC 8439
 * writes it.
 */
import { createCipheriv } from "node:crypto";

export const LENGTH_BYTES = 4;
export const TAG_BYTES = 16;
const PRIME = (1n << 130n) - 5n;

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).reverse().toString("hex")}`);

/** Poly1305 (RFC 8439, 2.5.1). */
export function tagOf(key: Uint8Array, text: Uint8Array): Buffer {
  const r = numberOf(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 16)
    sum = ((sum + numberOf(Uint8Array.of(...text.subarray(at, at + 16), 1))) * r) % PRIME;
  const whole = (sum + numberOf(key.subarray(16, 32))) & ((1n << 128n) - 1n);
  return Buffer.from(whole.toString(16).padStart(32, "0"), "hex").reverse();
}

/** ChaCha20 of OpenSSL; `nonce` is the last 16 bytes of the state, the counter first. */
export function chacha20(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Buffer {
  return createCipheriv("chacha20", key, nonce).update(text);
}

function nonceOf(sequence: number, counter: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(counter, 0);
  bytes.writeUInt32BE(sequence, 12);
  return bytes;
}

const mainKey = (key: Uint8Array): Uint8Array => key.subarray(0, 32);
const codeKey = (key: Uint8Array, sequence: number): Buffer =>
  chacha20(mainKey(key), nonceOf(sequence, 0), Buffer.alloc(32));

/** The length of a packet, hidden or not. */
export function cryptLength(key: Uint8Array, sequence: number, length: Uint8Array): Buffer {
  return chacha20(key.subarray(32), nonceOf(sequence, 0), length.subarray(0, LENGTH_BYTES));
}

/** A packet from its length on, with its code behind it. */
export function seal(key: Uint8Array, sequence: number, packet: Uint8Array): Buffer {
  const rest = chacha20(mainKey(key), nonceOf(sequence, 1), packet.subarray(LENGTH_BYTES));
  const whole = Buffer.concat([cryptLength(key, sequence, packet), rest]);
  return Buffer.concat([whole, tagOf(codeKey(key, sequence), whole)]);
}

/** What is in a sealed packet, after its length; null when its code is another's. */
export function open(key: Uint8Array, sequence: number, sealed: Uint8Array): Buffer | null {
  const end = sealed.length - TAG_BYTES;
  if (!tagOf(codeKey(key, sequence), sealed.subarray(0, end)).equals(sealed.subarray(end))) return null;
  return chacha20(mainKey(key), nonceOf(sequence, 1), sealed.subarray(LENGTH_BYTES, end));
}
