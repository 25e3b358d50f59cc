/**
 * What a member makes of its coordinator's views (docs/protocols/cluster.md, "Packet" and rule 8): it knows by a digest
 * whether its own view is the coordinator's, asks for the whole one where it is not, and takes over what that says.
 */
import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import { PROMPT } from "../system/images.ts";
import {
  HIGH,
  HIGHEST,
  idBytes,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  TICK_MS,
  view,
} from "./agreement-scene.ts";
import { ASK, ENTRY_BYTES, HELLO, REPORT, VIEW_BYTES } from "./cluster-wire.ts";

const ERA = 5;
const [JOINING, MEMBER, OFFLINE, LEFT] = [1, 2, 3, 4];
const DIGESTED = 64;
/** Of an entry: what its digest takes for 0, but for two flags. */
const FLAGS_AT = 16;
const DIGESTED_FLAGS = 0x81;

interface Entry {
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

function entryBytes({
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

function digestOf(entry: Uint8Array): number {
  const bytes = entry.slice(0, DIGESTED);
  bytes.set([bytes[FLAGS_AT]! & DIGESTED_FLAGS, 0, 0, 0], FLAGS_AT);
  return new Uint32Array(bytes.buffer).reduce((h, word) => {
    const product = Math.imul(h ^ word, 0x01000193);
    return ((product << 7) | (product >>> 25)) >>> 0;
  }, 0x811c9dc5);
}

/** A node that has joined LOWEST's cluster, and the entries of both. */
async function member(): Promise<{ s: Scene; self: Entry; coordinator: Entry }> {
  const s = await scene();
  const { session } = await says(s, HELLO);
  s.wire.say(view(LOWEST, ERA));
  await says(s, REPORT);
  await s.node.waitFor(PROMPT);
  const self = { id: SELF, revision: 1000, flags: 1, address: "10.0.2.15", name: "qure-1", session };
  return { s, self, coordinator: { id: LOWEST, name: "stranger" } };
}

interface Words {
  /** All members, the coordinator among them. */
  readonly all: readonly Entry[];
  /** What the packet holds of them. */
  readonly entries?: readonly Entry[];
  readonly from?: string;
  readonly to?: string;
  readonly digest?: number;
}

const NOBODY = "0".repeat(16);

/** The coordinator's view, with its members' number and digest. */
function tell(s: Scene, { all, entries = [], from = NOBODY, to = NOBODY, ...rest }: Words): void {
  const { digest = all.reduce((sum, entry) => (sum + digestOf(entryBytes(entry))) >>> 0, 0) } = rest;
  const bytes = new Uint8Array(VIEW_BYTES - 128 + entries.length * ENTRY_BYTES);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, all.length, true);
  fields.setUint32(4, digest, true);
  bytes.set(idBytes(from), 8);
  bytes.set(idBytes(to), 16);
  entries.forEach((entry, index) => bytes.set(entryBytes(entry), VIEW_BYTES - 128 + index * ENTRY_BYTES));
  s.wire.say({ ...view(LOWEST, ERA), rest: bytes });
}

/** Names and states that `cloud` shows of others. */
async function shown(s: Scene): Promise<string[]> {
  const from = s.node.console.text.length;
  await s.node.enter("cloud", /^NODE[\s\S]*> $/m);
  return [...s.node.console.text.slice(from).matchAll(/^\S+ +\S+ +([0-9a-f]{16}) +\d+ +\d+ +\d+ (\w+)/gm)]
    .map(([, id, state]) => `${id} ${state}`)
    .filter((row) => !row.startsWith(SELF));
}

const asks = (s: Scene, fromMs: number): number[] =>
  s.wire.of(REPORT, fromMs).flatMap(({ flags, atMs, to }) => ((flags & ASK) !== 0 && to === "10.0.2.98" ? [atMs] : []));

describe("a member whose view is the coordinator's", () => {
  test("asks for nothing, as long as number and digest are its own", async () => {
    const { s, self, coordinator } = await member();
    const other = { id: LOW, age: 7, flags: 1, name: "stranger" };
    tell(s, { all: [self, coordinator, other], entries: [other] });
    await s.lab.advance("50ms");
    const fromMs = nowMs(s);
    for (let time = 0; time < 10; time++) {
      tell(s, { all: [self, coordinator, other] });
      s.wire.say({ ...report(LOW, ERA, LOWEST), age: 7, flags: 1 });
      await s.lab.advance("200ms");
    }
    expect(asks(s, fromMs)).toEqual([]);
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`]);
  });

  test.each<[string, (all: readonly Entry[]) => Partial<Words>]>([
    ["digest", () => ({ digest: 5 })],
    [
      "number of members",
      (all) => ({
        all: [...all, { id: HIGH }],
        digest: all.reduce((sum, one) => (sum + digestOf(entryBytes(one))) >>> 0, 0),
      }),
    ],
  ])("asks for all of it when the %s is another one for 250 to 350 ms, and not before", async (_what, other) => {
    const { s, self, coordinator } = await member();
    const all = [self, coordinator];
    for (let time = 0; time < 8; time++) {
      tell(s, { all });
      await s.lab.advance("200ms");
    }
    const fromMs = nowMs(s);
    for (let ms = 0; ms < 800; ms += 50) {
      if (ms % 100 === 0) tell(s, { all, ...other(all) });
      await s.lab.advance("50ms");
    }
    expect(asks(s, fromMs)[0]! - fromMs).toBeGreaterThanOrEqual(250 - TICK_MS);
    expect(asks(s, fromMs)[0]! - fromMs).toBeLessThan(350 + 4 * TICK_MS);
  });
});

describe("entries of a view", () => {
  test("say who is a member, has restarted, is offline or has left", async () => {
    const { s, self, coordinator } = await member();
    const all = [self, coordinator, { id: LOW }];
    tell(s, { all, entries: [{ id: LOW }, { id: HIGH, state: OFFLINE }, { id: HIGHEST, state: LEFT }] });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`, `${HIGH} offline`, `${HIGHEST} left`]);
    tell(s, { all: [self, coordinator], entries: [{ id: LOW, state: JOINING, session: HIGH, age: 2 }] });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} joining`, `${HIGH} offline`, `${HIGHEST} left`]);
  });

  test("of a range leave out who is not alive, within it and nowhere else", async () => {
    const { s, self, coordinator } = await member();
    const others = [LOW, HIGH, HIGHEST].map((id) => ({ id }));
    tell(s, { all: [self, coordinator, ...others], entries: others });
    await s.lab.advance("20ms");
    expect((await shown(s)).filter((row) => row.endsWith("member"))).toHaveLength(4);
    // Above LOW and up to HIGH lives nobody but this node.
    tell(s, { all: [self, coordinator, { id: LOW }, { id: HIGHEST }], from: LOW, to: HIGH, entries: [self] });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`, `${HIGH} offline`, `${HIGHEST} member`]);
    // Above HIGH, up to the last.
    tell(s, { all: [self, coordinator, { id: LOW }], from: HIGH, to: "f".repeat(16) });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`, `${HIGH} offline`, `${HIGHEST} offline`]);
  });
});
