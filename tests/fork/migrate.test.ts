/** A running kernel moves to another machine (docs/protocols/fork.md): `cloud migrate`. */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, inState } from "../system/images.ts";
import { output, outputAmong } from "../system/output.ts";
import { MoveScene, type MoveTrouble } from "./migrate-scene.ts";
import { joined, NODES } from "./scene.ts";
import { withDisks } from "./with-disks.ts";

const LINES = 250_000;

async function givenUp(): Promise<MoveScene> {
  const lab = await inState("three members with a key, one given up", async () => {
    const made = new MoveScene(await joined(boot({ nodes: NODES(images().iso) })));
    await made.accept();
    return made.lab;
  });
  return new MoveScene(lab);
}

test("a kernel moves with its shell and its connections, which lose nothing", async () => {
  const s = await givenUp();
  const { source, target, other } = s;
  await output(source, "set greeting hello");
  await s.talk(LINES);
  await s.move();
  expect(s.hasArrived).toBe(true);
  expect(await s.problems(LINES)).toEqual([]);
  expect(s.mostOften).toBeLessThanOrEqual(2);
  const [, , , pauseUs] = s.moved!.map(Number);
  expect(pauseUs).toBeLessThan(200_000);
  expect(await outputAmong(target, "echo $greeting")).toMatch(/^hello$/m);
  expect(await outputAmong(source, "echo -$greeting-")).toMatch(/^--$/m);
  expect(await outputAmong(other, "cloud")).toMatch(/^m1 .* member .*$/m);
});
