/** `readelf -A`: attributes of objects, as GNU readelf shows them, also where the section is damaged. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as readelf } from "../../src/cli/gnu/readelf.ts";
import { objectOfGnu, requireOracle } from "../oracle.ts";
import { captured } from "./captured.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-attributes-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const section = (body: string): string => `.section .gnu.attributes,"",@0x6ffffff5\n${body}\n`;

const SOURCES: Readonly<Record<string, string>> = {
  none: "nop\n",
  "numbers and texts": '.gnu_attribute 4, 1\n.gnu_attribute 5, "abc"\n.gnu_attribute 300, 300\n',
  "of another tool": section('.byte 0x41\n.long 15\n.asciz "abc"\n.byte 1\n.long 7\n.byte 4,1'),
  "of sections": section('.byte 0x41\n.long 17\n.asciz "gnu"\n.byte 2\n.long 9\n.byte 4,1,0,6'),
  "of symbols, longer than the section": section(
    '.byte 0x41\n.long 99\n.asciz "gnu"\n.byte 3\n.long 90\n.byte 4,0x81,1,0,6',
  ),
  "two parts": section(
    `.byte 0x41\n.long 36\n.asciz "gnu"\n${".byte 1\n.long 14\n.byte 4,1,5,97,0,6,7,200,9\n".repeat(2)}.long 2`,
  ),
  "another version": section(".byte 0x42\n.long 17"),
  "without a name": section('.byte 0x41\n.long 20\n.ascii "gnuaaaaaaaaaaaaaaaaaa"'),
  "a part that is cut off": section('.byte 0x41\n.long 11\n.asciz "gnu"\n.byte 1,2,3'),
  "a part that is too short": section('.byte 0x41\n.long 13\n.asciz "gnu"\n.byte 1\n.long 3'),
  nothing: section(""),
};

test.for(Object.entries(SOURCES))("readelf -A: %s", ([, source], context) => {
  const path = join(folder, "object.o");
  writeFileSync(path, new Uint8Array(objectOfGnu(requireOracle("as", context), source)));
  for (const option of ["-A", "-a"])
    expect(captured(readelf, [option, path]), option).toBe(
      spawnSync(requireOracle("readelf", context), [option, path], { encoding: "latin1" }).stdout,
    );
});
