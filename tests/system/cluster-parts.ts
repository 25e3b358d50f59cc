/** Members with a key whose cluster is cut into parts, and what has become of each when they hear each other again. */
import { type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { peersOf } from "./output.ts";

const KEY_BYTES = 32;
const REPLACED = /^The cluster seed-1 has a new key\.$/m;
/** A person at the node was told what to do. */
const TOLD =
  /^cluster: (the key was replaced while this node was away, or it was put out|\S+ \S+ has another key\. Where the key was replaced)/m;

export interface Parts {
  readonly lab: LabCluster;
  /** In the order of their ids: the first coordinates. */
  readonly nodes: readonly LabNode[];
}

/** Members of one cluster with a key that their machines were given; without disks they have that one at each boot. */
export async function membersWithKey(count: number, disks = false): Promise<Parts> {
  const lab = await inState(`${count} members with a key${disks ? " and disks" : ""}`, async () => {
    const content = disks ? await preparedDisk() : null;
    const storage = () =>
      content ? { disk: new SparseDisk(DISK_BYTES, { content: content.slice() }) } : { cdrom: images().iso };
    const booted = boot({ nodes: Array.from({ length: count }, () => ({ key: keyOfSeed(1), ...storage() })) });
    await booted.until(() => booted.nodes.every((node) => peersOf(node) === count - 1), "they did not agree");
    for (const node of booted.nodes) await node.waitFor(PROMPT);
    await booted.advance("2s");
    return booted;
  });
  const hex = (index: number): string => Buffer.from(lab.cluster.macAddresses[index]!).toString("hex");
  return { lab, nodes: [...lab.nodes].sort((a, b) => (hex(a.index) < hex(b.index) ? -1 : 1)) };
}

/** From now on the nodes of this part hear each other alone; null: all hear all. */
export function cut({ nodes }: Parts, part: readonly LabNode[] | null): void {
  for (const node of nodes)
    for (const other of nodes)
      if (node !== other) node.hear(other.index, part === null || part.includes(node) === part.includes(other));
}

/** The nodes of each part have agreed that they are all there are. */
export async function agreeApart({ lab }: Parts, ...parts: readonly (readonly LabNode[])[]): Promise<void> {
  await lab.until(
    () => parts.every((part) => part.every((node) => peersOf(node) === part.length - 1)),
    "the parts did not agree",
    { within: "30s" },
  );
  await lab.advance("1s");
}

export async function reboot({ lab }: Parts, ...rebooted: readonly LabNode[]): Promise<void> {
  for (const node of rebooted) node.powerOff();
  for (const node of rebooted) node.powerOn();
  await lab.until(() => rebooted.every((node) => peersOf(node) >= 0), "it did not come back", { within: "30s" });
}

const ANSWERED = /^The cluster seed-1 has a new key\.$|; try again$|this node is no member now$/m;

export async function rotate(node: LabNode, command = "cloud key rotate"): Promise<void> {
  await node.waitFor(PROMPT);
  // Nobody replaces it while members come or go, or who has just booted: whoever wants to tries again.
  for (let tries = 0; tries < 20; tries++) {
    const [said] = await node.enter(command, ANSWERED, { within: "20s" });
    if (REPLACED.test(said)) return;
    await node.enter("sleep 1", PROMPT);
  }
  throw new Error(`${node.name}: ${command} is refused again and again`);
}

/** The cluster's key that counts at a node. */
export const keyAt = (node: LabNode): string =>
  Buffer.from(node.readMemory(addressOf("trust_secret"), KEY_BYTES)).toString("hex");

/** What has become of a node: it has the key, or knows that it has not. */
export function fateOf(node: LabNode, key: string): "member" | "told" | "captive" {
  if (keyAt(node) === key) return "member";
  return TOLD.test(node.console.text) ? "told" : "captive";
}
