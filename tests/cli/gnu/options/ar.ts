/** Each option of `ar --help`. */
import { run } from "../../../../src/cli/gnu/ar.ts";
import { objects } from "./objects.ts";
import type { OptionTable } from "./table.ts";

export const TABLE: OptionTable = {
  tool: "ar",
  run,
  helps: [["--help"]],
  files: objects,
  always: ["rcD"],
  operands: ["FOLDER/new.a", "FOLDER/a.o"],
  rows: [
    ["--target", "nothing", " elf32-i386"],
    ["--output", "nothing", " FOLDER"],
    ["--record-libdeps", "same", " -lx"],
    ["--thin", "own"],
    ["--plugin", "nothing", " x"],
  ],
};
