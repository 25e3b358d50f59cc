/** What signature a file is, or has after its boot image, and whether it is right: docs/formats/signature.md. */
import type { ImageReader, Inspection } from "./inspect.ts";
import { ImageError, SECTOR_BYTES } from "./kernel-image.ts";
import {
  differencesFrom,
  MOST_SIGNATURE_BYTES,
  readSignature,
  type Signature,
  type SignatureCrypto,
  signatureBytes,
  signatureOffset,
} from "./signature.ts";

export interface SignatureInspection {
  /** Null when it cannot be read, or its key did not make it. */
  readonly signature: Signature | null;
  readonly problems: readonly string[];
}

/** Of a file that is nothing but a signature; null when it is something else. */
export function inspectSignatureFile(image: ImageReader, crypto: SignatureCrypto): SignatureInspection | null {
  // One byte more than any has, so that a longer file shows.
  const bytes = image.read(0, MOST_SIGNATURE_BYTES + 1);
  return signatureBytes(bytes) === null ? null : proved(bytes, null, crypto);
}

/** Of the kernel on a disk or a CD; null when it is not signed. */
export function inspectSignature(
  image: ImageReader,
  { bootRecord, bootImageOffset, kernel }: Inspection,
  crypto: SignatureCrypto,
): SignatureInspection | null {
  if (bootRecord === null || kernel === null) return null;
  const sizeBytes = bootRecord.imageSectors * SECTOR_BYTES;
  const at = bootImageOffset + signatureOffset(sizeBytes);
  const bytes = image.read(at, MOST_SIGNATURE_BYTES);
  const length = signatureBytes(bytes);
  if (length === null) return null;
  const kernelAt = bootImageOffset + bootRecord.kernelSector * SECTOR_BYTES;
  return proved(bytes.subarray(0, length), image.read(kernelAt, kernel.sizeBytes), crypto);
}

function proved(bytes: Uint8Array, kernel: Uint8Array | null, crypto: SignatureCrypto): SignatureInspection {
  try {
    const signature = readSignature(bytes, crypto);
    return { signature, problems: kernel === null ? [] : differencesFrom(signature, kernel, crypto) };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { signature: null, problems: [error.message] };
  }
}
