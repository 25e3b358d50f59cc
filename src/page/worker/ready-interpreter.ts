/** The interpreter's modules for the page (emulator/jit/threaded/module.ts): within the script, which is compressed as a whole. */

/** In base 64: put in by the bundler. */
declare const INTERPRETER_TEXTS: Readonly<Record<16 | 32, string>>;

export const QURE_INTERPRETER = (codeBits: 16 | 32): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(INTERPRETER_TEXTS[codeBits]), (character) => character.charCodeAt(0));
