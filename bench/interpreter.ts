/**
 * Speed of the interpreter: millions of guest instructions a second on each guest of bench/guests,
 * on a bare processor with just enough of a board (a BIOS that reads sectors, a UART that is always
 * ready) for these guests to run.
 *
 *     node --experimental-strip-types bench/interpreter.ts [guest...]
 */

import type { ProcessorBus } from "../emulator/bus/bus.ts";
import { Cpu } from "../emulator/cpu/cpu.ts";
import { MachineMemory } from "../emulator/cpu/memory.ts";
import { engineFor, type JitMode } from "../emulator/jit/jit.ts";
import { workshopCommand } from "../scripts/command.mjs";
import { OWN_INSTRUCTIONS, ownGuestImage, ownGuests } from "./guest-sources.ts";

const RAM_BYTES = 32 << 20;
/** Retired instructions for each measured run. */
const INSTRUCTIONS = 100_000_000;
const RUNS = Number(process.env["QURE_BENCH_RUNS"] ?? 3);

export interface GuestResult {
  readonly guest: string;
  readonly flags: number;
  /** Millions of instructions a second, best of the runs. */
  readonly mips: number;
  /** What the guest computed: equal on every emulator. */
  readonly result: string;
}

/** A UART that is always ready, and an exit port; everything else reads as ones. */
class GuestBoard implements ProcessorBus {
  output = "";
  cpu: Cpu | null = null;
  readPort(port: number): number {
    return port === 0x3fd ? 0x60 : 0xff;
  }
  writePort(port: number, _sizeBytes: number, value: number): void {
    if (port === 0x3f8) {
      this.output += String.fromCharCode(value);
      if (value === 10) this.cpu!.requestStop();
    } else if (port === 0xf4) this.cpu!.requestStop();
  }
  readMmio(): number {
    return 0xffffffff;
  }
  writeMmio(): void {}
  readTimestamp(): number {
    return this.cpu!.retired;
  }
  acknowledgeInterrupt(): number {
    return 0;
  }
  setNumericError(): void {}
  shutdown(): void {
    throw new Error(`triple fault; output so far: ${this.output}`);
  }
}

/** What the firmware leaves behind: INT 13h returns at once, because all sectors are in memory already. */
export function startGuest(image: Uint8Array, jit: JitMode = "off"): { cpu: Cpu; board: GuestBoard } {
  const memory = new MachineMemory(RAM_BYTES);
  const board = new GuestBoard();
  const cpu = new Cpu(memory, board, { makeEngine: engineFor(jit) });
  board.cpu = cpu;
  // 0000:0500: retf 2 after clc, so that the flags on the stack are dropped.
  memory.dma.write(0x500, Uint8Array.of(0xf8, 0xca, 0x02, 0x00));
  memory.dma.write(0x13 * 4, Uint8Array.of(0x00, 0x05, 0x00, 0x00));
  memory.dma.write(0x7c00, image);
  // At the reset vector: jmp 0:7C00.
  const rom = new Uint8Array(4096).fill(0x90);
  rom.set([0xea, 0x00, 0x7c, 0x00, 0x00], 0xff0);
  memory.loadRom(0xfffff000, rom);
  return { cpu, board };
}

/** The guest's image, told to run about so many instructions. */
export function guestImage(guest: string, flags: number, instructions: number): Uint8Array {
  const image = ownGuestImage(guest);
  const view = new DataView(image.buffer);
  view.setUint32(512, Math.max(1, Math.round(instructions / (OWN_INSTRUCTIONS[guest] ?? 1_000_000))), true);
  view.setUint32(516, flags, true);
  return image;
}

/** Names of all guests, or of those of them that are asked for. */
export function guestNames(wanted: readonly string[]): string[] {
  return ownGuests().filter((guest) => wanted.length === 0 || wanted.includes(guest));
}

/** Runs one guest; returns its speed between its start and end marks, the best of some runs. */
function measure(
  guest: string,
  flags: number,
  jit: JitMode = "off",
  instructions = INSTRUCTIONS,
  runs = RUNS,
): GuestResult {
  const image = guestImage(guest, flags, instructions);
  let best = 0;
  let result = "";
  for (let run = 0; run < runs; run++) {
    const { cpu, board } = startGuest(image, jit);
    while (!board.output.includes("S\n")) cpu.run(cpu.retired + 1_000_000_000);
    const retired = cpu.retired;
    const start = performance.now();
    while (!board.output.includes("E ")) cpu.run(cpu.retired + 20_000_000);
    const seconds = (performance.now() - start) / 1000;
    const mips = (cpu.retired - retired) / seconds / 1e6;
    while (!board.output.endsWith("\n")) cpu.run(cpu.retired + 1_000_000);
    result = board.output.slice(board.output.indexOf("E ") + 2).trim();
    best = Math.max(best, mips);
  }
  return { guest, flags, mips: best, result };
}

/** Measures the guests that are named, all of them when none are. */
function benchInterpreter(names: readonly string[]): GuestResult[] {
  return guestNames(names).flatMap((guest) => [0, 1].map((flags) => measure(guest, flags)));
}

// Another benchmark that is bundled with this file must not start it.
if (/\binterpreter\.[^/]*$/.test(process.argv[1] ?? "")) {
  const [names] = workshopCommand("npm run bench -- interpreter", "instructions a second without compiling", "sieve")
    .argument("[guests...]", "programs of bench/guests; all of them when none is named")
    .parse().processedArgs as [readonly string[]];
  const results = benchInterpreter(names);
  for (const { guest, flags, mips, result } of results)
    console.log(`${guest.padEnd(8)} flags=${flags} ${mips.toFixed(1).padStart(8)} MIPS  ${result}`);
}
