/**
 * What a triple fault tells the person whose system it ended: a PC only resets, and all that led there is gone (SDM 3A
 * 6.15, interrupt 8).
 */
import { hex } from "../debug/hex.ts";
import { BRANCH, type Branches, COMPILED } from "./branches.ts";
import type { Core } from "./core.ts";
import { EXCEPTION_NAMES, NO_ERROR_CODE, PAGE_FAULT } from "./exceptions.ts";
import { BASE, CR0, CR2, CR3, CR4, CS, EIP, GDT_BASE, GDT_LIMIT, IDT_BASE, IDT_LIMIT, SELECTOR } from "./layout.ts";

/** One event of the chain, and where it was raised. */
export interface Delivery {
  readonly vector: number;
  /** NO_ERROR_CODE: it has none. */
  readonly errorCode: number;
  readonly eip: number;
  /** CR2 when it was raised: of a page fault, the linear address. */
  readonly cr2: number;
}

const WAYS = "  the last branches";

/** How the report begins; nothing else that a machine says does. */
export const TRIPLE_FAULT = "triple fault";
const GENERAL_REGISTERS = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const SEGMENT_REGISTERS = ["es", "cs", "ss", "ds", "fs", "gs"];

function vectorName(vector: number): string {
  return EXCEPTION_NAMES[vector] || `interrupt ${hex(vector, 2)}h`;
}

function describe({ vector, errorCode, cr2 }: Delivery): string {
  const name = vectorName(vector);
  const error = errorCode === NO_ERROR_CODE ? "" : ` error ${hex(errorCode, 4)}h`;
  return `${name}${error}${vector === PAGE_FAULT ? ` for address ${hex(cr2)}` : ""}`;
}

/**
 * The report, its lines separated by line feeds: the chain with the linear address of the first event (`at XXXXXXXX`,
 * for whoever knows names), the registers, the tables.
 */
export function describeTripleFault({ s, state, branches }: Core, chain: readonly Delivery[]): string {
  const [first] = chain;
  const codeBase = s[BASE + CS]!;
  const registers = GENERAL_REGISTERS.map((name, index) => `${name} ${hex(s[index]!)}`);
  const segments = SEGMENT_REGISTERS.map((name, index) => `${name} ${hex(s[SELECTOR + index]!, 4)}`);
  const control = [`cr0 ${hex(s[CR0]!)}`, `cr2 ${hex(s[CR2]!)}`, `cr3 ${hex(s[CR3]!)}`, `cr4 ${hex(s[CR4]!)}`];
  const tables = [
    `gdt ${hex(s[GDT_BASE]!)} limit ${hex(s[GDT_LIMIT]!, 4)}h`,
    `idt ${hex(s[IDT_BASE]!)} limit ${hex(s[IDT_LIMIT]!, 4)}h`,
  ];
  return [
    `${TRIPLE_FAULT}: ${chain.map(describe).join(", then ")}`,
    `  at ${hex(codeBase + (first?.eip ?? s[EIP]!))}, cs:eip ${hex(s[SELECTOR + CS]!, 4)}:${hex(first?.eip ?? s[EIP]!)}, eflags ${hex(state.eflags)}`,
    `  ${registers.slice(0, 4).join("  ")}`,
    `  ${registers.slice(4).join("  ")}`,
    `  ${segments.join("  ")}`,
    `  ${control.join("  ")}`,
    `  ${tables.join("  ")}`,
    ...describeWays(branches),
  ].join("\n");
}

/** How it came there: a line for each way, the oldest first, which begins with two linear addresses. */
function describeWays({ all }: Branches): string[] {
  if (all.length === 0) return [];
  const lines = all.map(({ kind, from, to, times }) => {
    const what = kind === BRANCH ? "" : kind === COMPILED ? ", in compiled code" : `, ${vectorName(kind)}`;
    return `    ${hex(from)} to ${hex(to)}${what}${times > 1 ? `, ${times} times` : ""}`;
  });
  return [`${WAYS}, up to this:`, ...lines];
}
