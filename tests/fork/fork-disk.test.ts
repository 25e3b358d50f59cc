/** A kernel with a hard disk becomes two, and its files with it (docs/protocols/fork.md, "Its volume"). */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { ForkScene } from "./scene.ts";
import { withDisks } from "./with-disks.ts";

async function givenUp(): Promise<ForkScene> {
  const lab = await inState("three members with disks, one given up with its files", async () => {
    const { lab, source, target } = new ForkScene(await withDisks());
    await output(source, "echo of the source > /net/mine");
    await output(target, "echo of the target > /net/theirs");
    await lab.advance("6s");
    await target.enter("cloud fork accept --erase", /^What moves here.*$/m);
    return lab;
  });
  return new ForkScene(lab);
}

const files = (node: LabNode): Promise<string> => outputAmong(node, "ls /net; cat /net/mine");

test("first", async () => {
  const s = await givenUp();
  const { source, target, lab } = s;
  await s.fork();
  console.log(source.console.text.slice(-800), "\n=====\n", target.console.text.slice(-1500));
  expect(s.isTwin).toBe(true);
  await s.settle();
  expect(await s.problems()).toEqual([]);
  console.log(await files(source), await files(target));
  console.log(await outputAmong(target, "fsck /net; cloud"));
  console.log(await outputAmong(source, "fsck /net; cloud"));
});
