/**
 * The heap inside a machine (heap.s, heap-storm.s): what it takes, gives back, and says to a kernel that misuses it.
 */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { boot, inState, isoWith, isoWithGuests, PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";

const HEAP = "tests/guest/heap.s";

async function atPrompt(source = HEAP, ramBytes = 32 << 20): Promise<LabNode> {
  const lab = await inState(`prompt, ${source}, ${ramBytes}`, async () => {
    const iso = await (source === HEAP ? isoWithGuests() : isoWith(source, "asm/kernel/heap-test.s"));
    const booted = boot({ nodes: [{ cdrom: iso, ramBytes }] });
    await booted.nodes[0]!.waitFor(PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

thoroughly(
  "blocks take what they should, what is freed is one piece again, and the heap grows by what it needs",
  async () => {
    const node = await atPrompt();
    await node.enter("mem check", /heap: [1-9]\d+ blocks, all headers agree/);
    await node.waitFor(PROMPT);
    expect((await node.enter("heaptest", /heaptest: (.*)\n/))[1]).toBe("passed");
  },
);

thoroughly("what tasks have asked of a small machine is there for programs when it was freed", async () => {
  const node = await atPrompt(HEAP, 16 << 20);
  await node.enter("heaptest", /heaptest: passed\n/);
  expect(await output(node, "primes 1000")).toBe("168\n");
  expect(await output(node, "heaptest")).toBe("heaptest: passed\n");
});

const storm = casesOf("guest/heap");

thoroughly(`random operations leave the heap as it was: ${storm.title}`, { timeout: 3_600_000 }, async () => {
  const node = await atPrompt("tests/guest/heap-storm.s");
  await node.enter("service stop network", PROMPT);
  await node.enter(`heapstorm ${storm.count} ${storm.firstSeed}`, /heapstorm: .*\n/, { within: "3600s" });
  expect(node.console.text, storm.repeat()).toMatch(/heapstorm: passed\n/);
});

test.each(
  rowsOf(
    [
      ["twice", "mfree: block is free already"],
      ["inside", "mfree: not an address that malloc returned"],
      ["header", "mfree: block was freed before, or its header is overwritten"],
      ["before", "heap: the header before a block is overwritten"],
      ["next", "heap: the header after a block is overwritten"],
      ["free", "heap: the header after a block is overwritten"],
      ["size", "heap: the header after a block is overwritten"],
    ],
    1,
  ),
)("a block that is misused (%s) stops the machine with a reason", async (how, reason) => {
  const node = await atPrompt();
  await node.enter(`misuse ${how}`, /system halted\n/);
  expect(node.console.text).toContain(`PANIC: ${reason}\n`);
  expect(node.console.text).toMatch(/command_misuse\+/);
});
