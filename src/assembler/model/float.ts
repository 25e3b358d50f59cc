/**
 * Decimal floating-point numbers as their IEEE 754 bytes: single, double, and the 80-bit format of the x87.
 */

export type FloatFormat = "half" | "bfloat16" | "single" | "double" | "extended";

interface Layout {
  readonly bytes: number;
  /** Bits of the significand, the leading one included. */
  readonly precision: number;
  readonly exponentBits: number;
  /** The leading one is stored (Intel SDM 1, 4.2.2). */
  readonly hasExplicitOne: boolean;
}

const LAYOUTS: Record<FloatFormat, Layout> = {
  half: { bytes: 2, precision: 11, exponentBits: 5, hasExplicitOne: false },
  bfloat16: { bytes: 2, precision: 8, exponentBits: 8, hasExplicitOne: false },
  single: { bytes: 4, precision: 24, exponentBits: 8, hasExplicitOne: false },
  double: { bytes: 8, precision: 53, exponentBits: 11, hasExplicitOne: false },
  extended: { bytes: 10, precision: 64, exponentBits: 15, hasExplicitOne: true },
};

/** Exponents beyond any format, so that a hostile one costs nothing. */
const MAXIMUM_EXPONENT = 6000;

/**
 * The bytes of a number such as `-1.5e3` (also with a prefix `0f`, `0d`, ..., or its bits after `0f:`), or null when
 * the text is none.
 */
export function encodeFloat(text: string, format: FloatFormat): Uint8Array | null {
  const layout = LAYOUTS[format];
  const hexadecimal = /^0[a-z]:([0-9a-f_]+)$/i.exec(text);
  if (hexadecimal !== null) return fromBits(hexadecimal[1]!.replaceAll("_", ""), layout.bytes);
  let digits = text.replace(/^0[defgrx](?=[-+.0-9in])/i, "");
  let negative = false;
  while (/^[-+]/.test(digits)) {
    if (digits[0] === "-") negative = !negative;
    digits = digits.slice(1);
  }
  if (/^inf(inity)?$/i.test(digits))
    return pack(layout, negative, (1n << BigInt(layout.exponentBits)) - 1n, 1n << BigInt(layout.precision - 1));
  if (/^[qs]?nan$/i.test(digits)) {
    // All ones; a signaling one without the bit that says quiet.
    const quiet = /^s/i.test(digits) ? 1n << BigInt(layout.precision - 2) : 0n;
    const significand = (1n << BigInt(layout.precision)) - 1n - quiet;
    return pack(layout, negative, (1n << BigInt(layout.exponentBits)) - 1n, significand);
  }
  const match = /^(\d*)(?:\.(\d*))?(?:e([-+]?\d+))?$/i.exec(digits);
  if (match === null || ((match[1] ?? "") === "" && (match[2] ?? "") === "")) return null;
  const whole = match[1] ?? "";
  const fraction = match[2] ?? "";
  const exponent = Number(match[3] ?? 0) - fraction.length;
  const significand = BigInt(whole + fraction || "0");
  if (significand === 0n || exponent + whole.length + fraction.length < -MAXIMUM_EXPONENT)
    return pack(layout, negative, 0n, 0n);
  if (exponent > MAXIMUM_EXPONENT) return null;
  const numerator = exponent >= 0 ? significand * 10n ** BigInt(exponent) : significand;
  const denominator = exponent >= 0 ? 1n : 10n ** BigInt(-exponent);
  return round(layout, negative, numerator, denominator);
}

/** `0f:3f8`: the bits themselves, from the highest on; null when there are too many. */
function fromBits(digits: string, size: number): Uint8Array | null {
  if (digits.length > size * 2) return null;
  const padded = digits.padEnd(size * 2, "0");
  return Uint8Array.from({ length: size }, (_, i) =>
    Number.parseInt(padded.slice((size - 1 - i) * 2, (size - i) * 2), 16),
  );
}

/** The nearest number of the format to numerator / denominator, ties to even. */
function round(layout: Layout, negative: boolean, numerator: bigint, denominator: bigint): Uint8Array | null {
  const bias = 2 ** (layout.exponentBits - 1) - 1;
  // Binary exponent: 2^power <= value < 2^(power + 1).
  let power = bitLength(numerator) - bitLength(denominator);
  if (power >= 0 ? numerator < denominator << BigInt(power) : numerator << BigInt(-power) < denominator) power--;
  const lowest = 1 - bias;
  const unit = Math.max(power, lowest) - (layout.precision - 1);
  if (unit >= 0) denominator <<= BigInt(unit);
  else numerator <<= BigInt(-unit);
  let quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && (quotient & 1n) === 1n)) quotient++;
  let exponent = Math.max(power, lowest) + bias;
  if (quotient >> BigInt(layout.precision) !== 0n) {
    quotient >>= 1n;
    exponent++;
  }
  if (exponent >= 2 ** layout.exponentBits - 1) return null;
  const isNormal = quotient >> BigInt(layout.precision - 1) !== 0n;
  return pack(layout, negative, isNormal ? BigInt(exponent) : 0n, quotient);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function pack(layout: Layout, negative: boolean, exponent: bigint, significand: bigint): Uint8Array {
  const storedBits = layout.hasExplicitOne ? layout.precision : layout.precision - 1;
  const mask = (1n << BigInt(storedBits)) - 1n;
  let bits = (significand & mask) | (exponent << BigInt(storedBits));
  if (negative) bits |= 1n << BigInt(storedBits + layout.exponentBits);
  const bytes = new Uint8Array(layout.bytes);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number((bits >> BigInt(8 * i)) & 0xffn);
  return bytes;
}
