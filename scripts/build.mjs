// Bundles the command line and the public API into dist/, and assembles the firmware of the emulated PC beside them.
// Each command is a chunk of its own: `qure --help` loads none of them.
import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const { version } = JSON.parse(await readFile("package.json", "utf8"));

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
const [types] = await Promise.all([
  run("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"]).catch((error) => error),
  build({
    entryPoints: { qure: "src/cli/main.ts", index: "src/index.ts", worker: "src/host/worker.ts" },
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    minifySyntax: true,
    sourcemap: "linked",
    sourcesContent: false,
    define: { QURE_VERSION: JSON.stringify(version) },
    // commander is CommonJS and requires Node's own modules.
    banner: { js: 'import { createRequire as qureRequire } from "node:module"; const require = qureRequire(import.meta.url);' },
    logLevel: "warning",
  }),
]);
if (types instanceof Error) {
  process.stderr.write(types.stdout ?? String(types));
  process.exit(1);
}
const main = await readFile("dist/qure.js", "utf8");
await writeFile("dist/qure.js", main.startsWith("#!") ? main : `#!/usr/bin/env node\n${main}`, { mode: 0o755 });
await run("node", ["dist/qure.js", "build", "--firmware", "dist/firmware.bin"]).catch((error) => {
  process.stderr.write(error.stderr ?? String(error));
  process.exit(1);
});
