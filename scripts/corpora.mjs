// Sources by others through gcc and both assemblers (tests/corpora/main.ts).
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
  packages: "external",
  define: { QURE_VERSION: '"corpora"' },
});
await import(pathToFileURL(BUNDLE).href);
