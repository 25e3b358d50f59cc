/**
 * Assembles a source with ours and with GNU as, for comparison. Sources are texts; files that they include come from a
 * map.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Assembly } from "../../src/assembler/assemble.ts";
import { assemble } from "../../src/assembler/assemble.ts";
import type { CodeOptions } from "../../src/assembler/model/code-options.ts";
import type { AssembleOptions } from "../../src/assembler/model/options.ts";
import { codeOption, withCodeOption } from "../../src/cli/gnu/as-code-options.ts";
import { formatDiagnostic } from "../../src/diagnostic/diagnostic.ts";
import { withFolder } from "../oracle.ts";
import { answer } from "../setup/answers.ts";

export interface Source {
  readonly text: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Options for both: those of GNU as, translated for ours. */
  readonly options?: readonly string[];
}

/** Our options for those of GNU as. */
function translate(options: readonly string[]): Partial<AssembleOptions> {
  const result: Partial<AssembleOptions> = {};
  const defines = new Map<string, number>();
  const folderMap: [string, string][] = [];
  let code: Partial<CodeOptions> = {};
  options.forEach((option, i) => {
    const change = codeOption(option);
    if (change !== null) code = withCodeOption(code, change);
    else if (option === "-g") Object.assign(result, { debugLines: true, dwarfVersion: 2 });
    else if (option.startsWith("--gdwarf-")) {
      result.debugLines = true;
      result.dwarfVersion = Number(option.slice("--gdwarf-".length));
    } else if (option === "--gstabs") result.stabs = "plain";
    else if (option === "-n") result.optimizeAlignment = false;
    else if (option === "-R") result.foldData = true;
    else if (option === "-L") result.keepLocals = true;
    else if (option.startsWith("-mtune=")) result.tune = option.slice("-mtune=".length);
    else if (option.startsWith("-march=")) result.arch = option.slice("-march=".length);
    else if (options[i - 1] === "--defsym") {
      const [name, value] = option.split("=");
      defines.set(name!, Number(value));
    } else if (options[i - 1] === "--debug-prefix-map") {
      const [before, after] = option.split("=");
      folderMap.push([before!, after!]);
    }
  });
  return { ...result, code, defines, folderMap };
}

export function assembleText(
  text: string,
  extra: Partial<AssembleOptions> = {},
  files: Readonly<Record<string, string>> = {},
): Assembly {
  return assemble({
    path: "test.s",
    maxErrors: 200,
    files: {
      read: (path) => {
        const content = path === "test.s" ? text : files[path];
        return content === undefined ? null : { path, bytes: Buffer.from(content, "latin1") };
      },
    },
    producer: "GNU AS 2.40",
    compilationDirectory: "/",
    ...extra,
  });
}

export interface Comparison {
  /** Ours; null with errors. */
  readonly object: Uint8Array | null;
  readonly messages: string;
  /** GNU as's; null with errors. */
  readonly expected: Uint8Array | null;
  readonly expectedMessages: string;
}

export function compare(assembler: string, source: Source): Comparison {
  // Debug information says in which folder GNU as ran, another one each time.
  const hasDebugLines =
    /^\s*\.(loc|file)\b/m.test(source.text) || source.options?.some((option) => /^--?g/.test(option));
  return hasDebugLines
    ? withFolder((folder) => compared(source, folder, assembleByGnu(assembler, source, folder)))
    : compared(
        source,
        "/",
        answer(
          [assembler],
          ["program", source.text, JSON.stringify(source.files ?? {}), JSON.stringify(source.options ?? [])],
          () => withFolder((folder) => assembleByGnu(assembler, source, folder)),
        ),
      );
}

interface ByGnu {
  readonly object: Uint8Array | null;
  readonly messages: string;
}

function compared(source: Source, compilationDirectory: string, gnu: ByGnu): Comparison {
  const ours = assembleText(source.text, { ...translate(source.options ?? []), compilationDirectory }, source.files);
  return {
    object: ours.object,
    messages: ours.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join("\n"),
    expected: gnu.object,
    expectedMessages: gnu.messages,
  };
}

function assembleByGnu(assembler: string, { text, files, options }: Source, folder: string): ByGnu {
  writeFileSync(join(folder, "test.s"), text, "latin1");
  for (const [path, content] of Object.entries(files ?? {})) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, "latin1");
  }
  const object = join(folder, "test.o");
  const run = spawnSync(assembler, ["--32", ...(options ?? []), "test.s", "-o", "test.o"], {
    cwd: folder,
    encoding: "utf8",
  });
  if (run.error) throw run.error;
  return {
    object: run.status === 0 && existsSync(object) ? Uint8Array.from(readFileSync(object)) : null,
    messages: run.stderr,
  };
}
