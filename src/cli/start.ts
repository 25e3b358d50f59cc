/**
 * Where the command starts. Tools and commands are scripts, whose code is kept compiled, and what the others need is
 * never run. It is bundled as CommonJS, which Node starts eight milliseconds sooner than a module.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { runScript } from "./code-cache.ts";
import { COMMANDS, NO_COMMAND, scriptOf } from "./commands.ts";
import { reportFailure } from "./fail.ts";
import { passOn } from "./gnu/pass-on.ts";
import { TOOLS } from "./gnu/tools.ts";

/**
 * V8 (its major versions 11 and 12) puts functions into one another up to so much bytecode when it optimises. A tool
 * lives for less than a second: much of that time goes into optimising, and with less to inline a sixth of a long run's
 * work is saved.
 */
const INLINING = "--max-inlined-bytecode-size-cumulative=100";
/** The part of the heap for what is new stays as small as it begins: it would grow to some thirty megabytes. */
const SMALL_HEAP = "--semi-space-growth-factor=1";
/** Below this a run is over before much is optimised, and setting the flag takes longer than it saves. */
const LONG_SOURCE_BYTES = 100_000;

/** Sets V8's flags for long runs of tools; whether it did. */
function prepare(): boolean {
  // Other versions might not know the flags, and would say so.
  if (!TOOLS.has(name) || !/^1[12]\./.test(process.versions.v8) || !process.argv.slice(3).some(isLongSource))
    return false;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  setFlagsFromString(INLINING);
  setFlagsFromString(SMALL_HEAP);
  return true;
}

function isLongSource(argument: string): boolean {
  try {
    return !argument.startsWith("-") && statSync(argument).size > LONG_SOURCE_BYTES;
  } catch {
    // The tool says what is wrong with it.
    return false;
  }
}

/** The tool or command that a first argument asks for. */
function askedBy(word: string): string {
  const asked = word === "help" ? (process.argv[3] ?? "") : word;
  return TOOLS.has(word) || COMMANDS.has(asked) ? asked : NO_COMMAND;
}

const name = process.argv[2] ?? "";
const path = process.argv[1] ?? "";

/** A call by the name of GNU's tool (`dist/bin/as`) may be for the next tool of that name. */
function isPassedOn(): boolean {
  try {
    return path.endsWith(`/${name}`) && passOn(name, process.argv.slice(3), path);
  } catch (error) {
    reportFailure(error);
    return true;
  }
}

if (!isPassedOn()) {
  const asked = askedBy(name);
  runScript(join(__dirname, "scripts"), scriptOf(asked), asked, prepare);
}
