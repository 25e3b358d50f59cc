import type { Program } from "./program.ts";
export interface MapOptions { readonly outputPath: string; readonly format: string; readonly listsDiscarded: boolean }
export function linkMap(program: Program, options: MapOptions): string { return `${program.entry} ${options.format}`; }
