/** Files that the patterns of linker scripts name in full: `.text : { start.o(.text) *(.text) }`. */
import type { LinkInput, NamedInput } from "../../linker/inputs.ts";
import type { LinkerScript } from "../../linker/script/tree.ts";
import { isOneFile } from "../../object/glob.ts";

export class NamedFiles {
  /** By the name that the command line or a script has for it. */
  readonly #given = new Map<string, LinkInput>();
  readonly #asked: { readonly name: string; readonly inputs: LinkInput[] }[] = [];

  give(name: string, input: LinkInput): void {
    if (!this.#given.has(name)) this.#given.set(name, input);
  }

  /** Those of a script, as an input of the link where the script stands; `settle` fills it. */
  ask(script: LinkerScript): NamedInput {
    const inputs: LinkInput[] = [];
    for (const { statements } of [script, ...script.inserted])
      for (const section of statements)
        for (const statement of section.kind === "section" ? section.statements : [])
          if (statement.kind === "input" && isOneFile(statement.file))
            this.#asked.push({ name: statement.file, inputs });
    return { kind: "named", inputs };
  }

  /** When all files are known: `open` brings in one that nobody gave, behind them, and calls `give`. */
  settle(open: (name: string) => void): void {
    for (const { name, inputs } of this.#asked) {
      if (!this.#given.has(name)) open(name);
      const input = this.#given.get(name);
      if (input !== undefined) inputs.push(input);
    }
  }
}
