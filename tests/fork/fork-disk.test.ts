/** A kernel with a hard disk becomes two, and its files with it (docs/protocols/fork.md, "Its volume"). */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { ForkScene, type Trouble } from "./scene.ts";
import { withDisks } from "./with-disks.ts";

/** Written while the kernel becomes two. */
const WRITTEN = 60_000;
const WHOLE = new RegExp(`^ *${WRITTEN} +${WRITTEN} `, "m");
const MINE = /^of the source$/m;
const MEMBER = /^cloud: \S+ \S+ era \d+ age \d+ peers 2\s*$/m;
const CLEAN = /^\/net: no problem was found$/m;
const WENT_ALONG =
  /^its volume went along: (\d+) blocks sent in \d+ rounds, the last (\d+) in (\d+) us in which nobody wrote$/m;

const giveUp = (node: LabNode): Promise<unknown> =>
  node.enter("cloud fork accept --erase", /^What moves here or becomes a twin .*$/m);

async function givenUp(kind: "IDE" | "virtio" = "IDE"): Promise<ForkScene> {
  const lab = await inState(`three members with ${kind} disks, one given up for a twin with files`, async () => {
    const { lab, source, target } = new ForkScene(await withDisks(kind));
    await output(source, "echo of the source > /net/mine");
    await output(target, "echo of the target > /net/theirs");
    await lab.advance("6s");
    await giveUp(target);
    return lab;
  });
  return new ForkScene(lab);
}

const files = (node: LabNode): Promise<string> => outputAmong(node, "ls /net; cat /net/mine; fsck /net");
/** Ids by name, as a node knows its cluster. */
const idsAt = async (node: LabNode): Promise<string[]> =>
  [...(await outputAmong(node, "cloud")).matchAll(/^(m\d) +\S+ +([0-9a-f]{16}) /gm)].map(
    ([, name, id]) => `${name} ${id}`,
  );
const ageOf = ({ console }: LabNode): number =>
  Number([...console.text.matchAll(/^cloud: \S+ \S+ era \d+ age (\d+) /gm)].at(-1)![1]);

const linesAt = async (node: LabNode): Promise<number> =>
  Number(/^ *(\d+) /m.exec(await outputAmong(node, "wc /net/lines"))![1]);

/** A machine's cable carries only this much; 0 is full speed. */
function rateOf({ cluster }: LabCluster, node: number, kilobits: number): void {
  for (const way of ["in", "out"] as const) cluster.setTrouble(node, way, { ...cluster.trouble(node, way), kilobits });
}

/** Both lose their power, and what they had not flushed, and start again. */
async function cut({ lab, source, target }: ForkScene): Promise<void> {
  for (const node of [source, target]) {
    node.loseUnflushed(100);
    node.powerOff();
  }
  await lab.advance("1s");
  for (const node of [source, target]) {
    node.loseUnflushed(0);
    node.powerOn();
  }
  await lab.advance("1s");
}

thoroughly("a twin has a copy of all files, also of those being written, and both go on with their own", async () => {
  const s = await givenUp();
  const { lab, source, target } = s;
  const before = (await idsAt(source)).sort();
  const ageBefore = ageOf(target);
  source.type(`seq ${WRITTEN} > /net/big &\n`);
  // It is in the middle of a commit whenever the kernel becomes two, and when the power goes.
  await output(source, "echo 'while true; do seq 1000 >> /net/lines; sync; done' > /net/loop");
  source.type("shell /net/loop &\n");
  await lab.advance("500ms");
  // So slow that blocks are left for when nobody writes.
  rateOf(lab, 1, 10_000);
  await s.fork();
  rateOf(lab, 1, 0);
  expect(s.isTwin).toBe(true);
  const [, blocks, last, stillUs] = WENT_ALONG.exec(source.console.text)!;
  expect(Number(blocks)).toBeGreaterThan(10);
  expect(Number(last)).toBeGreaterThan(0);
  expect(Number(stillUs)).toBeLessThan(500_000);
  await s.settle();
  expect(await s.problems()).toEqual([]);
  for (const node of [source, target]) {
    await lab.until(() => /ended with status 0: seq/.test(node.console.text), "seq goes on", { within: "120s" });
    expect(await files(node)).toMatch(MINE);
    expect(await outputAmong(node, "wc /net/big; fsck /net")).toMatch(WHOLE);
    await output(node, `echo own > /net/of-m${node.index + 1}; sync`);
  }
  const lines = [await linesAt(source), await linesAt(target)];
  await lab.advance("1s");
  // The other's files are gone, and its own age, above which its node goes on.
  expect(await files(target)).not.toMatch(/theirs/);
  expect(ageOf(target)).toBeGreaterThan(ageBefore);
  await cut(s);
  await s.settle();
  expect((await idsAt(source)).sort()).toEqual(before);
  expect(ageOf(target)).toBeGreaterThan(ageBefore + 1);
  for (const [node, own, others] of [
    [source, "of-m1", "of-m2"],
    [target, "of-m2", "of-m1"],
  ] as const) {
    const there = await files(node);
    expect(there).toMatch(MINE);
    expect(there).toMatch(CLEAN);
    expect(there).toContain(own);
    expect(there).not.toContain(others);
    expect(await outputAmong(node, "wc /net/big")).toMatch(WHOLE);
    expect(await linesAt(node)).toBeGreaterThan(lines[node.index]!);
  }
});

/** Frames of the transfer: the greeting and a description come first, some 40 of the volume, then memory. */
const TROUBLES: readonly [Trouble, number][] = [
  ["target dies", 30],
  ["source dies", 30],
  ["lost", 30],
  ["target dies", 5],
  ["target dies", 12],
  ["target dies", 60],
  ["target dies", 400],
  ["changed", 30],
  ["doubled", 20],
  ["source dies", 300],
];

describe("whatever becomes of a frame, the source keeps its files, and the target has all of them or none", () => {
  test.each(rowsOf(TROUBLES, 1))("%s: %i", async (trouble, at) => {
    const s = await givenUp();
    const { lab, source, target, other } = s;
    source.type(`seq ${WRITTEN} > /net/big &\n`);
    await lab.advance("500ms");
    await s.fork(trouble, at);
    if (trouble === "lost" || trouble === "doubled") expect(s.isTwin).toBe(true);
    for (const node of [source, target]) if (node.isOff) node.powerOn();
    await lab.until(
      () => [source, target, other].every(({ console }) => MEMBER.test(console.text)),
      "not all are members",
      { within: "60s" },
    );
    await lab.advance("20s");
    for (const node of [source, target, other]) expect(node.console.text).not.toMatch(/PANIC|page fault/);
    const there = await files(source);
    expect(there).toMatch(MINE);
    expect(there).toMatch(CLEAN);
    const at2 = await outputAmong(target, "ls /net; cat /net/mine; fsck /net; mount");
    if (MINE.test(at2) || /theirs/.test(at2)) expect(at2).toMatch(CLEAN);
    else expect(at2).toMatch(/not mounted/);
    if (s.isTwin) expect(at2).toMatch(MINE);
    expect(new Set((await idsAt(other)).map((one) => one.slice(3))).size).toBe(3);
  });
});

test("what cannot go along is refused with the reason, and nothing is erased", async () => {
  const s = await givenUp();
  const { source, target } = s;
  await output(source, "umount -f /net");
  await source.enter("fdisk hda mbr 20 rest", /Type 'Yes' if so: $/);
  await source.enter("Yes", /Type 'Yes' if so: $/);
  await output(source, "Yes");
  // Blocks of the old volume may be where the partition begins.
  await source.enter("mkfs -t oofs hda0", /Type 'Yes' if so: $|\/> $/);
  await output(source, "Yes");
  await output(source, "mount hda0 /net");
  await s.fork();
  expect(s.isAlone).toBe(true);
  expect(source.console.text).toMatch(/^fork: m2: it has not the same partitions as this machine, .* goes on alone$/m);
  await output(source, "mkfs -t oofs hda1; mount hda1 /two");
  await s.fork();
  expect(source.console.text).toMatch(/^fork: m2: two volumes are mounted, and one can move: .* goes on alone$/m);
  target.type("\x03");
  expect(await s.problems()).toEqual([]);
  expect(await outputAmong(target, "cat /net/theirs; fsck /net")).toMatch(
    /^of the target\n[\s\S]*no problem was found$/m,
  );
});

thoroughly(
  "a virtio disk goes along too; a target that keeps its files, or a source without any, changes none",
  async () => {
    const s = await givenUp("virtio");
    const { source, target } = s;
    await output(source, "umount -f /net");
    await s.fork();
    expect(s.isTwin).toBe(true);
    expect(source.console.text).not.toMatch(WENT_ALONG);
    await s.settle();
    expect(await outputAmong(target, "cat /net/theirs")).toMatch(/^of the target$/m);
    await output(source, "mount vda0 /net");
    await giveUp(target);
    await s.fork();
    expect(source.console.text).toMatch(WENT_ALONG);
    await s.settle();
    expect(await files(target)).toMatch(MINE);
  },
);
