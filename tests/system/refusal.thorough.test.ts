/**
 * Each allocation fails once: of the start, and of commands. That is an error which somebody takes. Nothing panics but
 * for want of what the kernel cannot be without, the next command works, and nothing is lost.
 */
import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/image/crc32.ts";
import type { LabNode } from "../../src/index.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

/** Where the kernel image has its checksum (docs/formats/kernel-image.md). */
const CHECKSUM_AT = 20;
const KERNEL_SECTION = ".kernel32";
const NONE = /mem: no allocation has failed/;
const ONE = /mem: the allocation by \w+\+0x\w+ has failed/;

/** Where a variable is in the kernel's 32-bit part. */
function offsetOf(variable: string, kernelElf: Uint8Array): number {
  const elf = readElf(kernelElf, "kernel.elf");
  const symbol = elf.symbols.find(({ name }) => name === variable)!;
  return symbol.value - elf.sections.find(({ name }) => name === KERNEL_SECTION)!.address;
}

let counterAt: number | undefined;

/** A CD whose kernel has its allocation of this number fail. */
function isoThatFails(number: number): Uint8Array {
  const { iso, kernelElf, manifest } = images();
  const { kernelImage, code32 } = manifest;
  counterAt ??= offsetOf("refuse_count", kernelElf);
  const image = iso.slice(kernelImage!.offset, kernelImage!.offset + kernelImage!.sizeBytes);
  const view = new DataView(image.buffer);
  view.setUint32(code32!.offset - kernelImage!.offset + counterAt, number, true);
  view.setUint32(CHECKSUM_AT, 0, true);
  view.setUint32(CHECKSUM_AT, crc32(image), true);
  const copy = iso.slice();
  copy.set(image, kernelImage!.offset);
  return copy;
}

/** What the kernel cannot do without memory for. */
const NEEDED = /PANIC: no memory for (a page table|the idle task|the task that writes changes|the shell)\n/;
const MOST_AT_START = 400;

/** Tests that share the numbers among them. */
const SHARES = [1, 2, 3, 4, 5, 6];

describe("each allocation of the start", () => {
  test.each(SHARES)("number %i, and on in steps", async (first) => {
    let panics = 0;
    for (let number = first; number < MOST_AT_START; number += SHARES.length) {
      const lab = boot({ nodes: [{ cdrom: isoThatFails(number) }] });
      const node = lab.nodes[0]!;
      await node.waitFor(/PANIC: .*\n|\S+:\/\S*> $/, { within: "20s" });
      if (/PANIC/.test(node.console.text)) {
        expect(node.console.text, `allocation ${number}`).toMatch(NEEDED);
        panics++;
        continue;
      }
      await lab.advance("8s");
      // The command that asks may be the one that fails.
      const said = await node.enter("mem fail", /^mem: .*$|^out of memory$/m);
      if (NONE.test(said[0]!)) break;
      await node.enter("mem check", /all headers agree/);
    }
    expect(panics).toBeLessThan(4);
  });
});

/** Commands that allocate, each with what makes it possible again. */
const COMMANDS: readonly (readonly [command: string, after?: string])[] = [
  ["echo word > /a/file; cat /a/file", "rm /a/file"],
  ["cp /a/text /a/copy", "rm /a/copy"],
  ["mkdir /a/new", "rmdir /a/new"],
  ["mv /a/text /a/moved", "mv /a/moved /a/text"],
  ["ls /a; find /a; du /a; df"],
  ["cat /a/text | sort | head -2"],
  ["grep l /a/text; wc /a/text; tail /a/text; hexdump /a/text"],
  ["echo /a/*"],
  ["hello"],
  ["pipe /bin/seq 20 : /bin/wc"],
  ["threads"],
  ["seq 3 &", "sleep 100"],
  ["set colour red; unset colour"],
  ["shell /a/script"],
  ["service restart log; sleep 100", "service start log"],
  ["umount /a; mount hda0 /a", "mount hda0 /a"],
  ["sync; scrub /a; fsck hda0"],
  ["keymap /a/my.map"],
];
const MOST = 400;

async function prepared(): Promise<LabNode> {
  const lines = ["seq 40 > /a/text", "echo 'echo one two; seq 2' > /a/script", "echo '10 q' > /a/my.map"];
  const lab = await inState("volume for refusals", () => nodeWithVolume(lines, { isAlone: true }));
  return lab.nodes[0]!;
}

/** What is open, and who has memory but for the lines that were typed and what was printed when they failed. */
async function belongings(node: LabNode): Promise<string> {
  const kept = (line: string): boolean => !/history_add/.test(line);
  const leaks = (await output(node, "mem leaks")).split("\n").filter(kept);
  const handles = (await output(node, "handles")).split("\n").map((line) => line.replace(/^[0-9a-f]{8} /, ""));
  return [...leaks, ...handles].join("\n");
}

const ROWS = COMMANDS.map(([command, after = "true"]) => [command, after] as const);

test.each(ROWS)("each allocation of `%s`", async (command, after) => {
  const node = await prepared();
  await output(node, command);
  await output(node, after);
  await output(node, "mem mark");
  const before = await belongings(node);
  let failures = 0;
  for (let number = 1; number < MOST; number++) {
    await output(node, `mem fail ${number}; ${command}`);
    const said = await output(node, "mem fail");
    await output(node, after);
    if (NONE.test(said)) break;
    if (ONE.test(said)) failures++;
  }
  expect(failures).toBeGreaterThan(0);
  await output(node, "sync; sleep 100");
  expect(await belongings(node)).toBe(before);
  expect(await output(node, "mem check")).toMatch(/all headers agree/);
});
