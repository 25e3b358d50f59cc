/**
 * Why the encoder refused an instruction: finds the operand at fault and says what stands there, and what could.
 */

import type { Candidate, CandidateOperand } from "./candidate.ts";
import { ANY_IMMEDIATE, ANY_MEMORY, ANY_TARGET, KIND } from "./candidate.ts";
import { hasFeature } from "./features.ts";
import type { EncodeOptions, EncodingError, Instruction, Operand } from "./instruction.ts";
import { formNames } from "./table/index.ts";

const GENERAL = KIND.r8 | KIND.r16 | KIND.r32;

/** Groups of kinds that differ in size only, and what people call them. */
const GROUPS: readonly (readonly [number, string])[] = [
  [GENERAL, "a register"],
  [ANY_MEMORY, "memory"],
  [ANY_IMMEDIATE, "a number"],
  [ANY_TARGET, "a branch target"],
  [KIND.far, "selector:offset"],
  [KIND.sreg, "a segment register"],
  [KIND.creg, "a control register"],
  [KIND.dreg, "a debug register"],
  [KIND.treg, "a test register"],
  [KIND.st, "st(i)"],
  [KIND.mm, "an mm register"],
  [KIND.xmm, "an xmm register"],
  [KIND.bnd, "a bnd register"],
];

const groupOf = (kinds: number): number => GROUPS.find(([mask]) => (mask & kinds) !== 0)?.[0] ?? kinds;

const nameOf = (operand: Operand): string => {
  switch (operand.kind) {
    case "register":
      return operand.register.name;
    case "immediate":
      return operand.value === null ? "a number" : `the number ${operand.value}`;
    case "memory":
      return operand.sizeBits === undefined ? "memory" : `memory of ${operand.sizeBits} bits`;
    case "target":
      return "a branch target";
    case "far":
      return "selector:offset";
  }
};

const join = (words: Iterable<string | number>, last: string): string => {
  const list = [...words].map(String);
  return list.length < 2 ? (list[0] ?? "nothing") : `${list.slice(0, -1).join(", ")} ${last} ${list.at(-1)!}`;
};

const FIXED_NAMES: Readonly<Record<string, readonly string[]>> = { accv: ["ax", "eax"], st: ["st"] };

/** What the candidates take at one place, in words. */
const accepted = (candidates: readonly Candidate[], index: number): string => {
  let kinds = 0;
  const fixed = new Set<string>();
  for (const { operands } of candidates) {
    const operand = operands[index]!;
    if (operand.fixed >= 0)
      for (const name of FIXED_NAMES[operand.pattern.text] ?? [operand.pattern.text]) fixed.add(name);
    else kinds |= operand.accept;
  }
  const words = GROUPS.filter(([mask]) => (mask & kinds) !== 0).map(([, word]) => word);
  if ((kinds & GENERAL) === 0 || fixed.has("es")) words.unshift(...fixed);
  return join(words, "or");
};

const sizesOf = (kinds: number): number[] => {
  const sizes = new Set<number>();
  if (kinds & (KIND.r8 | KIND.memory8 | KIND.immediate8)) sizes.add(8);
  if (kinds & (KIND.r16 | KIND.memory16 | KIND.immediate16)) sizes.add(16);
  if (kinds & (KIND.r32 | KIND.memory32 | KIND.immediate32)) sizes.add(32);
  if (kinds & KIND.memory48) sizes.add(48);
  if (kinds & KIND.memory64) sizes.add(64);
  if (kinds & KIND.memory80) sizes.add(80);
  if (kinds & KIND.memory128) sizes.add(128);
  return [...sizes].sort((a, b) => a - b);
};

const sizeOf = (operand: Operand): number | undefined => {
  if (operand.kind === "memory") return operand.sizeBits;
  if (operand.kind !== "register") return undefined;
  return ({ r8: 8, r16: 16, r32: 32 } as Readonly<Record<string, number>>)[operand.register.class];
};

const fits = (wanted: CandidateOperand, operand: Operand, kinds: number): boolean =>
  (wanted.accept & kinds) !== 0 &&
  (wanted.fixed < 0 || (operand.kind === "register" && operand.register.number === wanted.fixed)) &&
  !(
    wanted.field === "moffs" &&
    operand.kind === "memory" &&
    (operand.base !== undefined || operand.index !== undefined)
  );

/** Instructions whose operands stand in the same order in both syntaxes. */
export const NOT_REVERSED: ReadonlySet<string> = new Set([
  "enter",
  "enterw",
  "enterl",
  "bound",
  "boundw",
  "boundl",
  "invlpga",
  "invlpgb",
  "pvalidate",
  "tpause",
  "umwait",
  "monitor",
  "mwait",
  "monitorx",
  "mwaitx",
]);

const ORDINALS = ["first", "second", "third", "fourth"];

/** Where an operand stands as it is written: AT&T's syntax has them the other way round. */
const place = (index: number, count: number, isReversed: boolean): string =>
  count === 1 ? "here" : `as its ${ORDINALS[isReversed ? count - 1 - index : index] ?? "next"} operand`;

/** One operand that no candidate takes at its place, whatever the others are. */
const explainOperand = (
  mnemonic: string,
  candidates: readonly Candidate[],
  operand: Operand,
  kinds: number,
  index: number,
  count: number,
  isReversed: boolean,
): EncodingError | null => {
  if (candidates.some(({ operands }) => fits(operands[index]!, operand, kinds))) return null;
  const found = nameOf(operand);
  const group = operand.kind === "immediate" ? ANY_IMMEDIATE : groupOf(kinds);
  const alike = candidates.filter(
    ({ operands }) => (operands[index]!.accept & group) !== 0 && operands[index]!.fixed < 0,
  );
  if (alike.length === 0) {
    return {
      code: "operand-kind",
      operand: index,
      message: `${mnemonic} takes ${accepted(candidates, index)} ${place(index, count, isReversed)}, not ${found}`,
    };
  }
  const sizes = sizesOf(alike.reduce((sum, { operands }) => sum | (operands[index]!.accept & group), 0));
  if (operand.kind === "immediate") {
    const range = sizes.length === 0 ? "one byte, sign-extended," : `${join(sizes, "or")} bits`;
    const wanted = `${mnemonic} takes a number of ${range} ${place(index, count, isReversed)}`;
    return { code: "value-range", operand: index, message: `${wanted}; ${operand.value} does not fit` };
  }
  const wanted = `${mnemonic} takes ${join(sizes, "or")} bits ${place(index, count, isReversed)}`;
  return { code: "size-mismatch", operand: index, message: `${wanted}, and ${found} is of another size` };
};

/** Operands that are right one by one and wrong together. */
const explainCombination = (
  mnemonic: string,
  candidates: readonly Candidate[],
  operands: readonly Operand[],
  kinds: readonly number[],
  isReversed: boolean,
): EncodingError => {
  const memories = operands.flatMap((operand, index) => (operand.kind === "memory" ? [index] : []));
  if (memories.length > 1) {
    return { code: "operand-kind", operand: memories[1]!, message: `${mnemonic} takes at most one operand in memory` };
  }
  const sizes = operands.map(sizeOf);
  const known = sizes.filter((size) => size !== undefined);
  if (new Set(known).size > 1) {
    return {
      code: "size-mismatch",
      operand: sizes.findLastIndex((size) => size !== undefined),
      message: `${mnemonic} takes operands of one size here; the sizes are ${join(known, "and")}`,
    };
  }
  // The longest run of operands that some candidate takes ends at the one to blame.
  let index = 0;
  for (const candidate of candidates) {
    const failing = candidate.operands.findIndex((wanted, i) => !fits(wanted, operands[i]!, kinds[i]!));
    if (failing > index) index = failing;
  }
  const remaining = candidates.filter((candidate) =>
    candidate.operands.every((wanted, i) => i >= index || fits(wanted, operands[i]!, kinds[i]!)),
  );
  const group = groupOf(kinds[index]!);
  const sameKind = remaining.some((candidate) => (candidate.operands[index]!.accept & group) !== 0);
  const operand = operands[index]!;
  const others = join(operands.filter((_, i) => i !== index).map(nameOf), "and");
  if (operand.kind === "immediate" && sameKind) {
    return {
      code: "value-range",
      operand: index,
      message: `${operand.value} does not fit what ${mnemonic} takes beside ${others}`,
    };
  }
  return {
    code: sameKind ? "size-mismatch" : "operand-kind",
    operand: index,
    message: `${mnemonic} takes ${accepted(remaining, index)} ${place(index, operands.length, isReversed)} beside ${others}, not ${nameOf(operand)}`,
  };
};

/** Why none of the candidates takes these operands. `kinds` are the operands' kind bits. */
export const explainMismatch = (
  instruction: Instruction,
  candidates: readonly Candidate[],
  kinds: readonly number[],
  options: EncodeOptions,
): EncodingError => {
  const { mnemonic, operands } = instruction;
  const { features } = options;
  const allowed =
    features === undefined ? candidates : candidates.filter(({ form }) => hasFeature(features, form.feature));
  const fitting = candidates.filter(
    (candidate) =>
      candidate.operands.length === operands.length &&
      candidate.operands.every((wanted, i) => fits(wanted, operands[i]!, kinds[i]!)),
  );
  const featuresOf = (some: readonly Candidate[]): string => join(new Set(some.map(({ form }) => form.feature)), "or");
  if (allowed.length < candidates.length && fitting.length > 0) {
    return {
      code: "not-on-this-cpu",
      operand: -1,
      message: `${mnemonic} with these operands needs a processor with ${featuresOf(fitting)}`,
    };
  }
  if (allowed.length === 0) {
    return {
      code: "not-on-this-cpu",
      operand: -1,
      message: `${mnemonic} needs a processor with ${featuresOf(candidates)}`,
    };
  }
  const sameCount = allowed.filter((candidate) => candidate.operands.length === operands.length);
  if (sameCount.length === 0) {
    const counts = [...new Set(allowed.map((candidate) => candidate.operands.length))].sort((a, b) => a - b);
    const plural = counts.length === 1 && counts[0] === 1 ? "operand" : "operands";
    const wanted = counts.length === 1 && counts[0] === 0 ? "no" : join(counts, "or");
    const given = `${operands.length} ${operands.length === 1 ? "is" : "are"} given`;
    return { code: "operand-count", operand: -1, message: `${mnemonic} takes ${wanted} ${plural}, and ${given}` };
  }
  const isReversed = options.att === true && !NOT_REVERSED.has(mnemonic);
  for (let i = 0; i < operands.length; i++) {
    const failure = explainOperand(mnemonic, sameCount, operands[i]!, kinds[i]!, i, operands.length, isReversed);
    if (failure !== null) return failure;
  }
  return explainCombination(mnemonic, sameCount, operands, kinds, isReversed);
};

/** Edit distance of two short words, up to `limit`. */
const distance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
};

/** The error for a mnemonic that does not exist, with one that is near. */
export const unknownMnemonic = (mnemonic: string, options: EncodeOptions): EncodingError => {
  let best = "";
  let bestDistance = 3;
  if (mnemonic.length > 2) {
    for (const name of formNames(options.att === true)) {
      const d = distance(mnemonic, name, bestDistance - 1);
      if (d < bestDistance) [best, bestDistance] = [name, d];
    }
  }
  return {
    code: "unknown-mnemonic",
    operand: -1,
    message: `there is no instruction ${mnemonic}${best === "" ? "" : `; is ${best} meant?`}`,
  };
};
