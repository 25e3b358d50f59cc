/** Archives of tar (POSIX.1-1988, ustar), compressed by gzip (RFC 1952). The same files give the same bytes. */
import { gzipSync } from "fflate";
import { assert } from "../diagnostic/invariant.ts";
import { latin1Into } from "./table-bytes.ts";

const BLOCK_BYTES = 512;
const MOST_FILE_BYTES = 8 ** 11 - 1;

export interface ArchivedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** The files, in one folder. */
export function makeTgz(folder: string, files: readonly ArchivedFile[]): Uint8Array<ArrayBuffer> {
  const rooms = files.map(({ content }) => BLOCK_BYTES + Math.ceil(content.length / BLOCK_BYTES) * BLOCK_BYTES);
  const bytes = new Uint8Array(rooms.reduce((sum, room) => sum + room, 2 * BLOCK_BYTES));
  let at = 0;
  files.forEach(({ name, content }, index) => {
    writeHeader(bytes.subarray(at, at + BLOCK_BYTES), `${folder}/${name}`, content.length);
    bytes.set(content, at + BLOCK_BYTES);
    at += rooms[index]!;
  });
  return gzipSync(bytes, { mtime: 0, level: 6 });
}

function writeHeader(header: Uint8Array, name: string, sizeBytes: number): void {
  assert(name.length < 100 && sizeBytes <= MOST_FILE_BYTES, `${name} has no room in a tar archive`);
  const octal = (at: number, digits: number, value: number): void =>
    latin1Into(header, at, value.toString(8).padStart(digits, "0"));
  latin1Into(header, 0, name);
  octal(100, 7, 0o644);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, sizeBytes);
  octal(136, 11, 0);
  latin1Into(header, 148, "        ");
  latin1Into(header, 156, "0");
  latin1Into(header, 257, "ustar\0" + "00");
  octal(
    148,
    6,
    header.reduce((sum, byte) => sum + byte, 0),
  );
  header[154] = 0;
}
