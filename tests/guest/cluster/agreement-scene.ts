/** A node that agrees with strangers on the wire, as the tests of its agreement begin with it, and what they say. */
import { KERNEL_SPACE } from "../../../src/build/build.ts";
import type { LabCluster, LabNode } from "../../../src/index.ts";
import { readElf } from "../../../src/index.ts";
import { atPrompt } from "../../system/booted.ts";
import { images, inSharedState, PROMPT } from "../../system/images.ts";
import { BYE, ClusterWire, HELLO, type Heard, JOINING, MEMBER, REPORT, type Said, VIEW } from "./cluster-wire.ts";

/** The node's own id, and strangers' ids below and above it. */
export const SELF = "525400fffea4caff";
export const LOW = "525400fffe000061";
export const LOWEST = "0200000000000062";
export const HIGH = "525400fffeff0063";
export const HIGHEST = "fe00000000000064";
/** Differ from SELF in one half only. */
export const SAME_HEAD = "525400fffea4ca65";
export const ERA_MAXIMUM = 0x7fffffff;
/** The node's clock counts in tens of milliseconds, and a sleep takes one of them longer. */
export const TICK_MS = 10;

/** Of the object cluster_node: era, age and the era's age, 4 bytes each. */
const OFFSET_ERA = 16;
export const OFFSET_FOUNDER = 28;
export const OFFSET_COMPANY = 172;
const AGE = 7;
export const ERA_AGE = 4;

export interface Scene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly wire: ClusterWire;
}

export const sceneOf = (lab: LabCluster): Scene => ({ lab, node: lab.nodes[0]!, wire: new ClusterWire(lab) });

/** A node that has an address, and begins to listen for others at this moment. */
export function joins(): Promise<LabCluster> {
  return inSharedState("joins", async () => {
    const booted = await atPrompt();
    await booted.until(() => /^cloud: \S+ \S+ joining/m.test(booted.nodes[0]!.console.text), "the node does not join");
    return booted;
  });
}

export const scene = async (): Promise<Scene> => sceneOf(await joins());

let symbols: ReadonlyMap<string, number> | null = null;

/** The physical address of something of the kernel's. */
export function addressOf(name: string): number {
  symbols ??= new Map(readElf(images().kernelElf, "kernel.elf").symbols.map((symbol) => [symbol.name, symbol.value]));
  return symbols.get(name)! - KERNEL_SPACE;
}

/** Writes into the object cluster_node, as if the node had lived before. */
export function remember(node: LabNode, offset: number, bytes: Uint8Array): void {
  node.machine.memory.dma.write(addressOf("node") + offset, bytes);
}

/** The node knows an era, to which it came when it had booted `ERA_AGE` times; now it is older. */
export function rememberEra(node: LabNode, era: number): void {
  const bytes = new Uint8Array(12);
  for (const [index, value] of [era, AGE, ERA_AGE].entries())
    new DataView(bytes.buffer).setUint32(index * 4, value, true);
  remember(node, OFFSET_ERA, bytes);
}

export const idBytes = (id: string): Uint8Array =>
  Uint8Array.from({ length: 8 }, (_, at) => Number.parseInt(id.slice(at * 2, at * 2 + 2), 16));

export const nowMs = ({ lab }: Scene): number => lab.nowNs / 1e6;

/** Lets time pass until a moment. */
export async function until({ lab }: Scene, atMs: number): Promise<void> {
  const ns = Math.round(atMs * 1e6) - lab.nowNs;
  if (ns > 0) await lab.advance(ns);
}

/** Waits for the first packet of a kind that the node says. */
export function says({ lab, wire }: Scene, kind: number, within: `${number}s` = "5s"): Promise<Heard> {
  return lab.until(() => wire.of(kind)[0], `nothing of kind ${kind} was said`, { within });
}

export const hello = (id: string, era = 0): Said => ({ kind: HELLO, state: JOINING, era, id });
export const report = (id: string, era: number, founder = id): Said => ({
  kind: REPORT,
  state: MEMBER,
  era,
  id,
  founder,
});
export const view = (id: string, era: number, founder = id): Said => ({ kind: VIEW, state: MEMBER, era, id, founder });
export const greeting = (id: string, era: number, founder = id): Said => ({
  kind: HELLO,
  state: MEMBER,
  era,
  id,
  founder,
});
export const bye = (id: string): Said => ({ kind: BYE, state: JOINING, era: 0, id });

/** What `cloud` says of the node's cluster. */
export async function cloud({ node }: Scene): Promise<string> {
  const match = await node.enter(
    "cloud",
    /^(joining|waiting|era \d+, founded by [0-9a-f]{16}, here since age \d+)(?=[;\r\n])/m,
  );
  await node.waitFor(PROMPT);
  return match[1]!;
}

export const isIn = (era: number, founder: string, since = AGE): string =>
  `era ${era}, founded by ${founder}, here since age ${since}`;

/** A node that has just founded era 1, and coordinates. */
export async function founded(): Promise<Scene> {
  const s = await scene();
  await says(s, VIEW);
  await s.lab.advance("600ms"); // the views that follow a new coordinator are over
  return s;
}
