/** What a person does to a cluster at a console: `cloud` and its actions, names, and networks without a DHCP server. */
import { describe, expect, test } from "vitest";
import { SERVICE } from "../../bench/network/service-client.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { blankDisk, SparseDisk } from "../../src/index.ts";
import { nodeId } from "../../src/wire/cluster.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { asMember } from "./booted.ts";
import { withService } from "./cluster-service.ts";
import { boot, CLOUD, DISK_BYTES, images, inState, PROMPT } from "./images.ts";
import { outputAmong } from "./output.ts";

interface Status {
  readonly name: string;
  readonly address: string;
  readonly era: number;
  readonly age: number;
  readonly peers: number;
}

function status(node: LabNode): Status | null {
  const match = CLOUD.exec(
    node.console.text
      .split("\n")
      .filter((line) => CLOUD.test(line))
      .at(-1) ?? "",
  );
  return (
    match && {
      name: match[1]!,
      address: match[2]!,
      era: Number(match[3]),
      age: Number(match[4]),
      peers: Number(match[5]),
    }
  );
}

/** Nodes that booted from CD, without disks, and agree. */
function cluster(count: number, options: { gateway?: boolean; seed?: number } = {}): Promise<LabCluster> {
  return inState(`${count} ${JSON.stringify(options)}`, () => newCluster(count, options));
}

async function newCluster(count: number, options: { gateway?: boolean; seed?: number }): Promise<LabCluster> {
  const lab = boot({ ...options, nodes: Array.from({ length: count }, () => ({ cdrom: images().iso })) });
  await lab.until(
    () =>
      lab.nodes.every((node) => status(node)?.peers === count - 1 && status(node)!.era === status(lab.nodes[0]!)!.era),
    "no cluster",
    { within: "60s" },
  );
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  return lab;
}

thoroughly("cloud shows the members, cloud get what they agreed on, cloud address who holds what", async () => {
  const lab = await withService(3);
  await lab.advance("2s");
  const ids = lab.nodes.map(({ index }) => nodeId(lab.cluster.macAddresses[index]!));
  const showing: string[] = [];
  for (const node of lab.nodes) {
    const [cluster, era, kept, head, ...rows] = (await outputAmong(node, "cloud")).trim().split("\n");
    expect(cluster).toMatch(/^cluster seed-1, with a key; \d packets? (?:was|were) refused$/);
    expect(era).toMatch(/^era 1, founded by [0-9a-f]{16}, here since age 1; 2 other nodes are alive$/);
    expect(ids).toContain(era!.slice(18, 34));
    expect(kept).toBe("in memory only: hda0: no such device");
    expect(head).toBe("NODE            ADDRESS         ID                ERA  AGE REV STATE   SEEN");
    expect(rows.map((row) => row.replace(/ (?:1\.[0-4]|0\.\d) s$/, " lately")).sort()).toEqual(
      lab.nodes.map(
        ({ name, index }) =>
          `${name}          10.0.2.${15 + index}       ${ids[index]}    1    1 1000 member  ${name === node.name ? "here" : "lately"}`,
      ),
    );
    showing.push((await outputAmong(node, "cloud address")).trim());
    const [value, change] = (await outputAmong(node, "cloud get")).trim().split("\n");
    expect(value).toBe(`address.${SERVICE} 255.255.255.0`);
    // By id: none has a disk, so all three agree.
    const voters = [0, 1, 2].sort((a, b) => (ids[a]! < ids[b]! ? -1 : 1)).map((index) => `qure-${index + 1}`);
    expect(change).toBe(`change 1; the next is agreed on by a majority of 3 members: ${voters.join(" ")}`);
  }
  const holder = showing.indexOf(`${SERVICE} mask 255.255.255.0 held here`);
  expect(showing.filter((_, index) => index !== holder)).toEqual(
    Array.from({ length: 2 }, () => `${SERVICE} mask 255.255.255.0 held by qure-${holder + 1}`),
  );
});

test("cloud status says how long ago somebody was heard who is offline, on every member", async () => {
  const lab = await cluster(3);
  const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
  third.powerOff();
  await lab.advance("5s");
  for (const node of [first, second]) {
    const [, seconds] = await node.enter("cloud status", /^qure-3 .* offline +(\d+\.\d) s$/m);
    expect(Number(seconds)).toBeGreaterThan(4);
    expect(Number(seconds)).toBeLessThan(6);
    await node.waitFor(PROMPT);
  }
});

describe("cloud reboot", () => {
  thoroughly("is refused unless the target's user allows it", async () => {
    const {
      nodes: [first, second],
    } = (await cluster(2)) as { nodes: readonly [LabNode, LabNode] } & LabCluster;
    await first.enter("cloud reboot qure-2", /refuse/);
    await second.waitFor(/refused to reboot for qure-1/);
    await second.enter("set cloud.reboot no", PROMPT);
    await first.enter("cloud reboot qure-2", /refuse/);
    expect(second.console.text.match(/QuRe loader/g)).toHaveLength(1);
  });

  thoroughly(
    "reboots a target that allows it, by name or by address, and the others see it go and come back",
    async () => {
      const lab = await cluster(2);
      const [first, second] = lab.nodes as [LabNode, LabNode];
      for (const target of [status(second)!.name, status(second)!.address]) {
        await second.enter("set cloud.reboot yes", PROMPT);
        first.type(`cloud reboot ${target}\n`);
        await second.waitFor(/rebooting, as qure-1 \S+ asked/);
        await second.waitFor(/QuRe loader/);
        await first.waitFor(/^cloud: .* peers 0$/m);
        await first.waitFor(/^cloud: .* peers 1$/m, { within: "30s" });
        await second.waitFor(/^cloud: .* era 1 age 1 peers 1$/m);
        await second.waitFor(PROMPT);
      }
    },
  );

  thoroughly("of all ends with the first that does not come back, and says which that is", async () => {
    const [first, second] = (await cluster(2)).nodes as [LabNode, LabNode];
    await second.enter("set cloud.reboot yes", PROMPT);
    first.type("cloud reboot all || echo bad\n");
    await second.waitFor(/rebooting, as qure-1 \S+ asked/);
    second.powerOff();
    await first.waitFor(/^cluster: qure-2 does not come back; the others stay as they are\nbad$/m, { within: "61s" });
  });

  test.each(rowsOf(["nobody", "10.0.2.77", "qure-1"], 1))("knows that %s is no other node", async (target) => {
    const {
      nodes: [first],
    } = await cluster(1);
    await first!.enter(
      `cloud reboot ${target}`,
      new RegExp(`no other node that is alive has the name or address ${target}`),
    );
  });
});

thoroughly(
  "cloud stop makes a node silent and says so to the others; cloud start brings it back, in the same era",
  async () => {
    const lab = await cluster(3);
    const [first, second, third] = lab.nodes as [LabNode, LabNode, LabNode];
    await second.enter("cloud stop", PROMPT);
    for (const other of [first, third]) await other.waitFor(/^cloud: .* peers 1$/m, { within: "1s" });
    await first.enter("cloud", /^qure-2 .* left /m);
    await second.enter("cloud", /stopped: this node is silent/);
    await second.enter("cloud join 0123-4567-89ab-cdef", /this node is stopped, and asks nobody \(cloud start\)/);
    await lab.advance("10s");
    await second.enter("cloud start", PROMPT);
    for (const other of [first, third]) await other.waitFor(/^cloud: .* era 1 age 1 peers 2$/m, { within: "5s" });
    expect(status(second)).toMatchObject({ era: 1, age: 1, peers: 2 });
  },
);

thoroughly("cloud init takes a disk that was prepared a moment ago into use without a reboot", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso, disk: blankDisk(DISK_BYTES) }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "20s" });
  await node.enter("cloud init", /in memory only: hda0: no such device/);
  for (const [line, answer] of [
    ["fdisk hda init", /if so: $/],
    ["Yes", /really sure.*if so: $/],
    ["Yes", PROMPT],
    ["mkfs -t oofs hda0", PROMPT],
  ] as const)
    await node.enter(line, answer);
  await node.enter("cloud init", /age 1, on disk/);
  await node.enter("ls /net", /class_fs_oofs|cluster_node/);
  await node.enter("cloud", /era 1, founded by/);
  node.type("reboot\n");
  await node.waitFor(/^cloud: \S+ \S+ era 2 age 2 peers 0$/m, { within: "30s" });
});

/** A node whose object is on hda0, and that has an empty OOFS on hda1 too. */
async function nodeWithTwoVolumes(): Promise<LabCluster> {
  const disk = new SparseDisk(DISK_BYTES);
  const table = new Uint8Array(512);
  const view = new DataView(table.buffer);
  for (const [index, lba] of [16384, 32768].entries()) {
    view.setUint8(446 + 16 * index + 4, 0x99);
    view.setUint32(446 + 16 * index + 8, lba, true);
    view.setUint32(446 + 16 * index + 12, 8192, true);
  }
  view.setUint16(510, 0xaa55, true);
  disk.write(0, table);
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "20s" });
  for (const volume of ["hda0", "hda1"]) await node.enter(`mkfs -t oofs ${volume}`, /now holds an empty oofs/);
  await node.enter("cloud init", /age 1, on disk/);
  await node.waitFor(PROMPT);
  return lab;
}

describe("the volume of cluster_node", () => {
  test("is not unmounted while the daemon uses it", async () => {
    const node = (await inState("two volumes", nodeWithTwoVolumes)).nodes[0]!;
    await node.enter("umount /net", /^Cannot unmount \/net: cloud uses it\. umount -f takes it away\.$/m);
    await node.enter("mount", /^hda0 on \/net, class_fs_oofs/m);
    await node.enter("handles", /mount in use +cloud\n/);
  });

  thoroughly("when it is taken away, is not mistaken for the one that is mounted next", async () => {
    const node = (await inState("two volumes", nodeWithTwoVolumes)).nodes[0]!;
    await node.enter("umount -f /net", PROMPT);
    await node.enter("mount hda1 /other", PROMPT);
    await node.enter("cloud", /in memory only: hda0: it was taken away/);
    await node.enter("hostname other-name; cloud set colour blue; sleep 1000", PROMPT);
    await node.enter("ls /other", PROMPT);
    expect(node.console.text.slice(node.console.text.lastIndexOf("ls /other"))).not.toContain("cluster_node");
    // It comes back by itself, and with it what was changed meanwhile.
    await node.enter("mount hda0 /net", /age 1, on disk/);
    await node.enter("sleep 1000; umount /net", /cloud uses it/);
    await node.enter("cloud | grep memory || echo kept", /^kept$/m);
    await node.enter("sync; reboot", /^cloud: other-name \S+ era 2 age 2 peers 0$/m, { within: "30s" });
    await node.enter("cloud get colour", /^blue$/m);
  });

  thoroughly("is made what it was by a snapshot while the cluster is stopped, which is said", async () => {
    const node = (await inState("two volumes", nodeWithTwoVolumes)).nodes[0]!;
    await node.enter("echo before > /net/file; snapshot create /net s; echo after > /net/file", PROMPT);
    await node.enter(
      "snapshot restore /net s",
      /^\/net: cloud uses it; end that first\ncloud is the cluster: service stop/m,
    );
    await node.enter("service stop cluster", PROMPT);
    await node.enter("snapshot restore /net s && cat /net/file", /^before$/m);
    await node.enter("service start cluster", /age 1, on disk/);
  });

  thoroughly("gets the history that the node knows, when an empty one takes the place of what was used", async () => {
    const lab = await inState("two volumes", nodeWithTwoVolumes);
    const node = lab.nodes[0]!;
    await node.enter("cloud events -f", /1\.1 +\S+ founded the era/);
    node.type("\x03");
    await node.waitFor(PROMPT);
    await lab.advance("1s");
    await node.enter("ls /net", /^cluster_history +\d+ /m);
    await node.enter("umount -f /net", PROMPT);
    await node.enter("mkfs -t oofs hda0", /Type 'Yes' if so: $/);
    await node.enter("Yes", /now holds an empty oofs/);
    await node.enter("cloud init", /age 1, on disk/);
    await lab.advance("1s");
    await node.enter("ls /net", /^cluster_history +\d+ /m);
  });

  thoroughly("is free when the daemon has ended, and so is its port", async () => {
    const node = (await inState("two volumes", nodeWithTwoVolumes)).nodes[0]!;
    await node.enter("service stop cluster", PROMPT);
    await node.enter("umount /net", PROMPT);
    await node.enter("mount", /Nothing is mounted/);
    await node.enter("handles", PROMPT);
    expect(node.console.text.slice(node.console.text.lastIndexOf("handle "))).not.toContain("cloud");
    await node.enter("kill cloud", /there is no task cloud/);
    node.type("reboot\n");
    await node.waitFor(/^cloud: \S+ \S+ era 2 age 2 peers 0$/m, { within: "30s" });
  });
});

test("a command says what it was asked for and nothing else, and whether it went well", async () => {
  const lab = await cluster(2);
  const node = lab.nodes[0]!;
  expect(await outputAmong(node, "cloud set colour red && cloud get colour && echo good")).toBe(
    "colour is set.\nred\ngood\n",
  );
  expect(await outputAmong(node, "cloud get shape || echo bad")).toMatch(/^cluster: [^\n]*shape[^\n]*\nbad\n$/);
  expect(await outputAmong(node, "cloud wonder || echo bad")).toMatch(/^cluster: there is no cloud wonder; .*\nbad\n$/);
});

test("the daemon begins anew when one of its tasks is ended: without it, it would go on as half of what it is", async () => {
  const lab = await cluster(2);
  const node = lab.nodes[0]!;
  for (const task of ["cloud keep", "cloud address"]) {
    await node.enter(`kill "${task}"`, /one of the daemon's tasks was ended; so does the daemon/);
    await node.waitFor(/^cloud: \S+ \S+ era 1 age \d+ peers 1$/m, { within: "10s" });
    expect(await outputAmong(node, "ps")).toContain(task);
  }
});

test("cloud register sends a hello that the others answer", async () => {
  const lab = await cluster(2);
  const before = lab.cluster.network.frames;
  await lab.nodes[0]!.enter("cloud register", PROMPT);
  await lab.advance("5ms");
  expect(lab.cluster.network.frames).toBeGreaterThan(before);
  await lab.nodes[0]!.enter("cloud", /^qure-2 .* member +0\.0 s$/m);
});

thoroughly(
  "without a DHCP server the nodes take different link-local addresses, and still become one cluster",
  async () => {
    const lab = await cluster(3, { gateway: false });
    const statuses = lab.nodes.map((node) => status(node)!);
    expect(new Set(statuses.map(({ address }) => address)).size).toBe(3);
    expect(new Set(statuses.map(({ name }) => name)).size).toBe(3);
    for (const { address, era, age } of statuses) {
      expect(address).toMatch(/^169\.254\./);
      expect([era, age]).toEqual([1, 1]);
    }
  },
);

describeThoroughly("a founder", () => {
  test.each([
    [5, 11],
    [10, 12],
  ])("is one for %i nodes", async (count, seed) => {
    const lab = await cluster(count, { seed });
    await lab.nodes[0]!.enter("cloud", new RegExp(`era 1, .*; ${count - 1} other nodes are alive`));
  });
});

test("the prompt that waits shows the name that came over the network meanwhile", async () => {
  const lab = boot({ nodes: [{ name: "box-7", cdrom: images().iso }] });
  const node = lab.nodes[0]!;
  await node.waitFor(/^qure:\/> $/m);
  node.type("echo he");
  await node.waitFor(CLOUD, { within: "20s" });
  await lab.advance("10ms");
  expect(
    node
      .screen()
      .filter((line) => line !== "")
      .at(-1),
  ).toBe("box-7:/> echo he");
  await node.enter("llo", /^hello$/m);
});

test("a node without a disk says so, and takes nothing that it has not for damaged", async () => {
  const [node] = (await asMember()).nodes;
  expect(node!.console.text).toMatch(/^cluster: node \S+ age 1, in memory only: hda0: no such device$/m);
  expect(node!.console.text).not.toMatch(/damaged/);
});

test("a daemon whose socket is gone says so, and is started again", async () => {
  const [node] = (await asMember()).nodes;
  node!.machine.memory.dma.write(addressOf("cluster_socket"), new Uint8Array(4));
  await node!.waitFor(/^cluster: the daemon ends: what it used was taken away$/m, { within: "1s" });
  await node!.waitFor(/^cloud: \S+ \S+ era 2 age 1 peers 0$/m, { within: "5s" });
});

test("a machine without a network card that the kernel knows says what is missing", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso, nic: "pcnet" }] });
  const [node] = lab.nodes;
  await node!.waitFor(PROMPT);
  expect(await outputAmong(node!, "cloud || echo bad")).toBe("cluster: there is no network card\nbad\n");
});
