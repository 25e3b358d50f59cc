/** Compiled modules: one for equal keys, and between threads the first one's. */
import { expect, test } from "vitest";
import { exchangeModules, moduleCounts, moduleFor } from "../../../emulator/jit/module-cache.ts";

const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

test("equal keys share a module; what another thread has offered is not compiled again", () => {
  const before = { ...moduleCounts };
  const offered: string[] = [];
  const waiting = [{ key: "theirs", module: new WebAssembly.Module(EMPTY) }];
  const others = exchangeModules({
    offer: (key) => offered.push(key),
    take: (accept) => {
      for (const { key, module } of waiting.splice(0)) accept(key, module);
    },
  });
  const ours = moduleFor("ours", () => EMPTY).module;
  expect(moduleFor("ours", () => expect.fail("compiled twice")).module).toBe(ours);
  const theirs = moduleFor("theirs", () => expect.fail("compiled although another thread has")).module;
  expect(theirs).toBeInstanceOf(WebAssembly.Module);
  expect(offered).toEqual(["ours"]);
  exchangeModules(others);
  expect(moduleCounts).toMatchObject({ compiled: before.compiled + 1, taken: before.taken + 1 });
});
