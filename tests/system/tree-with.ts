/** The system's sources with a test that runs inside a machine: an image of them has one command more. */
import type { SourceTree } from "../../src/index.ts";

/** What the tests include, where the build looks for it. */
const INCLUDED: Readonly<Record<string, string>> = {
  "asm/include/expect.inc": "tests/guest/programs/expect.inc",
  "asm/include/selftest.inc": "tests/guest/programs/selftest.inc",
};

/** `tree` with the source `from` of this repository at the place `at` of the system. */
export function treeWith(tree: SourceTree, from: string, at: string): SourceTree {
  return {
    list: (folder) => (at.startsWith(`${folder}/`) ? [...tree.list(folder), at].sort() : tree.list(folder)),
    read: (path) => tree.read(path === at ? from : (INCLUDED[path] ?? path)),
  };
}

/** Programs and commands of tests that do not come into each other's way: place in the system, source. */
const GUESTS: Readonly<Record<string, string>> = {
  "asm/crypto/crypto-test.s": "tests/guest/programs/crypto.s",
  "asm/fs/storage-test.s": "tests/guest/programs/storage.s",
  "asm/kernel/callers-test.s": "tests/guest/programs/callers.s",
  "asm/kernel/heap-test.s": "tests/guest/programs/heap.s",
  "asm/kernel/stopped-test.s": "tests/guest/programs/stopped.s",
  "asm/net/net-test.s": "tests/guest/programs/net.s",
  "asm/net/net-lent-test.s": "tests/guest/programs/net-lent.s",
  "asm/net/net-ports-test.s": "tests/guest/programs/net-ports.s",
  "asm/net/net-streams-test.s": "tests/guest/programs/net-streams.s",
  "asm/programs/hear.s": "tests/guest/programs/hear.s",
  "asm/programs/limits.s": "tests/guest/programs/limits.s",
  // The same source as several programs, which behave by their names.
  "asm/programs/next-f.s": "tests/guest/programs/successor.s",
  "asm/programs/next-g.s": "tests/guest/programs/successor.s",
  "asm/programs/next-l.s": "tests/guest/programs/successor.s",
  "asm/programs/next-r.s": "tests/guest/programs/successor.s",
  "asm/programs/next-s.s": "tests/guest/programs/successor.s",
  "asm/programs/screen.s": "tests/guest/programs/screen.s",
};

/** `tree` with all of them. */
export const treeWithGuests = (tree: SourceTree): SourceTree =>
  Object.entries(GUESTS).reduce((rest, [at, from]) => treeWith(rest, from, at), tree);

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
