/**
 * Files that somebody else names: a device without an end must not fill the memory. What a source includes is a regular
 * file; what the command line names may be a pipe, and is read up to a limit.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { CommandError } from "./fail.ts";

/** More than any source or object that the tools can work with. */
const MAXIMUM_FILE_BYTES = 1024 * 1024 * 1024;
const CHUNK_BYTES = 1 << 20;

export function readRegularFile(path: string): Uint8Array {
  // To open a pipe that nobody writes to would wait for ever.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const status = fstatSync(file);
    if (!status.isFile() && !status.isDirectory())
      throw new CommandError(`${path}: not a regular file, which is what can be included`);
    if (status.size > MAXIMUM_FILE_BYTES) throw tooLarge(path);
    const bytes = readFileSync(file);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } finally {
    closeSync(file);
  }
}

/** As `readBounded`, with so many bytes of the buffer left free after the text where the file is a regular one. */
export function readWithRoom(path: string, roomBytes: number): { bytes: Uint8Array<ArrayBuffer>; roomBytes: number } {
  const file = openSync(path, "r");
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.size === 0) return { bytes: readBounded(path), roomBytes: 0 };
    if (status.size > MAXIMUM_FILE_BYTES) throw tooLarge(path);
    const buffer = new Uint8Array(status.size + roomBytes);
    let length = 0;
    while (length < status.size) {
      const count = readSync(file, buffer, length, status.size - length, null);
      if (count === 0) break;
      length += count;
    }
    return { bytes: buffer.subarray(0, length), roomBytes };
  } finally {
    closeSync(file);
  }
}

/** Options and names in a file, one UTF-16 unit for each byte. */
export function readListed(path: string): string {
  return Buffer.from(readBounded(path, MAXIMUM_LIST_BYTES)).toString("latin1");
}

/** `path` is a path, or the number of an open file. What the system makes up (/proc) is a file of no size. */
export function readBounded(path: string | number, maximumBytes = MAXIMUM_STREAM_BYTES): Uint8Array<ArrayBuffer> {
  const file = typeof path === "number" ? path : openSync(path, "r");
  const name = typeof path === "number" ? "standard input" : path;
  try {
    const status = fstatSync(file);
    if (status.isFile() && status.size > MAXIMUM_FILE_BYTES) throw tooLarge(name);
    const isSized = (status.isFile() && status.size > 0) || status.isDirectory();
    return isSized ? readFileSync(file) : readChunks(file, name, maximumBytes);
  } finally {
    if (file !== path) closeSync(file);
  }
}

/** A pipe, a terminal or a device. */
function readChunks(file: number, name: string, maximumBytes: number): Uint8Array<ArrayBuffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let count: number;
    try {
      count = readSync(file, chunk, 0, CHUNK_BYTES, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A pipe that does not block has nothing yet; another system says the end so.
      if (code === "EAGAIN") continue;
      if (code === "EOF") break;
      throw error;
    }
    if (count === 0) break;
    total += count;
    if (total > maximumBytes) throw tooLarge(name);
    chunks.push(chunk.subarray(0, count));
  }
  return Buffer.concat(chunks);
}

/** What comes through a pipe is a source, hardly ever as large as a file on the disk. */
const MAXIMUM_STREAM_BYTES = 256 * 1024 * 1024;
const MAXIMUM_LIST_BYTES = 16 * 1024 * 1024;

const tooLarge = (name: string): CommandError => new CommandError(`${name}: larger than the tools can work with`);
