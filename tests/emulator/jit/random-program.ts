/**
 * Random programs for comparing engines: blocks of random instructions with loops, calls, indirect jumps, faults and
 * writes into their own code, in a small machine whose segments and page tables are random too. A program never ends; a
 * fault begins its main loop anew.
 */
import type { ProcessorBus } from "../../../emulator/bus/bus.ts";
import { Cpu } from "../../../emulator/cpu/cpu.ts";
import {
  BASE,
  CR0,
  CR3,
  CS,
  DS,
  EFLAGS,
  EIP,
  ES,
  ESP,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  IDT_BASE,
  IDT_LIMIT,
  SS,
  TR,
} from "../../../emulator/cpu/layout.ts";
import { MachineMemory } from "../../../emulator/cpu/memory.ts";
import { CR0_PE, CR0_PG, CR0_WP } from "../../../emulator/cpu/state.ts";
import { type EngineMode, engineFor } from "../../../emulator/jit/jit.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import type { KeptState } from "../../../emulator/state/kept-state.ts";
import { Random } from "../../../emulator/state/random.ts";
import type { StateVisitor } from "../../../emulator/state/state.ts";
import {
  CODE,
  COUNTERS,
  changeTables,
  HIGH_SCRATCH,
  near,
  OTHER_DIRECTORY,
  PAGE_DIRECTORY,
  PAGE_TABLE,
  scratchEntry,
  straight,
  type WorldOptions,
  Writer,
} from "./random-code.ts";

const RAM_BYTES = 4 << 20;
const GDT = 0x1000;
const IDT = 0x2000;
const TSS = 0x3000;
/** Where each fault leads to. */
export const HANDLERS = 0x4000;
const STACK_TOP = 0x9f00;
const KERNEL_STACK_TOP = 0x7f00;
/** More than any program has. */
const CODE_PAGES = 16;
/** The second processor's: INC of the word at COUNTERS + 44, and JMP back to it. */
const SECOND_CODE = 0xe000;
const SECOND_PROGRAM = [0xff, 0x06, 0xac, 0x9f, 0xeb, 0xfa];
/** Jumps to nowhere fault. */
const CODE_LIMIT = 0x1fffff;
const INTERRUPT_VECTOR = 0x40;
const TRAP_VECTOR = 0x41;
const KERNEL_CODE = 0x08;
const KERNEL_DATA = 0x10;
const USER_CODE = 0x1b;
const USER_DATA = 0x23;
const SMALL_DATA = 0x2b;
const TSS_SELECTOR = 0x30;

/** How code runs beside decoded blocks, and whether CR0.PG is set. */
export const WAYS = [false, true].flatMap((paged) =>
  (["interpret", "force", "on"] as const).map((engine) => ({ engine, paged })),
);

/** The program, to be loaded at CODE. */
function program(random: Random, options: WorldOptions): number[] {
  const out = new Writer(CODE);
  const functions: number[] = [];
  const main = [0];
  out.branch([0xe9], 0);
  for (let i = 0; i < 3; i++) {
    functions.push(out.here);
    straight(random, out, 1 + random.below(5));
    if (i > 0 && random.below(2) === 0) out.branch([0xe8], functions[random.below(i)]!);
    out.put(0xc3);
  }
  const table = out.here;
  for (const target of functions) out.dword(target);
  out.patch(1, out.here);
  // Each turn, and each restart after a fault, begins at the next of the blocks.
  const starts = Array.from({ length: 8 }, () => out.bytes.length);
  const prelude = (): void => {
    out.moveImmediate(4, STACK_TOP);
    out.put(0x36, 0xff, 0x05);
    out.dword(COUNTERS + 48);
    out.put(0x36, 0xa1);
    out.dword(COUNTERS + 48);
    out.put(0x83, 0xe0, 0x07, 0x2e, 0xff, 0x24, 0x85);
    out.dword(out.here + 4);
  };
  main[0] = out.here;
  prelude();
  const startTable = out.bytes.length;
  for (let i = 0; i < 8; i++) out.dword(0);
  const blocks = 6 + random.below(6);
  for (let block = 0; block < blocks; block++) {
    starts[block & 7] = out.here;
    straight(random, out, 1 + random.below(6));
    switch (random.below(11)) {
      case 0: {
        // A loop whose counter is in memory.
        const counter = COUNTERS + 4 * random.below(8);
        out.put(0x36, 0xc7, 0x05);
        out.dword(counter);
        out.dword(1 + random.below(20));
        const top = out.here;
        straight(random, out, 1 + random.below(6));
        out.put(0x36, 0xff, 0x0d);
        out.dword(counter);
        out.branch([0x0f, 0x85], top);
        break;
      }
      case 1:
        out.branch([0xe8], random.pick(functions));
        break;
      case 2:
        // call [table + eax * 4] with eax reduced to 0-2.
        out.put(0x83, 0xe0, 0x01, 0x2e, 0xff, 0x14, 0x85);
        out.dword(table);
        break;
      case 3: {
        const at = out.bytes.length;
        out.put(0x0f, 0x80 + random.below(16), 0, 0, 0, 0);
        straight(random, out, 1 + random.below(4));
        out.patch(at + 2, out.here);
        break;
      }
      case 6:
        // INT to a handler that only returns, flags pushed and popped; in ring 0 CLI and STI too.
        for (let i = 0; i < 3; i++) {
          out.put(
            ...random.pick([
              [0xcd, INTERRUPT_VECTOR],
              [0xcd, TRAP_VECTOR],
              [0x9c, 0x9d],
              [0x9c, 0x58],
              ...(options.user ? [] : [[0xfa], [0xfb], [0xe6, 0x80], [0xe4, 0x61]]),
            ]),
          );
          straight(random, out, random.below(3));
        }
        break;
      case 4:
        out.put(0x50 + random.pick([0, 1, 2, 3, 5, 6, 7]));
        straight(random, out, 1 + random.below(2));
        out.put(0x58 + random.pick([0, 1, 2, 3, 5, 6, 7]));
        break;
      case 7:
        for (let i = 0; i < 2 && options.paged && !options.user; i++) {
          changeTables(random, out);
          straight(random, out, random.below(3));
        }
        break;
      case 8:
      case 9:
        near(random, out, options, main[0]);
        break;
      default: {
        // LOOP over a short body that leaves ECX alone.
        out.moveImmediate(1, 2 + random.below(6));
        const top = out.here;
        out.put(...random.pick([[0x40], [0x01, 0xd0], [0x11, 0xd8], [0x31, 0xc2], [0xd1, 0xd8], [0x0f, 0xa3, 0xd0]]));
        out.put(0xe0 + random.below(3), (top - (out.here + 2)) & 0xff);
      }
    }
  }
  // A rewrite of an immediate in the program: a constant, a count, a branch's distance over one byte or none, an
  // address.
  if (random.below(2) === 0) {
    const [before, after, mask] = random.pick<readonly [readonly number[], readonly number[], number]>([
      [[0xb0], [], 0xff],
      [[0xc1, 0xc3], [], 0xff],
      [[0x74], [0x43], 1],
      [[0x36, 0x8b, 0x1d], [(COUNTERS >> 8) & 0xff, 0, 0], 0xff],
      [[0xeb], [0x43], 1],
    ]);
    out.put(0x2e, 0x8b, 0x05);
    out.dword(COUNTERS + 32);
    out.put(0x40, 0x36, 0x89, 0x05);
    out.dword(COUNTERS + 32);
    out.put(0x24, mask);
    const at = out.here;
    out.put(0x36, 0x88, 0x05);
    out.dword(at + 7 + before.length);
    out.put(...before, 0, ...after);
  }
  out.branch([0xe9], main[0]);
  starts.forEach((start, i) => {
    const address = i < blocks ? start : starts[0]!;
    for (let byte = 0; byte < 4; byte++) out.bytes[startTable + 4 * i + byte] = (address >>> (8 * byte)) & 0xff;
  });
  return out.bytes;
}

class WorldBus implements ProcessorBus {
  cpu: Cpu | null = null;
  shutdowns = 0;
  readonly writes: number[] = [];
  readPort(port: number): number {
    return (port * 7) & 0xff;
  }
  writePort(port: number, _sizeBytes: number, value: number): void {
    this.writes.push(port, value, this.cpu!.retired);
  }
  readMmio(address: number, sizeBytes: number): number {
    this.writes.push(address, this.cpu!.retired);
    return sizeBytes === 4 ? (address * 3) >>> 0 : address & (sizeBytes === 2 ? 0xffff : 0xff);
  }
  writeMmio(address: number, _sizeBytes: number, value: number): void {
    this.writes.push(address, value, this.cpu!.retired);
  }
  readTimestamp(): number {
    return this.cpu!.retired;
  }
  acknowledgeInterrupt(): number {
    this.cpu!.setInterruptRequest(false);
    return INTERRUPT_VECTOR;
  }
  setNumericError(): void {}
  shutdown(): void {
    this.shutdowns++;
    this.cpu!.requestStop();
  }
}

export interface World {
  readonly cpu: Cpu;
  readonly bus: WorldBus;
  readonly memory: MachineMemory;
}

/** A machine as it is after a reset. */
export function makeEmptyWorld(jit: EngineMode, coldRuns: number, processors: number): World {
  const memory = new MachineMemory(RAM_BYTES);
  const bus = new WorldBus();
  const cpu = new Cpu(memory, bus, { makeEngine: engineFor(jit), coldRuns, processors });
  bus.cpu = cpu;
  return { cpu, bus, memory };
}

function descriptor(base: number, limit: number, access: number, flags: number): number[] {
  return [
    limit & 0xff,
    (limit >> 8) & 0xff,
    base & 0xff,
    (base >> 8) & 0xff,
    (base >> 16) & 0xff,
    access,
    (flags << 4) | ((limit >> 16) & 15),
    base >>> 24,
  ];
}

/** A machine that stands at the program's first instruction. */
export function makeWorld(seed: number, options: WorldOptions, jit: EngineMode): World {
  const random = new Random(seed);
  const { codeLimit = CODE_LIMIT, codeAt = CODE } = options;
  // What the interpreter leaves is decoded each time, other code at first sight.
  const world = makeEmptyWorld(jit, jit === "interpret" ? Infinity : 0, options.hasSecond === true ? 2 : 1);
  const { cpu, memory } = world;
  const write = (address: number, bytes: readonly number[]): void => memory.dma.write(address, Uint8Array.from(bytes));
  const dwords = (values: readonly number[]): number[] =>
    values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
  const smallBase = options.segmented ? random.pick([0, 0x10, 0x1000, 0xfff00000]) : 0;
  const smallLimit = random.pick([0x20fff, 0x201fff, 0x208007]);
  write(GDT, [
    ...dwords([0, 0]),
    ...descriptor(0, codeLimit >>> 12, 0x9b, 0xc),
    ...descriptor(0, 0xfffff, 0x93, 0xc),
    ...descriptor(0, codeLimit >>> 12, 0xfb, 0xc),
    ...descriptor(0, 0xfffff, 0xf3, 0xc),
    // A limit in bytes needs 20 bits; larger ones are in pages.
    ...(smallLimit > 0xfffff
      ? descriptor(smallBase, smallLimit >> 12, 0xf3, 0xc)
      : descriptor(smallBase, smallLimit, 0xf3, 0x4)),
    ...descriptor(TSS, 0x67, 0x8b, 0),
  ]);
  write(TSS, dwords([0, KERNEL_STACK_TOP, KERNEL_DATA]));
  // Faults: reset the stack and begin anew at the caller's privilege. Interrupts: count.
  const handlers = new Writer(HANDLERS);
  handlers.moveImmediate(4, KERNEL_STACK_TOP);
  const restartSelector = options.user ? USER_CODE : KERNEL_CODE;
  handlers.put(0x6a, options.user ? USER_DATA : KERNEL_DATA, 0x68);
  handlers.dword(STACK_TOP);
  handlers.put(0x68);
  handlers.dword(0x202);
  handlers.put(0x6a, restartSelector, 0x68);
  handlers.dword(codeAt);
  handlers.put(0xcf);
  while (handlers.bytes.length < 64) handlers.put(0x90);
  handlers.put(0x36, 0xff, 0x05);
  handlers.dword(COUNTERS + 40);
  handlers.put(0xcf);
  write(HANDLERS, handlers.bytes);
  const gate = (address: number): number[] =>
    dwords([(KERNEL_CODE << 16) | (address & 0xffff), (address & 0xffff0000) | 0xee00]);
  for (let vector = 0; vector < 256; vector++)
    write(IDT + 8 * vector, gate(vector === INTERRUPT_VECTOR || vector === TRAP_VECTOR ? HANDLERS + 64 : HANDLERS));
  write(IDT + 8 * TRAP_VECTOR + 5, [0xef]);
  write(CODE, program(random, options));
  if (options.hasSecond === true) {
    write(SECOND_CODE, SECOND_PROGRAM);
    cpu.startUp(1, SECOND_CODE >>> 12);
  }
  const { core } = cpu;
  const { s, state, segments } = core;
  const selectors: readonly (readonly [number, number, number, number])[] = [
    [CS, options.user ? USER_CODE : KERNEL_CODE, 0, options.user ? 0xc0fb : 0xc09b],
    [SS, options.user ? USER_DATA : KERNEL_DATA, 0, options.user ? 0xc0f3 : 0xc093],
  ];
  s[CR0]! |= CR0_PE;
  for (const [segment, selector, base, access] of selectors)
    state.setSegment(segment, selector, base, segment === CS ? codeLimit : 0xffffffff | 0, access);
  for (const segment of [DS, ES, FS, GS]) {
    if (options.segmented && segment !== GS)
      state.setSegment(segment, SMALL_DATA, smallBase, smallLimit > 0xfffff ? smallLimit | 0xfff : smallLimit, 0x40f3);
    else state.setSegment(segment, USER_DATA, 0, 0xffffffff | 0, 0xc0f3);
  }
  state.setSegment(TR, TSS_SELECTOR, TSS, 0x67, 0x8b);
  s[GDT_BASE] = GDT;
  s[GDT_LIMIT] = 0x37;
  s[IDT_BASE] = IDT;
  s[IDT_LIMIT] = 0x7ff;
  s[ESP] = STACK_TOP;
  s[EIP] = codeAt;
  s[EFLAGS] = 0x202;
  segments.setCpl(options.user ? 3 : 0);
  if (options.paged) {
    const isScratch = (page: number): boolean => page >= HIGH_SCRATCH >>> 12 && page < (HIGH_SCRATCH >>> 12) + 16;
    for (const [directory, table] of [
      [PAGE_DIRECTORY, PAGE_TABLE],
      [OTHER_DIRECTORY, OTHER_DIRECTORY + 0x1000],
    ] as const) {
      write(directory, dwords([table | 7]));
      write(
        table,
        dwords(Array.from({ length: 1024 }, (_, page) => (isScratch(page) ? scratchEntry(random) : (page << 12) | 7))),
      );
      const code = Array.from({ length: CODE_PAGES }, (_, page) => (CODE + (page << 12)) | 7);
      write(table + 4 * (codeAt >>> 12), dwords(code));
    }
    s[CR3] = PAGE_DIRECTORY;
    s[CR0]! |= CR0_PG | (random.below(2) === 0 ? CR0_WP : 0);
    core.mmu.flush();
  }
  state.updateMode();
  core.updateControls();
  if (s[BASE + CS] !== 0) throw new Error("the code segment is flat");
  return world;
}

/** Registers, EIP, EFLAGS and the instruction count. */
export function registersOf({ cpu }: World): string {
  const { s, state } = cpu.core;
  const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
  return `${cpu.retired} eip=${hex(s[EIP]!)} fl=${hex(state.eflags)} ${["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"].map((name, i) => `${name}=${hex(s[i]!)}`).join(" ")}`;
}

/** All that decides how it goes on, but for what its bus has noted. */
export function visitWorld({ cpu, memory }: World, visitor: StateVisitor): void {
  memory.visitState(visitor);
  cpu.visitState(visitor);
  cpu.visitCached(visitor);
}

/** Has it stand where it stood when the state was kept. */
export function restoreWorld(world: World, state: KeptState): void {
  state.restore((visitor) => visitWorld(world, visitor));
  world.bus.writes.length = 0;
  world.bus.shutdowns = 0;
}

export function digestOf({ cpu, memory, bus }: World): string {
  const visitor = new DigestVisitor();
  memory.visitState(visitor);
  cpu.visitState(visitor);
  visitor.text(bus.writes.join());
  return visitor.digest();
}
