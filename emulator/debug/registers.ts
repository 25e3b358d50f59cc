/**
 * The processor's registers as gdb numbers them, and the target description that tells it so ("Debugging with GDB",
 * appendix G, i386 features). gdb knows one flat address space. So its `eip` is the linear address of the next
 * instruction, CS base plus EIP: with that, breakpoints, `x/i $pc` and `stepi` are right in real mode too. `ip_offset`
 * is EIP as the processor holds it.
 */

import type { Core } from "../cpu/core.ts";
import { CpuException } from "../cpu/exceptions.ts";
import { IF, TF, VM } from "../cpu/flags.ts";
import { Float80 } from "../cpu/fpu/float80.ts";
import type { Fpu } from "../cpu/fpu/fpu.ts";
import {
  BASE,
  CPL,
  CR0,
  CR2,
  CR3,
  CR4,
  CS,
  DR,
  DS,
  EIP,
  ES,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  IDT_BASE,
  IDT_LIMIT,
  LDTR,
  LIMIT,
  SELECTOR,
  SS,
  TR,
} from "../cpu/layout.ts";
import { hex } from "./hex.ts";

interface Register {
  readonly name: string;
  readonly sizeBytes: 4 | 10;
  readonly type: string;
  readonly group?: string;
  /** As many bytes as `sizeBytes`, lowest first. */
  readonly read: (core: Core) => Uint8Array;
  /** Returns false when the value cannot be taken. Null: it cannot be written. */
  readonly write: ((core: Core, value: Uint8Array) => boolean) | null;
}

function toDword(bytes: Uint8Array): number {
  return bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
}

function fromDword(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/** A register of 32 bits. */
function dword(
  name: string,
  type: string,
  read: (core: Core) => number,
  write: ((core: Core, value: number) => boolean) | null,
  group?: string,
): Register {
  return {
    name,
    sizeBytes: 4,
    type,
    read: (core) => fromDword(read(core)),
    write: write && ((core, bytes) => write(core, toDword(bytes))),
    ...(group ? { group } : {}),
  };
}

const general = (name: string, slot: number, type = "int32", group?: string): Register =>
  dword(
    name,
    type,
    (core) => core.s[slot]!,
    (core, value) => {
      core.s[slot] = value;
      return true;
    },
    group,
  );

const segment = (name: string, number: number): Register =>
  dword(
    name,
    "int32",
    (core) => core.s[SELECTOR + number]!,
    (core, value) => loadSegment(core, number, value),
  );

/** A register of the x87's stack, counted from its top. */
const float = (index: number): Register => ({
  name: `st${index}`,
  sizeBytes: 10,
  type: "i387_ext",
  read: ({ fpu }) => {
    const { low, high, signExponent } = fpu.get(index);
    return Uint8Array.of(...fromDword(low), ...fromDword(high), signExponent, signExponent >>> 8);
  },
  write: ({ fpu }, bytes) => {
    fpu.set(index, new Float80(bytes[8]! | (bytes[9]! << 8), toDword(bytes.subarray(4)), toDword(bytes)));
    return true;
  },
});

const floatControl = (
  name: string,
  read: (fpu: Fpu) => number,
  write: ((fpu: Fpu, value: number) => void) | null = null,
): Register =>
  dword(
    name,
    "int",
    ({ fpu }) => read(fpu),
    write &&
      (({ fpu }, value) => {
        write(fpu, value & 0xffff);
        return true;
      }),
    "float",
  );

/** A segment register is loaded as the guest would load it, or not at all. */
function loadSegment(core: Core, number: number, selector: number): boolean {
  const flat = core.state.protectedMode && !core.state.virtual8086;
  if (selector >>> 0 > 0xffff || (number === CS && flat)) return false;
  try {
    core.segments.load(number, selector);
  } catch (error) {
    if (error instanceof CpuException) return false;
    throw error;
  }
  core.mmu.renew();
  return true;
}

/** Flags that a debugger may change: VM is a matter of segments and privilege too. */
function setFlags(core: Core, value: number): boolean {
  if (((value ^ core.state.eflags) & VM) !== 0) return false;
  core.state.eflags = value;
  core.updateControls();
  core.leaveBlock();
  return true;
}

const system = (name: string, slot: number, type = "int32"): Register =>
  dword(name, type, (core) => core.s[slot]!, null, "system");

const CORE: readonly Register[] = [
  ...["eax", "ecx", "edx", "ebx"].map((name, slot) => general(name, slot)),
  general("esp", 4, "data_ptr"),
  general("ebp", 5, "data_ptr"),
  general("esi", 6),
  general("edi", 7),
  dword("eip", "code_ptr", linearPc, (core, value) => {
    const offset = (value - core.s[BASE + CS]!) | 0;
    if (offset >>> 0 > core.s[LIMIT + CS]! >>> 0) return false;
    core.goto(offset);
    return true;
  }),
  dword("eflags", "i386_eflags", (core) => core.state.eflags, setFlags),
  segment("cs", CS),
  segment("ss", SS),
  segment("ds", DS),
  segment("es", ES),
  segment("fs", FS),
  segment("gs", GS),
  ...Array.from({ length: 8 }, (_, index) => float(index)),
  floatControl(
    "fctrl",
    (fpu) => fpu.control,
    (fpu, value) => void (fpu.control = value),
  ),
  floatControl(
    "fstat",
    (fpu) => fpu.status,
    (fpu, value) => void (fpu.status = value),
  ),
  floatControl(
    "ftag",
    (fpu) => fpu.tagWord,
    (fpu, value) => void (fpu.tagWord = value),
  ),
  floatControl("fiseg", (fpu) => fpu.pointers.instructionSelector),
  floatControl("fioff", (fpu) => fpu.pointers.instructionOffset),
  floatControl("foseg", (fpu) => fpu.pointers.dataSelector),
  floatControl("fooff", (fpu) => fpu.pointers.dataOffset),
  floatControl("fop", (fpu) => fpu.pointers.opcode),
];

const SYSTEM: readonly Register[] = [
  general("ip_offset", EIP, "int32", "system"),
  ...(["es", "cs", "ss", "ds", "fs", "gs"] as const).map((name) =>
    system(
      `${name}_base`,
      BASE + [ES, CS, SS, DS, FS, GS][["es", "cs", "ss", "ds", "fs", "gs"].indexOf(name)]!,
      // A number: gdb adds no two pointers, and $ss_base + $sp is what people write.
      "int32",
    ),
  ),
  system("cpl", CPL),
  system("cr0", CR0),
  system("cr2", CR2, "data_ptr"),
  system("cr3", CR3),
  system("cr4", CR4),
  system("gdt_base", GDT_BASE, "data_ptr"),
  system("gdt_limit", GDT_LIMIT),
  system("idt_base", IDT_BASE, "data_ptr"),
  system("idt_limit", IDT_LIMIT),
  system("ldtr", SELECTOR + LDTR),
  system("tr", SELECTOR + TR),
  system("tr_base", BASE + TR, "data_ptr"),
  ...[0, 1, 2, 3, 6, 7].map((number) => system(`dr${number}`, DR + number)),
];

const REGISTERS: readonly Register[] = [...CORE, ...SYSTEM];

const FLAG_NAMES = [
  "CF",
  "",
  "PF",
  "",
  "AF",
  "",
  "ZF",
  "SF",
  "TF",
  "IF",
  "DF",
  "OF",
  "",
  "",
  "NT",
  "",
  "RF",
  "VM",
  "AC",
  "VIF",
  "VIP",
  "ID",
];

/**
 * The architecture is i8086 on purpose: gdb takes the richer of what it is told here, by the symbol file and by `set
 * architecture`. Were it i386, `set architecture i8086` would have no effect.
 */
export function targetDescription(): string {
  const line = (register: Register): string =>
    `<reg name="${register.name}" bitsize="${register.sizeBytes * 8}" type="${register.type}"${register.group ? ` group="${register.group}"` : ""}/>`;
  const flags = FLAG_NAMES.map((name, bit) =>
    name === "" ? "" : `<field name="${name}" start="${bit}" end="${bit}"/>`,
  ).join("");
  return [
    '<?xml version="1.0"?>',
    '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
    '<target version="1.0">',
    "<architecture>i8086</architecture>",
    '<feature name="org.gnu.gdb.i386.core">',
    `<flags id="i386_eflags" size="4">${flags}</flags>`,
    ...CORE.map(line),
    "</feature>",
    '<feature name="org.qure.i386.system">',
    ...SYSTEM.map(line),
    "</feature>",
    "</target>",
    "",
  ].join("\n");
}

/** A register's bytes, lowest first; null when there is no such register. */
export function readRegister(core: Core, number: number): Uint8Array | null {
  return REGISTERS[number]?.read(core) ?? null;
}

/** All registers in the order of their numbers. */
export function readRegisters(core: Core): Uint8Array {
  return Uint8Array.from(REGISTERS.flatMap((register) => [...register.read(core)]));
}

/**
 * Sets a register; false when there is no such register or it does not take this value. Writing what it holds is always
 * fine.
 */
export function writeRegister(core: Core, number: number, bytes: Uint8Array): boolean {
  const register = REGISTERS[number];
  if (register === undefined || bytes.length !== register.sizeBytes) return false;
  if (register.read(core).every((byte, index) => byte === bytes[index])) return true;
  return register.write?.(core, bytes) ?? false;
}

/** The `G` packet: all registers in a row. False when one did not take its value; the others have. */
export function writeRegisters(core: Core, bytes: Uint8Array): boolean {
  let at = 0;
  let complete = true;
  for (let number = 0; number < REGISTERS.length && at < bytes.length; number++) {
    const { sizeBytes } = REGISTERS[number]!;
    // Of the others, ip_offset says again what eip has said, and the rest cannot be written.
    if (number < CORE.length && !writeRegister(core, number, bytes.subarray(at, at + sizeBytes))) complete = false;
    at += sizeBytes;
  }
  return complete && at === bytes.length;
}

/** Linear address of the next instruction. */
export function linearPc(core: Core): number {
  return (core.s[BASE + CS]! + core.s[EIP]!) >>> 0;
}

/** Linear address of the top of the stack. */
export function linearSp(core: Core): number {
  return (core.s[BASE + SS]! + core.stackPointer) >>> 0;
}

/** The mode in a few words: `real mode, 16-bit code`, `protected mode, 32-bit code, ring 0, paged`. */
export function describeMode(core: Core): string {
  const { state } = core;
  if (!state.protectedMode) return `real mode, CS:IP ${hex(core.s[SELECTOR + CS]!, 4)}:${hex(core.s[EIP]!, 4)}`;
  const mode = state.virtual8086 ? "virtual-8086 mode" : "protected mode";
  const paged = core.s[CR0]! < 0 ? ", paged" : "";
  const interrupts = (state.eflags & IF) !== 0 ? "on" : "off";
  const trap = (state.eflags & TF) !== 0 ? ", TF set" : "";
  return `${mode}, ${core.segments.code32 ? 32 : 16}-bit code, ring ${core.cpl}${paged}, interrupts ${interrupts}${trap}, CS:EIP ${hex(core.s[SELECTOR + CS]!, 4)}:${hex(core.s[EIP]!, 8)}`;
}
