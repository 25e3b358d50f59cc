/** The codes of a cluster's packets: docs/protocols/cluster.md, "Identity and trust". */
import { HmacSha256 } from "../bytes/sha256.ts";
import { CODE, CODE_BYTES, FLAGS, OPEN } from "../wire/cluster-layout.ts";

const KEY_BYTES = 32;
/** What an open cluster's codes are made with, which everybody knows. */
const OPEN_NAME = "open";

/** The code that a packet should have. */
function codeOf(key: HmacSha256, packet: Uint8Array): Uint8Array {
  const blank = packet.slice();
  blank.fill(0, CODE, CODE + CODE_BYTES);
  return key.of(blank).subarray(0, CODE_BYTES);
}

export const putCode = (key: HmacSha256, packet: Uint8Array): void => packet.set(codeOf(key, packet), CODE);

/** Takes as long for every wrong one. */
export const hasCode = (key: HmacSha256, packet: Uint8Array): boolean =>
  codeOf(key, packet).reduce((wrong, byte, at) => wrong | (byte ^ packet[CODE + at]!), 0) === 0;

export class Codes {
  readonly #hmac: HmacSha256;
  readonly #openFlag: number;

  /** Without a key: of an open cluster. */
  constructor(key?: Uint8Array, name?: string) {
    if (key !== undefined && (key.length !== KEY_BYTES || !name))
      throw new RangeError(
        `a cluster's key has a name and ${KEY_BYTES} bytes: ${name ?? "no name"}, ${key.length} bytes`,
      );
    const purpose = `QuRe cluster 6 packets ${key ? name : OPEN_NAME}`;
    const packets = new HmacSha256(key ?? new Uint8Array(KEY_BYTES));
    this.#hmac = new HmacSha256(packets.of(Uint8Array.from(purpose, (letter) => letter.charCodeAt(0))));
    this.#openFlag = key ? 0 : OPEN;
  }

  /** Whether flags are those of an open cluster, as this one is, or of one with a key. */
  isOfKind(flags: number): boolean {
    return (flags & OPEN) === this.#openFlag;
  }

  /** Whether somebody made it who has the key, and means a cluster of this kind. */
  isRight(packet: Uint8Array): boolean {
    return this.isOfKind(packet[FLAGS]!) && hasCode(this.#hmac, packet);
  }

  /** Makes a packet one of this cluster. */
  sign(packet: Uint8Array): void {
    packet[FLAGS] = (packet[FLAGS]! & ~OPEN) | this.#openFlag;
    putCode(this.#hmac, packet);
  }
}
