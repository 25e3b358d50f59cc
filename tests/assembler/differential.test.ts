/** Objects must be those of GNU as, byte for byte. */

import { describe, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { COMPILER_SOURCES } from "./compiler-sources.ts";
import { compare } from "./differential.ts";
import { FOREIGN_SOURCES } from "./foreign-sources.ts";
import { IDIOM_SOURCES } from "./idiom-sources.ts";
import { SOURCES } from "./sources.ts";
import { SUITE_SOURCES } from "./suite-sources.ts";

describe("same source, same object as GNU as", () => {
  for (const [name, source] of rowsOf(
    Object.entries({
      ...SOURCES,
      ...IDIOM_SOURCES,
      ...FOREIGN_SOURCES,
      ...COMPILER_SOURCES,
      ...SUITE_SOURCES,
    }),
    100,
    ([row]) => row.startsWith("frames of signals"),
  )) {
    test(name, (context) => {
      const result = compare(requireOracle("as", context), source);
      expect(result.expected, result.expectedMessages).not.toBeNull();
      expect(result.object, result.messages).not.toBeNull();
      expect(Buffer.from(result.object!).toString("hex")).toBe(Buffer.from(result.expected!).toString("hex"));
    });
  }
});
