/** The kernel's routines inside a machine, called by tests in assembly at the edges of what they take. */
import { expect, test } from "vitest";
import type { LabCluster } from "../../src/index.ts";
import { boot, inState, isoWith, PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";

/** Handlers of interrupts that the kernel has room for. */
const HANDLERS = 32;
const ERROR_TABLE_FULL = 19;
const ERROR_INVALID = 4;

async function bootTo(cdrom: Uint8Array): Promise<LabCluster> {
  const lab = boot({ nodes: [{ cdrom }], gateway: false });
  await lab.nodes[0]!.waitFor(PROMPT);
  await lab.advance("100ms");
  await lab.nodes[0]!.enter("service stop network", PROMPT); // it opens handles when it likes
  return lab;
}

/** What is tested, by which source, with which command. */
const PARTS: readonly (readonly [name: string, source: string, command: string])[] = [
  ["services", "tests/guest/programs/kernel.s", "selftest"],
  ["handles", "tests/guest/programs/handles.s", "handletest"],
  ["waiting", "tests/guest/programs/waiting.s", "waittest"],
  ["tasks", "tests/guest/programs/tasks.s", "tasktest"],
  ["memory", "tests/guest/programs/memory.s", "memorytest"],
  ["times", "tests/guest/programs/times.s", "timetest"],
  ["keys", "tests/guest/programs/keys.s", "keytest"],
  ["refusals", "tests/guest/programs/refused.s", "refusetest"],
  ["arrivals", "tests/guest/programs/arrivals.s", "arrivaltest"],
  ["generations", "tests/guest/programs/generations.s", "generationtest"],
];
for (const [name, source, command] of PARTS)
  test(`the kernel's ${name} pass their own tests`, async () => {
    const iso = await isoWith(source, `asm/kernel/${name}-test.s`);
    const node = (await inState(`prompt with ${name}`, () => bootTo(iso))).nodes[0]!;
    await node.enter(command, new RegExp(`${command}: (\\d+) passed, (\\d+) failed`));
    expect(node.console.text).not.toMatch(/^FAIL /m);
    expect(node.console.text).toMatch(new RegExp(`${command}: [1-9]\\d* passed, 0 failed`));
  });

test("handlers of interrupts are taken until the table is full, and for lines that there are", async () => {
  const node = (await bootTo(await isoWith("tests/guest/programs/interrupts.s", "asm/kernel/interrupts-test.s")))
    .nodes[0]!;
  const handlers = async (): Promise<number> =>
    [...(await output(node, "irq")).matchAll(/^ *\d+ +\d+ {2}(.+)$/gm)].reduce(
      (sum, [, names]) => sum + names!.split(" ").length,
      0,
    );
  const before = await handlers();
  expect(await output(node, "irqfill")).toBe(
    `${HANDLERS - before} taken, error ${ERROR_TABLE_FULL}\nline 16: error ${ERROR_INVALID}\n`,
  );
  expect(await handlers()).toBe(HANDLERS);
});
