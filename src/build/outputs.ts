/** The files of a build: the images that a spec asks for, and what tells of the kernel in them. */
import { crc32 } from "../bytes/crc32.ts";
import { assert } from "../diagnostic/invariant.ts";
import { type BootImage, FIRST_PARTITION_LBA } from "../image/boot-image.ts";
import { DEFAULT_DISK_BYTES, makeDisk } from "../image/disk.ts";
import { makeIso } from "../image/iso9660.ts";
import { type KernelImage, SECTOR_BYTES } from "../image/kernel-image.ts";
import { signatureOffset } from "../image/signature.ts";
import { makeTgz } from "../image/tgz.ts";
import type { Linked } from "../linker/link.ts";
import { fileWithCallFrames } from "./call-frames.ts";
import { writeListing } from "./listing.ts";
import { writeMap } from "./map.ts";
import type { BuiltFile, SourceTree } from "./model.ts";
import type { SystemShape } from "./shape.ts";
import { makeVolume } from "./volume.ts";

/** What was linked. */
export interface BuiltParts {
  readonly tree: SourceTree;
  readonly kernel: Linked;
  readonly boot: BootImage;
  /** Null where the kernel is no image of its own. */
  readonly image: KernelImage | null;
  readonly loaderFile: Uint8Array | null;
  /** Of the image (docs/formats/signature.md); null when nobody signs it. */
  readonly signature: Uint8Array<ArrayBuffer> | null;
}

interface OutputOptions {
  readonly diskBytes?: number;
  readonly wanted?: readonly string[];
}

type Made = Omit<BuiltFile, "name" | "sizeBytes"> & { readonly sizeBytes?: number };

const FIRST_PARTITION_BYTES = FIRST_PARTITION_LBA * SECTOR_BYTES;
/** A stick has the boot image, and a partition as small as one may be. */
const STICK_BYTES = FIRST_PARTITION_BYTES + 1024 * 1024;

export function imageFiles(built: BuiltParts, options: OutputOptions, shape: SystemShape): BuiltFile[] {
  const { image, kernel, loaderFile, tree, signature, boot } = built;
  const { diskBytes = DEFAULT_DISK_BYTES, wanted } = options;
  const { name, outputs } = shape;
  const encoder = new TextEncoder();
  const parts = (start: number): BuiltFile["parts"] => partsOf(built, start);
  const has = (...names: string[]): boolean => names.some((one) => outputs.includes(one));
  // The first file on the CD, so that it follows the boot image.
  const signed = signature ? [{ name: "KERNEL.SIG", content: signature }] : [];
  let disk: Uint8Array | undefined;
  const vmx = (): Uint8Array => encoder.encode(shape.machine?.vmx ?? "");
  const vmdk = (): Uint8Array => encoder.encode(shape.machine?.vmdk(diskBytes, crc32(boot.bytes)) ?? "");
  const diskContent = (): Uint8Array => (disk ??= diskOf(built, shape, diskBytes));
  const makers: Readonly<Record<string, (() => Made) | false | null>> = {
    [`${name}.iso`]:
      has("iso") &&
      ((): Made => {
        const volume = name.toUpperCase().replaceAll("-", "_");
        const { bytes, bootImageOffset } = makeIso(boot, volume, signed, { startsDisks: image !== null });
        return { content: bytes, parts: parts(bootImageOffset) };
      }),
    [`${name}.img`]:
      has("raw", "vmdk", "vmx") && ((): Made => ({ content: diskContent(), sizeBytes: diskBytes, parts: parts(0) })),
    [`${name}.usb.img`]:
      has("usb") && ((): Made => ({ content: stickOf(built), sizeBytes: STICK_BYTES, parts: parts(0) })),
    [`${name}.vmdk`]: has("vmdk", "vmx") && ((): Made => ({ content: vmdk(), parts: {} })),
    [`${name}.vmx`]: has("vmx") && ((): Made => ({ content: vmx(), parts: {} })),
    [`${name}.tgz`]:
      has("tgz") &&
      ((): Made => {
        const whole = new Uint8Array(diskBytes);
        whole.set(diskContent());
        const files = [
          { name: `${name}.vmx`, content: vmx() },
          { name: `${name}.vmdk`, content: vmdk() },
          { name: `${name}.img`, content: whole },
        ];
        return { content: makeTgz(name, files), parts: {} };
      }),
    "kernel.sig": signature && ((): Made => ({ content: signature, parts: {} })),
    "kernel.elf": (): Made => ({ content: image ? fileWithCallFrames(kernel, ".kernel32") : kernel.file, parts: {} }),
    "loader.elf": loaderFile && ((): Made => ({ content: loaderFile, parts: {} })),
    "kernel.map": (): Made => ({ content: encoder.encode(writeMap(kernel)), parts: {} }),
    "kernel.lst": (): Made => ({ content: encoder.encode(writeListing(kernel, (path) => tree.read(path))), parts: {} }),
  };
  return Object.entries(makers).flatMap(([file, make]) => {
    if (!make || !(wanted?.includes(file) ?? true)) return [];
    const { content, parts: own, sizeBytes = content.length } = make();
    assert(
      content.length <= sizeBytes &&
        Object.values(own).every(({ offset, sizeBytes: length }) => offset + length <= sizeBytes),
      `${file} is smaller than what was put into it`,
    );
    return [{ name: file, content, sizeBytes, parts: own }];
  });
}

/** Where each part lies in a file in which the boot image begins at `start`. */
function partsOf({ boot, image, signature }: BuiltParts, start: number): BuiltFile["parts"] {
  const bootSector = { offset: start, sizeBytes: SECTOR_BYTES };
  if (image === null) return { bootSector, program: { offset: start, sizeBytes: boot.bytes.length } };
  const kernelAt = start + boot.kernelSector * SECTOR_BYTES;
  const inKernel = Object.entries(image.parts).map(([name, { offset, sizeBytes }]) => [
    name,
    { offset: kernelAt + offset, sizeBytes },
  ]);
  return {
    bootSector,
    loader: { offset: start + SECTOR_BYTES, sizeBytes: boot.loaderSectors * SECTOR_BYTES },
    kernelImage: { offset: kernelAt, sizeBytes: image.bytes.length },
    ...Object.fromEntries(inKernel),
    ...(signature
      ? { signature: { offset: start + signatureOffset(boot.bytes.length), sizeBytes: signature.length } }
      : {}),
  };
}

/** The disk's bytes; what follows them is zeros. */
function diskOf({ boot, image, signature }: BuiltParts, { volume }: SystemShape, diskBytes: number): Uint8Array {
  if (image === null) return boot.bytes;
  const start = makeDisk(boot, diskBytes, signature ?? undefined);
  if (volume === null) return start;
  const whole = new Uint8Array(diskBytes);
  whole.set(start);
  whole.set(makeVolume(diskBytes - FIRST_PARTITION_BYTES, volume), FIRST_PARTITION_BYTES);
  return whole;
}

const stickOf = ({ boot, image, signature }: BuiltParts): Uint8Array =>
  image ? makeDisk(boot, STICK_BYTES, signature ?? undefined) : boot.bytes;
