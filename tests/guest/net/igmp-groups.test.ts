/**
 * Groups that come and go, as a router on the wire sees it (RFC 3376, RFC 2236): with the interface, with programs that
 * listen to one, with the network. What a node says to queries is in igmp.thorough.test.ts.
 */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../../src/index.ts";
import { boot, CLOUD, inState, isoWithGuests, PROMPT } from "../../system/images.ts";
import { describeIgmp, isIgmp, older, query, times } from "./igmp-wire.ts";
import type { Frame } from "./packet-wire.ts";

const MDNS = "224.0.0.251";
const CLUSTER = "239.255.81.82";
/** Of the program `hear`. */
const HEARD = "239.1.2.3";
const [QUERY, REPORT] = [0x11, 0x16];

/** A record of version 3, or a message of an older one. */
interface Said {
  readonly atMs: number;
  readonly to: string;
  readonly text: string;
}

interface Scene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  /** What the node has said since the last look. */
  said(): readonly Said[];
  texts(): readonly string[];
  send(frame: Frame): void;
}

async function scene(): Promise<Scene> {
  const lab = await inState("with groups", async () => {
    const booted = boot({ nodes: [{ cdrom: await isoWithGuests() }] });
    await booted.nodes[0]!.waitFor(CLOUD, { within: "20s" });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.advance("12s");
    return booted;
  });
  const node = lab.nodes[0]!;
  const facts = { mac: lab.cluster.macAddresses[0]!, address: CLOUD.exec(node.console.text)![2]! };
  const plug = lab.plug("router");
  const heard: Said[] = [];
  plug.answer((frame) => {
    if (!isIgmp(frame)) return [];
    const [records, to] = describeIgmp(frame).split(" > ") as [string, string];
    expect(to).toMatch(/^[\d.]+$/); // and nothing is wrong with the packet
    for (const text of records.split(", ")) heard.push({ atMs: lab.nowNs / 1e6, to, text });
    return [];
  });
  const said = (): readonly Said[] => heard.splice(0);
  return { lab, node, said, send: (frame) => plug.send(frame(facts)), texts: () => said().map(({ text }) => text) };
}

/** Starts the program, which is the shell's job of that number, and waits until it listens. */
async function hear(node: LabNode): Promise<void> {
  await node.enter("hear &", /hear: listens/);
  await node.waitFor(PROMPT);
}

describe("version 3", () => {
  test("all groups are told twice within a second when the interface comes up", async () => {
    const { lab, node, said } = await scene();
    await node.enter("ifdown eth0", PROMPT);
    await node.enter("ifup eth0", PROMPT);
    await lab.advance("15s");
    const all = said();
    for (const group of [MDNS, CLUSTER]) {
      const ours = all.filter(({ text }) => text === `to-exclude ${group}`);
      expect(ours).toHaveLength(2);
      expect(ours[1]!.atMs - ours[0]!.atMs).toBeGreaterThan(0);
      expect(ours[1]!.atMs - ours[0]!.atMs).toBeLessThan(1100);
    }
    expect(all).toHaveLength(4);
    expect(new Set(all.map(({ to }) => to))).toEqual(new Set(["224.0.0.22"]));
  });

  test("a query for all is answered by one report of all, within its time", async () => {
    const { lab, said, send } = await scene();
    send(query({ code: 20 }));
    const asked = lab.nowNs / 1e6;
    await lab.advance("10s");
    const answer = said();
    expect(answer.map(({ text }) => text).sort()).toEqual([`is-exclude ${MDNS}`, `is-exclude ${CLUSTER}`]);
    expect(answer[0]!.atMs).toBe(answer[1]!.atMs);
    expect(answer[0]!.to).toBe("224.0.0.22");
    expect(answer[0]!.atMs - asked).toBeLessThan(2100);
  });
});

describe("joining and leaving", () => {
  test("are told as often as the querier wants", async () => {
    const { lab, node, texts, send } = await scene();
    for (const robustness of [1, 5, 0]) {
      send(query({ code: 0, robustness }));
      await lab.advance("100ms");
      texts();
      await hear(node);
      await lab.advance("8s");
      expect(texts()).toEqual(times(robustness || 2, `to-exclude ${HEARD}`));
      await node.enter("kill hear", PROMPT);
      await lab.advance("8s");
      expect(texts()).toEqual(times(robustness || 2, `to-include ${HEARD}`));
    }
  });

  test("of a group that several listen to are told of the first and of the last", async () => {
    const { lab, node, texts } = await scene();
    await hear(node);
    await hear(node);
    await lab.advance("2s");
    expect(texts()).toEqual(times(2, `to-exclude ${HEARD}`));
    await node.enter("kill %1", PROMPT);
    await lab.advance("2s");
    expect(texts()).toEqual([]);
    await node.enter("kill %2", PROMPT);
    await lab.advance("2s");
    expect(texts()).toEqual(times(2, `to-include ${HEARD}`));
  });

  test("a group that was left is not answered for, and whoever joins it anew is told of", async () => {
    const { lab, node, texts, send } = await scene();
    const robustness = 7;
    send(query({ code: 0, robustness }));
    await hear(node);
    await node.enter("kill hear", PROMPT);
    send(query({ code: 0, group: HEARD, robustness }));
    send(query({ code: 0, robustness }));
    await lab.advance("50ms");
    expect(texts().filter((text) => text === `is-exclude ${HEARD}`)).toEqual([]);
    await hear(node);
    await lab.advance("8s");
    const last = texts();
    expect(last.slice(-7)).toEqual(times(7, `to-exclude ${HEARD}`));
    send(query({ code: 0, group: HEARD }));
    await lab.advance("50ms");
    expect(texts()).toEqual([`is-exclude ${HEARD}`]);
  });

  test("a network that is stopped leaves its groups", async () => {
    const { lab, node, texts } = await scene();
    await node.enter("service stop network", PROMPT);
    await lab.advance("2s");
    // The name service stops first, so its group may be left twice by then.
    expect([...new Set(texts())].sort()).toEqual([`to-include ${MDNS}`, `to-include ${CLUSTER}`]);
  });
});

describe("older queriers", () => {
  test("version 2: each group is reported to itself, and left to all routers", async () => {
    const { lab, node, said, texts, send } = await scene();
    send(older(QUERY, 20));
    await lab.advance("2100ms");
    const answers = said();
    expect(answers.map(({ text, to }) => `${text} ${to}`).sort()).toEqual([
      `report ${MDNS} ${MDNS}`,
      `report ${CLUSTER} ${CLUSTER}`,
    ]);
    expect(answers[0]!.atMs).not.toBe(answers[1]!.atMs);
    await hear(node);
    await lab.advance("11s");
    expect(texts()).toEqual(times(2, `report ${HEARD}`));
    await node.enter("kill hear", PROMPT);
    await lab.advance("11s");
    expect(said().map(({ text, to }) => `${text} ${to}`)).toEqual([`leave ${HEARD} 224.0.0.2`]);
    send(query({ code: 10, group: MDNS })); // of version 3: answered as before, while the older one counts
    await lab.advance("1100ms");
    expect(texts()).toEqual([`report ${MDNS}`]);
  });

  test("version 2: who hears another's report says nothing", async () => {
    const { lab, node, texts, send } = await scene();
    send(older(QUERY, 100));
    send(older(REPORT, 0, MDNS));
    await lab.advance("11s");
    expect(texts()).toEqual([`report ${CLUSTER}`]);
    // Nor does he tell of joining any more, when another does.
    await hear(node);
    await lab.advance("30ms");
    send(older(REPORT, 0, HEARD));
    await lab.advance("11s");
    expect(texts()).toEqual([`report ${HEARD}`]);
  });

  test("version 1: reports have its type, and leaving is not told", async () => {
    const { lab, node, texts, send } = await scene();
    send(older(QUERY, 0));
    await lab.advance("11s");
    expect([...texts()].sort()).toEqual([`report of version 1 ${MDNS}`, `report of version 1 ${CLUSTER}`]);
    await hear(node);
    await lab.advance("11s");
    expect(texts()).toEqual(times(2, `report of version 1 ${HEARD}`));
    await node.enter("kill hear", PROMPT);
    await lab.advance("11s");
    expect(texts()).toEqual([]);
    send(older(QUERY, 10)); // the older of both counts
    await lab.advance("1100ms");
    expect([...texts()].sort()).toEqual([`report of version 1 ${MDNS}`, `report of version 1 ${CLUSTER}`]);
  });
});
