/**
 * Relocations of the i386 supplement to the System V ABI, by number, and the suffixes that ask for them.
 */

export const R = {
  NONE: 0, R32: 1, PC32: 2, GOT32: 3, PLT32: 4, GOTOFF: 9, GOTPC: 10, TLS_TPOFF: 14, TLS_IE: 15, TLS_GOTIE: 16, TLS_LE: 17, TLS_GD: 18, TLS_LDM: 19,
  R16: 20, PC16: 21, R8: 22, PC8: 23, TLS_LDO_32: 32, TLS_IE_32: 33, TLS_LE_32: 34, SIZE32: 38, TLS_GOTDESC: 39, TLS_DESC_CALL: 40, GOT32X: 43,
} as const;

export const RELOCATION_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ["GOT", R.GOT32], ["GOTOFF", R.GOTOFF], ["PLT", R.PLT32], ["TLSGD", R.TLS_GD], ["TLSLDM", R.TLS_LDM], ["GOTTPOFF", R.TLS_IE_32],
  ["TPOFF", R.TLS_LE_32], ["NTPOFF", R.TLS_LE], ["DTPOFF", R.TLS_LDO_32], ["GOTNTPOFF", R.TLS_GOTIE], ["INDNTPOFF", R.TLS_IE], ["SIZE", R.SIZE32],
  ["TLSDESC", R.TLS_GOTDESC], ["TLSCALL", R.TLS_DESC_CALL],
]);

/** Relocations that name their symbol itself, never its section. */
export const KEEPS_SYMBOL: ReadonlySet<number> = new Set([
  R.GOT32, R.GOT32X, R.PLT32, R.TLS_GD, R.TLS_LDM, R.TLS_LDO_32, R.TLS_IE_32, R.TLS_IE, R.TLS_LE_32, R.TLS_LE, R.TLS_GOTIE, R.TLS_GOTDESC,
  R.TLS_DESC_CALL, R.SIZE32,
]);

/** Relocations that say of their symbol that each thread has one of its own. */
export const THREAD_LOCAL: ReadonlySet<number> = new Set([
  R.TLS_GD, R.TLS_LDM, R.TLS_LDO_32, R.TLS_IE_32, R.TLS_IE, R.TLS_LE_32, R.TLS_LE, R.TLS_GOTIE, R.TLS_GOTDESC, R.TLS_DESC_CALL,
]);

/** The plain relocation for a field, or 0 where the ABI has none of this size. */
export function plainRelocation(sizeBytes: number, pcRelative: boolean): number {
  switch (sizeBytes) {
    case 4: return pcRelative ? R.PC32 : R.R32;
    case 2: return pcRelative ? R.PC16 : R.R16;
    case 1: return pcRelative ? R.PC8 : R.R8;
    default: return 0;
  }
}
