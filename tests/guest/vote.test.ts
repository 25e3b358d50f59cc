/** Who votes on the cluster's values (docs/protocols/cluster-values.md), as a stranger on the wire sees it. */
import { expect, test } from "vitest";
import { HIGH, idBytes, LOW, report, type Scene, SELF, says, scene } from "./agreement-scene.ts";
import { HELLO, MEMBER, type Said, VIEW } from "./cluster-wire.ts";

const PREPARE = 17;
const PROMISE = 19;
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
