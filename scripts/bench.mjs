// npm run bench [-- NAME...]: bundles bench/ and runs the benchmarks, all of them when none is named.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";

const known = (await readdir("bench")).filter((name) => name.endsWith(".ts")).map((name) => name.slice(0, -3));
const asked = process.argv.slice(2).filter((name) => !name.startsWith("-"));
const options = process.argv.slice(2).filter((name) => name.startsWith("-"));
for (const name of asked) {
  if (!known.includes(name)) {
    process.stderr.write(`bench: there is no ${name}; there are ${known.join(", ")}\n`);
    process.exit(2);
  }
}
const banner = { js: 'import { createRequire as qureRequire } from "node:module"; const require = qureRequire(import.meta.url);' };
for (const name of asked.length > 0 ? asked : known) {
  // In a folder of this tree, so that paths relative to the module lead where they lead from bench/.
  const outfile = `build/${name}.bench.mjs`;
  await build({ entryPoints: [`bench/${name}.ts`], outfile, bundle: true, platform: "node", format: "esm", target: "node20", banner, logLevel: "warning" });
  process.stdout.write(`\n${name}\n`);
  const { status } = spawnSync("node", [outfile, ...options], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
