/** What a node remembers and counts when cables are out, disks are older, buttons are pressed, and months pass. */
import { expect, test } from "vitest";
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { type LabCluster, type LabNode, readElf, SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { isThorough } from "../setup/tier.ts";
import { boot, CLOUD, images, inState, PROMPT } from "./images.ts";

interface Status {
  readonly era: number;
  readonly age: number;
  readonly peers: number;
}

/** What a node's console said last about the cluster. */
function status(node: LabNode): Status | null {
  const line = node.console.text.split("\n").findLast((text) => CLOUD.test(text));
  const match = line === undefined ? null : CLOUD.exec(line);
  return match && { era: Number(match[3]), age: Number(match[4]), peers: Number(match[5]) };
}

/** Nodes with prepared disks, agreed in era 1. */
async function cluster(count: number): Promise<LabCluster> {
  return inState(`${count} with disks`, async () => {
    const content = await preparedDisk();
    const lab = boot({
      nodes: Array.from({ length: count }, () => ({
        disk: new SparseDisk(DISK_BYTES, { content: content.slice() }),
      })),
    });
    await lab.until(() => lab.nodes.every((node) => status(node)?.peers === count - 1), "they did not agree");
    for (const node of lab.nodes) await node.waitFor(PROMPT);
    return lab;
  });
}

/** Lets a node boot once more, and waits for what it says of the cluster then. */
async function again(lab: LabCluster, node: LabNode): Promise<Status> {
  node.powerOff();
  node.powerOn();
  const from = node.console.text.length;
  await lab.until(() => {
    const text = node.console.text.slice(from);
    return CLOUD.test(text);
  }, "the node said nothing of the cluster");
  return status(node)!;
}

describeThoroughly("the era", () => {
  test("of a living cluster is not lifted by a member that reboots alone, however often", async () => {
    const lab = await cluster(3);
    const third = lab.nodes[2]!;
    third.cut();
    const last = isThorough ? 6 : 3;
    for (let boots = 2; boots <= last; boots++)
      expect(await again(lab, third)).toMatchObject({ era: 2, age: boots, peers: 0 });
    await third.enter("cloud", /^alone: the others may still live in the last era/m);
    third.connect();
    await lab.until(
      () => lab.nodes.every((node) => status(node)!.era === 1 && status(node)!.peers === 2),
      "they did not meet in era 1",
    );
    expect(status(third)!.age).toBe(last);
  });

  test("that a member founded alone counts when another joins it", async () => {
    const lab = await cluster(2);
    const [first, second] = lab.nodes as [LabNode, LabNode];
    first.powerOff();
    second.powerOff();
    second.powerOn();
    await lab.until(() => status(second)!.age === 2, "the second node does not live alone");
    expect(status(second)!.era).toBe(2);
    first.powerOn();
    await lab.until(() => lab.nodes.every((node) => status(node)!.age === 2 && status(node)!.peers === 1), "no pair");
    expect(lab.nodes.map((node) => status(node)!.era)).toEqual([2, 2]);
    for (const node of lab.nodes) node.powerOff();
    expect(await again(lab, second)).toMatchObject({ era: 3, age: 3 });
  });
});

thoroughly(
  "a node with an older copy of its disk goes on above the age that the cluster knows, and says so",
  async () => {
    const lab = await cluster(2);
    const second = lab.nodes[1]!;
    second.powerOff();
    const disk = second.disk as SparseDisk;
    const older = disk.content();
    for (let boots = 2; boots <= 3; boots++) expect((await again(lab, second)).age).toBe(boots);
    second.powerOff();
    disk.write(0, older);
    expect((await again(lab, second)).age).toBe(4);
    expect(second.console.text).toMatch(
      /this disk is an older copy: the cluster knows later boots, and this node goes on at age 4/,
    );
    expect((await again(lab, second)).age).toBe(5);
  },
);

thoroughly("a service that is started again is no boot, and nobody takes its disk for an older copy", async () => {
  const lab = await cluster(2);
  const second = lab.nodes[1]!;
  await second.enter("service stop cluster", PROMPT);
  await lab.advance("2s");
  second.type("service start cluster\n");
  await second.waitFor(/ joining age 1$/m);
  await second.waitFor(/ era 1 age 1 peers 1$/m);
  await lab.advance("2s");
  expect(status(second)!.age).toBe(1);
  expect(second.console.text).not.toMatch(/older copy/);
});

describeThoroughly("a disk that takes a second for each access", () => {
  // An access takes 100 us at a factor of 1.
  const SLOW = 10_000;

  test("does not make its node suspected while it saves a name", async () => {
    const lab = await cluster(3);
    const third = lab.nodes[2]!;
    third.slowDisk(SLOW);
    const from = lab.nodes.map(({ console }) => console.text.length);
    await third.enter("hostname tortoise", PROMPT);
    await lab.advance("60s");
    for (const [index, node] of lab.nodes.entries())
      expect(node.console.text.slice(from[index]!)).not.toMatch(/peers [01]$/m);
    await lab.nodes[0]!.enter("cloud", /^tortoise .* member /m);
    third.powerOff();
    third.slowDisk(1);
    await again(lab, third);
    expect(third.console.text.split("\n").findLast((line) => CLOUD.test(line))).toMatch(/^cloud: tortoise /);
  });

  test("holds an era before its node says that it lives there", async () => {
    const lab = await cluster(2);
    const second = lab.nodes[1]!;
    for (const node of lab.nodes) node.powerOff();
    for (const node of lab.nodes) node.powerOn();
    await second.waitFor(/cluster: node \S+ era 1, age 2, on disk/);
    second.slowDisk(SLOW / 10);
    await second.waitFor(/^cloud: .* era 2 age 2 peers 1$/m, { within: "60s" });
    for (const node of lab.nodes) node.powerOff();
    second.slowDisk(1);
    second.powerOn();
    await second.waitFor(/cluster: node \S+ era 2, age 3, on disk/);
  });
});

thoroughly("a member that says bye stays gone: nobody sees it come back for a moment", async () => {
  const lab = await cluster(3);
  const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
  const from = [first, second].map((node) => node.console.text.length);
  third.type("shutdown\n");
  await lab.advance("6s");
  for (const [index, node] of [first, second].entries()) {
    const lines = node.console.text.slice(from[index]!).match(/peers \d+/g);
    expect(lines).toEqual(["peers 1"]);
  }
});

thoroughly("the power button says bye and switches off", async () => {
  const lab = await cluster(2);
  const [first, second] = lab.nodes as [LabNode, LabNode];
  second.pressPowerButton();
  await first.waitFor(/^cloud: .* peers 0$/m, { within: "200ms" });
  await lab.until(() => second.isOff, "it is still on", { within: "2s" });
  await first.enter("cloud", /^qure-2 .* left /m);
});

thoroughly("all nodes reboot on request, each when the one before is a member again", async () => {
  const lab = await cluster(3);
  const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
  for (const node of [second, third]) await node.enter("set cloud.reboot yes", PROMPT);
  const from = lab.nodes.map(({ console }) => console.text.length);
  first.type("cloud reboot all\n");
  const peers: number[] = [];
  await lab.until(() => {
    const seen = [second, third].filter((node) =>
      /QuRe loader/.test(node.console.text.slice(from[node.index]!)),
    ).length;
    if (seen === 1) peers.push(status(first)!.peers);
    return /now this node[\s\S]*QuRe loader/.test(first.console.text.slice(from[0]!));
  }, "they did not all reboot");
  // While one was away the others stayed: the cluster goes on.
  expect(Math.min(...peers)).toBe(1);
  await lab.until(
    () => lab.nodes.every((node) => status(node)?.age === 2 && status(node)!.peers === 2),
    "they did not meet",
  );
  expect(lab.nodes.map((node) => status(node)!.era)).toEqual([1, 1, 1]);
  expect(first.console.text).toMatch(
    /^qure-\d reboots[\s\S]*^qure-\d is back[\s\S]*^qure-\d reboots[\s\S]*^qure-\d is back/m,
  );
});

thoroughly("cloud.reboot is kept from one boot to the next", async () => {
  const lab = await cluster(2);
  const [first, second] = lab.nodes as [LabNode, LabNode];
  await second.enter("set cloud.reboot yes", PROMPT);
  await lab.advance("2s");
  await again(lab, second);
  await second.waitFor(PROMPT);
  await lab.advance("2s");
  first.type("cloud reboot qure-2\n");
  await second.waitFor(/rebooting, as qure-1 \S+ asked/);
});

test("lines about the cluster go on after months without any", async () => {
  const lab = await cluster(2);
  const [first, second] = lab.nodes as [LabNode, LabNode];
  const found = readElf(images().kernelElf, "kernel.elf").symbols.find(({ name }) => name === "view_time")!;
  const bytes = new Uint8Array(4);
  // The last line was 26 days ago: more than 2^31 ms.
  new DataView(bytes.buffer).setUint32(0, (lab.nowNs / 1e6 - 26 * 86_400_000) >>> 0, true);
  first.machine.memory.dma.write(found.value - KERNEL_SPACE, bytes);
  second.type("cloud stop\n");
  await first.waitFor(/^cloud: .* peers 0$/m, { within: "2s" });
});
