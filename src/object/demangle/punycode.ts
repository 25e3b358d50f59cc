/**
 * Identifiers with letters outside of ASCII, which Rust's names hold in Punycode (RFC 3492), with `_` for its hyphen.
 */

const BASE = 36;
const THRESHOLD_MIN = 1;
const THRESHOLD_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;
const FIRST_CODE_POINT = 0x80;
const LAST_CODE_POINT = 0x10ffff;
const DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * The identifier; null where the letters are none of Unicode; without any character where the last number has no end.
 */
export function decodePunycode(encoded: string): string | null {
  const split = encoded.lastIndexOf("_");
  const characters = split < 0 ? [] : [...encoded.slice(0, split)];
  const numbers = encoded.slice(split + 1);
  if (!/^[a-z0-9]+$/.test(numbers)) return null;
  let codePoint = FIRST_CODE_POINT;
  let place = 0;
  let bias = FIRST_BIAS;
  for (let at = 0; at < numbers.length; ) {
    let delta = 0;
    let weight = 1;
    for (let position = BASE; ; position += BASE) {
      if (at >= numbers.length) return "";
      const digit = DIGITS.indexOf(numbers[at++]!);
      delta += digit * weight;
      const threshold = Math.min(Math.max(position - bias, THRESHOLD_MIN), THRESHOLD_MAX);
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const count = characters.length + 1;
    codePoint += Math.floor((place + delta) / count);
    // Surrogates are no characters.
    if (codePoint > LAST_CODE_POINT || (codePoint >= 0xd800 && codePoint < 0xe000)) return null;
    bias = adapted(delta, count, characters.length === Math.max(split, 0));
    place = (place + delta) % count;
    characters.splice(place++, 0, String.fromCodePoint(codePoint));
  }
  return characters.join("");
}

/** RFC 3492, 6.1. */
function adapted(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2));
  rest += Math.floor(rest / count);
  let bias = 0;
  for (; rest > ((BASE - THRESHOLD_MIN) * THRESHOLD_MAX) / 2; bias += BASE) rest = Math.floor(rest / (BASE - 1));
  return bias + Math.floor((BASE * rest) / (rest + SKEW));
}
