/**
 * What beginners mistake most, by the text of the statement: operands of the other syntax, words of NASM and MASM,
 * registers of 64-bit code, a forgotten colon, comma, `$` or `%`. A statement is looked at only when it has been
 * refused, and the first row that fits says what to do in place of what the parser stumbled over.
 */

/** What is known of a refused statement. */
export interface Refusal {
  readonly id: string;
  /** From its first word to the end of the line. */
  readonly text: string;
  readonly isIntel: boolean;
}

interface Row {
  readonly syntax: "att" | "intel" | "any";
  /** Diagnostics that it speaks to; all where absent. */
  readonly ids?: string;
  readonly pattern: RegExp;
  /** Groups of the pattern as arguments. */
  readonly say: (...groups: string[]) => string;
}

const GENERAL = "e?(?:ax|bx|cx|dx|si|di|bp|sp)|[abcd][lh]";
const REGISTER = `(?:${GENERAL}|[cdefgs]s|[cd]r[0-7])`;
const LATER = "r(?:[abcd]x|[sd]i|[sb]p|ip|(?:8|9|1[0-5])[dwb]?)";

const pattern = (text: string): RegExp => new RegExp(text, "i");
const lower = (text: string): string => text.toLowerCase();

/** The register of 32-bit code with the lower half of one of 64 bits. */
const lowerHalf = (name: string): string => (/^r[abcds]?[xip]p?$/i.test(name) ? `e${lower(name).slice(1)}` : "");

const sayLater = (register: string, mark: string): string => {
  const half = lowerHalf(register);
  const instead =
    half === "" || half === "eip" ? "here there are the eight from eax to esp" : `write \`${mark}${half}'`;
  return `\`${mark}${lower(register)}' is a register of 64-bit code, which is not made here: ${instead}`;
};

const SWITCH = "`.intel_syntax noprefix' at the top of the file";

/** In AT&T syntax, operands that are none of its. */
const INTEL_IN_ATT: readonly Row[] = [
  {
    syntax: "att",
    pattern: pattern(`\\b(byte|word|dword|qword|tbyte|fword)\\s+(?:ptr\\b)?\\s*(?=[\\[\\w])`),
    say: (word) =>
      `\`${lower(word)}' before an operand is Intel's syntax, and this is AT&T's: put ${SWITCH}, or say the size by a suffix (movb, movw, movl)`,
  },
  {
    syntax: "att",
    pattern: pattern(`^\\w+\\s.*?(\\[[^\\]]*\\])`),
    say: (address) =>
      `\`${address}' is an address in Intel's syntax, and this is AT&T's, which writes (%ebx) or 4(%ebp,%ecx,2): put ${SWITCH}, or rewrite the operands`,
  },
  {
    syntax: "att",
    ids: "operand-kind trailing-text operand-size operand-count ambiguous-size",
    pattern: pattern(`^(\\w+)\\s+(${REGISTER})\\s*,\\s*([\\w'.]+|${REGISTER})\\s*$`),
    say: (word, target, source) => {
      const isRegister = pattern(`^${REGISTER}$`).test(source!);
      const first = isRegister ? `%${source}` : /^[\d']/.test(source!) ? `$${source}` : source;
      return `neither \`%' before \`${target}' nor \`.intel_syntax noprefix' before this line: AT&T's syntax takes \`${target}' for a name in memory. Write \`${lower(word)} ${first}, %${target}', or put ${SWITCH}`;
    },
  },
  {
    syntax: "att",
    ids: "operand-kind trailing-text operand-size operand-count ambiguous-size",
    pattern: pattern(`^\\w+\\s+(?:[^%;#]*[\\s,(])?(${REGISTER})(?=[\\s,;#)]|$)[^%]*$`),
    say: (register) =>
      `neither \`%' before \`${register}' nor \`.intel_syntax noprefix' before this line: AT&T's syntax takes \`${register}' for a name in memory. Write \`%${register}' and the destination last, or put ${SWITCH}`,
  },
  {
    syntax: "att",
    pattern: pattern("^\\w+\\s.*\\boffset\\s+([\\w.]+)"),
    say: (name) => `\`offset' is Intel's syntax: AT&T's writes \`$${name}' for the address of \`${name}'`,
  },
];

const ATT_OPERANDS: readonly Row[] = [
  {
    syntax: "att",
    pattern: pattern(`^(l?)(jmp|call)\\s+(?:far\\s+)?\\$?(0x[0-9a-f]+|[0-9]+)\\s*[:,]\\s*\\$?([\\w.]+)`),
    say: (_, word, selector, offset) =>
      `a far ${word === "jmp" ? "jump" : "call"} is \`l${lower(word!)} $${selector}, $${offset}' in AT&T syntax`,
  },
  {
    syntax: "att",
    ids: "operand-kind",
    pattern: pattern(
      "^(int|ret[wl]?|lret[wl]?|in[bwl]?|out[bwl]?|sh[lr][bwl]?|sa[lr][bwl]?|ro[lr][bwl]?|aam|aad|enter)\\s+(.*?)(?<![\\w$])(0x[0-9a-f]+|[0-9]+)(.*)$",
    ),
    say: (word, before, number, after) =>
      `a number has \`$' before it in AT&T syntax; without, it is an address: \`${word} ${before}$${number}${after!.trimEnd()}'`,
  },
  {
    syntax: "att",
    ids: "operand-kind",
    pattern: pattern("^(j\\w+|call|loop\\w*)\\s+\\$([\\w.]+)"),
    say: (word, name) => `the target of a branch has no \`$': \`${word} ${name}'`,
  },
  {
    syntax: "att",
    ids: "trailing-text operand-count",
    pattern: pattern(`^(\\w+)\\s+(\\$?[\\w.]+|%\\w+|[\\w.-]*\\([^)]*\\))\\s+([%$]\\S+)`),
    say: (word, first, second) => `a comma belongs between two operands: \`${word} ${first}, ${second}'`,
  },
  {
    syntax: "att",
    ids: "trailing-text missing-parenthesis",
    pattern: pattern(`(%${REGISTER})\\((-?[\\w.]+)\\)`),
    say: (register, displacement) => `the displacement stands before the parentheses: \`${displacement}(${register})'`,
  },
  {
    syntax: "att",
    ids: "trailing-text missing-parenthesis",
    pattern: pattern(`\\((%${REGISTER})\\s*([+-])\\s*([\\w.]+)\\)`),
    say: (register, sign, displacement) =>
      `the displacement stands before the parentheses: \`${sign === "-" ? "-" : ""}${displacement}(${register})'`,
  },
  {
    syntax: "att",
    ids: "trailing-text missing-parenthesis",
    pattern: pattern(`\\((%${REGISTER})\\s*\\*\\s*([\\w]+)\\)`),
    say: (register, scale) => `an index with its factor stands after commas: \`(,${register},${scale})'`,
  },
  {
    syntax: "att",
    ids: "register-in-expression",
    pattern: pattern(`(%[cdefgs]s):(%${REGISTER})`),
    say: (segment, register) => `an address stands in parentheses: \`${segment}:(${register})'`,
  },
  {
    syntax: "att",
    ids: "operand-kind",
    pattern: pattern(`^out([bwl]?)\\s+(%dx|\\$\\w+)\\s*,\\s*(%[ae]\\w+)`),
    say: (suffix, port, value) => `AT&T syntax has the port last: \`out${suffix} ${value}, ${port}'`,
  },
  {
    syntax: "att",
    ids: "operand-kind",
    pattern: pattern(`^in([bwl]?)\\s+(%[ae]\\w+)\\s*,\\s*(%dx|\\$\\w+)`),
    say: (suffix, value, port) => `AT&T syntax has the port first: \`in${suffix} ${port}, ${value}'`,
  },
  {
    syntax: "att",
    ids: "operand-kind",
    pattern: pattern(`^lea[wl]?\\s+(%${REGISTER})\\s*,`),
    say: (register) =>
      `lea computes an address, which stands in parentheses: \`(${register})'; to copy a register, write mov`,
  },
  {
    syntax: "att",
    ids: "bad-register",
    pattern: pattern(`%(${LATER})\\b`),
    say: (register) => sayLater(register!, "%"),
  },
];

const INTEL_OPERANDS: readonly Row[] = [
  {
    syntax: "intel",
    ids: "ambiguous-size",
    pattern: pattern(`^\\w+\\s+(?:.*,\\s*)?(${LATER})\\b`),
    say: (register) => sayLater(register!, ""),
  },
  {
    syntax: "intel",
    ids: "operand-kind ambiguous-size bad-number",
    pattern: pattern("^(\\w+)\\s+(.*?)\\$(0x[0-9a-f]+|[0-9]+)"),
    say: (word, before, number) => `a number has no \`$' before it in Intel's syntax: \`${word} ${before}${number}'`,
  },
  {
    syntax: "intel",
    ids: "trailing-text",
    pattern: pattern(`(-?[\\w.]+)\\(\\s*%?(${REGISTER})\\s*\\)`),
    say: (displacement, register) =>
      `\`${displacement}(${register})' is AT&T's syntax; Intel's is \`[${register}${displacement!.startsWith("-") ? "" : "+"}${displacement}]'`,
  },
  {
    syntax: "intel",
    ids: "trailing-text",
    pattern: pattern("^(jmp|call)\\s+far\\s+(?!ptr\\b)(?:(\\w+)\\s*:)?\\s*([\\w.]+)"),
    say: (word, selector, name) =>
      selector === undefined
        ? `a far ${word} needs a selector: \`${word} 8:${name}', or \`${word} far ptr [${name}]' where both lie in memory`
        : `a far ${word} needs no word for it: \`${word} ${selector}:${name}'`,
  },
  {
    syntax: "intel",
    ids: "expression-expected",
    pattern: pattern(`^(jmp|call)\\s+\\*\\s*(\\S+)`),
    say: (word, target) => `\`*' before a target is AT&T's syntax; Intel's is \`${word} ${target}'`,
  },
  {
    syntax: "intel",
    ids: "trailing-text",
    pattern: pattern(`^(\\w+)\\s+(${REGISTER})\\s+(${REGISTER}|\\d\\w*)\\s*$`),
    say: (word, first, second) => `a comma belongs between two operands: \`${word} ${first}, ${second}'`,
  },
  {
    syntax: "intel",
    ids: "operand-kind",
    pattern: pattern(`^out\\s+(al|ax|eax)\\s*,\\s*(\\w+)`),
    say: (value, port) => `the port comes first: \`out ${port}, ${value}'`,
  },
  {
    syntax: "intel",
    ids: "operand-kind",
    pattern: pattern(`^in\\s+(dx|\\d\\w*)\\s*,\\s*(al|ax|eax)`),
    say: (port, value) => `the port comes last: \`in ${value}, ${port}'`,
  },
  {
    syntax: "intel",
    ids: "ambiguous-size",
    pattern: pattern("^f\\w+\\s+.*?\\bst([0-7])\\b"),
    say: (number) => `the registers of the x87 are written with parentheses: \`st(${number})'`,
  },
  {
    syntax: "intel",
    ids: "operand-kind",
    pattern: pattern(`^lea\\s+(\\w+)\\s*,\\s*(${REGISTER})\\s*$`),
    say: (target, register) =>
      `lea computes an address, which stands in brackets: \`lea ${target}, [${register}]'; to copy a register, write mov`,
  },
];

const BOTH: readonly Row[] = [
  {
    syntax: "any",
    ids: "operand-kind",
    pattern: pattern("^mov[wl]?\\s+(?:.*[^\\w]|)(?:[cdefgs]s)\\b.*"),
    say: () =>
      "a segment register is loaded from a general register or memory: put the value into ax first, and move that",
  },
  {
    syntax: "any",
    ids: "operand-kind",
    pattern: /^mov[bwl]?\s+(\[.*\]\s*,.*\[|[^,]*\([^)]*\)\s*,[^,]*\()/i,
    say: () => "mov takes at most one operand in memory: move the value into a register first",
  },
  {
    syntax: "any",
    ids: "operand-count",
    pattern: pattern("^rep\\w*\\s+(mov|sto|lod|sca|cmp|in|out)s?\\s*$"),
    say: (word) =>
      `a repeated string instruction says the size: \`rep ${lower(word!)}sb', \`${lower(word!)}sw' or a double word's`,
  },
  {
    syntax: "any",
    ids: "operand-size",
    pattern: pattern("^(push|pop)\\w?\\s+%?([abcd])[lh]\\b"),
    say: (word, letter) =>
      `the stack holds words and double words: ${lower(word!)} ${lower(letter!)}x or e${lower(letter!)}x`,
  },
  {
    syntax: "any",
    ids: "expression-expected trailing-text",
    pattern: /^[^"']*\s\/\/ ?\S/,
    say: () => "`//' begins a comment only at the beginning of a line: write `#' after a statement",
  },
  {
    syntax: "any",
    ids: "bad-number",
    pattern: pattern("\\b0x([0-9a-f]+)h\\b"),
    say: (digits) => `a number is hexadecimal by \`0x' before it or (elsewhere) by \`h' after it: \`0x${digits}'`,
  },
  {
    syntax: "any",
    ids: "bad-register",
    pattern: pattern("%(ip|eip)\\b"),
    say: (name) => `\`%${lower(name!)}' is in no operand: jumps and calls change it, and a call pushes it`,
  },
  {
    syntax: "any",
    ids: "bad-register",
    pattern: pattern("%(e?flags)\\b"),
    say: () => "the flags are in no operand: pushf and popf move them",
  },
];

/** Words in the place of an instruction or directive. */
const WORDS: readonly Row[] = [
  {
    syntax: "any",
    ids: "unknown-instruction",
    pattern: pattern("^(\\w+)\\s+proc\\b"),
    say: (name) => `\`proc' is MASM's: a procedure is a label here, \`${name}:'`,
  },
  {
    syntax: "any",
    ids: "unknown-instruction",
    pattern: pattern("^(\\w+)\\s+(endp|ends)\\b"),
    say: (_, word) => `\`${word}' is MASM's: nothing ends a procedure or a segment here; leave the line out`,
  },
  {
    syntax: "any",
    ids: "unknown-instruction",
    pattern: pattern("^(\\w+)\\s+segment\\b"),
    say: (name) => `\`segment' is MASM's: a section begins with \`.section .${lower(name!)}', or \`.text' and \`.data'`,
  },
  {
    syntax: "any",
    ids: "unknown-instruction",
    pattern: pattern("^(assume|option|title|page|name)\\s"),
    say: (word) => `\`${lower(word!)}' is MASM's and has no meaning here: leave the line out`,
  },
  {
    syntax: "any",
    ids: "unknown-instruction",
    pattern: pattern("^invoke\\s+(\\w+)"),
    say: (name) => `\`invoke' is MASM's: push the arguments, last first, and \`call ${name}'`,
  },
  {
    syntax: "any",
    ids: "unknown-directive",
    pattern: pattern("^\\.(model|stack)\\b"),
    say: (word) => `\`.${lower(word!)}' is MASM's: the linker places code, data and stack; leave the line out`,
  },
  {
    syntax: "any",
    ids: "unknown-directive expression-expected",
    pattern: pattern("^\\.data\\?"),
    say: () => "`.data?' is MASM's: data without a value is in `.bss'",
  },
  {
    syntax: "any",
    ids: "unknown-directive",
    pattern: pattern("^\\.(?:code|bits|use)\\s+(16|32)\\b"),
    say: (bits) => `code of ${bits} bits begins with \`.code${bits}', one word`,
  },
  {
    syntax: "any",
    ids: "unknown-directive",
    pattern: pattern("^\\.code\\s*$"),
    say: () => "`.code' is MASM's: the section of the code is `.text'",
  },
  {
    syntax: "any",
    ids: "unknown-directive",
    pattern: pattern("^\\.([0-6]86)p?\\b"),
    say: (processor) =>
      `\`.${processor}' is MASM's: every instruction may be used here; \`.arch i${processor}' forbids later ones`,
  },
  {
    syntax: "any",
    ids: "unknown-directive",
    pattern: pattern("^\\.(global[a-z]*|publi\\w*)\\s"),
    say: () => "a symbol is seen by other files after `.globl NAME'",
  },
  {
    syntax: "any",
    ids: "unknown-instruction",
    pattern: pattern("^(call|ret|leave|push|pop|mov|add|sub|cmp|jmp|lea|xor|and|test|inc|dec|iret)q\\b|^(movabs)\\b"),
    say: (word, movabs) =>
      movabs === undefined
        ? `\`${lower(word!)}q' is an instruction of 64-bit code, which is not made here: write \`${lower(word!)}'`
        : "`movabs' is an instruction of 64-bit code, which is not made here: write `mov'",
  },
];

/** A word that may be a label: the assembler says which words are instructions. */
const LABEL = /^([A-Za-z_.$][\w.$]*)\s*(?:$|[#;]|([a-z]\w*)\b)/;

const ROWS: readonly Row[] = [...WORDS, ...INTEL_IN_ATT, ...ATT_OPERANDS, ...INTEL_OPERANDS, ...BOTH];

/** What to say of a refused statement in place of what the parser says; null where that is best. */
export function advice({ id, text, isIntel }: Refusal): string | null {
  const syntax = isIntel ? "intel" : "att";
  for (const row of ROWS) {
    if (row.syntax !== "any" && row.syntax !== syntax) continue;
    if (row.ids !== undefined && !row.ids.split(" ").includes(id)) continue;
    const match = row.pattern.exec(text);
    if (match !== null) return row.say(...match.slice(1));
  }
  return null;
}

/** Whether a word that is no instruction looks like a label without its colon. */
export function isLikeLabel(text: string, isInstruction: (word: string) => boolean): boolean {
  const match = LABEL.exec(text);
  return match !== null && (match[2] === undefined || isInstruction(match[2].toLowerCase()));
}
