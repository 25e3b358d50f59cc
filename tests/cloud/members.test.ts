/** Who lives, as an observer has it and as the nodes have it in their memory, at each second of what befalls them. */
import { expect, test } from "vitest";
import { formatMac } from "../../emulator/ether/packet.ts";
import { Random } from "../../emulator/state/random.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { Counts } from "../guest/net/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { members } from "../system/booted.ts";
import { cut, membersWithKey } from "../system/cluster-parts.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { keyOfLine, MAC, type Place, viewOf, Watched } from "./watched.ts";

const SECOND_MS = 1000;
/** Whose cable is plugged in again says nothing for a while. */
const SILENT_NS = 1.5e9;
const PLACES = [["switch"], ["socket"]] as const;

const threeMachines = (seed = 1): LabCluster =>
  boot({ nodes: Array.from({ length: 3 }, () => ({ cdrom: images().iso })), seed });

/** Lets seconds pass; at each of them the observer has what the nodes have. */
async function agreeFor(w: Watched, seconds: number, nodes?: readonly LabNode[]): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await w.advance(SECOND_MS);
    expect(await w.settle(nodes)).toEqual([]);
  }
}

const names = ({ observer }: Watched): string[] => observer.members.map(({ name }) => name).sort();

test.each(rowsOf(PLACES, 1, ([place]) => place === "socket"))(
  "is known from the start of three machines on, at a %s",
  async (place: Place) => {
    const w = new Watched(threeMachines(), place);
    await agreeFor(w, 12);
    const [first, second, third] = w.lab.nodes as [LabNode, LabNode, LabNode];
    expect(names(w)).toEqual(["qure-1", "qure-2", "qure-3"]);
    third.powerOff();
    await agreeFor(w, 4);
    expect(w.observer.members).toHaveLength(2);
    third.powerOn();
    await agreeFor(w, 8);
    await first.waitFor(PROMPT);
    first.type("hostname another\n");
    await agreeFor(w, 2);
    expect(names(w)).toEqual(["another", "qure-2", "qure-3"]);
    for (const node of [first, second]) {
      third.hear(node.index, false);
      node.hear(third.index, false);
    }
    await agreeFor(w, 5);
    expect(w.observer.parts.map((part) => part.members.length).sort()).toEqual([1, 2]);
    for (const node of [first, second]) {
      third.hear(node.index, true);
      node.hear(third.index, true);
    }
    await agreeFor(w, 5);
    expect(w.observer.parts).toHaveLength(1);
    for (const node of w.lab.nodes) node.powerOff();
    await w.advance(7 * SECOND_MS);
    expect([w.observer.members, w.observer.parts]).toEqual([[], []]);
  },
);

test("an observer that comes late, where all passes, knows all within two seconds", async () => {
  const w = new Watched(await members(3), "switch");
  await w.advance(2 * SECOND_MS);
  expect(w.differences()).toEqual([]);
  expect(w.observer.members).toHaveLength(3);
  expect(w.observer.parts.map(({ isWhole }) => isWhole)).toEqual([true]);
});

test("one that comes late, where only the group is heard, says that it does not know all", async () => {
  const w = new Watched(await members(3), "socket");
  await w.advance(3 * SECOND_MS);
  expect(w.observer.members.map(({ isCoordinator }) => isCoordinator)).toEqual([true]);
  expect(w.observer.parts.map(({ isWhole }) => isWhole)).toEqual([false]);
});

test("what an observer says is taken by the coordinator, and changes nothing at any node", async () => {
  const lab = await members(3);
  const counts = lab.nodes.map((node) => new Counts(node));
  const views = (): unknown => lab.nodes.map(viewOf);
  const before = views();
  const refused = (): number[] =>
    counts.map((count) =>
      [...count.read()].reduce(
        (sum, [name, value]) => (/^cloud (mal|for|other|repl|unp)/.test(name) ? sum + value : sum),
        0,
      ),
    );
  const refusedBefore = refused();
  const w = new Watched(lab, "socket");
  await w.advance(2 * SECOND_MS);
  // One hello, to the coordinator alone.
  expect(w.said).toHaveLength(1);
  expect(w.said[0]![0]! & 1).toBe(0);
  expect(w.observer.parts).toHaveLength(1);
  expect(views()).toEqual(before);
  expect(refused()).toEqual(refusedBefore);
  for (const { console } of lab.nodes) expect(console.text).not.toMatch(/stranger|observer/);
});

thoroughly("machines that form a cluster beside an observer form the same one", async () => {
  const alone = threeMachines(3);
  await alone.advance("12s");
  const w = new Watched(threeMachines(3), "switch");
  await w.advance(12 * SECOND_MS);
  const founders = (lab: LabCluster): unknown =>
    lab.nodes.map((node) => viewOf(node)!.map(([id, , , age, era]) => [id, age, era]));
  expect(founders(w.lab)).toEqual(founders(alone));
});

test("whoever asks for the observer's address by ARP is answered", async () => {
  const w = new Watched(await members(3), "socket");
  const [node] = w.lab.nodes;
  node!.type("ping 10.0.2.99\n");
  await w.advance(2 * SECOND_MS);
  await node!.enter("\x03arp", new RegExp(formatMac(MAC)));
});

thoroughly("an observer that did not run for a while does not take all for dead", async () => {
  const w = new Watched(await members(3), "switch");
  await w.advance(2 * SECOND_MS);
  const { members: before, changes } = w.observer;
  w.sleep();
  await w.advance(30 * SECOND_MS);
  w.wake();
  await w.advance(SECOND_MS);
  expect(w.observer.members).toEqual(before);
  expect(w.observer.changes).toBe(changes);
});

thoroughly("parts that have founded eras of their own are two clusters, and then one", async () => {
  const parts = await membersWithKey(4, true);
  const w = new Watched(parts.lab, "switch", keyOfLine(keyOfSeed(1)));
  await w.advance(2 * SECOND_MS);
  const halves = [parts.nodes.slice(0, 2), parts.nodes.slice(2)] as const;
  cut(parts, halves[0]);
  await agreeFor(w, 6);
  for (const half of halves) {
    for (const node of half) node.powerOff();
    await agreeFor(w, 3);
    for (const node of half) node.powerOn();
    await agreeFor(w, 12);
  }
  expect(w.observer.parts.map(({ era, members: all }) => [era, all.length])).toEqual([
    [2, 2],
    [2, 2],
  ]);
  expect(new Set(w.observer.parts.map(({ founder }) => founder)).size).toBe(2);
  cut(parts, null);
  await agreeFor(w, 8);
  expect(w.observer.parts.map(({ era, members: all, isWhole }) => [era, all.length, isWhole])).toEqual([[2, 4, true]]);
});

/** Something that befalls the machines; draws what, and to whom. */
function befalls(random: Random, lab: LabCluster, deafUntilNs: Map<LabNode, number>, second: number): string {
  const node = random.pick(lab.nodes);
  if (random.chance(35)) {
    for (const one of lab.nodes) {
      for (const other of lab.nodes) if (one !== other) one.hear(other.index, true);
      if (one.isOff) continue;
      one.connect();
      one.type("cloud start\n");
      if (deafUntilNs.get(one) === Infinity) deafUntilNs.set(one, lab.nowNs + SILENT_NS);
    }
    return "mend";
  }
  if (node.isOff) {
    node.powerOn();
    return `${node.name} on`;
  }
  const half = 1 + random.below(2 ** lab.nodes.length - 2);
  const isIn = ({ index }: LabNode): number => (half >> index) & 1;
  const faults: Readonly<Record<string, () => void>> = {
    off: () => node.powerOff(),
    stop: () => node.type("cloud stop\n"),
    name: () => node.type(`hostname n${second}\n`),
    freeze: () => node.freeze("900ms"),
    cut: () => {
      node.cut();
      deafUntilNs.set(node, Infinity);
    },
    apart: () => {
      for (const one of lab.nodes)
        for (const other of lab.nodes) if (one !== other) one.hear(other.index, isIn(one) === isIn(other));
    },
  };
  const what = random.pick(Object.keys(faults));
  faults[what]!();
  return `${node.name} ${what}`;
}

const cases = casesOf("cloud/members");

thoroughly(`whatever befalls four machines, the observer has what they have: ${cases.title}`, async () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed, "cloud/members");
    const lab = boot({ nodes: Array.from({ length: 4 }, () => ({ cdrom: images().iso })), seed });
    const w = new Watched(lab, random.pick(["switch", "socket"]));
    const deafUntilNs = new Map<LabNode, number>();
    const story: string[] = [];
    for (let second = 0; second < 90; second++) {
      await w.advance(SECOND_MS);
      const heard = lab.nodes.filter((node) => (deafUntilNs.get(node) ?? 0) <= lab.nowNs);
      expect(await w.settle(heard), `${cases.repeat(seed)}: ${story.join(", ")}`).toEqual([]);
      if (second > 4 && random.chance(35)) story.push(`${second} ${befalls(random, lab, deafUntilNs, second)}`);
    }
  }
});
