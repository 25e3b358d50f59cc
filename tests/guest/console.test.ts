/** What a person types at COM1 while the machine still boots. */
import { expect, test } from "vitest";
import { boot, images, PROMPT } from "../system/images.ts";

test.each(["at power-on", "while the loader runs"])("nothing that is typed %s is lost", async (when) => {
  const lab = boot({ nodes: [{ cdrom: images().iso }], gateway: false });
  const node = lab.nodes[0]!;
  if (when === "while the loader runs") await node.waitFor(/QuRe loader/);
  node.type("echo early, and whole\n");
  await node.waitFor(/:\/> echo early, and whole\nearly, and whole\n/);
  await node.waitFor(PROMPT);
  expect(node.console.text).not.toMatch(/unknown command/);
});
