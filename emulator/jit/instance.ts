/** What an instance of compiled code is given: the machine's memory, its table of regions, and functions. */

/** What compiled code calls: numbers in, a number out. */
export type EngineFunction = (...values: never[]) => unknown;

export type RegionImports = Record<string, Record<string, WebAssembly.Memory | WebAssembly.Table | EngineFunction>>;
