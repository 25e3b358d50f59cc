/** Signed kernels on disks and CDs, right or not: the build's kernel, with keys of tests in it. */
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { crc32 } from "../../src/bytes/crc32.ts";
import { nodeCrypto } from "../../src/host/signing-key.ts";
import { type BootImage, readBootRecord } from "../../src/image/boot-image.ts";
import { makeIso } from "../../src/image/iso9660.ts";
import { readKernelHeader } from "../../src/image/kernel-image.ts";
import { kernelSymbols } from "../../src/image/kernel-symbols.ts";
import { makeSignature, type Signer, signatureOffset, type Terms } from "../../src/image/signature.ts";
import { numberedSigner } from "../setup/signer.ts";
import { images } from "./images.ts";

export const SECTOR_BYTES = 512;
/** That of the images which the global setup builds. */
export const REVISION = 1000;
const KERNEL_ADDRESS = KERNEL_SPACE + 0x10_0000;
export const KERNEL_REVISION_AT = 28;
const KERNEL_CHECKSUM_AT = 20;

export const trusted = numberedSigner(1);

const TERMS: Terms = {
  product: "test",
  revision: REVISION,
  floor: 7,
  wire: { oldest: 6, own: 6 },
  disk: { oldest: 2, own: 2 },
};

/** How a system differs from the one that the build makes. */
export interface Other {
  /** Changes the kernel before it is signed, */
  kernel?(bytes: Uint8Array): void;
  /** after it, */
  signedKernel?(bytes: Uint8Array): void;
  /** the signature before the key is put to it, */
  terms?: Partial<Terms>;
  signedBytes?(bytes: Uint8Array): void;
  signer?: Signer;
  /** and the whole of it. Null: there is none. */
  signature?: ((bytes: Uint8Array) => void) | null;
}

export interface SignedSystem {
  readonly image: BootImage;
  /** A view into the image. */
  readonly kernel: Uint8Array;
  readonly signature: Uint8Array<ArrayBuffer> | null;
}

/** A system whose kernel trusts two keys, signed by the second. */
export function signedSystem({
  kernel: change,
  signedKernel,
  terms,
  signedBytes,
  signer = trusted,
  signature: spoil,
}: Other = {}): SignedSystem {
  const disk = images().disk;
  const { imageSectors, loaderSectors, kernelSector } = readBootRecord(disk.subarray(0, SECTOR_BYTES))!;
  const bytes = disk.slice(0, imageSectors * SECTOR_BYTES);
  const kernel = bytes.subarray(kernelSector * SECTOR_BYTES);
  const put = (name: string, value: Uint8Array): void => {
    const symbol = kernelSymbols(disk).find((one) => one.name === name)!;
    kernel.set(value, readKernelHeader(kernel).parts.code32.offset + symbol.linearAddress - KERNEL_ADDRESS);
  };
  put("kernel_product", Buffer.from("test\0"));
  put("kernel_keys", Uint8Array.of(2, 0, 0, 0, ...numberedSigner(3).key, ...trusted.key));
  change?.(kernel);
  mend(kernel);
  const sign = (message: Uint8Array): Uint8Array => {
    // Here the message is the file itself, so what is changed in it is signed.
    signedBytes?.(message);
    return signer.sign(message);
  };
  const signature = makeSignature(kernel, { ...TERMS, ...terms }, { key: signer.key, sign }, nodeCrypto);
  signedKernel?.(kernel);
  mend(kernel);
  if (spoil) spoil(signature);
  return { image: { bytes, loaderSectors, kernelSector }, kernel, signature: spoil === null ? null : signature };
}

/** The beginning of a disk with such a system, and the signature after it. */
export function signedDisk(other: Other = {}): Uint8Array<ArrayBuffer> {
  const { image, signature } = signedSystem(other);
  const at = signatureOffset(image.bytes.length);
  const disk = new Uint8Array(at + (signature?.length ?? 0));
  disk.set(image.bytes);
  if (signature) disk.set(signature, at);
  return disk;
}

export function cdOf(other: Other = {}): Uint8Array {
  const { image, signature } = signedSystem(other);
  return makeIso(image, "QURE", signature ? [{ name: "KERNEL.SIG", content: signature }] : []).bytes;
}

/** The kernel's checksum, as anyone can compute it. */
function mend(kernel: Uint8Array): void {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  view.setUint32(KERNEL_CHECKSUM_AT, 0, true);
  view.setUint32(KERNEL_CHECKSUM_AT, crc32(kernel), true);
}

export const flip = (at: number) => (bytes: Uint8Array) => {
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
};
export const withWord = (at: number, value: number) => (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, true);

/** What makes a system of another revision of it, which others may install. */
export const ofRevision = (revision: number, floor = REVISION): Pick<Other, "kernel" | "terms"> => ({
  kernel: withWord(KERNEL_REVISION_AT, revision),
  terms: { revision, floor },
});
