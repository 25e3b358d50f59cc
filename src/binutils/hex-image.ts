/**
 * `objcopy -O ihex`, `srec` and `verilog`: what is loaded as lines of hexadecimal digits, for programmers of ROMs and
 * simulators, as GNU objcopy 2.40 writes them. Intel, "Hexadecimal Object File Format Specification", revision A;
 * Motorola's S-records; IEEE 1364, `$readmemh`.
 */
import { greatest } from "../object/extremes.ts";
import { type BinaryImageOptions, writtenSections } from "./binary-image.ts";
import type { ObjectFile } from "./object-file.ts";

export type HexFormat = "ihex" | "srec" | "verilog";

export interface HexOptions extends BinaryImageOptions {
  /** Where the program begins; 0: nothing is said of it. */
  readonly start: number;
  /** What S-records begin with. */
  readonly name: string;
  /** Bytes of data in an S-record. */
  readonly recordBytes: number;
  /** S-records have addresses of 32 bits. */
  readonly hasLongAddresses: boolean;
  /** Bytes of a word of memory in Verilog's file: 1, 2, 4, 8 or 16. */
  readonly wordBytes: number;
}

export class HexImageError extends Error {}

interface Part {
  readonly address: number;
  readonly bytes: Uint8Array;
}

const LINE_BYTES = 16;
/** Gaps are filled by so many bytes at a time, each a part of its own. */
const FILL_BYTES = 8192;
/** No ROM is larger; more come from sections that lie far apart, or that lie. */
const MOST_BYTES = 2 ** 25;
const ADDRESSES = 2 ** 32;
/** Lines are made into bytes by so many. */
const BATCH_LINES = 4096;
const MOST_NAME_BYTES = 40;
/** What the first byte of an S-record can count. */
const MOST_RECORD_BYTES = 0xff;

/** Throws `HexImageError` for more bytes, with gaps that are to be filled, than 32 MiB, and beyond 4 GiB. */
export function hexImage(format: HexFormat, file: ObjectFile, options: HexOptions): Uint8Array {
  return encoded({ ihex: intelHex, srec: motorola, verilog }[format](partsOf(file, options), options));
}

function encoded(lines: Iterable<string>): Uint8Array {
  const encoder = new TextEncoder();
  const batches: Uint8Array[] = [];
  let batch: string[] = [];
  const flush = (): void => {
    batches.push(encoder.encode(batch.map((line) => `${line}\r\n`).join("")));
    batch = [];
  };
  for (const line of lines) if (batch.push(line) === BATCH_LINES) flush();
  flush();
  const bytes = new Uint8Array(batches.reduce((sum, { length }) => sum + length, 0));
  batches.reduce((at, part) => {
    bytes.set(part, at);
    return at + part.length;
  }, 0);
  return bytes;
}

/** What is loaded by address; what lies at one address in the order of the sections. */
function partsOf(file: ObjectFile, options: HexOptions): Part[] {
  const sections = writtenSections(file, options);
  let left = MOST_BYTES;
  const count = (bytes: number): void => {
    left -= bytes;
    if (left < 0)
      throw new HexImageError(
        `its sections and the gaps to be filled have more than ${MOST_BYTES} bytes; choose some with -j, or leave some out with -R`,
      );
  };
  for (const { name, loadAddress, sizeBytes } of sections) {
    count(sizeBytes);
    if (loadAddress + sizeBytes > ADDRESSES) throw new HexImageError(`section ${name} goes beyond the end of 4 GiB`);
  }
  const parts = sections.map(({ loadAddress, sizeBytes, elf, traits }) => ({
    address: loadAddress,
    bytes: traits.contents ? elf.content : new Uint8Array(sizeBytes),
  }));
  const sorted = [...parts].sort((a, b) => a.address - b.address || a.bytes.length - b.bytes.length);
  sorted.forEach(({ address, bytes }, index) => {
    const next = sorted[index + 1]?.address ?? options.padTo ?? 0;
    const isFilled = index + 1 < sorted.length ? options.fillsGaps : options.padTo !== null;
    const end = address + bytes.length;
    if (!isFilled || next <= end) return;
    count(next - end);
    for (let at = end; at < next; at += FILL_BYTES)
      parts.push({ address: at, bytes: new Uint8Array(Math.min(FILL_BYTES, next - at)).fill(options.gapFill) });
  });
  return parts.sort((a, b) => a.address - b.address);
}

const hex = (value: number, digits: number): string => (value >>> 0).toString(16).toUpperCase().padStart(digits, "0");
const DIGITS = Array.from({ length: 256 }, (_, byte) => hex(byte, 2));
function hexBytes(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += DIGITS[byte]!;
  return digits;
}
const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum + byte, 0);

/** A number in big-endian bytes. */
const bigEndian = (value: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => value >>> (8 * (bytes - 1 - index)));

const [DATA, END, SEGMENT, START_SEGMENT, LINEAR, START_LINEAR] = [0, 1, 2, 3, 4, 5] as const;
/** The last address that a segment and an offset reach. */
const SEGMENTED_END = 0xfffff;

function intelRecord(type: number, address: number, data: Uint8Array): string {
  const bytes = Uint8Array.of(data.length, address >> 8, address, type, ...data);
  return `:${hexBytes(bytes)}${hex(-sumOf(bytes) & 0xff, 2)}`;
}

function* intelHex(parts: readonly Part[], { start }: HexOptions): Generator<string> {
  let segment = 0;
  let linear = 0;
  for (const { address, bytes } of parts) {
    for (let at = 0; at < bytes.length; ) {
      const place = address + at;
      if (place > segment + linear + 0xffff) {
        if (place <= SEGMENTED_END) {
          segment = place & 0xf0000;
          yield intelRecord(SEGMENT, 0, bigEndian(segment >>> 4, 2));
        } else {
          // Some readers add both bases up.
          if (segment !== 0) yield intelRecord(SEGMENT, 0, bigEndian(0, 2));
          segment = 0;
          linear = (place & 0xffff0000) >>> 0;
          yield intelRecord(LINEAR, 0, bigEndian(linear >>> 16, 2));
        }
      }
      const offset = place - segment - linear;
      // No record goes over the end of 64 KiB.
      const count = Math.min(LINE_BYTES, bytes.length - at, 0x10000 - offset);
      yield intelRecord(DATA, offset, bytes.subarray(at, at + count));
      at += count;
    }
  }
  if (start !== 0)
    yield start <= SEGMENTED_END
      ? intelRecord(START_SEGMENT, 0, Uint8Array.of((start & 0xf0000) >> 12, 0, start >> 8, start))
      : intelRecord(START_LINEAR, 0, bigEndian(start, 4));
  yield intelRecord(END, 0, new Uint8Array(0));
}

function* motorola(parts: readonly Part[], options: HexOptions): Generator<string> {
  const last = greatest(
    parts.map(({ address, bytes }) => address + bytes.length - 1),
    0,
  );
  const type = options.hasLongAddresses || last > 0xffffff ? 3 : last > 0xffff ? 2 : 1;
  const record = (kind: number, addressBytes: number, address: number, data: Uint8Array): string => {
    const bytes = Uint8Array.of(addressBytes + data.length + 1, ...bigEndian(address, addressBytes), ...data);
    return `S${kind}${hexBytes(bytes)}${hex(0xff - (sumOf(bytes) & 0xff), 2)}`;
  };
  const count = Math.max(1, Math.min(options.recordBytes, MOST_RECORD_BYTES - type - 2));
  const name = new TextEncoder().encode(options.name).subarray(0, MOST_NAME_BYTES);
  yield record(0, 2, 0, name);
  for (const { address, bytes } of parts)
    for (let at = 0; at < bytes.length; at += count)
      yield record(type, type + 1, address + at, bytes.subarray(at, at + count));
  yield record(10 - type, type + 1, options.start, new Uint8Array(0));
}

function* verilog(parts: readonly Part[], { wordBytes }: HexOptions): Generator<string> {
  for (const { address, bytes } of parts) {
    yield `@${hex(Math.floor(address / wordBytes), 8)}`;
    for (let at = 0; at < bytes.length; at += LINE_BYTES) {
      const line = bytes.subarray(at, Math.min(at + LINE_BYTES, bytes.length));
      const words = Array.from({ length: Math.ceil(line.length / wordBytes) }, (_, index) =>
        hexBytes(line.slice(index * wordBytes, (index + 1) * wordBytes).reverse()),
      );
      yield words.join(" ");
    }
  }
}
