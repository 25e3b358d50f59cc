/** What goes with the code of an invitation (docs/protocols/cluster.md, "Identity and trust"). */
import { createHmac } from "node:crypto";

/** What is made of a code for a purpose, as the page says. */
export function keyOfCode(code: string, purpose: number): Uint8Array {
  const digits = "0123456789abcdefghjkmnpqrstvwxyz";
  const bits = [...code.replaceAll("-", "")].map((character) => digits.indexOf(character).toString(2).padStart(5, "0"));
  const bytes = (bits.join("").match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return createHmac("sha256", Uint8Array.from(bytes)).update(Uint8Array.of(purpose)).digest();
}

/** The 64 bytes that are added to a name and a key, for two nonces. */
export function cipherOf(key: Uint8Array, nonces: Uint8Array): Uint8Array {
  const block = (number: number): Buffer =>
    createHmac("sha256", key)
      .update(nonces)
      .update(Uint8Array.of(number, 0, 0, 0))
      .digest();
  return Buffer.concat([block(0), block(1)]);
}
