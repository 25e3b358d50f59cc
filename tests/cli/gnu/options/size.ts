/** Each option of `size --help`. */
import { run } from "../../../../src/cli/gnu/size.ts";
import { objects } from "./objects.ts";
import type { OptionTable } from "./table.ts";

export const TABLE: OptionTable = {
  tool: "size",
  run,
  helps: [["--help"]],
  files: objects,
  operands: ["FOLDER/a.o"],
  rows: [
    ["-A", "same"],
    ["-B", "nothing"],
    ["-G", "same"],
    ["-o", "same"],
    ["-d", "nothing"],
    ["-x", "same"],
    ["-t", "same"],
    ["-f", "nothing"],
    ["-h", "own"],
    ["-H", "own"],
    ["-?", "refused"],
    ["-v", "own"],
    ["-V", "own"],
  ],
};
