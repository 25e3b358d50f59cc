/**
 * A member on the wire of whose cluster another coordinates, and views as that one says them
 * (docs/protocols/cluster.md).
 */
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import { PROMPT } from "../system/images.ts";
import { idBytes, LOWEST, type Scene, SELF, says, scene, view } from "./agreement-scene.ts";
import { ENTRY_BYTES, HELLO, REPORT, type Said, VIEW_BYTES } from "./cluster-wire.ts";

export const ERA = 5;
export const [JOINING, MEMBER, OFFLINE, LEFT, NAMED] = [1, 2, 3, 4, 5];
const DIGESTED = 64;
/** Of an entry: what its digest takes for 0, but for two flags. */
const FLAGS_AT = 16;
const DIGESTED_FLAGS = 0x81;

export interface Entry {
  readonly id: string;
  readonly state?: number;
  readonly age?: number;
  readonly revision?: number;
  readonly flags?: number;
  readonly address?: string;
  readonly name?: string;
  readonly session?: string;
  readonly sequence?: number;
}

export function entryBytes({
  id,
  state = MEMBER,
  age = 1,
  revision = 1,
  flags = 0,
  name = "another",
  ...rest
}: Entry): Uint8Array {
  const { address = `10.0.2.${Number.parseInt(id.slice(-2), 16)}`, session = id, sequence = 0 } = rest;
  const bytes = new Uint8Array(ENTRY_BYTES);
  const fields = new DataView(bytes.buffer);
  bytes.set(idBytes(id));
  fields.setUint32(8, age, true);
  fields.setUint32(12, revision, true);
  bytes[FLAGS_AT] = flags;
  bytes[FLAGS_AT + 1] = state;
  bytes.set(parseIpv4(address), 20);
  bytes.set(new TextEncoder().encode(name), 24);
  bytes.set(idBytes(session), 56);
  fields.setUint32(64, sequence, true);
  return bytes;
}

export function digestOf(entry: Uint8Array): number {
  const bytes = entry.slice(0, DIGESTED);
  bytes.set([bytes[FLAGS_AT]! & DIGESTED_FLAGS, 0, 0, 0], FLAGS_AT);
  return new Uint32Array(bytes.buffer).reduce((h, word) => {
    const product = Math.imul(h ^ word, 0x01000193);
    return ((product << 7) | (product >>> 25)) >>> 0;
  }, 0x811c9dc5);
}

/** A node that has joined LOWEST's cluster, and the entries of both. */
export async function member(): Promise<{ s: Scene; self: Entry; coordinator: Entry }> {
  const s = await scene();
  const { session } = await says(s, HELLO);
  s.wire.say(view(LOWEST, ERA));
  await says(s, REPORT);
  await s.node.waitFor(PROMPT);
  const self = { id: SELF, revision: 1000, flags: 1, address: "10.0.2.15", name: "qure-1", session };
  return { s, self, coordinator: { id: LOWEST, name: "stranger" } };
}

export interface Words {
  /** All members, the coordinator among them. */
  readonly all: readonly Entry[];
  /** What the packet holds of them. */
  readonly entries?: readonly Entry[];
  readonly from?: string;
  readonly to?: string;
  readonly digest?: number;
  /** What is otherwise in the packet. */
  readonly more?: Partial<Said>;
}

export const NOBODY = "0".repeat(16);

/** The coordinator's view, with its members' number and digest. */
export function tell(s: Scene, { all, entries = [], from = NOBODY, to = NOBODY, ...rest }: Words): void {
  const { more, digest = all.reduce((sum, entry) => (sum + digestOf(entryBytes(entry))) >>> 0, 0) } = rest;
  const bytes = new Uint8Array(VIEW_BYTES - 128 + entries.length * ENTRY_BYTES);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, all.length, true);
  fields.setUint32(4, digest, true);
  bytes.set(idBytes(from), 8);
  bytes.set(idBytes(to), 16);
  entries.forEach((entry, index) => bytes.set(entryBytes(entry), VIEW_BYTES - 128 + index * ENTRY_BYTES));
  s.wire.say({ ...view(LOWEST, ERA), rest: bytes, ...more });
}

/** Names and states that `cloud` shows of others. */
export async function shown(s: Scene): Promise<string[]> {
  const from = s.node.console.text.length;
  await s.node.enter("cloud", /^NODE[\s\S]*> $/m);
  return [...s.node.console.text.slice(from).matchAll(/^\S+ +\S+ +([0-9a-f]{16}) +\d+ +\d+ +\d+ (\w+)/gm)]
    .map(([, id, state]) => `${id} ${state}`)
    .filter((row) => !row.startsWith(SELF));
}
