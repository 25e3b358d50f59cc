/**
 * The kernel image that a node serves of itself (docs/formats/kernel-image.md, "Served copies"): which bytes may differ
 * from what the build made, what they say, and the image without them.
 */
import { crc32 } from "../bytes/crc32.ts";
import { ImageError, readKernelHeader } from "./kernel-image.ts";

const CHECKSUM_AT = 20;
/** What is filled in, in this order (asm/include/running.inc). */
const FIELDS = [
  ["address", 4],
  ["cluster", 32],
] as const;

/** Bytes of a kernel image in which a served copy may differ. */
export interface ServedPatch {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** By the image's own header. Throws `ImageError` where it has no such part. */
export function servedPatches(image: Uint8Array): readonly ServedPatch[] {
  const { parts, served } = readKernelHeader(image);
  if (served.sizeBytes !== FIELDS.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0))
    throw new ImageError("the kernel image has no place for who serves it: no node does");
  const { code32 } = parts;
  if (served.offset < code32.offset || served.offset + served.sizeBytes > code32.offset + code32.sizeBytes)
    throw new ImageError("the place for who serves the kernel image lies outside of its 32-bit part");
  let { offset } = served;
  const patches = FIELDS.map(([name, sizeBytes]) => {
    offset += sizeBytes;
    return { name, offset: offset - sizeBytes, sizeBytes };
  });
  return [{ name: "checksum", offset: CHECKSUM_AT, sizeBytes: 4 }, ...patches];
}

/** Who served it: address (IPv4, dotted; null where nobody did) and name of the cluster. */
export function servedBy(image: Uint8Array): { address: string | null; cluster: string } {
  const [, address, cluster] = servedPatches(image).map(({ offset, sizeBytes }) =>
    image.subarray(offset, offset + sizeBytes),
  );
  const name = String.fromCharCode(...cluster!).replace(/\0.*$/s, "");
  return { address: address!.some((byte) => byte !== 0) ? [...address!].join(".") : null, cluster: name };
}

/** The image as the build made it, whoever served it. */
export function asBuilt(image: Uint8Array): Uint8Array {
  const built = new Uint8Array(image.subarray(0, readKernelHeader(image).sizeBytes));
  for (const { offset, sizeBytes } of servedPatches(image)) built.fill(0, offset, offset + sizeBytes);
  new DataView(built.buffer).setUint32(CHECKSUM_AT, crc32(built), true);
  return built;
}
