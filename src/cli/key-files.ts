/** Keys as the command line names them. */
import { readPublicKey, readSigner } from "../host/signing-key.ts";
import { isUsableKey, type Signer } from "../image/signature.ts";
import { CommandError } from "./fail.ts";

function reading<Key>(read: () => Key): Key {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? new CommandError(error.message) : error;
  }
}

export const signerIn = (path: string): Signer => reading(() => readSigner(path));

/** Of 64 hexadecimal digits, or of a file with a public or a private key. */
export function trustedKey(text: string): Uint8Array {
  const key = reading(() => readPublicKey(text));
  if (!isUsableKey(key)) throw new CommandError(`${text}: no public key of Ed25519`);
  return key;
}
