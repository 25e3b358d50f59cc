// Sources by others through gcc and both assemblers (tests/corpora/main.ts).
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

const BUNDLE = "build/corpora/main.mjs";
await bundle("tests/corpora/main.ts", BUNDLE, { sourcemap: "inline", define: { QURE_VERSION: '"corpora"' } });
await import(pathToFileURL(BUNDLE).href);
