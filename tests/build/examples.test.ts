/**
 * The examples that `qure explain` has for `qure build`: each wrong system earns its diagnostic, each right one none.
 */
import { describe, expect, test } from "vitest";
import { EXPLANATIONS } from "../../src/assembler/explanations.ts";
import { buildSystem } from "../../src/build/build.ts";
import { BUILD_EXAMPLES, BUILD_EXPLANATIONS } from "../../src/build/explanations.ts";
import { folderTree } from "../../src/host/files.ts";
import { LINK_EXPLANATIONS } from "../../src/linker/explanations.ts";
import { SPEC_EXPLANATIONS } from "../../src/spec/explanations.ts";

const own = folderTree(".");

/** Builds the files with QuRe's own loader. */
function idsOf(files: Readonly<Record<string, string>>): string[] {
  const isBase = (path: string): boolean => path.startsWith("boot/") || path.startsWith("asm/include/");
  const { diagnostics } = buildSystem(
    {
      list: (folder) => [
        ...own.list(folder).filter(isBase),
        ...Object.keys(files).filter((path) => path.startsWith(`${folder}/`)),
      ],
      read: (path) =>
        files[path] !== undefined ? new TextEncoder().encode(files[path]) : isBase(path) ? own.read(path) : null,
    },
    { version: "0.0.0", revision: 0 },
  );
  return diagnostics.map(({ id }) => id);
}

describe("examples of the build's explanations", () => {
  test("every diagnostic that is explained has one", () => {
    expect(Object.keys(BUILD_EXAMPLES).sort()).toEqual(Object.keys(BUILD_EXPLANATIONS).sort());
  });

  test.each(Object.entries(BUILD_EXAMPLES))("%s", (id, { wrong, right }) => {
    expect(idsOf(wrong)).toEqual([id]);
    expect(idsOf(right)).toEqual([]);
  });
});

test.each(Object.entries({ ...BUILD_EXPLANATIONS, ...SPEC_EXPLANATIONS, ...LINK_EXPLANATIONS, ...EXPLANATIONS }))(
  "%s is explained in whole sentences",
  (_id, text) => {
    expect(text).toMatch(/^[A-Z0-9`].{15,}[.]$/s);
  },
);
