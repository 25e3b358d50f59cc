/** FAT12, FAT16 and FAT32 with long names, on any block device. */
export { checkFat, type FatProblem, type FatReport } from "./check.ts";
export { FatFileSystem, type FatStatus } from "./file-system.ts";
export { type FatType, formatFat } from "./format.ts";
export { isFat } from "./layout.ts";
