/** A running kernel becomes two (docs/protocols/fork.md): `cloud fork`. */
import { describe, expect, test } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { ForkScene, joined, NODES, type Trouble } from "./scene.ts";

async function members(): Promise<ForkScene> {
  const nodes = NODES(images().iso);
  return new ForkScene(await inState("three members with a key", () => joined(boot({ nodes }))));
}

test("a kernel becomes two: with its shell, its program and without its connection, which goes on", async () => {
  const s = await members();
  const { lab, source, target, other } = s;
  await output(source, "set greeting hello");
  other.type("nc -l 5000 | wc &\n");
  await lab.advance("200ms");
  await output(source, "sleep 5 &");
  source.type(`seq 60000 | nc ${s.addressOf(other)} 5000 &\n`);
  await s.accept();
  await s.fork();
  expect(s.isTwin).toBe(true);
  await s.settle();
  expect(await s.problems()).toEqual([]);
  expect(await output(target, "echo $greeting from $hostname")).toMatch(/^hello from/m);
  await lab.advance("6s");
  for (const node of [source, target]) await output(node, "");
  for (const { console } of [source, target]) expect(console.text).toMatch(/ended with status 0: sleep 5$/m);
  await other.waitFor(/^ 60000 +60000 +348894$/m, { within: "60s" });
});

thoroughly("machines with disks keep their own: what one has written there, the other's twin does not touch", async () => {
  const content = await preparedDisk();
  const lab = await inState("three members with disks", () => {
    const nodes = NODES(images().iso).map(({ cdrom: _, ...node }) => ({
      ...node,
      disk: new SparseDisk(DISK_BYTES, { content: content.slice() }),
    }));
    return joined(boot({ nodes }));
  });
  const s = new ForkScene(lab);
  const { source, target } = s;
  for (const node of [source, target]) await output(node, "echo i am $hostname > /net/who; sync");
  source.type("sleep 3600 > /net/open &\n");
  await s.accept();
  await s.fork();
  expect(s.isTwin).toBe(true);
  await s.settle();
  expect(await s.problems()).toEqual([]);
  expect(await outputAmong(target, "cat /net/who")).toMatch(/^i am m2$/m);
  expect(await outputAmong(source, "cat /net/who")).toMatch(/^i am m1$/m);
  expect(await outputAmong(target, "ls /net")).not.toMatch(/open/);
  expect(await outputAmong(target, "fsck hda0")).toMatch(/nothing|good|no /i);
  // Its age is of its own disk: this was its second boot.
  expect(target.console.text).toMatch(/^cloud: m2 \S+ era 1 age 2 peers 2\s*$/m);
  source.reset();
  target.reset();
  await lab.advance("1s");
  await s.settle();
  expect(await outputAmong(target, "cat /net/who")).toMatch(/^i am m2$/m);
});

test.each(rowsOf(["rtl8139", "virtio"] as const, 0))("a twin takes its own card into use: %s", async (nic) => {
  const s = new ForkScene(await joined(boot({ nodes: NODES(images().iso, nic) })));
  await s.accept();
  await s.fork();
  expect(s.isTwin).toBe(true);
  await s.settle();
  expect(await s.problems()).toEqual([]);
});

test("who cannot become a twin, or has not been given up, says why", async () => {
  const s = await members();
  const { source, target, other } = s;
  expect(await output(source, "cloud fork m2")).toMatch(/type `cloud fork accept` there; this kernel goes on alone/);
  expect(await output(source, "cloud fork m1")).toMatch(/no other member has this name or address/);
  expect(await output(source, "cloud fork")).toMatch(/cloud fork NODE/);
  await s.accept();
  // A stranger.
  other.type(`echo 0123456789012345678901234567890123456789012345678901234567890123 | nc ${s.addressOf(target)} 20818\n`);
  await target.waitFor(/^fork: a source has failed: no member of this cluster has greeted; .* as it is$/m);
  target.type("\x03");
  await target.waitFor(/^fork: no member has made this machine its twin$/m);
});

const TROUBLES: readonly [Trouble, number][] = [
  ["lost", 300],
  ["source dies", 500],
  ["changed", 400],
  ["target dies", 600],
  ["doubled", 301],
  ["lost", 0],
  ["lost", 4],
  ["doubled", 0],
  ["doubled", 5],
  ["source dies", 2],
  ["source dies", 8],
  ["target dies", 3],
  ["changed", 3],
];

describe("whatever becomes of a frame, the source goes on, and there is a twin or there is none", () => {
  test.each(rowsOf(TROUBLES, 3))("%s: %i", async (trouble, at) => {
    const nodes = NODES(images().iso);
    const lab = await inState("given up", async () => {
      const made = new ForkScene(await joined(boot({ nodes })));
      await made.accept();
      return made.lab;
    });
    const s = new ForkScene(lab);
    await s.fork(trouble, at);
    expect(await s.problems()).toEqual([]);
    if (trouble === "lost" || trouble === "doubled") expect(s.isTwin).toBe(true);
    if (trouble === "changed") expect(s.isTwin).toBe(false);
  });
});
