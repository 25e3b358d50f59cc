/** A value of 32 bits in hexadecimal, with leading zeros up to so many digits. */
export function hex(value: number, digits = 8): string {
  return (value >>> 0).toString(16).padStart(digits, "0");
}
