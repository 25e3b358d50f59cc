/**
 * The programs that come with the kernel: each source of asm/programs is linked with what it needs of asm/programs/lib,
 * and all of them, with the ELF files that lie there, become one archive, which is linked into the kernel.
 * asm/process/image.s reads it. What they say of themselves (asm/include/program.inc) goes into the table of the
 * shell's commands.
 */
import { SHN_UNDEF } from "../object/elf.ts";
import { type ElfObject, readElf } from "../object/elf-reader.ts";
import { latin1 } from "../object/latin1.ts";

export const PROGRAMS_FOLDER = "asm/programs";
export const PROGRAMS_SCRIPT = "asm/programs.ld";

export interface BuiltProgram {
  readonly name: string;
  readonly file: Uint8Array;
}

/**
 * The sources of each program, of all below their folder: NAME.s, or those of a folder NAME with a NAME.s in it, which
 * comes first.
 */
export function programSources(paths: readonly string[]): { name: string; sources: string[] }[] {
  return paths.flatMap((path) => {
    const [, folder, name] = /^asm\/programs\/(?:([^/]+)\/)?([^/]+)\.s$/.exec(path) ?? [];
    if (name === undefined || (folder !== undefined && folder !== name)) return [];
    const besides = folder === undefined ? [] : paths.filter((other) => isBeside(path, other));
    return [{ name, sources: [path, ...besides] }];
  });
}

function isBeside(path: string, other: string): boolean {
  return (
    other !== path &&
    other.endsWith(".s") &&
    other.slice(0, other.lastIndexOf("/")) === path.slice(0, path.lastIndexOf("/"))
  );
}

/** The sources of the system that programs have, too. */
export const SHARED_SOURCES: readonly string[] = ["asm/crypto/sha256.s"];

/** The sources of what programs share. */
export function programLibrary(paths: readonly string[]): string[] {
  return paths.filter((path) => /^asm\/programs\/lib\/[^/]+\.s$/.test(path));
}

/** Which object of the library defines each of its names. */
export function definersOf(library: readonly ElfObject[]): ReadonlyMap<string, ElfObject> {
  const definers = new Map<string, ElfObject>();
  for (const object of library)
    for (const index of object.table.globals)
      if (object.table.sectionOf(index) !== SHN_UNDEF) definers.set(object.table.at(index)!.name, object);
  return definers;
}

/** The objects of a program, with those of the library that it needs, as of an archive. */
export function programObjects(
  own: readonly ElfObject[],
  library: readonly ElfObject[],
  definers: ReadonlyMap<string, ElfObject>,
): ElfObject[] {
  const needed = new Set(own);
  // What is added while the set is gone through is looked at too.
  for (const { table } of needed)
    for (const index of table.globals) {
      const other = table.sectionOf(index) === SHN_UNDEF ? definers.get(table.at(index)!.name) : undefined;
      if (other) needed.add(other);
    }
  return [...own, ...library.filter((object) => needed.has(object))];
}

/** Programs that somebody has built already, such as by gcc: they are taken as they are. */
export function programFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => /^asm\/programs\/[^/]+\.elf$/.test(path));
}

export function programName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.(s|elf)$/, "");
}

/**
 * u32 number, then for each u32 offset of its name, u32 offset of its file, u32 bytes; names, NUL terminated; files.
 */
function programArchive(programs: readonly BuiltProgram[]): Uint8Array {
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
export function archiveSource(programs: readonly BuiltProgram[]): string {
  const lines = ['.section .programs, "a", @progbits', ".balign 4", ...byteLines(programArchive(programs))];
  programs.forEach(({ name, file }, index) => {
    const description = readElf(file, name).sections.find((section) => section.name === ".description");
    if (description) lines.push(...commandLines(`.Lcommand${index}`, name, description.content));
  });
  return `${lines.join("\n")}\n`;
}

/** The record and the texts of a command whose handler is 0: see COMMAND_NAME and what follows in macros.inc. */
function commandLines(label: string, name: string, description: Uint8Array): string[] {
  const [group] = description;
  const [usage = "", summary = "", text = ""] = latin1(description.subarray(1)).split("\0");
  const texts = Object.entries({ name, usage, summary, text });
  return [
    '.section .rodata.str, "a", @progbits',
    ...texts.flatMap(([kind, content]) => [`${label}_${kind}:`, ...byteLines(asciz(content))]),
    '.section .shellcmd, "a", @progbits',
    `.long ${label}_name, 0, ${label}_usage, ${label}_summary, ${group}, ${text === "" ? 0 : `${label}_text`}`,
  ];
}

const asciz = (text: string): Uint8Array => Uint8Array.from(`${text}\0`, (character) => character.charCodeAt(0));

function byteLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 32) lines.push(`.byte ${bytes.subarray(at, at + 32).join(",")}`);
  return lines;
}

const align = (value: number): number => (value + 3) & ~3;
