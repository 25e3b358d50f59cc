// node scripts/corpora.mjs NAME [--from N] [--count N] [--settings all|N|A,B] [--root FOLDER] [--again all|faults]:
// sources by others through gcc and both assemblers (tests/corpora/main.ts). Exit code 1 when something differs that
// docs/assembler-differences.md does not name.
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const BUNDLE = "build/corpora/main.mjs";
await build({
  entryPoints: ["tests/corpora/main.ts"],
  outfile: BUNDLE,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "warning",
  sourcemap: "inline",
  define: { QURE_VERSION: '"corpora"' },
});
await import(pathToFileURL(BUNDLE).href);
