/**
 * A run as a link: which image, which machines, the seed, and all that was done with its virtual time. Because nothing
 * else decides how a run goes on, whoever has the image comes to the same state, and its digest is in the link.
 *
 * The text is base64url (RFC 4648, section 5) of these; all but the three with a size are LEB128.
 * docs/formats/snapshot.md has the rest.
 *
 * - version, 1
 * - image, 8 bytes: first half of the digest (MurmurHash3 x86_128 over pages) of firmware and image
 * - medium: 0 CD, 1 disk, 2 diskette
 * - flags: bit 0 a gateway; bit 1 a digest follows; bit 2 machines of a campaign; bit 3 sites
 * - disk: size of the disks prepared for QuRe, in KiB; 0: none
 * - machines at the beginning, 1 to 1000
 * - memory of each, in units of 64 KiB
 * - seed
 * - end: virtual time in ns at which the link was made
 * - sites: bytes of a text in UTF-8, and the text: what a file of `--sites` has; only with bit 3 of the flags
 * - digest, 16 bytes, of the whole state there; only with bit 1 of the flags
 * - actions: their number, then each with the time since the one before
 * - CRC-32, 4 bytes, IEEE 802.3, little endian, of everything before it
 */
import { DigestVisitor } from "../../emulator/state/digest.ts";
import { ACTIONS, type Action, type ActionValue } from "./actions.ts";
import { CAMPAIGN_SPARES } from "./campaign-machines.ts";

/** How an image is put into a machine. */
const MEDIA = ["cd", "disk", "diskette"] as const;
type RunMedium = (typeof MEDIA)[number];

export interface RunDescription {
  /** `imageHash` of it. */
  readonly image: string;
  readonly medium: RunMedium;
  /** Size of a disk that is prepared for QuRe (docs/emulator.md); 0: none. */
  readonly preparedBytes: number;
  /** Machines at the beginning; those that `add` brings come after them. */
  readonly nodes: number;
  readonly ramBytes: number;
  readonly seed: number;
  readonly gateway: boolean;
  /**
   * The machines are those of a campaign: their cards are of two makers, and there are spare ones
   * (campaign-machines.ts).
   */
  readonly isCampaign: boolean;
  /** The text of a file of `--sites`, at which the machines are; in one room when absent. */
  readonly sites?: string;
  /** In the order of time. */
  readonly actions: readonly Action[];
  /** Where the run was when the link was made, and its digest there; null: nobody has looked. */
  readonly endNs: number;
  readonly digest: string | null;
}

/** A text that is no link, or one that this version cannot follow. The message is a sentence. */
export class LinkError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LinkError";
  }
}

const VERSION = 1;
const HASH_DIGITS = 16;
const DIGEST_DIGITS = 32;
const GATEWAY = 1;
const HAS_DIGEST = 2;
const CAMPAIGN = 4;
const SITES = 8;
const MOST_RUN_NODES = 1000;
const MOST_ACTIONS = 10_000;
const MOST_TEXT_BYTES = 4096;
const KIB = 1024;
const RAM_UNIT = 64 * KIB;
const MOST_RAM_BYTES = KIB ** 3;
const MOST_DISK_BYTES = 64 * KIB ** 3;
/** Ten days of virtual time. */
const LONGEST_RUN_NS = 10 * 86_400e9;
const CRC_BYTES = 4;

/** What tells images apart in links: of the firmware and the image together. */
export function imageHash(firmware: Uint8Array, image: Uint8Array): string {
  const visitor = new DigestVisitor();
  visitor.bytes(firmware);
  visitor.bytes(image);
  return visitor.digest().slice(0, HASH_DIGITS);
}

/** All machines of a run: those of the beginning, and each that `add` brings or that a campaign may bring. */
export function machinesOf({
  nodes,
  actions,
  isCampaign,
}: Pick<RunDescription, "nodes" | "actions" | "isCampaign">): number {
  const added = new Set(actions.filter(({ word }) => word === "add").map(({ node }) => node));
  return nodes + Math.max(added.size, isCampaign ? CAMPAIGN_SPARES : 0);
}

function crc32(bytes: Uint8Array): number {
  let value = -1;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

class Writer {
  readonly bytes: number[] = [];

  integer(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.bytes.push((rest % 0x80) | 0x80);
    this.bytes.push(rest);
  }

  hexadecimal(digits: string): void {
    for (let at = 0; at < digits.length; at += 2) this.bytes.push(parseInt(digits.slice(at, at + 2), 16));
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.integer(bytes.length);
    this.bytes.push(...bytes);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new LinkError("the link is cut off");
    return byte;
  }

  integer(most: number, what: string): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > most) throw new LinkError(`the link has a ${what} of more than ${most}`);
      if (byte < 0x80) return value;
    }
  }

  hexadecimal(digits: number): string {
    return Array.from({ length: digits / 2 }, () => this.byte().toString(16).padStart(2, "0")).join("");
  }

  text(): string {
    const length = this.integer(MOST_TEXT_BYTES, "text");
    return new TextDecoder().decode(Uint8Array.from({ length }, () => this.byte()));
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const word = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = Math.min(4, bytes.length - at + 1);
    for (let digit = 0; digit < digits; digit++) text += ALPHABET[(word >> (18 - 6 * digit)) & 63];
  }
  return text;
}

function fromBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let word = 0;
  let bits = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0)
      throw new LinkError(`a link has only letters, digits, - and _: ${JSON.stringify(character)} is none of them`);
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) bytes.push((word >> (bits -= 8)) & 0xff);
  }
  // Bits after the last byte: an encoder leaves them 0.
  if ((word & ((1 << bits) - 1)) !== 0) throw new LinkError("the link was altered: there is something after its end");
  return Uint8Array.from(bytes);
}

/** The text of a run. Equal runs have equal texts. */
export function encodeRun(run: RunDescription): string {
  const writer = new Writer();
  writer.integer(VERSION);
  writer.hexadecimal(run.image);
  writer.integer(MEDIA.indexOf(run.medium));
  writer.integer(
    (run.gateway ? GATEWAY : 0) |
      (run.digest !== null ? HAS_DIGEST : 0) |
      (run.isCampaign ? CAMPAIGN : 0) |
      (run.sites === undefined ? 0 : SITES),
  );
  writer.integer(run.preparedBytes / KIB);
  writer.integer(run.nodes);
  writer.integer(run.ramBytes / RAM_UNIT);
  writer.integer(run.seed);
  writer.integer(run.endNs);
  if (run.sites !== undefined) writer.text(run.sites);
  if (run.digest !== null) writer.hexadecimal(run.digest);
  writer.integer(run.actions.length);
  let beforeNs = 0;
  for (const { atNs, word, node, values } of run.actions) {
    const number = ACTIONS.findIndex((kind) => kind.word === word);
    writer.integer(atNs - beforeNs);
    writer.integer(number);
    writer.integer(node);
    ACTIONS[number]!.parameters.forEach(({ kind }, index) => {
      if (kind.holds === "number") writer.integer(Number(values[index]));
      else writer.text(String(values[index]));
    });
    beforeNs = atNs;
  }
  const crc = crc32(Uint8Array.from(writer.bytes));
  for (let byte = 0; byte < CRC_BYTES; byte++) writer.bytes.push((crc >>> (8 * byte)) & 0xff);
  return toBase64(Uint8Array.from(writer.bytes));
}

/** Whatever stands before it: an address whose last part is `#r=TEXT`, or the text alone. Throws a LinkError. */
export function decodeRun(link: string): RunDescription {
  const bytes = fromBase64(link.trim().replace(/^.*#/s, "").replace(/^r=/, ""));
  if (bytes.length <= CRC_BYTES) throw new LinkError("this is no link of a run: it is too short");
  const body = bytes.subarray(0, bytes.length - CRC_BYTES);
  const crc = new DataView(bytes.buffer).getUint32(body.length, true);
  if (crc32(body) !== crc) throw new LinkError("the link was altered or cut off: its checksum is wrong");
  return readRun(new Reader(body));
}

function readRun(reader: Reader): RunDescription {
  const version = reader.integer(Number.MAX_SAFE_INTEGER, "version");
  if (version !== VERSION)
    throw new LinkError(`the link is of version ${version}; this program reads version ${VERSION}`);
  const image = reader.hexadecimal(HASH_DIGITS);
  const medium = MEDIA[reader.integer(MEDIA.length - 1, "medium")]!;
  const flags = reader.integer(GATEWAY | HAS_DIGEST | CAMPAIGN | SITES, "flag");
  const preparedBytes = reader.integer(MOST_DISK_BYTES / KIB, "disk") * KIB;
  const nodes = reader.integer(MOST_RUN_NODES, "number of machines");
  const ramBytes = reader.integer(MOST_RAM_BYTES / RAM_UNIT, "memory") * RAM_UNIT;
  const seed = reader.integer(Number.MAX_SAFE_INTEGER, "seed");
  const endNs = reader.integer(LONGEST_RUN_NS, "virtual time");
  const sites = (flags & SITES) !== 0 ? reader.text() : null;
  if (sites !== null && !sites.startsWith("{")) throw new LinkError("the link has sites that are none");
  const digest = (flags & HAS_DIGEST) !== 0 ? reader.hexadecimal(DIGEST_DIGITS) : null;
  const actions = readActions(reader);
  if (!reader.isAtEnd) throw new LinkError("the link goes on after its end");
  if (nodes < 1 || ramBytes < KIB ** 2) throw new LinkError("the link has no machines");
  if (preparedBytes % 512 !== 0) throw new LinkError("the link has a disk of no whole sectors");
  const run = {
    image,
    medium,
    preparedBytes,
    nodes,
    ramBytes,
    seed,
    gateway: (flags & GATEWAY) !== 0,
    isCampaign: (flags & CAMPAIGN) !== 0,
    ...(sites === null ? {} : { sites }),
    actions,
    endNs,
    digest,
  };
  const machines = machinesOf(run);
  const stranger = actions.find(({ node }) => node >= machines);
  if (stranger) throw new LinkError(`the link does something to machine ${stranger.node + 1} of ${machines}`);
  return run;
}

function readActions(reader: Reader): Action[] {
  let atNs = 0;
  return Array.from({ length: reader.integer(MOST_ACTIONS, "number of actions") }, () => {
    atNs += reader.integer(LONGEST_RUN_NS, "virtual time");
    const number = reader.integer(0xffff, "kind of action");
    const kind = ACTIONS[number];
    if (!kind) throw new LinkError(`the link has an action of kind ${number}, which this version does not know`);
    const node = reader.integer(MOST_RUN_NODES, "number of a machine");
    const values = kind.parameters.map(({ name, kind: parameter }): ActionValue => {
      const value = parameter.holds === "number" ? reader.integer(Number.MAX_SAFE_INTEGER, name) : reader.text();
      if (!parameter.isValid(value)) throw new LinkError(`the link has a ${kind.word} with a ${name} that cannot be`);
      return value;
    });
    return { atNs, word: kind.word, node, values };
  });
}
