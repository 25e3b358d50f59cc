/**
 * The least multiple of `align` that is not below `value`; an alignment of 0 or 1 asks for nothing (ELF gABI,
 * sh_addralign).
 */
export function alignUp(value: number, align: number): number {
  return align > 1 ? Math.ceil(value / align) * align : value;
}
