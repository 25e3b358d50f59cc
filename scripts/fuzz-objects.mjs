import { fileURLToPath } from "node:url";
import { fuzz } from "./fuzz-driver.mjs";

await fuzz({
  script: fileURLToPath(import.meta.url),
  description: "objects, programs, archives and images that lie, through objdump, nm, size, objcopy and inspect",
  target: "tests/binutils/fuzz-target.ts",
  args: ["."],
});
