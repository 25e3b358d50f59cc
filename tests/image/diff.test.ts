/** In what two images differ: each change of a small system is named, and nothing else is. */
import { expect, test } from "vitest";
import { type BuildOptions, buildSystem } from "../../src/build/build.ts";
import { ObjectCache } from "../../src/build/object-cache.ts";
import { QURE_SHAPE, type SystemShape } from "../../src/build/shape.ts";
import { compareImages } from "../../src/image/diff.ts";
import { smallSystem, treeOf } from "../build/small-system.ts";

/** With a name for what follows the code, as in QuRe. */
const SCRIPT =
  "ENTRY(kernel_entry)\nSECTIONS { .kernel32 0 : { *(.text) . = ALIGN(16); data = .; *(.programs) *(.shellcmd) *(.rodata.str) } }";
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const VOLUME = [
  { path: "/settings", content: text("keymap = de\n") },
  { path: "/letters/a", content: text("a") },
];

interface Change {
  readonly sources?: Readonly<Record<string, string>>;
  readonly options?: Partial<BuildOptions>;
  readonly shape?: Partial<SystemShape>;
}

/** Of one change after the other, so that most sources are assembled once. */
const cache = new ObjectCache();

function image(name: string, { sources = {}, options = {}, shape = {} }: Change = {}): Uint8Array {
  const files = new Map([...smallSystem(), ["asm/kernel.ld", SCRIPT], ...Object.entries(sources)]);
  const all = { version: "1", revision: 1, diskBytes: 17 << 20, cache, wanted: [name], ...options };
  const built = buildSystem(treeOf(files), { ...all, shape: { ...QURE_SHAPE, volume: VOLUME, ...shape } });
  expect(built.diagnostics).toEqual([]);
  const file = built.files!.find((one) => one.name === name)!;
  const whole = new Uint8Array(file.sizeBytes);
  whole.set(file.content);
  return whole;
}

const readerOf = (bytes: Uint8Array): Parameters<typeof compareImages>[0] => ({
  sizeBytes: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});
const compared = (a: Uint8Array, b: Uint8Array): string[] =>
  compareImages(readerOf(a), readerOf(b)).map(
    ({ part, name, a: one, b: other }) => `${part}: ${name}: ${one} | ${other}`,
  );

const model = image("qure.img");

test("equal builds are equal, and the volume in them, too", () => {
  expect(compared(model, image("qure.img"))).toEqual([]);
});

test.each<[string, Change, string[]]>([
  [
    "label and revision",
    { options: { version: "2", revision: 9 } },
    ["kernel header: label: QuRe 1 | QuRe 2", "kernel header: revision: 1 | 9"],
  ],
  [
    "a file, one that is new, one that is gone",
    {
      shape: {
        volume: [
          { path: "/settings", content: text("keymap = fr\n") },
          { path: "/b", content: text("bb") },
        ],
      },
    },
    ["volume: /b: null | 2 bytes", "volume: /letters/a: 1 bytes | null", "volume: /settings: 12 bytes | 12 bytes"],
  ],
  [
    "the size of the disk",
    { options: { diskBytes: 18 << 20 } },
    [
      "size: : 17825792 bytes | 18874368 bytes",
      "partition: 0: type 99, sectors 16384 to 34815 | type 99, sectors 16384 to 36863",
    ],
  ],
])("%s", (_name, change, wanted) => {
  expect(compared(model, image("qure.img", change))).toEqual(wanted);
});

test("of the kernel what has changed is named, not what has only moved", () => {
  // part_a grows: what follows it has moved, and so have calls and addresses.
  const longer = '.include "own.inc"\n.globl part_a\npart_a: push %esi\n mov $KINDS, %eax\n nop\n pop %esi\n ret\n';
  const found = compared(model, image("qure.img", { sources: { "asm/kernel/part-a.s": longer } }));
  expect(found.filter((line) => line.startsWith("kernel code: ")).map((line) => line.split(": ")[1])).toEqual([
    "part_a",
  ]);
  const added = { "asm/kernel/part-b.s": ".globl part_b, part_c\npart_b: nop\n ret\npart_c: ret\n" };
  const lines = compared(model, image("qure.img", { sources: added }));
  expect(lines.filter((line) => line.startsWith("kernel code: part_c: null | "))).toHaveLength(1);
  // A dword at the end that is no code, whatever its bytes.
  const value = (dword: number): string =>
    `.globl part_b\npart_b: ret\n.balign 4\n.globl level\nlevel: .long ${dword}\n`;
  const [before, after] = [0x74, 0x76].map((dword) =>
    image("qure.img", { sources: { "asm/kernel/part-b.s": value(dword) } }),
  );
  expect(compared(before!, after!)).toEqual([expect.stringMatching(/^kernel code: level: /)]);
});

test("boot sector, loader, and bytes that nothing has", () => {
  const changed = (at: number): string[] => {
    const copy = model.slice();
    copy[at] = copy[at]! ^ 1;
    return compared(model, copy).map((line) => line.split(":").slice(0, 2).join(":"));
  };
  expect(changed(100)).toEqual(["boot sector: "]);
  expect(changed(700)).toEqual(["loader: "]);
  expect(changed((8 << 20) - 5)).toEqual([`other bytes: from byte ${(8 << 20) - 5} on`]);
});

test("a CD and a disk of one system differ in what they are, not in the kernel", () => {
  const lines = compared(model, image("qure.iso")).map((line) => line.split(":")[0]);
  expect([...new Set(lines)].sort()).toEqual(["kind", "partition", "size", "volume"]);
});
