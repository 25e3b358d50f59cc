/** Another machine with the node's id (docs/protocols/cluster.md, "Twins"), as it is on the wire. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { Counts } from "../net/packet-wire.ts";
import { founded, LOWEST, nowMs, report, type Scene, SELF, says, scene, view } from "./agreement-scene.ts";
import { BYE, ENTRY_BYTES, HELLO, JOINING, type Said, VIEW, VIEW_BYTES } from "./cluster-wire.ts";
import { ERA, MEMBER, member, NAMED, tell } from "./view-scene.ts";

const NOBODY = "0".repeat(16);
/** Sessions below and above any that is drawn, but for one of 2^32. */
const [BELOW, ABOVE] = ["0000000100000000", "ffffffff00000000"];
const SILENT =
  /^cluster: another machine, at 10\.0\.2\.77, has this node's id; this node is silent until `cloud start`$/gm;
const WARNED = /^cluster: another machine, at 10\.0\.2\.77, has this node's id; it is to fall silent$/gm;

const said = ({ node }: Scene, line: RegExp): number => node.console.text.match(line)?.length ?? 0;
const twin = (session: string, more: Partial<Said> = {}): Said => ({
  ...report(SELF, 1, SELF),
  last: 77,
  session,
  ...more,
});

/** What the node makes of a packet with its own id: how many such it counts. */
async function hears(s: Scene, packet: Said): Promise<number> {
  const counts = new Counts(s.node);
  const before = counts.read().get("cloud with this node's own id")!;
  s.wire.say(packet);
  await s.lab.advance("200ms");
  return counts.read().get("cloud with this node's own id")! - before;
}

test("of two sessions with one id the higher one falls silent, once the other has shown that it speaks now", async () => {
  const s = await founded();
  expect(await hears(s, twin(BELOW, { echo: NOBODY }))).toBe(1);
  expect(said(s, SILENT)).toBe(0);
  // It is named, so that it can show it.
  const named = s.wire.of(VIEW).at(-1)!.data;
  expect(named[VIEW_BYTES + 17]).toBe(NAMED);
  expect(Buffer.from(named.subarray(VIEW_BYTES + 56, VIEW_BYTES + ENTRY_BYTES - 4)).toString("hex")).toBe(BELOW);
  const fromMs = nowMs(s);
  expect(await hears(s, twin(BELOW))).toBe(1);
  expect(said(s, SILENT)).toBe(1);
  // The other is told, so that it is sure too; and then nothing is.
  expect(s.wire.of(HELLO, fromMs).map(({ to }) => to)).toEqual(["239.255.81.82"]);
  const toldMs = s.wire.of(HELLO, fromMs)[0]!.atMs;
  await hears(s, twin(BELOW));
  await s.lab.advance("1s");
  expect(s.wire.heard.filter(({ atMs }) => atMs > toldMs)).toEqual([]);
  expect(said(s, SILENT)).toBe(1);
  await s.node.waitFor(PROMPT);
  expect(await outputAmong(s.node, "cloud")).toMatch(/^because another machine, at 10\.0\.2\.77, has its id/m);
  expect(s.wire.of(BYE)).toEqual([]);
  // Once it was started again nobody has its id, until somebody is heard.
  await s.node.enter("cloud start", PROMPT);
  await s.node.enter("cloud stop", PROMPT);
  const stopped = await outputAmong(s.node, "cloud");
  expect(stopped).toContain("stopped: this node is silent (cloud start)\n");
  expect(stopped).not.toContain("because another machine");
});

thoroughly("the lower one says that the other is to fall silent, once, and goes on", async () => {
  const s = await founded();
  expect(await hears(s, twin(ABOVE, { echo: NOBODY }))).toBe(1);
  expect(said(s, WARNED)).toBe(0);
  for (let time = 0; time < 2; time++) expect(await hears(s, twin(ABOVE))).toBe(1);
  expect(said(s, WARNED)).toBe(1);
  expect(said(s, SILENT)).toBe(0);
  const views = s.wire.of(VIEW).length;
  await s.lab.advance("1s");
  expect(s.wire.of(VIEW).length).toBeGreaterThan(views);
  // Once more when it was stopped and started.
  await s.node.waitFor(PROMPT);
  await s.node.enter("cloud stop", PROMPT);
  await s.node.enter("cloud start", PROMPT);
  await s.lab.advance("1500ms");
  await hears(s, twin(ABOVE));
  expect(said(s, WARNED)).toBe(2);
});

thoroughly("a node's own words that come back say nothing, but are counted", async () => {
  const s = await founded();
  const { session } = s.wire.heard[0]!;
  const views = s.wire.of(VIEW).length;
  expect(await hears(s, twin(session))).toBe(1);
  expect(said(s, SILENT) + said(s, WARNED)).toBe(0);
  // Nobody is named for it, and no view comes sooner.
  expect(s.wire.of(VIEW).length - views).toBeLessThan(2);
  for (const { data } of s.wire.of(VIEW)) expect(data).toHaveLength(VIEW_BYTES);
});

const LATER = "7777777777777777";
thoroughly(
  "a member falls silent when its coordinator replaces its session by another, and not before that had it",
  async () => {
    for (const [state, confirmed, isSilent] of [
      [MEMBER, true, true],
      [MEMBER, false, false],
      [NAMED, true, false],
    ] as const) {
      const { s, self, coordinator } = await member();
      const all = [self, coordinator];
      if (confirmed) tell(s, { all });
      await s.lab.advance("100ms");
      tell(s, { all, entries: [{ id: SELF, session: LATER, address: "10.0.2.77", state }] });
      await s.lab.advance("100ms");
      expect(said(s, SILENT)).toBe(isSilent ? 1 : 0);
      const atMs = nowMs(s);
      s.wire.say(view(LOWEST, ERA));
      await s.lab.advance("600ms");
      expect(s.wire.heard.filter((heard) => heard.atMs > atMs).length > 0).toBe(!isSilent);
    }
  },
);

thoroughly("a member that has just come anew does not take its session of before for a twin's", async () => {
  const { s, self, coordinator } = await member();
  tell(s, { all: [self, coordinator] });
  await s.lab.advance("100ms");
  const fromMs = nowMs(s);
  await s.node.enter("cloud key forget", PROMPT);
  const again = await s.lab.until(() => s.wire.of(HELLO, fromMs)[0], "it does not come again");
  expect(again.session).not.toBe(self.session);
  s.wire.say(view(LOWEST, ERA));
  await s.lab.advance("100ms");
  tell(s, { all: [self, coordinator], entries: [{ ...self, address: "10.0.2.77" }] });
  await s.lab.advance("100ms");
  expect(said(s, SILENT)).toBe(0);
  // From when the coordinator had its new one on, any other is a twin's.
  tell(s, { all: [{ ...self, session: again.session }, coordinator] });
  await s.lab.advance("100ms");
  tell(s, { all: [self, coordinator], entries: [{ ...self, session: LATER, address: "10.0.2.77" }] });
  await s.lab.advance("100ms");
  expect(said(s, SILENT)).toBe(1);
});

thoroughly("the bye of a twin that joins says nothing about eras to one that founds", async () => {
  for (const [kind, era] of [
    [BYE, 1],
    [HELLO, 10],
  ] as const) {
    const s = await scene();
    s.wire.say({ kind, state: JOINING, era: 9, id: SELF, session: LATER, last: 77, echo: NOBODY });
    await s.lab.advance("800ms");
    s.wire.say({ kind, state: JOINING, era: 9, id: SELF, session: LATER, last: 77, echo: NOBODY });
    expect(await says(s, VIEW)).toMatchObject({ era, founder: SELF });
  }
});
