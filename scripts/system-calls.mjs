/**
 * Makes from asm/system-calls.json what is said of system calls elsewhere: the kernel's table, the headers for assembly
 * and C, and the page of the documentation. `node scripts/system-calls.mjs` writes them; a test of the house compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(fileURLToPath(import.meta.url), "../..");
const SOURCE = "asm/system-calls.json";
const REGISTERS = ["ebx", "ecx", "edx", "esi", "edi"];
const MADE = `Made from ${SOURCE} by scripts/system-calls.mjs.`;

/** Path -> content of each file that is made. */
export function systemCallFiles() {
  const calls = JSON.parse(readFileSync(join(root, SOURCE), "utf8"));
  return {
    "asm/include/call-table.inc": kernelTable(calls),
    "asm/include/system-calls.inc": assemblyHeader(calls),
    "asm/include/qure.h": cHeader(calls),
    "docs/system-calls.md": page(calls),
  };
}

function kernelTable(calls) {
  return `# The kernel's table of system calls. ${MADE}

.ifndef CALL_TABLE_INC
CALL_TABLE_INC = 1

CALL_COUNT      = ${calls.length}

.macro CALL_TABLE
${calls.map(({ name }) => `    .long   call_${name}`).join("\n")}
.endm
.endif
`;
}

function assemblyHeader(calls) {
  return `# System calls for programs in assembly. ${MADE}
#
# SYSTEM read, 0, "offset buffer", 100: arguments that are not in their register already are moved there, the first
# first. EAX comes back as the result, or as the negated error code; all other registers are as they were, but for
# those that carried arguments.

.ifndef SYSTEM_CALLS_INC
SYSTEM_CALLS_INC = 1

${calls.map(({ name }, number) => `CALL_${name} = ${number}`).join("\n")}
CALL_COUNT = ${calls.length}

.macro SYSTEM_ARGUMENT register:req, value:req
    .ifnc \\register,\\value
    mov     \\register, \\value
    .endif
.endm

.macro SYSTEM name:req, first, second, third, fourth, fifth
    .ifnb \\first
    SYSTEM_ARGUMENT ebx, "\\first"
    .endif
    .ifnb \\second
    SYSTEM_ARGUMENT ecx, "\\second"
    .endif
    .ifnb \\third
    SYSTEM_ARGUMENT edx, "\\third"
    .endif
    .ifnb \\fourth
    SYSTEM_ARGUMENT esi, "\\fourth"
    .endif
    .ifnb \\fifth
    SYSTEM_ARGUMENT edi, "\\fifth"
    .endif
    mov     eax, CALL_\\name
    int     0x80
.endm
.endif
`;
}

function cHeader(calls) {
  const functions = calls.map(({ name, arguments: args, does, returns }, number) => {
    const parameters = args.map((argument) => `long ${argument.name}`).join(", ") || "void";
    const passed = [0, 1, 2, 3, 4].map((index) => args[index]?.name ?? "0").join(", ");
    return `${comment([
      `${does} Returns ${returns}.`,
      ...args
        .filter(({ meaning }) => meaning)
        .map(({ name: argument, meaning }) => `\`${argument}\`: ${meaning.replaceAll("<br>", "; ")}.`),
    ])}
static inline long qure_${name}(${parameters})
{
    return qure_call(${number}, ${passed});
}
`;
  });
  return `/* System calls for programs in C. ${MADE}
   A negative result is a negated error code (asm/include/errors.inc). Addresses are passed as long. */
#ifndef QURE_H
#define QURE_H

static inline long qure_call(long number, long a, long b, long c, long d, long e)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
    return result;
}

${functions.join("\n")}
#endif
`;
}

/** Lines of 114 columns, as a comment has six more; those after the first begin with `indent`. Code stays whole. */
function wrapped(text, indent) {
  const lines = [];
  for (const word of text.match(/(?:`[^`]*`|[^ `])+/g)) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length > 114) lines.push(`${indent}${word}`);
    else lines.splice(-1, 1, longer);
  }
  return lines.join("\n");
}

function comment(texts) {
  return `/* ${texts.map((text) => wrapped(text, "   ")).join("\n   ")} */`;
}

function page(calls) {
  const rows = calls.map(({ name, arguments: args, does, returns }, number) => {
    const signature = `\`${name}(${args.map((argument) => argument.name).join(", ")})\``;
    const purpose = /^.*?\.(?= |$)/.exec(does)[0];
    return wrapped(`- **${number}** ${signature} ${purpose}${returns === "0" ? "" : ` -> ${returns}`}`, "  ");
  });
  return `# System calls

<!-- ${MADE} -->

A program calls the kernel by \`int 0x80\` with the call's number in EAX and its arguments, in this order, in
${REGISTERS.map((register) => register.toUpperCase()).join(", ")}. Paths, records and bytes are passed by their addresses; texts end with a NUL.
EAX comes back as the result, or as the negated number of an error of \`asm/include/errors.inc\`; all other registers
are as they were. \`asm/include/qure.h\` has flags, records and bounds; [programs.md](programs.md) has examples.

Handles: 0 is input, 1 output, 2 errors; \`open\`, \`pipe\` and the others give the lowest that is free, up to 31. Those
of processes are other numbers, for \`wait\` and \`kill\` only. \`milliseconds\`: 0 not to wait, -1 for as long as it
takes. After \`->\` stands the result, if it is not 0.

${rows.join("\n")}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, content] of Object.entries(systemCallFiles())) writeFileSync(join(root, path), content);
