/**
 * What a program reads with Node's `fs` is a Buffer, whose `slice` is no copy: whoever is given one reads it and leaves
 * it as it was.
 */
import { expect, test } from "vitest";
import { assemble, inspectImage, link, parseScript, readElf } from "../../src/index.ts";
import { images } from "../system/images.ts";

const SCRIPT = "ENTRY(_start) SECTIONS { . = 0x100000; .text : { *(.text) } .data : { *(.data) } }";

test("inspecting an image changes nothing in it", () => {
  const image = Buffer.from(images().iso);
  const before = Buffer.from(image);
  const { problems } = inspectImage({
    sizeBytes: image.length,
    read: (offset, length) => image.subarray(offset, offset + length),
  });
  expect(problems).toEqual([]);
  expect(image.equals(before)).toBe(true);
});

test("linking objects changes nothing in them: the same link gives the same file again", () => {
  const source = Buffer.from(
    ".intel_syntax noprefix\n.global _start\n_start: mov eax, offset there\n call there\nthere: ret\n.data\n.long there\n",
  );
  const { object, diagnostics } = assemble({ path: "a.s", files: { read: (path) => ({ path, bytes: source }) } });
  expect(diagnostics).toEqual([]);
  const file = Buffer.from(object!);
  const before = Buffer.from(file);
  const linked = () => link({ objects: [readElf(file, "a.o")], script: parseScript(SCRIPT, "a.ld") }).linked!.file;
  const once = linked();
  expect(file.equals(before)).toBe(true);
  expect(linked()).toEqual(once);
});
