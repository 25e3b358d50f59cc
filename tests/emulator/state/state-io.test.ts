/** Saved states at their edges: what a field cannot hold is not saved, and what does not fit is not restored. */
import { describe, expect, test } from "vitest";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { PAGE_BYTES } from "../../../emulator/state/pages.ts";
import type { StateVisitor } from "../../../emulator/state/state.ts";
import { StateError, StateReader, StateScanner, StateWriter } from "../../../emulator/state/state-io.ts";

const saved = (write: (writer: StateWriter) => void): Uint8Array => {
  const writer = new StateWriter();
  write(writer);
  return writer.result().slice();
};

/** Three pages, the middle one zero, and a part of a page. */
const PAGES = new Uint8Array(3 * PAGE_BYTES + 100).fill(7).fill(0, PAGE_BYTES, 2 * PAGE_BYTES);

type Kind = "u8" | "u16" | "u32" | "i32" | "integer";
const EDGES: readonly (readonly [kind: Kind, fits: readonly number[], not: readonly number[]])[] = [
  ["u8", [0, 1, 0xff], [-1, 0x100, 0.5, Number.NaN]],
  ["u16", [0, 0xffff], [-1, 0x10000]],
  ["u32", [0, 0x80000000, 0xffffffff], [-1, 0x100000000]],
  ["i32", [-0x80000000, -1, 0x7fffffff], [-0x80000001, 0x80000000]],
  ["integer", [-5, 2 ** 53 - 1, Infinity], [0.5, 2 ** 53, -Infinity, Number.NaN]],
];

describe.each(EDGES)("%s", (kind, fits, not) => {
  test.each(fits)("%d comes back", (value) => {
    const reader = new StateReader(saved((writer) => void writer[kind](value)));
    expect(reader[kind]()).toBe(value);
    expect(() => reader.end()).not.toThrow();
  });

  test.each(not)("%d is not saved", (value) => {
    expect(() => new StateWriter()[kind](value)).toThrow(/holds/);
  });
});

test.each([
  ["u8", 0x100],
  ["u16", 0x10000],
  ["bool", 2],
] as const)("as %s, %d is not restored", (kind, value) => {
  const reader = new StateReader(saved((writer) => void writer.u32(value)));
  expect(() => (kind === "bool" ? reader.bool() : reader[kind]())).toThrow(/saved state, .*byte \d+: .*holds/);
});

test("texts, bytes and parts come back, and nothing else in their place", () => {
  const state = saved((writer) => {
    writer.part("chip", 3);
    writer.text("größer");
    writer.bytes(PAGES);
    writer.blob(Uint8Array.of(1, 2, 3));
    writer.bool(true);
    writer.f64(-0.5);
  });
  const reader = new StateReader(state);
  reader.part("chip", 3);
  expect(reader.text("")).toBe("größer");
  const pages = new Uint8Array(PAGES.length).fill(9);
  reader.bytes(pages);
  expect(Buffer.compare(pages, PAGES)).toBe(0);
  expect(reader.blob(new Uint8Array(0))).toEqual(Uint8Array.of(1, 2, 3));
  expect(reader.bool()).toBe(true);
  expect(() => reader.end()).toThrow(/chip, byte \d+: 9 bytes are left over/);
  expect(reader.f64()).toBe(-0.5);
  reader.end();
  expect(() => new StateReader(state).part("chip", 4)).toThrow(/part "chip" version 4 was expected/);
  expect(() => new StateReader(state).part("other", 3)).toThrow(/"chip" version 3 found/);
  expect(() => new StateReader(state).u8()).toThrow(/saved state, start, byte 9: a field of kind \d was expected/);
  expect(() => new StateReader(state.subarray(0, 12)).part("chip", 3)).toThrow(/ends too early/);
  expect(() => new StateReader(state.subarray(0, 7))).toThrow("this is not a saved state");
  const newer = state.slice();
  newer[4]!++;
  expect(() => new StateReader(newer)).toThrow(/of version \d+; this program reads/);
});

test("a page of no kind is not restored", () => {
  const state = saved((writer) => writer.bytes(PAGES));
  // Behind the head, the kind of the field and its length.
  state[8 + 5] = 2;
  expect(() => new StateReader(state).bytes(new Uint8Array(PAGES.length))).toThrow(/: a page of kind 2$/);
});

describe("a digest", () => {
  const of = (visit: (visitor: StateVisitor) => void): string => {
    const visitor = new DigestVisitor();
    visit(visitor);
    return visitor.digest();
  };
  const without = (at: number): Uint8Array => {
    const changed = PAGES.slice();
    changed[at]! ^= 1;
    return changed;
  };

  test("is another one for each other value of each kind of field, and for another order", () => {
    const digests = [
      of(() => {}),
      of((visitor) => void visitor.u8(1)),
      of((visitor) => void visitor.u8(2)),
      of((visitor) => void visitor.i32(-1)),
      of((visitor) => void visitor.f64(0.5)),
      of((visitor) => void visitor.f64(0.25)),
      of((visitor) => void visitor.integer(2 ** 40)),
      of((visitor) => void visitor.integer(2 ** 41)),
      of((visitor) => void visitor.text("ab")),
      of((visitor) => void visitor.text("ba")),
      of((visitor) => void visitor.text("abc")),
      of((visitor) => void visitor.part("a", 1)),
      of((visitor) => void visitor.part("a", 2)),
      of((visitor) => void visitor.blob(Uint8Array.of(1))),
      of((visitor) => void visitor.blob(Uint8Array.of(1, 0))),
      of((visitor) => void visitor.blob(Uint8Array.of(0, 1))),
      of((visitor) => void visitor.bytes(PAGES)),
      ...[0, PAGE_BYTES - 1, PAGE_BYTES, 2 * PAGE_BYTES, 3 * PAGE_BYTES, PAGES.length - 1].map((at) =>
        of((visitor) => void visitor.bytes(without(at))),
      ),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test("is the same on every machine, and to take it restores nothing", () => {
    expect(of((visitor) => void visitor.bytes(PAGES))).toBe("2adf8ad3b9d2aa51729c860843b40531");
    expect([new DigestVisitor(), new StateWriter()].map(({ restoring }) => restoring)).toEqual([false, false]);
  });

  test("of bytes does not depend on where they lie", () => {
    const shifted = new Uint8Array(PAGES.length + 3);
    shifted.set(PAGES, 3);
    expect(of((visitor) => void visitor.bytes(shifted.subarray(3)))).toBe(of((visitor) => void visitor.bytes(PAGES)));
  });
});

describe("a walk over a state that nobody knows", () => {
  const state = saved((writer) => {
    writer.part("chip", 3);
    writer.u8(5);
    writer.f64(0.5);
    writer.text("größer");
    writer.bytes(PAGES);
  });
  const pagesOf = (bytes: Uint8Array): string[] => {
    const found: string[] = [];
    new StateScanner(bytes).eachPage((_at, kind, lengthBytes) => found.push(`${kind} ${lengthBytes}`));
    return found;
  };

  test("finds each page, and whether it is there or zero", () => {
    expect(pagesOf(state)).toEqual(["1 4096", "0 4096", "1 4096", "1 100"]);
  });

  test("ends with a sentence where the state ends within a field, or has a field of no kind", () => {
    const ends: number[] = [];
    for (let length = 8; length <= state.length; length++) {
      try {
        pagesOf(state.subarray(0, length));
        ends.push(length);
      } catch (error) {
        expect(error).toEqual(new StateError("a saved state ends within a field"));
      }
    }
    // Between two fields it may end.
    expect(ends).toEqual([8, 22, 27, 36, 49, state.length]);
    const wrong = state.slice();
    wrong[8] = 77;
    expect(() => pagesOf(wrong)).toThrow("a saved state has a field of kind 77 at byte 8");
  });

  test("an integer that is none is not restored", () => {
    for (const value of [0.5, 2 ** 53, Number.NaN, -Infinity])
      expect(() => new StateReader(saved((writer) => void writer.f64(value))).integer()).toThrow(/an integer holds/);
  });
});
