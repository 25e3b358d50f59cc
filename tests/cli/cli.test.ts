/** The command as a person calls it: from the bundle, in a folder of its own. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { isThorough } from "../setup/tier.ts";
import { provideBuild } from "../system/images.ts";

const root = join(import.meta.dirname, "../..");
const bundle = join(root, "dist/qure.cjs");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-cli-"));
  provideBuild(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function qure(
  args: readonly string[],
  cwd = folder,
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa("node", [bundle, ...args], {
    cwd,
    reject: false,
    timeout: 120_000,
    stdin: "ignore",
  });
  return { exitCode, stdout, stderr };
}

/** A copy of the sources, to break. */
function sources(name: string): string {
  const copy = join(folder, name);
  mkdirSync(copy, { recursive: true });
  for (const part of ["asm", "boot"]) cpSync(join(root, part), join(copy, part), { recursive: true });
  return copy;
}

/** All that a build makes, and what its manifest says of the ISO. */
function expectImages(within: string): readonly string[] {
  const names = readdirSync(join(folder, within))
    .filter((name) => name !== ".qure-cache")
    .sort();
  expect(names).toEqual([
    "kernel.elf",
    "kernel.lst",
    "kernel.map",
    "loader.elf",
    "manifest.json",
    "qure.img",
    "qure.iso",
  ]);
  const manifest = JSON.parse(readFileSync(join(folder, within, "manifest.json"), "utf8")) as {
    files: { name: string; sizeBytes: number; parts: Record<string, { offset: number }> }[];
  };
  const iso = manifest.files.find(({ name }) => name === "qure.iso")!;
  expect(iso.sizeBytes).toBe(statSync(join(folder, within, "qure.iso")).size);
  const at = iso.parts["kernelImage"]!.offset;
  expect(
    readFileSync(join(folder, within, "qure.iso"))
      .subarray(at, at + 8)
      .toString(),
  ).toBe("QUREKRNL");
  return names;
}

describe("qure build", () => {
  thoroughly("writes every image, the same bytes each time, and a manifest that describes them", async () => {
    // The build in build/ is the one that the global setup made, as revision 1000.
    expect((await qure(["build", "--packaged", "--checks", "--revision", "1000", "-o", "again"])).exitCode).toBe(0);
    const names = expectImages("again");
    for (const name of names)
      expect(readFileSync(join(folder, "again", name)).equals(readFileSync(join(folder, "build", name))), name).toBe(
        true,
      );
  });

  test("writes every image, and a manifest that describes them", () => {
    expectImages("build");
  });

  test("a folder without sources is refused, and nothing is written", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const { exitCode, stderr } = await qure(["build"], empty);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^qure build: error: there are no sources in this folder: .*--packaged/);
    expect(readdirSync(empty)).toEqual([]);
  });

  test("errors name their file, in one form", async () => {
    expect((await qure(["size", folder])).stderr).toBe(`qure size: error: ${folder}: is a folder`);
    expect((await qure(["build", "--nonsense"])).stderr).toMatch(/^qure build: error: unknown option/);
    expect((await qure(["ld", "nothing.o"])).stderr).toBe("qure ld: error: nothing.o: no such file");
  });

  thoroughly(
    "shows several mistakes with file, line, column and caret, exits 1, and leaves the previous build alone",
    async () => {
      const copy = sources("broken");
      provideBuild(copy);
      const before = readFileSync(join(copy, "build/qure.iso"));
      writeFileSync(
        join(copy, "asm/kernel/broken.s"),
        ".intel_syntax noprefix\n.text\n    mov eax, bl\n    frobnicate ecx\n    add eax, [ebx\n",
      );
      const { exitCode, stderr } = await qure(["build"], copy);
      expect(exitCode).toBe(1);
      const text = stderr;
      for (const line of [3, 4, 5])
        expect(text).toMatch(new RegExp(`^asm/kernel/broken\\.s:${line}:\\d+: error: .+\\n.*\\n *\\^`, "m"));
      expect(text).toMatch(/mov eax, bl/);
      expect(text).toMatch(/nothing was built: 3 errors/);
      expect(readFileSync(join(copy, "build/qure.iso")).equals(before)).toBe(true);
      expect(readdirSync(join(copy, "build")).filter((name) => name.endsWith(".part"))).toEqual([]);
    },
  );

  thoroughly("reports an undefined symbol at the line that uses it", async () => {
    const copy = sources("undefined");
    writeFileSync(join(copy, "asm/kernel/broken.s"), ".intel_syntax noprefix\n.text\n    call no_such_routine\n");
    const { exitCode, stderr } = await qure(["build"], copy);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/asm\/kernel\/broken\.s:3:10: error: undefined symbol no_such_routine/);
  });
});

describe("qure inspect", () => {
  test("describes ISO and disk from the image alone, and refuses others with a sentence", async () => {
    for (const name of ["qure.iso", "qure.img"]) {
      const { stdout, exitCode } = await qure(["inspect", `build/${name}`]);
      expect(exitCode).toBe(0);
      for (const expected of [
        /Boot record +version 2/,
        /checksum [0-9a-f]{8}, correct/,
        /relocation table/,
        /symbol table/,
        /source-line table/,
        /Partitions/,
      ])
        expect(stdout).toMatch(expected);
    }
    const { stdout } = await qure(["inspect", "--json", "build/qure.img"]);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "disk", partitions: [{ type: 0x99, active: true }] });
    writeFileSync(join(folder, "noise"), "x".repeat(5000));
    const noise = await qure(["inspect", "noise"]);
    expect(noise.exitCode).toBe(1);
    expect(String(noise.stderr)).toMatch(/^qure inspect: error: noise: not an image that qure knows/);
  });

  test("says that a checksum is wrong", async () => {
    provideBuild(join(folder, "flipped"));
    const path = join(folder, "flipped/build/qure.img");
    const bytes = readFileSync(path);
    const manifest = JSON.parse(readFileSync(join(folder, "flipped/build/manifest.json"), "utf8")) as {
      files: { name: string; parts: Record<string, { offset: number }> }[];
    };
    bytes[manifest.files.find(({ name }) => name === "qure.img")!.parts["code32"]!.offset + 99]! ^= 1;
    writeFileSync(path, bytes);
    const { exitCode, stderr } = await qure(["inspect", path]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/checksum is [0-9a-f]{8}, its content gives [0-9a-f]{8}/);
  });
});

describeThoroughly("qure emu", () => {
  test("boots three nodes to a cluster and prints it as JSON; a second run gives the same digest", async () => {
    const run = async (
      ...more: string[]
    ): Promise<{
      nodes: { era: number; age: number; peers: number; name: string; address: string }[];
      digest: string;
      reached: boolean;
    }> => {
      const { stdout, exitCode, stderr } = await qure(["emu", "--nodes", "3", "--json", ...more]);
      expect(exitCode, stderr).toBe(0);
      return JSON.parse(stdout) as never;
    };
    const first = await run();
    expect(first.reached).toBe(true);
    expect(first.nodes.map(({ name, era, age, peers }) => ({ name, era, age, peers }))).toEqual(
      [1, 2, 3].map((n) => ({ name: `qure-${n}`, era: 1, age: 1, peers: 2 })),
    );
    expect((await run()).digest).toBe(first.digest);
    if (isThorough) expect((await run("--seed", "7")).digest).not.toBe(first.digest);
  });

  test("keeps the machines' disks in --dir: the next run is the next era", async () => {
    const eras: number[] = [];
    for (let run = 0; run < 2; run++) {
      const { stdout } = await qure(["emu", "--nodes", "2", "--dir", "kept", "--json"]);
      eras.push((JSON.parse(stdout) as { nodes: { era: number }[] }).nodes[0]!.era);
    }
    expect(eras).toEqual([1, 2]);
  });

  test("types a script, writes logs, screens and a capture", async () => {
    writeFileSync(
      join(folder, "script.txt"),
      "# both nodes\n@* echo hello from a script\n!expect ^hello from a script\n@1 cloud\n!expect member|joining\n",
    );
    const { exitCode, stderr } = await qure([
      "emu",
      "--hda",
      "build/qure.img",
      "--nodes",
      "2",
      "--until",
      "cloud",
      "--script",
      "script.txt",
      "--log",
      "logs",
      "--screenshot",
      "screens",
      "--pcap",
      "net.pcapng",
    ]);
    expect(exitCode, stderr).toBe(0);
    expect(readFileSync(join(folder, "logs/qure-2.log"), "latin1")).toMatch(/hello from a script/);
    expect(readFileSync(join(folder, "screens/qure-1.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(readFileSync(join(folder, "net.pcapng")).readUInt32LE(0)).toBe(0x0a0d0d0a);
  });

  test("exits 3 when --until is not reached, 2 for wrong usage, 1 for a missing file, each with one sentence", async () => {
    const cases: readonly (readonly [args: string[], code: number, text: RegExp])[] = [
      [
        ["--hda", "build/qure.img", "--until", "text:never ever", "--for", "300ms"],
        3,
        /--until text:never ever was not reached within 300\.000 ms/,
      ],
      [["--nodes", "0"], 2, /--nodes 0: not a whole number/],
      [["--until", "soon"], 2, /write cloud or text:REGEX/],
      [["--for", "5 parsecs"], 2, /not a span of time/],
      [["--nodes", "2", "--serial", "stdio"], 2, /--serial is for a single machine/],
      [[..."12345"].flatMap(() => ["--serial", "null"]), 2, /--serial: more than 4 times/],
      [["--disk", "12"], 2, /size from 16M/],
      [["--nonsense"], 2, /unknown option/],
      [["--cdrom", "missing.iso"], 1, /missing\.iso: no such file/],
    ];
    for (const [args, code, text] of cases) {
      const { exitCode, stderr } = await qure(["emu", ...args]);
      expect(exitCode, args.join(" ")).toBe(code);
      expect(stderr).toMatch(text);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe("qure --help", () => {
  test("starts quickly enough to be called by hand: its help loads no command", async () => {
    const { stdout } = await qure(["--help"]);
    for (const name of ["build", "emu", "inspect"]) expect(stdout).toMatch(new RegExp(`^ +${name}\\b`, "m"));
    for (const name of ["build", "emu", "inspect"]) expect((await qure([name, "--help"])).stdout).toMatch(/Example/);
  });
});
