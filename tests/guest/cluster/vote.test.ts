/** Who votes on the cluster's values (docs/protocols/cluster-values.md), as a stranger on the wire sees it. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import {
  founded,
  HIGH,
  idBytes,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
} from "./agreement-scene.ts";
import { HELLO, type Heard, MEMBER, regionDigest, type Said, VIEW } from "./cluster-wire.ts";
import { member, tell } from "./view-scene.ts";

const PREPARE = 17;
const OFFER = 18;
const PROMISE = 19;
const VOTED = 20;
const BALLOT_AT = 132;
const DIGEST_AT = 116;
const REGION_AT = 156;
/** Ids of those who agree, in a region. */
const MOST_VOTERS = 16;
const DISKLESS = 1;
const ERA = 5;

/** Asks who will vote for values 1. */
function prepare(id: string, flags: number): Said {
  const rest = new Uint8Array(16);
  rest[0] = 1;
  rest[4] = 1;
  rest.set(idBytes(id), 8);
  return { kind: PREPARE, state: MEMBER, era: ERA, id, founder: LOW, flags, rest };
}

/** A member without a disk that a report has led into a cluster: it knows no coordinator. */
async function joined(flags: number): Promise<Scene> {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...report(HIGH, ERA, LOW), flags });
  await s.lab.advance("50ms");
  return s;
}

test("a node without a disk does not vote before it knows who the members are", async () => {
  const s = await joined(DISKLESS);
  s.wire.say(prepare(HIGH, DISKLESS));
  await s.lab.advance("300ms");
  expect(s.wire.of(PROMISE)).toEqual([]);
  // It coordinates itself, and hears of nobody who has a disk.
  expect((await says(s, VIEW)).id).toBe(SELF);
  s.wire.say({ ...report(HIGH, ERA, LOW), flags: DISKLESS });
  s.wire.say(prepare(HIGH, DISKLESS));
  await says(s, PROMISE);
});

thoroughly("nor does it when it has known that of another cluster", async () => {
  const { s, self, coordinator } = await member();
  tell(s, { all: [self, { ...coordinator, flags: DISKLESS }], more: { flags: DISKLESS } });
  await s.lab.advance("50ms");
  const fromMs = nowMs(s);
  await s.node.enter("cloud key forget", PROMPT);
  await s.lab.until(() => s.wire.of(HELLO, fromMs)[0], "it does not come again");
  s.wire.say({ ...report(HIGH, ERA, LOW), flags: DISKLESS });
  await s.lab.advance("50ms");
  s.wire.say(prepare(HIGH, DISKLESS));
  await s.lab.advance("200ms");
  expect(s.wire.of(PROMISE)).toEqual([]);
  await s.lab.until(() => s.wire.of(VIEW, fromMs)[0], "it does not coordinate");
  s.wire.say({ ...report(HIGH, ERA, LOW), flags: DISKLESS });
  s.wire.say(prepare(HIGH, DISKLESS));
  await says(s, PROMISE);
});

test("whoever asks with the packet by which it shows another history, as the coordinator, is answered", async () => {
  const { s, self, coordinator } = await member();
  const more = { flags: DISKLESS };
  tell(s, { all: [self, { ...coordinator, ...more }], more });
  await s.lab.advance("50ms");
  const fromMs = nowMs(s);
  s.wire.say({ ...prepare(LOWEST, DISKLESS), founder: LOWEST, history: { number: 1, digest: 7 } });
  await s.lab.advance("30ms");
  const [promise] = s.wire.of(PROMISE, fromMs);
  expect(promise).toMatchObject({ to: "10.0.2.98" });
  expect(Buffer.from(promise!.data.subarray(88, 92)).toString("hex")).toBe(LOWEST.slice(0, 8));
});

test("a node without a disk does not vote where another member has one", async () => {
  const s = await joined(0);
  await says(s, VIEW);
  s.wire.say(report(HIGH, ERA, LOW));
  s.wire.say(prepare(HIGH, 0));
  await s.lab.advance("300ms");
  expect(s.wire.of(PROMISE)).toEqual([]);
});

test("whoever hears that another has asked with a higher number asks again with one above that", async () => {
  const s = await founded();
  s.wire.say({ ...report(LOW, 1, SELF), flags: DISKLESS });
  await s.lab.advance("50ms");
  s.node.type("cloud set colour blue\r");
  const asked = await says(s, PREPARE);
  const count = (heard: Heard): number => new DataView(heard.data.buffer).getUint32(BALLOT_AT, true);
  const rest = new Uint8Array(28);
  rest.set(asked.data.subarray(128, BALLOT_AT));
  rest[4] = count(asked) + 7;
  rest.set(idBytes(LOW), 8);
  s.wire.say({ ...report(LOW, 1, SELF), kind: PROMISE, flags: DISKLESS, rest });
  const again = await s.lab.until(
    () => s.wire.of(PREPARE).find((heard) => count(heard) !== count(asked)),
    "it does not ask again with another number",
  );
  expect(count(again)).toBe(count(asked) + 8);
});

test("of more members the sixteen with the lowest ids agree, and a majority of them is enough", async () => {
  const s = await founded();
  const ids = Array.from({ length: 20 }, (_, index) => `525400fffe0000${(0x70 + index).toString(16)}`);
  const live = async (): Promise<void> => {
    for (const id of ids) s.wire.say(report(id, 1, SELF));
    await s.lab.advance("50ms");
  };
  await live();
  await live();
  s.node.type("cloud set colour blue\r");
  const asked = await says(s, PREPARE);
  const ballot = asked.data.subarray(128, 144);
  const answer = (kind: number, id: string): void => {
    const rest = new Uint8Array(kind === PROMISE ? 28 : 16);
    rest.set(ballot);
    s.wire.say({ ...report(id, 1, SELF), kind, rest });
  };
  // Half of them are enough only with the first.
  for (const id of ids.slice(1, 9)) answer(PROMISE, id);
  await live();
  expect(s.wire.of(OFFER)).toEqual([]);
  // Nobody asked the last four.
  for (const id of ids.slice(16)) answer(PROMISE, id);
  await live();
  expect(s.wire.of(OFFER)).toEqual([]);
  answer(PROMISE, ids[0]!);
  const { data } = await says(s, OFFER);
  const region = data.subarray(REGION_AT);
  const voters = Array.from({ length: MOST_VOTERS }, (_, index) =>
    Buffer.from(region.subarray(4 + index * 8, 12 + index * 8)).toString("hex"),
  );
  expect(new DataView(region.slice().buffer).getUint32(0, true)).toBe(MOST_VOTERS);
  expect(voters).toEqual(ids.slice(0, MOST_VOTERS));
  expect(Buffer.from(region.subarray(4 + MOST_VOTERS * 8)).toString("latin1")).toMatch(/^colour\0blue\0{1,4}$/);
  for (const id of ids.slice(0, 8)) answer(VOTED, id);
  await s.node.waitFor(/^colour is set\.$/m, { within: "300ms" });
  await live();
  const counted = s.wire.heard.at(-1)!.data;
  expect(new DataView(counted.buffer, counted.byteOffset).getInt32(DIGEST_AT, true)).toBe(regionDigest(region));
});
