// Runs the long proofs, each a program beside its tests: `npm run prove -- oofs [options]`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "esbuild";

const [name, ...options] = process.argv.slice(2);
const PROOFS = { oofs: "tests/oofs/prove.ts", cloud: "tests/chaos/prove.ts" };
const entry = PROOFS[name];
if (!entry) {
  console.error(
    "usage: npm run prove -- oofs [--minutes M] [--only cut|guest|fail|flip|spoil|hostile] [--part N/OF] [--fresh]\n" +
      "       npm run prove -- cloud [--planted] [--seeds A..B] [--nodes N] [--threads N] [--fresh]",
  );
  process.exit(2);
}
const outfile = join("build", `prove-${name}.mjs`);
await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", target: "node20" });
process.exit(spawnSync(process.execPath, [outfile, ...options], { stdio: "inherit" }).status ?? 1);
