/** IN and OUT (SDM volume 1, chapter 19). */
import type { Builder, Builders } from "../instruction.ts";
import { operandSize, read, write } from "../operands.ts";

const input: Builder = (core, insn) => {
  const bytes = (operandSize(insn, 0) >>> 3) as 1 | 2 | 4;
  const port = read(core, insn, 1);
  const destination = write(core, insn, 0);
  return () => {
    const number = port();
    core.io.check(number, bytes);
    const value = core.readPort(number, bytes);
    if (bytes === 1) core.waiting.read(insn.eip, number, value);
    destination(value);
  };
};

const output: Builder = (core, insn) => {
  const bytes = (operandSize(insn, 1) >>> 3) as 1 | 2 | 4;
  const port = read(core, insn, 0);
  const source = read(core, insn, 1);
  return () => {
    const number = port();
    core.io.check(number, bytes);
    core.writePort(number, bytes, source());
  };
};

export const IO = { in: input, out: output } satisfies Builders;
