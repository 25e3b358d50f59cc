/** Names that are registers elsewhere, and symbols here where nothing says that they are registers. */
import { REGISTERS } from "../../isa/registers.ts";

const numbered = (name: string, from: number, count: number, endings: readonly string[] = [""]): string[] =>
  Array.from({ length: count }, (_, index) => endings.map((ending) => `${name}${from + index}${ending}`)).flat();

/** Registers of 64-bit code and of AVX. */
const LATER_REGISTERS: ReadonlySet<string> = new Set([
  ..."rax rbx rcx rdx rsi rdi rsp rbp rip sil dil spl bpl".split(" "),
  ...numbered("r", 8, 8, ["", "d", "w", "b"]),
  ...numbered("cr", 8, 8),
  ...numbered("xmm", 8, 24),
  ...numbered("ymm", 0, 32),
  ...numbered("zmm", 0, 32),
  ...numbered("k", 0, 8),
]);

export const LATER_REGISTER = "a register of that name is one of later processors";

export const isLaterRegister = (name: string): boolean => LATER_REGISTERS.has(name.toLowerCase());

/** In small letters. */
export const foreignRegisters = (): Iterable<string> => [...REGISTERS.keys(), ...LATER_REGISTERS];
