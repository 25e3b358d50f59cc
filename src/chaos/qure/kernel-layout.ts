/**
 * Where a kernel keeps what invariants read: its symbols, and the offsets in its structures, which are absolute symbols
 * of the linked program. What has been renamed is an error that names it.
 */
import { SHF_ALLOC, SHN_ABS, STB_LOCAL, STT_FILE } from "../../object/elf.ts";
import type { ElfObject } from "../../object/elf-reader.ts";

export class KernelLayout {
  readonly #path: string;
  /** Null: there are several of this name. */
  readonly #addresses = new Map<string, number | null>();
  readonly #constants = new Map<string, number | null>();
  /**
   * By name the first value in the table: a file that has it, too, is not asked again (`mergesConstants` of the
   * linker).
   */
  readonly #first = new Map<string, number>();

  /**
   * `path`: for messages. `source`: the file whose constants are meant, such as `node.s`; others may have the same
   * names.
   */
  constructor({ symbols, sections }: ElfObject, path: string, source: string) {
    this.#path = path;
    let file = "";
    const enter = (map: Map<string, number | null>, name: string, value: number): void => {
      const known = map.get(name);
      if (known !== value) map.set(name, known === undefined ? value : null);
    };
    // Of one name, what is known to the whole kernel is meant.
    const whole = new Set(symbols.flatMap(({ name, binding }) => (binding === STB_LOCAL ? [] : [name])));
    for (const { name, value, section, type, binding } of symbols) {
      if (type === STT_FILE) file = name;
      else if (name === "") continue;
      else if (section === SHN_ABS) {
        if (file === source) enter(this.#constants, name, value);
        if (!this.#first.has(name)) this.#first.set(name, value);
      } else if (((sections[section]?.flags ?? 0) & SHF_ALLOC) === 0) continue;
      else if (binding !== STB_LOCAL || !whole.has(name)) enter(this.#addresses, name, value);
    }
  }

  has(name: string): boolean {
    return typeof (this.#addresses.get(name) ?? this.#constants.get(name) ?? this.#first.get(name)) === "number";
  }

  /** Where a routine or variable lies. Throws a RangeError. */
  address(name: string): number {
    return this.#find(this.#addresses, name, "no code or data is called");
  }

  /** The value of a constant, such as the offset of a field. Throws a RangeError. */
  constant(name: string): number {
    return this.#find(this.#constants.has(name) ? this.#constants : this.#first, name, "no constant is called");
  }

  #find(map: ReadonlyMap<string, number | null>, name: string, problem: string): number {
    const found = map.get(name);
    if (typeof found === "number") return found;
    throw new RangeError(
      `${this.#path}: ${found === null ? "several things are called" : problem} ${name}; what reads it (src/chaos) has to follow the kernel`,
    );
  }
}
