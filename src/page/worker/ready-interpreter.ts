/** The interpreter's modules for the page (emulator/jit/threaded/module.ts): within the script, which is compressed as a whole. */

/** In base 64: put in by the bundler. */
declare const INTERPRETER_16: string;
declare const INTERPRETER_32: string;

export const QURE_INTERPRETER = (codeBits: 16 | 32): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(codeBits === 16 ? INTERPRETER_16 : INTERPRETER_32), (character) => character.charCodeAt(0));
