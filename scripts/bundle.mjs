/** Bundles TypeScript of this tree to run in Node; what is installed in node_modules is left where it is. */
import { build } from "esbuild";

/** `outfile` lies below this folder, so that packages are found. `options` are further ones of esbuild. */
export function bundle(entry, outfile, options = {}) {
  return build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "warning",
    ...options,
  });
}
