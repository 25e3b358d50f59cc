/**
 * The differential tester: random cases through QEMU, the interpreter of blocks, the one in WebAssembly, and compiled
 * code. QEMU boots once for thousands of cases and writes a sum for each; what differs runs again with whole states,
 * and is reduced to as few instructions as still differ.
 */

import type { EngineMode } from "../../../emulator/jit/jit.ts";
import { Random } from "../../../emulator/state/random.ts";
import type { Form } from "../../../src/isa/form.ts";
import type { Program } from "./bare-machine.ts";
import { assembleProgram, runHere, runInQemu } from "./bare-machine.ts";
import type { Case, Outcome } from "./random-states.ts";
import { OUTCOME_DWORDS, packCases, randomCase, unpackOutcomes } from "./random-states.ts";
import { SYSTEM_TESTABLE, TESTABLE, USER_TESTABLE } from "./testable-forms.ts";

const RAM_MIB = 64;
/** For one boot of QEMU: what fits into that memory after the program. */
const BATCH = 100_000;
/** For one machine that compiles: what an engine keeps of each case grows with the number of cases. */
const COMPILED_BATCH = 500;
/** Instructions that states.s needs for a case, generously. */
const INSTRUCTIONS_PER_CASE = 20_000;
const MAXIMUM_REPORTS = 5;
/** In the output of states.s: the sum over all of the state, and the one over what is defined. */
const SUM_BYTES = 8;

/** What a run may begin with, so that it has each form at least once. */
export const ALL_FORMS: readonly Form[] = [...TESTABLE, ...SYSTEM_TESTABLE, ...USER_TESTABLE];

/** One machine that runs cases; `sums` is which of the two sums it is compared by. */
interface Engine {
  readonly name: string;
  run(data: Uint8Array): Uint8Array;
}

export class DifferentialTester {
  readonly #program: Program = assembleProgram("states.s");
  readonly #interpreter: Engine;
  /** Other ways to run the same code. */
  readonly #others: readonly Engine[];
  readonly #qemu: Engine | null;

  /** `qemu`: its path, or null to compare compiled code with the interpreter alone. */
  constructor(qemu: string | null) {
    const here = (name: string, jit: EngineMode): Engine => ({
      name,
      run: (data) => runHere(this.#program, data, { jit, ramMib: RAM_MIB, limit: INSTRUCTIONS_PER_CASE * BATCH }),
    });
    this.#interpreter = here("interpreter", "off");
    this.#others = [here("compiled", "force"), here("in WebAssembly", "interpret")];
    this.#qemu =
      qemu === null ? null : { name: "QEMU", run: (data) => runInQemu(qemu, this.#program, data, { ramMib: RAM_MIB }) };
  }

  /** Runs `count` cases from a seed, the given forms first. Reports of what differed; empty when nothing did. */
  run(seed: number, count: number, forms: readonly Form[] = []): string[] {
    const random = new Random(seed);
    const reports: string[] = [];
    for (let done = 0; done < count && reports.length < MAXIMUM_REPORTS; done += BATCH) {
      const cases = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) =>
        randomCase(random, forms[done + i] ?? null),
      );
      for (let at = 0; at < cases.length; at += COMPILED_BATCH) {
        for (const engine of this.#others) this.#compare(cases.slice(at, at + COMPILED_BATCH), engine, reports);
      }
      if (this.#qemu !== null)
        this.#compare(
          cases.filter(({ checked }) => !checked),
          this.#qemu,
          reports,
        );
    }
    return reports;
  }

  /** Reports where a machine does not agree with the interpreter. */
  #compare(cases: readonly Case[], engine: Engine, reports: string[]): void {
    const engines = [this.#interpreter, engine] as const;
    this.#stillDiffer(cases, engines).forEach((differs, index) => {
      if (differs && reports.length < MAXIMUM_REPORTS) reports.push(this.#report(cases[index]!, engines));
    });
  }

  /** Which of the candidates still differ between two machines. */
  #stillDiffer(candidates: readonly Case[], engines: readonly [Engine, Engine]): boolean[] {
    const [a, b] = engines.map((engine) => this.#sums(engine, candidates)) as [Uint32Array, Uint32Array];
    const kind = engines[1] === this.#qemu ? 1 : 0;
    return candidates.map((_, index) => a[2 * index + kind] !== b[2 * index + kind]);
  }

  /**
   * The shortest case that still differs: instructions are left out, then the first ones replaced by the state that
   * they leave.
   */
  #reduce(one: Case, engines: readonly [Engine, Engine]): Case {
    let smallest = one;
    while (smallest.instructions.length > 1) {
      const { instructions } = smallest;
      const candidates: Case[] = instructions.map((_, left) => ({
        ...smallest,
        instructions: instructions.filter((_unused, i) => i !== left),
      }));
      const before: Case = { ...smallest, instructions: instructions.slice(0, -1) };
      const [state] = this.#outcomes([before], engines[0]);
      candidates.push({
        ...smallest,
        instructions: instructions.slice(-1),
        registers: state!.registers,
        eflags: state!.eflags,
      });
      const which = this.#stillDiffer(candidates, engines).lastIndexOf(true);
      if (which < 0) break;
      smallest = candidates[which]!;
    }
    return smallest;
  }

  /** Two for each case. */
  #sums(engine: Engine, cases: readonly Case[]): Uint32Array {
    const bytes = engine.run(packCases(cases, false));
    const ended = Math.floor(bytes.length / SUM_BYTES);
    if (bytes.length !== SUM_BYTES * cases.length)
      throw new Error(
        `${engine.name} ended at case ${ended} of ${cases.length}:\n${describeCase(cases[ended]!, true)}`,
      );
    return new Uint32Array(bytes.slice().buffer);
  }

  #outcomes(cases: readonly Case[], engine: Engine): Outcome[] {
    return unpackOutcomes(engine.run(packCases(cases, true)));
  }

  #report(one: Case, engines: readonly [Engine, Engine]): string {
    // A case may depend on those before it; then it is shown as it is.
    const alone = this.#stillDiffer([one], engines)[0]!;
    const smallest = alone ? this.#reduce(one, engines) : one;
    const outcomes = engines.map((engine) => this.#outcomes([smallest], engine)[0]!);
    return (
      describeCase(smallest, alone) +
      engines.map(({ name }, i) => `\n  ${name.padEnd(11)} ${describeOutcome(outcomes[i]!)}`).join("")
    );
  }
}

const hex = (value: number): string => (value >>> 0).toString(16);

function describeCase(one: Case, alone: boolean): string {
  const text = one.instructions
    .map(
      ({ form, code }) =>
        `    ${code.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}  ${form.text.trim()}`,
    )
    .join("\n");
  return (
    `${one.kind}, ${one.code16 ? 16 : 32} bits${alone ? "" : ", only after the cases before it"}\n${text}\n  registers ${one.registers.map(hex).join(" ")} eflags ${hex(one.eflags)}\n` +
    `  cs ${hex(one.cs)} es ss ds fs gs ${one.selectors.map(hex).join(" ")} pages ${one.pages.map(hex).join(" ")} cr0 ${hex(one.cr0)}`
  );
}

function describeOutcome({ vector, errorCode, eip, eflags, registers, all }: Outcome): string {
  const [memory, cr2, pages, csSs, dsEs, fsGs] = all.slice(12, OUTCOME_DWORDS);
  return (
    `vector ${vector} error ${hex(errorCode)} eip +${hex(eip)} eflags ${hex(eflags)} registers ${registers.map(hex).join(" ")} ` +
    `memory ${hex(memory!)} cr2 ${hex(cr2!)} pages ${hex(pages!)} segments ${hex(csSs!)} ${hex(dsEs!)} ${hex(fsGs!)}`
  );
}
