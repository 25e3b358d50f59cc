/**
 * What becomes of a node while its object cluster_node is being written, by a disk that is slow
 * (docs/protocols/cluster.md, rule 5 and "An older disk"): nothing that is written for another reason changes what it
 * is.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, idBytes, LOW, LOWEST, nowMs, report, type Scene, SELF, says, view } from "./agreement-scene.ts";
import {
  ENTRY_BYTES,
  HEADER_BYTES,
  HELLO,
  JOINING,
  MEMBER,
  REPORT,
  type Said,
  VIEW,
  VIEW_BYTES,
} from "./cluster-wire.ts";
import { EVENT_BYTES, LEFT } from "./history-wire.ts";
import { nodeObject, objectOf, remembering } from "./remembering-scene.ts";

/** An access to the disk takes 100 us at a factor of 1. */
const SLOW = 600;
const OLDER = (age: number): string =>
  `cluster: this disk is an older copy: the cluster knows later boots, and this node goes on at age ${age}\n`;

const kept = (s: Scene): DataView => new DataView(objectOf(s, "cluster_node")!.slice().buffer);
const [AGE_AT, NAME_AT, COMPANY_AT] = [20, 36, 172] as const;
const nameOf = (s: Scene): string => Buffer.from(kept(s).buffer, NAME_AT, 6).toString("latin1");

test("a member that comes while a name is written stays in the view, and is noted behind that", async () => {
  const s = await remembering({});
  await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  await s.lab.advance("600ms");
  s.node.slowDisk(SLOW);
  s.node.type("hostname other\n");
  await s.lab.advance("420ms");
  expect(nameOf(s)).not.toBe("other\0");
  for (let ms = 0; ms < 3000 && nameOf(s) !== "other\0"; ms += 100) {
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("100ms");
  }
  expect(kept(s).getUint32(COMPANY_AT, true)).toBe(0);
  s.node.slowDisk(1);
  for (let time = 0; time < 3; time++) {
    await s.lab.advance("200ms");
    s.wire.say(report(HIGH, 1, SELF));
  }
  expect(kept(s).getUint32(COMPANY_AT, true)).toBe(1);
  const members = s.wire.of(VIEW).map((heard) => heard.members);
  expect(members.slice(members.indexOf(2)).every((count) => count === 2)).toBe(true);
  expect(members.indexOf(2)).toBeGreaterThan(0);
});

/** LOWEST coordinates, and names the node as a stranger of this age. */
function names(s: Scene, age: number): Said {
  const rest = new Uint8Array(VIEW_BYTES - HEADER_BYTES + ENTRY_BYTES);
  rest[0] = 2;
  const entry = rest.subarray(VIEW_BYTES - HEADER_BYTES);
  entry.set(idBytes(SELF));
  entry[8] = age;
  entry[17] = 5;
  entry.set([10, 0, 2, 15], 20);
  entry.set(idBytes(s.wire.heard.at(-1)!.session), 56);
  return { ...view(LOWEST, 5, LOW), rest };
}

thoroughly("an age that is being written is not said again; a higher one is, and comes to the disk", async () => {
  const s = await remembering({ cluster_node: nodeObject({ era: 5, age: 3, eraAge: 2, founder: LOW }) });
  await says(s, HELLO);
  s.node.slowDisk(SLOW);
  const hears = async (age: number): Promise<void> => {
    s.wire.say(names(s, age));
    await s.lab.advance("15ms");
  };
  await hears(9);
  const said = (age: number): number => s.node.console.text.split(OLDER(age)).length - 1;
  expect(said(10)).toBe(1);
  for (const age of [9, 8, 4]) await hears(age);
  expect([said(10), said(9), said(5)]).toEqual([1, 0, 0]);
  await hears(10);
  await hears(10);
  expect([said(10), said(11)]).toEqual([1, 1]);
  expect(kept(s).getUint32(AGE_AT, true)).toBe(4);
  s.node.slowDisk(1);
  await s.lab.advance("900ms");
  expect(kept(s).getUint32(AGE_AT, true)).toBe(11);
});

thoroughly("an era that was written is known, though who led the node there is another by then", async () => {
  const s = await remembering({ cluster_node: nodeObject({ era: 3, age: 8, eraAge: 5, founder: LOW }) });
  await says(s, HELLO);
  s.node.slowDisk(SLOW);
  s.wire.say(view(LOW, 5, HIGH));
  const hellos = s.wire.of(HELLO).length;
  await s.lab.until(() => s.wire.of(HELLO).length > hellos, "it says no more hello", { within: "300ms" });
  // In its next boot LOW is a member too, and says no more.
  s.wire.say({ ...report(LOW, 5, HIGH), session: LOWEST });
  await s.lab.advance("10ms");
  s.node.slowDisk(1);
  await s.lab.until(() => kept(s).getUint32(16, true) === 5, "it is not written", { within: "2s" });
  const fromMs = nowMs(s) + 100;
  const hello = await s.lab.until(() => s.wire.of(HELLO, fromMs)[0], "it says no hello", { within: "600ms" });
  // It goes on to join, and follows nobody: what LOW had said in that boot is not taken in.
  expect(hello).toMatchObject({ era: 5, state: JOINING });
  expect(s.wire.of(REPORT)).toEqual([]);
});

thoroughly("who is stopped has all on its disk when the prompt comes, however slow that is", async () => {
  const s = await remembering({});
  await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  await s.lab.advance("1500ms");
  s.node.slowDisk(200);
  await outputAmong(s.node, "hostname late; set cloud.reboot yes; cloud stop");
  expect(Buffer.from(kept(s).buffer, NAME_AT, 5).toString("latin1")).toBe("late\0");
  expect(Buffer.from(kept(s).buffer, 68, 4).toString("latin1")).toBe("yes\0");
  const history = objectOf(s, "cluster_history")!;
  expect(history.at(16 - EVENT_BYTES + (history.length - 16) + 24)).toBe(LEFT);
});

thoroughly("a member that goes to another cluster by itself vouches for nobody of its old one", async () => {
  const s = await remembering({ cluster_node: nodeObject({ era: 3, age: 8, eraAge: 5, founder: LOW }) });
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, 3, LOW), members: [HIGH] });
  await says(s, REPORT);
  await s.lab.advance("300ms");
  s.node.slowDisk(SLOW);
  s.wire.say(view(LOW, 5, HIGH));
  const reports = s.wire.of(REPORT).length;
  await s.lab.until(() => s.wire.of(REPORT).length > reports, "it reports no more", { within: "900ms" });
  s.wire.say({ ...report(LOW, 5, HIGH), session: "7777777777777777" });
  await s.lab.advance("10ms");
  s.node.slowDisk(1);
  await s.lab.until(() => kept(s).getUint32(16, true) === 5, "it is not written", { within: "2s" });
  const first = await s.lab.until(() => s.wire.of(VIEW)[0], "it does not coordinate", { within: "3s" });
  expect(first).toMatchObject({ era: 5, founder: HIGH, members: 1 });
});
