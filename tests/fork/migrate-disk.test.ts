/** A kernel with a hard disk moves, and its files with it (docs/protocols/fork.md). */
import { expect, test } from "vitest";
import { inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { MoveScene } from "./migrate-scene.ts";
import { withDisks } from "./with-disks.ts";

async function givenUp(): Promise<MoveScene> {
  const lab = await inState("three members with disks, one given up with its files", async () => {
    const made = new MoveScene(await withDisks());
    await output(made.source, "echo of the source > /net/mine");
    await output(made.target, "echo of the target > /net/theirs");
    await made.target.enter("cloud fork accept --erase", /^What moves here .*$/m);
    return made.lab;
  });
  return new MoveScene(lab);
}

test("a kernel moves with its files; its old disk has none until somebody takes them", async () => {
  const s = await givenUp();
  const { source, target } = s;
  await s.move();
  expect(s.hasArrived).toBe(true);
  expect(await s.problems(0)).toEqual([]);
  expect(await outputAmong(target, "cat /net/mine")).toMatch(/^of the source$/m);
  expect(await outputAmong(target, "ls /net")).not.toMatch(/theirs/);
  expect(await outputAmong(source, "ls /net")).not.toMatch(/mine/);
});
