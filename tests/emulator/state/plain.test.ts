/** Plain values as bytes, and states that are kept as what differs from the one before. */
import { expect, test } from "vitest";
import { KeptState } from "../../../emulator/state/kept-state.ts";
import { decodePlain, encodePlain } from "../../../emulator/state/plain.ts";
import { Random } from "../../../emulator/state/random.ts";

test("every plain value comes back as it was", () => {
  const value = {
    nothing: [null, undefined, [], {}],
    numbers: [0, -0, 1.5, -1, 2 ** 53, Infinity, NaN],
    texts: ["", "ä ☺", "a\0b"],
    bytes: [new Uint8Array(0), Uint8Array.of(1, 2, 255), Uint8ClampedArray.of(3, 4)],
    yes: true,
    no: false,
  };
  expect(decodePlain(encodePlain(value))).toStrictEqual(value);
});

test("bytes that hold no plain value are refused, whatever they are", () => {
  const random = new Random(4);
  const whole = encodePlain({ a: [1, "two", Uint8Array.of(3)], b: { c: null } });
  for (let length = 0; length < whole.length; length++)
    expect(() => decodePlain(whole.subarray(0, length))).toThrow(RangeError);
  for (let round = 0; round < 500; round++) {
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    try {
      decodePlain(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  }
});

test("what is nested without end, or goes on after its end, is refused for that", () => {
  const nested = new Uint8Array(5 * 1000).map((_, at) => [8, 1, 0, 0, 0][at % 5]!);
  expect(() => decodePlain(nested)).toThrow("plain values that are nested too deep");
  expect(() => decodePlain(Uint8Array.of(1, 1))).toThrow("plain values are followed by something else");
});

test.each([0, 1])("a page of which a byte has changed is another one, %i bytes from where words lie", (shift) => {
  const memory = new Uint8Array(3 * 4096 + shift).subarray(shift).fill(7);
  const visit: Parameters<typeof KeptState.of>[0] = (visitor) => visitor.bytes(memory);
  const first = KeptState.of(visit, null);
  memory[4096 + 1234]!++;
  const second = KeptState.of(visit, first);
  expect([first.ownBytes, second.ownBytes]).toEqual([3 * 4096, 4096]);
  memory.fill(0);
  second.restore(visit);
  expect([...memory].flatMap((byte, at) => (byte === 7 ? [] : [[at, byte]]))).toEqual([[4096 + 1234, 8]]);
});

test("a state comes back from what differs from the state before, and not from anything else", () => {
  const memory = new Uint8Array(5 * 4096 + 100);
  let field = 7;
  const visit: Parameters<typeof KeptState.of>[0] = (visitor) => {
    visitor.part("thing", 1);
    field = visitor.integer(field);
    visitor.bytes(memory);
  };
  memory[0] = 1;
  memory[3 * 4096] = 2;
  memory[5 * 4096 + 99] = 3;
  const first = KeptState.of(visit, null);
  memory[3 * 4096] = 0;
  memory[4096] = 9;
  field = 8;
  const second = KeptState.of(visit, first);
  const wanted = memory.slice();
  // The page that is new, and not those that are the same.
  expect(second.ownBytes).toBe(4096);
  const descriptions = [first.describe(null), second.describe(first)] as const;
  expect(descriptions[1].length).toBeLessThan(5000);
  const again = KeptState.described(descriptions[0], null);
  memory.fill(0xaa);
  field = 0;
  KeptState.described(descriptions[1], again).restore(visit);
  expect([field, memory]).toEqual([8, wanted]);
  expect(() => KeptState.described(descriptions[1], null)).toThrow("a state that lies over another one");
  for (const none of [{}, { fields: [] }, { arrays: [] }])
    expect(() => KeptState.described(encodePlain(none), null)).toThrow("this is no state");
  expect(() => KeptState.described(descriptions[1].subarray(1), again)).toThrow(RangeError);
});

test("every kind of field comes back from a state that was kept", () => {
  let fields = { a: true, b: 1, c: 2, d: 3, e: -4, f: 5, g: 0.5, h: "text", i: Uint8Array.of(6, 7) as Uint8Array };
  const wanted = structuredClone(fields);
  const visit: Parameters<typeof KeptState.of>[0] = (visitor) => {
    visitor.part("all", 1);
    fields = {
      a: visitor.bool(fields.a),
      b: visitor.u8(fields.b),
      c: visitor.u16(fields.c),
      d: visitor.u32(fields.d),
      e: visitor.i32(fields.e),
      f: visitor.integer(fields.f),
      g: visitor.f64(fields.g),
      h: visitor.text(fields.h),
      i: visitor.blob(fields.i),
    };
  };
  const kept = KeptState.of(visit, null);
  fields.i.fill(0);
  fields = { a: false, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0, h: "", i: new Uint8Array(0) };
  kept.restore(visit);
  expect(fields).toEqual(wanted);
  expect(() => kept.restore((visitor) => visitor.part("other", 1))).toThrow("state of other 1 expected, all 1 found");
});
