/**
 * Names for addresses, as traces show them. Where the names come from is not known here: the command line reads them
 * out of ELF files.
 */

export interface CodeSymbol {
  readonly name: string;
  readonly linearAddress: number;
  /** After the last byte of its section: no address from there on belongs to it. */
  readonly endAddress: number;
}

export class SymbolTable {
  readonly #symbols: readonly CodeSymbol[];

  /** Of several names for one address the first one is used. */
  constructor(symbols: readonly CodeSymbol[]) {
    const seen = new Set<number>();
    const first = symbols.filter(({ linearAddress }) => !seen.has(linearAddress) && seen.add(linearAddress));
    this.#symbols = first.sort((a, b) => a.linearAddress - b.linearAddress);
  }

  get size(): number {
    return this.#symbols.length;
  }

  /** Null where nothing has this name. */
  addressOf(name: string): number | null {
    return this.#symbols.find((symbol) => symbol.name === name)?.linearAddress ?? null;
  }

  /** The last symbol at or before an address, if the address lies in its section. */
  find(linearAddress: number): CodeSymbol | null {
    const symbols = this.#symbols;
    let low = 0;
    let high = symbols.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (symbols[middle]!.linearAddress <= linearAddress) low = middle + 1;
      else high = middle;
    }
    const symbol = symbols[low - 1];
    return symbol !== undefined && linearAddress < symbol.endAddress ? symbol : null;
  }

  /** `00104eb6 clock_tick+6h`, or the address alone. */
  describe(linearAddress: number): string {
    const address = linearAddress >>> 0;
    const digits = address.toString(16).padStart(8, "0");
    const symbol = this.find(address);
    if (symbol === null) return digits;
    const offset = address - symbol.linearAddress;
    return `${digits} ${symbol.name}${offset === 0 ? "" : `+${offset.toString(16)}h`}`;
  }
}
