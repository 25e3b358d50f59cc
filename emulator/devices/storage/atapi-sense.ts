/** Sense keys with additional sense codes that the CD drive reports (SPC-3, tables 27 and 28). */
export interface Sense {
  key: number;
  code: number;
  qualifier?: number;
}

export const NO_SENSE: Sense = { key: 0, code: 0 };
export const NO_MEDIUM: Sense = { key: 2, code: 0x3a, qualifier: 1 };
export const TRAY_OPEN: Sense = { key: 2, code: 0x3a, qualifier: 2 };
export const UNRECOVERED_READ_ERROR: Sense = { key: 3, code: 0x11 };
export const INVALID_COMMAND: Sense = { key: 5, code: 0x20 };
export const ADDRESS_OUT_OF_RANGE: Sense = { key: 5, code: 0x21 };
export const INVALID_FIELD: Sense = { key: 5, code: 0x24 };
export const REMOVAL_PREVENTED: Sense = { key: 5, code: 0x53, qualifier: 2 };
export const MEDIUM_CHANGED: Sense = { key: 6, code: 0x28 };

/** Fixed format sense data. */
export function senseData(sense: Sense): Uint8Array {
  const data = new Uint8Array(18);
  data[0] = 0x70;
  data[2] = sense.key;
  data[7] = 10;
  data[12] = sense.code;
  data[13] = sense.qualifier ?? 0;
  return data;
}
