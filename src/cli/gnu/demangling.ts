/** `-C`, `--demangle[=STYLE]` and `--no-demangle` of the object tools. */
import { DEMANGLE_STYLES, type DemangleStyle, demangleSymbol } from "../../object/demangle/demangle.ts";
import { UsageError } from "../fail.ts";
import type { GnuArgument } from "./gnu-options.ts";

/** How names of symbols are shown. */
export type SymbolNaming = (symbol: string) => string;

const asTheyAre: SymbolNaming = (symbol) => symbol;

/** What the last of these options asks for; `byDefault` where there is none. Throws `UsageError`. */
export function symbolNaming(parsed: readonly GnuArgument[], byDefault: boolean): SymbolNaming {
  let style: DemangleStyle = byDefault ? "auto" : "none";
  for (const { option, value } of parsed) {
    if (option === "--no-demangle") style = "none";
    if (option !== "-C" && option !== "--demangle") continue;
    const known = DEMANGLE_STYLES.find((one) => one === (value || "auto"));
    if (known === undefined)
      throw new UsageError(
        `--demangle=${value}: it is ${DEMANGLE_STYLES.slice(0, -1).join(", ")} or ${DEMANGLE_STYLES.at(-1)!}`,
      );
    style = known;
  }
  return style === "none" ? asTheyAre : (symbol) => demangleSymbol(symbol, style);
}
