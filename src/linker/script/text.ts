/** Expressions and patterns of scripts as GNU ld 2.40's map writes them. */
import type { Assignment, Expression, InputStatement, SectionPattern } from "./tree.ts";

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Functions whose arguments are names of sections, symbols, regions or constants. */
const OF_NAMES = new Set(["ADDR", "LOADADDR", "SIZEOF", "ALIGNOF", "DEFINED", "ORIGIN", "LENGTH", "CONSTANT"]);
const SHOWN_NAMES: Readonly<Record<string, string>> = { BLOCK: "ALIGN" };

export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case "number":
      return hex(expression.value);
    case "name":
      return expression.name;
    case "unary":
      return expression.operator === "+"
        ? expressionText(expression.operand)
        : `${expression.operator} (${expressionText(expression.operand)})`;
    case "binary":
      return `(${expressionText(expression.left)} ${expression.operator} ${expressionText(expression.right)})`;
    case "conditional":
      return `${expressionText(expression.condition)}?${expressionText(expression.yes)}:${expressionText(expression.no)}`;
    case "call":
      return callText(expression.name, expression.args);
  }
}

function callText(name: string, args: readonly Expression[]): string {
  const shown = SHOWN_NAMES[name] ?? name;
  if (name === "SEGMENT_START" && args[0]?.kind === "name" && args[1])
    return `SEGMENT_START ("${args[0].name}", ${expressionText(args[1])})`;
  if (name === "ASSERT" && args[0]) return assertionText(args[0], args[1]?.kind === "name" ? args[1].name : "");
  if (OF_NAMES.has(name) && args[0]?.kind === "name") return `${shown} (${args[0].name})`;
  // Its arguments are kept the other way round.
  const ordered = name === "DATA_SEGMENT_RELRO_END" ? [...args].reverse() : args;
  return `${shown} (${ordered.map(expressionText).join(", ")})`;
}

export function assertionText(condition: Expression, message: string): string {
  return `ASSERT (${expressionText(condition)}, ${message})`;
}

export function assignmentText({ name, value, mode }: Assignment): string {
  const text = `${name} = ${expressionText(value)}`;
  return mode.startsWith("provide") ? `PROVIDE (${text})` : text;
}

const SORT_NAMES = {
  name: "SORT_BY_NAME(",
  alignment: "SORT_BY_ALIGNMENT(",
  "init-priority": "SORT_BY_INIT_PRIORITY(",
  none: "SORT_NONE(",
} as const;

/** Files that are left out stand in the opposite order of the script's. */
const excluded = (files: readonly string[]): string =>
  files.length > 0 ? `EXCLUDE_FILE(${[...files].reverse().join(" ")}) ` : "";

function patternText({ pattern, sort, exclude }: SectionPattern): string {
  const sorts = sort.slice(0, 2).filter((kind, index) => index === 0 || kind !== sort[0]);
  return `${sorts.map((kind) => SORT_NAMES[kind]).join("")}${excluded(exclude)}${pattern}${")".repeat(sorts.length)}`;
}

/** `*(.text .text.*)` */
export function inputText({ file, sortFiles, exclude, patterns }: InputStatement): string {
  return `${excluded(exclude)}${sortFiles ? `SORT_BY_NAME(${file})` : file}(${patterns.map(patternText).join(" ")})`;
}
