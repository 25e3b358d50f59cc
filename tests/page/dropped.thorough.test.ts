/** Images of one's own: each kind is dropped on the page, boots, is shown, and is there again after a reload. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { assemble } from "../../src/assembler/assemble.ts";
import { link as linkObjects } from "../../src/linker/link.ts";
import { parseScript } from "../../src/linker/script/parser.ts";
import { readElf } from "../../src/object/elf-reader.ts";
import { withFolder } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { ask, digestIn, emu, IMAGE, runTo, send, until, withBrowser } from "./browser.ts";

const HERE_NS = 500_000_000;
const ROUNDS = 8;

/** As a person lets go of a file over the page. */
async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const encoded = Buffer.from(bytes).toString("base64");
  const transfer = await page.evaluateHandle(`(() => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(encoded)}), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}));
    return transfer;
  })()`);
  await page.evaluate("qure.problem = null; qure.state = null");
  await page.dispatchEvent("main", "dragover", { dataTransfer: transfer });
  await page.locator(".dropping").waitFor();
  await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
}

const SAYS = "booted from what was dropped here";
/** A boot sector that prints SAYS by INT 10h and stands still, in front of zeros. */
function bootable(sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes);
  // xor ax,ax; mov ds,ax; mov si,7C16h; cld; 1: lodsb; test al,al; jz 2f; mov ah,0Eh; int 10h; jmp 1b; 2: hlt; jmp 2b
  bytes.write("31c08ed8be167cfcac84c07406b40ecd10ebf5f4ebfd", "hex");
  bytes.write(`${SAYS}\0`, 22, "latin1");
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** The same as a Multiboot kernel, which writes into the memory of the screen. */
function elf(): Uint8Array {
  const source = `
    .intel_syntax noprefix
    .text
    .long 0x1BADB002, 0, -0x1BADB002
    .global _start
    _start: mov esi, offset text
            mov edi, 0xB8000
            mov ah, 7
    1:      lodsb
            test al, al
            jz 2f
            stosw
            jmp 1b
    2:      hlt
            jmp 2b
    text:   .asciz "${SAYS}"
  `;
  const read = (path: string) => (path === "kernel.s" ? { path, bytes: new TextEncoder().encode(source) } : null);
  const { object } = assemble({ path: "kernel.s", files: { read } });
  const script = parseScript("ENTRY(_start) SECTIONS { . = 0x100000; .text : { *(.text) } }", "kernel.ld");
  return linkObjects({ objects: [readElf(object!, "kernel.o")], script }).linked!.file;
}

const IMAGES = [
  { name: "mine.iso", option: "--image", says: "QuRe", make: () => new Uint8Array(readFileSync(IMAGE)) },
  { name: "mine.img", option: "--image", says: SAYS, make: () => bootable(4 << 20) },
  { name: "mine.flp", option: "--fda", says: SAYS, make: () => bootable(1440 << 10) },
  { name: "mine.elf", option: "--kernel", says: SAYS, make: elf },
];

test.for(rowsOf(IMAGES, [0, 1]))(
  "$name boots where it is dropped, and after a reload",
  ({ name, option, says, make }, context) =>
    withBrowser(context, async ({ page, address, errors }) => {
      await page.goto(`${address}?nodes=1`);
      await until(page, "state.nowNs > 0");
      const bytes = make();
      await drop(page, name, bytes);
      await page.locator(".headline", { hasText: name }).waitFor();
      await send(page, { kind: "pause" });
      await runTo(page, HERE_NS);
      await page.waitForFunction(`qure.screenTexts.get(0)?.join(" ").includes(${JSON.stringify(says)})`);
      const digest = await ask(page, { kind: "digest" });
      const link = await ask(page, { kind: "link" });
      withFolder((folder) => {
        writeFileSync(join(folder, name), bytes);
        expect(digestIn(emu(option, join(folder, name), "--replay", link))).toBe(digest);
      });
      await page.reload();
      await until(page, `!state.isSeeking && state.nowNs === ${HERE_NS}`);
      expect(await page.evaluate("qure.note")).toBeNull();
      expect(await ask(page, { kind: "digest" })).toBe(digest);
      await page.waitForFunction(`qure.screenTexts.get(0)?.join(" ").includes(${JSON.stringify(says)})`);
      // It can be gone on with, and started anew, without being dropped again.
      await runTo(page, HERE_NS + 1e8);
      expect(errors).toEqual([]);
    }),
);

test.for(rowsOf(IMAGES, [0, 1]))(
  "$name with wrong bytes in it runs, or ends in a sentence",
  ({ name, make }, context) =>
    withBrowser(context, async ({ page, address, errors }) => {
      await page.goto(`${address}?nodes=1`);
      await until(page, "state.nowNs > 0");
      const random = new Random(11);
      const whole = make();
      for (let round = 0; round < ROUNDS; round++) {
        const spoiled = whole.slice(0, random.chance(30) ? random.below(whole.length) : whole.length);
        // Where headers are: of sectors, of ELF, of an ISO's volumes.
        for (let count = 0; count < 40; count++)
          spoiled[random.pick([0, 0x8000]) + random.below(1024)] = random.below(256);
        await drop(page, name, spoiled);
        await page.waitForFunction("qure.problem !== null || qure.state?.nowNs > 1e7", null, { timeout: 60_000 });
        const problem = (await page.evaluate("qure.problem")) as string | null;
        if (problem !== null) expect(problem, `round ${round}`).toMatch(/^[A-Za-z].{10,}/);
      }
      expect(errors).toEqual([]);
    }),
);
