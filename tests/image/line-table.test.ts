/** The source-line table, read as its page in docs/formats says. */
import { expect, test } from "vitest";
import { type LineEntry, lineTableBytes } from "../../src/image/line-table.ts";

const HEADER_BYTES = 20;

function read(table: Uint8Array): { entries: LineEntry[]; groups: number } {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const word = (index: number): number => view.getUint32(4 * index, true);
  expect(String.fromCharCode(...table.subarray(0, 4))).toBe("QLIN");
  expect(word(1)).toBe(2);
  const [groups, files] = [word(2), word(3)];
  const nameOf = (file: number): string => {
    expect(file).toBeLessThan(files);
    const at = word(HEADER_BYTES / 4 + 2 * groups + file);
    return String.fromCharCode(...table.subarray(at, table.indexOf(0, at)));
  };
  const entries: LineEntry[] = [];
  for (let group = 0; group < groups; group++) {
    let at = word(HEADER_BYTES / 4 + groups + group);
    const number = (): number => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = table[at++]!;
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
      }
    };
    const first = { address: word(HEADER_BYTES / 4 + group), file: nameOf(number()), line: number() };
    entries.push(first);
    for (let { address, file, line } = first; ; ) {
      const byte = table[at++]!;
      if (byte === 1) break;
      expect(byte === 0 || byte > 15).toBe(true);
      if (byte === 0) [address, file, line] = [address + number(), nameOf(number()), number()];
      else [address, line] = [address + (byte >> 4), line + (byte & 15)];
      entries.push({ address, file, line });
    }
  }
  expect(word(4)).toBe(entries.length);
  return { entries, groups };
}

function entriesOf(count: number, next: (index: number) => [bytes: number, line: number, file: string]): LineEntry[] {
  let address = 0;
  return Array.from({ length: count }, (_, index) => {
    const [bytes, line, file] = next(index);
    address += bytes;
    return { address, file, line };
  });
}

const tables: [what: string, entries: LineEntry[]][] = [
  ["no line at all", []],
  ["one line", entriesOf(1, () => [0, 1, "a.s"])],
  ["a group that is just full", entriesOf(64, (index) => [2, index, "a.s"])],
  ["one entry more than a group", entriesOf(65, (index) => [2, index, "a.s"])],
  [
    "the longest steps of a byte and those after them",
    entriesOf(300, (index) => [14 + (index % 3), 1 + 16 * index - (index % 2), "a.s"]),
  ],
  ["a macro's lines, before and behind", entriesOf(200, (index) => [3, index % 4 === 0 ? 9 : 500 + index, "a.s"])],
  ["a line that stays", entriesOf(100, () => [1, 7, "a.s"])],
  ["code far apart, lines far down", entriesOf(100, (index) => [index * 70_000, index * 40_000_000, "a.s"])],
  ["5,000 files", entriesOf(5000, (index) => [1, index, `folder/${index}.s`])],
];

test.for(tables)("%s", ([, entries]) => {
  const table = read(lineTableBytes(entries));
  expect(table.entries).toEqual(entries);
  expect(table.groups).toBe(Math.ceil(entries.length / 64));
});
