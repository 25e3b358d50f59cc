/**
 * The `.cfi_*` directives.
 */

import { DW_CFA } from "../model/call-frames.ts";
import * as integer from "../model/integer.ts";
import { textOfBytes } from "../model/source-text.ts";
import type { Assembler } from "../read/assembler.ts";
import { characterClass, NAME_PART, PERCENT } from "../read/chars.ts";
import { readRegister } from "../read/register-reader.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** DWARF numbers of registers by class: the first of each (i386 psABI, table 2.14). */
const FIRST_NUMBERS: Readonly<Record<string, number>> = { r32: 0, st: 11, xmm: 21, mm: 29, sreg: 40 };
const SPECIAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["eip", 8],
  ["eflags", 9],
  ["fcw", 37],
  ["fsw", 38],
  ["mxcsr", 39],
  ["tr", 48],
  ["ldtr", 49],
]);

function isSpecialName(assembler: Assembler, start: number): boolean {
  const { bytes } = assembler.input;
  let end = start;
  while (characterClass[bytes[end]!]! & NAME_PART) end++;
  return SPECIAL_NUMBERS.has(textOfBytes(bytes, start, end));
}

function registerNumber(assembler: Assembler): number {
  const { input } = assembler;
  const code = input.skipSpace();
  const start = input.offset;
  const register = readRegister(assembler);
  if (register !== null) {
    const first = FIRST_NUMBERS[register.class];
    if (first === undefined)
      assembler.failAt("bad-register", start, `\`${register.name}' has no number in call frame information`);
    else return first + register.number;
  }
  if (code === PERCENT || isSpecialName(assembler, start)) {
    const nameStart = code === PERCENT ? start + 1 : start;
    let end = nameStart;
    while (characterClass[input.bytes[end]!]! & NAME_PART) end++;
    const number = SPECIAL_NUMBERS.get(textOfBytes(input.bytes, nameStart, end));
    if (number === undefined) return assembler.failAt("bad-register", start, "expected a register", end - start);
    input.offset = end;
    return number;
  }
  return assembler.expressions.absoluteNumber("the number of the register");
}

function number(assembler: Assembler): number {
  return assembler.expressions.absoluteNumber("the offset");
}

/** An instruction with a register and an offset. */
function registerOffset(op: number, change: (assembler: Assembler, offset: number) => number): Handler {
  return (assembler, directive) => {
    const register = registerNumber(assembler);
    assembler.demandComma();
    const offset = number(assembler);
    assembler.demandEnd();
    assembler.program.callFrames.addOffset(directive.name, op, register, change(assembler, offset));
  };
}

function registers(op: number): Handler {
  return (assembler, directive) => {
    do {
      const register = registerNumber(assembler);
      assembler.program.callFrames.add(directive.name, { kind: "registers", op, register, other: 0 });
    } while (assembler.comma());
    assembler.demandEnd();
  };
}

function setOffset(compute: (before: number, value: number) => number): Handler {
  return (assembler, directive) => {
    const { callFrames } = assembler.program;
    callFrames.required(directive.name);
    const value = number(assembler);
    assembler.demandEnd();
    const offset = compute(callFrames.cfaOffset(directive.name), value);
    callFrames.setCfaOffset(directive.name, offset);
    callFrames.addOffset(directive.name, DW_CFA.def_cfa_offset, 0, offset);
  };
}

function plain(op: number, also: (assembler: Assembler) => void = () => {}): Handler {
  return (assembler, directive) => {
    assembler.demandEnd();
    assembler.program.callFrames.required(directive.name);
    also(assembler);
    assembler.program.callFrames.addPlain(directive.name, op);
  };
}

/** `.cfi_personality encoding, expression`, `.cfi_lsda encoding, expression` */
function encoded(set: (assembler: Assembler, directive: string, encoding: number) => void): Handler {
  return (assembler, directive) => {
    const encoding = number(assembler);
    set(assembler, directive.name, encoding);
    assembler.demandEnd();
  };
}

const sections: Handler = (assembler) => {
  const { input } = assembler;
  const { callFrames } = assembler.program;
  callFrames.wantsEhFrame = false;
  callFrames.wantsDebugFrame = false;
  if (!input.atStatementEnd()) {
    do {
      input.skipSpace();
      const start = input.offset;
      while (characterClass[input.bytes[input.offset]!]! & NAME_PART) input.offset++;
      const name = textOfBytes(input.bytes, start, input.offset);
      if (name === ".eh_frame") callFrames.wantsEhFrame = true;
      else if (name === ".debug_frame") callFrames.wantsDebugFrame = true;
      else assembler.failAt("bad-argument", start, `expected \`.eh_frame' or \`.debug_frame', not \`${name}'`);
    } while (assembler.comma());
  }
  assembler.demandEnd();
};

export const CALL_FRAME_DIRECTIVES: DirectiveTable = [
  [
    ".cfi_startproc",
    (assembler) => {
      const { input } = assembler;
      let simple = false;
      if (!input.atStatementEnd()) {
        const start = input.offset;
        while (characterClass[input.bytes[input.offset]!]! & NAME_PART) input.offset++;
        simple = textOfBytes(input.bytes, start, input.offset) === "simple";
        if (!simple) assembler.failAt("bad-argument", start, "`.cfi_startproc' takes nothing or `simple'");
      }
      assembler.demandEnd();
      assembler.program.callFrames.start(simple);
    },
  ],
  [
    ".cfi_endproc",
    (assembler) => {
      assembler.demandEnd();
      assembler.program.callFrames.end();
    },
  ],
  [".cfi_sections", sections],
  [
    ".cfi_def_cfa",
    registerOffset(DW_CFA.def_cfa, (assembler, offset) => {
      assembler.program.callFrames.setCfaOffset(".cfi_def_cfa", offset);
      return offset;
    }),
  ],
  [
    ".cfi_def_cfa_register",
    (assembler, directive) => {
      const register = registerNumber(assembler);
      assembler.demandEnd();
      assembler.program.callFrames.add(directive.name, {
        kind: "registers",
        op: DW_CFA.def_cfa_register,
        register,
        other: 0,
      });
    },
  ],
  [".cfi_def_cfa_offset", setOffset((_, value) => value)],
  [".cfi_adjust_cfa_offset", setOffset((before, value) => before + value)],
  [".cfi_offset", registerOffset(DW_CFA.offset, (_, offset) => offset)],
  [
    ".cfi_rel_offset",
    registerOffset(
      DW_CFA.offset,
      (assembler, offset) => offset - assembler.program.callFrames.cfaOffset(".cfi_rel_offset"),
    ),
  ],
  [".cfi_val_offset", registerOffset(DW_CFA.val_offset, (_, offset) => offset)],
  [
    ".cfi_register",
    (assembler, directive) => {
      const register = registerNumber(assembler);
      assembler.demandComma();
      const other = registerNumber(assembler);
      assembler.demandEnd();
      assembler.program.callFrames.add(directive.name, { kind: "registers", op: DW_CFA.register, register, other });
    },
  ],
  [
    ".cfi_restore",
    (assembler, directive) => {
      do {
        const register = registerNumber(assembler);
        assembler.program.callFrames.addOffset(directive.name, DW_CFA.restore, register, 0);
      } while (assembler.comma());
      assembler.demandEnd();
    },
  ],
  [".cfi_undefined", registers(DW_CFA.undefined)],
  [".cfi_same_value", registers(DW_CFA.same_value)],
  [".cfi_remember_state", plain(DW_CFA.remember_state, (assembler) => assembler.program.callFrames.rememberState())],
  [".cfi_restore_state", plain(DW_CFA.restore_state, (assembler) => assembler.program.callFrames.restoreState())],
  [".cfi_window_save", plain(DW_CFA.GNU_window_save)],
  [
    ".cfi_return_column",
    (assembler, directive) => {
      const column = registerNumber(assembler);
      assembler.demandEnd();
      assembler.program.callFrames.required(directive.name).returnColumn = column;
    },
  ],
  [
    ".cfi_signal_frame",
    (assembler, directive) => {
      assembler.demandEnd();
      assembler.program.callFrames.required(directive.name).isSignalFrame = true;
    },
  ],
  [
    ".cfi_escape",
    (assembler, directive) => {
      const bytes: number[] = [];
      do bytes.push(integer.low32(assembler.expressions.absolute("the byte")) & 0xff);
      while (assembler.comma());
      assembler.demandEnd();
      assembler.program.callFrames.add(directive.name, { kind: "escape", bytes: Uint8Array.from(bytes) });
    },
  ],
  [
    ".cfi_label",
    (assembler, directive) => {
      const { input } = assembler;
      input.skipSpace();
      const start = input.offset;
      while (characterClass[input.bytes[input.offset]!]! & NAME_PART) input.offset++;
      if (input.offset === start) assembler.fail("symbol-expected", "expected the name of a symbol");
      const name = assembler.atoms.intern(input.bytes, start, input.offset);
      assembler.demandEnd();
      assembler.program.callFrames.add(directive.name, { kind: "label", name });
    },
  ],
  [
    ".cfi_personality",
    encoded((assembler, directive, encoding) => {
      const frame = assembler.program.callFrames.required(directive);
      frame.personalityEncoding = encoding;
      if (encoding === 0xff) return;
      assembler.demandComma();
      frame.personality = assembler.expressions.required("the personality routine");
    }),
  ],
  [
    ".cfi_lsda",
    encoded((assembler, directive, encoding) => {
      const frame = assembler.program.callFrames.required(directive);
      frame.lsdaEncoding = encoding;
      if (encoding === 0xff) return;
      assembler.demandComma();
      frame.lsda = assembler.expressions.required("the language-specific data");
    }),
  ],
  [
    ".cfi_b_key_frame .cfi_inline_lsda .cfi_fde_data .cfi_personality_id .cfi_val_encoded_addr",
    (assembler, directive) => assembler.fail("unsupported-directive", `\`${directive.name}' is not supported`),
  ],
];
