/** The interpreter's module for the page (emulator/jit/threaded/module.ts): within the script, which is compressed as a whole. */

/** In base 64: put in by the bundler. */
declare const INTERPRETER_TEXT: string;

export const QURE_INTERPRETER = (): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(INTERPRETER_TEXT), (character) => character.charCodeAt(0));
