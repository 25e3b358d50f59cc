/** Our assembler in this process, for a file and the options of GNU as. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "../../src/assembler/assemble.ts";
import { CommandError } from "../../src/cli/fail.ts";
import { parseAsArguments } from "../../src/cli/gnu/as-options.ts";
import type { Diagnostic } from "../../src/diagnostic/diagnostic.ts";

export interface OurAnswer {
  /** Null when there were errors. */
  readonly object: Uint8Array | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Processor time. */
  readonly milliseconds: number;
}

/** Assembles `name` in `folder`, with what GNU as 2.40 would say of itself in debug information. */
export function assembleFile(folder: string, name: string, options: readonly string[]): OurAnswer {
  const start = process.cpuUsage();
  const read = (path: string): Uint8Array | null => {
    try {
      return new Uint8Array(readFileSync(path.startsWith("/") ? path : join(folder, path)));
    } catch {
      return null;
    }
  };
  let object: Uint8Array | null = null;
  let diagnostics: readonly Diagnostic[];
  try {
    const command = parseAsArguments([...options, name]);
    const { includes, listing: _, ...rest } = command;
    ({ object, diagnostics } = assemble({
      ...rest,
      path: name,
      maxErrors: 1000,
      files: {
        read: (path) => {
          for (const include of ["", ...includes]) {
            const bytes = read(include === "" ? path : join(include, path));
            if (bytes !== null) return { path, bytes };
          }
          return null;
        },
      },
      producer: "GNU AS 2.40",
      compilationDirectory: folder,
    }));
  } catch (error) {
    diagnostics = [failure(name, error)];
  }
  const { user, system } = process.cpuUsage(start);
  return { object, diagnostics, milliseconds: (user + system) / 1000 };
}

/** An option that ours does not take, or a crash. */
function failure(file: string, error: unknown): Diagnostic {
  const isOption = error instanceof CommandError;
  const message = isOption ? error.message : String((error as Error).stack);
  const place = { file, line: 0, column: 0, length: 1, sourceLine: "", notes: [] };
  return { severity: "error", id: isOption ? "option" : "crash", message, ...place };
}
