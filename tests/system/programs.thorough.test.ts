/**
 * Programs, what takes long: random system calls from ring 3, and programs and modules in files of a volume. A million
 * calls: QURE_CALLS=1000000 QURE_THOROUGH=1 npx vitest run tests/system/programs.thorough.test.ts -t random
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { atLength } from "../setup/thoroughly.ts";
import { boot, images, PROMPT, root } from "./images.ts";

/** Of asm/programs/lib: what the programs here need. */
const PARTS = ["print", "output", "text"];

const CALLS = 20_000;
const RUNS = Math.ceil(Number(process.env["QURE_CALLS"] ?? 60_000) / CALLS);
/** For the host: it takes some minutes. */
const MILLION_MS = 1_800_000;

atLength(
  "a million random calls do the kernel no harm",
  async () => {
    const lab = boot({ nodes: [{ cdrom: images().iso }] });
    const node = lab.nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("service stop network", PROMPT);
    for (let run = 0; run < RUNS; run++) {
      await node.enter(`hostile ${CALLS} ${1 + run * CALLS}`, /(\d+) calls by \d+ programs, \d+ of them killed\n/, {
        within: "forever",
        look: "output",
      });
      await node.enter("mem check", /all headers agree/);
    }
    expect(node.console.text.match(new RegExp(`^${CALLS} calls by`, "gm"))).toHaveLength(RUNS);
  },
  MILLION_MS,
);

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
      for (const part of PARTS)
        await qure("as", "-g", "-I", "asm/include", "-o", at(`${part}.o`), `asm/programs/lib/${part}.s`);
      await qure(
        "ld",
        "-T",
        "asm/programs.ld",
        "-o",
        at(name),
        at(`${name}.o`),
        ...PARTS.map((part) => at(`${part}.o`)),
      );
      await qure("disk", "put", at(name), `${at("disks/qure-1.img")}/${name}`);
    }
    const source = readFileSync(join(root, "tests/guest/programs/module.s"), "utf8");
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
      "/net/seq 3 > /net/three",
      "wc /net/three",
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
    expect(said).toMatch(/\n {3}2000 {4}2000 {4}8893\n/);
    expect(said).toMatch(/^fault \(task \d+\) has ended: divide error, eip [0-9a-f]{8}, fault\.s:\d+$/m);
    expect(said).toMatch(/wc \/net\/three\n +3 +3 +6/);
    expect(said).toMatch(/no problem was found/);
    expect(said).toMatch(/counter: loaded\n[\s\S]*counter: 41\n[\s\S]*counter: 42\n[\s\S]* memory +counter\.o\n/);
    expect(said).toMatch(/\/net\/counter\.o: exists already\n/);
    expect(said).toMatch(/\/net\/lacking\.o: not found: memory_none\n/);
    expect(said).toMatch(/\/net\/seq: not a program for this system\n/);
    expect(said).toMatch(/counter: unloaded\n[\s\S]*usage: counter MILLISECONDS/);
    expect(said).toMatch(/all headers agree/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("services start with the machine, in order of need, are started again after failures, and keep what they print", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qure-services-"));
  const at = (name: string): string => join(folder, name);
  const qure = (...args: string[]): Promise<unknown> =>
    execa(process.execPath, [join(root, "dist/qure.cjs"), ...args], { cwd: root });
  const emulate = async (commands: readonly string[]): Promise<string> => {
    writeFileSync(at("script.txt"), commands.map((line) => `${line}\n`).join(""));
    const machine = ["--no-gateway", "--image", at("qure.iso"), "--dir", at("disks"), "--log", at("log")];
    await qure("emu", ...machine, "--script", at("script.txt"));
    return readFileSync(at("log/qure-1.log"), "utf8").replaceAll("\r", "");
  };
  const services = {
    counter: "# counts\nprogram /bin/seq 3\nrestart never\n",
    sleeper: "program /bin/sleep 1000000\nneed counter",
    crasher: "program /bin/fault divide\n",
    wrong: "programm /bin/seq\n",
  };
  try {
    writeFileSync(at("qure.iso"), images().iso);
    await emulate(["ls /net"]);
    const disk = at("disks/qure-1.img");
    await qure("disk", "mkdir", `${disk}/services`);
    for (const [name, text] of Object.entries(services)) {
      writeFileSync(at(name), text);
      await qure("disk", "put", at(name), `${disk}/services/${name}`);
    }
    const said = await emulate([
      "sleep 6000",
      "service list",
      "service log counter",
      "service status crasher",
      "service stop crasher",
      "service stop sleeper",
      "service list",
      "service start sleeper",
      "service restart sleeper",
      "service status sleeper",
      "service stop sleeper",
      "service start none",
      "mem check",
    ]);
    expect(said).toMatch(/^service wrong: invalid argument$/m);
    expect(said).toMatch(/^done +counter$/m);
    expect(said).toMatch(/^running +sleeper$/m);
    expect(said).toMatch(/service log counter\n1\n2\n3\n/);
    expect(said).toMatch(/^waiting, restarts 2, last status 128, program \/bin\/fault divide$/m);
    expect(said).toMatch(
      /^stopped +sleeper\n(?:.*\n)?stopped +crasher$|^stopped +crasher\n(?:.*\n)?stopped +sleeper$/m,
    );
    expect(said).toMatch(/^running, restarts 0, last status \d+, program \/bin\/sleep 1000000$/m);
    expect(said).toMatch(/^service none: not found$/m);
    expect(said).toMatch(/all headers agree/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
