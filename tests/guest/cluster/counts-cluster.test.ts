/** What the cluster counts of strangers' packets, and where its table of members ends. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { Counts } from "../net/packet-wire.ts";
import { cloud, founded, HIGH, isIn, LOW, report, type Scene, SELF, view } from "./agreement-scene.ts";
import { BYE, MEMBER, PROBE, type Said, VIEW } from "./cluster-wire.ts";

const HOLD = 8;
const NOBODY = "0".repeat(16);
/** How many members a table holds besides the node itself. */
const PEERS = 1024;
const BEYOND = 10;
/** And how many fit into a packet of a view. */
const VIEW_ENTRIES = 19;

/** By how much a count rises while `act` runs and a little after. */
async function rise(s: Scene, count: string, act: () => void | Promise<void>): Promise<number> {
  const counts = new Counts(s.node);
  const before = counts.read().get(count)!;
  await act();
  await s.lab.advance("100ms");
  return counts.read().get(count)! - before;
}

const NO_ROOM = "cloud from nodes that the table has no room for";
const UNPROVEN = "cloud of a boot that is not known to be the present one";

const said = (kind: number): Said => ({ kind, state: MEMBER, era: 1, id: HIGH, founder: SELF, echo: NOBODY });

test.each([
  ["a view", said(VIEW)],
  ["a probe", said(PROBE)],
] as const)("%s of a boot that has not proven itself is counted, and changes nothing", async (_what, packet) => {
  const s = await founded();
  expect(await rise(s, UNPROVEN, () => s.wire.say(packet))).toBe(1);
  expect(await cloud(s)).toBe(isIn(1, SELF, 1));
});

test.each([
  ["no address at all", 0],
  ["a part of an address", 5],
  ["more addresses than there can be", 36],
] as const)("a packet that holds %s is malformed", async (_what, bytes) => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("50ms");
  const held = (length: number): Said => ({
    ...report(HIGH, 1, SELF),
    kind: HOLD,
    rest: new Uint8Array(length).fill(1),
  });
  expect(await rise(s, "cloud malformed", () => s.wire.say(held(4)))).toBe(0);
  expect(await rise(s, "cloud malformed", () => s.wire.say(held(bytes)))).toBe(1);
});

test("what the node says itself is counted", async () => {
  const s = await founded();
  expect(await rise(s, "cloud packets sent", () => s.lab.advance("2s"))).toBeGreaterThan(1);
});

/** A coordinator names so many members, which is one of them itself, in as many packets as that takes. */
async function crowd({ lab, wire }: Scene, count: number): Promise<void> {
  const ids = Array.from({ length: count - 1 }, (_, index) => `ff${index.toString(16).padStart(12, "0")}62`);
  for (let from = 0; from < ids.length; from += VIEW_ENTRIES) {
    wire.say({ ...view(LOW, 1, SELF), members: ids.slice(from, from + VIEW_ENTRIES) });
    await lab.advance("8ms");
  }
}

thoroughly("members beyond those that the table holds are counted; the node is a member as before", async () => {
  const s = await founded();
  expect(await rise(s, NO_ROOM, () => crowd(s, PEERS + BEYOND))).toBe(BEYOND);
  expect(await cloud(s)).toBe(isIn(1, SELF, 1));
});

thoroughly("whoever is heard when the table is full takes the place of one that is offline", async () => {
  const s = await founded();
  await crowd(s, PEERS);
  await s.node.waitFor(new RegExp(`^cloud: .* peers ${PEERS}$`, "m"));
  // Nobody reports to the node that coordinates now.
  s.wire.say({ ...view(LOW, 1, SELF), kind: BYE });
  await s.node.waitFor(/^cloud: .* peers 0$/m, { within: "5s" });
  expect(await rise(s, NO_ROOM, () => s.wire.say(report(HIGH, 1, SELF)))).toBe(0);
  await s.node.waitFor(/^cloud: .* peers 1$/m, { within: "1s" });
});

const HEARD: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ["one after the other, each once", [10, 11, 12, 11, 12], [11, 12]],
  ["that overtook others by up to 31", [10, 41, 11, 10, 40, 40], [10, 40]],
  ["that overtook others by more", [40, 72, 41, 40, 73, 41, 42], [40, 41]],
  ["far behind those before, whatever was heard of them", [9, 10, 100, 99, 98, 69, 68, 99], [68, 99]],
  ["with gaps that are filled later", [10, 13, 12, 11, 11, 12, 13, 10], [11, 12, 13, 10]],
];

test.each(rowsOf(HEARD, 2))("packets %s are new, and others heard before", async (_what, sequences, refused) => {
  const s = await founded();
  s.wire.say({ ...report(HIGH, 1, SELF), sequence: 1 });
  await s.lab.advance("50ms");
  const found: number[] = [];
  for (const sequence of sequences)
    if ((await rise(s, "cloud heard before", () => s.wire.say({ ...report(HIGH, 1, SELF), sequence }))) > 0)
      found.push(sequence);
  expect(found).toEqual(refused);
});
