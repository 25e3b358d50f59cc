/** Who votes on the cluster's values (docs/protocols/cluster-values.md), as a stranger on the wire sees it. */
import { expect, test } from "vitest";
import { founded, HIGH, idBytes, LOW, report, type Scene, SELF, says, scene } from "./agreement-scene.ts";
import { HELLO, type Heard, MEMBER, type Said, VIEW } from "./cluster-wire.ts";

const PREPARE = 17;
const PROMISE = 19;
const BALLOT_AT = 132;
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
