/** Whom a cluster believes: keys, forged packets, recordings, twins; what a stranger cannot change. */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { BYE, ClusterWire, HELLO, JOINING, MEMBER, REPORT, signed, VIEW } from "../guest/cluster-wire.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { atPrompt } from "./booted.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { peersOf, picture } from "./output.ts";

const KEY = keyOfSeed(1);
const OTHER_KEY = keyOfSeed(2);

async function settled(keys: readonly (string | undefined)[], peers: readonly number[]): Promise<LabCluster> {
  return inState(`${JSON.stringify(keys)} ${peers.join()}`, async () => {
    const lab = boot({
      nodes: keys.map((key) => ({ cdrom: images().iso, ...(key === undefined ? {} : { key }) })),
    });
    await lab.until(() => lab.nodes.every((node, index) => peersOf(node) === peers[index]), "they did not settle");
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    return lab;
  });
}

describe("a cluster", () => {
  test("is joined by those who have its key, and by nobody else", async () => {
    const lab = await settled([KEY, KEY, OTHER_KEY, undefined], [1, 1, 0, 0]);
    const [first, , other, open] = lab.nodes as [LabNode, LabNode, LabNode, LabNode];
    await first.enter("cloud", /^cluster seed-1, with a key; [1-9]\d* packets? (?:was|were) refused$/m);
    await other.enter("cloud", /^cluster seed-2, with a key; [1-9]\d* packets? (?:was|were) refused$/m);
    await open.enter("cloud", /^open cluster: whoever is on this network can join and change it/m);
    await lab.advance("5s");
    expect(lab.nodes.map(peersOf)).toEqual([1, 1, 0, 0]);
  });

  thoroughly("takes in a node to which its key is typed", async () => {
    const lab = await settled([undefined, undefined], [1, 1]);
    const [first, second] = lab.nodes as [LabNode, LabNode];
    const [, key] = await first.enter("cloud key new home", /^([0-9a-f]{64})$/m);
    await second.waitFor(/^cloud: .* peers 0$/m, { within: "5s" });
    await second.enter("cloud key set home 12", /a key of 64 hexadecimal digits/);
    await second.enter(`cloud key set home ${key}`, /^cluster home, with a key;/m);
    await lab.until(() => lab.nodes.every((node) => peersOf(node) === 1), "they did not find each other");
  });
});

describeThoroughly("a coordinator's view that says nothing new", () => {
  const [ADDRESS_END, SEQUENCE_AT, ECHO_AT, CODE_AT, DIGEST_AT] = [87, 80, 88, 96, 132];

  /**
   * Two machines, and the coordinator's latest view, with the number behind its own and as an answer to nobody; the
   * other's counter of a name.
   */
  async function scene(): Promise<{
    lab: LabCluster;
    next: Uint8Array;
    hear: (data: Uint8Array) => Promise<void>;
    counts: () => Promise<number[]>;
  }> {
    const lab = await settled([KEY, KEY], [1, 1]);
    const wire = new ClusterWire(lab, KEY);
    await lab.advance("1500ms");
    // The founder coordinates: it was the first to boot.
    const member = lab.nodes.find(({ console }) => !console.text.includes("founded")) ?? lab.nodes[1]!;
    const seen = wire.of(VIEW).length;
    await lab.until(() => wire.of(VIEW).length > seen, "the coordinator says nothing");
    const next = wire.of(VIEW).at(-1)!.data.slice();
    new DataView(next.buffer).setUint32(SEQUENCE_AT, wire.of(VIEW).at(-1)!.sequence + 1, true);
    next.fill(0, ECHO_AT, CODE_AT);
    return {
      lab,
      next: signed(next, KEY),
      hear: async (data) => {
        wire.sayBytes(data.slice(), data[ADDRESS_END]!);
        await lab.advance("2ms");
      },
      counts: async () => {
        const counters: number[] = [];
        for (const name of ["views that say nothing new", "forged, or made with another key", "heard before"]) {
          const [, count] = await member.enter("netstat -a", new RegExp(`^ *(\\d+) {2}cloud +${name}$`, "m"));
          counters.push(Number(count));
        }
        return counters;
      },
    };
  }

  test("is dropped whoever sent it, once something else was said for certain", async () => {
    const { next, hear, counts } = await scene();
    const forged = next.slice();
    forged[CODE_AT]! ^= 1;
    await hear(forged);
    await hear(next);
    const [spared, forgeries] = await counts();
    expect(spared).toBeGreaterThanOrEqual(2);
    expect(forgeries).toBe(0);
  });

  test("is not believed when others send it again later", async () => {
    const { lab, next, hear, counts } = await scene();
    await hear(next);
    await lab.advance("150ms");
    const [spared, forgeries, replays] = (await counts()) as [number, number, number];
    await hear(next);
    expect(await counts()).toEqual([spared, forgeries, replays + 1]);
  });

  test("is looked at where it answers a recorded hello of the coordinator: nobody takes its place", async () => {
    const lab = await settled([KEY, KEY], [1, 1]);
    const wire = new ClusterWire(lab, KEY);
    const [first, second] = lab.nodes as [LabNode, LabNode];
    const boots = async (node: LabNode, laterMs = 0): Promise<void> => {
      node.reset();
      await node.waitFor(/^cloud: .* peers 1$/m, { within: "10s" });
      await lab.advance(`${2000 + laterMs}ms`);
    };
    // The first one boots again after its hello was recorded, and coordinates after the second one did. Who hears a
    // view while it starts says no hello: what is waited for moves its start between two views.
    const own = /cluster: node (\w{16})/.exec(first.console.text)![1];
    for (let laterMs = 0; !wire.of(HELLO).some(({ id }) => id === own); laterMs += 70) await boots(first, laterMs);
    await boots(first);
    await boots(second);
    const { id } = wire.of(VIEW).at(-1)!;
    const hello = wire.of(HELLO).find((heard) => heard.id === id)!;
    const fromMs = lab.nowNs / 1e6;
    for (let round = 0; round < 4; round++) {
      wire.sayBytes(hello.data.slice(), hello.data[ADDRESS_END]!);
      await lab.advance("80ms");
    }
    await lab.advance("500ms");
    expect(wire.of(VIEW, fromMs).filter((view) => view.id !== id)).toEqual([]);
  });

  test("is looked at when it says something new, and refused when it is forged", async () => {
    const { next, hear, counts } = await scene();
    const [spared, forgeries] = (await counts()) as [number, number, number];
    next[DIGEST_AT]! ^= 1;
    await hear(next);
    expect((await counts()).slice(0, 2)).toEqual([spared, forgeries + 1]);
  });
});

describe("a stranger without the key", () => {
  const ERA_MAXIMUM = 0x7fffffff;
  const LOW = "0200000000000061";

  thoroughly("changes nothing by saying what it likes, in the name of the coordinator or of anybody", async () => {
    const lab = await settled([KEY, KEY], [1, 1]);
    const wire = new ClusterWire(lab);
    await lab.advance("1500ms");
    const { id, founder, session, sequence } = wire.of(VIEW)[0]!;
    const before = await Promise.all(lab.nodes.map(picture));
    const forger = new ClusterWire(lab, OTHER_KEY);
    for (let round = 0; round < 5; round++) {
      const ahead = { session, sequence: sequence + 1000 + round };
      forger.say({ kind: REPORT, state: MEMBER, era: ERA_MAXIMUM, id: LOW, founder: LOW });
      forger.say({ kind: VIEW, state: MEMBER, era: ERA_MAXIMUM, id: LOW, founder: LOW });
      forger.say({ kind: VIEW, state: MEMBER, era: 1, id, founder, ...ahead });
      forger.say({ kind: BYE, state: MEMBER, era: 1, id, founder, ...ahead });
      forger.say({ kind: HELLO, state: JOINING, era: 7, id, ...ahead });
      await lab.advance("300ms");
    }
    expect(await Promise.all(lab.nodes.map(picture))).toEqual(before);
    await lab.nodes[0]!.enter("netstat -a", /^ *2[0-9] {2}cloud +forged, or made with another key$/m);
  });

  thoroughly(
    "changes nothing by repeating what members have said, in this life of the cluster or in the next",
    async () => {
      const lab = await settled([KEY, KEY], [1, 1]);
      const recorder = new ClusterWire(lab, KEY);
      const [first, second] = lab.nodes as [LabNode, LabNode];
      second.powerOff();
      await lab.advance("6s");
      second.powerOn();
      await lab.until(() => peersOf(first) === 1 && peersOf(second) === 1, "they did not meet again");
      await lab.advance("2s");
      const tape = recorder.heard.map(({ data }) => data);
      expect(tape.length).toBeGreaterThan(6);
      const play = async (): Promise<void> => {
        for (const data of tape) {
          recorder.sayBytes(data, data[87]!);
          await lab.advance("20ms");
        }
      };
      const before = await Promise.all(lab.nodes.map(picture));
      await play();
      expect(await Promise.all(lab.nodes.map(picture))).toEqual(before);
      for (const node of lab.nodes) node.powerOff();
      for (const node of lab.nodes) node.powerOn();
      await lab.advance("500ms");
      await play();
      await lab.until(() => lab.nodes.every((node) => peersOf(node) === 1), "they did not meet in their next life");
      for (const node of lab.nodes) expect(node.console.text).not.toMatch(/^cloud: .* era (?!1 )/m);
    },
  );

  test("that says hello with a low id for ever does not keep a cluster from being founded", async () => {
    const lab = await atPrompt();
    const wire = new ClusterWire(lab);
    const node = lab.nodes[0]!;
    await lab.until(() => /^cloud: .* joining/m.test(node.console.text), "it does not join");
    for (let ms = 0; ms < 6400 && peersOf(node) < 0; ms += 800) {
      wire.say({ kind: HELLO, state: JOINING, era: 0, id: LOW });
      await lab.advance("800ms");
    }
    expect(peersOf(node)).toBe(0);
  });
});

thoroughly("a session that shows nothing does not make the one whose id it has fall silent", async () => {
  const lab = await settled([KEY, KEY], [1, 1]);
  const wire = new ClusterWire(lab, KEY);
  await lab.advance("1500ms");
  const reports = wire.heard.map(({ id, era, founder }) => ({ id, era, founder }));
  for (const { id, era, founder } of reports.slice(0, 8)) {
    wire.say({ kind: REPORT, state: MEMBER, era, id, founder, session: "1".repeat(16), echo: "0".repeat(16) });
    await lab.advance("200ms");
  }
  await lab.advance("2s");
  expect(lab.nodes.map(peersOf)).toEqual([1, 1]);
  for (const { console } of lab.nodes) expect(console.text).not.toMatch(/has this node's id/);
});

describeThoroughly("two machines with one MAC address", () => {
  test("notice each other: one falls silent, and both say why", async () => {
    const mac = Uint8Array.of(0x52, 0x54, 0, 1, 2, 3);
    const lab = boot({
      gateway: false,
      nodes: [1, 2].map(() => ({ cdrom: images().iso, macAddress: mac, key: KEY })),
    });
    await lab.until(
      () => lab.nodes.every(({ console }) => /another machine, at \S+, has this node's id/.test(console.text)),
      "they did not notice",
      { within: "60s" },
    );
    const silent = lab.nodes.filter(({ console }) => /this node is silent/.test(console.text));
    expect(silent).toHaveLength(1);
    await silent[0]!.enter("cloud", /^because another machine, at \S+, has its id/m);
  });
});

thoroughly("a machine without a disk has another session at each boot", async () => {
  const lab = await settled([undefined, undefined], [1, 1]);
  const wire = new ClusterWire(lab);
  const sessions = (): Set<string> => new Set(wire.heard.map(({ session }) => session));
  await lab.advance("2500ms");
  const before = sessions();
  for (const node of lab.nodes) node.powerOff();
  wire.heard.length = 0;
  // The one with the higher id first: after the other's hello it would say none.
  for (const node of lab.nodes) {
    node.powerOn();
    await lab.advance("700ms");
  }
  const after = sessions();
  expect(after.size).toBe(2);
  expect([...after].filter((session) => before.has(session))).toEqual([]);
});
