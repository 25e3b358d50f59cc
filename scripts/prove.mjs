// Runs the long proofs, each a program beside its tests.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { oneOf, workshopCommand } from "./command.mjs";

const PROOFS = {
  oofs: "tests/disk/oofs/prove.ts",
  cloud: "tests/chaos/prove.ts",
  packets: "tests/chaos/prove-packets.ts",
  network: "tests/guest/net/prove-network.ts",
  deaths: "tests/chaos/prove-deaths.ts",
  noticed: "tests/chaos/prove-noticed.ts",
  upgrade: "tests/upgrade/prove.ts",
  volume: "tests/volume/prove.ts",
  vm: "tests/vm/prove.ts",
  clone: "tests/system/prove-clone.ts",
  draws: "tests/fork/prove-draws.ts",
  fork: "tests/fork/prove-fork.ts",
  migrate: "tests/fork/prove-migrate.ts",
  readers: "tests/readers/prove.ts",
  sites: "tests/wide/prove.ts",
};
const [name, options] = workshopCommand(
  "npm run prove --",
  "runs a long proof, which goes on where it was ended",
  "oofs --minutes 30",
)
  .argument("<name>", `${Object.keys(PROOFS).join(" or ")}; each has --help`, oneOf(Object.keys(PROOFS)))
  .argument("[options...]")
  .passThroughOptions()
  .parse().processedArgs;
const entry = PROOFS[name];
const outfile = join("build", `prove-${name}.mjs`);
await bundle(entry, outfile);
process.exit(spawnSync(process.execPath, [outfile, ...options], { stdio: "inherit" }).status ?? 1);
