/** Symbols for traces, out of ELF files: the ones that are named, or those that a build leaves beside its images. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CodeSymbol, SymbolTable } from "../../../emulator/debug/symbols.ts";
import { readIfPresent } from "../../host/files.ts";
import { SHF_ALLOC, STT_FILE, STT_SECTION } from "../../object/elf.ts";
import { ElfError, readElf } from "../../object/elf-reader.ts";
import { CommandError } from "../fail.ts";

/** The symbols of a linked file that name an address in memory. */
function symbolsOf(path: string): CodeSymbol[] {
  const bytes = readIfPresent(path);
  if (!bytes) throw new CommandError(`${path}: no such file`);
  try {
    const elf = readElf(bytes, path);
    return elf.symbols.flatMap(({ name, value, type, section }) => {
      const home = elf.sections[section];
      if (
        home === undefined ||
        (home.flags & SHF_ALLOC) === 0 ||
        name === "" ||
        type === STT_SECTION ||
        type === STT_FILE
      )
        return [];
      return [{ name, linearAddress: value, endAddress: home.address + home.sizeBytes }];
    });
  } catch (error) {
    if (error instanceof ElfError) throw new CommandError(error.message);
    throw error;
  }
}

const BUILT = ["kernel.elf", "loader.elf"];

/** `named`: files given by the user; without any, those of a build in the folder of `image`. */
export function loadSymbols(named: readonly string[], image: string | null): SymbolTable {
  const beside =
    image === null ? [] : BUILT.map((name) => join(dirname(image), name)).filter((path) => existsSync(path));
  const paths = named.length > 0 ? named : beside;
  return new SymbolTable(paths.flatMap(symbolsOf));
}
