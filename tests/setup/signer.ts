/** Signers that tests can have again: their keys are made of a number. */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";

/** What stands before 32 bytes in DER (RFC 8410). */
const PRIVATE_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_HEAD_BYTES = 12;

export interface TestSigner {
  readonly key: Uint8Array;
  /** The private key, in PEM. */
  readonly pem: string;
  sign(message: Uint8Array): Uint8Array;
}

export function signerOf(secret: Uint8Array): TestSigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, secret]), format: "der", type: "pkcs8" });
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    key: new Uint8Array(der.subarray(PUBLIC_HEAD_BYTES)),
    pem: privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

export const numberedSigner = (number: number): TestSigner => signerOf(new Uint8Array(32).fill(number));
