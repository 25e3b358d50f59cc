/** `info pic`, `info lapic` and `info irq` as QEMU prints them. */

import type { InterruptControllersView } from "../../emulator/board.ts";
import { hex } from "../../emulator/debug/hex.ts";
import type { LocalApic } from "../../emulator/devices/interrupt/local-apic.ts";
import type { PicView } from "../../emulator/devices/interrupt/pic.ts";

const IO_MODES = ["fixed", "lowest", "SMI", "...", "NMI", "INIT", "...", "extINT"];
const LOCAL_MODES = ["Fixed", "...", "SMI", "...", "NMI", "INIT", "...", "ExtINT"];
const SHORTHANDS = ["no-shorthand", "self", "all-self", "all"];
const NMI_MODE = 4;

const LOGICAL = 1 << 11;
const PENDING = 1 << 12;
const ACTIVE_LOW = 1 << 13;
const REMOTE_IRR = 1 << 14;
const ASSERT = 1 << 14;
const LEVEL = 1 << 15;
const MASKED = 1 << 16;
const PERIODIC = 1 << 17;
const FIRST_ENTRY = 0x10;
const FLAT = 0xf;

const modeOf = (entry: number): number => (entry >>> 8) & 7;

function pins(name: string, set: number): string {
  const found = Array.from({ length: 24 }, (_, pin) => pin).filter((pin) => ((set >>> pin) & 1) !== 0);
  return `  ${name.padEnd(8)} ${found.length === 0 ? "(none)" : found.map((pin) => `${pin} `).join("")}\n`;
}

function pic(
  number: number,
  { irr, imr, isr, highest, vectorBase, readIsr, elcr, specialFullyNested }: PicView,
): string {
  return `pic${number}: irr=${hex(irr, 2)} imr=${hex(imr, 2)} isr=${hex(isr, 2)} hprio=${highest} irq_base=${hex(vectorBase, 2)} rr_sel=${Number(readIsr)} elcr=${hex(elcr, 2)} fnm=${Number(specialFullyNested)}\n`;
}

export function describePics({ master, slave, io, local }: InterruptControllersView): string {
  const chips = `${pic(1, slave)}${pic(0, master)}`;
  if (local.length === 0) return chips;
  const selected = io.select === 0 ? "" : ` (redir[${(io.select - FIRST_ENTRY) >>> 1}])`;
  const entries = io.entries.map(({ low, high }, pin) => {
    const isLogical = (low & LOGICAL) !== 0;
    const destination = ((high >>> 24) & (isLogical ? 0xff : 0xf)).toString(16);
    const vector = String(low & 0xff).padEnd(3);
    const polarity = (low & ACTIVE_LOW) !== 0 ? "active-lo" : "active-hi";
    const trigger = ((low & LEVEL) !== 0 ? "level" : "edge").padEnd(5);
    const masked = ((low & MASKED) !== 0 ? "masked" : "").padEnd(6);
    return `  pin ${String(pin).padEnd(2)} 0x${hex(high)}${hex(low)} dest=${destination} vec=${vector} ${polarity} ${trigger} ${masked} ${IO_MODES[modeOf(low)]!.padEnd(6)} ${isLogical ? "logical" : "physical"}\n`;
  });
  const remote = io.entries.reduce((set, { low }, pin) => ((low & REMOTE_IRR) !== 0 ? set | (1 << pin) : set), 0);
  const head = `ioapic0: ver=0x${io.version.toString(16)} id=0x${hex(io.id, 2)} sel=0x${hex(io.select, 2)}${selected}\n`;
  const level = io.entries.reduce((set, { low }, pin) => ((low & LEVEL) !== 0 ? set | (1 << pin) : set), 0);
  return `${head}${entries.join("")}${pins("IRR", io.lines & level)}${pins("Remote IRR", remote)}${chips}`;
}

function vectors(apic: LocalApic, name: string, first: number): string {
  const has = (register: number, vector: number): boolean =>
    ((apic.readMmio((register + (vector >>> 5)) << 4, 4) >>> (vector & 31)) & 1) !== 0;
  const found = Array.from({ length: 256 }, (_, vector) => vector).filter((vector) => has(first, vector));
  const texts = found.map((vector) => `${vector}${has(0x18, vector) ? "(level)" : ""} `);
  return `${name}\t ${texts.length === 0 ? "(none)" : texts.join("")}\n`;
}

function lvt(name: string, entry: number, isTimer = false): string {
  const mode = modeOf(entry);
  const columns = [
    (entry & ACTIVE_LOW) !== 0 ? "active-lo" : "active-hi",
    ((entry & LEVEL) !== 0 ? "level" : "edge").padEnd(5),
    ((entry & MASKED) !== 0 ? "masked" : "").padEnd(6),
    ((entry & PENDING) !== 0 ? "pending" : "").padEnd(7),
    (isTimer ? ((entry & PERIODIC) !== 0 ? "periodic" : "one-shot") : "").padEnd(12),
    LOCAL_MODES[mode]!.padEnd(6),
  ];
  return `${name}\t 0x${hex(entry)} ${columns.join(" ")}${mode === NMI_MODE ? "" : ` (vec ${entry & 0xff})`}\n`;
}

function mask(bits: number, count: number): string {
  return bits.toString(2).padStart(count, "0");
}

function command(low: number, high: number, destinationFormat: number): string {
  const shorthand = low >>> 18;
  const isLogical = (low & LOGICAL) !== 0;
  const words = [
    isLogical ? "logical" : "physical",
    (low & LEVEL) !== 0 ? "level" : "edge",
    (low & ASSERT) !== 0 ? "assert" : "de-assert",
    SHORTHANDS[shorthand],
  ];
  const destination = high >>> 24;
  const meant =
    shorthand !== 0
      ? ""
      : !isLogical
        ? ` cpu ${destination} (APIC ID)`
        : destinationFormat === FLAT
          ? ` mask ${mask(destination, 8)} (APIC ID)`
          : ` cluster ${destination >>> 4} mask ${mask(destination & 15, 4)} (APIC ID)`;
  return `ICR\t 0x${hex(low)} ${words.join(" ")}\nICR2\t 0x${hex(high)}${meant}\n`;
}

/** The registers are read as software reads them, which changes none. */
export function describeLocalApic(apic: LocalApic): string {
  const read = (register: number): number => apic.readMmio(register << 4, 4) >>> 0;
  const divide = read(0x3e);
  const divisor = 1 << ((((divide & 3) | ((divide >>> 1) & 4)) + 1) & 7);
  const spurious = read(0x0f);
  const format = read(0x0e) >>> 28;
  const logical = read(0x0d) >>> 24;
  const cluster = format === 0 ? `(cluster ${logical >>> 4}: id ${logical & 15})` : "";
  return [
    `dumping local APIC state for CPU ${String(apic.number).padEnd(2)}\n\n`,
    lvt("LVT0", read(0x35)),
    lvt("LVT1", read(0x36)),
    lvt("LVTPC", read(0x34)),
    lvt("LVTERR", read(0x37)),
    lvt("LVTTHMR", read(0x33)),
    lvt("LVTT", read(0x32), true),
    `Timer\t DCR=0x${divide.toString(16)} (divide by ${divisor}) initial_count = ${read(0x38)} current_count = ${read(0x39)}\n`,
    `SPIV\t 0x${hex(spurious)} APIC ${(spurious & 0x100) !== 0 ? "enabled" : "disabled"}, focus=${(spurious & 0x200) !== 0 ? "on" : "off"}, spurious vec ${spurious & 0xff}\n`,
    command(read(0x30), read(0x31), format),
    `ESR\t 0x${hex(read(0x28))}\n`,
    vectors(apic, "ISR", 0x10),
    vectors(apic, "IRR", 0x20),
    `\nAPR 0x00 TPR 0x${hex(read(0x08), 2)} DFR 0x${hex(format, 2)} LDR 0x${hex(logical, 2)}${cluster} PPR 0x${hex(read(0x0a), 2)}\n`,
  ].join("");
}

/** How often each line has gone up in this run. */
export function describeIrqCounts(counts: Uint32Array, hasApic: boolean): string {
  const lines = Array.from(counts, (count, irq) => (count === 0 ? "" : `${String(irq).padStart(2)}: ${count}\n`)).join(
    "",
  );
  return `${hasApic ? `IRQ statistics for ioapic:\n${lines}` : ""}IRQ statistics for isa-i8259:\n${lines}`;
}
