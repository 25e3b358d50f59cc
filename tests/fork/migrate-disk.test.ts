/** A kernel with a hard disk moves, and its files with it (docs/protocols/fork.md). */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { many, rowsOf } from "../setup/tier.ts";
import { boot, images, inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { DiskMoveScene, type DiskTrouble, givenUpWithFiles, type Sector } from "./migrate-disk-scene.ts";
import { type MoveFrame, MoveScene } from "./migrate-scene.ts";
import { withDisks } from "./with-disks.ts";

/** They are still being sent when the kernel has arrived: to send a volume takes a second. */
const LINES = many(120_000, 600_000);
/** Two streams run at full rate. */
const PAUSE_US = 250_000;
/** Written while the kernel moves. */
const WRITTEN = many(20_000, 200_000);

async function givenUp(kind: "IDE" | "virtio" = "IDE"): Promise<MoveScene> {
  const lab = await inState(`three members with ${kind} disks, one given up with its files`, async () => {
    const { lab, source, target } = new MoveScene(await withDisks(kind));
    await output(source, "echo of the source > /net/mine");
    await output(target, "echo of the target > /net/theirs");
    await lab.advance("6s");
    await target.enter("cloud fork accept --erase", /^What moves here .*$/m);
    return lab;
  });
  return new MoveScene(lab);
}

const files = (node: LabNode): Promise<string> => outputAmong(node, "ls /net; cat /net/mine");
const MINE = /^of the source$/m;

test("a kernel moves with its shell, connections and files, also those being written; its old disk keeps an older state", async () => {
  const s = await givenUp();
  const { source, target } = s;
  await output(source, "set greeting hello");
  source.type(`seq ${WRITTEN} > /net/big &\n`);
  await s.talk(LINES);
  await s.move();
  expect(s.hasArrived).toBe(true);
  expect(s.said(s.other)).not.toMatch(new RegExp(`^ +${LINES} `, "m"));
  expect(await s.problems(LINES)).toEqual([]);
  // A loss probe and a timeout.
  expect(s.mostOften).toBeLessThanOrEqual(3);
  expect(Number(s.moved![3])).toBeLessThan(PAUSE_US);
  expect(await outputAmong(target, "echo $greeting")).toMatch(/^hello$/m);
  expect(await outputAmong(source, "echo -$greeting-")).toMatch(/^--$/m);
  expect(await outputAmong(s.other, "cloud")).toMatch(/^m1 .* member .*$/m);
  const there = await files(target);
  expect(there).toMatch(MINE);
  expect(there).not.toMatch(/theirs/);
  expect(await outputAmong(target, "wc /net/big; fsck /net")).toMatch(
    new RegExp(`^ *${WRITTEN} +${WRITTEN} .*\\n/net: no problem was found$`, "m"),
  );
  expect(await files(source)).toMatch(/^\/net\/mine: not mounted$/m);
  const again = source.console.text.split("rebooting").at(-1)!;
  expect(again).toMatch(/^cluster: .*, in memory only: hda0: its files moved to another machine, /m);
  expect(again.match(/hda0/g)).toHaveLength(1);
  expect(await outputAmong(source, "mount --accept-older hda0 /net; cat /net/mine")).toMatch(MINE);
  await s.lab.advance("5s");
  expect(await outputAmong(source, "cloud")).not.toMatch(/in memory only/);
});

thoroughly("a virtio disk moves too, and what cannot move says why", async () => {
  const s = await givenUp("virtio");
  const { source, target } = s;
  target.type("\x03");
  await s.accept();
  expect(await output(source, "cloud migrate m2")).toMatch(/^migrate: m2: it keeps its files: type .*$/m);
  expect(await output(target, "\x03cloud fork accept --other")).toMatch(/^ {2}cloud fork NODE\|any /m);
  await target.enter("cloud fork accept --erase", /^What moves here .*$/m);
  await s.move();
  expect(s.hasArrived).toBe(true);
  expect(await files(target)).toMatch(MINE);
});

/** A frame by its kind; or a write by what it writes, before which the power goes. */
const TROUBLES: readonly [DiskTrouble, MoveFrame | Sector][] = [
  ["target cut", "superblock flushed"],
  ["target dies", "live"],
  ["source dies", "gone"],
  ["source dies", "live"],
  ["target dies", "gone"],
  ["target dies", "ready"],
  ["target dies", "start"],
  ["target cut", "away"],
  ["target cut", "away flushed"],
  ["target cut", "superblock"],
  ["source cut", "away"],
  ["source cut", "away flushed"],
];

test.each(rowsOf(TROUBLES, [0, 4]))(
  "one has all of the files, also those just synchronised, when the power goes: %s: %s",
  async (trouble, at) => {
    const lab = await inState("one given up with few files", () =>
      givenUpWithFiles((nodes) => boot({ nodes }), images().iso),
    );
    const s = new DiskMoveScene(lab);
    await s.move(trouble, at);
    expect(s.scene.isDead).toBe(true);
    expect(await s.problems()).toEqual([]);
  },
);

thoroughly("Ctrl-C ends a move while its volume is on the way, and the source keeps its files", async () => {
  const { lab, source, target } = await givenUp();
  await output(source, "seq 300000 > /net/big; sync");
  source.type("cloud migrate m2\n");
  await lab.advance("300ms");
  source.type("\x03");
  await source.waitFor(/^migrate: m2: Ctrl-C was typed; this kernel goes on here$/m);
  await target.waitFor(/^fork: a source has failed: .*; this machine starts again$/m);
  expect(await files(source)).toMatch(MINE);
});
