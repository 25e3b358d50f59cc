// The system in a machine: `qure build`, then `npm test`.
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { startCluster } from "qure/lab";

test("it has a program and a service of its own", async () => {
  const disk = await readFile("build/NAME.img");
  const [node] = startCluster({ nodes: [{ disk }] }).nodes;
  // The services start when the volume is there, which is before the cluster is.
  await node.waitFor(/^cloud: .* era/m, { within: "60s" });
  await node.enter("greet", /Hello from NAME!/);
  await node.enter("service log greeter", /NAME is here/);
});
