/** Each option of `ranlib --help`. */
import { run } from "../../../../src/cli/gnu/ranlib.ts";
import { objects } from "./objects.ts";
import type { OptionTable } from "./table.ts";

export const TABLE: OptionTable = {
  tool: "ranlib",
  run,
  helps: [["--help"]],
  files: objects,
  operands: ["FOLDER/x.a"],
  rows: [
    ["--plugin", "nothing", "x"],
    ["-D", "nothing"],
    ["-U", "warned"],
    ["-t", "nothing"],
    ["-h", "refused"],
    ["--help", "own"],
    ["-v", "own"],
    ["--version", "own"],
  ],
};
