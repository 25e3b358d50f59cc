/** Every option of `as --help` and what ours makes of it. */

import { run } from "../../../../src/cli/gnu/as.ts";

/**
 * same: the object changes as GNU's does; nothing: it does not, in either; own: it is ours to say; refused; warned: the
 * object is that without the option, and a warning names it; tested: by the test that is named.
 */
type Verdict = "same" | "nothing" | "own" | "refused" | "warned" | "tested";
type Row = readonly [spellings: string, verdict: Verdict, value?: string, operands?: readonly string[]];

const on = (name: string): readonly string[] => ["-o", "FOLDER/out", `FOLDER/${name}`];
const LISTED: readonly string[] = ["-al=FOLDER/list", ...on("a.s")];
const CODE_OPTIONS = "tests/assembler/code-options.test.ts";
const OPTIONS = "tests/cli/gnu/as.test.ts";

const rows: readonly Row[] = [
  ["-a", "own", "+l"],
  ["--alternate", "same", "+", on("alternate.s")],
  ["--compress-debug-sections", "warned", "zlib"],
  ["--compress-debug-sections", "warned", "zlib-gnu"],
  ["--compress-debug-sections", "nothing", "none"],
  ["--nocompress-debug-sections", "nothing"],
  ["-D", "nothing"],
  ["--dump-config", "refused"],
  ["--debug-prefix-map", "tested", "tests/assembler/sources.ts"],
  ["--defsym", "tested", OPTIONS],
  ["--execstack, --noexecstack", "same"],
  ["--size-check", "nothing", "error"],
  ["--size-check", "same", "warning", on("sizes.s")],
  ["--elf-stt-common", "same", "yes"],
  ["--elf-stt-common", "nothing", "no"],
  ["--sectname-subst", "refused"],
  ["--generate-missing-build-notes", "refused", "yes"],
  ["--generate-missing-build-notes", "nothing", "no"],
  ["--gsframe", "refused"],
  ["-f", "nothing"],
  ["-g, --gen-debug, --gstabs, --gstabs+", "own"],
  ["--gdwarf-", "own", "+5"],
  ["--gdwarf-cie-version", "same", "3", on("frames.s")],
  ["--gdwarf-sections", "warned"],
  ["--hash-size", "nothing", "1000"],
  ["--help, --target-help, --version", "own"],
  ["-I", "tested", OPTIONS],
  ["-J", "nothing"],
  ["-K", "refused"],
  ["-L, --keep-locals", "same"],
  ["-M, --mri", "refused"],
  ["--MD", "same", "FOLDER/deps"],
  ["--multibyte-handling", "warned", "warn"],
  ["--multibyte-handling", "nothing", "allow"],
  ["-nocpp", "nothing"],
  ["-no-pad-sections", "nothing"],
  ["-o", "tested", OPTIONS],
  ["-R", "same"],
  ["--reduce-memory-overheads", "nothing"],
  ["--statistics", "warned"],
  ["--strip-local-absolute", "same"],
  ["--traditional-format", "warned"],
  ["-W, --no-warn, --fatal-warnings", "own", "+", on("warns.s")],
  ["--warn", "nothing"],
  ["-w, -X, -k, -q, -s, -Qy, -Qn", "nothing"],
  ["-Z", "tested", OPTIONS],
  ["--listing-lhs-width, --listing-lhs-width2, --listing-rhs-width, --listing-cont-lines", "own", "2", LISTED],
  ["-V", "own"],
  ["-n", "same"],
  ["-O", "tested", CODE_OPTIONS],
  ["--32", "nothing"],
  ["--64, --x32", "refused"],
  ["--divide", "nothing"],
  ["-march", "same", "i686"],
  ["-march", "same", "iamcu", on("plain.s")],
  ["-march", "refused", "i8087"],
  ["-mtune", "same", "k8"],
  ["-mtune", "nothing", "i386"],
  ["-msse2avx", "refused"],
  ["-muse-unaligned-vector-move", "refused"],
  ["-msse-check", "nothing", "none"],
  ["-msse-check", "tested", CODE_OPTIONS],
  ["-moperand-check", "nothing", "error"],
  ["-mavxscalar", "nothing", "256"],
  ["-mvexwig", "nothing", "1"],
  ["-mevexlig", "nothing", "512"],
  ["-mevexwig", "nothing", "1"],
  ["-mevexrcig", "nothing", "rz"],
  ["-mmnemonic", "same", "intel"],
  ["-mmnemonic", "nothing", "att"],
  ["-msyntax", "same", "intel", on("intel.s")],
  ["-msyntax", "nothing", "att"],
  ["-mindex-reg", "nothing"],
  ["-mnaked-reg", "same", "+", on("naked.s")],
  ["-madd-bnd-prefix", "same"],
  ["-mshared", "same"],
  ["-mx86-used-note", "warned", "yes"],
  ["-mx86-used-note", "nothing", "no"],
  ["-momit-lock-prefix", "same", "yes"],
  ["-mfence-as-lock-add", "same", "yes"],
  ["-mrelax-relocations", "same", "no"],
  ["-mrelax-relocations", "nothing", "yes"],
  ["-malign-branch-boundary", "same", "16"],
  ["-malign-branch-boundary", "refused", "17"],
  ["-malign-branch", "refused", "all"],
  ["-malign-branch", "tested", "tests/assembler/branches.ts"],
  ["-malign-branch-prefix-size", "refused", "6"],
  ["-malign-branch-prefix-size", "tested", "tests/assembler/branches.ts"],
  ["-mbranches-within-32B-boundaries", "same"],
  ["-mlfence-after-load", "same", "yes"],
  ["-mlfence-after-load", "nothing", "no"],
  ["-mlfence-before-indirect-branch", "same", "all"],
  ["-mlfence-before-indirect-branch", "refused", "some"],
  ["-mlfence-before-ret", "same", "or"],
  ["-mlfence-before-ret", "nothing", "none"],
  ["-mamd64, -mintel64", "nothing"],
];

const branches = Array.from({ length: 12 }, () => "cmp %eax, %ebx\njne far\nmov (%eax), %ecx\nmov %ecx, 4(%ebp)");
const SOURCE = `
number = 5
.comm shared, 4
.globl begin
begin: lock incl (%eax)
.Llocal: mfence
fsub %st, %st(1)
mov begin@GOT(%ebx), %eax
call *%eax
jmp begin
.p2align 4
${branches.join("\n")}
far: ret
.balign 16, 0x90
.data
.ascii "a text that takes several lines of a listing, since each shows a few bytes"
.long begin
`;

export const TABLE = {
  tool: "as",
  run,
  helps: [["--help"]],
  // Several options in one column.
  hasOptions: (help: string) => help.replaceAll("/--", ", --").replace("-W  --no-warn", "-W, --no-warn"),
  files: {
    "a.s": SOURCE,
    "alternate.s": ".macro m a\n.byte a\n.endm\nm %1 + 2\n",
    "frames.s": ".cfi_sections .debug_frame\n.cfi_startproc\nnop\n.cfi_endproc\n",
    "intel.s": "mov %eax, %ebx\n",
    "naked.s": "mov eax, ebx\npush eax\n",
    "plain.s": "nop\nret\n",
    "sizes.s": "a: nop\n.size a, . - elsewhere\n",
    "warns.s": ".byte 300\n",
  },
  always: ["--32"],
  operands: on("a.s"),
  rows,
};
