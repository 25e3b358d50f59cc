/** What is printed of a link besides the map, as GNU ld prints it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { run } from "../../src/cli/gnu/ld.ts";
import { writeArchive } from "../../src/object/archive-writer.ts";
import { objectOfGnu, requireOracle } from "../oracle.ts";

const SOURCES = {
  "main.o":
    ".text\n.global _start\n_start: call f\nmovl v, %eax\n.data\n.global v\nv: .long f, missing\n.weak missing\n",
  "part.o": ".text\n.global f\nf: ret\n.comm room,16,4\n.long v\n",
};
const REGIONS = `MEMORY { ROM (rx) : ORIGIN = 0x1000, LENGTH = 64K  RAM (rw) : ORIGIN = 0x20000000, LENGTH = 3M
  SPARE : ORIGIN = 0x40000000, LENGTH = 100 }
SECTIONS { .text : { *(.text) } > ROM  .data : { *(.data) } > RAM AT> ROM  .bss : { *(.bss COMMON) } > RAM }
`;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-listings-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  "--cref",
  "--cref -r",
  "--cref -M",
  "-y f -y v -y missing -y nothing",
  "--print-memory-usage -T regions.ld",
  "--print-memory-usage",
  "-t",
  "-t -t --whole-archive lib.a",
])("ld %s", (line) => {
  const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, { skip: (reason) => expect.fail(reason) }));
  for (const [name, source] of Object.entries(SOURCES)) writeFileSync(join(folder, name), objectOfGnu(as!, source));
  writeFileSync(join(folder, "regions.ld"), REGIONS);
  const member = new Uint8Array(objectOfGnu(as!, ".globl extra\nextra: ret\n"));
  writeFileSync(join(folder, "lib.a"), writeArchive([{ name: "extra.o", content: member }], true));
  const args = [
    ...line.split(" ").map((option) => (/^(regions.ld|lib.a)$/.test(option) ? join(folder, option) : option)),
    ...Object.keys(SOURCES).map((name) => join(folder, name)),
    ...["-o", join(folder, "out")],
  ];
  const theirs = spawnSync(ld!, ["-m", "elf_i386", ...args], { encoding: "latin1" });
  expect(theirs.status).toBe(0);
  const ours = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    vi.spyOn(process[stream], "write").mockImplementation((chunk) => {
      ours[stream] += Buffer.from(chunk as Uint8Array).toString("latin1");
      return true;
    });
  try {
    run(["-m", "elf_i386", ...args]);
  } finally {
    vi.restoreAllMocks();
  }
  expect(ours.stdout).toBe(theirs.stdout);
  // Each line begins with the name of its program.
  expect(ours.stderr.replace(/^\w+: /gm, "")).toBe(theirs.stderr.replaceAll(`${ld}: `, ""));
});

test.each(["-M", "-t", "--print-memory-usage"])("ld %s lists where a name is missing, too", (option) => {
  const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, { skip: (reason) => expect.fail(reason) }));
  const object = join(folder, "lost.o");
  writeFileSync(object, objectOfGnu(as!, '.globl _start\n_start: call nowhere\n.section .note.GNU-stack,""\n'));
  const args = ["-m", "elf_i386", option, object, "-o", join(folder, "lost")];
  const theirs = spawnSync(ld!, args, { encoding: "latin1" });
  expect(theirs.status).toBe(1);
  let listed = "";
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    listed += Buffer.from(chunk as Uint8Array).toString("latin1");
    return true;
  });
  try {
    expect(() => run(args)).toThrow("nothing was linked");
  } finally {
    vi.restoreAllMocks();
  }
  expect(listed).toBe(theirs.stdout);
});

test("a program that knows where another one's symbols are, and the rule that says what it is made of", (context) => {
  const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, context)) as [string, string];
  const inside = (name: string): string => join(folder, name);
  const note = '.section .note.GNU-stack,""\n';
  writeFileSync(
    inside("rom.o"),
    objectOfGnu(as, `.globl service, twice\nservice: ret\ntwice: ret\nlocal: ret\n${note}`),
  );
  writeFileSync(
    inside("user.o"),
    objectOfGnu(as, `.globl _start, twice\n_start: call service\ncall twice\ntwice: ret\n${note}`),
  );
  const gnu = (...args: string[]): void => void spawnSync(ld, ["-m", "elf_i386", ...args], { cwd: folder });
  gnu("-Ttext", "0xf0000", "-e", "service", "-o", "rom", "rom.o");
  for (const option of ["-R", "--just-symbols"]) {
    gnu(option, "rom", "-o", "theirs", "--dependency-file=theirs.d", "user.o");
    const ours = ["-m", "elf_i386", option, inside("rom"), "-o", inside("ours"), inside("user.o")];
    run([...ours, `--dependency-file=${inside("ours.d")}`]);
    expect(readFileSync(inside("ours")).equals(readFileSync(inside("theirs"))), option).toBe(true);
    expect(readFileSync(inside("ours.d"), "utf8").replaceAll(`${folder}/`, "").replace("ours", "theirs")).toBe(
      readFileSync(inside("theirs.d"), "utf8"),
    );
  }
});
