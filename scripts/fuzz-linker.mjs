import { fileURLToPath } from "node:url";
import { fuzz } from "./fuzz-driver.mjs";

await fuzz({
  script: fileURLToPath(import.meta.url),
  description: "objects and archives that lie, and random scripts and options, through the linker and its map",
  target: "tests/linker/fuzz-target.ts",
});
