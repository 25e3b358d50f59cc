/**
 * Our own benchmark guests: the sources in guests/, assembled and linked here into images of
 * floppies. What each is about stands at the head of its source; the protocol in guests/README.md.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { assemble } from "../src/assembler/assemble.ts";
import { link } from "../src/linker/link.ts";
import { parseScript } from "../src/linker/script/parser.ts";
import { readElf } from "../src/object/elf-reader.ts";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../bench/guests");
/** Boot sector and payload. */
const IMAGE_BYTES = 17 * 512;
/** Where the boot sector is loaded, and the payload after it. */
const LOAD_ADDRESS = 0x7c00;

/**
 * Instructions of one iteration, as the difference between a run of two iterations and one of one: RDTSC counts
 * instructions here. Where the number depends on what is computed, it is the mean of 64 iterations.
 */
export const OWN_INSTRUCTIONS: Readonly<Record<string, number>> = {
  alu: 1_200_003,
  copyadd: 2_097_157,
  crc32: 458_756,
  fib: 695_513,
  interp: 290_011,
  outport: 3_003,
  repmovs: 262_153,
  softint: 4_003,
  alias: 9_675,
  aliascode: 22_203,
  calls: 39_511,
  emit: 9_703,
  fnv: 393_220,
  game: 13_734,
  generate: 6_359,
  mixed: 9_803,
  murmur: 258_070,
  patchloop: 80_006,
  remap: 8_503,
  selfmod: 90_003,
  sha1: 588_294,
  spaces: 11_003,
  stackvm: 9_220,
  virtual: 153_591,
  "generate-on": 6_859,
  "generate-64": 107_459,
};

/** One kind of plain work each, which is worth measuring with paging too. */
export const PLAIN_GUESTS: ReadonlySet<string> = new Set([
  "alu",
  "copyadd",
  "crc32",
  "fib",
  "interp",
  "outport",
  "repmovs",
  "softint",
]);

/** Names of our guests. */
export function ownGuests(): string[] {
  return Object.keys(OWN_INSTRUCTIONS).sort();
}

/** The first 17 sectors of a guest's floppy. `folder`: beside guests/, whose files it may include. */
export function ownGuestImage(guest: string, folder = "guests"): Uint8Array<ArrayBuffer> {
  const path = `${guest}.s`;
  const place = (name: string): string =>
    [join(FOLDER, "..", folder, name), join(FOLDER, name)].find((file) => existsSync(file)) ?? name;
  const files = { read: (name: string) => ({ path: name, bytes: readFileSync(place(name)) }) };
  const { object, diagnostics } = assemble({ path, files });
  if (object === null)
    throw new Error(diagnostics.map(({ file, line, message }) => `${file}:${line}: ${message}`).join("\n"));
  const script = parseScript(`SECTIONS { .text ${LOAD_ADDRESS} : { *(.text) } }`, path);
  const { linked, problems } = link({ objects: [readElf(object, path)], script, entry: "boot" });
  const text = linked?.sections.find(({ name }) => name === ".text")?.content;
  if (text === undefined)
    throw new Error(problems.map(({ file, line, message }) => `${file}:${line}: ${message}`).join("\n"));
  if (text.length > IMAGE_BYTES)
    throw new RangeError(`${path}: ${text.length} bytes, more than the ${IMAGE_BYTES} that the boot sector loads`);
  const image = new Uint8Array(IMAGE_BYTES);
  image.set(text);
  return image;
}
