/**
 * What a user gets: a clean clone is packed as `npm publish` packs it, its scripts included, and the file installed in
 * an empty project. The commands of the README and the tutorial, the page, and the API in each kind of program work
 * there.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { build } from "esbuild";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
let folder: string;
let clone: string;
let home: string;
let packed: string[];

/** npm without the network, and without what other runs have left. */
const npm = (cwd: string, ...args: string[]) =>
  execa("npm", args, {
    cwd,
    reject: false,
    env: { npm_config_offline: "true", npm_config_cache: join(folder, "cache") },
  });
const run = (program: string, ...args: string[]) => execa(program, args, { cwd: home, reject: false });
const write = (name: string, text: string): void => writeFileSync(join(home, name), text);

/** A file of the clone's dist/ that each build writes anew. */
const builtAt = (): number => statSync(join(clone, "dist/.sources")).mtimeMs;

function makeClone(): void {
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const name of files
    .toString()
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(root, path)))) {
    mkdirSync(dirname(join(clone, name)), { recursive: true });
    cpSync(join(root, name), join(clone, name));
  }
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qure-package-"));
  [clone, home] = [join(folder, "clone"), join(folder, "home")];
  for (const made of [clone, home]) mkdirSync(made);
  makeClone();
  const { exitCode, stderr, stdout } = await npm(clone, "pack", "--pack-destination", folder);
  expect(exitCode, stderr).toBe(0);
  const file = join(folder, stdout.trim().split("\n").at(-1)!);
  packed = (await execa("tar", ["-tzf", file])).stdout.split("\n").map((path) => path.replace(/^package\//, ""));
  write("package.json", '{"name":"home","version":"1.0.0","type":"module"}');
  const installed = await npm(home, "install", "--no-audit", "--no-fund", file);
  expect(installed.exitCode, installed.stderr).toBe(0);
}, 400_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  test("has the page, all licences, and no map of sources that do not come with it", () => {
    expect(packed).toEqual(expect.arrayContaining(["dist/page/index.html", "dist/page/system.gz", "dist/index.d.cts"]));
    expect(packed.filter((path) => /^dist\/.*(\.map|\.cache)$|^dist\/\.|^(src|emulator|tests)\//.test(path))).toEqual(
      [],
    );
    const licences = (name: string) => readFileSync(join(home, "node_modules/qure", name, "LICENSES"), "utf8");
    expect(licences("dist")).toMatch(/^commander \d[\s\S]*^fflate \d/m);
    expect(licences("dist/page")).toMatch(/^preact \d/m);
  });

  test("is the same when it is packed again, and then nothing is built", async () => {
    const before = builtAt();
    const { stdout, stderr } = await npm(clone, "pack", "--dry-run", "--json");
    expect(stderr).not.toMatch(/building/);
    const [{ files }] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [{ files: { path: string }[] }];
    expect(files.map(({ path }) => path).sort()).toEqual([...packed].sort());
    expect(builtAt()).toBe(before);
  });

  test("is run by npx in its own folder as it stands there", async () => {
    const before = builtAt();
    const { stdout, stderr } = await npm(clone, "exec", "--", "qure", "--version");
    expect(stdout, stderr).toMatch(/^\d+\.\d+\.\d+$/);
    expect(builtAt()).toBe(before);
  });
});

describe("the commands of README and tutorial, installed", () => {
  const qure = (...args: string[]) => run("npx", "--no-install", "qure", ...args);

  test("build QuRe's own sources, and boot three machines that become a cluster", async () => {
    const built = await qure("build", "--packaged");
    expect(built.exitCode, built.stderr).toBe(0);
    const { exitCode, stdout, stderr } = await qure("emu", "--nodes", "3", "--until", "cloud", "--dir", "machines");
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^qure-3 +10\.0\.2\.\d+ +1 +1 +2$/m);
  });

  test("are programs by the names of the tools", async () => {
    write("a.s", ".intel_syntax noprefix\nret\n");
    const { exitCode, stderr } = await run("npx", "--no-install", "qure-as", "a.s", "-o", "a.o");
    expect(exitCode, stderr).toBe(0);
    expect((await run("npx", "--no-install", "qure-size", "a.o")).stdout).toMatch(/a\.o/);
  });

  test("serve the page, and write it to a folder", async () => {
    const { stdout } = await qure("page", "--out", "site");
    expect(stdout.trim()).toBe("site/index.html");
    // The package has the sources as files.
    const sources = gunzipSync(readFileSync(join(home, "site/sources.gz")));
    expect(sources.includes(readFileSync(join(root, "boot/loader/main.s"))) && sources.includes("asm/shell/")).toBe(
      true,
    );
    const html = readFileSync(join(home, "site/index.html"), "utf8");
    // Without npx between, which would be ended alone.
    const server = execa(join(home, "node_modules/.bin/qure"), ["page", "--port", "0", "--no-isolate"], {
      reject: false,
    });
    const said = await new Promise<string>((hear) => server.stdout!.once("data", (text) => hear(`${text}`)));
    const [url] = /http:\S+/.exec(said)!;
    const response = await fetch(url);
    server.kill();
    expect(await response.text()).toBe(html);
    await server;
  });
});

describe("the API, installed, in a program", () => {
  /** Waits for the firmware's words: a machine without anything to boot. */
  const BODY = `
    const lab = startCluster({ nodes: [{ ramBytes: 1 << 20 }, { ramBytes: 1 << 20 }], threads: 2 });
    await lab.nodes[0].waitForScreen(/No bootable device/, { within: "5s" });
    console.log("it works");
    lab.close();`;

  test.each([
    ["try.mjs", `import { startCluster } from "qure";${BODY}`],
    ["try.cjs", `const { startCluster } = require("qure"); (async () => {${BODY}})();`],
  ])("%s", async (name, text) => {
    write(name, text);
    const { stdout, stderr } = await run("node", name);
    expect(stdout, stderr).toBe("it works");
    expect(stderr).toBe("");
  });

  test.each([
    ["subjects.mjs", (name: string) => `await import("${name}")`],
    ["subjects.cjs", (name: string) => `require("${name}")`],
  ])("%s: the subjects have the very things of the whole, and all of them", async (name, get) => {
    write(
      name,
      `(async () => {
        const { VERSION, default: _, ...whole } = ${get("qure")};
        const subjects = [${["qure/lab", "qure/tools", "qure/chaos"].map(get).join(", ")}];
        const parts = Object.assign({}, ...subjects);
        delete parts.default;
        const names = Object.keys(whole).sort();
        console.log(subjects.every((part) => Object.keys(part).length > 1), VERSION);
        const isNamed = (key) => typeof whole[key] !== "function" || whole[key].name === key;
        console.log(names.filter((key) => whole[key] !== parts[key] || !isNamed(key)), Object.keys(parts).length === names.length);
      })();`,
    );
    const { stdout, stderr } = await run("node", name);
    expect(stdout, stderr).toMatch(/^true \d+\.\d+\.\d+\n\[\] true$/);
  });

  test.each([[[]], [["node"]]])("in TypeScript of both kinds, with the types %j and no others", async (types) => {
    const program = `
      import { type LabNode, startCluster, type StartNode, WaitError } from "qure";
      const nodes: StartNode[] = [{ kernel: Uint8Array.of(0xf4), append: "quiet" }];
      export const first: LabNode = startCluster({ nodes }).nodes[0]!;
      export class Mine extends WaitError {}
      export const wrong: number = first.screen();
      import type { Invariant } from "qure/chaos";
      import type { LabNode as Same } from "qure/lab";
      import { assemble, type Assembly } from "qure/tools";
      export const same: Same = first;
      export const invariants: Invariant[] = [];
      export const made: Assembly = assemble({ path: "a.s", files: { read: () => null } });`;
    write("a.ts", program);
    write("b.cts", program);
    mkdirSync(join(home, "node_modules/@types"), { recursive: true });
    if (types.length > 0)
      for (const name of ["@types/node", "undici-types"])
        if (!existsSync(join(home, "node_modules", name)))
          symlinkSync(join(root, "node_modules", name), join(home, "node_modules", name));
    const options = {
      types,
      strict: true,
      noEmit: true,
      target: "es2022",
      lib: ["es2023"],
      skipLibCheck: types.length > 0,
    };
    for (const module of ["node16", "nodenext"]) {
      write("tsconfig.json", JSON.stringify({ compilerOptions: { ...options, module }, files: ["a.ts", "b.cts"] }));
      const { stdout } = await run("node", join(root, "node_modules/typescript/bin/tsc"));
      // Types that are known say what is wrong; those that are not would let it pass.
      expect(stdout.match(/^\S+: error TS\d+/gm)).toEqual(["a.ts(6,20): error TS2322", "b.cts(6,20): error TS2322"]);
    }
  });

  test.each(["esm", "cjs"] as const)(
    "that esbuild has bundled (%s): it finds the package, or says what to do",
    async (format) => {
      const text = `import { startCluster } from "qure"; (async () => {${BODY}})().catch(({ message }) => console.log(message));`;
      write("main.js", text);
      const name = format === "esm" ? "main.mjs" : "main.cjs";
      const outfile = join(home, "out", name);
      await build({
        entryPoints: [join(home, "main.js")],
        outfile,
        bundle: true,
        platform: "node",
        format,
        logLevel: "error",
      });
      expect((await run("node", outfile)).stdout).toBe("it works");
      const elsewhere = join(folder, `elsewhere-${format}`);
      mkdirSync(elsewhere);
      cpSync(outfile, join(elsewhere, name));
      const alone = await execa("node", [name], { cwd: elsewhere });
      expect(alone.stdout).toMatch(/^the files of qure \S+ are not found from \S+: leave qure out of the bundle .*$/);
      for (const file of ["*.bin", "*.wasm", "*.js"])
        await execa("sh", ["-c", `cp ${join(home, "node_modules/qure/dist")}/${file} .`], { cwd: elsewhere });
      expect((await execa("node", [name], { cwd: elsewhere })).stdout).toBe("it works");
    },
  );
});
