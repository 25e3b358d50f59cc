/** A program goes on at another member (docs/protocols/job.md): `cloud job move`. */
import { expect, test } from "vitest";
import { boot, images, inState } from "../system/images.ts";
import { output } from "../system/output.ts";
import { joined, NODES } from "./scene.ts";

const members = () => inState("three members with a key", () => joined(boot({ nodes: NODES(images().iso) })));

test("a program that counts goes on with its count at another member", async () => {
  const lab = await members();
  const [source, target] = lab.nodes;
  source!.type("counter 100 &\n");
  await source!.waitFor(/^counter: 7$/m);
  console.log(await output(source!, "cloud job move counter m2"));
  await lab.advance("2s");
  console.log(source!.console.text.slice(-1500));
  console.log(target!.console.text.slice(-1500));
  console.log(await output(target!, "ps"));
  expect(target!.console.text).toMatch(/^counter: 8$/m);
});
