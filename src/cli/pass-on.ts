/**
 * Makefiles that find our tools by PATH also build programs for the host, which is a 64-bit one and has shared
 * libraries: those calls go to the next tool of the same name on PATH. What an option's value is and what a file, the
 * tables of the options say, as for the tools themselves.
 */
import { OBJCOPY_COMMAND, STRIP_COMMAND } from "./copy-tables.ts";
import { CommandError, say, UsageError } from "./fail.ts";
import { type GnuCommand, type ScannedArgument, scanArguments, wordsOf } from "./gnu-options.ts";
import { LD_COMMAND } from "./ld-options.ts";
import { nextProgram } from "./next-program.ts";
import { NM_COMMAND } from "./nm-options.ts";
import { OBJDUMP_COMMAND } from "./objdump-options.ts";
import { READELF_COMMAND } from "./readelf-options.ts";
import { ELF64_HEAD, HEAD_BYTES, sharedLibraryIn } from "./shared-libraries.ts";
import { SIZE_COMMAND } from "./size-options.ts";

/** Of the options of `as` those whose values could be taken for others, and those that ask for another processor. */
const AS_COMMAND: GnuCommand = {
  name: "as",
  usage: "",
  summary: "",
  example: "",
  options: [
    { names: ["-o", "-I", "--defsym", "--debug-prefix-map", "--MD"], value: "VALUE", help: "" },
    { names: ["--64", "--x32"], help: "", elsewhere: "it asks for 64-bit code" },
  ],
};

const COMMANDS: ReadonlyMap<string, GnuCommand> = new Map(
  [
    AS_COMMAND,
    LD_COMMAND,
    NM_COMMAND,
    OBJCOPY_COMMAND,
    OBJDUMP_COMMAND,
    READELF_COMMAND,
    SIZE_COMMAND,
    STRIP_COMMAND,
  ].map((command) => [command.name, command]),
);

/** Tools that work on finished files. */
const SHOWS_FILES: ReadonlySet<string> = new Set(["nm", "objcopy", "objdump", "readelf", "size", "strip"]);

/** Set for whoever a call is passed on to: the tool and its arguments, and how many calls led there. */
const TRAIL = "QURE_PASSED_ON";
/** Compilers call linkers that call compilers; nothing that ends goes deeper. */
const MOST_CALLS = 16;

/** The first bytes of a file, in Latin-1; empty when there is no plain file of that name. */
function headOf(path: string): string {
  const { closeSync, openSync, readSync, statSync } = process.getBuiltinModule("node:fs");
  const head = new Uint8Array(HEAD_BYTES);
  try {
    if (!statSync(path).isFile()) return "";
    const file = openSync(path, "r");
    const sizeBytes = readSync(file, head, 0, head.length, 0);
    closeSync(file);
    return String.fromCharCode(...head.subarray(0, sizeBytes));
  } catch {
    return "";
  }
}

/** Why a call is for another tool; null when it is ours. */
function reasonFor(name: string, args: readonly ScannedArgument[]): string | null {
  const asked = args.find(({ elsewhere }) => elsewhere !== null);
  if (asked) return `${wordsOf(asked.word, asked.value)}: ${asked.elsewhere}`;
  const files = args.filter(({ option }) => option === "").map(({ value }) => value);
  if (SHOWS_FILES.has(name)) {
    const large = files.find((path) => headOf(path).startsWith(ELF64_HEAD));
    return large === undefined ? null : `${large} is a 64-bit file`;
  }
  if (name !== "ld") return null;
  // GNU ld on such a host, when it is not told its emulation, takes that of the first object.
  const isTold = args.some(({ option }) => option === "-m");
  const first = isTold ? undefined : files.find((path) => /^\x7fELF[\x01\x02]/.test(headOf(path)));
  if (first !== undefined && headOf(first).startsWith(ELF64_HEAD)) return `${first} is a 64-bit object`;
  const library = sharedLibraryIn(args, headOf);
  return library === null ? null : `it is linked with a shared library, ${library}`;
}

/** Runs the other tool, and ends the process with its exit code; false when the call is ours. Throws `CommandError`. */
export function passOn(name: string, args: readonly string[], own: string): boolean {
  const command = COMMANDS.get(name);
  const reason = command ? reasonFor(name, scanArguments(command, args)) : null;
  if (reason === null) return false;
  const manner = process.env["QURE_PASS"] ?? "";
  if (!["", "always", "warn", "never"].includes(manner))
    throw new UsageError(`QURE_PASS=${manner}: it is always, warn or never`);
  if (manner === "never") throw new CommandError(`${reason} (QURE_PASS=never: no other ${name} is asked)`);
  const other = nextProgram(name, own);
  if (other === undefined) return false;
  const trail = process.env[TRAIL]?.split("\n") ?? [];
  const here = JSON.stringify([name, ...args]);
  if (trail.includes(here) || trail.length >= MOST_CALLS)
    throw new CommandError(`the next ${name} on PATH, ${other}, leads back here: take one of them out of PATH`);
  if (manner === "warn") say("warning", `passed on to ${other}: ${reason}`);
  const { status, signal, error } = process.getBuiltinModule("node:child_process").spawnSync(other, args, {
    stdio: "inherit",
    env: { ...process.env, [TRAIL]: [...trail, here].join("\n") },
  });
  if (error) throw new CommandError(`${other} cannot be run: ${error.message}`);
  process.exitCode = signal === null ? (status ?? 1) : 1;
  return true;
}
