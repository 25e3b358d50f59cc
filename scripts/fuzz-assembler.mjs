// node scripts/fuzz-assembler.mjs [SECONDS] [SEED]: random sources through the assembler, its objects and images
// through objdump and inspect.
import { fileURLToPath } from "node:url";
import { fuzz } from "./fuzz-driver.mjs";

await fuzz({
  script: fileURLToPath(import.meta.url),
  target: "tests/assembler/fuzz-target.ts",
  args: [["asm", "boot"], "."],
});
