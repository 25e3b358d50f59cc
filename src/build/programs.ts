/**
 * The programs that come with the kernel: each source of asm/programs is linked with those of asm/programs/lib, and all
 * of them, with the ELF files that lie there, become one archive, which is linked into the kernel. asm/kernel/image.s
 * reads it.
 */

export const PROGRAMS_FOLDER = "asm/programs";
export const PROGRAMS_SCRIPT = "asm/programs.ld";

export interface BuiltProgram {
  readonly name: string;
  readonly file: Uint8Array;
}

/** The sources of the programs, one for each, of all below their folder. */
export function programSources(paths: readonly string[]): string[] {
  return paths.filter((path) => /^asm\/programs\/[^/]+\.s$/.test(path));
}

/** The sources that every program is linked with. */
export function programLibrary(paths: readonly string[]): string[] {
  return paths.filter((path) => /^asm\/programs\/lib\/[^/]+\.s$/.test(path));
}

/** Programs that somebody has built already, such as by gcc: they are taken as they are. */
export function programFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => /^asm\/programs\/[^/]+\.elf$/.test(path));
}

export function programName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.(s|elf)$/, "");
}

/** u32 number, then for each u32 offset of its name, u32 offset of its file, u32 bytes; names, NUL terminated; files. */
export function programArchive(programs: readonly BuiltProgram[]): Uint8Array {
  const encoder = new TextEncoder();
  const names = programs.map(({ name }) => encoder.encode(`${name}\0`));
  const tableBytes = 4 + 12 * programs.length;
  const namesBytes = names.reduce((sum, { length }) => sum + length, 0);
  let fileAt = align(tableBytes + namesBytes);
  let nameAt = tableBytes;
  const sizeBytes = programs.reduce((end, { file }) => end + align(file.length), fileAt);
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, programs.length, true);
  programs.forEach(({ file }, index) => {
    const entry = 4 + 12 * index;
    view.setUint32(entry, nameAt, true);
    view.setUint32(entry + 4, fileAt, true);
    view.setUint32(entry + 8, file.length, true);
    bytes.set(names[index]!, nameAt);
    bytes.set(file, fileAt);
    nameAt += names[index]!.length;
    fileAt += align(file.length);
  });
  return bytes;
}

/** The archive as source text, so that it goes into the kernel as every other part of it does. */
export function archiveSource(archive: Uint8Array): string {
  const lines = ['.section .programs, "a", @progbits', ".balign 4"];
  for (let at = 0; at < archive.length; at += 32) lines.push(`.byte ${[...archive.subarray(at, at + 32)].join(",")}`);
  return `${lines.join("\n")}\n`;
}

const align = (value: number): number => (value + 3) & ~3;
