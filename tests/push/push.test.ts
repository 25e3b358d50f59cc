/** A module that is pushed into machines that run: its service is another one, at once and after a start. */
import { expect, test } from "vitest";
import { output } from "../system/output.ts";
import { httpNamed, Scene } from "./scene.ts";

test("try", async () => {
  const s = await Scene.of(3);
  const module = httpNamed("Other");
  const from = s.lab.nowNs;
  console.log(await output(s.nodes[0]!, "service list; wget -h"));
  const t0 = performance.now();
  const outcomes = await s.push(s.nodes, module);
  console.log(outcomes, (s.lab.nowNs - from) / 1e6, performance.now() - t0, module.length);
  console.log(await output(s.nodes[0]!, "module list; module; log; ls /net/modules"));
  console.log(await s.look(s.nodes));
  expect(1).toBe(1);
});
