/** How long interrupts wait: what the kernel does with them off is counted in instructions, whatever it is doing. */
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { Places } from "../../src/cli/emu/symbols.ts";
import type { LabNode } from "../../src/index.ts";
import { atPrompt } from "./booted.ts";
import { boot, CLOUD, images, PROMPT } from "./images.ts";
import { InterruptsOff, type Stretch } from "./interrupts-off.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";

const KERNEL_SPACE = 0xc0000000;
/** Instructions. To fill a page with zeros takes 1,024 of them; the CHECKs of this kernel add some. */
const MOST = 2600;

/** Stretches that last longer than they may, in words. */
function tooLong(off: InterruptsOff): string[] {
  const places = new Places([join(inject("cacheFolder"), "images/build/kernel.elf")], null);
  const words = ({ from, to, longest }: Stretch): string =>
    `${longest} instructions from ${places.describe(from >>> 0)} to ${places.describe(to >>> 0)}`;
  return [...off.stretches.values()]
    .filter(({ from }) => from >>> 0 >= KERNEL_SPACE) // neither firmware nor loader
    .filter(({ longest }) => longest > MOST)
    .map(words);
}

async function enterAll(node: LabNode, lines: readonly string[]): Promise<void> {
  for (const line of lines) await node.enter(line, PROMPT, { within: "60s" });
}

test("interrupts are off for moments only while programs run, write to pipes and end", async () => {
  const lab = await atPrompt();
  const node = lab.nodes[0]!;
  const off = new InterruptsOff(node.machine);
  await enterAll(node, ["seq 900 | wc", "ps"]);
  expect(off.stretches.size).toBeGreaterThan(15);
  expect(tooLong(off)).toEqual([]);
});

const AT_WORK = [
  ["mount hda0 /net", "ls /bin", "help", "mkdir /net/d", "seq 3000 > /net/n", "cp /net/n /net/m", "ls -l /net"],
  ["wc /net/n | cat", "sync", "rm /net/n", "ps", "top", "mem", "mem owners", "handles", "primes 3000", "fsck /net"],
  ["pipe /bin/seq 1200 : /bin/wc", "threads", "ping -c 2 10.0.2.2", "cloud", "service list", "find /", "log"],
  ["netstat", "set x = 3", "save", "ifconfig", "service restart network", "scrub /net", "umount -f /net"],
].flat();

test("interrupts are off for moments only from the start of services on", async () => {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }] });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  const off = new InterruptsOff(node.machine);
  await node.waitFor(CLOUD, { within: "20s" });
  await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
  await enterAll(node, AT_WORK);
  await lab.advance("3s");
  expect(off.stretches.size).toBeGreaterThan(100);
  expect(tooLong(off)).toEqual([]);
});
