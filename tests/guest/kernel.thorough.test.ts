/** The kernel's routines inside a machine, called by tests in assembly at the edges of what they take. */
import { expect, test } from "vitest";
import type { LabCluster } from "../../src/index.ts";
import { boot, inState, isoWith, PROMPT } from "../system/images.ts";

async function bootTo(cdrom: Uint8Array): Promise<LabCluster> {
  const lab = boot({ nodes: [{ cdrom }], gateway: false });
  await lab.nodes[0]!.waitFor(PROMPT);
  await lab.advance("100ms");
  await lab.nodes[0]!.enter("service stop network", PROMPT); // it opens handles when it likes
  return lab;
}

/** What is tested, by which source, with which command. */
const PARTS: readonly (readonly [name: string, source: string, command: string])[] = [
  ["services", "tests/guest/kernel.s", "selftest"],
  ["handles", "tests/guest/handles.s", "handletest"],
  ["waiting", "tests/guest/waiting.s", "waittest"],
  ["tasks", "tests/guest/tasks.s", "tasktest"],
];
for (const [name, source, command] of PARTS)
  test(`the kernel's ${name} pass their own tests`, async () => {
    const iso = await isoWith(source, `asm/kernel/${name}-test.s`);
    const node = (await inState(`prompt with ${name}`, () => bootTo(iso))).nodes[0]!;
    await node.enter(command, new RegExp(`${command}: (\\d+) passed, (\\d+) failed`));
    expect(node.console.text).not.toMatch(/^FAIL /m);
    expect(node.console.text).toMatch(new RegExp(`${command}: [1-9]\\d* passed, 0 failed`));
  });
