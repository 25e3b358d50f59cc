/**
 * Magnitudes of numbers: those of one magnitude are encoded alike, whatever the instruction. Boundaries lie where a
 * field, signed or not, of 8 or 16 bits begins or ends; numbers about which instructions are particular (0, 1, 3, -1),
 * and those between the signed and the unsigned limit of a field, have none.
 */

export const NO_MAGNITUDE = 255;

interface Magnitude {
  readonly least: number;
  readonly most: number;
  /** Bytes in which the numbers of this magnitude differ; those above are all alike. */
  readonly sizeBytes: number;
  /** Numbers that differ from each other in each of those bytes: one more than there are bytes. */
  readonly samples: readonly number[];
}

const MAGNITUDES: readonly Magnitude[] = [
  { least: 2, most: 127, sizeBytes: 1, samples: [0x2a, 0x55] },
  { least: -128, most: -2, sizeBytes: 1, samples: [-0x2a, -0x55] },
  { least: 128, most: 255, sizeBytes: 1, samples: [0x93, 0xa4] },
  { least: 256, most: 32767, sizeBytes: 2, samples: [0x1234, 0x2345, 0x3456] },
  { least: -32768, most: -257, sizeBytes: 2, samples: [-0x1234, -0x2345, -0x3456] },
  {
    least: 65536,
    most: 999_999_999,
    sizeBytes: 4,
    samples: [0x11223344, 0x22334455, 0x33445566, 0x05667788, 0x16778899],
  },
  {
    least: -999_999_999,
    most: -65537,
    sizeBytes: 4,
    samples: [-0x11223344, -0x22334455, -0x33445566, -0x05667788, -0x16778899],
  },
];

export function magnitudeOf(value: number): number {
  if (value >= 0) {
    if (value <= 127) return value < 2 || value === 3 ? NO_MAGNITUDE : 0;
    if (value <= 255) return 2;
    if (value <= 32767) return 3;
    return value >= 65536 ? 5 : NO_MAGNITUDE;
  }
  if (value >= -128) return value === -1 ? NO_MAGNITUDE : 1;
  if (value >= -32768) return value <= -257 ? 4 : NO_MAGNITUDE;
  return value <= -65537 ? 6 : NO_MAGNITUDE;
}

/** Bytes in which numbers of a magnitude differ. */
export function widthOf(magnitude: number): number {
  return MAGNITUDES[magnitude]!.sizeBytes;
}

/** A number of the same magnitude that differs from this one in each of those bytes. */
export function unlike(value: number, magnitude: number): number {
  const { sizeBytes, samples } = MAGNITUDES[magnitude]!;
  return samples.find((sample) => {
    for (let i = 0; i < sizeBytes; i++) if (((sample >> (8 * i)) & 0xff) === ((value >> (8 * i)) & 0xff)) return false;
    return true;
  })!;
}
