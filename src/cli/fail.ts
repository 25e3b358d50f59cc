/** How commands end: one clear sentence, exit code 1 for what went wrong and 2 for wrong usage. */
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

/** Errors of the host (a missing file, a full disk) in words. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EISDIR: "is a folder",
    ENOSPC: "no space left on the disk",
    EROFS: "the file system is read-only",
    ENOTDIR: "not a folder",
    EEXIST: "exists, and is not a folder",
  };
  return code && known[code] ? `${path ?? "?"}: ${known[code]}` : error.message;
}

/** Ends a command that failed: says why, unless everything was said, and sets the exit code. */
export function reportFailure(error: unknown): void {
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
  if (!(error instanceof CommandError) || error.message !== "")
    standardError().write(`qure: ${describeError(error)}\n`);
  if (process.env["QURE_DEBUG"] && error instanceof Error) standardError().write(`${error.stack}\n`);
}
