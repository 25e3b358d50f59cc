/** FAT12, FAT16 and FAT32 with long names, on any block device. */
export { FatFileSystem, type FatStatus } from "./file-system.ts";
export { type FatType, formatFat } from "./format.ts";
export { isFat } from "./layout.ts";
