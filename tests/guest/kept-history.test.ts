/**
 * The history, and the eras of a node, on its disk (docs/protocols/cluster-history.md, "On disk"): read and written.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { addressOf, HIGH, LOW, report, type Scene, SELF, says, view } from "./agreement-scene.ts";
import { EVENTS, HELLO, type Heard, MEMBER, PROBE, REPORT, VIEW } from "./cluster-wire.ts";
import { HistoryModel } from "./history-model.ts";
import { DIED, EVENT_ERA, eventBytes, JOINED, LEFT, NOON } from "./history-wire.ts";
import {
  type Life,
  livesIn,
  livesObject,
  nodeObject,
  type Objects,
  objectOf,
  remembering,
} from "./remembering-scene.ts";

const ERA = EVENT_ERA;
const HISTORY_KEPT = 64;
const claimed = ({ data }: Heard): number[] => {
  const fields = new DataView(data.buffer, data.byteOffset);
  return [fields.getUint32(120, true), fields.getUint32(124, true)];
};

/** A member of era 5 with these objects, whose coordinator is LOW. */
async function member(objects: Objects): Promise<Scene> {
  const s = await remembering({ cluster_node: nodeObject({ era: ERA, age: 8, eraAge: 3, founder: LOW }), ...objects });
  await says(s, HELLO);
  s.wire.say({ ...view(LOW, ERA), members: [HIGH] });
  await says(s, REPORT);
  return s;
}

const numbers = async (s: Scene): Promise<string[]> =>
  [...(await outputAmong(s.node, "cloud events")).matchAll(/^\S+ \S+ +(\d+\.\d+) /gm)].map(([, number]) => number!);

describe("a history on a disk", () => {
  const model = new HistoryModel();
  model.add(
    eventBytes({ era: 3, number: 1, kind: JOINED, members: 0x102, detail: 0x01020304, second: 0x05060708 }),
    eventBytes({ era: 4, number: 2, kind: LEFT, subject: LOW, author: LOW, name: "n".repeat(31) }),
    eventBytes({ era: 4, number: 0x7fffffff, kind: DIED }),
  );

  thoroughly("is that of the node at its next boot, and its packets say so", async () => {
    const s = await remembering({ cluster_history: model.object() });
    const hello = await says(s, HELLO);
    expect(claimed(hello)).toEqual([3, model.digest]);
    expect(hello.flags & HISTORY_KEPT).toBe(HISTORY_KEPT);
    expect(s.node.console.text).not.toContain("damaged");
    expect(await numbers(s)).toEqual(["3.1", "4.2", "4.2147483647"]);
  });

  test("gets what the node hears, and is said to be there once it is", async () => {
    const s = await member({ cluster_history: model.object() });
    const later = new HistoryModel();
    later.add(...model.events, eventBytes({ era: 4, number: 1, kind: JOINED, subject: LOW }));
    s.wire.say({
      ...report(HIGH, ERA, LOW),
      kind: EVENTS,
      rest: eventBytes({ era: 4, number: 1, kind: JOINED, subject: LOW }),
    });
    await s.lab.advance("5ms");
    const asked = async (): Promise<Heard> => {
      const before = s.wire.heard.length;
      s.wire.say({ ...report(HIGH, ERA, LOW), kind: PROBE });
      await s.lab.until(() => s.wire.heard.length > before, "it does not answer");
      return s.wire.heard.at(-1)!;
    };
    const soon = await asked();
    expect(claimed(soon)).toEqual([4, later.digest]);
    expect(soon.flags & HISTORY_KEPT).toBe(0);
    await s.lab.advance("500ms");
    expect((await asked()).flags & HISTORY_KEPT).toBe(HISTORY_KEPT);
    expect(objectOf(s, "cluster_history")).toEqual(later.object());
  });

  const unsound = model.object();
  unsound[16 + 24] = 9;
  const DAMAGED: readonly (readonly [string, Uint8Array])[] = [
    ["another magic", model.object({ magic: "QRHJ" })],
    ["version 0", model.object({ version: 0 })],
    ["version 2", model.object({ version: 2 })],
    ["more events than there are", model.object({ count: 4 })],
    ["more events than there may be", model.object({ count: 513 })],
    ["an event of a kind that there is not", unsound],
  ];
  test.each(rowsOf(DAMAGED, 0))("with %s is damaged, and none", async (_what, object) => {
    const s = await remembering({ cluster_history: object });
    expect(s.node.console.text).toMatch(
      /^cluster: the object cluster_history on the disk is damaged; the others' counts$/m,
    );
    expect(claimed(await says(s, HELLO))).toEqual([0, 0]);
  });

  thoroughly("of as many events as there may be is read, and one of none is not damaged", async () => {
    const full = new HistoryModel();
    full.add(
      ...Array.from({ length: 448 }, (_, index) => eventBytes({ era: 4, number: 1 + index, kind: JOINED })),
      ...Array.from({ length: 64 }, (_, index) => eventBytes({ era: 3, number: 1 + index, kind: 1 + (index & 1) })),
    );
    const s = await remembering({ cluster_history: full.object() });
    expect(claimed(await says(s, HELLO))).toEqual([512, full.digest]);
    const none = await remembering({ cluster_history: new HistoryModel().object() });
    expect(claimed(await says(none, HELLO))).toEqual([0, 0]);
    expect(none.node.console.text).not.toContain("damaged");
  });
});

describeThoroughly("the eras of a node on its disk", () => {
  const revision = 1000;

  /** The node has lived through these, and goes on for so long. */
  async function lives(before: readonly Life[], { era = ERA, founder = LOW, age = 8 } = {}): Promise<Required<Life>[]> {
    const s = await remembering({
      cluster_node: nodeObject({ era, age, eraAge: 3, founder }),
      node_history: livesObject(before),
    });
    await says(s, HELLO);
    s.wire.say(view(HIGH, ERA, LOW));
    await says(s, REPORT);
    await s.lab.advance("400ms");
    return livesIn(objectOf(s, "node_history")!);
  }

  thoroughly("go on with the present one, when the node boots in it", async () => {
    const earlier = { era: 3, first: 1, last: 2, began: NOON, until: NOON + 9, revision: 900, founder: HIGH };
    const present = { era: ERA, first: 3, last: 8, began: NOON + 20, until: NOON + 30, revision: 990, founder: LOW };
    const [first, second, ...more] = await lives([earlier, present]);
    expect(first).toEqual(earlier);
    const { until, ...rest } = second!;
    expect(rest).toEqual({ era: ERA, first: 3, last: 9, began: NOON + 20, revision, founder: LOW });
    // The machine's clock begins in 2026.
    expect(until - Date.UTC(2026, 0, 1) / 1000 + Date.UTC(2000, 0, 1) / 1000).toBeLessThan(10);
    expect(until).toBeGreaterThan(NOON);
    expect(more).toEqual([]);
  });

  thoroughly("get a new one when it comes to another era", async () => {
    const earlier = { era: 3, first: 1, last: 2, began: NOON, until: NOON + 9, revision: 900, founder: HIGH };
    const [first, second, ...more] = await lives([earlier], { era: 3, founder: HIGH });
    expect(first).toEqual(earlier);
    expect(second).toMatchObject({ era: ERA, first: 9, last: 9, revision, founder: LOW });
    expect(second!.until).toBe(second!.began);
    expect(second!.began).toBeGreaterThan(NOON);
    expect(more).toEqual([]);
  });

  thoroughly("are one where two clusters of one era became one, under the founder that counts", async () => {
    const present = { era: ERA, first: 9, last: 9, began: NOON, until: NOON, revision, founder: HIGH };
    const found = await lives([present], { founder: HIGH });
    expect(found).toMatchObject([{ era: ERA, first: 9, last: 9, began: NOON, founder: LOW }]);
    expect(found[0]!.until).toBeGreaterThan(NOON);
  });

  thoroughly("are 32 at most, of which the oldest makes room", async () => {
    const row = (era: number): Life => ({
      era,
      first: era,
      last: era,
      began: NOON + era,
      until: NOON + era,
      revision: era,
      founder: HIGH,
    });
    const [most, fewer] = [32, 31].map((count) => Array.from({ length: count }, (_, index) => row(0x100 + index)));
    const found = await lives(most!);
    expect(found.slice(0, -1)).toEqual(most!.slice(1));
    expect(found.at(-1)).toMatchObject({ era: ERA, first: 9, last: 9 });
    const others = await lives(fewer!);
    expect(others.slice(0, -1)).toEqual(fewer!);
    expect(others).toHaveLength(32);
  });

  const DAMAGED: readonly (readonly [string, Uint8Array])[] = [
    ["another magic", livesObject([{ era: 3 }], { magic: "QRNI" })],
    ["version 0", livesObject([{ era: 3 }], { version: 0 })],
    ["version 2", livesObject([{ era: 3 }], { version: 2 })],
    ["33 eras", livesObject([{ era: 3 }], { count: 33 })],
    ["65537 eras", livesObject([{ era: 3 }], { count: 65537 })],
  ];
  test.each(rowsOf(DAMAGED, 0))("with %s are damaged, and begin anew", async (_what, object) => {
    const s = await remembering({ node_history: object });
    expect(s.node.console.text).toMatch(/^cluster: the object node_history on the disk is damaged; it begins anew$/m);
    await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
    await s.lab.advance("400ms");
    expect(livesIn(objectOf(s, "node_history")!)).toMatchObject([
      { era: 1, first: 1, last: 1, revision, founder: SELF },
    ]);
  });
});

thoroughly("that a node lives is written when the last time is ten minutes ago, to the second", async () => {
  const s = await remembering({});
  await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  await s.lab.advance("400ms");
  const until = (): number => livesIn(objectOf(s, "node_history")!)[0]!.until;
  // As if that had been so long ago.
  const began = until() - 597;
  s.node.machine.memory.dma.write(addressOf("lived") + 12 + 16, new Uint8Array(Uint32Array.of(began).buffer));
  await s.lab.until(() => until() !== began + 597, "it is not written", { within: "6s" });
  expect(until() - began).toBe(600);
});

describeThoroughly("the present era of a node", () => {
  thoroughly("is written every ten minutes, and when it leaves", async () => {
    const s = await remembering({});
    await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
    await s.lab.advance("400ms");
    const until = (): number => livesIn(objectOf(s, "node_history")!)[0]!.until;
    const began = until();
    await s.lab.advance("597s");
    expect(until()).toBe(began);
    await s.lab.advance("6s");
    expect(until() - began).toBeGreaterThanOrEqual(600);
    expect(until() - began).toBeLessThan(603);
    await s.lab.advance("20s");
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("1s");
    expect(until() - began).toBeGreaterThanOrEqual(620);
  });

  thoroughly("is not written while it was founded alone", async () => {
    const before = livesObject([{ era: 4, first: 2, last: 8, began: NOON, revision: 900, founder: LOW }]);
    const s = await remembering({
      cluster_node: nodeObject({ era: 4, age: 8, eraAge: 2, founder: LOW, company: 1 }),
      node_history: before,
    });
    await says(s, VIEW);
    await s.lab.advance("2s");
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("1s");
    expect(objectOf(s, "node_history")).toEqual(before);
  });
});
