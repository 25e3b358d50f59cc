/**
 * Routines of asm/ in a machine of their own, without the rest of the kernel: linked flat at 1 MiB, called with the
 * registers that a test says, and timed by the machine's clock. Thousands of calls take a moment.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_JIT, type JitMode } from "../../emulator/jit/jit.ts";
import { Machine } from "../../emulator/machine.ts";
import { assemble } from "../../src/assembler/assemble.ts";
import { link } from "../../src/linker/link.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { type ElfObject, readElf } from "../../src/object/elf-reader.ts";
import { codeOf, inProtectedMode } from "../emulator/cpu/assembled.ts";

const root = join(import.meta.dirname, "../..");
const CODE = 0x10_0000;
const STACK_TOP = 0x20_0000;
/** The call: routine, EAX, EDX, ECX, ESI; then flags, EAX, and the clock before and after it. A routine of 0: none. */
const CALL = 0x20_0000;
/** From here on a test may write. */
export const DATA = 0x20_1000;
const RAM_BYTES = 8 << 20;
/** So often the machine is asked whether it is done. */
const STEP_NS = 500_000;
const LIMIT_NS = 60_000_000_000;

const SCRIPT = `SECTIONS { . = ${CODE}; .text : { *(.text) } .rodata : { *(.rodata .rodata.*) } .data : { *(.data) } }`;

/** Waits for a call, and makes it. */
const ROM = `
    mov     ss, ax
    mov     esp, ${STACK_TOP}
    mov     ebp, ${CALL}
next:
    mov     edi, [ebp]
    test    edi, edi
    jz      next
    rdtsc
    mov     [ebp + 28], eax
    mov     eax, [ebp + 4]
    mov     edx, [ebp + 8]
    mov     ecx, [ebp + 12]
    mov     esi, [ebp + 16]
    call    edi
    pushfd
    pop     [ebp + 20]
    mov     [ebp + 24], eax
    rdtsc
    mov     [ebp + 32], eax
    mov     dword ptr [ebp], 0
    jmp     next
`;

export interface Registers {
  readonly eax?: number;
  readonly edx?: number;
  readonly ecx?: number;
  readonly esi?: number;
}

export interface Called {
  readonly eax: number;
  readonly carry: boolean;
  readonly ticks: number;
}

export class RoutineMachine {
  readonly #machine: Machine;
  readonly #addresses: ReadonlyMap<string, number>;
  /** Of code and constants together. */
  readonly sizeBytes: number;

  /** `sources`: paths in this repository. */
  constructor(sources: readonly string[], jit: JitMode = DEFAULT_JIT) {
    const { linked, problems } = link({ objects: sources.map(objectOf), script: parseScript(SCRIPT, "script") });
    if (!linked) throw new Error(problems.map(({ message }) => message).join("\n"));
    this.#addresses = new Map(linked.symbols.map(({ name, value }) => [name, value]));
    this.#machine = new Machine({
      name: "routines",
      ramBytes: RAM_BYTES,
      firmware: codeOf(inProtectedMode(ROM), 16),
      ide: [],
      network: [],
      rtcStartSeconds: 0,
      jit,
    });
    let sizeBytes = 0;
    for (const { address, content, flags } of linked.sections) {
      if ((flags & 2) === 0) continue;
      this.#machine.writeMemory(address, content);
      sizeBytes += content.length;
    }
    this.sizeBytes = sizeBytes;
  }

  write(address: number, bytes: Uint8Array): void {
    this.#machine.writeMemory(address, bytes);
  }

  read(address: number, length: number): Uint8Array {
    return this.#machine.readMemory(address, length);
  }

  /** Of a global symbol, or a routine. */
  addressOf(name: string): number {
    const address = this.#addresses.get(name);
    if (address === undefined) throw new Error(`${name} is in none of the sources`);
    return address;
  }

  call(routine: string, { eax = 0, edx = 0, ecx = 0, esi = 0 }: Registers): Called {
    this.write(CALL, new Uint8Array(Uint32Array.of(this.addressOf(routine), eax, edx, ecx, esi).buffer));
    const machine = this.#machine;
    const words = (): DataView => new DataView(machine.readMemory(CALL, 36).slice().buffer);
    for (const end = machine.nowNs + LIMIT_NS; words().getUint32(0, true) !== 0; ) {
      if (machine.nowNs > end) throw new Error(`${routine} does not come back`);
      machine.runUntil(machine.nowNs + STEP_NS);
    }
    const after = words();
    return {
      eax: after.getUint32(24, true),
      carry: (after.getUint32(20, true) & 1) !== 0,
      ticks: (after.getUint32(32, true) - after.getUint32(28, true)) >>> 0,
    };
  }
}

function objectOf(path: string): ElfObject {
  const read = (name: string): { path: string; bytes: Uint8Array } => {
    const at = name.endsWith(".inc") ? `asm/include/${name}` : name;
    return { path: at, bytes: new Uint8Array(readFileSync(join(root, at))) };
  };
  const { object, diagnostics } = assemble({ path, files: { read } });
  if (object === null)
    throw new Error(diagnostics.map(({ line, message }) => `${path}:${line}: ${message}`).join("\n"));
  return readElf(object, path);
}
