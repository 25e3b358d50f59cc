/**
 * Each allocation of the start fails once. That is an error which somebody takes: nothing panics but for want of what
 * the kernel cannot be without. Those of commands fail in refused-memory.thorough.test.ts.
 */
import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/bytes/crc32.ts";
import { type LabCluster, restoreCluster } from "../../src/index.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { rowsOf } from "../setup/tier.ts";
import { keepWarm } from "../setup/warm.ts";
import { boot, images, PROMPT } from "./images.ts";

/** Where the kernel image has its checksum (docs/formats/kernel-image.md). */
const CHECKSUM_AT = 20;
const KERNEL_SECTION = ".kernel32";
const NONE = /mem: no allocation has failed/;

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
/** A start is over after so long, that of the services included. */
const START_NS = 9e9;
/** A moment of the start is kept when so many more allocations have been made. */
const KEPT_EACH = 10;
/** Far more allocations than a start makes. */
const NEVER = 0x5eed0000;
const RAM_BYTES = 8 << 20;

/** A start in which no allocation has failed yet. */
interface Moment {
  readonly allocations: number;
  readonly state: Uint8Array;
}

/** How many allocations have been made by what is in the kernel's counter; null where it is none yet. */
function allocationsBy(word: number): number | null {
  return word <= NEVER && word > NEVER - MOST_AT_START ? NEVER - word : null;
}

/** One start from its reset on: what those of all numbers have in common is done once. */
async function momentsOfStart(): Promise<{ moments: readonly Moment[]; counterAddress: number }> {
  const start = (): LabCluster => boot({ nodes: [{ cdrom: isoThatFails(NEVER), ramBytes: RAM_BYTES }] });
  // Wherever the loader puts the kernel: of the words that may be its counter, one has begun to sink.
  const lab = start();
  await lab.nodes[0]!.waitFor(PROMPT);
  const words = new Uint32Array(lab.nodes[0]!.readMemory(0, RAM_BYTES).buffer);
  const counterAddress = 4 * words.findIndex((word) => (allocationsBy(word) ?? 0) > 0);
  const again = start();
  const moments: Moment[] = [];
  while (again.nowNs < START_NS) {
    await again.advance("2ms");
    const allocations = allocationsBy(new Uint32Array(again.nodes[0]!.readMemory(counterAddress, 4).buffer)[0]!) ?? 0;
    if (allocations >= (moments.at(-1)?.allocations ?? 0) + KEPT_EACH)
      moments.push({ allocations, state: again.save() });
  }
  return { moments, counterAddress };
}

let shared: ReturnType<typeof momentsOfStart> | undefined;

/** A start whose allocation of this number fails, from a moment before that on. */
async function startThatFails(number: number): Promise<LabCluster> {
  const { moments, counterAddress } = await (shared ??= momentsOfStart());
  const moment = moments.findLast(({ allocations }) => allocations < number);
  if (!moment) return boot({ nodes: [{ cdrom: isoThatFails(number), ramBytes: RAM_BYTES }] });
  const lab = restoreCluster(moment.state);
  const left = new Uint32Array([number - moment.allocations]);
  lab.nodes[0]!.machine.writeMemory(counterAddress, new Uint8Array(left.buffer));
  return lab;
}

/** Tests that share the numbers among them. */
const SHARES = [6, 1, 2, 3, 4, 5];

describe("each allocation of the start", () => {
  test.each(rowsOf(SHARES, [0, 1]))("number %i, and on in steps", async (first) => {
    let panics = 0;
    for (let number = first; number < MOST_AT_START; number += SHARES.length) {
      const lab = keepWarm(await startThatFails(number));
      const node = lab.nodes[0]!;
      await lab.advance(START_NS - lab.nowNs);
      if (/PANIC/.test(node.console.text)) {
        expect(node.console.text, `allocation ${number}`).toMatch(NEEDED);
        panics++;
        continue;
      }
      // The command that asks may be the one that fails.
      const said = await node.enter("mem fail", /^mem: .*$|^out of memory$/m);
      if (NONE.test(said[0]!)) break;
      await node.enter("mem check", /all headers agree/);
    }
    expect(panics).toBeLessThan(4);
  });
});
