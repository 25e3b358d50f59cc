/**
 * The interpreter's module for the page (emulator/jit/threaded/module.ts): within the script, which is compressed as a
 * whole. That of 16-bit code, of which a start runs little, is made when it is needed: to make it takes a tenth of a
 * second, and it would be a tenth of all that a first visit loads.
 */

/** A character for each byte, of which the compressor makes half of what it makes of base 64: put in by the bundler. */
declare const INTERPRETER_32: string;

export const QURE_INTERPRETER = (codeBits: 16 | 32): Uint8Array<ArrayBuffer> | null =>
  codeBits === 16 ? null : Uint8Array.from(INTERPRETER_32, (character) => character.charCodeAt(0));
