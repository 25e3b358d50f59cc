/** Packets as values, for what looks at them without a cluster. */
import { BYE, HELLO, MEMBER, REPORT, VIEW } from "../../src/wire/cluster-layout.ts";
import { type Entry, entryDigest, type Head, type Packet } from "../../src/wire/cluster-packet.ts";

export type View = Packet & { readonly kind: typeof VIEW };

export const NOBODY = "0".repeat(16);
/** Ids in their order, and the sessions that go with them. */
export const [A, B, C, D] = ["a", "b", "c", "d"].map((digit) => digit.repeat(16)) as [string, string, string, string];
export const sessionOf = (id: string, boot = 1): string => `${id.slice(0, 7)}${boot}${id.slice(8)}`;

export const head = (id: string, more: Partial<Head> = {}): Head => ({
  state: MEMBER,
  flags: 0,
  era: 1,
  age: 1,
  revision: 1,
  request: 0,
  id,
  founder: A,
  name: `node-${id[0]}`,
  session: sessionOf(id),
  sequence: 1,
  address: `10.0.2.${Number.parseInt(id[0]!, 16)}`,
  echo: "00000000",
  echoNumber: 0,
  code: new Uint8Array(16),
  valuesNumber: 0,
  valuesDigest: 0,
  eventsNumber: 0,
  eventsDigest: 0,
  ...more,
});

export function entry(id: string, more: Partial<Entry> = {}): Entry {
  const { age, revision, address, name, session, sequence, flags } = head(id);
  const own = { id, age, revision, flags, state: MEMBER, upgrade: 0, downloads: 0, address, name, session, sequence };
  return { ...own, ...more };
}

/** A coordinator's view that names `told`, and counts `all` besides itself. */
export function view(
  of: Head,
  told: readonly Entry[],
  all: readonly Entry[],
  range: readonly [from: string, to: string] = [NOBODY, NOBODY],
): View {
  const { id, age, revision, address, name, session, sequence, flags } = of;
  const own = { id, age, revision, flags, state: MEMBER, upgrade: 0, downloads: 0, address, name, session, sequence };
  const digest = [own, ...all].reduce((sum, one) => (sum + entryDigest(one)) >>> 0, 0);
  const [from, to] = range;
  return { kind: VIEW, head: of, fields: { members: 1 + all.length, digest, from, to }, tail: told };
}

const plain =
  (kind: typeof HELLO | typeof REPORT | typeof BYE) =>
  (of: Head): Packet => ({ kind, head: of, fields: {}, tail: null });
export const hello = plain(HELLO);
export const report = plain(REPORT);
export const bye = plain(BYE);
