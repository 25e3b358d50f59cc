/**
 * The network stack stays small: by the linker's map, with its tables and without what it allocates while it runs, or
 * what it is held to in tests.
 */
import { expect, test } from "vitest";
import { buildSystem } from "../../src/index.ts";
import { keptForAll } from "../setup/cache.ts";
import { sources } from "./images.ts";

const MOST_BYTES = 49 * 1024;
/** A line of the map for what one object gives to one section: address, size, section, object. */
const GIVEN = /^[0-9a-f]{8} {2}([0-9a-f]{8}) {4}(\.\S+) +(asm\/net\/\S+)$/gm;

test("the code and data of asm/net take less than 49 KiB", async () => {
  const settings = { version: "0.1.0", revision: 1, wanted: ["kernel.map"] };
  const made = await keptForAll("map without checks", () => buildSystem(sources(), settings).files![0]!.content);
  const map = new TextDecoder().decode(made);
  const given = [...map.matchAll(GIVEN)].map(([, size, section, object]) => ({
    bytes: Number.parseInt(size!, 16),
    section: section!.replace(/^\.hook\..*/, ".hook"),
    object: object!,
  }));
  // Code, strings, tables and variables are there: a map in another form would otherwise pass.
  expect(new Set(given.map(({ section }) => section))).toEqual(
    new Set([".text", ".rodata", ".rodata.str", ".parts", ".hook", ".data", ".bss"]),
  );
  expect(given.filter(({ section, object }) => section === ".text" && object === "asm/net/tcp-input.s")).toHaveLength(
    1,
  );
  const bytes = given.reduce((sum, one) => sum + one.bytes, 0);
  expect(bytes).toBeGreaterThan(30_000);
  expect(bytes).toBeLessThan(MOST_BYTES);
});
