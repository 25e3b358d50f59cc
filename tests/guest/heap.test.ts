/** What the heap says to a kernel that misuses it (command `misuse` of tests/guest/kernel.s). */
import { expect, test } from "vitest";
import { boot, inState, isoWith, PROMPT } from "../system/images.ts";

test.each([
  ["twice", "mfree: block is free already"],
  ["inside", "mfree: not an address that malloc returned"],
  ["header", "mfree: block was freed before, or its header is overwritten"],
  ["before", "heap: the header before a block is overwritten"],
  ["size", "heap: the header behind a block is overwritten"],
])("a block that is misused (%s) stops the machine with a reason", async (how, reason) => {
  const lab = await inState("prompt", async () => {
    const iso = await isoWith("tests/guest/kernel.s", "asm/kernel/kernel-test.s");
    const booted = boot({ nodes: [{ cdrom: iso }] });
    await booted.nodes[0]!.waitFor(PROMPT);
    return booted;
  });
  const node = lab.nodes[0]!;
  await node.enter(`misuse ${how}`, /system halted\n/);
  expect(node.console.text).toContain(`PANIC: ${reason}\n`);
  expect(node.console.text).toMatch(/command_misuse\+/);
});
