// Bundles the command line and the public API into dist/, and assembles the firmware of the emulated PC beside them.
// Each tool and each command is a script of its own (src/cli/start.ts). With --if-changed it does nothing when dist/ is
// of the sources as they are.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build as esbuild, transform } from "esbuild";
import { bundle } from "./bundle.mjs";
import { readyInterpreter } from "./interpreter.mjs";
import { hashOf, STAMP, sourcesHash } from "./sources.mjs";

// Taken before anything is read: what changes from here on makes dist/ stale.
const sources = sourcesHash();
if (process.argv.includes("--if-changed") && (await readFile(STAMP, "utf8").catch(() => "")) === sources)
  process.exit(0);

const run = promisify(execFile);
const { version } = JSON.parse(await readFile("package.json", "utf8"));

/** What a module of src/ exports that imports nothing at run time. */
async function load(path) {
  const { code } = await transform(await readFile(path, "utf8"), { loader: "ts", format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
const TOOLS = [...(await load("src/cli/tools.ts")).TOOLS.keys()];
const { COMMANDS, NO_COMMAND } = await load("src/cli/commands.ts");

await rm("dist", { recursive: true, force: true });
await mkdir("dist/scripts", { recursive: true });
const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  minifySyntax: true,
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
};
const define = { QURE_VERSION: JSON.stringify(version) };
// Fields are assignments in constructors: while the code is not optimised yet they are much faster than definitions.
const tsconfigRaw = { compilerOptions: { useDefineForClassFields: false } };

/** Folders of the packages by others whose code is in a bundle. */
const bundledPackages = new Set();

async function build(options) {
  const { metafile } = await esbuild({ ...options, metafile: true });
  for (const input of Object.keys(metafile.inputs)) {
    const [folder] = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder !== undefined) bundledPackages.add(folder);
  }
}

/** Writes the licences of the bundled packages to dist/LICENSES. */
async function writeLicences() {
  const parts = [...bundledPackages].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${folder} is bundled and has no file with its licence`);
    return `${name} ${version} (${license})\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}\n`;
  });
  const texts = await Promise.all(parts);
  await writeFile("dist/LICENSES", `The files in this folder contain code of these packages.\n\n${texts.join("\n\n")}`);
}

/**
 * Programs with the names of GNU's tools, for PATH and for `gcc -B`; with the prefix `qure-`, for Makefiles that put one
 * before each name (CROSS_COMPILE). A program is a script of its own, so it says which tool it is as an argument.
 */
async function writePrograms() {
  await mkdir("dist/bin", { recursive: true });
  const programs = TOOLS.flatMap((tool) => [tool, `qure-${tool}`].map((name) => ({ tool, name })));
  // Without an extension they would be modules, as the package is; CommonJS starts sooner.
  await writeFile("dist/bin/package.json", `{ "type": "commonjs" }\n`);
  await Promise.all(
    programs.map(async ({ tool, name }) => {
      const text = `#!/usr/bin/env node\nprocess.argv.splice(2, 0, ${JSON.stringify(tool)});\nrequire("../qure.cjs");\n`;
      await writeFile(`dist/bin/${name}`, text);
      await chmod(`dist/bin/${name}`, 0o755);
    }),
  );
}

/** What `qure as` knows of compilers' instructions before it has read any (src/assembler/shapes.ts), in base 64. */
async function shapes() {
  const outfile = "build/shapes.mjs";
  await bundle("src/assembler/shapes.ts", outfile);
  const { shapesOf } = await import(pathToFileURL(outfile).href);
  const path = "scripts/shapes.s";
  return Buffer.from(shapesOf(path, await readFile(path))).toString("base64");
}

/** The module that runs each script, by its name. */
const SCRIPTS = new Map([
  ...TOOLS.map((name) => [
    name,
    `import { runTool } from "./tool.ts"; import * as tool from "./${name}.ts"; void runTool(tool, process.argv.slice(3));`,
  ]),
  ...[...COMMANDS.keys()].map((name) => [
    name,
    `import { main } from "./main.ts"; import * as command from "./${name}.ts"; main("${name}", command);`,
  ]),
  [NO_COMMAND, `import { main } from "./main.ts"; main("", null);`],
]);

/** Makes the interpreter's modules, which bundles find in dist/; returns a hash of them. */
async function buildInterpreters() {
  const hash = createHash("sha256");
  for (const codeBits of [16, 32]) {
    const module = await readyInterpreter(codeBits);
    await writeFile(`dist/interpreter-${codeBits}.wasm`, module);
    hash.update(module);
  }
  return hash.digest("hex").slice(0, 16);
}

async function buildScripts(interpreterHash) {
  const scriptsDefine = {
    ...define,
    QURE_INTERPRETER_HASH: JSON.stringify(interpreterHash),
    QURE_EMULATOR_HASH: JSON.stringify(hashOf(["emulator", "src/isa"]).slice(0, 16)),
    QURE_SHAPES: JSON.stringify(await shapes()),
    "import.meta.url": "qureScriptUrl",
  };
  const hash = createHash("sha256");
  for (const [name, contents] of SCRIPTS) {
    await build({
      ...common,
      define: scriptsDefine,
      inject: ["src/host/kept-guest-code.ts"],
      tsconfigRaw,
      stdin: { contents, resolveDir: "src/cli", sourcefile: `${name}-script.ts`, loader: "ts" },
      outfile: `dist/scripts/${name}.cjs`,
      format: "cjs",
      banner: { js: 'const qureScriptUrl = require("node:url").pathToFileURL(__filename).href;' },
      minifyWhitespace: true,
      charset: "ascii",
    });
    hash.update(await readFile(`dist/scripts/${name}.cjs`));
  }
  return hash.digest("hex").slice(0, 16);
}

async function buildCommands() {
  const scriptsHash = await buildScripts(await buildInterpreters());
  await build({
    ...common,
    tsconfigRaw,
    define,
    inject: ["src/host/ready-interpreter.ts"],
    entryPoints: {
      index: "src/index.ts",
      worker: "src/host/worker.ts",
      "chaos-worker": "src/chaos/worker.ts",
    },
    outdir: "dist",
    splitting: true,
    format: "esm",
  });
  await build({
    ...common,
    tsconfigRaw,
    define: { ...define, QURE_SCRIPTS_HASH: JSON.stringify(scriptsHash) },
    entryPoints: ["src/cli/start.ts"],
    outfile: "dist/qure.cjs",
    format: "cjs",
    banner: { js: "#!/usr/bin/env node" },
  });
}

const [types] = await Promise.all([
  run("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"]).catch((error) => error),
  buildCommands(),
]);
if (types instanceof Error) {
  process.stderr.write(types.stdout ?? String(types));
  process.exit(1);
}
await chmod("dist/qure.cjs", 0o755);
await writeLicences();
await writePrograms();

const qure = (...args) =>
  run("node", ["dist/qure.cjs", ...args]).catch((error) => {
    process.stderr.write(error.stderr ?? String(error));
    process.exit(1);
  });
await qure("build", "--firmware", "dist/firmware.bin");
await qure("build", "--starter", "dist/starter.bin");
// Each tool's first run leaves its code compiled beside it.
await qure("as", "-g", "scripts/training.s", "-o", "dist/training.o");
await Promise.all([
  qure("ld", "dist/training.o", "-o", "dist/training.elf", "-e", "0"),
  qure("nm", "dist/training.o"),
  qure("size", "dist/training.o"),
  qure("ar", "rcs", "dist/training.a", "dist/training.o"),
  qure("objdump", "-dr", "dist/training.o"),
  qure("objcopy", "-O", "binary", "dist/training.o", "dist/training.bin"),
]);
await Promise.all(["o", "elf", "bin", "a"].map((name) => rm(`dist/training.${name}`, { force: true })));
await writeFile(STAMP, sources);
