/** Served copies of a kernel: hostile headers, and the way back to what the build made. */
import { expect, test } from "vitest";
import { readKernelHeader } from "../../src/image/kernel-image.ts";
import { asBuilt, servedBy, servedPatches } from "../../src/image/served-copy.ts";
import { images } from "../system/images.ts";

const SERVED_AT = 120;

function kernel(): Uint8Array {
  const { offset, sizeBytes } = images().manifest["kernelImage"]!;
  return images().iso.slice(offset, offset + sizeBytes);
}

/** The kernel with other offset and bytes of what is filled in. */
function claiming(offset: number, sizeBytes: number): Uint8Array {
  const bytes = kernel();
  const view = new DataView(bytes.buffer);
  view.setUint32(SERVED_AT, offset, true);
  view.setUint32(SERVED_AT + 4, sizeBytes, true);
  return bytes;
}

test("a copy says who served it, and without that it is the build's again", () => {
  const copy = kernel();
  const [, address, cluster] = servedPatches(copy);
  copy.set([192, 0, 2, 7], address!.offset);
  copy.set(new TextEncoder().encode("farm"), cluster!.offset);
  expect(servedBy(copy)).toEqual({ address: "192.0.2.7", cluster: "farm" });
  expect(Buffer.compare(asBuilt(copy), kernel())).toBe(0);
  expect(servedBy(kernel())).toEqual({ address: null, cluster: "" });
});

test("what is filled in lies in the 32-bit part and is neither longer nor shorter, or there is no copy", () => {
  const { parts, served } = readKernelHeader(kernel());
  const { code32, lines } = parts;
  expect(served.sizeBytes).toBe(36);
  for (const sizeBytes of [0, 35, 37, 40])
    expect(() => servedPatches(claiming(served.offset, sizeBytes))).toThrow("has no place for who serves it");
  for (const offset of [0, 24, code32.offset - 1, code32.offset + code32.sizeBytes - 35, lines.offset])
    expect(() => servedPatches(claiming(offset, 36))).toThrow("lies outside of its 32-bit part");
  for (const offset of [kernel().length - 35, 2 ** 32 - 1])
    expect(() => servedPatches(claiming(offset, 36))).toThrow("lies beyond its end");
});
