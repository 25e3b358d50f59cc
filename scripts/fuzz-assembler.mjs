import { fileURLToPath } from "node:url";
import { fuzz } from "./fuzz-driver.mjs";

await fuzz({
  script: fileURLToPath(import.meta.url),
  description: "random sources through the assembler, its objects and images through objdump and inspect",
  target: "tests/assembler/fuzz-target.ts",
  args: [["asm", "boot"], "."],
});
