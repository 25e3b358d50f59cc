/**
 * Small programs of two and three processors that share memory, in every order in which their instructions can come:
 * each order has the outcome of its instructions one after the other, interpreted and compiled. Sequential consistency
 * is what our machines promise (turns.ts); the programs are those in which other memory models differ, and those whose
 * one processor writes the other's code.
 */
import { expect, test } from "vitest";
import type { ProcessorBus } from "../../../emulator/bus/bus.ts";
import { ATTENTION_HALTED } from "../../../emulator/cpu/attention.ts";
import { Cpu } from "../../../emulator/cpu/cpu.ts";
import { CR0, CS, DS, EAX, EBX, ECX, EDX, EFLAGS, EIP, ES, FS, GS, SS } from "../../../emulator/cpu/layout.ts";
import { MachineMemory } from "../../../emulator/cpu/memory.ts";
import { CR0_PE } from "../../../emulator/cpu/state.ts";
import { engineFor, type JitMode } from "../../../emulator/jit/jit.ts";
import { rowsOf } from "../../setup/tier.ts";
import { codeOf } from "./assembled.ts";

const RAM_BYTES = 1 << 20;
/** Where variables and programs are. */
const VARIABLES = { x: 0x5000, y: 0x5004 } as const;
const CODE = 0x10000;
const CODE_STRIDE = 0x1000;

interface Registers {
  eax: number;
  ebx: number;
}

/** What all of them share. */
interface Shared {
  x: number;
  y: number;
  /** The immediate of `mov eax, 1` at the beginning of the last program. */
  immediate: number;
}

/** An instruction: as it is assembled, and what it does. */
type Step = readonly [source: string, act: (shared: Shared, registers: Registers) => void];

const store = (name: "x" | "y", value: number): Step => [
  `mov dword ptr [${VARIABLES[name]}], ${value}`,
  (shared) => void (shared[name] = value),
];
const load = (register: "eax" | "ebx", name: "x" | "y"): Step => [
  `mov ${register}, [${VARIABLES[name]}]`,
  (shared, registers) => void (registers[register] = shared[name]),
];
const increment: Step = [`inc dword ptr [${VARIABLES.x}]`, (shared) => void shared.x++];
const addEax: Step = ["inc eax", (_, registers) => void registers.eax++];
const writeBack: Step = [`mov [${VARIABLES.x}], eax`, (shared, { eax }) => void (shared.x = eax)];
const fetchAndAdd: Step = [
  `lock xadd [${VARIABLES.x}], ebx`,
  (shared, registers) => {
    const before = shared.x;
    shared.x = (before + registers.ebx) | 0;
    registers.ebx = before;
  },
];
const take: Step = [
  `xchg eax, [${VARIABLES.y}]`,
  (shared, registers) => void ([registers.eax, shared.y] = [shared.y, registers.eax]),
];
const claim: Step = [
  `lock cmpxchg [${VARIABLES.x}], ebx`,
  (shared, registers) => {
    if (shared.x === registers.eax) shared.x = registers.ebx;
    else registers.eax = shared.x;
  },
];
/** The first instruction of the last program, and how another writes it. */
const patched: Step = ["mov eax, 1", (shared, registers) => void (registers.eax = shared.immediate)];
const patch = (value: number, programs: number): Step => [
  `mov dword ptr [${CODE + (programs - 1) * CODE_STRIDE + 1}], ${value}`,
  (shared) => void (shared.immediate = value),
];

const PROGRAMS: readonly (readonly [name: string, programs: readonly (readonly Step[])[]])[] = [
  [
    "store buffering",
    [
      [store("x", 1), load("eax", "y")],
      [store("y", 1), load("eax", "x")],
    ],
  ],
  [
    "message passing",
    [
      [store("x", 1), store("y", 1)],
      [load("eax", "y"), load("ebx", "x")],
    ],
  ],
  [
    "load buffering",
    [
      [load("eax", "x"), store("y", 1)],
      [load("eax", "y"), store("x", 1)],
    ],
  ],
  [
    "two writers",
    [
      [store("x", 1), store("y", 2)],
      [store("y", 1), store("x", 2)],
      [load("eax", "x"), load("ebx", "y")],
    ],
  ],
  [
    "independent readers",
    [[store("x", 1)], [load("eax", "x"), load("ebx", "y")], [load("eax", "y"), load("ebx", "x"), store("y", 1)]],
  ],
  [
    "increments",
    [
      [increment, load("eax", "x"), increment],
      [increment, increment, load("eax", "x")],
    ],
  ],
  [
    "increments in three steps",
    [[load("eax", "x"), addEax, writeBack], [load("eax", "x"), addEax, writeBack], [increment]],
  ],
  ["fetch and add", [[fetchAndAdd, fetchAndAdd], [fetchAndAdd, load("eax", "x")], [fetchAndAdd]]],
  ["exchange", [[take, load("ebx", "y")], [take, store("y", 5)], [take]]],
  [
    "compare and exchange",
    [
      [claim, load("ebx", "x")],
      [claim, claim],
      [store("x", 7), store("x", 0)],
    ],
  ],
  [
    "code of another",
    [
      [patch(7, 2), patch(9, 2)],
      [patched, addEax, load("ebx", "x")],
    ],
  ],
  ["code of another, by two", [[patch(7, 3), store("x", 1)], [patch(8, 3)], [patched, load("ebx", "x"), addEax]]],
];

/** All orders in which lists of such lengths can come, as the numbers of the lists. */
function* ordersOf(lengths: readonly number[]): Generator<number[]> {
  if (lengths.every((length) => length === 0)) return void (yield []);
  for (const [list, length] of lengths.entries()) {
    if (length === 0) continue;
    for (const rest of ordersOf(lengths.with(list, length - 1))) yield [list, ...rest];
  }
}

/** Nothing but memory is there. */
const NO_BUS: ProcessorBus = {
  readPort: () => 0,
  writePort: () => {},
  readMmio: () => 0,
  writeMmio: () => {},
  readTimestamp: () => 0,
  acknowledgeInterrupt: () => 0,
  setNumericError: () => {},
  shutdown: () => {},
};

const beginning = (processor: number): Registers => ({ eax: 0, ebx: processor + 1 });

class Machine {
  readonly #memory = new MachineMemory(RAM_BYTES);
  readonly #cpu: Cpu;
  readonly #programs: readonly (readonly Step[])[];
  #order: readonly number[] = [];
  #at = 0;

  constructor(programs: readonly (readonly Step[])[], jit: JitMode) {
    this.#programs = programs;
    this.#cpu = new Cpu(this.#memory, NO_BUS, {
      processors: programs.length,
      makeEngine: engineFor(jit),
      turnLength: (processor) => {
        const from = this.#at;
        while (this.#order[this.#at] === processor) this.#at++;
        return this.#at - from;
      },
    });
    programs.forEach((steps, processor) => {
      const source = [...steps.map(([line]) => line), "hlt"].join("\n");
      this.#memory.dma.write(CODE + processor * CODE_STRIDE, codeOf(source, 32));
      if (processor > 0) this.#cpu.startUp(processor, 0);
    });
    // Each has been started, and executes what is at address 0.
    this.#order = programs.map((_, processor) => processor);
    this.#cpu.run(this.#cpu.retired + programs.length);
  }

  #prepare(): void {
    const words = new Int32Array([0, 0]);
    this.#memory.dma.write(VARIABLES.x, new Uint8Array(words.buffer));
    this.#memory.dma.write(CODE + (this.#programs.length - 1) * CODE_STRIDE, codeOf(this.#programs.at(-1)![0]![0], 32));
    for (const processor of this.#programs.keys())
      this.#cpu.at(processor, (core) => {
        const { s, state, segments } = core;
        s[CR0]! |= CR0_PE;
        state.setSegment(CS, 8, 0, 0xffffffff | 0, 0xc09b);
        for (const segment of [SS, DS, ES, FS, GS]) state.setSegment(segment, 16, 0, 0xffffffff | 0, 0xc093);
        segments.setCpl(0);
        const { eax, ebx } = beginning(processor);
        [s[EAX], s[EBX], s[ECX], s[EDX]] = [eax, ebx, 0, 0];
        s[EFLAGS] = 2;
        s[EIP] = CODE + processor * CODE_STRIDE;
        state.updateMode();
        core.setAttention(ATTENTION_HALTED, false);
      });
  }

  /** What comes of the programs in an order of their instructions. */
  outcome(order: readonly number[]): string {
    this.#prepare();
    // Each comes to its HLT at last.
    this.#order = [...order, ...this.#programs.keys()];
    this.#at = 0;
    const { retired } = this.#cpu;
    expect(this.#cpu.run(retired + 1000)).toBe("halted");
    expect(this.#cpu.retired - retired).toBe(this.#order.length);
    const registers = [...this.#programs.keys()].map((processor) =>
      this.#cpu.at(processor, ({ s }) => ({ eax: s[EAX]!, ebx: s[EBX]! })),
    );
    const bytes = new Uint8Array(8);
    this.#memory.dma.read(VARIABLES.x, bytes);
    const [x, y] = new Int32Array(bytes.buffer);
    return JSON.stringify({ x, y, registers });
  }
}

/** The same, an instruction after the other. */
function expected(programs: readonly (readonly Step[])[], order: readonly number[]): string {
  const shared: Shared = { x: 0, y: 0, immediate: 1 };
  const registers = programs.map((_, processor) => beginning(processor));
  const next = programs.map(() => 0);
  for (const processor of order) programs[processor]![next[processor]!++]![1](shared, registers[processor]!);
  return JSON.stringify({ x: shared.x, y: shared.y, registers });
}

test.each(rowsOf(PROGRAMS, 3))("%s", (_name, programs) => {
  const machines = (["off", "force"] as const).map((jit) => [jit, new Machine(programs, jit)] as const);
  const outcomes = new Set<string>();
  for (const order of ordersOf(programs.map(({ length }) => length))) {
    const wanted = expected(programs, order);
    outcomes.add(wanted);
    for (const [jit, machine] of machines)
      expect(machine.outcome(order), `${order.join(" ")}, jit ${jit}`).toBe(wanted);
  }
  // An order that means nothing would test nothing.
  expect(outcomes.size).toBeGreaterThan(2);
});
