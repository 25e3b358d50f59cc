// node scripts/fuzz-objects.mjs [SECONDS] [SEED]: objects, programs, archives and images that lie, through objdump, nm,
// size, objcopy and inspect.
import { fileURLToPath } from "node:url";
import { fuzz } from "./fuzz-driver.mjs";

await fuzz({ script: fileURLToPath(import.meta.url), target: "tests/binutils/fuzz-target.ts", args: ["."] });
