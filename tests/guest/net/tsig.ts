/** Updates of the DNS (RFC 2136) and their signatures (TSIG, RFC 8945) as a test makes and checks them. */
import { createHmac } from "node:crypto";
import { get16, put16 } from "../../../emulator/ether/packet.ts";
import { type DnsRecord, nameBytes, recordBytes } from "./dns-wire.ts";
import { join } from "./packet-wire.ts";

const TSIG = 250;
const ANY = 255;
const HEAD_BYTES = 12;
const MAC_BYTES = 32;

export interface Signer {
  readonly name: string;
  readonly secret: Uint8Array;
  /** Seconds since 1970. */
  readonly time: number;
  readonly fudge?: number;
  readonly algorithm?: string;
  /** What is made of the code. */
  readonly change?: (mac: Uint8Array) => Uint8Array;
  /** The code of the question, when an answer is signed. */
  readonly asked?: Uint8Array;
  readonly number?: number;
  /** Bytes of the question's code, if it was cut off. */
  readonly askedBytes?: number;
  /** What follows the number: error, length of other data, these. */
  readonly tail?: Uint8Array;
}

const short = (value: number): number[] => [(value >> 8) & 255, value & 255];
const seconds = (time: number): number[] => [0, 0, time >>> 24, (time >>> 16) & 255, (time >>> 8) & 255, time & 255];

function macOf(message: Uint8Array, signer: Signer): Uint8Array {
  const { name, secret, time, fudge = 300, algorithm = "hmac-sha256", asked, tail = [0, 0, 0, 0] } = signer;
  const before = asked ? [...short(asked.length), ...asked] : [];
  const variables = [...nameBytes(name), ...short(ANY), 0, 0, 0, 0, ...nameBytes(algorithm)];
  return createHmac("sha256", secret)
    .update(join(before, message, variables, seconds(time), short(fudge), tail))
    .digest();
}

/** A message with its signature. */
export function signed(message: Uint8Array, signer: Signer): Uint8Array {
  const { name, time, fudge = 300, algorithm = "hmac-sha256", change = (mac) => mac, number, tail } = signer;
  const mac = change(macOf(message, signer));
  const data = join(
    nameBytes(algorithm),
    seconds(time),
    short(fudge),
    short(mac.length),
    mac,
    short(number ?? get16(message, 0)),
    tail ?? [0, 0, 0, 0],
  );
  const record = [...nameBytes(name), ...short(TSIG), ...short(ANY), 0, 0, 0, 0, ...short(data.length)];
  const whole = join(message, record, data);
  put16(whole, 10, get16(message, 10) + 1);
  return whole;
}

/** Bytes of other data: none, or the server's clock. */
const OTHER_BYTES = [0, 6];

/**
 * What a signed answer says: its code, the error of the signature, and whether that is the one of `signer`, and by how
 * many seconds the server's clock is ahead of the signature, if it says so.
 */
export function checked(
  answer: Uint8Array,
  asked: Uint8Array,
  signer: Signer,
): { code: number; error: number; isSigned: boolean; ahead?: number } {
  const code = answer[3]! & 15;
  // The record is at the end: name, ten bytes, algorithm, time, fudge, length, code, number, error, length.
  const head = nameBytes(signer.name).length + 10 + nameBytes("hmac-sha256").length;
  const forms = [0, MAC_BYTES].flatMap((macBytes) => OTHER_BYTES.map((otherBytes) => [macBytes, otherBytes] as const));
  const numberOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  for (const [macBytes, otherBytes] of forms) {
    const start = answer.length - head - 10 - macBytes - 6 - otherBytes;
    if (start < HEAD_BYTES || get16(answer, start + head + 8) !== macBytes) continue;
    if (get16(answer, answer.length - otherBytes - 2) !== otherBytes) continue;
    const at = start + head;
    const time = numberOf(answer.slice(at, at + 6));
    const tail = answer.slice(at + 10 + macBytes + 2);
    const error = get16(answer, at + 10 + macBytes + 2);
    const message = answer.slice(0, start);
    put16(message, 10, get16(message, 10) - 1);
    const mac = answer.slice(at + 10, at + 10 + macBytes);
    const macAt = asked.length - 6 - (signer.askedBytes ?? MAC_BYTES);
    const askedMac = asked.slice(macAt, asked.length - 6);
    const own = macOf(message, { ...signer, time, fudge: get16(answer, at + 6), asked: askedMac, tail });
    const ahead = otherBytes === 0 ? {} : { ahead: numberOf(tail.slice(4)) - time };
    return { code, error, isSigned: Buffer.compare(mac, own) === 0, ...ahead };
  }
  return { code, error: 0, isSigned: false };
}

/** Error and other data of an answer that says what time it is (BADTIME, RFC 8945, 5.2.3). */
export const badTime = (time: number): Uint8Array => Uint8Array.from([0, 18, 0, 6, ...seconds(time)]);

/** An OPT record with a lease of so many seconds (RFC 9664). */
export const leaseOf = (lease: number): Uint8Array =>
  Uint8Array.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8, 0, 2, 0, 4, ...seconds(lease).slice(2)]);

/** One record of an update, with the class that says what is done with it. */
export interface Change extends DnsRecord {
  readonly data: Uint8Array | readonly number[];
}

/** An update of a zone: prerequisites, then changes. */
export function update(
  id: number,
  zone: string,
  prerequisites: readonly Change[],
  changes: readonly Change[],
): Uint8Array {
  return join(
    [...short(id), 5 << 3, 0, 0, 1, ...short(prerequisites.length), ...short(changes.length), 0, 0],
    nameBytes(zone),
    [0, 6, 0, 1],
    ...prerequisites.map(recordBytes),
    ...changes.map(recordBytes),
  );
}
