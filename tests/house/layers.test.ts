/**
 * The layers of the kernel: each folder of asm/ knows those below it and no others. What a part needs of a layer above,
 * it declares as a hook, and the layer above hangs itself on it (HOOK and ON_HOOK, asm/include/macros.inc). Programs in
 * asm/programs are linked by themselves, and know the system calls only.
 */
import { expect, test } from "vitest";
import { parse, type Source, system } from "./assembly-sources.ts";

/** From the bottom to the top. Folders of one row do not know each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["lib"],
  ["crypto"],
  ["kernel"],
  ["console", "drivers"],
  ["fs", "net"],
  ["cards"],
  ["process"],
  ["services"],
  ["cluster"],
  ["wide"],
  ["shell"],
];

const folderOf = (path: string): string => path.split("/")[1]!;
const heightOf = new Map(LAYERS.flatMap((folders, height) => folders.map((folder) => [folder, height] as const)));
const kernel = system.filter(({ path }) => /^asm\/(?!programs\/|include\/)/.test(path));
const headers = system.filter(({ path }) => path.startsWith("asm/include/"));
const WORD = /[A-Za-z_]\w*/g;
const wordsOf = (statement: string): string[] => statement.replace(/"(?:[^"\\]|\\.)*"/g, "").match(WORD) ?? [];

/** Which file has each name that others may use. */
function definers(files: readonly Source[]): Map<string, string> {
  return new Map(
    files.flatMap(({ path, lines }) =>
      lines.flatMap(({ statement }) => {
        const name = /^\.global\s+(\w+)/.exec(statement)?.[1];
        return name === undefined ? [] : [[name, path] as const];
      }),
    ),
  );
}

/** Macro -> all words of its body: whoever uses it uses them. */
function macroWords(): Map<string, string[]> {
  const macros = new Map<string, string[]>();
  for (const { lines } of headers) {
    let name = "";
    for (const { statement, inMacro } of lines) {
      name = /^\.macro\s+(\w+)/.exec(statement)?.[1] ?? name;
      if (inMacro && name !== "") macros.set(name, [...(macros.get(name) ?? []), ...wordsOf(statement)]);
    }
  }
  return macros;
}

/** Uses of names that are in a layer which the file may not know. */
function forbiddenArrows(files: readonly Source[]): string[] {
  const definedIn = definers(files);
  const macros = macroWords();
  return files.flatMap(({ path, lines }) => {
    const own = new Set(lines.flatMap(({ labels }) => labels));
    const height = heightOf.get(folderOf(path));
    if (height === undefined) return [`${path}: this folder is in no layer`];
    return lines.flatMap(({ statement, number }) => {
      if (/^\.(global|include)\b/.test(statement)) return [];
      const words = wordsOf(statement);
      return [...words, ...words.flatMap((word) => macros.get(word) ?? [])].flatMap((word) => {
        const other = definedIn.get(word);
        if (other === undefined || own.has(word) || folderOf(other) === folderOf(path)) return [];
        return heightOf.get(folderOf(other))! < height ? [] : [`${path}:${number}: ${word} is in ${other}, above it`];
      });
    });
  });
}

/** What is wrong with hooks: they are called by their own file alone, and one that is called directly has one taker. */
function hookFaults(files: readonly Source[]): string[] {
  const declared = new Map<string, { path: string; isList: boolean }>();
  const taken = new Map<string, string[]>();
  for (const { path, lines } of files)
    for (const { statement, number } of lines) {
      const [, name, fallback] = /^HOOK (\w+), (.+)$/.exec(statement) ?? [];
      if (name !== undefined) declared.set(name, { path, isList: fallback === "0" });
      const taker = /^ON_HOOK (\w+),/.exec(statement)?.[1];
      if (taker !== undefined) taken.set(taker, [...(taken.get(taker) ?? []), `${path}:${number}`]);
    }
  return [
    ...[...taken].flatMap(([name, places]) => {
      const hook = declared.get(name);
      if (hook === undefined) return [`${places[0]}: there is no hook ${name}`];
      const fault = places.length > 1 && !hook.isList ? [`${places[1]}: ${name} is taken by ${places[0]} already`] : [];
      const isAbove = (place: string): boolean => heightOf.get(folderOf(place))! > heightOf.get(folderOf(hook.path))!;
      return [
        ...fault,
        ...places.filter((place) => !isAbove(place)).map((place) => `${place}: ${name} is no layer below`),
      ];
    }),
    ...[...declared].filter(([name]) => !taken.has(name)).map(([name, { path }]) => `${path}: nobody takes ${name}`),
  ];
}

test("each folder of the kernel knows the layers below it, and no others", () => {
  expect(forbiddenArrows(kernel)).toEqual([]);
});

test("each hook is taken by a layer above, once unless it is a list", () => {
  expect(hookFaults(kernel)).toEqual([]);
});

test("a name of a layer above is found, also behind a macro", () => {
  const below = parse("asm/lib/x.s", 'call shell_run\nPRINT "text"');
  const above = parse("asm/shell/y.s", ".global shell_run");
  const printing = parse("asm/kernel/z.s", ".global print_pushed");
  expect(forbiddenArrows([below, above, printing])).toEqual([
    "asm/lib/x.s:1: shell_run is in asm/shell/y.s, above it",
    "asm/lib/x.s:2: print_pushed is in asm/kernel/z.s, above it",
  ]);
});
