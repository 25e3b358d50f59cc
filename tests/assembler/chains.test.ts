/**
 * Symbols that are equated to one another in rows of up to a hundred thousand: GNU as's object where its own stack is
 * deep enough for them, elsewhere an object or one clear error.
 */
import { describe, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { isAtLength, rowsOf } from "../setup/tier.ts";
import { assembleText, compare } from "./differential.ts";

/** Deeper by far than a stack of JavaScript in either tier. */
const LINKS = isAtLength ? 100_000 : 30_000;
const row = (link: (i: number) => string, head = "", end = ""): string =>
  `${head}${Array.from({ length: LINKS - 1 }, (_, i) => link(i + 1)).join("")}${end}`;
const LAST = `a${LINKS - 1}`;

const EQUAL: Readonly<Record<string, string>> = {
  "numbers, first to last": row((i) => `.set a${i},a${i - 1}\n`, "a0=5\n", `.long ${LAST}\n`),
  "a label that comes last": row((i) => `.set a${i},a${i - 1}\n`, "", `.long ${LAST}\na0:\n`),
  "each a step further": row((i) => `.set a${i},a${i - 1}+1\n`, "", `.long ${LAST}\na0:\n`),
  "global routines": row(
    (i) => `.globl a${i}\n.type a${i},@function\n.set a${i},a${i - 1}\n`,
    "",
    ".type a0,@function\na0: ret\n.size a0,1\n",
  ),
};

/** What GNU as needs more stack for than it has, or minutes. */
const ANSWERED: Readonly<Record<string, readonly [source: string, id: string]>> = {
  "last to first": [row((i) => `.set a${LINKS - i},a${LINKS - i - 1}\n`, "", `.long ${LAST}\na0:\n`), ""],
  "a symbol of another file": [row((i) => `.set a${i},a${i - 1}\n`, "", `.long ${LAST}\n`), ""],
  "a loop": [row((i) => `.set a${i},a${i - 1}\n`, "", `.set a0,${LAST}\n.long a5\n`), "symbol-loop"],
  "forward symbols": [row((i) => `.eqv a${i},a${i - 1}+1\n`, "", `.long ${LAST}\na0=3\n`), "symbol-loop"],
  "signs that change": [row((i) => `.set a${i},-a${i - 1}\n`, "", `.long ${LAST}\na0=5\n`), "expression-too-deep"],
  "a condition": [row((i) => `.set a${i},a${i - 1}\n`, "", `.if ${LAST}\n.endif\na0=5\n`), "not-absolute"],
  "weak aliases": [row((i) => `.weakref a${i},a${i - 1}\n`, "", `call ${LAST}\n`), ""],
  "weak aliases, last to first": [
    row((i) => `.weakref a${LINKS - i},a${LINKS - i - 1}\n`, `call ${LAST}\n`, `call ${LAST}\n`),
    "",
  ],
};

describe(`rows of ${LINKS} symbols`, () => {
  test.for(rowsOf(Object.entries(EQUAL), 1))("%s", ([, text], context) => {
    const { object, messages, expected, expectedMessages } = compare(requireOracle("as", context), { text });
    expect(expected, expectedMessages).not.toBeNull();
    expect(object, messages).not.toBeNull();
    expect(Buffer.compare(object!, expected!)).toBe(0);
  });

  test.for(rowsOf(Object.entries(ANSWERED), 3))("%s: an answer", ([, [text, id]]) => {
    const { diagnostics, object } = assembleText(text);
    expect(diagnostics.map((diagnostic) => diagnostic.id)).toEqual(id === "" ? [] : [id]);
    expect(object === null).toBe(id !== "");
  });
});
