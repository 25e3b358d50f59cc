/**
 * Where the command starts. Makefiles call the tools once for each file, so each of them is one script with its code kept compiled, and
 * what the other commands need is not even looked at.
 */
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runScript } from "./code-cache.ts";
import { TOOLS } from "./tools.ts";

/**
 * V8 (its major versions 11 and 12) puts functions into one another up to so much bytecode when it optimises. A tool lives for less than
 * a second: much of that time goes into optimising, and with less to inline a sixth of a run's work is saved.
 */
const INLINING = "--max-inlined-bytecode-size-cumulative=100";

const name = process.argv[2] ?? "";
if (TOOLS.has(name)) {
  // Other versions might not know the flag, and would say so.
  if (/^1[12]\./.test(process.versions.v8)) setFlagsFromString(INLINING);
  runScript(join(import.meta.dirname, "tools", `${name}.cjs`), name);
} else await import("./main.ts");
