/**
 * Which symbol names an address in a disassembly. Several symbols often share an address; the order of preference is
 * that of GNU objdump 2.40, so that the same one shows.
 */
import { STT_COMMON, STT_FILE, STT_FUNC, STT_OBJECT } from "../object/elf.ts";
import { compareBytes, type ObjectFile, type ObjectSection, type ObjectSymbol } from "./object-file.ts";

/** Of the attributes in which two symbols at one address differ, the first decides. Lower comes first. */
const PREFERENCE: readonly ((symbol: ObjectSymbol) => number)[] = [
  ({ name }) => Number(name.includes("gnu_compiled") || name.includes("gcc2_compiled")),
  ({ name, elf }) => Number(elf.type === STT_FILE || /.\.[oa]$/.test(name)),
  ({ elf }) => Number(elf.type !== STT_FUNC),
  ({ elf }) => Number(elf.type !== STT_OBJECT && elf.type !== STT_COMMON),
  ({ isLocal }) => Number(isLocal),
  ({ isGlobal }) => Number(!isGlobal),
  ({ elf }) => -elf.sizeBytes,
  ({ name }) => Number(name.startsWith(".")),
];

export class CodeSymbols {
  /** By address and preference. */
  readonly sorted: readonly ObjectSymbol[];
  readonly #hasRelocations: boolean;
  readonly #nameOf: (symbol: string) => string;

  /** `nameOf`: how a symbol is shown. */
  constructor(file: ObjectFile, nameOf: (symbol: string) => string = (symbol) => symbol) {
    this.#nameOf = nameOf;
    this.#hasRelocations = file.hasRelocations;
    this.sorted = file.symbols
      .filter(({ name, isDebugging, home }) => name !== "" && !isDebugging && home !== "undefined" && home !== "common")
      .sort((a, b) => {
        if (a.value !== b.value) return a.value - b.value;
        for (const rank of PREFERENCE) {
          const difference = rank(a) - rank(b);
          if (difference !== 0) return difference;
        }
        return compareBytes(a.name, b.name);
      });
  }

  /**
   * Index of the symbol that names `address` in a section, or -1: one of this section at or below it if there is any,
   * and where the file has relocations, a symbol of another section never names it. `ownOnly` asks for that in any
   * file.
   */
  find(address: number, section: ObjectSection, ownOnly = false): number {
    const { sorted } = this;
    if (sorted.length === 0) return -1;
    let least = 0;
    let most = sorted.length;
    while (least + 1 < most) {
      const middle = (least + most) >> 1;
      const { value } = sorted[middle]!;
      if (value === address) {
        least = middle;
        break;
      }
      if (value > address) most = middle;
      else least = middle;
    }
    let place = least;
    while (place > 0 && sorted[place]!.value === sorted[place - 1]!.value) place--;
    let same = place;
    while (same + 1 < most && sorted[same]!.home !== section && sorted[same]!.value === sorted[same + 1]!.value) same++;
    if (sorted[same]!.home === section) return same;
    const isInside = address >= section.address && address < section.address + section.sizeBytes;
    if (!(ownOnly || (this.#hasRelocations && isInside)) || sorted[place]!.home === section) return place;
    let found = -1;
    for (let i = same; i >= 0; i--) {
      if (sorted[i]!.home !== section) continue;
      if (found >= 0 && sorted[i]!.value !== sorted[found]!.value) break;
      found = i;
    }
    if (found >= 0) return found;
    for (let i = place + 1; i < sorted.length; i++) if (sorted[i]!.home === section) return i;
    return -1;
  }

  /** ` <name+0x10>` after an address. */
  label(address: number, section: ObjectSection, index = this.find(address, section)): string {
    const symbol = this.sorted[index];
    const [name, base] = symbol ? [this.#nameOf(symbol.name), symbol.value] : [section.name, section.address];
    const distance = address - base;
    return `<${name}${distance === 0 ? "" : distance > 0 ? `+0x${distance.toString(16)}` : `-0x${(-distance).toString(16)}`}>`;
  }
}
