/**
 * Disks with two kernels: the one that runs, and a later one in the other slot, which differs from it by its revision,
 * or by what a test breaks in it.
 */
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { asRevision, kernelOf, putSecondKernel } from "../../src/chaos/qure/two-kernels.ts";
import { readKernelHeader } from "../../src/image/kernel-image.ts";
import type { kernelSymbols } from "../../src/image/kernel-symbols.ts";

const KERNEL_ADDRESS = KERNEL_SPACE + 0x10_0000;
/** Of the images that the global setup builds, and of the kernel in the other slot. */
export const OLD = 1000;
export const NEW = 1001;

export type Break = (put: (symbol: string, bytes: Uint8Array) => void) => void;

/** Puts the later kernel into slot 1 of a disk, whose kernel is in slot 0. `isProven`: somebody has signed it. */
export function putLaterKernel(
  content: Uint8Array,
  symbols: () => ReturnType<typeof kernelSymbols>,
  breaks?: Break,
  isProven = true,
): void {
  const disk = {
    read: (at: number, target: Uint8Array): void => target.set(content.subarray(at, at + target.length)),
    write: (at: number, source: Uint8Array): void => content.set(source, at),
  };
  const kernel = kernelOf(disk);
  breaks?.((name, bytes) => {
    const symbol = symbols().find((one) => one.name === name)!;
    kernel.set(bytes, readKernelHeader(kernel).parts.code32.offset + symbol.linearAddress - KERNEL_ADDRESS);
  });
  asRevision(kernel, NEW);
  putSecondKernel(disk, kernel, { isProven });
}
