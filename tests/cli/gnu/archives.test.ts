/** Archives that ar changes, lists and joins: the same archives, words and files as GNU ar's, command by command. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { scriptStatements } from "../../../src/cli/gnu/archive/script.ts";
import { objectOfGnu, requireOracle, withFolder } from "../../oracle.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";

const OURS = resolve("dist/bin/ar");

/** `ar` stands for either program; lib.a has a.o, b.o, a.o and long-named-member.o. */
const ROWS: readonly string[] = [
  "ar tv lib.a",
  "ar tO lib.a",
  "ar tvO lib.a b.o a.o a.o",
  "ar m lib.a a.o",
  "ar mav b.o lib.a a.o",
  "ar mb a.o lib.a long-named-member.o",
  "ar ra b.o lib.a c.o",
  "ar rb b.o lib.a c.o d.o",
  "ar ri nobody.o lib.a c.o",
  "ar rvb a.o lib.a b.o",
  "ar d lib.a a.o",
  "ar dvN 2 lib.a a.o nobody.o",
  "ar xN 2 lib.a a.o",
  "mkdir out; ar xv --output out lib.a a.o b.o; ls out",
  "ar pv lib.a b.o a.o",
  "ar x lib.a nobody.o",
  "ar r -c -s new.a a.o",
  "ar -r -c new.a c.o -l '-L. -lmore'",
  "ar rc --record-libdeps=-lmore new.a c.o; ar rc --record-libdeps -lless new.a; ar p new.a __.LIBDEP",
  "ar --thin -rc thin.a a.o; ar rcT more.a thin.a lib.a; ar t more.a",
  "ar rcT new.a",
  "ar rcT new.a a.o; ar d new.a a.o",
  "ar rcT new.a; ar rcT new.a a.o",
  "cp a.o sub/fifteen-15.o; cp a.o sixteen-letter.o; cp a.o fifteen-lett.o; ar rcT new.a a.o sub/fifteen-15.o sixteen-letter.o fifteen-lett.o; ar t new.a",
  "cp a.o sub/fifteen-15.o; ar rcT sub/new.a sub/fifteen-15.o; ar rcT all.a a.o sub/new.a; ar mPiT a.o all.a sub/fifteen-15.o; ar t all.a",
  "ar rcf new.a long-named-member.o",
  "ar rt lib.a",
  "printf '.globl f, g\\nf: call h\\ng: .weak w\\nw: .comm c,4\\n' | as --64 -o host.o; ar rc new.a host.o a.o; ar rcS bare.a host.o; ar s bare.a",
  "ar rN 1 lib.a a.o",
  "printf 'CREATE new.a\\nADDLIB lib.a\\nADDMOD c.o d.o\\nSAVE\\nEND\\n' | ar -M",
  "printf 'create new.a\\naddmod c.o, +\\nd.o ; two\\n* all\\naddlib lib.a (a.o, b.o)\\nsave\\n' | ar M",
  "printf 'OPEN lib.a\\nDELETE a.o\\nEXTRACT b.o\\nREPLACE b.o\\nSAVE\\n' | ar -M",
  "printf 'CREATE new.a\\nADDMOD c.o\\nCLEAR\\nADDMOD d.o\\nSAVE\\nADDMOD c.o\\n' | ar -M",
  "printf 'CREATE new.a\\nADDLIB nobody.a\\nSAVE\\n' | ar -M",
  "printf 'OPEN lib.a\\nREPLACE c.o\\nSAVE\\n' | ar -M",
  "cp b.o a.o; printf 'OPEN lib.a\\nREPLACE a.o\\nSAVE\\n' | ar -M",
  "printf 'DIRECTORY lib.a (b.o)\\nVERBOSE\\nDIRECTORY lib.a (a.o b.o) members\\nDIRECTORY lib.a\\n' | ar -M",
];

/** What a command says and leaves in its folder. */
function outcome(ar: string, gnu: string, object: Uint8Array, row: string): unknown {
  return withFolder((folder) => {
    for (const name of ["a.o", "b.o", "c.o", "d.o", "long-named-member.o"]) writeFileSync(join(folder, name), object);
    writeFileSync(join(folder, "b.o"), "no object\n");
    mkdirSync(join(folder, "sub"));
    execFileSync(gnu, ["qc", "lib.a", "a.o", "b.o", "a.o", "long-named-member.o"], { cwd: folder });
    const command = row.replace(/(^|[|;] *)ar (?=\S)/g, (_, before: string) => `${before}'${ar}' `);
    const { status, stdout } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "latin1" });
    // GNU ar leaves what it was writing when it gives up.
    if (status !== 0) return "refused";
    const files = (readdirSync(folder, { recursive: true }) as string[]).sort();
    return { stdout, files: files.map((name) => [name, isFile(join(folder, name)) ?? "a folder"]) };
  });
}

function isFile(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

describe("ar does what GNU ar does", () => {
  thoroughly("with members by their places and numbers, with scripts and other folders", (context) => {
    const gnu = requireOracle("ar", context);
    const object = objectOfGnu(requireOracle("as", context), ".globl f\nf: ret\n");
    for (const row of rowsOf(ROWS, 5))
      expect(outcome(OURS, gnu, object, row), row).toEqual(outcome(gnu, gnu, object, row));
  });

  test("a script's lines go on after a plus, and a semicolon begins a comment", () => {
    expect(scriptStatements("create a.a ; new\n\n* all\naddlib b.a (c.o, d.o) list\naddmod e.o +\n f.o\n")).toEqual([
      { line: 1, command: "CREATE", names: ["a.a"], listed: null, after: [] },
      { line: 4, command: "ADDLIB", names: ["b.a"], listed: ["c.o", "d.o"], after: ["list"] },
      { line: 5, command: "ADDMOD", names: ["e.o", "f.o"], listed: null, after: [] },
    ]);
  });
});
