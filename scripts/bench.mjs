// npm run bench [-- NAME [ARGUMENT...]]: bundles a benchmark of bench/ and runs it with the arguments; all of them when
// none is named.

import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { build } from "esbuild";

const known = (await readdir("bench"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith("-sources.ts"))
  .map((name) => name.slice(0, -3));
const [asked, ...rest] = process.argv.slice(2);
if (asked !== undefined && !known.includes(asked)) {
  process.stderr.write(`bench: there is no ${asked}; there are ${known.join(", ")}\n`);
  process.exit(2);
}
const banner = {
  js: 'import { createRequire as qureRequire } from "node:module"; const require = qureRequire(import.meta.url);',
};
for (const name of asked === undefined ? known : [asked]) {
  // In a folder of this tree, so that paths relative to the module lead where they lead from bench/.
  const outfile = `build/${name}.bench.mjs`;
  await build({
    entryPoints: [`bench/${name}.ts`],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner,
    logLevel: "warning",
  });
  process.stdout.write(`\n${name}\n`);
  const { status } = spawnSync("node", [outfile, ...rest], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
