// Bundles the command line and the public API into dist/, and assembles the firmware of the emulated PC beside them.
// Commands and tools that are like each other are one script (src/cli/commands.ts). With --package there are also the
// types, for programs that have the package installed. It does nothing when dist/ is of the sources as they are, unless
// --force is given.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { appendFile, chmod, mkdir, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build as esbuild, transform } from "esbuild";
import { isCurrent, licencesOf, putInPlace, workFolder, writeStamp } from "./aside.mjs";
import { bundle } from "./bundle.mjs";
import { commonJsTypes } from "./commonjs-types.mjs";
import { readyInterpreter } from "./interpreter.mjs";
import { hashOf, sourcesHash } from "./sources.mjs";

/** Parts of the API that can be had alone, as `qure/NAME`. */
const SUBJECTS = ["lab", "tools", "chaos"];

const PLACE = "dist";
const STAMP = ".sources";
// Taken before anything is read: what changes from here on makes dist/ stale.
const sources = sourcesHash();
const isForced = process.argv.includes("--force");
const isPackage = process.argv.includes("--package");
const packaged = `${sources} package`;
const stamp = isPackage ? packaged : sources;
/** A package serves those who have the sources as well. */
const isThere = () => isCurrent(PLACE, STAMP, packaged) || (!isPackage && isCurrent(PLACE, STAMP, sources));
if (!isForced && isThere()) process.exit(0);

/** Says what goes on. npm shows nothing of what `npx` prepares: the person at the terminal is told directly. */
function say(text) {
  const isHidden = !process.stderr.isTTY && process.env.npm_command === "exec";
  try {
    writeFileSync(isHidden ? "/dev/tty" : process.stderr.fd, `qure: ${text}\n`);
  } catch {
    // Nobody sits there.
  }
}

const begun = performance.now();
say("building dist/, which takes some seconds");
const work = workFolder();
const OUT = join(work, PLACE);
const run = promisify(execFile);
const { version } = JSON.parse(await readFile("package.json", "utf8"));

/** What a module of src/ exports that imports nothing at run time. */
async function load(path) {
  const { code } = await transform(await readFile(path, "utf8"), { loader: "ts", format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
const { TOOLS: TOOL_SUMMARIES } = await load("src/cli/gnu/tools.ts");
const TOOLS = [...TOOL_SUMMARIES.keys()];
const { COMMANDS, NO_COMMAND, scriptOf } = await load("src/cli/commands.ts");

await mkdir(`${OUT}/scripts`, { recursive: true });
const common = {
  bundle: true,
  platform: "node",
  // jsonc-parser has no other form that can be bundled.
  mainFields: ["module", "main"],
  target: "node20",
  minifySyntax: true,
  logLevel: "warning",
};
const define = { QURE_VERSION: JSON.stringify(version) };
// Fields are assignments in constructors: while the code is not optimised yet they are much faster than definitions.
const tsconfigRaw = { compilerOptions: { useDefineForClassFields: false } };

/** What esbuild says of each bundle. */
const metafiles = [];

async function build(options) {
  const { metafile } = await esbuild({ ...options, metafile: true });
  metafiles.push(metafile);
}

/**
 * Programs with the names of GNU's tools, for PATH and for `gcc -B`; with the prefix `qure-`, for Makefiles that put
 * one before each name (CROSS_COMPILE). A program says which tool it is as an argument.
 */
async function writePrograms() {
  await mkdir(`${OUT}/bin`, { recursive: true });
  const programs = TOOLS.flatMap((tool) => [tool, `qure-${tool}`].map((name) => ({ tool, name })));
  // Without an extension they would be modules, as the package is; CommonJS starts sooner.
  await writeFile(`${OUT}/bin/package.json`, `{ "type": "commonjs" }\n`);
  await Promise.all(
    programs.map(async ({ tool, name }) => {
      // A copy of the folder alone finds nothing beside it: a link does.
      const text = `#!/usr/bin/env node
process.argv.splice(2, 0, ${JSON.stringify(tool)});
try {
  require("../qure.cjs");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  process.stderr.write("${name}: error: dist/qure.cjs is not beside this folder: put a link to dist/bin on the PATH, not a copy\\n");
  process.exitCode = 1;
}
`;
      await writeFile(`${OUT}/bin/${name}`, text);
      await chmod(`${OUT}/bin/${name}`, 0o755);
    }),
  );
}

/** What `qure as` knows of compilers' instructions before it has read any (src/assembler/shapes.ts), in base 64. */
async function shapes() {
  const outfile = join(work, "shapes.mjs");
  await bundle("src/assembler/shapes.ts", outfile);
  const { shapesOf } = await import(pathToFileURL(outfile).href);
  const path = "scripts/shapes.s";
  return Buffer.from(shapesOf(path, await readFile(path))).toString("base64");
}

/** What is run by each script, by the name that it is asked by. */
const SCRIPTS = new Map();
const RUNS = [
  ...TOOLS.map((name) => [name, `void runTool(require("./gnu/${name}.ts"), process.argv.slice(3))`]),
  ...[...COMMANDS.keys()].map((name) => [name, `void main("${name}", require("./${name}.ts"))`]),
  [NO_COMMAND, `void main("", null)`],
];
for (const [name, run] of RUNS) SCRIPTS.set(scriptOf(name), [...(SCRIPTS.get(scriptOf(name)) ?? []), [name, run]]);

/** What `qure completion` knows of all commands (src/cli/completion/tree.ts), in JSON. */
async function commandTree() {
  const outfile = join(work, "commands.mjs");
  const names = [...COMMANDS.keys()];
  const contents = `
    import { Command } from "commander";
    import { treeOf } from "./completion/tree.ts";
    ${names.map((name) => `import * as ${name}Command from "./${name}.ts";`).join("\n")}
    export function tree(tools, summaries) {
      const program = new Command("qure");
      for (const [name, module] of Object.entries({ ${names.map((name) => `${name}: ${name}Command`).join(", ")} }))
        module.declare(program.command(name).description(summaries.get(name)));
      for (const [name, summary] of tools) program.command(name).description(summary);
      return treeOf(program);
    }`;
  const stdin = { contents, resolveDir: "src/cli", sourcefile: "commands.ts", loader: "ts" };
  await bundle(undefined, outfile, { entryPoints: undefined, stdin, define, logLevel: "error" });
  const { tree } = await import(pathToFileURL(outfile).href);
  return JSON.stringify(tree(TOOL_SUMMARIES, COMMANDS));
}

/** Makes the interpreter's modules, which bundles find beside them. */
async function buildInterpreters() {
  for (const codeBits of [16, 32]) {
    await writeFile(`${OUT}/interpreter-${codeBits}.wasm`, await readyInterpreter(codeBits, work));
  }
}

async function buildScripts() {
  const scriptsDefine = {
    ...define,
    QURE_EMULATOR_HASH: JSON.stringify(hashOf(["emulator", "src/isa"]).slice(0, 16)),
    QURE_BUILDER_HASH: JSON.stringify(hashOf(["emulator", "src"])),
    QURE_SHAPES: JSON.stringify(await shapes()),
    "import.meta.url": "qureScriptUrl",
  };
  const tree = commandTree();
  const buildScript = async ([name, runs]) => {
    // By `require`, what is not asked for is not run.
    const cases = runs.map(([word, call]) => `case "${word}": ${call}; break;`).join(" ");
    const imports = `import { runTool } from "./gnu/tool.ts"; import { main } from "./main.ts";`;
    const contents = `${imports} switch (qureName) { ${cases} }`;
    const outfile = `${OUT}/scripts/${name}.cjs`;
    await build({
      ...common,
      define: name === scriptOf("completion") ? { ...scriptsDefine, QURE_COMMANDS: await tree } : scriptsDefine,
      inject: ["src/host/compiled/kept-guest-code.ts"],
      tsconfigRaw,
      stdin: { contents, resolveDir: "src/cli", sourcefile: `${name}-script.ts`, loader: "ts" },
      outfile,
      format: "cjs",
      banner: { js: 'const qureScriptUrl = require("node:url").pathToFileURL(__filename).href;' },
      minifyWhitespace: true,
      // Nobody meets their names, unlike those of the API: a fault of ours is told by its command.
      minifyIdentifiers: true,
      charset: "ascii",
    });
    return readFile(outfile);
  };
  const hash = createHash("sha256");
  for (const script of await Promise.all([...SCRIPTS].map(buildScript))) hash.update(script);
  return hash.digest("hex").slice(0, 16);
}

async function buildCommands() {
  const [scriptsHash] = await Promise.all([buildScripts(), buildInterpreters()]);
  await build({
    ...common,
    tsconfigRaw,
    define,
    inject: ["src/host/compiled/ready-interpreter.ts"],
    entryPoints: {
      index: "src/index.ts",
      ...Object.fromEntries(SUBJECTS.map((name) => [name, `src/api/${name}.ts`])),
      worker: "src/host/worker.ts",
      "chaos-worker": "src/chaos/worker.ts",
      "volume-worker": "src/host/volume-worker.ts",
    },
    outdir: OUT,
    splitting: true,
    format: "esm",
    minifyWhitespace: true,
    minifyIdentifiers: true,
  });
  await nameExports();
  await build({
    ...common,
    tsconfigRaw,
    define: { ...define, QURE_SCRIPTS_HASH: JSON.stringify(scriptsHash) },
    entryPoints: ["src/cli/start.ts"],
    outfile: `${OUT}/qure.cjs`,
    format: "cjs",
    banner: { js: "#!/usr/bin/env node" },
  });
}

/** Classes and functions of the API are shown, in errors and by console.log, by the names that they are imported by. */
async function nameExports() {
  for (const entry of ["index", ...SUBJECTS]) {
    const each = "for(const[name,value]of Object.entries(all))";
    const text = `import*as all from"./${entry}.js";${each}if(typeof value=="function")Object.defineProperty(value,"name",{value:name});\n`;
    await appendFile(`${OUT}/${entry}.js`, text);
  }
}

/** Types for `require`, which Node 20.19 and later give the modules themselves. */
async function writeRequiredTypes() {
  const source = (name) => readFile(`src/${name}.ts`, "utf8");
  const exported = async (name) => import(pathToFileURL(resolve(OUT, `${name}.js`)).href);
  const parts = await Promise.all(SUBJECTS.map((name) => source(`api/${name}`)));
  const types = commonJsTypes([...parts, await source("index")], await exported("index"), "./types/src/index.js");
  await writeFile(`${OUT}/index.d.cts`, types);
  for (const [index, name] of SUBJECTS.entries()) {
    const module = await exported(name);
    const path = `./types/src/api/${name}.js`;
    await writeFile(`${OUT}/${name}.d.cts`, commonJsTypes([parts[index]], module, path));
  }
}

async function buildTypes() {
  const args = ["-p", "tsconfig.types.json", "--outDir", `${OUT}/types`];
  await run("node", ["node_modules/typescript/bin/tsc", ...args]).catch((error) => {
    process.stderr.write(error.stdout || String(error));
    process.exit(1);
  });
  await keepReachable(`${OUT}/types`, ["index", ...SUBJECTS.map((name) => `api/${name}`)]);
}

/** Removes declarations that no entry leads to. */
async function keepReachable(folder, entries) {
  const wanted = entries.map((name) => join(folder, "src", `${name}.d.ts`));
  const kept = new Set();
  for (const path of wanted) {
    if (kept.has(path)) continue;
    kept.add(path);
    const text = await readFile(path, "utf8");
    for (const [, named] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)\.[jt]s"/g))
      wanted.push(join(path, "..", `${named}.d.ts`));
  }
  const all = (await readdir(folder, { recursive: true })).map((name) => join(folder, name));
  await Promise.all(all.filter((path) => path.endsWith(".d.ts") && !kept.has(path)).map((path) => unlink(path)));
}

await Promise.all([buildCommands(), ...(isPackage ? [buildTypes()] : [])]);
await chmod(`${OUT}/qure.cjs`, 0o755);
await writeFile(`${OUT}/LICENSES`, await licencesOf(metafiles));
if (isPackage) await writeRequiredTypes();
await writePrograms();

const qure = (...args) =>
  run("node", [`${OUT}/qure.cjs`, ...args]).catch((error) => {
    process.stderr.write(error.stderr ?? String(error));
    process.exit(1);
  });
await Promise.all([
  qure("build", "--firmware", `${OUT}/firmware.bin`),
  qure("build", "--starter", `${OUT}/starter.bin`),
]);
writeStamp(OUT, STAMP, stamp);
// Another build of the same sources may have been first.
if (isForced || !isThere()) putInPlace(OUT, PLACE, join(work, "old"));
say(`dist/ is built, in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
