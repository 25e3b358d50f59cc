/**
 * The kernel's call frame information against the kernel that runs: at each instruction the caller must be where it is
 * said to be.
 */
import { expect, test } from "vitest";
import { ESP } from "../../../emulator/cpu/layout.ts";
import { readLinear } from "../../../emulator/debug/linear-memory.ts";
import { linearPc } from "../../../emulator/debug/registers.ts";
import { findFrames } from "../../../src/build/call-frames.ts";
import { blankDisk, readElf } from "../../../src/index.ts";
import { readLineRows } from "../../../src/object/dwarf/line-table.ts";
import { boot, CLOUD, images, PROMPT } from "../../system/images.ts";

const MIB = 1024 * 1024;
const STEPS = 60_000;
/** Within this distance above the stack pointer the frame of the running routine is looked for. */
const SEARCH_BYTES = 8192;

test("return addresses are where the table says, over many thousand instructions", async () => {
  const elf = readElf(images().kernelElf, "kernel.elf");
  const section = (name: string) => elf.sections.find((candidate) => candidate.name === name)!;
  const code = section(".kernel32");
  const rows = new Set(
    readLineRows({
      debugLine: section(".debug_line").content,
      debugLineStr: new Uint8Array(0),
      debugStr: section(".debug_str").content,
    }).map(({ address }) => address),
  );
  const labels = [
    ...new Set(
      elf.symbols.filter((symbol) => symbol.section === code.index && rows.has(symbol.value)).map(({ value }) => value),
    ),
  ].sort((a, b) => a - b);
  const frames = findFrames({ address: code.address, content: code.content, labels, bottoms: [elf.entry] });

  const lab = boot({ nodes: [{ cdrom: images().iso, disk: blankDisk(16 * MIB), ramBytes: 16 * MIB }] });
  const node = lab.nodes[0]!;
  // When the services have started all tasks wait: none was stopped within a routine whose call nobody saw.
  await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  node.type("ls /\nps\nlspci\nhelp mount\ndisks\n");
  const { machine } = node;
  const { core } = machine.processor;
  const dword = (address: number): number => new DataView(readLinear(core, address, 4).buffer).getUint32(0, true);
  const name = (address: number): string => {
    const symbol = elf.symbols
      .filter(({ section: home, value }) => home === code.index && value <= address)
      .reduce((best, next) => (next.value > best.value ? next : best));
    return `${symbol.name}+${(address - symbol.value).toString(16)}`;
  };
  /** Where the return address of each running routine lies, and what it is. */
  const returns = new Map<number, number>();
  const wrong = new Set<string>();
  let checked = 0;
  for (let step = 0; step < STEPS; step++) {
    const pc = linearPc(core);
    const sp = core.s[ESP]! >>> 0;
    const known = frames.get(pc);
    if (known?.state.kind === "call" && known.state.depth !== null) {
      const place = sp + known.state.depth - 4;
      let nearest = sp;
      while (nearest < sp + SEARCH_BYTES && !(returns.has(nearest) && returns.get(nearest) === dword(nearest)))
        nearest += 4;
      // Routines that were called before the test began are not known.
      if (nearest < sp + SEARCH_BYTES) {
        checked++;
        if (nearest !== place)
          wrong.add(`${name(pc)}: the return address is at esp+${nearest - sp}, not at esp+${place - sp}`);
      }
    }
    const [first, second = 0] = readLinear(core, pc, 2);
    const isCall = first === 0xe8 || (first === 0xff && (second & 0x38) === 0x10);
    const isReturn = first === 0xc3 || first === 0xc2;
    const retired = machine.instructions;
    machine.resume();
    machine.pauseAt(retired + 1);
    while (machine.instructions === retired) lab.cluster.runUntil(lab.nowNs + 1_000_000);
    const newSp = core.s[ESP]! >>> 0;
    if (isCall && newSp === sp - 4) returns.set(newSp, dword(newSp));
    // An interrupt may have come instead.
    if (isReturn && newSp > sp) returns.delete(sp);
  }
  expect([...wrong]).toEqual([]);
  expect(checked).toBeGreaterThan(STEPS / 10);
});
