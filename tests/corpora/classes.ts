/**
 * The differences that docs/assembler-differences.md names, as data: by what they are known when a source of a corpus
 * shows one. What fits none of them is a fault.
 */
import type { Diagnostic } from "../../src/diagnostic/diagnostic.ts";
import type { Difference } from "./object-differences.ts";

interface RefusalClass {
  readonly name: string;
  /** Every error of a source must fit the class, by the line that it stands in or by its text. */
  readonly sourceLine?: RegExp;
  readonly message?: RegExp;
  readonly id?: RegExp;
  /** What comes after such an error are consequences of it. */
  readonly decides?: boolean;
}

/** Refused by us only. */
const REFUSALS: readonly RefusalClass[] = [
  {
    name: "AVX and later",
    sourceLine: /^\s*(\{[^}]*\}\s*)?(v[a-z]|k(mov|and|or|xor|not|test|shift|unpck|add)[a-z]*|[a-z0-9]+.*[yz]mm\d)/,
  },
  { name: "64-bit code", sourceLine: /^\s*\.code64|%r([a-ds][xipl]+|\d+)\b|\.intel_mnemonic/, decides: true },
  { name: "directives of other tools", sourceLine: /^\s*\.(bundle_|mri|vtable_)/ },
  { name: "more than 256 MiB of contents", id: /^too-large$/, message: /256 MiB/, decides: true },
  { name: "alignments of no power of two", id: /^bad-alignment$/, sourceLine: /^\s*\.comm\s/ },
  { name: "24 MiB from macros", id: /^too-large$/, message: /24 MiB/, decides: true },
  {
    name: "names of registers that the chosen processor lacks",
    id: /^operand-size$/,
    sourceLine: /^\s*mov\s+(eax, ax|ax, eax)/,
    decides: true,
  },
  { name: "registers of later processors in call frames", sourceLine: /^\s*\.cfi_undefined k[0-7]/ },
  { name: "sizes that are subtracted", sourceLine: /-\s*size@size/ },
  { name: "names of two strings side by side", sourceLine: /^"[^"]*""/ },
  { name: "directives of other object formats", id: /^(unsupported|unknown)-directive$/ },
  { name: "instructions of other extensions", id: /^unknown-instruction$/, sourceLine: /^\s*(uiret|fsincos_?)/ },
  { name: "processors that are not known", id: /^unknown-processor$|^bad-argument$/, message: /no processor/ },
  {
    name: "options that are not taken",
    id: /^option$/,
    message:
      /-(O[0-9s]?|mshared|momit-lock-prefix|mfence-as-lock-add|madd-bnd-prefix|mx86-used-note|-generate-missing-build-notes|-no-pad-sections|-gdwarf-cie-version)/,
  },
];

interface DifferenceClass {
  readonly name: string;
  /** Every difference of the object must fit. */
  readonly kind: RegExp;
  readonly detail?: RegExp;
}

const DIFFERENCES: readonly DifferenceClass[] = [
  { name: "an address that a line table states once more", kind: /^spelling of \.debug_line$/ },
  { name: ".section .data under -R", kind: /^symbols$/, detail: /^missing: \S+ \.data\+.*too many: \S+ \.text\+/ },
];

/**
 * The class that explains a refusal, or null. Each error may have a class of its own; the first one names the source.
 */
export function classOfRefusal(diagnostics: readonly Diagnostic[]): string | null {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const classes = errors.map((error) =>
    REFUSALS.find(
      ({ sourceLine, message, id }) =>
        (sourceLine?.test(error.sourceLine) ?? true) &&
        (message?.test(error.message) ?? true) &&
        (id?.test(error.id) ?? true),
    ),
  );
  const last = classes.findIndex((one) => one?.decides === true);
  const counted = last < 0 ? classes : classes.slice(0, last + 1);
  return counted.includes(undefined) ? null : (counted[0]?.name ?? null);
}

/** The class that explains all that differs, or null. */
export function classOfDifferences(differences: readonly Difference[]): string | null {
  const classes = differences.map((one) =>
    DIFFERENCES.find(({ kind, detail }) => kind.test(one.kind) && (detail?.test(one.detail) ?? true)),
  );
  return classes.includes(undefined) ? null : (classes[0]?.name ?? null);
}
