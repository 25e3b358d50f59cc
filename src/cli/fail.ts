/**
 * How commands end and what they say then, in the one form that make and editors parse: with a place
 * `file:line:column: error: ...`, without one `qure ld: error: ...`. Exit code 1 for what went wrong, 2 for wrong
 * usage.
 */
import { describeError } from "../host/describe-error.ts";
import { standardError } from "./streams.ts";

export class CommandError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** Wrong usage: an option whose value makes no sense. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, 2);
    this.name = "UsageError";
  }
}

/** A message that begins with its place has its severity, too. */
const PLACED = /^[^\n]+:\d+(:\d+)?: (error|warning|note): /;

/** The command at hand, as the person wrote it: `qure ld`. */
export function commandName(): string {
  const name = process.argv[2] ?? "";
  return /^[a-z]+$/.test(name) ? `qure ${name}` : "qure";
}

/** A line of a command that is about no place in a file. */
export function say(severity: "error" | "warning" | "note", message: string): void {
  standardError().write(PLACED.test(message) ? `${message}\n` : `${commandName()}: ${severity}: ${message}\n`);
}

/** Does something with a file: Node does not name it when reading or writing fails after it was opened. */
export function withFile<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).code !== undefined) Object.assign(error, { path });
    throw error;
  }
}

/**
 * A fault of ours: an invariant that does not hold (src/diagnostic, emulator/state), or a slip of the program itself.
 */
function isInternal(error: unknown): error is Error {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== undefined) return false;
  return error.name === "InvariantError" || error instanceof TypeError || error instanceof ReferenceError;
}

/** As one would type it in a shell. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** Ends a command that failed: says why, unless everything was said, and sets the exit code. */
export function reportFailure(error: unknown): void {
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
  if (isInternal(error)) {
    const command = ["qure", ...process.argv.slice(2)].map(quoted).join(" ");
    say("error", `internal error: ${error.message}; please report it with this command: ${command}`);
  } else if (!(error instanceof CommandError) || error.message !== "") say("error", describeError(error));
  if (process.env["QURE_DEBUG"] && error instanceof Error) standardError().write(`${error.stack}\n`);
}
