/**
 * What is said of statements that are nearly right: many mnemonics with many operands and prefixes, against a list that
 * was reviewed. QURE_UPDATE=1 npx vitest run tests/isa/messages.test.ts writes the list anew: look at what changed
 * before it is committed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assembleText } from "../assembler/differential.ts";

const EXPECTED = join(import.meta.dirname, "messages.expected.txt");

const MNEMONICS =
  "mov add test xchg push pop imul mul shl shld lea movzx in out int ret enter bound les bt cmpxchg8b setz arpl lgdt str fld fst fadd fiadd fstcw movd movq paddb pshufd pextrw cvtsi2ss movss aam bswap invlpg".split(
    " ",
  );
const OPERANDS = [
  "",
  "al",
  "eax",
  "300",
  "[ebx]",
  "word ptr [ebx]",
  "tbyte ptr [ebx]",
  "st(1)",
  "cr0",
  "eax, bl",
  "5, eax",
  "al, 300",
  "ax, 0x12345",
  "[ebx], [ecx]",
  "xmm0, eax",
  "mm0, xmm1",
  "ds, es",
  "eax, [ebx], 300",
  "eax, ebx, ecx",
];
const PREFIXED = [
  "mov [ebx], eax",
  "add [ebx], eax",
  "add eax, ebx",
  "movsb",
  "cmpsd",
  "jmp 1f",
  "jz 1f",
  "call 1f",
  "paddb mm0, mm1",
  "nop",
  "xchg [ebx], eax",
  "ret",
];
const PREFIXES = [
  "lock",
  "rep",
  "repe",
  "repne",
  "data16",
  "data32",
  "addr16",
  "addr32",
  "es",
  "ds",
  "es ds",
  "fs cs",
  "notrack",
  "lock rep",
];
const MISSPELT = [
  "mvo eax, 1",
  "jmpp 1f",
  "psuh eax",
  "ad eax, 1",
  "xy",
  "fldd st(1)",
  "movbz eax, al",
  "abcdefgh",
  "rett",
  "pushadd",
];
const ADDRESSES = [
  "[esp*2]",
  "[eax+esp*4]",
  "[bx+cx]",
  "[bx+bp]",
  "[si+di]",
  "[eax+bx]",
  "[ax]",
  "[al]",
  "[eax*3]",
  "[eax+ebx+ecx]",
  "[bx*2]",
  "[bx+si+1]",
  "[ds]",
  "[xmm0]",
  "[cs:ds:eax]",
];
const LATER = [
  ".arch i386; bswap eax",
  ".arch i486; cmovz eax, ebx",
  ".arch i586; movd mm0, eax",
  ".arch i686; addps xmm0, xmm1",
  ".arch i386; fcmovb st, st(1)",
  ".arch pentium4; pshufb xmm0, xmm1",
  ".arch i8086; push 5",
  ".arch i486; rdtsc",
  ".arch .nosse; movss xmm0, xmm1",
  ".arch .no387; fsin",
];

const STATEMENTS = [
  ...MNEMONICS.flatMap((mnemonic) => OPERANDS.map((operands) => `${mnemonic} ${operands}`.trim())),
  ...PREFIXED.flatMap((instruction) => PREFIXES.map((prefix) => `${prefix} ${instruction}`)),
  ...MISSPELT,
  ...ADDRESSES.flatMap((address) => [`mov eax, ${address}`, `lea ecx, ${address}`]),
  ...LATER.map((line) => `${line}; .arch default`),
];

/** What is said of each statement, in one run. */
function said(bits: 16 | 32): string[] {
  const words = STATEMENTS.map((): string[] => []);
  const text = `.intel_syntax noprefix; .code${bits}\n${STATEMENTS.map((statement) => `${statement}\n1:\n`).join("")}`;
  for (const { severity, id, line, column, message } of assembleText(text, { maxErrors: 10_000 }).diagnostics)
    words[(line >> 1) - 1]?.push(`${severity} ${id} at ${column}: ${message}`);
  return words.map((list) => list.join(" | ") || "-");
}

test("statements that are nearly right are answered as before", () => {
  const [words32, words16] = [said(32), said(16)];
  // Of 16-bit code what differs.
  const found = STATEMENTS.flatMap((statement, index) => [
    `${statement} | ${words32[index]}`,
    ...(words16[index] === words32[index] ? [] : [`(16) ${statement} | ${words16[index]}`]),
  ]);
  if ((process.env["QURE_UPDATE"] ?? "") !== "") writeFileSync(EXPECTED, `${found.join("\n")}\n`);
  expect(found).toEqual(readFileSync(EXPECTED, "utf8").trimEnd().split("\n"));
});
