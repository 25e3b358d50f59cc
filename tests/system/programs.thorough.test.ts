/**
 * Programs, what takes long: a million random system calls from ring 3, and programs and modules in files of a volume.
 * QURE_THOROUGH=1 npx vitest run tests/system/programs.thorough.test.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { boot, images, PROMPT, root } from "./images.ts";

const RUNS = 10;
const CALLS = 100_000;

test("a million random calls do the kernel no harm", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso }] });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("kill cloud net address", PROMPT);
  for (let run = 0; run < RUNS; run++) {
    await node.enter(`hostile ${CALLS} ${1 + run * CALLS}`, /(\d+) calls by \d+ programs, \d+ of them killed\n/, {
      within: "forever",
    });
    await node.enter("mem check", /all headers agree/);
  }
  expect(node.console.text.match(new RegExp(`^${CALLS} calls by`, "gm"))).toHaveLength(RUNS);
});

test("programs run from files on a mounted volume and use files there, and modules are linked from there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qure-volume-"));
  const qure = (...args: string[]): Promise<unknown> =>
    execa(process.execPath, [join(root, "dist/qure.cjs"), ...args], { cwd: root });
  const at = (name: string): string => join(folder, name);
  try {
    writeFileSync(at("qure.iso"), images().iso);
    writeFileSync(at("empty.txt"), "ls /net\n");
    const emulate = (script: string): Promise<unknown> =>
      qure(
        "emu",
        "--no-gateway",
        "--image",
        at("qure.iso"),
        "--dir",
        at("disks"),
        "--log",
        at("log"),
        "--script",
        script,
      );
    await emulate(at("empty.txt"));
    for (const name of ["seq", "fault"]) {
      await qure("as", "-g", "-I", "asm/include", "-o", at(`${name}.o`), `asm/programs/${name}.s`);
      await qure("as", "-g", "-I", "asm/include", "-o", at("print.o"), "asm/programs/lib/print.s");
      await qure("ld", "-T", "asm/programs.ld", "-o", at(name), at(`${name}.o`), at("print.o"));
      await qure("disk", "put", at(name), `${at("disks/qure-1.img")}/${name}`);
    }
    const source = readFileSync(join(root, "tests/guest/module.s"), "utf8");
    for (const [name, text] of [
      ["counter.o", source],
      ["lacking.o", source.replace("memory_own", "memory_none")],
    ] as const) {
      writeFileSync(at("module.s"), text);
      await qure("as", "-I", "asm/include", "-o", at(name), at("module.s"));
      await qure("disk", "put", at(name), `${at("disks/qure-1.img")}/${name}`);
    }
    const commands = [
      "pipe /net/seq 2000 : /bin/tee /net/numbers",
      "pipe /bin/cat /net/numbers : /bin/wc",
      "/net/fault divide",
      "fsck /net",
      "module load /net/counter.o",
      "counter",
      "counter",
      "handles",
      "module load /net/counter.o",
      "module load /net/lacking.o",
      "module load /net/seq",
      "module unload counter.o",
      "counter",
      "mem check",
    ];
    writeFileSync(at("script.txt"), commands.map((line) => `${line}\n`).join(""));
    await emulate(at("script.txt"));
    const said = readFileSync(at("log/qure-1.log"), "utf8").replaceAll("\r", "");
    expect(said).toMatch(/\n2000 2000 8893\n/);
    expect(said).toMatch(/^fault \(task \d+\) has ended: divide error, eip [0-9a-f]{8}, fault\.s:\d+$/m);
    expect(said).toMatch(/no problem was found/);
    expect(said).toMatch(/counter: loaded\n[\s\S]*counter: 41\n[\s\S]*counter: 42\n[\s\S]* memory +counter\.o\n/);
    expect(said).toMatch(/\/net\/counter\.o: exists already\n/);
    expect(said).toMatch(/\/net\/lacking\.o: not found: memory_none\n/);
    expect(said).toMatch(/\/net\/seq: not a program for this system\n/);
    expect(said).toMatch(/counter: unloaded\n[\s\S]*counter: unknown command/);
    expect(said).toMatch(/all headers agree/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
