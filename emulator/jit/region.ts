/**
 * A region: up to 16 blocks of hot guest code that become one function. Here it is plain data, made from the
 * interpreter's blocks; what the translator makes of it depends on nothing else, so equal regions share their code.
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import type { Block } from "../cpu/block.ts";
import { branchTarget } from "../cpu/handlers/control.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { ESP, SS, ZERO } from "../cpu/layout.ts";
import { MODE_STACK32 } from "../cpu/state.ts";
import { isMovable, isNarrow, type Shape, shapeKey } from "./shape.ts";

/** Instructions that run one after the other. */
export interface RegionBlock {
  readonly eip: number;
  readonly instructions: readonly DecodedInstruction[];
  /** After the last instruction. */
  readonly next: number;
  /** The interpreter's block that it was made from. */
  readonly source: Block;
}

export interface Region {
  readonly shape: Shape;
  readonly blocks: readonly RegionBlock[];
  /** Indices of blocks that may be entered from elsewhere. The first is the one that grew hot. */
  readonly entries: readonly number[];
  /** Instructions, by EIP, whose slow path is made to return into the region instead of leaving it. */
  readonly slowSites: ReadonlySet<number>;
  /**
   * A bit for each general register that held a low address when the region was made: a guess about where accesses go.
   */
  readonly lowRegisters: number;
}

/** Pages that the code of a region may lie in where page tables decide where they are. */
export const MOST_PAGES = 8;
/** The page of an EIP. */
export const pageOf = (eip: number): number => eip & ~0xfff;

/** What the places that a region's code knows are counted from: where it begins, if it may lie elsewhere; else 0. */
export function originOf({
  shape,
  blocks: [first],
}: Pick<Region, "shape"> & { blocks: readonly { eip: number }[] }): number {
  return isMovable(shape) ? pageOf(first!.eip) : 0;
}

/**
 * The pages of a region that is in several of them while page tables decide where they are; else none. One that is
 * where it was when the region was entered need not be looked at, but each way from page to page is.
 */
export function pagesOf(region: Region): readonly number[] {
  const { shape, blocks } = region;
  const origin = originOf(region);
  const pages = shape.isPlaced || isNarrow(shape) ? [] : [...new Set(blocks.map(({ eip }) => pageOf(eip - origin)))];
  return pages.length > 1 ? pages : [];
}

/** Opcodes D8-DF. */
const isX87 = ({ form }: DecodedInstruction): boolean => form.map === 0 && (form.opcode & 0xf8) === 0xd8;

/** Whether a region's code calls the x87 unit. */
export function usesX87({ blocks }: Region): boolean {
  return blocks.some(({ instructions }) => instructions.some(isX87));
}

/** How a block ends. */
export type Ending = "jump" | "branch" | "call" | "indirect" | "patched" | "next";

const ENDINGS: Readonly<Partial<Record<Semantic, Ending>>> = {
  jmp: "jump",
  jcc: "branch",
  loop: "branch",
  loope: "branch",
  loopne: "branch",
  jcxz: "branch",
  call: "call",
  jmp_indirect: "indirect",
  call_indirect: "indirect",
  ret: "indirect",
  int: "indirect",
  int3: "indirect",
  iret: "indirect",
  call_far: "indirect",
  jmp_far: "indirect",
  retf: "indirect",
  sysenter: "indirect",
  sysexit: "indirect",
};

/**
 * "patched" is a branch on a condition whose distance is rewritten; a jump whose distance is rewritten is an indirect
 * one.
 */
export function endingOf(insn: DecodedInstruction): Ending {
  if (insn.immediateAt !== 0 && insn.form.semantic === "jcc") return "patched";
  if (insn.immediateAt !== 0 && insn.form.semantic === "jmp") return "indirect";
  return ENDINGS[insn.form.semantic] ?? "next";
}

/** EIPs at which a block may go on, as far as its bytes tell. */
export function successorsOf(block: {
  readonly instructions: readonly DecodedInstruction[];
  readonly next: number;
}): number[] {
  const last = block.instructions[block.instructions.length - 1]!;
  switch (endingOf(last)) {
    case "jump":
      return [branchTarget(last)];
    case "call":
      return [branchTarget(last)];
    case "branch":
      return [branchTarget(last), block.next];
    case "indirect":
      return [];
    default:
      return [block.next];
  }
}

type Instructions = Pick<RegionBlock, "instructions">;

/**
 * The register that a routine returns its return address in, if it does nothing else: MOV register, [ESP]; RET, which
 * position-independent code calls to learn where it is. Else -1.
 */
export function placeRegister({ instructions: [load, ret, ...more] }: Instructions): number {
  if (load === undefined || ret === undefined || more.length > 0) return -1;
  const isLoad =
    load.form.semantic === "mov" &&
    load.form.operands[0]?.field === "reg" &&
    load.isMemory &&
    load.size === 32 &&
    load.address32 &&
    (load.mode & MODE_STACK32) !== 0 &&
    load.base === ESP &&
    load.index === ZERO &&
    load.displacement === 0 &&
    load.displacementAt === 0 &&
    load.segment === SS &&
    load.reg !== ESP;
  const isReturn =
    ret.form.semantic === "ret" && ret.size === 32 && ret.immediate === 0 && ret.immediateAt === 0 && isLoad;
  return isReturn ? load.reg : -1;
}

/** Where a block's last instruction calls to, if it is a plain call of 32 bits; else null. */
export function calledBy({ instructions }: Instructions): number | null {
  const last = instructions[instructions.length - 1]!;
  return last.form.semantic === "call" && last.size === 32 && last.immediateAt === 0 ? branchTarget(last) : null;
}

const RETURNED_TO: ReadonlySet<Semantic> = new Set<Semantic>(["call", "call_indirect", "call_far", "int"]);

/** Where a call returns to, if the block ends with one. */
export function returnSiteOf(block: {
  readonly instructions: readonly DecodedInstruction[];
  readonly next: number;
}): number | null {
  const { semantic } = block.instructions[block.instructions.length - 1]!.form;
  return RETURNED_TO.has(semantic) ? block.next : null;
}

/** What a region's module is known by: the guest's bytes, in the machine's memory, and all else that it depends on. */
export function contentKey(region: Region, bytes: Uint8Array): string {
  const origin = originOf(region);
  const parts = [
    shapeKey(region.shape),
    region.entries.join(","),
    [...region.slowSites].map((eip) => eip - origin).join(","),
    region.lowRegisters,
  ];
  for (const { eip, instructions, next, source } of region.blocks) {
    let text = "";
    const length = (next - eip) & 0xffff;
    // Bytes that the guest rewrites are not in the code, but where they lie is.
    const gaps = source.gaps.filter(([offset]) => offset < source.offset + length);
    for (let at = source.offset; at < source.offset + length; at++)
      text += gaps.some(([gap, size]) => at >= gap && at < gap + size) ? "?" : String.fromCharCode(bytes[at]!);
    parts.push(`${(eip - origin) | 0}:${instructions.length}:${gaps.join()}:${text}`);
  }
  return parts.join("|");
}
