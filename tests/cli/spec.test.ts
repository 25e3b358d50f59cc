/**
 * `qure new`, and `qure build` by a spec: what each key does to the files of a small system, and how mistakes are
 * shown. What keys do in a running QuRe is in tests/system/spec.thorough.test.ts.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectImage } from "../../src/image/inspect.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { startCluster } from "../../src/start-cluster.ts";
import { parseVmdk } from "../../src/vm/vmdk.ts";
import { templateOfVmx } from "../../src/vm/vmx.ts";
import { smallSystem } from "../build/small-system.ts";
import { requireOracle } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { bundle, type Ended, qure as inProcess } from "./in-process.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-spec-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const qure = (cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  inProcess(args, { cwd, env: { ...process.env, ...env } });

async function built(
  cwd: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { status, stdout, stderr } = await qure(cwd, ["build", ...args], env);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

/** The console of a machine with this medium, when it is off. */
async function consoleOf(medium: "cdrom" | "disk", path: string): Promise<string> {
  const [node] = startCluster({ nodes: [{ [medium]: readFileSync(path) }] }).nodes;
  await node!.waitFor(/from [a-z-]+!/, { within: "1s" });
  return node!.console.text;
}

describe("a system of one's own", () => {
  let home: string;
  beforeAll(async () => {
    home = join(folder, "my-os");
    expect((await qure(folder, ["new", "my-os"])).status).toBe(0);
  });

  test("builds, boots from CD and disk, and its image is the one that qure emu takes", async () => {
    await built(home);
    for (const [medium, file] of [
      ["cdrom", "my-os.iso"],
      ["disk", "my-os.img"],
    ] as const)
      expect(await consoleOf(medium, join(home, "build", file))).toContain("Hello from my-os!");
    const { status, stdout } = await qure(home, ["emu", "--json"]);
    expect([status, JSON.parse(stdout)["ended"]]).toEqual([0, "off"]);
    expect(await built(home)).toMatch(/^nothing has changed/m);
  });

  thoroughly("its own test passes by the package alone", async () => {
    await built(home);
    const { status, stdout } = spawnSync("node", ["--test"], {
      cwd: home,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/pass 2\n/)]);
  });

  test("a change of the spec is a change, and values come from each layer", async () => {
    await built(home);
    writeFileSync(join(home, "build.local.json"), '{ "+outputs": ["usb"] } // here alone');
    expect(await built(home, ["--set", "product=Mine"], { QURE_VERSION: "1.5" })).toContain("my-os.usb.img");
    const manifest = JSON.parse(readFileSync(join(home, "build/manifest.json"), "utf8"));
    expect(manifest).toMatchObject({ name: "my-os", product: "Mine", version: "1.5", boots: "my-os.iso" });
    expect(await built(home, ["--show-config", "outputs"])).toBe(
      '# default < build.json < build.local.json < environment < command line\noutputs = ["iso","raw","usb"]\n    added at build.local.json:1:3 (build.local.json)\n    after build.json:7:3 (build.json): ["iso","raw"]\n    over default: ["iso","raw"]\n',
    );
    for (const key of ["defines", "modules.http", "disk.settings.a"])
      expect(await built(home, ["--show-config", key])).toMatch(`\n# ${key}: nothing says anything of it\n`);
    const { order, settings } = JSON.parse(await built(home, ["--show-config", "name", "--json"]));
    expect([order.length, settings[0].value, settings[0].from.place]).toEqual([5, "my-os", "build.json:3:3"]);
    rmSync(join(home, "build.local.json"));
  });

  test("--config is read in the place of both files", async () => {
    writeFileSync(join(home, "build.local.json"), "broken");
    const text = readFileSync(join(home, "build.json"), "utf8").replace('"my-os"', '"other"');
    writeFileSync(join(home, "other.json"), text);
    expect(await built(home, ["--config", "other.json", "-o", "out"])).toContain("other.iso");
    rmSync(join(home, "build.local.json"));
    expect(await qure(home, ["build", "--config", "none.json"])).toMatchObject({
      status: 1,
      stderr: "qure build: error: --config none.json: no such file\n",
    });
  });

  test("a mistake is shown at its place, and nothing is written", async () => {
    await built(home);
    const before = readFileSync(join(home, "build/manifest.json"), "utf8");
    const wrong = '{\n  "name": "x",\n  "layuot": "flat"\n}\n';
    writeFileSync(join(home, "wrong.json"), wrong);
    expect(await qure(home, ["build", "--config", "wrong.json"])).toMatchObject({
      status: 1,
      stderr:
        'wrong.json:3:3: error: there is no key layuot [spec-key]\n      "layuot": "flat"\n      ^~~~~~~~\n    did you mean layout?\n',
    });
    const refused = async (...set: string[]): Promise<string> =>
      (await qure(home, ["build", ...set.flatMap((one) => ["--set", one])])).stderr;
    expect(await refused("sources=[]")).toMatch(/a flat system says which its sources are/);
    expect(await refused("disk.init=x")).toMatch(/disk\.init is of a volume, which a flat system has not/);
    expect(await refused("sources=boot.s,krnl.s")).toMatch(/^krnl\.s: error: there is no such source/);
    expect(await refused("modules.http=false")).toMatch(/there is no module http/);
    expect(readFileSync(join(home, "build/manifest.json"), "utf8")).toBe(before);
  });

  thoroughly("outputs for VMware say one machine, with this disk", async () => {
    await built(home, [
      "--set",
      "outputs=vmx,tgz",
      "--set",
      "machine.memory=64M",
      "--set",
      "machine.processors=2",
      "-o",
      "v",
    ]);
    expect(
      readdirSync(join(home, "v"))
        .filter((name) => name.startsWith("my-os"))
        .sort(),
    ).toEqual(["my-os.img", "my-os.tgz", "my-os.vmdk", "my-os.vmx"].sort());
    const vmx = readFileSync(join(home, "v/my-os.vmx"), "utf8");
    const { template, disk } = templateOfVmx("my-os.vmx", vmx);
    expect([template.memory, template.cpus, disk?.file]).toEqual(["64M", 2, "my-os.vmdk"]);
    const { sizeBytes, extent } = parseVmdk("my-os.vmdk", readFileSync(join(home, "v/my-os.vmdk"), "utf8"));
    expect([sizeBytes, extent]).toEqual([statSync(join(home, "v/my-os.img")).size, "my-os.img"]);
    const tar = gunzipSync(readFileSync(join(home, "v/my-os.tgz")));
    expect(tar.includes(vmx) && tar.includes("my-os/my-os.vmdk") && tar.length > sizeBytes).toBe(true);
  });

  thoroughly("sources by pattern, folders for includes, symbols", async () => {
    mkdirSync(join(home, "kernel/sub"), { recursive: true });
    writeFileSync(
      join(home, "kernel/sub/kernel.s"),
      '.include "said.inc"\n.globl kernel\nkernel: mov $LEVEL + SAID, %eax\n ret\n',
    );
    mkdirSync(join(home, "headers"));
    writeFileSync(join(home, "headers/said.inc"), ".set SAID, 0x1000\n");
    const sets = ["sources=boot.s,kernel/**/*.s", "includes=headers", "defines.LEVEL=7"].flatMap((one) => [
      "--set",
      one,
    ]);
    await built(home, [...sets, "-o", "p"]);
    const code = (): Buffer => readFileSync(join(home, "p/my-os.img"));
    expect(code().includes(Buffer.from([0xb8, 0x07, 0x10, 0, 0]))).toBe(true);
    // The object of before was made with another value.
    await built(home, [...sets, "--set", "defines.LEVEL=8", "-o", "p"]);
    expect(code().includes(Buffer.from([0xb8, 0x08, 0x10, 0, 0]))).toBe(true);
  });

  thoroughly("--watch builds after a change of spec or source, and not after its own", async () => {
    const watching = spawn("node", [bundle, "build", "--watch", "-o", "seen"], { cwd: home });
    const lines: string[] = [];
    const next = (): Promise<void> =>
      new Promise((resolve) =>
        watching.stdout.once("data", (text: Buffer) => {
          lines.push(text.toString().replace(/\d.*/s, ""));
          resolve();
        }),
      );
    await next();
    writeFileSync(join(home, "kernel.s"), readFileSync(join(home, "kernel.s"), "utf8").replace("Hello", "Hallo"));
    await next();
    writeFileSync(join(home, "build.local.json"), '{ "outputs": ["usb"] }');
    await next();
    watching.kill();
    rmSync(join(home, "build.local.json"));
    expect(lines).toEqual(["built in ", "built in ", "built in "]);
    expect(readFileSync(join(home, "seen/my-os.usb.img")).includes("Hallo from my-os!")).toBe(true);
  });

  thoroughly("a kernel in C", async (context) => {
    const gcc = requireOracle("gcc", context);
    expect((await qure(folder, ["new", "in-c", "--c"])).status).toBe(0);
    const own = join(folder, "in-c");
    await built(own, ["--set", `c.compiler=${gcc}`, "--set", "c.options=-DUNUSED=1"]);
    expect(await consoleOf("cdrom", join(own, "build/in-c.iso"))).toContain("Hello from in-c!");
    const { status, stderr } = await qure(own, ["build", "--set", "c.compiler=no-such-compiler"]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/kernel\.c: `no-such-compiler` does not run: .*gcc.*-m32/),
    ]);
  });
});

describe("the folder of a new system", () => {
  test("never lies over something, and no half of one stays", async () => {
    const home = join(folder, "taken");
    mkdirSync(home);
    expect((await qure(home, ["new", "."])).status).toBe(0);
    expect(existsSync(join(home, "build.json"))).toBe(true);
    writeFileSync(join(home, "boot.s"), "mine");
    const { status, stderr } = await qure(folder, ["new", "taken"]);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/taken: is not empty/)]);
    expect(readFileSync(join(home, "boot.s"), "utf8")).toBe("mine");
    expect((await qure(folder, ["new", "taken/boot.s"])).stderr).toMatch(/exists, and is not a folder/);
    expect((await qure(folder, ["new", "7"])).status).toBe(2);
    expect((await qure(folder, ["new", "x", "--c", "--asm"])).status).not.toBe(0);
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("a variant of QuRe has the spec for it", async () => {
    expect((await qure(folder, ["new", "variant", "--from", "qure"])).status).toBe(0);
    expect(readFileSync(join(folder, "variant/build.json"), "utf8")).toContain('"hostName": "variant-{mac}"');
    expect(existsSync(join(folder, "variant/asm/programs/greet.s"))).toBe(true);
  });
});

describe("modules", () => {
  let home: string;
  beforeAll(() => {
    home = join(folder, "small");
    const files = {
      ...Object.fromEntries(smallSystem()),
      "asm/services/door.s": ".globl door\ndoor: mov $1, %al\n ret\n",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), text, "latin1");
    }
    mkdirSync(join(folder, "my-door"));
    writeFileSync(join(folder, "my-door/door.s"), ".globl door\ndoor: mov $0x77, %al\n call hinge\n ret\n");
    writeFileSync(join(folder, "my-door/hinge.s"), ".globl hinge\nhinge: ret\n");
  });

  const names = (output = "build"): string => readFileSync(join(home, output, "kernel.map"), "utf8");

  test("without a spec all is as it was, byte by byte", async () => {
    await built(home);
    const { files, ...rest } = JSON.parse(readFileSync(join(home, "build/manifest.json"), "utf8"));
    expect(Object.keys(rest)).toEqual(["version", "revision", "kernelSha256"]);
    await built(home, ["--set", "name=qure", "-o", "said"]);
    expect(JSON.parse(readFileSync(join(home, "said/manifest.json"), "utf8")).files).toEqual(files);
  });

  test("one is left out, or made of another folder's sources", async () => {
    await built(home, ["--set", "modules.door=false", "--set", "programs=one", "-o", "left"]);
    expect(names("left")).not.toMatch(/\bdoor\b/);
    expect(readFileSync(join(home, "left/kernel.elf")).includes("two\0")).toBe(false);
    const lines = await built(home, ["--explain", "-o", "left"], { QURE_DOOR_DIR: "../my-door" });
    expect(lines).toMatch(/^asm\/services\/hinge\.s: it is new$/m);
    expect(names("left")).toMatch(/\bhinge\b/);
    expect(await built(home, ["-o", "left"], { QURE_DOOR_DIR: "../my-door" })).toMatch(/^nothing has changed/m);
    writeFileSync(join(folder, "my-door/hinge.s"), ".globl hinge\nhinge: nop\n ret\n");
    expect(await built(home, ["--explain", "-o", "left"], { QURE_DOOR_DIR: "../my-door" })).toMatch(
      /hinge\.s has changed/,
    );
  });

  test("one is built alone, and mistakes are shown in its folder", async () => {
    await built(home, ["door"], { QURE_DOOR_DIR: "../my-door" });
    const object = readElf(new Uint8Array(readFileSync(join(home, "build/door.o"))), "door.o");
    const defined = object.table.globals.map((index) => object.table.at(index)!.name);
    expect(defined.sort()).toEqual(["door", "hinge"]);
    await built(home, ["one"]);
    expect(readElf(new Uint8Array(readFileSync(join(home, "build/one.elf"))), "one.elf").entry).toBeGreaterThan(0);
    writeFileSync(join(folder, "my-door/broken.s"), "movv\n");
    const { status, stderr } = await qure(home, ["build"], { QURE_DOOR_DIR: "../my-door" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^\.\.\/my-door\/broken\.s:1:1: error: /)]);
    rmSync(join(folder, "my-door/broken.s"));
  });

  thoroughly("what is none is refused", async () => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    const refused = async (args: readonly string[], env = {}): Promise<string> =>
      (await qure(home, ["build", ...args], env)).stderr;
    expect(await refused(["dor"])).toMatch(/there is no module dor: did you mean door\?/);
    expect(await refused([], { QURE_DOR_DIR: "../my-door" })).toMatch(/QURE_DOR_DIR: there is no module dor/);
    expect(await refused([], { QURE_DOOR_DIR: "../empty" })).toMatch(/modules\.door: \.\.\/empty holds no source/);
    expect(await refused(["--set", "programs=on"])).toMatch(/there is no program on: did you mean one\?/);
    expect(await refused(["--set", "modules.kernel=false"])).toMatch(/the spec leaves out kernel/);
  });

  thoroughly("objects of one folder serve another by a shared cache, which is bounded", async () => {
    const cache = join(folder, "shared");
    const env = { QURE_BUILD_CACHE: cache };
    await built(home, ["-o", "first"], env);
    const objects = readdirSync(cache);
    expect(objects.length).toBeGreaterThan(10);
    const damaged = objects.filter((name) => name.endsWith(".object"))[0]!;
    writeFileSync(join(cache, damaged), "not an object at all, and longer than its head");
    await built(home, ["-o", "second"], env);
    for (const name of ["qure.iso", "kernel.elf"])
      expect(readFileSync(join(home, "second", name)).equals(readFileSync(join(home, "first", name)))).toBe(true);
    for (let i = 0; i < 30; i++)
      writeFileSync(join(cache, `${`${i}`.padStart(64, "0")}.object`), Buffer.alloc(1 << 16));
    writeFileSync(join(home, "asm/services/door.s"), ".globl door\ndoor: mov $2, %al\n ret\n");
    await built(home, ["-o", "second"], { ...env, QURE_BUILD_CACHE_MIB: "1" });
    const sizeBytes = readdirSync(cache).reduce((sum, name) => sum + statSync(join(cache, name)).size, 0);
    expect(sizeBytes).toBeLessThanOrEqual(1 << 20);
    expect((await qure(home, ["build"], { ...env, QURE_BUILD_CACHE_MIB: "x" })).status).toBe(2);
  });
});

test("the label and the revision of a kernel image, and the size of the disk, are the spec's", async () => {
  const home = join(folder, "small");
  const sets = ["product=Other", "version=2.0", "revision=77", "disk.size=17M", "name=odd-name"];
  await built(home, [...sets.flatMap((one) => ["--set", one]), "-o", "labelled"]);
  const iso = readFileSync(join(home, "labelled/odd-name.iso"));
  const { kernel, volume } = inspectImage({
    sizeBytes: iso.length,
    read: (at, length) => iso.subarray(at, at + length),
  });
  expect([kernel?.label, kernel?.revision, volume]).toEqual(["Other 2.0", 77, "ODD_NAME"]);
  expect(statSync(join(home, "labelled/odd-name.img")).size).toBe(17 << 20);
});
