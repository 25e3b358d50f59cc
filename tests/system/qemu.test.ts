/** The same images boot in QEMU with SeaBIOS, and our firmware boots them there too. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { images } from "./images.ts";
import { keysInQemu } from "./in-qemu.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-qemu-"));
  const { iso, disk, diskBytes, firmware } = images();
  writeFileSync(join(folder, "qure.iso"), iso);
  writeFileSync(join(folder, "qure.img"), disk);
  truncateSync(join(folder, "qure.img"), diskBytes);
  writeFileSync(join(folder, "firmware.bin"), firmware);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One word, which is printed at once: lines of services may come between two. `$4` is empty. */
const ANSWER = /answer=2/;

/**
 * Boots, types `echo` at the prompt, and returns what came over COM1, without control sequences, once it is answered.
 */
async function bootInQemu(qemu: string, args: readonly string[]): Promise<string> {
  const child = execa(
    qemu,
    ["-M", "pc", "-m", "32", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", ...args],
    { timeout: 60_000, reject: false, buffer: false, stdin: "pipe" },
  );
  let raw = "";
  let text = "";
  let typed = false;
  for await (const chunk of child.stdout!) {
    raw += String(chunk);
    text = raw.replace(/\x1b\[[0-9;?]*[A-Za-z]|\r/g, "");
    if (!typed && /\S+:\/> $/.test(text)) {
      typed = true;
      child.stdin!.write("echo answer=$42\r");
    }
    if (/wait|key/i.test(text) && /too old|KiB of memory/.test(text)) break;
    if (ANSWER.test(text)) break;
  }
  child.kill();
  await child;
  return text;
}

const WAYS: readonly (readonly [way: string, args: readonly string[]])[] = [
  ["CD, SeaBIOS", ["-cdrom", "qure.iso"]],
  ["disk, SeaBIOS", ["-drive", "format=raw,file=qure.img"]],
  ["the ISO as a disk, as on a USB stick, SeaBIOS", ["-drive", "format=raw,file=qure.iso"]],
  ["CD, our firmware", ["-bios", "firmware.bin", "-vga", "std", "-cdrom", "qure.iso"]],
  ["disk, our firmware", ["-bios", "firmware.bin", "-vga", "std", "-drive", "format=raw,file=qure.img"]],
];

for (const [way, args] of rowsOf(WAYS, 1)) {
  test(`boots to the shell in QEMU from ${way}`, async (context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const text = await bootInQemu(
      qemu,
      args.map((arg) => arg.replace(/(qure\.iso|qure\.img|firmware\.bin)/, (name) => join(folder, name))),
    );
    expect(text).toMatch(/QuRe loader: /);
    expect(text).toMatch(ANSWER);
  });
}

const refused: readonly [what: string, args: readonly string[], sentence: RegExp][] = [
  ["2 MiB of memory", ["-m", "2"], /it needs \d+ KiB of memory above 1 MiB, the machine has \d+ KiB there/],
  [
    "a processor without CPUID's pages of 4 MiB",
    ["-cpu", "486,-pse"],
    /the processor is too old: it has no pages of 4 MiB/,
  ],
];
test.for(rowsOf(refused, 1))("the loader refuses %s with a sentence", async ([, args, sentence], context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const text = await bootInQemu(qemu, ["-cdrom", join(folder, "qure.iso"), ...args]);
  expect(text).toMatch(sentence);
  expect(text).not.toMatch(/PANIC/);
});

const machines: readonly [what: string, run: typeof test | typeof thoroughly, args: readonly string[]][] = [
  // SeaBIOS keeps 128 KiB of that, which a kernel with its checks needs; one without boots there, too.
  ["4 MiB of memory", test, ["-m", "4", "-bios", "firmware.bin", "-vga", "std"]],
  ["3.5 GiB of memory", thoroughly, ["-m", "3584"]],
  ["a 486", thoroughly, ["-cpu", "486"]],
];
for (const [machine, run, args] of machines)
  run(`boots in QEMU with ${machine}`, async (context: TestContext) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const words = ["-cdrom", "qure.iso", ...args].map((word) =>
      /^(?:qure|firmware)\./.test(word) ? join(folder, word) : word,
    );
    expect(await bootInQemu(qemu, words)).toMatch(ANSWER);
  });

thoroughly("eight consoles, by the keys of QEMU's keyboard", async (context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const screens = await keysInQemu(
    qemu,
    ["-m", "16", "-cdrom", join(folder, "qure.iso")],
    [
      [/^qure\S*:\/> *$/m, "alt-f2", "e", "c", "h", "o", "spc", "2", "ret"],
      [/^2 *$/m, "alt-f8", "e", "c", "h", "o", "spc", "8", "ret"],
      [/^8 *$/m, "alt-f2"],
      [/^2 *$/m, "alt-f1"],
      [/QuRe loader/],
    ],
  );
  expect(screens[3]).toMatch(/^qure\S*:\/> echo 2 *\n2 *\nqure\S*:\/> *\n/);
  expect(screens[4]).not.toMatch(/echo/);
});
