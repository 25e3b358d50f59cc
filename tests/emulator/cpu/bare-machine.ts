/**
 * Runs a bare program in our processor and in QEMU: a boot sector enters protected mode and jumps to the program at
 * 100000; what the program writes to port E9 is its result, a write to port F4 ends it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProcessorBus } from "../../../emulator/bus/bus.ts";
import { Cpu } from "../../../emulator/cpu/cpu.ts";
import { MachineMemory } from "../../../emulator/cpu/memory.ts";
import type { ModelName } from "../../../emulator/cpu/model.ts";
import { type EngineMode, engineFor } from "../../../emulator/jit/jit.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const PROGRAM_ADDRESS = 0x100000;
const DATA_ADDRESS = 0x200000;
const EXIT_PORT = 0xf4;
const DEBUG_PORT = 0xe9;

export interface Program {
  /** The boot sector and the program, as flat binaries. */
  readonly boot: Uint8Array;
  readonly code: Uint8Array;
}

/** Assembles a source of this folder with GNU as and links it to `address`. */
function assemble(folder: string, file: string, address: number): Uint8Array {
  const object = join(folder, "a.o");
  const binary = join(folder, "a.bin");
  execFileSync("as", ["--32", "-I", FOLDER, "-o", object, join(FOLDER, file)]);
  execFileSync("ld", [
    "-m",
    "elf_i386",
    "--oformat",
    "binary",
    "-Ttext",
    `0x${address.toString(16)}`,
    "-o",
    binary,
    object,
  ]);
  return new Uint8Array(readFileSync(binary));
}

function inTemporaryFolder<T>(action: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "qure-cpu-"));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function assembleProgram(file: string): Program {
  return inTemporaryFolder((folder) => ({
    boot: assemble(folder, "boot.s", 0x7c00),
    code: assemble(folder, file, PROGRAM_ADDRESS),
  }));
}

/** Just enough of a board: the debug port and the exit port. */
class BareBoard implements ProcessorBus {
  readonly output: number[] = [];
  ended = false;
  cpu: Cpu | null = null;
  readPort(_port: number, sizeBytes: number): number {
    return sizeBytes === 4 ? 0xffffffff : sizeBytes === 2 ? 0xffff : 0xff;
  }
  writePort(port: number, _sizeBytes: number, value: number): void {
    if (port === DEBUG_PORT) this.output.push(value & 0xff);
    if (port === EXIT_PORT) {
      this.ended = true;
      this.cpu!.requestStop();
    }
  }
  readMmio(): number {
    return 0xffffffff;
  }
  writeMmio(): void {}
  readTimestamp(): number {
    return this.cpu!.retired;
  }
  acknowledgeInterrupt(): number {
    throw new Error("nobody raised an interrupt");
  }
  setNumericError(): void {}
  shutdown(): void {
    this.ended = true;
  }
}

export interface BareOptions {
  readonly jit?: EngineMode;
  readonly model?: ModelName;
  readonly ramMib?: number;
  /** Address spaces whose translations are kept. */
  readonly spaces?: number;
  /** Instructions after which the program counts as lost. */
  readonly limit?: number;
  /** Wall time after which QEMU is ended: it hangs. */
  readonly timeoutMs?: number;
  /** QEMU's name of the processor. */
  readonly qemuCpu?: string;
}

const RAM_MIB = 16;

/** A machine that stands at the boot sector's first instruction. */
function bareMachine(
  program: Program,
  data: Uint8Array,
  { jit = "off", model, ramMib = RAM_MIB, spaces }: BareOptions = {},
): { cpu: Cpu; memory: MachineMemory; board: BareBoard } {
  const memory = new MachineMemory(ramMib << 20, spaces);
  const board = new BareBoard();
  const cpu = new Cpu(memory, board, { makeEngine: engineFor(jit), ...(model ? { model } : {}) });
  board.cpu = cpu;
  memory.dma.write(0x7c00, program.boot);
  memory.dma.write(PROGRAM_ADDRESS, program.code);
  memory.dma.write(DATA_ADDRESS, data);
  const rom = new Uint8Array(4096);
  rom.set([0xea, 0x00, 0x7c, 0x00, 0x00], 0xff0);
  memory.loadRom(0xfffff000, rom);
  return { cpu, memory, board };
}

export function runHere(program: Program, data: Uint8Array, options: BareOptions = {}): Uint8Array {
  const { limit = 200_000_000 } = options;
  const { cpu, board } = bareMachine(program, data, options);
  while (!board.ended && cpu.retired < limit) {
    if (cpu.run(limit) === "halted") break;
  }
  if (!board.ended) {
    const output = Buffer.from(board.output).toString("latin1");
    throw new Error(
      `the program did not end within ${limit} instructions; its output ends with:\n${output.slice(-2000)}`,
    );
  }
  return afterMarker(Uint8Array.from(board.output));
}

/** The program's output: what follows the boot sector's marker. Firmware writes its log to the same port. */
function afterMarker(output: Uint8Array): Uint8Array {
  const start = Buffer.from(output).indexOf("\x01BEGIN\x02");
  if (start < 0) throw new Error("the boot sector did not run");
  return output.subarray(start + 7);
}

export function runInQemu(
  qemu: string,
  program: Program,
  data: Uint8Array,
  { ramMib = RAM_MIB, timeoutMs = 300_000, qemuCpu = "pentium3" }: BareOptions = {},
): Uint8Array {
  return inTemporaryFolder((folder) => {
    const file = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    const floppy = new Uint8Array(1_474_560);
    floppy.set(program.boot);
    const output = join(folder, "output");
    const child = spawnSync(
      qemu,
      [
        ...[
          "-M",
          "pc",
          "-cpu",
          qemuCpu,
          "-m",
          String(ramMib),
          "-display",
          "none",
          "-nodefaults",
          "-vga",
          "none",
          "-no-reboot",
          "-monitor",
          "none",
        ],
        ...["-accel", "tcg", "-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-debugcon", `file:${output}`],
        ...[
          "-drive",
          `if=none,id=f,format=raw,file=${file("floppy", floppy)}`,
          "-device",
          "floppy,drive=f",
          "-boot",
          "a",
        ],
        ...["-device", `loader,file=${file("program", program.code)},addr=${PROGRAM_ADDRESS},force-raw=on`],
        ...["-device", `loader,file=${file("data", data)},addr=${DATA_ADDRESS},force-raw=on`],
      ],
      { timeout: timeoutMs, encoding: "utf8" },
    );
    // A guest that hangs has written something, too: its caller sees how far it came.
    if (child.error && (child.error as NodeJS.ErrnoException).code !== "ETIMEDOUT") throw child.error;
    return afterMarker(new Uint8Array(readFileSync(output)));
  });
}
