// Bundles a benchmark of bench/ and runs it.

import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { bundle } from "./bundle.mjs";
import { oneOf, workshopCommand } from "./command.mjs";

// Node reads the certificates that it names at each start, for longer than it takes to start.
delete process.env.NODE_EXTRA_CA_CERTS;

const known = (await readdir("bench"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith("-sources.ts"))
  .map((name) => name.slice(0, -3));
const [asked, rest] = workshopCommand("npm run bench --", "runs a benchmark, all of them when none is named", "linker")
  .argument("[name]", `${known.join(", ")}; each has --help`, oneOf(known))
  .argument("[arguments...]")
  .passThroughOptions()
  .parse().processedArgs;
for (const name of asked === undefined ? known : [asked]) {
  // In a folder of this tree, so that paths relative to the module lead where they lead from bench/.
  const outfile = `build/${name}.bench.mjs`;
  await bundle(`bench/${name}.ts`, outfile);
  process.stdout.write(`\n${name}\n`);
  const { status } = spawnSync("node", [outfile, ...rest], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
