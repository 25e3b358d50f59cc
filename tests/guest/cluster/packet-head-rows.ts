/**
 * Heads of the cluster's packets that are just right, and that are one off, with what counts them:
 * docs/protocols/cluster.md, "Packet".
 */
import { parseIpv4 } from "../../../emulator/ether/packet.ts";
import { idBytes } from "./agreement-scene.ts";
import { HEADER_BYTES, HELLO, OPEN, signed, VERSION } from "./cluster-wire.ts";

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** A hello as bytes of its own, which come from `from`. */
function raw(from: string, change: (bytes: Uint8Array, fields: DataView) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const fields = new DataView(bytes.buffer);
  bytes.set(text("QRCL"));
  bytes.set([VERSION, HELLO, 1, OPEN], 4);
  fields.setUint32(12, 1, true);
  bytes.set(idBytes("0200000000000077"), 24);
  bytes.set(text("raw"), 40);
  bytes.fill(0x5e, 72, 80);
  fields.setUint32(80, 1, true);
  bytes.set(parseIpv4(from), 84);
  change(bytes, fields);
  return signed(bytes);
}

export const FOREIGN = "cloud of another port, version or magic";
export const FORGED = "cloud forged, or made with another key";
export const OTHER = "cloud of an open cluster in a keyed one, or the reverse";
export const MALFORMED = "cloud malformed";
/** Of whom comes from where, the count that it raises; null: it is heard. */
export const HEADS: readonly (readonly [
  what: string,
  from: string,
  bytes: Uint8Array,
  count: string | null,
  port?: number,
])[] = [
  ["the first address of the subnet", "10.0.2.1", raw("10.0.2.1"), null],
  ["the last", "10.0.2.254", raw("10.0.2.254"), null],
  ["the next subnet", "10.0.3.9", raw("10.0.3.9"), FOREIGN],
  ["the one before", "10.0.1.9", raw("10.0.1.9"), FOREIGN],
  ["a link-local address", "169.254.7.9", raw("169.254.7.9"), null],
  ["what is next to these", "169.253.7.9", raw("169.253.7.9"), FOREIGN],
  ["another address than it says", "10.0.2.9", raw("10.0.2.8"), FORGED],
  ["nobody's session", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0, 72, 80)), FORGED],
  ["a session whose first half is 0", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0, 72, 76)), null],
  ["a session whose second half is 0", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0, 76, 80)), null],
  ["another key's cluster", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([0], 7)), OTHER],
  ["flags that nobody knows of a hello", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([0xff], 7)), null],
  ["version 5", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([5], 4)), FOREIGN],
  ["version 7", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([7], 4)), FOREIGN],
  ["another magic", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([0x4d], 3)), FOREIGN],
  ["an id whose first half is 0", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0, 24, 28)), null],
  ["an id whose second half is 0", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0, 28, 32)), null],
  ["no id", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0, 24, 32)), MALFORMED],
  ["no age", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0, 12, 16)), MALFORMED],
  ["an age of 4,294,967,295", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(255, 12, 16)), null],
  ["a founder in its second half", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([1], 39)), MALFORMED],
  ["a name of 31", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0x7e, 40, 71)), null],
  ["a name of 32", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.fill(0x7e, 40, 72)), MALFORMED],
  ["a name that cannot be shown", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([0x7f], 40)), MALFORMED],
  ["the first character of a name", "10.0.2.9", raw("10.0.2.9", (bytes) => bytes.set([0x21], 40)), null],
  ["the port below the cluster's", "10.0.2.9", raw("10.0.2.9"), FOREIGN, 20817],
  ["the port above it", "10.0.2.9", raw("10.0.2.9"), FOREIGN, 20819],
  // Whatever else is looked at together with a name: each bit alone.
  ...[0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x80].map(
    (byte) =>
      [`a name that begins with ${byte}`, "10.0.2.9", raw("10.0.2.9", (b) => b.set([byte], 40)), MALFORMED] as const,
  ),
  [
    "a code that is wrong at its end",
    "10.0.2.9",
    raw("10.0.2.9").map((byte, at) => (at === 111 ? byte ^ 1 : byte)),
    FORGED,
  ],
];
