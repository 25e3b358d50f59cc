/**
 * The processor's registers as gdb numbers them, and the target description that tells it so ("Debugging with GDB", appendix G,
 * i386 features). gdb knows one flat address space. So its `eip` is the linear address of the next instruction, CS base plus EIP:
 * with that, breakpoints, `x/i $pc` and `stepi` are right in real mode too. `ip_offset` is EIP as the processor holds it.
 */
import type { Core } from "../cpu/core.ts";
import { CpuException } from "../cpu/exceptions.ts";
import { IF, TF, VM } from "../cpu/flags.ts";
import {
  BASE, CPL, CR0, CR2, CR3, CR4, CS, DR, DS, EIP, ES, FS, GDT_BASE, GDT_LIMIT, GS, IDT_BASE, IDT_LIMIT, LDTR, LIMIT, SELECTOR, SS, TR,
} from "../cpu/layout.ts";

interface Register {
  readonly name: string;
  readonly sizeBytes: 4 | 10;
  readonly type: string;
  readonly group?: string;
  /** Null: this processor does not show it. */
  readonly read: ((core: Core) => number) | null;
  /** Returns false when the value cannot be taken. */
  readonly write: ((core: Core, value: number) => boolean) | null;
}

const EIP_NUMBER = 8;

const general = (name: string, slot: number, type = "int32"): Register => ({
  name, sizeBytes: 4, type, read: (core) => core.s[slot]!,
  write: (core, value) => {
    core.s[slot] = value;
    return true;
  },
});

const segment = (name: string, number: number): Register => ({
  name, sizeBytes: 4, type: "int32", read: (core) => core.s[SELECTOR + number]!,
  write: (core, value) => loadSegment(core, number, value),
});

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
  core.mmu.epoch++;
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

const system = (name: string, slot: number, type = "int32"): Register => ({ name, sizeBytes: 4, type, group: "system", read: (core) => core.s[slot]!, write: null });
const unknown = (name: string, sizeBytes: 4 | 10, type: string, group?: string): Register => ({ name, sizeBytes, type, read: null, write: null, ...(group ? { group } : {}) });

const CORE: readonly Register[] = [
  ...["eax", "ecx", "edx", "ebx"].map((name, slot) => general(name, slot)),
  general("esp", 4, "data_ptr"), general("ebp", 5, "data_ptr"), general("esi", 6), general("edi", 7),
  {
    name: "eip", sizeBytes: 4, type: "code_ptr", read: (core) => (core.s[BASE + CS]! + core.s[EIP]!) | 0,
    write: (core, value) => {
      const offset = (value - core.s[BASE + CS]!) | 0;
      if (offset >>> 0 > core.s[LIMIT + CS]! >>> 0) return false;
      core.goto(offset);
      return true;
    },
  },
  { name: "eflags", sizeBytes: 4, type: "i386_eflags", read: (core) => core.state.eflags, write: setFlags },
  segment("cs", CS), segment("ss", SS), segment("ds", DS), segment("es", ES), segment("fs", FS), segment("gs", GS),
  ...Array.from({ length: 8 }, (_, number) => unknown(`st${number}`, 10, "i387_ext")),
  ...["fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"].map((name) => unknown(name, 4, "int", "float")),
];

const SYSTEM: readonly Register[] = [
  { ...general("ip_offset", EIP), group: "system" },
  ...(["es", "cs", "ss", "ds", "fs", "gs"] as const).map((name) => system(`${name}_base`, BASE + [ES, CS, SS, DS, FS, GS][["es", "cs", "ss", "ds", "fs", "gs"].indexOf(name)]!, "data_ptr")),
  system("cpl", CPL), system("cr0", CR0), system("cr2", CR2, "data_ptr"), system("cr3", CR3), system("cr4", CR4),
  system("gdt_base", GDT_BASE, "data_ptr"), system("gdt_limit", GDT_LIMIT), system("idt_base", IDT_BASE, "data_ptr"), system("idt_limit", IDT_LIMIT),
  system("ldtr", SELECTOR + LDTR), system("tr", SELECTOR + TR), system("tr_base", BASE + TR, "data_ptr"),
  ...[0, 1, 2, 3, 6, 7].map((number) => system(`dr${number}`, DR + number)),
];

const REGISTERS: readonly Register[] = [...CORE, ...SYSTEM];

const FLAG_NAMES = ["CF", "", "PF", "", "AF", "", "ZF", "SF", "TF", "IF", "DF", "OF", "", "", "NT", "", "RF", "VM", "AC", "VIF", "VIP", "ID"];

/**
 * The architecture is i8086 on purpose: gdb takes the richer of what it is told here, by the symbol file and by `set architecture`.
 * Were it i386, `set architecture i8086` would have no effect.
 */
export function targetDescription(): string {
  const line = (register: Register): string => `<reg name="${register.name}" bitsize="${register.sizeBytes * 8}" type="${register.type}"${register.group ? ` group="${register.group}"` : ""}/>`;
  const flags = FLAG_NAMES.map((name, bit) => (name === "" ? "" : `<field name="${name}" start="${bit}" end="${bit}"/>`)).join("");
  return [
    '<?xml version="1.0"?>', '<!DOCTYPE target SYSTEM "gdb-target.dtd">', '<target version="1.0">', "<architecture>i8086</architecture>",
    '<feature name="org.gnu.gdb.i386.core">', `<flags id="i386_eflags" size="4">${flags}</flags>`, ...CORE.map(line), "</feature>",
    '<feature name="org.qure.i386.system">', ...SYSTEM.map(line), "</feature>", "</target>", "",
  ].join("\n");
}

export const REGISTER_COUNT = REGISTERS.length;
/** How many of them the `g` packet carries: all. */
export const GENERAL_NAMES: readonly string[] = REGISTERS.map(({ name }) => name);

function littleEndian(value: number): string {
  return [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, "0")).join("");
}

/** A register as hexadecimal digits in target order, x where there is nothing to see; null when there is no such register. */
export function readRegister(core: Core, number: number): string | null {
  const register = REGISTERS[number];
  if (register === undefined) return null;
  return register.read === null ? "x".repeat(2 * register.sizeBytes) : littleEndian(register.read(core));
}

export function readRegisters(core: Core): string {
  return REGISTERS.map((_, number) => readRegister(core, number)).join("");
}

/** Sets a register; false when there is no such register or it does not take this value. Writing what it holds is always fine. */
export function writeRegister(core: Core, number: number, bytes: Uint8Array): boolean {
  const register = REGISTERS[number];
  if (register === undefined || bytes.length !== register.sizeBytes) return false;
  if (register.read === null) return false;
  const value = bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
  if (value === register.read(core) >> 0) return true;
  return register.write?.(core, value) ?? false;
}

/** The `G` packet: all registers in a row. False when one did not take its value; the others have. */
export function writeRegisters(core: Core, bytes: Uint8Array): boolean {
  let at = 0;
  let complete = true;
  for (let number = 0; number < REGISTERS.length && at < bytes.length; number++) {
    const { sizeBytes, read } = REGISTERS[number]!;
    // ip_offset says again what eip has said.
    if (read !== null && number < CORE.length && !writeRegister(core, number, bytes.subarray(at, at + sizeBytes))) complete = false;
    at += sizeBytes;
  }
  return complete && at === bytes.length;
}

/** Linear address of the next instruction. */
export function linearPc(core: Core): number {
  return REGISTERS[EIP_NUMBER]!.read!(core) >>> 0;
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

function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, "0");
}
