/** Ctrl-C while pages are on the way ends a fork or a move, and all go on (docs/protocols/fork.md). */
import { expect, test } from "vitest";
import { rowsOf } from "../setup/tier.ts";
import { boot, images, inState } from "../system/images.ts";
import { output } from "../system/output.ts";
import { joined, NODES } from "./scene.ts";

const ROWS: readonly (readonly [command: string, said: RegExp])[] = [
  ["cloud migrate m2", /^migrate: m2: Ctrl-C was typed; this kernel goes on here$/m],
  ["cloud fork m2", /^fork: m2: Ctrl-C was typed; this kernel goes on alone$/m],
  ["cloud fork m2 m3", /^fork: Ctrl-C was typed; this kernel goes on alone$/m],
];

test.each(rowsOf(ROWS, 1))("%s", async (command, said) => {
  const lab = await inState("three members with a key, two given up", async () => {
    const made = await joined(boot({ nodes: NODES(images().iso) }));
    for (const node of made.nodes.slice(1)) await node.enter("cloud fork accept", /^For a minute, .*$/m);
    return made;
  });
  const [source, target] = lab.nodes;
  source!.type(`${command}\n`);
  await target!.waitFor(/^m1 (?:sends itself|moves here)$/m);
  await lab.advance("20ms");
  source!.type("\x03");
  await source!.waitFor(said, { within: "500ms" });
  await target!.waitFor(/^fork: a source has failed: .*; this machine goes on as it is$/m);
  expect(await output(source!, "echo $?")).toMatch(/^130$/m);
  // Nothing is left of it: what was stopped is done when it is asked for again.
  source!.type("cloud fork m2\n");
  await target!.waitFor(/^I am m2, forked from m1$/m);
  expect(await output(source!, "echo $?")).toMatch(/^0$/m);
});
