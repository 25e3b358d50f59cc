/**
 * Relocations of the i386 supplement to the System V ABI, by number, and the suffixes that ask for them.
 */

export const R = {
  NONE: 0,
  R32: 1,
  PC32: 2,
  GOT32: 3,
  PLT32: 4,
  GOTOFF: 9,
  GOTPC: 10,
  TLS_TPOFF: 14,
  TLS_IE: 15,
  TLS_GOTIE: 16,
  TLS_LE: 17,
  TLS_GD: 18,
  TLS_LDM: 19,
  R16: 20,
  PC16: 21,
  R8: 22,
  PC8: 23,
  TLS_LDO_32: 32,
  TLS_IE_32: 33,
  TLS_LE_32: 34,
  SIZE32: 38,
  TLS_GOTDESC: 39,
  TLS_DESC_CALL: 40,
  IRELATIVE: 42,
  GOT32X: 43,
} as const;

export const RELOCATION_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ["GOT", R.GOT32],
  ["GOTOFF", R.GOTOFF],
  ["PLT", R.PLT32],
  ["TLSGD", R.TLS_GD],
  ["TLSLDM", R.TLS_LDM],
  ["GOTTPOFF", R.TLS_IE_32],
  ["TPOFF", R.TLS_LE_32],
  ["NTPOFF", R.TLS_LE],
  ["DTPOFF", R.TLS_LDO_32],
  ["GOTNTPOFF", R.TLS_GOTIE],
  ["INDNTPOFF", R.TLS_IE],
  ["SIZE", R.SIZE32],
  ["TLSDESC", R.TLS_GOTDESC],
  ["TLSCALL", R.TLS_DESC_CALL],
]);

/** Relocations that say of their symbol that each thread has one of its own. */
export const THREAD_LOCAL: ReadonlySet<number> = new Set([
  R.TLS_GD,
  R.TLS_LDM,
  R.TLS_LDO_32,
  R.TLS_IE_32,
  R.TLS_IE,
  R.TLS_LE_32,
  R.TLS_LE,
  R.TLS_GOTIE,
  R.TLS_GOTDESC,
  R.TLS_DESC_CALL,
]);

/** Relocations that name their symbol itself, never its section. */
export const KEEPS_SYMBOL: ReadonlySet<number> = new Set([R.GOT32, R.GOT32X, R.PLT32, R.SIZE32, ...THREAD_LOCAL]);

/** The plain relocation for a field, or 0 where the ABI has none of this size. */
export function plainRelocation(sizeBytes: number, pcRelative: boolean): number {
  switch (sizeBytes) {
    case 4:
      return pcRelative ? R.PC32 : R.R32;
    case 2:
      return pcRelative ? R.PC16 : R.R16;
    case 1:
      return pcRelative ? R.PC8 : R.R8;
    default:
      return 0;
  }
}

/** How many bytes a relocation fills in a field of `sizeBytes`; the mark on the call of a TLS descriptor fills none. */
export function relocationBytes(type: number, sizeBytes: number): number {
  if (type === R.TLS_DESC_CALL) return sizeBytes;
  return RELOCATION_TYPES.get(type)?.sizeBytes ?? 4;
}

/** How a relocation's field is made: its width, and whether the place is subtracted. */
export interface RelocationType {
  readonly name: string;
  readonly sizeBytes: 0 | 1 | 2 | 4;
  readonly pcRelative: boolean;
}

export const RELOCATION_TYPES: ReadonlyMap<number, RelocationType> = new Map([
  [R.NONE, { name: "R_386_NONE", sizeBytes: 0, pcRelative: false }],
  [R.R32, { name: "R_386_32", sizeBytes: 4, pcRelative: false }],
  [R.PC32, { name: "R_386_PC32", sizeBytes: 4, pcRelative: true }],
  // In a static link without a procedure linkage table the call goes to the symbol itself.
  [R.PLT32, { name: "R_386_PLT32", sizeBytes: 4, pcRelative: true }],
  [R.R16, { name: "R_386_16", sizeBytes: 2, pcRelative: false }],
  [R.PC16, { name: "R_386_PC16", sizeBytes: 2, pcRelative: true }],
  [R.R8, { name: "R_386_8", sizeBytes: 1, pcRelative: false }],
  [R.PC8, { name: "R_386_PC8", sizeBytes: 1, pcRelative: true }],
]);

/** Names of all relocations of the Intel386 supplement and its extensions, for tools that only show them. */
export const RELOCATION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "R_386_NONE"],
  [1, "R_386_32"],
  [2, "R_386_PC32"],
  [3, "R_386_GOT32"],
  [4, "R_386_PLT32"],
  [5, "R_386_COPY"],
  [6, "R_386_GLOB_DAT"],
  [7, "R_386_JUMP_SLOT"],
  [8, "R_386_RELATIVE"],
  [9, "R_386_GOTOFF"],
  [10, "R_386_GOTPC"],
  [14, "R_386_TLS_TPOFF"],
  [15, "R_386_TLS_IE"],
  [16, "R_386_TLS_GOTIE"],
  [17, "R_386_TLS_LE"],
  [18, "R_386_TLS_GD"],
  [19, "R_386_TLS_LDM"],
  [20, "R_386_16"],
  [21, "R_386_PC16"],
  [22, "R_386_8"],
  [23, "R_386_PC8"],
  [24, "R_386_TLS_GD_32"],
  [25, "R_386_TLS_GD_PUSH"],
  [26, "R_386_TLS_GD_CALL"],
  [27, "R_386_TLS_GD_POP"],
  [28, "R_386_TLS_LDM_32"],
  [29, "R_386_TLS_LDM_PUSH"],
  [30, "R_386_TLS_LDM_CALL"],
  [31, "R_386_TLS_LDM_POP"],
  [32, "R_386_TLS_LDO_32"],
  [33, "R_386_TLS_IE_32"],
  [34, "R_386_TLS_LE_32"],
  [35, "R_386_TLS_DTPMOD32"],
  [36, "R_386_TLS_DTPOFF32"],
  [37, "R_386_TLS_TPOFF32"],
  [38, "R_386_SIZE32"],
  [39, "R_386_TLS_GOTDESC"],
  [40, "R_386_TLS_DESC_CALL"],
  [41, "R_386_TLS_DESC"],
  [42, "R_386_IRELATIVE"],
  [43, "R_386_GOT32X"],
  [250, "R_386_GNU_VTINHERIT"],
  [251, "R_386_GNU_VTENTRY"],
]);

/** What `.reloc` calls them, in upper case. */
export const RELOCATION_NUMBERS: ReadonlyMap<string, number> = new Map([
  ...[...RELOCATION_NAMES].map(([number, name]) => [name.toUpperCase(), number] as const),
  ["BFD_RELOC_NONE", R.NONE],
  ["BFD_RELOC_8", R.R8],
  ["BFD_RELOC_16", R.R16],
  ["BFD_RELOC_32", R.R32],
]);
