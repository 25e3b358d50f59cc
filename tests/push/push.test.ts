/** A module that is pushed into machines that run: its service is another one, at once and after a start. */
import { expect, test } from "vitest";
import { output } from "../system/output.ts";
import { httpNamed, Scene } from "./scene.ts";

test("try", async () => {
  const s = await Scene.of(3);
  const module = httpNamed("Other");
  const from = s.lab.nowNs;
  const t0 = performance.now();
  const outcomes = await s.push(s.nodes, module);
  console.log(outcomes, (s.lab.nowNs - from) / 1e6, performance.now() - t0, module.length);
  console.log(
    await output(s.nodes[0]!, "module list; module; log; ls /net/modules; service list; service status http"),
  );
  console.log(await output(s.nodes[0]!, "wget http://127.0.0.1/status"));
  await s.reboot(...s.nodes);
  console.log(
    await output(s.nodes[0]!, "module list; module; log; ls /net/modules; service list; service status http"),
  );
  console.log(JSON.stringify(await s.look(s.nodes)));
  console.log(await s.undo(s.nodes));
  console.log(
    await output(s.nodes[0]!, "module list; module; log; ls /net/modules; service list; service status http"),
  );
});
