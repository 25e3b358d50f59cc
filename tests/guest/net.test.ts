/** The network side's tests of itself, inside a machine: the network's and the cluster's routines are called one by one. */
import { expect, test } from "vitest";
import { buildSystem, folderTree, formatDiagnostic, type SourceTree } from "../../src/index.ts";
import { boot, CLOUD, PROMPT, root } from "../system/images.ts";

const PROGRAM = "tests/guest/net.s";

/** The sources of the system with one more in the kernel. */
function treeWith(addition: string): SourceTree {
  const tree = folderTree(root);
  const place = `asm/net/${addition.split("/").at(-1)!.replace(".s", "-test.s")}`;
  return {
    list: (folder) => (place.startsWith(`${folder}/`) ? [...tree.list(folder), place].sort() : tree.list(folder)),
    read: (path) => tree.read(path === place ? addition : path),
  };
}

test("the network's routines pass their own tests, and leave the node as they found it", async () => {
  const built = buildSystem(treeWith(PROGRAM), { version: "0.1.0", revision: 1 });
  const iso = built.files?.find(({ name }) => name === "qure.iso");
  if (!iso)
    throw new Error(built.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { colour: false })).join("\n"));
  const lab = boot({ nodes: [{ cdrom: iso.content }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  await node.enter("nettest", /nettest: (\d+) passed, (\d+) failed/);
  expect(node.console.text).not.toMatch(/^FAIL /m);
  expect(node.console.text).toMatch(/nettest: [1-9]\d* passed, 0 failed/);
  const from = node.console.text.length;
  await node.enter("cloud", /member/);
  expect(node.console.text.slice(from)).toMatch(/era 1, founded by/);
});
