/**
 * What `cloud set` and `cloud get` make of the cluster's values (docs/protocols/cluster-values.md), step by step beside
 * a model of them: a node alone, which agrees with itself, tells the group what counts.
 */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { founded, HIGH, type Scene, SELF } from "./agreement-scene.ts";
import { regionDigest } from "./cluster-wire.ts";
import { regionOf, rest, VALUES, Values } from "./values-scene.ts";

/** Of a text: so many bytes may be used, and as many more stay zeros. */
const TEXT_BYTES = 1020;

class Model {
  readonly values = new Map<string, string>();

  /** Whether a change is made. A name that is set again goes to the end. */
  set(name: string, value: string | null): boolean {
    const before = this.values.get(name);
    this.values.delete(name);
    const bytes = [...this.values].reduce((sum, [key, text]) => sum + key.length + text.length + 2, 0);
    if (value !== null && bytes + name.length + value.length + 2 > TEXT_BYTES) {
      if (before !== undefined) throw new Error("a model that goes on from a refused change must know its order");
      return false;
    }
    if (value !== null) this.values.set(name, value);
    return true;
  }

  get region(): Uint8Array {
    return regionOf(Object.fromEntries(this.values), [SELF]);
  }
}

/** A node that has founded its cluster alone, and what it says of its values. */
async function alone(): Promise<{
  s: Scene;
  model: Model;
  change: (name: string, value: string | null) => Promise<string>;
}> {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const model = new Model();
  return {
    s,
    model,
    change: async (name, value) => {
      const before = s.wire.of(VALUES).length;
      const said = await outputAmong(s.node, `cloud set ${name}${value === null ? "" : ` "${value}"`}; echo status $?`);
      const { region } = model;
      const isMade = model.set(name, value);
      // What changes nothing is not proposed.
      const isTold = !Buffer.from(region).equals(model.region);
      expect(said.endsWith(`status ${isMade ? 0 : 1}\n`), `${name} ${said}`).toBe(true);
      await s.lab.advance("5ms");
      const told = s.wire.of(VALUES).slice(before);
      expect(told.length > 0).toBe(isTold);
      if (isTold) expect(rest(told.at(-1)!)).toEqual(model.region);
      return said;
    },
  };
}

test("values are set, replaced and taken away, whatever their place; each change has the next number", async () => {
  const { s, change, model } = await alone();
  expect(await change("colour", "blue")).toBe("colour is set.\nstatus 0\n");
  await change("a", "");
  await change("taste", "sweet and sour");
  expect(await change("colour", "dark red")).toBe("colour is set.\nstatus 0\n");
  expect(await change("a", null)).toBe("a is gone.\nstatus 0\n");
  await change("tast", "1");
  await change("taste", null);
  await change("tastes", "2");
  expect(await change("none", null)).toBe("none is gone.\nstatus 0\n");
  const { data } = s.wire.of(VALUES).at(-1)!;
  const fields = new DataView(data.buffer, data.byteOffset);
  expect([fields.getUint32(112, true), fields.getInt32(116, true)]).toEqual([8, regionDigest(model.region)]);
  const said = await outputAmong(s.node, "cloud get; cloud get tast; cloud get colour; cloud get tas; echo status $?");
  expect(said).toBe(
    "colour dark red\ntast 1\ntastes 2\nchange 8; the next is agreed on by a majority of 1 members: qure-1\n" +
      "1\ndark red\ncluster: there is no value tas\nstatus 1\n",
  );
});

thoroughly("values stay what a model of them says, in any order of changes", async () => {
  const { change } = await alone();
  const random = new Random(3, "values");
  const names = ["a", "ab", "abc", "b", "n".repeat(31)];
  for (let time = 0; time < 60; time++) {
    const name = names[random.below(names.length)]!;
    await change(name, random.below(3) === 0 ? null : "v".repeat(random.below(90)));
  }
});

thoroughly("values fill their text to the last byte, and not beyond", async () => {
  const { s, change } = await alone();
  for (let index = 0; index < 8; index++) await change(`n${index}`, "v".repeat(116));
  // 960 bytes; four of the text stay free.
  const refused = await change("x", "v".repeat(58));
  expect(refused).toMatch(/^cluster: x cannot be changed: .+\nstatus 1\n$/);
  await change("x", "v".repeat(57));
  expect(await change("y", "")).toMatch(/cannot be changed/);
  await change("n3", null);
  await change("y", "v".repeat(118));
  expect(await outputAmong(s.node, "cloud get x; cloud get n7")).toBe(`${"v".repeat(57)}\n${"v".repeat(116)}\n`);
});

thoroughly("what is no name or value is refused, and changes nothing", async () => {
  const { s } = await alone();
  const before = s.wire.of(VALUES).length;
  for (const [name, value] of [
    ["n".repeat(32), "1"],
    ['"a b"', "1"],
    ["a", "v".repeat(128)],
  ])
    expect(await outputAmong(s.node, `cloud set ${name} ${value}; echo status $?`)).toMatch(
      /^cluster: .+ cannot be changed: .+\nstatus 1\n$/,
    );
  expect(s.wire.of(VALUES).slice(before)).toEqual([]);
  expect(await outputAmong(s.node, "cloud get")).toBe("Nothing has been set (cloud set NAME VALUE).\n");
});

thoroughly("who agrees is shown by name, or by id where nobody has that", async () => {
  const { s } = await alone();
  const v = new Values(s);
  v.live(0, null, [HIGH]);
  await s.lab.advance("50ms");
  v.tell(HIGH, 3, regionOf({ a: "1" }, ["0123456789abcdef", HIGH, SELF]));
  await s.lab.advance("50ms");
  expect(await outputAmong(s.node, "cloud get")).toMatch(
    /^a 1\nchange 3; the next is agreed on by a majority of 3 members: 0123456789abcdef stranger qure-1$/m,
  );
});
