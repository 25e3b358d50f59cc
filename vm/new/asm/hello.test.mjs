// The system in a machine: `qure build`, then `npm test`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { startCluster } from "qure/lab";

for (const [medium, file] of [
  ["cdrom", "build/NAME.iso"],
  ["disk", "build/NAME.img"],
])
  test(`it says hello from ${file}`, async () => {
    const [node] = startCluster({ nodes: [{ [medium]: await readFile(file) }] }).nodes;
    await node.waitFor(/Hello from NAME!/, { within: "1s" });
    assert.match(node.screen().join("\n"), /Hello from NAME!/);
  });
