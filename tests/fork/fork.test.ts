/** A running kernel becomes two (docs/protocols/fork.md): `cloud fork`. */
import { expect, test } from "vitest";
import { boot, images, inState } from "../system/images.ts";
import { output } from "../system/output.ts";
import { ForkScene, joined, NODES } from "./scene.ts";

async function scene(): Promise<ForkScene> {
  const nodes = NODES(images().iso);
  return new ForkScene(await inState("three members with a key", () => joined(boot({ nodes }))));
}

test("a kernel becomes two: with its shell, its program and without its connection, which goes on", async () => {
  const s = await scene();
  const { lab, source, target, other } = s;
  await output(source, "set greeting hello");
  source.type("sleep 8 &\n");
  other.type("nc -l 5000 | wc &\n");
  await lab.advance("200ms");
  source.type(`seq 200000 | nc ${s.addressOf(other)} 5000 &\n`);
  await s.accept();
  await s.fork();
  console.log(s.became?.[0], s.transferFrames, s.transferBytes);
  console.log(source.console.text.slice(-1200));
  console.log(target.console.text.slice(-1200));
  expect(s.isTwin).toBe(true);
  await s.settle();
  console.log(target.console.text.slice(-1200));
  expect(await s.problems()).toEqual([]);
  expect(await output(target, "echo $greeting from $hostname")).toMatch(/^hello from/m);
  console.log(await output(target, "tasks"), await output(target, "mem"));
  await other.waitFor(/^ 200000 +200000 +1288895$/m, { within: "60s" });
});

test("refusals", async () => {
  const s = await scene();
  const { source, target } = s;
  expect(await output(source, "cloud fork m2")).toMatch(/type `cloud fork accept` there; this kernel goes on alone/);
  expect(await output(source, "cloud fork m1")).toMatch(/no other member has this name or address/);
  await s.accept();
  target.type("\x03");
  await target.waitFor(/no member has made this machine its twin/);
});
