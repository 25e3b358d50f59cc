/** Programs of asm/programs/c, built by gcc as docs/programs.md says. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { root } from "./images.ts";

/** The ELF file of a program. */
export async function cProgram(gcc: string, name: string): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "qure-c-"));
  const cli = join(root, "dist/qure.cjs");
  const cwd = join(root, "asm/programs/c");
  const include = join(root, "asm/include");
  const [start, object, elf] = ["start.o", `${name}.o`, name].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ];
  await execa(process.execPath, [cli, "as", "-I", include, "-o", start, "start.s"], { cwd });
  const options = ["-m32", "-ffreestanding", "-fno-pic", "-O1", "-g", "-I", include];
  await execa(gcc, [...options, "-c", "-o", object, `${name}.c`], { cwd });
  await execa(process.execPath, [cli, "ld", "-T", join(root, "asm/programs.ld"), "-o", elf, start, object]);
  const file = new Uint8Array(readFileSync(elf));
  rmSync(folder, { recursive: true, force: true });
  return file;
}
