/** Call frame information out of code: what readelf makes of it, line by line. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { assemble } from "../../src/assembler/assemble.ts";
import { callFrames } from "../../src/build/call-frames.ts";
import { addSection } from "../../src/object/add-section.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { images } from "../system/images.ts";

const BASE = 0x1000;

/** Rows of the tables that readelf shows, as `address: CFA saved...`, for a source whose labels are all code. */
function rows(readelf: string, source: string, bottoms: readonly string[] = []): string[] {
  const bytes = new TextEncoder().encode(`.intel_syntax noprefix\n.code32\n${source}\n`);
  const { object, diagnostics } = assemble({
    path: "frames.s",
    files: { read: (path) => (path === "frames.s" ? { path, bytes } : null) },
  });
  if (!object) throw new Error(JSON.stringify(diagnostics));
  const elf = readElf(object, "frames.o");
  const text = elf.sections.find(({ name }) => name === ".text")!;
  const labels = elf.symbols.filter(({ name, section }) => name !== "" && section === text.index);
  const content = callFrames({
    address: BASE,
    content: text.content,
    labels: labels.map(({ value }) => BASE + value).sort((a, b) => a - b),
    bottoms: labels.filter(({ name }) => bottoms.includes(name)).map(({ value }) => BASE + value),
  });
  return withFolder((folder) => {
    const path = join(folder, "frames.elf");
    writeFileSync(path, addSection(object, ".debug_frame", content, 4));
    const { stdout, stderr } = spawnSync(readelf, ["--debug-dump=frames-interp", path], { encoding: "utf8" });
    expect(stderr).toBe("");
    return [...stdout.slice(stdout.indexOf(" FDE ")).matchAll(/^([0-9a-f]{8}) ((?:esp|ebp)[+-]\d+) +(.*?) *$/gm)].map(
      ([, address, cfa, places]) =>
        `${(parseInt(address!, 16) - BASE).toString(16)}: ${cfa} ${places!.replace(/ +/g, " ")}`,
    );
  });
}

test("pushes, pops, arguments and locals", (context) => {
  const readelf = requireOracle("readelf", context);
  expect(
    rows(
      readelf,
      `
    f:  push ebx
        push esi
        sub esp, 16
        push 1
        call g
        add esp, 16
        test eax, eax
        jz 1f
        pop esi
        pop ebx
        ret
    1:  lea esp, [esp + 4]
        pop ebx
        ret
    g:  pushad
        popad
        ret 4`,
    ),
  ).toEqual([
    "0: esp+4 u u c-4",
    "1: esp+8 c-8 u c-4",
    "2: esp+12 c-8 c-12 c-4",
    "5: esp+28 c-8 c-12 c-4",
    "7: esp+32 c-8 c-12 c-4",
    "c: esp+28 c-8 c-12 c-4",
    "f: esp+12 c-8 c-12 c-4",
    "14: esp+8 c-8 u c-4",
    "15: esp+4 u u c-4",
    "16: esp+12 c-8 c-12 c-4",
    "1a: esp+8 c-8 u c-4",
    "1b: esp+4 u u c-4",
    "1c: esp+4 u u u u c-4",
    "1d: esp+36 c-20 c-28 c-32 c-36 c-4",
    "1e: esp+4 u u u u c-4",
  ]);
});

test("frames of EBP, where ESP gets lost", (context) => {
  const readelf = requireOracle("readelf", context);
  expect(
    rows(
      readelf,
      `
    f:  push ebp
        mov ebp, esp
        and esp, -16
        nop
        leave
        ret`,
    ),
  ).toEqual(["0: esp+4 u c-4", "1: esp+8 c-8 c-4", "6: ebp+8 c-8 c-4", "8: esp+4 u c-4"]);
});

test("handlers of interrupts are known by how they end; what lies above the first routine is nothing", (context) => {
  const readelf = requireOracle("readelf", context);
  const handler = rows(
    readelf,
    `
    start: mov esp, 0x8000
        call f
    0:  hlt
        jmp 0b
    f:  ret
    handler:
        push eax
        call f
        pop eax
        iret
    task: pop ecx
        pop eax
        call ecx
        jmp 0b`,
    ["start"],
  );
  expect(handler).toContain("e: esp+12 c-12 c-4");
  expect(handler).toContain("f: esp+16 c-12 c-4");
  expect(handler.filter((row) => row.startsWith("0:"))).toEqual(["0: esp+4 u"]);
  expect(handler.filter((row) => /^16:/.test(row))).toEqual(["16: esp+4 u"]);
});

test("the kernel's is well-formed, covers its routines, and any bytes end in something", (context) => {
  const readelf = requireOracle("readelf", context);
  withFolder((folder) => {
    const path = join(folder, "kernel.elf");
    writeFileSync(path, images().kernelElf);
    const { stdout, stderr } = spawnSync(readelf, ["--debug-dump=frames-interp", path], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    expect(stderr).toBe("");
    expect(stdout.match(/ FDE /g)!.length).toBeGreaterThan(500);
    expect(stdout).not.toMatch(/esp\+-|c\+/);
  });
  const random = new Random(1);
  for (let round = 0; round < 200; round++) {
    const content = Uint8Array.from({ length: 256 }, () => random.below(256));
    expect(
      callFrames({ address: BASE, content, labels: [BASE, BASE + 17, BASE + 200, BASE + 300], bottoms: [BASE + 100] })
        .length,
    ).toBeGreaterThan(60);
  }
});
