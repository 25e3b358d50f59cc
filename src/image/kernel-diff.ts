/**
 * In what two kernels differ, by the names of their code and data. Code that has only moved does not differ: addresses
 * are compared by what they lead to.
 */
import type { Difference } from "./difference.ts";
import type { KernelHeader } from "./kernel-image.ts";
import { kernelSymbols } from "./kernel-symbols.ts";

/** One kernel, taken apart. */
export interface ComparedKernel {
  readonly header: KernelHeader;
  readonly code16: Uint8Array;
  readonly code32: Uint8Array;
  readonly relocations: ReadonlySet<number>;
  /** Ascending, each place once, by its first name. */
  readonly places: readonly Place[];
}

interface Place {
  /** Local names stand several times: `loop#2` is the second. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const HEAD_BYTES = 12;
const MOST_PADDING = 16;
const LEAST_ALIGNMENT = 4;
/** The longest `nop`. */
const NOP_BYTES = 8;
/** What linkers fill code with: zeros, and `nop` in each length (`lea esi, [esi]` from 3 bytes on). */
const PADDING = /^(?:\0|\x90|f\x90|\.?\x8dt&\0|\x8dv\0|\x8d\xb6\0{4}|\.?\x8d\xb4&\0{4})*$/;

/** `bytes` begin with the kernel image. */
export function takeApart(header: KernelHeader, bytes: Uint8Array): ComparedKernel {
  const { parts, bssBytes } = header;
  const part = ({ offset, sizeBytes }: { offset: number; sizeBytes: number }): Uint8Array =>
    bytes.subarray(offset, offset + sizeBytes);
  const table = part(parts.relocations);
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  const relocations = new Set<number>();
  for (let at = HEAD_BYTES; at + 4 <= table.length; at += 4) relocations.add(view.getUint32(at, true));
  const symbols = kernelSymbols(bytes);
  const code32 = part(parts.code32);
  const end = code32.length + bssBytes;
  const base = (symbols[0]?.endAddress ?? end) - end;
  return { header, code16: part(parts.code16), code32, relocations, places: placesOf(symbols, base, end) };
}

function placesOf(symbols: readonly { name: string; linearAddress: number }[], base: number, end: number): Place[] {
  const starts = new Map<number, string>();
  const counts = new Map<string, number>();
  for (const { name, linearAddress } of symbols) {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (!starts.has(linearAddress - base)) starts.set(linearAddress - base, count === 1 ? name : `${name}#${count}`);
  }
  const places = [...starts].map(([start, name]) => ({ start, name })).sort((one, other) => one.start - other.start);
  if (places[0]?.start !== 0) places.unshift({ start: 0, name: "(beginning)" });
  return places.map((place, index) => ({ ...place, end: places[index + 1]?.start ?? end }));
}

export function compareKernels(a: ComparedKernel, b: ComparedKernel): Difference[] {
  const found: Difference[] = [];
  const fields = ["label", "revision", "entry16", "bssBytes", "virtualOffset", "version"] as const;
  for (const field of fields)
    if (a.header[field] !== b.header[field])
      found.push({ part: "kernel header", name: field, a: String(a.header[field]), b: String(b.header[field]) });
  if (!isEqual(a.code16, b.code16))
    found.push({ part: "kernel 16-bit code", name: "", a: bytesText(a.code16), b: bytesText(b.code16) });
  found.push(...compareCode(a, b));
  for (const [part, table] of [
    ["symbol table", "symbols"],
    ["source-line table", "lines"],
    ["relocation table", "relocations"],
  ] as const)
    if (a.header[table] !== b.header[table])
      found.push({ part, name: "entries", a: String(a.header[table]), b: String(b.header[table]) });
  return found;
}

function compareCode(a: ComparedKernel, b: ComparedKernel): Difference[] {
  const found: Difference[] = [];
  const others = new Map(b.places.map((place) => [place.name, place]));
  for (const place of a.places) {
    const other = others.get(place.name);
    others.delete(place.name);
    const sizes = [place, other].map((one) => one && `${one.end - one.start} bytes`);
    if (other === undefined || !isSamePlace(a, place, b, other))
      found.push({ part: "kernel code", name: place.name, a: sizes[0] ?? null, b: sizes[1] ?? null });
  }
  for (const { name, start, end } of others.values())
    found.push({ part: "kernel code", name, a: null, b: `${end - start} bytes` });
  return found;
}

function isSamePlace(a: ComparedKernel, one: Place, b: ComparedKernel, other: Place): boolean {
  const common = Math.min(one.end - one.start, other.end - other.start);
  // What has moved by whole alignments is padded as before.
  const isElsewhere = (one.start - other.start) % MOST_PADDING !== 0;
  const isRestPadding = (at: number): boolean =>
    isElsewhere &&
    Array.from({ length: NOP_BYTES }, (_, back) => at - back).some(
      (from) => from > 0 && isPadding(a, one, from) && isPadding(b, other, from),
    );
  if (one.end - one.start !== other.end - other.start && !isRestPadding(common)) return false;
  const wordsA = new DataView(a.code32.buffer, a.code32.byteOffset, a.code32.length);
  const wordsB = new DataView(b.code32.buffer, b.code32.byteOffset, b.code32.length);
  const sizeBytes = Math.min(common, a.code32.length - one.start, b.code32.length - other.start);
  for (let at = 0; at < sizeBytes; at++) {
    const [atA, atB] = [one.start + at, other.start + at];
    if (a.relocations.has(atA) !== b.relocations.has(atB)) return false;
    if (a.relocations.has(atA)) {
      if (nameOf(a, wordsA.getUint32(atA, true)) !== nameOf(b, wordsB.getUint32(atB, true))) return false;
      at += 3;
    } else if (a.code32[atA] !== b.code32[atB]) {
      const field = jumpField(a, wordsA, one, b, wordsB, other, at);
      if (field === null) return isRestPadding(at);
      at = field + 3;
    }
  }
  return true;
}

/** Whether what follows the first bytes of a place is what aligns the next object. */
function isPadding({ code32 }: ComparedKernel, { start, end }: Place, sizeBytes: number): boolean {
  const rest = code32.subarray(start + sizeBytes, end);
  if (rest.length >= MOST_PADDING + NOP_BYTES || end % LEAST_ALIGNMENT !== 0) return false;
  return PADDING.test(String.fromCharCode(...rest));
}

/**
 * The offset of a field of a call or a jump (E8, E9, 0F 80 to 0F 8F) that covers a byte, if it leads to the same place
 * in both; null when there is none.
 */
function jumpField(
  ...[a, wordsA, one, b, wordsB, other, at]: [ComparedKernel, DataView, Place, ComparedKernel, DataView, Place, number]
): number | null {
  for (let field = Math.max(1, at - 3); field <= at; field++) {
    const [atA, atB] = [one.start + field, other.start + field];
    if (atA + 4 > a.code32.length || atB + 4 > b.code32.length) continue;
    const [before, opcode] = [a.code32[atA - 2], a.code32[atA - 1]!];
    const isJump = opcode === 0xe8 || opcode === 0xe9 || (before === 0x0f && (opcode & 0xf0) === 0x80);
    if (!isJump) continue;
    const nameA = nameOf(a, (atA + 4 + wordsA.getInt32(atA, true)) >>> 0);
    if (nameA !== null && nameA === nameOf(b, (atB + 4 + wordsB.getInt32(atB, true)) >>> 0)) return field;
  }
  return null;
}

/** What stands at an offset: a name and how far after it; null beyond the kernel. */
function nameOf({ places }: ComparedKernel, offset: number): string | null {
  let [low, high] = [0, places.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle]!.start <= offset) low = middle;
    else high = middle;
  }
  const place = places[low];
  return place === undefined || offset > place.end ? null : `${place.name}+${offset - place.start}`;
}

const bytesText = ({ length }: Uint8Array): string => `${length} bytes`;

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
