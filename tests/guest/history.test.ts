/**
 * What a coordinator writes into the cluster's history (docs/protocols/cluster-history.md), as strangers on the wire
 * see it.
 */
import { expect, test } from "vitest";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { addressOf, HIGH, idBytes, LOWEST, report, says, scene, view } from "./agreement-scene.ts";
import { BYE, EVENTS, HEADER_BYTES, HELLO, HISTORY, REPORT, VIEW } from "./cluster-wire.ts";

const ERA = 5;
const DIED = 5;
const EVENT_BYTES = 72;
const BUCKETS = 64;

/** HIGH has died, HIGH itself says. */
function died(number: number): Uint8Array {
  const bytes = new Uint8Array(EVENT_BYTES);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, ERA, true);
  fields.setUint32(4, number, true);
  bytes.set(idBytes(HIGH), 8);
  bytes.set(idBytes(HIGH), 16);
  bytes[24] = DIED;
  return bytes;
}

test("a coordinator that others contradict says again what it sees once a second, not at once", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
  await says(s, REPORT);
  s.wire.say({ ...report(LOWEST, ERA), kind: BYE });
  await says(s, VIEW);
  s.wire.say(report(HIGH, ERA, LOWEST));
  await says(s, EVENTS);
  let contradicted = 0;
  for (let ms = 0; ms < 1500; ms += 10) {
    const said = s.wire.of(EVENTS).length;
    if (said > contradicted) s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: EVENTS, rest: died(100 + said) });
    contradicted = said;
    await s.lab.advance("10ms");
  }
  expect(contradicted).toBeGreaterThan(1);
  expect(contradicted).toBeLessThan(4);
});

test("an event that comes late stands before those that came first, and leaves them as they are", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
  await says(s, REPORT);
  await s.node.waitFor(PROMPT);
  for (const number of [103, 101, 102]) {
    s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: EVENTS, rest: died(number) });
    await s.lab.advance("50ms");
  }
  const told = await outputAmong(s.node, "cloud events");
  expect([...told.matchAll(/(\d+\.\d+) .*died/g)].map(([, number]) => number)).toEqual(["5.101", "5.102", "5.103"]);
});

test("what a node of an earlier era tells is no part of the history", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
  await says(s, REPORT);
  await s.node.waitFor(PROMPT);
  const told = async (era: number): Promise<number> => {
    s.wire.say({ ...report(HIGH, era, LOWEST), kind: EVENTS, rest: died(100) });
    await s.lab.advance("50ms");
    return (await outputAmong(s.node, "cloud events")).split("\n").filter((row) => row.includes("died")).length;
  };
  expect(await told(ERA - 1)).toBe(0);
  expect(await told(ERA)).toBe(1);
});

test("who asks is told the events of buckets that differ, and of no others, however often it asks", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
  await says(s, REPORT);
  for (const number of [101, 102, 103]) s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: EVENTS, rest: died(number) });
  /** Lets 600 ms pass, in which the others live: so long after an answer the whole group is answered again. */
  const live = async (): Promise<void> => {
    for (let ms = 0; ms < 600; ms += 100) {
      for (const id of [HIGH, LOWEST]) s.wire.say(report(id, ERA, LOWEST));
      await s.lab.advance("100ms");
    }
  };
  await live();
  /** Numbers of the events that the node tells who has these sums. */
  const told = async (sums: Uint32Array): Promise<number[]> => {
    const before = s.wire.of(EVENTS).length;
    s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: HISTORY, rest: new Uint8Array(sums.buffer) });
    await live();
    return s.wire
      .of(EVENTS)
      .slice(before)
      .flatMap(({ data }) =>
        Array.from(
          { length: (data.length - HEADER_BYTES) / EVENT_BYTES },
          (_, at) => data[HEADER_BYTES + at * EVENT_BYTES + 4]!,
        ),
      );
  };
  expect(await told(new Uint32Array(BUCKETS))).toEqual([103, 102, 101]);
  const same = new Uint32Array(BUCKETS);
  s.node.machine.memory.dma.read(addressOf("buckets"), new Uint8Array(same.buffer));
  expect(await told(same)).toEqual([]);
  const last = same.findLastIndex((sum) => sum !== 0);
  const other = same.with(last, 0);
  const lacking = await told(other);
  expect(lacking.length).toBeGreaterThan(0);
  expect(lacking.length).toBeLessThan(3);
  expect(await told(other)).toEqual(lacking);
});
