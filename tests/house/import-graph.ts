/** Who imports what: read from the import lines, since TypeScript 7 has no API to ask. */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

interface ImportLine {
  /** The imported file's path within the project; the package's name for others. */
  readonly target: string;
  /** Names as the other file exports them; null for all of them (`* as x`, `export *`, `import()`). */
  readonly names: readonly string[] | null;
}

/** Every statement and expression that imports, `import type` and `export from` included. */
export function importLines(path: string, text: string): ImportLine[] {
  const lines: ImportLine[] = [];
  const add = (name: string, names: readonly string[] | null): void => {
    lines.push({ target: name.startsWith(".") ? normalize(join(dirname(path), name)) : name, names });
  };
  const statement =
    /^\s*(?:import|export)\s+(?:type\s+)?((?:\w+\s*,\s*)?(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?|\w+))\s+from\s+"([^"]+)"/gm;
  for (const [, what, name] of text.matchAll(statement)) {
    const braces = /\{([^}]*)\}/.exec(what!);
    if (what!.includes("*")) add(name!, null);
    else add(name!, [...(braces === null ? [] : namesIn(braces[1]!)), ...(/^\w/.test(what!) ? ["default"] : [])]);
  }
  for (const [, name] of text.matchAll(/^\s*import\s+"([^"]+)"/gm)) add(name!, []);
  for (const [, name] of text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)) add(name!, null);
  return lines;
}

/** `a, type b as c`: the names before `as`. */
function namesIn(list: string): string[] {
  return list
    .split(",")
    .map(
      (entry) =>
        entry
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s+as\s+/)[0]!,
    )
    .filter((name) => name !== "");
}

export interface ExportedName {
  readonly name: string;
  readonly isType: boolean;
}

/** What a file exports by declarations and lists of its own; what it only passes on (`export from`) is not its own. */
export function exportedNames(text: string): ExportedName[] {
  const found: ExportedName[] = [];
  const declaration =
    /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(const|let|function\*?|class|interface|type|enum)\s+(\w+)/gm;
  for (const [, kind, name] of text.matchAll(declaration))
    found.push({ name: name!, isType: kind === "interface" || kind === "type" });
  for (const [, type, list] of text.matchAll(/^export\s+(type\s+)?\{([^}]*)\}\s*;/gm))
    for (const entry of list!.split(",")) {
      const name = entry
        .trim()
        .replace(/^type\s+/, "")
        .split(/\s+as\s+/)
        .at(-1)!;
      if (name !== "") found.push({ name, isType: type !== undefined || entry.trim().startsWith("type ") });
    }
  if (/^export default\b/m.test(text)) found.push({ name: "default", isType: false });
  return found;
}

/** The groups of files that import each other in a circle, each in alphabetical order (Tarjan's algorithm). */
export function circles(files: readonly string[]): string[][] {
  const known = new Set(files);
  const targets = new Map(
    files.map((path) => [
      path,
      importLines(path, readFileSync(path, "utf8"))
        .map(({ target }) => target)
        .filter((target) => known.has(target)),
    ]),
  );
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    lowest.set(path, order.get(path)!);
    stack.push(path);
    for (const target of targets.get(path)!) {
      if (!order.has(target)) {
        visit(target);
        lowest.set(path, Math.min(lowest.get(path)!, lowest.get(target)!));
      } else if (stack.includes(target)) lowest.set(path, Math.min(lowest.get(path)!, order.get(target)!));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const path of files) if (!order.has(path)) visit(path);
  return found;
}
