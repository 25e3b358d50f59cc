/**
 * A machine that runs is cloned with its memory (asm/net/renew.s): before its first frame the clone is somebody else,
 * and the one that it was cloned from notices nothing.
 */
import { expect, test } from "vitest";
import type { NicModel } from "../../emulator/board-config.ts";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { addressOf } from "../guest/cluster/agreement-scene.ts";
import { isThorough, rowsOf } from "../setup/tier.ts";
import { CloneScene, hex, isTcp } from "./clone-scene.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { output, outputAmong } from "./output.ts";

/** Two machines at their prompts, and so many that are off and have names and cards of their own. */
function atPrompts(count: number, nic: NicModel): LabCluster {
  const cdrom = images().iso;
  return boot({
    nodes: [
      { cdrom, nic, hostName: "web" },
      { cdrom, nic, hostName: "client" },
      ...Array.from({ length: count }, (_, index) => ({ cdrom, nic, off: true, hostName: `web-${index + 1}` })),
    ],
  });
}

async function members(count: number, nic: NicModel = "e1000"): Promise<CloneScene> {
  const lab = await inState(`two members, and ${count} to be clones, ${nic}`, async () => {
    const made = atPrompts(count, nic);
    for (const node of made.nodes.slice(0, 2)) await node.waitFor(/^cloud: .* peers 1\s*$/m, { within: "30s" });
    await made.advance("3s");
    return made;
  });
  return new CloneScene(lab, addressOf);
}

const oldOf = (scene: CloneScene): string[] => [
  hex(scene.lab.cluster.macAddresses[0]!),
  scene.selfOf(scene.origin).id,
  hex(parseIpv4(scene.saidBy(scene.origin)?.address ?? "255.255.255.255")),
];

test("clones of a machine that sends are others from their first frame, and it goes on sending", async () => {
  const scene = await members(isThorough ? 8 : 2);
  const { lab, origin, client, clones, sent } = scene;
  client.type("nc -l 5000 | wc &\n");
  await lab.advance("200ms");
  origin.type(`seq 200000 | nc ${scene.saidBy(client)!.address} 5000 &\n`);
  await lab.advance("250ms");
  scene.cloneAll();
  const old = oldOf(scene);
  await lab.advance("5s");
  // Not a segment of the connection that goes on.
  expect(sent.filter(({ by, frame }) => by > 1 && isTcp(frame))).toEqual([]);
  expect(sent.filter(({ by, frame }) => by === 0 && isTcp(frame)).length).toBeGreaterThan(100);
  await scene.settle();
  expect(scene.problems(old)).toEqual([]);
  expect(clones.map(({ index }) => scene.firstSelf.get(index)!.hostname)).toEqual(
    clones.map((_, index) => `web-${index + 1}`),
  );
  expect(clones.map((clone) => scene.selfOf(clone).id)).toEqual(
    clones.map(({ index }) => scene.firstSelf.get(index)!.id),
  );
  await client.waitFor(/^ 200000 +200000 +1288895$/m, { within: "60s" });
  expect(await output(origin, "wait")).toMatch(/^\[1\] ended with status 0: seq/);
});

test.each(rowsOf(["rtl8139", "virtio"] as const, 0))("a clone takes its own card into use: %s", async (nic) => {
  const scene = await members(1, nic);
  scene.cloneAll();
  const old = oldOf(scene);
  await scene.settle();
  expect(scene.problems(old)).toEqual([]);
  const [clone] = scene.clones;
  expect(await output(clone!, `ping -c 2 ${scene.saidBy(scene.client)!.address}`)).toMatch(/2 received/);
});

test.each(rowsOf([0, 40, 90, 600, 1500, 2500], 1))(
  "a clone of one that comes by its address says nothing in the old name: %i ms after its prompt",
  async (afterMs) => {
    const lab = await inState("two at their prompts, and two to be clones", async () => {
      const made = atPrompts(2, "e1000");
      for (const node of made.nodes.slice(0, 2)) await node.waitFor(PROMPT);
      return made;
    });
    const scene = new CloneScene(lab, addressOf);
    await lab.advance(`${afterMs}ms`);
    scene.cloneAll();
    const old = oldOf(scene);
    await scene.settle();
    expect(scene.problems(old)).toEqual([]);
  },
);

test("a clone has another host key for SSH, and the one that it was cloned from keeps its own", async () => {
  const scene = await members(isThorough ? 8 : 2);
  const { lab, origin, clones } = scene;
  const hostKey = async (node: LabNode): Promise<string> =>
    /SHA256:\S+/.exec(await outputAmong(node, "ssh-key host"))![0];
  const before = await hostKey(origin);
  scene.cloneAll();
  await lab.advance("5s");
  const keys = [];
  for (const node of [origin, ...clones]) keys.push(await hostKey(node));
  expect(keys[0]).toBe(before);
  expect(new Set(keys).size).toBe(keys.length);
});
