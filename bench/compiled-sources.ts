/**
 * Sources as a C compiler writes them, in AT&T syntax: functions with their labels, call frames and alignments,
 * read-only data, and under -g lines and tables of debugging information. From a fixed sequence, so that every run
 * measures the same text; and C for a real compiler, where there is one.
 */

function sequence(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = Math.imul(state, 48271) >>> 0;
    return (state >>> 8) % limit;
  };
}

const REGISTERS = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"] as const;
const OPERATORS = ["addl", "subl", "andl", "orl", "xorl", "cmpl", "movl", "testl"] as const;
const JUMPS = ["je", "jne", "jg", "jle", "ja", "jbe", "jmp"] as const;

/** Output of a compiler of about so many lines, with debugging information or without. */
export function compilerOutput(lines: number, debugging: boolean): string {
  const next = sequence(20260102);
  const out: string[] = ['\t.file\t"bench.c"', "\t.text", ".Ltext0:"];
  if (debugging) out.push('\t.file 1 "bench.c"');
  const register = (): string => `%${REGISTERS[next(REGISTERS.length)]!}`;
  const address = (): string => `${next(8) === 0 ? "" : (next(60) - 10) * 4}(${next(3) === 0 ? "%esp" : register()})`;
  const code = debugging ? lines / 4 : lines;
  let label = 0;
  let line = 1;
  let view = 0;
  const places: number[] = [];
  for (let routine = 0; out.length < code; routine++) {
    const name = `routine_${routine}`;
    out.push("\t.p2align 4", `\t.globl\t${name}`, `\t.type\t${name}, @function`, `${name}:`, "\t.cfi_startproc");
    out.push("\tpushl\t%ebx", "\t.cfi_def_cfa_offset 8", "\t.cfi_offset 3, -8", `\tsubl\t$${8 + next(20) * 4}, %esp`);
    const first = label;
    const size = 20 + next(80);
    for (let i = 0; i < size; i++) {
      if (debugging && next(3) === 0) {
        out.push(`\t.loc 1 ${line} ${1 + next(40)} is_stmt ${next(2)} view .LVU${view++}`);
        if (next(2) === 0) {
          places.push(view);
          out.push(`.LVL${view}:`);
        }
        line += next(3);
      }
      const kind = next(12);
      if (kind < 4) out.push(`\tmovl\t${address()}, ${register()}`);
      else if (kind < 6) out.push(`\tmovl\t${register()}, ${address()}`);
      else if (kind === 6)
        out.push(`\t${OPERATORS[next(7)]!}\t$${next(3) === 0 ? next(100_000) : next(120)}, ${register()}`);
      else if (kind === 7) out.push(`\t${OPERATORS[next(8)]!}\t${register()}, ${register()}`);
      else if (kind === 8) out.push(`\tleal\t${next(100)}(${register()},${register()},${1 << next(4)}), ${register()}`);
      else if (kind === 9) out.push(`\t${JUMPS[next(7)]!}\t.L${first + next(label - first + 2)}`);
      else if (kind === 10) out.push(`\tcall\troutine_${next(routine + 1)}`);
      else {
        if (next(4) === 0) out.push("\t.p2align 4,,10", "\t.p2align 3");
        out.push(`.L${label++}:`);
      }
    }
    out.push(`.L${label++}:`, `.L${label++}:`, "\taddl\t$8, %esp", "\tpopl\t%ebx", "\t.cfi_def_cfa_offset 4", "\tret");
    out.push("\t.cfi_endproc", `\t.size\t${name}, .-${name}`);
  }
  out.push(".Letext0:", "\t.section\t.rodata");
  for (let i = 0; i < lines / 100; i++) out.push(`.LC${i}:`, `\t.string\t"text ${i}"`, `\t.long\t.L${next(label)}`);
  if (debugging) debugTables(out, lines, places, next);
  out.push('\t.ident\t"bench"', '\t.section\t.note.GNU-stack,"",@progbits', "");
  return out.join("\n");
}

function debugTables(out: string[], lines: number, places: readonly number[], next: (limit: number) => number): void {
  out.push('\t.section\t.debug_info,"",@progbits', ".Ldebug_info0:");
  let entry = 0;
  while (out.length < lines * 0.75) {
    out.push(
      `\t.uleb128 0x${next(120).toString(16)}`,
      `\t.long\t.LASF${next(500)}`,
      `\t.byte\t0x${next(60).toString(16)}`,
    );
    out.push(`\t.value\t0x${next(4000).toString(16)}`, `\t.long\t0x${next(60_000).toString(16)}`);
    if (next(4) === 0) out.push(`.LDIE${entry++}:`, `\t.long\t.LVL${places[next(places.length)]!}`);
  }
  out.push('\t.section\t.debug_loclists,"",@progbits', ".Ldebug_loc0:");
  for (let i = 0; out.length < lines * 0.97; i++) {
    const from = next(places.length - 1);
    out.push(`.LLST${i}:`, "\t.byte\t0x4", `\t.uleb128 .LVL${places[from]!}-.Ltext0`);
    out.push(
      `\t.uleb128 .LVL${places[from + 1]!}-.Ltext0`,
      "\t.uleb128 0x1",
      `\t.byte\t0x${(0x50 + next(8)).toString(16)}`,
    );
  }
  out.push('\t.section\t.debug_abbrev,"",@progbits', "\t.byte\t0", '\t.section\t.debug_str,"MS",@progbits,1');
  for (let i = 0; i < 500; i++) out.push(`.LASF${i}:`, `\t.string\t"name_of_something_${i}"`);
}

/** C of so many functions, for a compiler that is there. */
export function cSource(functions: number): string {
  const next = sequence(20260103);
  const out: string[] = [
    "struct node { struct node *next; int key, value; char name[16]; };",
    "extern int known(int, int);",
  ];
  for (let i = 0; i < functions; i++) {
    out.push(`int f${i}(struct node *list, int a, int b) {`, `  int r = ${next(100)};`);
    for (let j = 2 + next(5); j > 0; j--) {
      const kind = next(4);
      if (kind === 0) out.push(`  for (int i = 0; i < a; i++) r += known(i * ${next(99)}, b);`);
      else if (kind === 1)
        out.push(`  while (list && list->key != ${next(500)}) { r ^= list->value; list = list->next; }`);
      else if (kind === 2 && i > 0) out.push(`  if (r > ${next(999)}) r -= f${next(i)}(list, b, a);`);
      else
        out.push(
          `  switch (a & 7) { case 1: r += 2; break; case 2: r *= b; break; case 3: r = known(r, a); break; default: r--; }`,
        );
    }
    out.push("  return r;", "}");
  }
  return `${out.join("\n")}\n`;
}
