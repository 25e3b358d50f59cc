/** Modules: object files that are linked to the running kernel, good ones and all kinds of wrong ones. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assemble, type LabNode } from "../../src/index.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { diskWith } from "./disk-with.ts";
import { boot, images, inState, PROMPT, root } from "./images.ts";
import { output } from "./output.ts";

/** The object of a source for modules. */
function objectOf(source: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder();
  const read = (path: string): { path: string; bytes: Uint8Array } => ({
    path,
    bytes: path === "module.s" ? text.encode(source) : new Uint8Array(readFileSync(join(root, "asm/include", path))),
  });
  const { object, diagnostics } = assemble({ path: "module.s", files: { read } });
  expect(diagnostics).toEqual([]);
  return object!.slice();
}

const sourceOf = (path: string): string => readFileSync(join(root, path), "utf8");
const counter = objectOf(sourceOf("tests/guest/programs/module.s"));
const elf = readElf(counter, "counter.o");

// ELF: where a header has what (System V ABI, chapter 4).
const SECTION_HEADERS_AT = 32;
const SECTION_COUNT = 48;
const SECTION_NAMES = 50;
const HEADER = { type: 4, flags: 8, offset: 16, size: 20, link: 24, info: 28 } as const;

const SHT_REL = 9;
const headers = new DataView(counter.buffer).getUint32(SECTION_HEADERS_AT, true);

/** Where the counter has the header of its first section that is asked for. */
const headerOf = (what: (section: (typeof elf.sections)[number]) => boolean): number =>
  headers + 40 * elf.sections.find(what)!.index;

type Change = (view: DataView, bytes: Uint8Array) => void;

const symbols = headerOf(({ type }) => type === 2);
const text = headerOf(({ name }) => name === ".text");
const relocations = headerOf(({ name }) => name === ".rel.text");
const at = (view: DataView, header: number): number => view.getUint32(header + HEADER.offset, true);
const field =
  (offset: number, value: number): Change =>
  (view) =>
    view.setUint32(offset, value, true);
const half =
  (offset: number, value: number): Change =>
  (view) =>
    view.setUint16(offset, value, true);

const NOT_PROGRAM = "not a program for this system";
const CORRUPT = "data is damaged or of another format";
const TOO_LONG = "too long";

/** Name of the file, what makes it wrong, and the answer. */
const WRONG: readonly (readonly [name: string, change: Change, answer: string])[] = [
  ["magic", field(0, 0x464c4580), NOT_PROGRAM],
  ["type", half(16, 2), NOT_PROGRAM],
  ["machine", half(18, 62), NOT_PROGRAM],
  ["shentsize", half(46, 64), NOT_PROGRAM],
  ["many", half(SECTION_COUNT, 129), NOT_PROGRAM],
  ["strings", half(SECTION_NAMES, elf.sections.length), NOT_PROGRAM],
  ["headers", field(SECTION_HEADERS_AT, counter.length - 39), CORRUPT],
  ["wrapped", field(SECTION_HEADERS_AT, 0xffffff80), CORRUPT],
  ["outside", field(text + HEADER.offset, counter.length - 3), CORRUPT],
  ["behind", field(text + HEADER.offset, 0xfffffff0), CORRUPT],
  ["large", field(text + HEADER.size, (1 << 22) + 1), TOO_LONG],
  [
    "together",
    (view) => {
      view.setUint32(text + HEADER.size, 1 << 22, true);
      view.setUint32(text + HEADER.type, 8, true); // and without contents
    },
    TOO_LONG,
  ],
  ["target", field(relocations + HEADER.info, elf.sections.length), CORRUPT],
  ["table", field(relocations + HEADER.offset, counter.length), CORRUPT],
  ["link", field(relocations + HEADER.link, elf.sections.length), CORRUPT],
  [
    "place",
    (view) => view.setUint32(at(view, relocations), view.getUint32(text + HEADER.size, true) - 3, true),
    CORRUPT,
  ],
  ["far", (view) => view.setUint32(at(view, relocations), 0xfffffffe, true), CORRUPT],
  ["tiny", field(text + HEADER.size, 3), CORRUPT],
  ["kind", (view) => view.setUint8(at(view, relocations) + 4, 7), CORRUPT],
  ["number", (view) => view.setUint8(at(view, relocations) + 7, 0xff), CORRUPT],
  ["symbol", (view) => view.setUint8(at(view, relocations) + 5, elf.symbols.length), CORRUPT],
  ["symbols", field(symbols + HEADER.offset, counter.length - 8), CORRUPT],
  [
    "unread",
    (view) => {
      // Nothing is relocated, so that nothing else asks for a symbol.
      for (const { index, type } of elf.sections)
        if (type === SHT_REL) view.setUint32(headers + 40 * index + HEADER.type, 0, true);
      view.setUint32(symbols + HEADER.size, 0xfffffff0, true);
    },
    CORRUPT,
  ],
  ["names", field(symbols + HEADER.link, elf.sections.length), CORRUPT],
  [
    "name",
    (view) => {
      for (let number = 1; number < elf.symbols.length; number++)
        view.setUint32(at(view, symbols) + 16 * number, counter.length, true);
    },
    CORRUPT,
  ],
];

/** The counter with a change. */
function changed(change: Change): Uint8Array {
  const bytes = counter.slice();
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

async function atPrompt(): Promise<LabNode> {
  const lab = await inState("prompt with objects", async () => {
    const files = new Map<string, Uint8Array>(WRONG.map(([name, change]) => [name, changed(change)]));
    files.set("counter.o", counter);
    files.set("linked.o", objectOf(sourceOf("tests/guest/programs/linked.s")));
    files.set("noexit.o", objectOf(sourceOf("tests/guest/programs/module.s").replaceAll("module_exit", "module_ends")));
    files.set("lacking.o", objectOf(sourceOf("tests/guest/programs/module.s").replace("memory_own", "memory_none")));
    // What is not loaded says nothing of what is to be called, whatever it is called.
    const unloaded = ['.parts, ""', '.initcall.5, "w"'].map((section) => `.section ${section}\n.long 1\n`);
    files.set("more.o", objectOf([sourceOf("tests/guest/programs/module.s"), ...unloaded].join("\n")));
    files.set("short", counter.slice(0, 51));
    files.set("long", new Uint8Array((1 << 20) + 1));
    files.set("mebibyte", new Uint8Array(1 << 20));
    const booted = boot({ nodes: [{ cdrom: images().iso, disk: diskWith(files) }], gateway: false });
    const node = booted.nodes[0]!;
    await node.waitFor(PROMPT);
    await booted.advance("100ms");
    await node.enter("service stop network", PROMPT);
    for (const line of ["umount /net", "mount hda0 /a"]) await node.enter(line, PROMPT);
    return booted;
  });
  return lab.nodes[0]!;
}

/** Memory, handles and who has pages: what a module may not change for good. */
async function belongings(node: LabNode): Promise<string> {
  const owners = (await output(node, "mem owners")).matchAll(/^ *(\d+) +\d+ {2}(.*)$/gm);
  const held = [...owners].map(([, now, name]) => `${name} ${now}`).filter((row) => !/^(heap|file systems) /.test(row));
  const memory = (await output(node, "mem")).replace(/heap .* blocks.*\n/, "");
  return `${memory}${await output(node, "handles")}${held.sort().join("\n")}`;
}

test("an object is linked, its commands work, and it goes without a trace", async () => {
  const node = await atPrompt();
  expect(await output(node, "module && echo listed")).toBe("listed\n");
  const before = await belongings(node);
  expect(await output(node, "module load /a/counter.o")).toBe("counter: loaded\n");
  expect(await output(node, "counter; counter")).toBe("counter: 41\ncounter: 42\n");
  expect(await output(node, "module load /a/linked.o")).toBe("");
  expect(await output(node, "linked; linkedother")).toBe("linked: all is where it should be\nlinked: other\n");
  expect(await output(node, "module")).toMatch(
    /^[0-9a-f]{8} {5}8 KiB {2}linked\.o\n[0-9a-f]{8} {5}4 KiB {2}counter\.o\n$/,
  );
  expect(await output(node, "handles")).toMatch(/ memory +counter\.o\n/);
  expect(await output(node, "mem owners")).toMatch(/^ +8 +8 {2}linked\.o\n/m);
  expect(await output(node, "module load /a/counter.o")).toBe("module: /a/counter.o: exists already\n");
  expect(await output(node, "counter")).toBe("counter: 43\n");
  expect(await output(node, "module unload counter.o")).toBe("counter: unloaded\n");
  expect(await output(node, "counter")).toMatch(/usage: counter/); // the program of this name
  expect(await output(node, "linked")).toBe("linked: all is where it should be\n");
  expect(await output(node, "module unload linked.o")).toBe("linked: gone\n");
  expect(await output(node, "linked")).toMatch(/unknown command/);
  expect(await output(node, "module unload linked.o || echo failed")).toBe("module: linked.o: not found\nfailed\n");
  expect(await belongings(node)).toBe(before);
  expect(await output(node, "mem check")).toMatch(/all headers agree/);
});

test("sections that are not loaded are none of a module", async () => {
  const node = await atPrompt();
  expect(await output(node, "module load /a/more.o; counter; module unload more.o")).toBe(
    "counter: loaded\ncounter: 41\ncounter: unloaded\n",
  );
});

test("an object that is none, or is damaged, is refused, and nothing of it stays", async () => {
  const node = await atPrompt();
  const before = await belongings(node);
  for (const [name, , answer] of WRONG)
    expect(await output(node, `module load /a/${name}`), name).toBe(`module: /a/${name}: ${answer}\n`);
  for (const [name, answer] of [
    ["short", NOT_PROGRAM],
    ["mebibyte", NOT_PROGRAM],
    ["long", TOO_LONG],
    ["none", "not found"],
    ["lacking.o", "not found: memory_none"],
  ])
    expect(await output(node, `module load /a/${name}`), name).toBe(`module: /a/${name}: ${answer}\n`);
  expect(await output(node, "module")).toBe("");
  expect(await belongings(node)).toBe(before);
  expect(await output(node, "mem check")).toMatch(/all headers agree/);
});

test("a module without module_exit stays, and one that tasks work for", async () => {
  const node = await atPrompt();
  expect(await output(node, "module load /a/noexit.o")).toBe("counter: loaded\n");
  expect(await output(node, "module unload noexit.o")).toBe("module: noexit.o: not permitted\n");
  expect(await output(node, "counter")).toBe("counter: 41\n");
  expect(await output(node, "module drop noexit.o")).toBe(
    "usage: module [load PATH|unload NAME|list|undo NAME|push NAME BYTES SHA256 [keep]]\n",
  );
  expect(await output(node, "module unload")).toBe(
    "usage: module [load PATH|unload NAME|list|undo NAME|push NAME BYTES SHA256 [keep]]\n",
  );
});
