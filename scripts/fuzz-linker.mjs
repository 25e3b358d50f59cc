// node scripts/fuzz-linker.mjs [SECONDS] [SEED]: objects and archives that lie, and random scripts and options, through
// the linker and its map.
import { fileURLToPath } from "node:url";
import { fuzz } from "./fuzz-driver.mjs";

await fuzz({ script: fileURLToPath(import.meta.url), target: "tests/linker/fuzz-target.ts" });
