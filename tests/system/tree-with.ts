/** The system's sources with a test that runs inside a machine: an image of them has one command more. */
import type { SourceTree } from "../../src/index.ts";

/** What the tests include, where the build looks for it. */
const INCLUDED: Readonly<Record<string, string>> = {
  "asm/include/expect.inc": "tests/guest/expect.inc",
  "asm/include/selftest.inc": "tests/guest/selftest.inc",
};

/** `tree` with the source `from` of this repository at the place `at` of the system. */
export function treeWith(tree: SourceTree, from: string, at: string): SourceTree {
  return {
    list: (folder) => (at.startsWith(`${folder}/`) ? [...tree.list(folder), at].sort() : tree.list(folder)),
    read: (path) => tree.read(path === at ? from : (INCLUDED[path] ?? path)),
  };
}

/** `tree` with one more program in /bin, given as an ELF file. */
export function treeWithProgram(tree: SourceTree, name: string, file: Uint8Array): SourceTree {
  return treeWithFile(tree, `asm/programs/${name}.elf`, file);
}

/** `tree` with one more file. */
export function treeWithFile(tree: SourceTree, at: string, file: Uint8Array): SourceTree {
  return {
    list: (folder) => (at.startsWith(`${folder}/`) ? [...tree.list(folder), at].sort() : tree.list(folder)),
    read: (path) => (path === at ? file : tree.read(path)),
  };
}
