/** Options of GNU as that begin with `-m` and have one of several values, and `-O`: as data. */
import { BRANCH_KINDS, type BranchKind, type CodeOptions } from "../../assembler/model/code-options.ts";
import { CommandError } from "../fail.ts";

/** What an option makes of its value; null for a value that it does not have. */
type Reader = (value: string) => Partial<CodeOptions> | null;

const yesOrNo =
  (field: "fencesLoads" | "omitsLock" | "avoidsFences"): Reader =>
  (value) =>
    value === "yes" || value === "no" ? { [field]: value === "yes" } : null;

const oneOf =
  (field: keyof CodeOptions, values: Readonly<Record<string, string>>): Reader =>
  (value) =>
    Object.hasOwn(values, value) ? { [field]: values[value] } : null;

const CHECKS = { none: "none", warning: "warning", error: "error" };

function isBranchKind(word: string): word is BranchKind {
  return (BRANCH_KINDS as readonly string[]).includes(word);
}

const branches: Reader = (value) => {
  const words = value.split("+");
  return words.every(isBranchKind) ? { alignedBranches: new Set(words) } : null;
};

const SMALLEST_BOUNDARY = 16;

const boundary: Reader = (value) => {
  const bytes = /^(0x[0-9a-f]+|[0-9]+)$/i.test(value) ? Number(value) : -1;
  if (bytes === 0) return { boundaryPower: 0 };
  const power = Math.log2(bytes);
  return bytes >= SMALLEST_BOUNDARY && bytes <= 2 ** 30 && Number.isInteger(power) ? { boundaryPower: power } : null;
};

const VALUES: Readonly<Record<string, readonly [reader: Reader, values: string]>> = {
  "-mlfence-after-load": [yesOrNo("fencesLoads"), "yes or no"],
  "-mlfence-before-indirect-branch": [
    oneOf("fencesIndirect", { none: "none", all: "all", register: "register", memory: "memory" }),
    "all, register, memory or none",
  ],
  "-mlfence-before-ret": [
    oneOf("fencesReturns", { none: "none", or: "or", not: "not", shl: "shl", yes: "shl" }),
    "or, not, shl, yes or none",
  ],
  "-malign-branch-boundary": [boundary, "0, or a power of two from 16 on"],
  "-malign-branch": [branches, "jcc, fused, jmp, call, ret, indirect, or several with + between them"],
  "-malign-branch-prefix-size": [
    (value) => (/^[0-5]$/.test(value) ? { paddingPrefixes: Number(value) } : null),
    "a number from 0 to 5",
  ],
  "-momit-lock-prefix": [yesOrNo("omitsLock"), "yes or no"],
  "-mfence-as-lock-add": [yesOrNo("avoidsFences"), "yes or no"],
  "-mrelax-relocations": [
    (value) => (value === "yes" || value === "no" ? { keepsGotLoads: value === "no" } : null),
    "yes or no",
  ],
  "-msse-check": [oneOf("saysSse", CHECKS), "none, warning or error"],
  // What GNU as looks at here are vector registers of later processors.
  "-moperand-check": [(value) => (Object.hasOwn(CHECKS, value) ? {} : null), "none, warning or error"],
};

const PLAIN: Readonly<Record<string, Partial<CodeOptions>>> = {
  "-mbranches-within-32B-boundaries": {
    boundaryPower: 5,
    alignedBranches: new Set<BranchKind>(["jcc", "fused", "jmp"]),
    paddingPrefixes: 5,
  },
  "-mshared": { isShared: true },
  "-madd-bnd-prefix": { boundsBranches: true },
};

/** `-O`, `-Os`, `-O2`: a number from 2 on is 2. */
function optimization(text: string): Partial<CodeOptions> {
  if (text === "s") return { optimizes: "size" };
  const level = text === "" ? 1 : Number.parseInt(text, 10) || 0;
  return { optimizes: level === 0 ? "no" : level === 1 ? "some" : "more" };
}

/** The options so far with one more: fences before all indirect branches bring those before returns. */
export function withCodeOption(code: Partial<CodeOptions>, change: Partial<CodeOptions>): Partial<CodeOptions> {
  const wantsReturns = change.fencesIndirect === "all" && (code.fencesReturns ?? "none") === "none";
  return { ...code, ...change, ...(wantsReturns ? { fencesReturns: "shl" as const } : {}) };
}

/** What an option asks of the code; null for an option that is none of these. */
export function codeOption(word: string): Partial<CodeOptions> | null {
  const plain = PLAIN[word];
  if (plain !== undefined) return plain;
  if (/^-O([0-9]*|s)$/.test(word)) return optimization(word.slice(2));
  const equals = word.indexOf("=");
  const row = VALUES[equals < 0 ? word : word.slice(0, equals)];
  if (row === undefined) return null;
  const [reader, values] = row;
  const name = equals < 0 ? word : word.slice(0, equals);
  const found = equals < 0 ? null : reader(word.slice(equals + 1));
  if (found === null)
    throw new CommandError(`${name} takes ${values}${equals < 0 ? "" : `, not ${word.slice(equals + 1)}`}`, 2);
  return found;
}
