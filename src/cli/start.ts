/**
 * Where the command starts. Makefiles call the tools once for each file, so each of them is one script with its code kept compiled, and
 * what the other commands need is not even looked at.
 */
import { join } from "node:path";
import { runScript } from "./code-cache.ts";
import { TOOLS } from "./tools.ts";

const name = process.argv[2] ?? "";
if (TOOLS.has(name)) runScript(join(import.meta.dirname, "tools", `${name}.cjs`), name);
else await import("./main.ts");
