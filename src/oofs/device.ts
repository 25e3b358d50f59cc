/** What a volume needs of the world: bytes at offsets, and a flush that means it. */
import { OofsError } from "./error.ts";

export interface BlockDevice {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Fills `target` with the bytes at `offsetBytes`. Callers stay within `sizeBytes`. */
  read(offsetBytes: number, target: Uint8Array): void;
  write(offsetBytes: number, source: Uint8Array): void;
  /** Everything written before is on stable storage when this returns. */
  flush(): void;
}

/** A part of a device, such as a partition. */
export class DevicePart implements BlockDevice {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #device: BlockDevice;
  readonly #startBytes: number;

  constructor(device: BlockDevice, startBytes: number, sizeBytes: number) {
    if (startBytes < 0 || sizeBytes < 0 || startBytes + sizeBytes > device.sizeBytes)
      throw new OofsError("invalid", "a part that does not lie within its device");
    this.#device = device;
    this.#startBytes = startBytes;
    this.sizeBytes = sizeBytes;
    this.readOnly = device.readOnly;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    this.#device.read(this.#startBytes + offsetBytes, target);
  }

  write(offsetBytes: number, source: Uint8Array): void {
    this.#device.write(this.#startBytes + offsetBytes, source);
  }

  flush(): void {
    this.#device.flush();
  }
}

/**
 * A device whose writes stay in memory: what is below is only read. For looking at a volume as if it had been
 * converted.
 */
export class OverlayDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly readOnly = false;
  readonly #device: BlockDevice;
  readonly #sectors = new Map<number, Uint8Array>();

  constructor(device: BlockDevice) {
    this.#device = device;
    this.sizeBytes = device.sizeBytes;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    this.#device.read(offsetBytes, target);
    for (let at = 0; at < target.length; at += SECTOR_BYTES) {
      const sector = this.#sectors.get((offsetBytes + at) / SECTOR_BYTES);
      if (sector) target.set(sector, at);
    }
  }

  write(offsetBytes: number, source: Uint8Array): void {
    for (let at = 0; at < source.length; at += SECTOR_BYTES)
      this.#sectors.set((offsetBytes + at) / SECTOR_BYTES, source.slice(at, at + SECTOR_BYTES));
  }

  flush(): void {
    // Nothing of it is ever stored.
  }
}

const SECTOR_BYTES = 512;
