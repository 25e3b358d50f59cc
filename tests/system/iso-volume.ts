/**
 * Makes small ISO 9660 volumes for tests of the kernel, with plain names, Rock Ridge or Joliet. Source: ECMA-119, IEEE
 * P1282.
 */

const BLOCK_BYTES = 2048;
const ROOT_BLOCK = 20;
const DIRECTORY_BLOCK = 21;
const FILE_BLOCK = 22;

export type Names = "plain" | "rock" | "joliet";

/** A root with a directory, in which there is one file. */
export function makeIso(names: Names, directory: string, file: string, content: Uint8Array): Uint8Array {
  const iso = new Uint8Array((FILE_BLOCK + Math.ceil(content.length / BLOCK_BYTES)) * BLOCK_BYTES);
  const encode = (name: string): Uint8Array =>
    names === "joliet"
      ? Uint8Array.from([...name].flatMap((letter) => [letter.charCodeAt(0) >> 8, letter.charCodeAt(0) & 0xff]))
      : Buffer.from(name, "latin1");
  const nameOf = (name: string, number: number): Uint8Array =>
    names === "rock" ? Buffer.from(`F${number}.;1`) : encode(names === "plain" ? `${name.toUpperCase()};1` : name);
  const entry = (kind: string, content: readonly number[]): number[] => [
    ...Buffer.from(kind),
    4 + content.length,
    1,
    ...content,
  ];
  /** The name in one piece or in two, among what else Rock Ridge has where there is room for it. */
  const alternate = (name: string): number[] => {
    if (names !== "rock") return [];
    const bytes = [...Buffer.from(name)];
    if (bytes.length > 100) return entry("NM", [0, ...bytes]);
    const [mode, times] = [Array<number>(32).fill(0), [2, 124, 2, 29, 12, 30, 0, 0]];
    const parts = [...entry("NM", [1, ...bytes.slice(0, 1)]), ...entry("NM", [0, ...bytes.slice(1)])];
    return [...entry("RR", [0x89]), ...entry("PX", mode), ...parts, ...entry("TF", times)];
  };
  const mark = names === "rock" ? [0x53, 0x50, 7, 1, 0xbe, 0xef, 0] : [];
  const place = (block: number, records: readonly Uint8Array[]): void => {
    let at = block * BLOCK_BYTES;
    for (const one of records) {
      iso.set(one, at);
      at += one.length;
    }
  };
  const self = (block: number, name: number, system: readonly number[] = []): Uint8Array =>
    record(block, BLOCK_BYTES, 2, Uint8Array.of(name), system);
  place(ROOT_BLOCK, [
    self(ROOT_BLOCK, 0, mark),
    self(ROOT_BLOCK, 1),
    record(DIRECTORY_BLOCK, BLOCK_BYTES, 2, nameOf(directory, 1), alternate(directory)),
  ]);
  place(DIRECTORY_BLOCK, [
    self(DIRECTORY_BLOCK, 0),
    self(ROOT_BLOCK, 1),
    record(FILE_BLOCK, content.length, 0, nameOf(file, 2), alternate(file)),
  ]);
  iso.set(content, FILE_BLOCK * BLOCK_BYTES);
  // What a system without Joliet sees is empty, so that a wrong choice is noticed.
  const root = names === "joliet" ? record(ROOT_BLOCK, 0, 2, Uint8Array.of(0), []) : self(ROOT_BLOCK, 0);
  descriptor(iso, 16, 1, root);
  if (names === "joliet") {
    descriptor(iso, 17, 2, self(ROOT_BLOCK, 0));
    iso.set([0x25, 0x2f, 0x45], 17 * BLOCK_BYTES + 88);
  }
  descriptor(iso, 18, 255, new Uint8Array(0));
  return iso;
}

function descriptor(iso: Uint8Array, block: number, type: number, root: Uint8Array): void {
  const bytes = iso.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
  bytes[0] = type;
  bytes.set(Buffer.from("CD001\x01"), 1);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(80, iso.length / BLOCK_BYTES, true);
  bytes.set(root, 156);
}

function record(
  block: number,
  sizeBytes: number,
  flags: number,
  name: Uint8Array,
  system: readonly number[],
): Uint8Array {
  const nameEnd = (33 + name.length + 1) & ~1;
  const bytes = new Uint8Array((nameEnd + system.length + 1) & ~1);
  const view = new DataView(bytes.buffer);
  bytes[0] = bytes.length;
  view.setUint32(2, block, true);
  view.setUint32(10, sizeBytes, true);
  bytes.set([124, 2, 29, 12, 30, 0, 0], 18);
  bytes[25] = flags;
  bytes[32] = name.length;
  bytes.set(name, 33);
  bytes.set(system, nameEnd);
  return bytes;
}
