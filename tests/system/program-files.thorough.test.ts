/**
 * Programs as files on a volume: what the kernel takes of an ELF file and what it refuses, and the source lines that it
 * finds in line tables of DWARF 2 to 5 when a program faults.
 */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { diskWith } from "./disk-with.ts";
import { boot, images, inState, PROMPT } from "./images.ts";
import { output } from "./output.ts";

const BASE = 0x08048000;
const CODE_AT = 0x280;
const DATA_BYTES = 0x40;
/** Where the data of each program is: in pages of its own, not at their beginning. */
const DATA = 0x08052ff0;
const HEADER_BYTES = 52;
const SEGMENT_BYTES = 32;

interface Segment {
  readonly type?: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly isWritable?: boolean;
}

interface Parts {
  readonly code: readonly number[];
  readonly data?: readonly number[];
  readonly entry?: number;
  readonly segments?: readonly Segment[];
  /** Name and contents of sections, such as .debug_line. */
  readonly sections?: readonly (readonly [name: string, content: readonly number[]])[];
  /** After all else is in place. */
  readonly change?: (view: DataView) => void;
}

const codeSegment = (code: readonly number[]): Segment => ({
  offset: 0,
  address: BASE,
  fileBytes: CODE_AT + code.length,
  memoryBytes: CODE_AT + code.length,
});

/** An ELF file (System V ABI, chapters 4 and 5). */
function program({ code, data = [], entry = BASE + CODE_AT, segments, sections = [], change }: Parts): Uint8Array {
  const bytes = new Uint8Array(0x4000);
  const view = new DataView(bytes.buffer);
  const list = segments ?? [codeSegment(code)];
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  bytes.set(code, CODE_AT);
  bytes.set(data, 0x1000);
  view.setUint16(16, 2, true);
  view.setUint16(18, 3, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, entry, true);
  view.setUint32(28, HEADER_BYTES, true);
  view.setUint16(40, HEADER_BYTES, true);
  view.setUint16(42, SEGMENT_BYTES, true);
  view.setUint16(44, list.length, true);
  list.forEach(({ type = 1, offset, address, fileBytes, memoryBytes, isWritable = false }, index) => {
    [type, offset, address, address, fileBytes, memoryBytes, isWritable ? 6 : 5, 4096].forEach((value, field) =>
      view.setUint32(HEADER_BYTES + SEGMENT_BYTES * index + 4 * field, value, true),
    );
  });
  if (sections.length > 0) {
    const names = [...sections.map(([name]) => name), ".shstrtab"];
    const table = `\0${names.join("\0")}\0`;
    const all = [...sections.map(([, content]) => content), [...Buffer.from(table)]];
    let at = 0x1800;
    const headers = 0x3800;
    view.setUint32(32, headers, true);
    view.setUint16(46, 40, true);
    view.setUint16(48, all.length + 1, true);
    view.setUint16(50, all.length, true);
    all.forEach((content, index) => {
      bytes.set(content, at);
      const header = headers + 40 * (index + 1);
      view.setUint32(header, table.indexOf(`\0${names[index]!}\0`) + 1, true);
      view.setUint32(header + 4, 1, true);
      view.setUint32(header + 16, at, true);
      view.setUint32(header + 20, content.length, true);
      at += content.length + 5;
    });
  }
  change?.(view);
  return bytes;
}

const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** Ends with the byte at an address as its status. */
const endWith = (address: number): number[] => [
  ...[0x0f, 0xb6, 0x1d, ...dword(address)], // movzx ebx, byte ptr [address]
  ...[0x31, 0xc0], // xor eax, eax: exit
  ...[0x89, 0xd9, 0x89, 0xda], // mov ecx, ebx; mov edx, ebx
  ...[0xcd, 0x80],
];

const text = (value: string): number[] => [...Buffer.from(`${value}\0`)];
const numbers = Array.from({ length: DATA_BYTES }, (_, at) => at + 1);

/** The segments of a program with data that begins at `DATA`, and zeros after it. */
const withData = (code: readonly number[]): Segment[] => [
  codeSegment(code),
  { type: 4, offset: 0, address: 0xffffffff, fileBytes: 0, memoryBytes: 1 }, // a note, whatever it says
  { offset: 0x1000, address: DATA, fileBytes: DATA_BYTES, memoryBytes: 0x3000, isWritable: true },
  { offset: 0, address: 0xffffffff, fileBytes: 0, memoryBytes: 0 },
];

/** Bytes of the data, and what they should be. */
const PLACES: readonly (readonly [address: number, value: number])[] = [
  [DATA, 1],
  [DATA + 0x0f, 0x10],
  [DATA + 0x10, 0x11], // in the second page
  [DATA + DATA_BYTES - 1, DATA_BYTES],
  [DATA + DATA_BYTES, 0],
  [DATA - 1, 0],
  [DATA + 0x1fff, 0],
  [DATA + 0x300f, 0],
  [BASE, 0x7f],
  [BASE + CODE_AT + 1, 0xb6],
];

type Break = (view: DataView) => void;
const dwordAt =
  (offset: number, value: number): Break =>
  (view) =>
    view.setUint32(offset, value, true);
const wordAt =
  (offset: number, value: number): Break =>
  (view) =>
    view.setUint16(offset, value, true);
const SEGMENT = HEADER_BYTES;

/** What makes a file none of a program. */
const REFUSED: readonly (readonly [name: string, change: Break])[] = [
  ["magic", dwordAt(0, 0x464c4580)],
  ["class", (view) => view.setUint8(4, 2)],
  ["order", (view) => view.setUint8(5, 2)],
  ["version", (view) => view.setUint8(6, 2)],
  ["kind", wordAt(16, 1)],
  ["machine", wordAt(18, 62)],
  ["entries", wordAt(42, 56)],
  ["many", wordAt(44, 17)],
  ["headers", dwordAt(28, 0x4000 - 31)],
  ["memory", dwordAt(SEGMENT + 20, 0x40000001)],
  ["less", dwordAt(SEGMENT + 20, CODE_AT)],
  ["above", dwordAt(SEGMENT + 8, 0x40000001)],
  ["end", dwordAt(SEGMENT + 8, 0x40000000)],
  ["null", dwordAt(SEGMENT + 8, 0x0fff)],
  ["overlap", dwordAt(SEGMENT + SEGMENT_BYTES + 8, BASE + 0xfff)],
  ["below", dwordAt(SEGMENT + SEGMENT_BYTES + 8, BASE - 0x1010)],
  ["touch", dwordAt(SEGMENT + SEGMENT_BYTES + 8, BASE - 0x2fff)],
];

/** Programs that fault at once where `entry` says, with these line tables. */
const FAULTS = 0x200;
const halts = Array<number>(FAULTS).fill(0xf4);
const START = BASE + CODE_AT;

const OPCODES = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
const setAddress = (address: number): number[] => [0, 5, 2, ...dword(address)];
const END = [0, 1, 1];

interface Unit {
  readonly version: number;
  readonly tables: readonly number[];
  readonly operations: readonly number[];
  readonly smallest?: number;
  readonly lineBase?: number;
  readonly lineRange?: number;
  readonly opcodes?: readonly number[];
}

function unit({
  version,
  tables,
  operations,
  smallest = 1,
  lineBase = -5,
  lineRange = 14,
  opcodes = OPCODES,
}: Unit): number[] {
  const header = [
    smallest,
    ...(version >= 4 ? [1] : []),
    1,
    lineBase & 0xff,
    lineRange,
    opcodes.length + 1,
    ...opcodes,
    ...tables,
  ];
  const rest = [version, 0, ...(version === 5 ? [4, 0] : []), ...dword(header.length), ...header, ...operations];
  return [...dword(rest.length), ...rest];
}

/** Tables of directories and files up to version 4. */
const old = (directories: readonly string[], files: readonly string[]): number[] => [
  ...directories.flatMap(text),
  0,
  ...files.flatMap((name) => [...text(name), 0, 0x81, 0x01, 0x80, 0x80, 0x01]),
  0,
];
/** And of version 5, with names in them, and other fields around these. */
const FIELDS = [5, 1, 8, 2, 0x0b, 3, 0x05, 4, 0x06, 5, 0x1e];
const around = (name: string): number[] => [...text(name), 7, 8, 9, 1, 2, 3, 4, ...Array<number>(16).fill(0xee)];
const five = (directories: readonly string[], files: readonly string[]): number[] => [
  ...FIELDS,
  directories.length,
  ...directories.flatMap(around),
  ...FIELDS,
  files.length,
  ...files.flatMap(around),
];
const special = (addressStep: number, lineStep: number): number => 13 + 14 * addressStep + (lineStep + 5);

const FILES = ["first.s", "second.s", "third.s"];
const simple = [...setAddress(START), 1, special(8, 3), special(4, 2), 2, 4, 1, ...END];

/** What is special, the unit, where the program faults, and what is said. */
interface Row {
  readonly units: readonly (readonly number[])[];
  readonly at: number;
  readonly place: string | null;
  readonly strings?: readonly number[];
}
const one = (of: Unit, at: number, place: string | null, strings?: readonly number[]): Row => ({
  units: [unit(of)],
  at,
  place,
  ...(strings && { strings }),
});
const v2 = (operations: readonly number[], more: Partial<Unit> = {}): Unit => ({
  version: 2,
  tables: old(["a", "b"], FILES),
  operations,
  ...more,
});
const LONG = `${"n".repeat(200)}.s`;

const ROWS: Readonly<Record<string, Row>> = {
  first: one(v2(simple), 0, "first.s:1"),
  within: one(v2(simple), 6, "first.s:1"),
  step: one(v2(simple), 8, "first.s:4"),
  last: one(v2(simple), 14, "first.s:6"),
  after: one(v2(simple), 16, null),
  version3: one({ ...v2(simple), version: 3 }, 8, "first.s:4"),
  version4: one({ ...v2(simple), version: 4 }, 8, "first.s:4"),
  version5: one({ version: 5, tables: five(["d", "e"], FILES), operations: simple }, 8, "second.s:4"),
  version6: one({ ...v2(simple), version: 6 }, 8, null),
  version1: one({ ...v2(simple), version: 1 }, 8, null),
  file: one(v2([...setAddress(START), 4, 3, 1, 2, 8, ...END]), 2, "third.s:1"),
  nofile: one(v2([...setAddress(START), 4, 4, 1, 2, 8, ...END]), 2, null),
  file5: one(
    { version: 5, tables: five(["d"], FILES), operations: [...setAddress(START), 4, 2, 1, 2, 8, ...END] },
    2,
    "third.s:1",
  ),
  nofile5: one(
    { version: 5, tables: five(["d"], FILES), operations: [...setAddress(START), 4, 3, 1, 2, 8, ...END] },
    2,
    null,
  ),
  nodirectories: one(v2(simple, { tables: old([], FILES) }), 0, "first.s:1"),
  // Line 1 + 1000 - 300; the address goes on by 200.
  numbers: one(v2([...setAddress(START), 3, 0xe8, 0x07, 3, 0xd4, 0x7d, 1, 2, 0xc8, 0x01, ...END]), 198, "first.s:701"),
  back: one(v2([...setAddress(START), 3, 10, 3, 0x7d, 1, 2, 8, ...END]), 2, "first.s:8"),
  constant: one(v2([...setAddress(START), 1, 8, special(0, 1), 2, 2, ...END]), 17, "first.s:2"),
  beforeconstant: one(v2([...setAddress(START), 1, 8, special(0, 1), 2, 2, ...END]), 16, "first.s:1"),
  fixed: one(v2([...setAddress(START), 1, 9, 0x02, 0x01, special(0, 4), 2, 8, ...END]), 0x102, "first.s:5"),
  beforefixed: one(v2([...setAddress(START), 1, 9, 0x02, 0x01, special(0, 4), 2, 8, ...END]), 0x100, "first.s:1"),
  smallest: one(v2([...setAddress(START), 1, special(4, 2), 2, 4, ...END], { smallest: 4 }), 16, "first.s:3"),
  smallestend: one(v2([...setAddress(START), 1, special(4, 2), 2, 4, ...END], { smallest: 4 }), 30, "first.s:3"),
  others: one(
    v2([...setAddress(START), 5, 0x81, 0x01, 6, 7, 10, 11, 12, 0x82, 0x01, 0, 3, 0x80, 1, 1, 1, 2, 8, ...END]),
    2,
    "first.s:1",
  ),
  range: one(
    v2([...setAddress(START), 1, 13 + 4 * 3 + 2, 2, 8, ...END], { lineBase: 1, lineRange: 4 }),
    3,
    "first.s:4",
  ),
  norange: one(v2(simple, { lineRange: 0 }), 0, null),
  // Two more operations that nobody knows, with an operand each.
  opcodes: one(
    v2([...setAddress(START), 13, 9, 14, 9, 1, 2, 8, ...END], { opcodes: [...OPCODES, 1, 1] }),
    2,
    "first.s:1",
  ),
  nine: one(v2([...setAddress(START), 1, 9, 4, 0, 1, ...END], { opcodes: OPCODES.slice(0, 9) }), 2, "first.s:1"),
  eight: one(v2([...setAddress(START), 1, 2, 4, ...END], { opcodes: OPCODES.slice(0, 8) }), 2, null),
  sequences: one(
    v2([...setAddress(START + 64), 3, 6, 1, 2, 8, ...END, ...setAddress(START), 1, 2, 8, ...END]),
    4,
    "first.s:1",
  ),
  // The end of one sequence and the beginning of the next are no row together.
  between: one(v2([...setAddress(START), 1, 2, 8, ...END, ...setAddress(START + 64), 1, 2, 8, ...END]), 32, null),
  secondunit: {
    units: [
      unit(v2([...setAddress(START + 64), 1, 2, 8, ...END])),
      unit({ ...v2(simple), tables: old([], ["other.c"]) }),
    ],
    at: 8,
    place: "other.c:4",
  },
  // The number at the end of a unit goes on in the next one, which begins where it is said to all the same.
  overrun: {
    units: [unit(v2([...setAddress(START + 64), 1, 2, 0x80])), unit(v2(simple))],
    at: 8,
    place: "first.s:4",
  },
  mixed: {
    units: [
      unit({ version: 5, tables: five(["d"], FILES), operations: [...setAddress(START + 64), 1, 2, 8, ...END] }),
      unit({ ...v2(simple), version: 3 }),
    ],
    at: 8,
    place: "first.s:4",
  },
  strings: one(
    {
      version: 5,
      tables: [1, 1, 0x1f, 1, ...dword(0), 2, 1, 0x1f, 2, 0x0b, 2, ...dword(4), 0, ...dword(11), 0],
      operations: simple,
    },
    8,
    "later.s:4",
    [...text("dir"), ...text("zeroth"), ...text("later.s")],
  ),
  otherstrings: one(
    {
      version: 5,
      tables: [
        1,
        1,
        0x08,
        1,
        ...text("d"),
        2,
        1,
        0x08,
        9,
        0x1f,
        2,
        ...text("a.s"),
        ...dword(2),
        ...text("b.s"),
        ...dword(0),
      ],
      operations: simple,
    },
    0,
    "b.s:1",
    text("never"),
  ),
  // Texts beside the names that are none of a file.
  linestrings: one(
    {
      version: 5,
      tables: [1, 1, 8, 1, ...text("d"), 2, 1, 8, 9, 0x1f, 2, ...text("a.s"), ...dword(0), ...text("b.s"), ...dword(0)],
      operations: simple,
    },
    0,
    "b.s:1",
    text("never"),
  ),
  strp: one(
    {
      version: 5,
      tables: [
        1,
        1,
        0x08,
        1,
        ...text("d"),
        2,
        9,
        0x0e,
        1,
        0x08,
        2,
        ...dword(7),
        ...text("a.s"),
        ...dword(9),
        ...text("b.s"),
      ],
      operations: simple,
    },
    0,
    "b.s:1",
  ),
  form: one({ version: 5, tables: [1, 1, 0x21, 1, 0, 0], operations: simple }, 0, null),
  formats: one({ version: 5, tables: [9, ...Array<number>(18).fill(8), 0], operations: simple }, 0, null),
  noformats: one({ version: 5, tables: [0, 0x7f], operations: simple }, 0, null),
  long: one(v2(simple, { tables: old([], [LONG]) }), 0, `${LONG.slice(0, 127)}:1`),
  window: one(v2(simple, { tables: old(Array<string>(300).fill("dir"), FILES) }), 0, "first.s:1"),
  cut: { units: [unit(v2(simple)).slice(0, -12)], at: 8, place: null },
  none: { units: [], at: 8, place: null },
  // A unit that says it is longer than the section.
  beyond: { units: [[...dword(0x7fffffff), ...unit(v2(simple)).slice(4)]], at: 2, place: "first.s:1" },
  wrapped: { units: [[...dword(0xfffffff0), ...unit(v2(simple)).slice(4)]], at: 2, place: null },
};

function files(): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  PLACES.forEach(([address], index) => {
    const code = endWith(address);
    found.set(`place${index}`, program({ code, data: numbers, segments: withData(code) }));
  });
  const code = endWith(DATA);
  for (const [name, change] of REFUSED)
    found.set(name, program({ code, data: numbers, segments: withData(code).toSpliced(1, 1), change }));
  const writes = [0xc6, 0x05, ...dword(BASE + 0x20), 1];
  found.set("writes", program({ code: writes }));
  found.set("small", program({ code }).slice(0, 51));
  const second = endWith(DATA + 0x10);
  found.set("cut", program({ code: second, data: numbers, segments: withData(second) }).slice(0, 0x1010));
  // Whether a register but EAX, which is the argument of a thread, is another number than 0.
  const registers = [0x09, 0xd1, 0x09, 0xf1, 0x09, 0xf9, 0x09, 0xd9, 0x09, 0xe9, 0x0f, 0x95, 0xc3, 0x0f, 0xb6, 0xdb];
  found.set("registers", program({ code: [...registers, ...endWith(0).slice(7)] }));
  const most = [codeSegment(code), ...Array<Segment>(15).fill(withData(code)[3]!)];
  found.set("most", program({ code: [...endWith(BASE)], segments: most }));
  for (const [name, { units, at, strings }] of Object.entries(ROWS)) {
    const sections: [string, readonly number[]][] = [
      [".debug_info", dword(0)],
      [".debug_line", units.flat()],
    ];
    if (strings) sections.push([".debug_line_str", strings]);
    found.set(`line-${name}`, program({ code: halts, entry: START + at, sections }));
  }
  return found;
}

async function atPrompt(): Promise<LabNode> {
  const lab = await inState("prompt with programs", async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso, disk: diskWith(files()) }], gateway: false });
    const node = booted.nodes[0]!;
    await node.waitFor(PROMPT);
    await booted.advance("100ms");
    for (const line of ["service stop network", "umount /net", "mount hda0 /a"]) await node.enter(line, PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

test("a program's memory is what its file says, and zeros", async () => {
  const node = await atPrompt();
  for (const [index, [address, value]] of PLACES.entries())
    expect(await output(node, `time /a/place${index}`), address.toString(16)).toMatch(new RegExp(`status ${value}\n`));
  expect(await output(node, "time /a/most")).toMatch(/status 127\n/);
  expect(await output(node, "time /a/registers")).toMatch(/status 0\n/);
  expect(await output(node, "/a/writes")).toMatch(/page fault, write at 08048020, eip 08048280\n$/);
  expect(await output(node, "/a/cut")).toMatch(/page fault, read at 08053000, eip 08048280: /);
});

test("what is no program is refused, and leaves nothing behind", async () => {
  const node = await atPrompt();
  const before = await output(node, "mem; handles");
  for (const name of [...REFUSED.map(([name]) => name), "small"])
    expect(await output(node, `/a/${name}`), name).toMatch(/: not a program for this system\n$/);
  expect((await output(node, "mem; handles")).replace(/heap .* blocks.*\n/, "")).toBe(
    before.replace(/heap .* blocks.*\n/, ""),
  );
});

test("a fault names its source line, if the file says it", async () => {
  const node = await atPrompt();
  const said: Record<string, string | null> = {};
  for (const [name, { at }] of Object.entries(ROWS)) {
    const eip = (START + at).toString(16).padStart(8, "0");
    const answer = new RegExp(`general protection fault, eip ${eip}(?:, (.*))?\n$`).exec(
      await output(node, `/a/line-${name}`),
    );
    said[name] = answer ? (answer[1] ?? null) : "no fault";
  }
  expect(said).toEqual(Object.fromEntries(Object.entries(ROWS).map(([name, { place }]) => [name, place])));
});
