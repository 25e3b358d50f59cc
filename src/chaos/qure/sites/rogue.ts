/** A cluster that is linked with others, has its key by right, and says what it likes (docs/protocols/wide-area.md). */
import { createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { writeRecord } from "../../../wire/record.ts";
import { HEAD, KINDS } from "../../../wire/wide.ts";

const HEAD_BYTES = 64;
const CODE = 48;
/** RFC 8410, 7: what stands before the bytes of a private number, and of a public one. */
const PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC = Buffer.from("302a300506032b656e032100", "hex");

export interface Said {
  /** Another number than the next one. */
  readonly number?: number;
  readonly seen?: string;
  readonly flags?: number;
  /** Session and number that it says it has heard; without it, the last that it did. */
  readonly echo?: readonly [session: string, number: number];
  /** What follows the header; without it, a hello says back what was last to be said. */
  readonly body?: Uint8Array;
}

/** The private number of a cluster with the key `NAME DIGITS`. */
function identityOf(key: string): KeyObject {
  const [name, digits] = key.trim().split(" ");
  const number = createHmac("sha256", Buffer.from(digits!, "hex")).update(`QuRe link identity ${name}`).digest();
  return createPrivateKey({ key: Buffer.concat([PRIVATE, number]), format: "der", type: "pkcs8" });
}

const publicOf = (identity: KeyObject): Buffer =>
  createPublicKey(identity).export({ format: "der", type: "spki" }).subarray(PUBLIC.length);

export class Rogue {
  /** As a value `link.NAME` has it. */
  readonly publicDigits: string;
  readonly #id: string;
  readonly #codes: Buffer;
  readonly #session: string;
  #number = 0;
  #heard: readonly [string, number] = ["0000000000000000", 0];
  #token = 0;

  /** The keys of both clusters, `NAME DIGITS`, and a number of its session. */
  constructor(own: string, other: string, session = 1) {
    this.#session = `01020304${(session >>> 0).toString(16).padStart(8, "0")}`;
    const [identity, theirs] = [identityOf(own), identityOf(other)];
    const [from, to] = [publicOf(identity), publicOf(theirs)];
    const shared = diffieHellman({ privateKey: identity, publicKey: createPublicKey(theirs) });
    this.publicDigits = from.toString("hex");
    this.#id = createHash("sha256").update(from).digest("hex").slice(0, 16);
    this.#codes = createHmac("sha256", shared).update("QuRe link packets").update(from).update(to).digest();
  }

  /** A packet with a right code. */
  say(kind: keyof typeof KINDS, said: Said = {}): Uint8Array {
    const body = said.body ?? new Uint8Array(Uint32Array.of(0, this.#token).buffer);
    const packet = new Uint8Array(HEAD_BYTES + body.length);
    const [echo, echoNumber] = said.echo ?? this.#heard;
    writeRecord(packet, 0, HEAD, {
      ...{ magic: 0x41575251, version: 1, kind: KINDS[kind], seenPort: 4, seen: said.seen ?? "0.0.0.0" },
      ...{ number: said.number ?? ++this.#number, session: this.#session, echo, echoNumber, id: this.#id },
      ...{ flags: said.flags ?? 0, code: new Uint8Array(HEAD_BYTES - CODE) },
    });
    packet.set(body, HEAD_BYTES);
    packet.set(
      createHmac("sha256", this.#codes)
        .update(packet)
        .digest()
        .subarray(0, HEAD_BYTES - CODE),
      CODE,
    );
    return packet;
  }

  /** A packet of the other one has come. */
  hear(packet: Uint8Array): void {
    const view = new DataView(packet.buffer, packet.byteOffset);
    this.#heard = [Buffer.from(packet.subarray(16, 24)).toString("hex"), view.getUint32(12, true)];
    if (packet[5] === KINDS.hello) this.#token = view.getUint32(64, true);
  }
}

type Part = number | string | Uint8Array;

/** What follows the header: a name of 32 bytes, then numbers, addresses and bytes as they are. */
export const bodyOf = (name: string, ...rest: readonly Part[]): Uint8Array =>
  joined(Buffer.from(name.padEnd(32, "\0").slice(0, 32), "latin1"), ...rest);

/** The same to a relay, or of one: a name stands for an id. */
export const relayBodyOf = (name: string, ...rest: readonly Part[]): Uint8Array =>
  joined(createHash("sha256").update(name, "latin1").digest().subarray(0, 8), ...rest);

function joined(...rest: readonly Part[]): Uint8Array {
  const parts = rest.map((part) => {
    if (typeof part === "string") return Buffer.from(part.split(".").map(Number));
    return typeof part === "number" ? Buffer.from(Uint32Array.of(part).buffer) : part;
  });
  return Uint8Array.from(Buffer.concat(parts));
}
