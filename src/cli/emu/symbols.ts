/** Names and source lines out of ELF files: the ones that are named, or those that a build leaves beside its images. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { SymbolTable } from "../../../emulator/debug/symbols.ts";
import { readIfPresent } from "../../host/files.ts";
import { type LineRow, lineRowsOf } from "../../object/dwarf/line-table.ts";
import { ElfError, type ElfObject, readElf } from "../../object/elf-reader.ts";
import { programSymbols } from "../../object/program-symbols.ts";
import { stabRowsOf } from "../../object/stab-lines.ts";
import { CommandError } from "../fail.ts";

const BUILT = ["kernel.elf", "loader.elf"];

/** `named`: files given by the user; without any, those of a build in the folder of `image`. */
function readPrograms(named: readonly string[], image: string | null): ElfObject[] {
  const beside =
    image === null ? [] : BUILT.map((name) => join(dirname(image), name)).filter((path) => existsSync(path));
  const paths = named.length > 0 ? named : beside;
  return paths.map(readProgram);
}

function readProgram(path: string): ElfObject {
  const bytes = readIfPresent(path);
  if (!bytes) throw new CommandError(`${path}: no such file`);
  try {
    return readElf(bytes, path);
  } catch (error) {
    if (error instanceof ElfError) throw new CommandError(error.message);
    throw error;
  }
}

export function loadSymbols(named: readonly string[], image: string | null): SymbolTable {
  return new SymbolTable(readPrograms(named, image).flatMap(programSymbols));
}

/** Where code comes from: its symbol, and its line where a program has line tables. */
export class Places {
  readonly #symbols: SymbolTable;
  readonly #rows: readonly LineRow[];

  constructor(named: readonly string[], image: string | null) {
    const programs = readPrograms(named, image);
    this.#symbols = new SymbolTable(programs.flatMap(programSymbols));
    this.#rows = programs.flatMap((program) => [...lineRowsOf(program), ...stabRowsOf(program)]);
  }

  /** `c0104eb6 clock_tick+6h (asm/kernel/clock.s:41)`, as much of it as is known. */
  describe(linearAddress: number): string {
    let best: LineRow | null = null;
    for (const row of this.#rows)
      if (row.address <= linearAddress && (best === null || row.address >= best.address)) best = row;
    const named = this.#symbols.describe(linearAddress);
    return best === null || best.end ? named : `${named} (${best.file}:${best.line})`;
  }
}
