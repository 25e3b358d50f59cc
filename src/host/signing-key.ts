/**
 * Ed25519 and SHA-512 by Node, and the files in which private keys are kept: PKCS #8 in PEM, as OpenSSL and
 * `node:crypto` write them.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { naming } from "./files.ts";
import { makeFolder } from "./folder.ts";

/** What stands before the 32 bytes of a public key in DER (RFC 8410, section 4). */
const PUBLIC_HEAD = Buffer.from("302a300506032b6570032100", "hex");
/** More than any file with a key has. */
const MOST_KEY_FILE_BYTES = 64 * 1024;

/** Where the person's keys are. */
export const keyFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "qure");

export const nodeCrypto = {
  sha512: (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha512").update(bytes).digest()),
  verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    verify(null, message, publicKeyOf(key), signature),
};

const publicKeyOf = (key: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, key]), format: "der", type: "spki" });

const bytesOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(key.export({ format: "der", type: "spki" }).subarray(PUBLIC_HEAD.length));

/** Makes a key and writes it to a file that its owner alone may read; comes back with the public key. */
export function newSigningKey(path: string): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  makeFolder(dirname(path), 0o700);
  const file = naming(path, () => openSync(path, "wx", 0o600));
  try {
    writeSync(file, privateKey.export({ format: "pem", type: "pkcs8" }) as string);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw Object.assign(error as Error, { path });
  } finally {
    closeSync(file);
  }
  return bytesOf(publicKey);
}

/** Reads a private key. Throws a RangeError that says what the file is instead. */
export function readSigner(path: string): { key: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  const privateKey = readKey(path, createPrivateKey, "a private key of Ed25519");
  return {
    key: bytesOf(createPublicKey(privateKey)),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** The public key that somebody names: its 64 hexadecimal digits, or a file with it or with the private key. */
export function readPublicKey(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(text)) return new Uint8Array(Buffer.from(text, "hex"));
  return bytesOf(readKey(text, createPublicKey, "a key of Ed25519"));
}

function readKey(path: string, read: (pem: Buffer) => KeyObject, expected: string): KeyObject {
  const pem = naming(path, () => readFileSync(path));
  let key: KeyObject | null = null;
  try {
    key = pem.length > MOST_KEY_FILE_BYTES ? null : read(pem);
  } catch {
    // What Node says of it names neither the file nor what to do.
  }
  if (key?.asymmetricKeyType === "ed25519") return key;
  throw new RangeError(`${path}: expected ${expected} in PEM, as \`qure key sign new\` writes it`);
}
