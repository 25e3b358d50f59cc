/**
 * What fills alignment in code: the fewest instructions that do nothing, and a jump over them where there would be
 * many. The sequences are those of GNU as for a processor of which only 386 instructions are known.
 */

/** Which instructions fill padding. */
export interface NopChoice {
  /** Those may be NOPL. */
  readonly hasLong: boolean;
  /** No processor was named so far: one that is named later is to be quick on. */
  readonly isOpen: boolean;
}

/** One instruction (two for 5 bytes) of each length: `lea esi, [esi]` with ever longer addresses. */
const NOPS32: readonly (readonly number[])[] = [
  [],
  [0x90],
  [0x66, 0x90],
  [0x8d, 0x76, 0x00],
  [0x8d, 0x74, 0x26, 0x00],
  [0x8d, 0x74, 0x26, 0x00, 0x90],
  [0x8d, 0xb6, 0x00, 0x00, 0x00, 0x00],
  [0x8d, 0xb4, 0x26, 0x00, 0x00, 0x00, 0x00],
];

/** The same for 16-bit code: `lea si, [si]`. */
const NOPS16: readonly (readonly number[])[] = [[], [0x90], [0x66, 0x90], [0x8d, 0x74, 0x00], [0x8d, 0xb4, 0x00, 0x00]];

/** `nopl` and `nopw`, on processors that have them. */
const LONG_NOPS: readonly (readonly number[])[] = [
  [],
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
  [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];

/** Where this many of the longest instructions fit, a jump is quicker. */
const TOO_MANY = 3;
const TOO_MANY_LONG = 8;

const tableOf = (bits: 16 | 32, hasLongNops: boolean): readonly (readonly number[])[] =>
  bits === 16 ? NOPS16 : hasLongNops ? LONG_NOPS : NOPS32;

/** Length of the longest such instruction. */
export function longestNop(bits: 16 | 32, hasLongNops: boolean): number {
  return tableOf(bits, hasLongNops).length - 1;
}

/** Fills `out[offset..offset + count)`, with instructions of at most `limit` bytes. */
export function writeNops(
  out: Uint8Array,
  offset: number,
  count: number,
  bits: 16 | 32,
  hasLongNops: boolean,
  limit = Infinity,
): void {
  const table = tableOf(bits, hasLongNops);
  let longest = Math.min(table.length - 1, limit);
  // There is no single instruction of 5 bytes in this table.
  if (table === NOPS32 && longest === 5) longest = 4;
  let at = offset;
  let left = count;
  if (Math.floor(count / (table.length - 1)) >= (table === LONG_NOPS ? TOO_MANY_LONG : TOO_MANY)) {
    if (count - 2 <= 127) {
      out[at++] = 0xeb;
      out[at++] = count - 2;
      left -= 2;
    } else {
      // In 16-bit code with an operand-size prefix: the displacement has 32 bits either way.
      const size = bits === 16 ? 6 : 5;
      if (bits === 16) out[at++] = 0x66;
      out[at++] = 0xe9;
      for (let i = 0; i < 4; i++) out[at++] = (count - size) >> (8 * i);
      left -= size;
    }
  }
  while (left > 0) {
    const take = Math.min(left, longest);
    const bytes = table[take]!;
    for (let i = 0; i < take; i++) out[at++] = bytes[i]!;
    left -= take;
  }
}
