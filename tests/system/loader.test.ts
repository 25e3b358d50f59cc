/** What the loader says about an image that is not whole. */
import { expect, test } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { boot, images } from "./images.ts";

function flipped(part: string, offsetInPart: number): Uint8Array {
  const iso = images().iso.slice();
  iso[images().manifest[part]!.offset + offsetInPart]! ^= 0x10;
  return iso;
}

test.each([
  ["code32", 1000, /bad checksum, header says [0-9A-F]{8}, content has [0-9A-F]{8}/],
  ["symbols", 40, /bad checksum/],
  ["kernelImage", 0, /magic/],
  ["kernelImage", 8, /version/],
])("an image with a flipped byte in its %s (at %i) is refused with a sentence", async (part, offset, sentence) => {
  const node = boot({ nodes: [{ cdrom: flipped(part, offset) }] }).nodes[0]!;
  const said = await node.waitFor(/QuRe loader: kernel image at sector \d+ of drive E0h: .*\./, { within: "20s" });
  expect(said[0]).toMatch(sentence);
});

test("a disk that ends in the middle of the kernel image is refused with the sector that is missing", async () => {
  const short = images().disk.slice(0, 64 * 512);
  const node = boot({ nodes: [{ disk: new SparseDisk(short.length, { content: short }) }] }).nodes[0]!;
  expect((await node.waitFor(/QuRe loader: .*\./, { within: "20s" }))[0]).toMatch(/sector \d+/);
});
