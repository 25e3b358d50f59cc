/** Tables of strings as a plain model makes them: the texts in the order of their ends, each beside what it ends. */
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { StringTable } from "../../src/object/string-table.ts";
import { casesOf } from "../setup/tier.ts";

const backwards = (text: string): string => [...text].reverse().join("");

/** Offsets by text, and the table. */
function model(texts: readonly string[]): { readonly offsets: ReadonlyMap<string, number>; readonly bytes: string } {
  const each = [...new Set(texts)].filter((text) => text !== "");
  const sorted = [...each].sort((a, b) => (backwards(a) < backwards(b) ? -1 : 1));
  const hosts = new Map<string, string>();
  let host = "";
  for (const text of [...sorted].reverse()) {
    if (host.endsWith(text)) hosts.set(text, host);
    else host = text;
  }
  const offsets = new Map([["", 0]]);
  let bytes = "\0";
  for (const text of each) {
    if (hosts.has(text)) continue;
    offsets.set(text, bytes.length);
    bytes += `${text}\0`;
  }
  for (const [text, home] of hosts) offsets.set(text, offsets.get(home)! + home.length - text.length);
  return { offsets, bytes };
}

function check(texts: readonly string[], title = ""): void {
  const table = new StringTable();
  const numbers = texts.map((text, i) =>
    i % 2 === 0 ? table.add(text) : table.addFrom(Uint8Array.from(`?${text}${i % 4 === 1 ? "\0?" : ""}`, byteOf), 1),
  );
  const { offsets, bytes } = model(texts);
  expect(Buffer.from(table.finish()).toString("latin1"), title).toBe(bytes);
  expect(numbers.map((number) => table.offsetOf(number))).toEqual(texts.map((text) => offsets.get(text)));
  expect(texts.map((text) => table.offset(text))).toEqual(texts.map((text) => offsets.get(text)));
  expect(numbers.map((number) => table.at(number))).toEqual(texts);
}

const byteOf = (letter: string): number => letter.charCodeAt(0);

describe("texts", () => {
  test("none", () => check([]));
  test("that end others, which end others", () => check(["c", "xbc", "bc", "abc", "", "ybc", "yxbc", "c"]));
  test("that end with a text before it comes", () => check(["main", "xmain", "n", "ain"]));
  test("with bytes beyond ASCII", () => check(["\xff\x80", "a\xff\x80", "\x80", "\xfe\x80"]));
  test("longer than the table's first room", () => check(["a".repeat(3000), "a".repeat(2000), "b".repeat(5000)]));
});

const cases = casesOf("object/string-table");

test(`texts of few letters: ${cases.title}`, () => {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    const letters = "ab\xe9".slice(0, 1 + random.below(3));
    const text = (): string => Array.from({ length: random.below(9) }, () => random.pick([...letters])).join("");
    check(Array.from({ length: random.below(200) }, text), cases.repeat(seed));
  }
});
