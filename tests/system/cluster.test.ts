/** From blank disks to a cluster, and what its era and ages do: docs/protocols/cluster.md. */
import { beforeAll, describe, expect, test } from "vitest";
import { blankDisk, type LabCluster, type LabNode, SparseDisk } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { isThorough } from "../setup/tier.ts";
import { boot, CLOUD, DISK_BYTES, images, PROMPT } from "./images.ts";

interface Status {
  readonly name: string;
  readonly era: number;
  readonly age: number;
  readonly peers: number;
}

/** What a node's console said last about the cluster. */
function status(node: LabNode): Status | null {
  const lines = node.console.text.split("\n").filter((line) => CLOUD.test(line));
  const match = CLOUD.exec(lines.at(-1) ?? "");
  return match && { name: match[1]!, era: Number(match[3]), age: Number(match[4]), peers: Number(match[5]) };
}

async function agreed(lab: LabCluster, nodes: readonly LabNode[] = lab.nodes): Promise<Status[]> {
  await lab.until(
    () =>
      nodes.every((node) => status(node)?.peers === nodes.length - 1 && status(node)!.era === status(nodes[0]!)!.era),
    "the nodes did not agree",
    { within: "60s" },
    () => nodes.map((node) => node.console.text.split("\n").slice(-6).join("\n")).join("\n---\n"),
  );
  // It stays so.
  await lab.advance("3s");
  return nodes.map((node) => status(node)!);
}

/** The flow of the documents, typed by hand: partition, copy the boot image, make the file system. */
async function prepare(node: LabNode): Promise<void> {
  await node.waitFor(PROMPT);
  await node.enter("fdisk hda", /no partition table/i);
  await node.waitFor(PROMPT);
  await node.enter("fdisk hda init", /Are you sure\? Type 'Yes' if so: $/);
  await node.enter("Yes", /Are you really sure\? Type 'Yes' if so: $/);
  await node.enter("Yes", PROMPT, { within: "120s" });
  await node.enter("fdisk hda", /99/);
  await node.waitFor(PROMPT);
  await node.enter("mkfs -t oofs hda0", PROMPT);
}

let prepared: Uint8Array;

function threeNodes(options: { seed?: number; disks?: readonly Uint8Array[] } = {}): LabCluster {
  const disks = options.disks ?? [prepared, prepared, prepared];
  return boot({
    seed: options.seed ?? 1,
    nodes: disks.map((content) => ({ disk: new SparseDisk(DISK_BYTES, { content }) })),
  });
}

function contents(lab: LabCluster): Uint8Array[] {
  return lab.nodes.map((node) => (node.disk as SparseDisk).content());
}

beforeAll(async () => {
  const disk = blankDisk(DISK_BYTES);
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }] });
  await prepare(lab.nodes[0]!);
  prepared = disk.content();
});

describe("a node", () => {
  test("goes from a blank disk to a cluster of its own: fdisk, mkfs, reboot, cloud status", async () => {
    const disk = blankDisk(DISK_BYTES);
    const lab = boot({ nodes: [{ cdrom: images().iso, disk }] });
    const node = lab.nodes[0]!;
    await prepare(node);
    await node.enter("reboot", /QuRe loader: .* of drive 80h/);
    await node.waitFor(CLOUD, { within: "60s" });
    expect(status(node)).toMatchObject({ era: 1, age: 1, peers: 0 });
    await node.enter("mount", /hda0.*\/net|\/net.*hda0/);
    await node.enter("cloud", /era 1, founded by/);
    await node.enter("cloud status", new RegExp(status(node)!.name));
  });
});

describe("era and age", () => {
  test("three new nodes found one cluster: era 1, ages 1, 1, 1", async () => {
    const lab = threeNodes();
    expect(await agreed(lab)).toMatchObject([
      { era: 1, age: 1 },
      { era: 1, age: 1 },
      { era: 1, age: 1 },
    ]);
  });

  thoroughly("a node that restarts while the others live finds era 1 again, at age 2", async () => {
    const lab = threeNodes();
    await agreed(lab);
    const second = lab.nodes[1]!;
    second.reset();
    await lab.until(() => status(second)!.age === 2, "the node did not come back", { within: "30s" });
    expect(await agreed(lab)).toMatchObject([
      { era: 1, age: 1 },
      { era: 1, age: 2 },
      { era: 1, age: 1 },
    ]);
  });

  thoroughly("when all stop and start again, the cluster lives in era 2", async () => {
    const first = threeNodes();
    await agreed(first);
    const second = threeNodes({ disks: contents(first) });
    expect(await agreed(second)).toMatchObject([
      { era: 2, age: 2 },
      { era: 2, age: 2 },
      { era: 2, age: 2 },
    ]);
  });

  thoroughly(
    "a node whose cable is pulled while all boot founds a cluster of its own, and joins when the cable is back",
    async () => {
      const lab = threeNodes();
      const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
      third.cut();
      expect(await agreed(lab, [first, second])).toMatchObject([
        { era: 1, peers: 1 },
        { era: 1, peers: 1 },
      ]);
      await lab.until(() => status(third) !== null, "the lonely node founded nothing", { within: "60s" });
      expect(status(third)).toMatchObject({ era: 1, age: 1, peers: 0 });
      third.connect();
      const merged = await agreed(lab);
      expect(merged.map(({ age }) => age)).toEqual([1, 1, 1]);
    },
  );

  thoroughly("for many seeds, nodes that boot at the same moment agree on one founder", async () => {
    for (let seed = 2; seed < (isThorough ? 8 : 4); seed++) {
      const lab = threeNodes({ seed });
      expect(
        (await agreed(lab)).map(({ era }) => era),
        `seed ${seed}`,
      ).toEqual([1, 1, 1]);
    }
  });
});

thoroughly("the same seed gives the same digest, another one does not", async () => {
  const digest = async (seed: number): Promise<string> => {
    const lab = threeNodes({ seed });
    await lab.advance("4s");
    return lab.digest();
  };
  const first = await digest(1);
  expect(await digest(1)).toBe(first);
  expect(await digest(2)).not.toBe(first);
});
