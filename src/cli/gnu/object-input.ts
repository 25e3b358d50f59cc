/**
 * Reads what the object tools take: objects, executables and archives of them; an error of one file does not stop the
 * others.
 */
import { dirname, isAbsolute, join } from "node:path";
import { type ObjectFile, readObjectFile } from "../../binutils/object-file.ts";
import { describeError } from "../../host/describe-error.ts";
import { type Archive, isArchive, readArchive } from "../../object/archive.ts";
import { ElfError } from "../../object/elf-reader.ts";
import { readBounded } from "../bounded-file.ts";
import { CommandError, say, withFile } from "../fail.ts";
import { standardOutput } from "../streams.ts";

export interface InputFile {
  readonly path: string;
  /** Null for a file that is no archive. */
  readonly archive: Archive | null;
  /** The file itself, or the members of the archive that are objects. */
  readonly objects: readonly ObjectFile[];
}

/** Throws `CommandError`. */
export function readInput(path: string): InputFile {
  const bytes = readBytes(path);
  try {
    if (!isArchive(bytes)) return { path, archive: null, objects: [readObjectFile(bytes, path)] };
    const archive = readArchive(bytes, path, memberReader(path));
    return { path, archive, objects: archive.members.map(({ name, content }) => readObjectFile(content, name)) };
  } catch (error) {
    if (error instanceof ElfError) throw new CommandError(error.message);
    throw error;
  }
}

export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  try {
    const bytes = withFile(path, () => readBounded(path));
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    throw new CommandError(describeError(error));
  }
}

/** Members of a thin archive lie beside it. */
export function memberReader(archivePath: string): (name: string) => Uint8Array | null {
  return (name) => {
    try {
      return readBytes(isAbsolute(name) ? name : join(dirname(archivePath), name));
    } catch {
      return null;
    }
  };
}

/** Runs `work` for each file; what fails is said at once, and the command ends with exit code 1. */
export function forEachInput(paths: readonly string[], work: (input: InputFile) => void): void {
  let failures = 0;
  for (const path of paths) {
    try {
      work(readInput(path));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      say("error", error.message);
      failures++;
    }
  }
  if (failures > 0) throw new CommandError("");
}

/** Names in objects are bytes, one UTF-16 unit each. */
export function writeOutput(text: string): void {
  standardOutput().write(Buffer.from(text, "latin1"));
}
