/**
 * Media as plain data, so that a worker thread can open what the main thread was given. Bytes go by shared memory: all
 * threads have one copy.
 */
import type { BlockBackend } from "../disk/block.ts";
import { BytesDisk, SparseDisk } from "../disk/disk.ts";

export type MediumDescription =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly sizeBytes: number }
  | {
      readonly kind: "layer";
      readonly base: MediumDescription | null;
      readonly chunks: ReadonlyMap<number, Uint8Array>;
      readonly sizeBytes: number;
    }
  | FileDescription;

export interface FileDescription {
  readonly kind: "file";
  readonly path: string;
  readonly readOnly: boolean;
}

/** Media that only some hosts have: null for one that is none. */
export type DescribeFile = (medium: BlockBackend) => FileDescription | null;
export type OpenFile = (description: FileDescription) => BlockBackend;

/** Describes media; what two of them share is described once. */
export class MediaDescriber {
  readonly #known = new Map<BlockBackend, MediumDescription | null>();
  readonly #describeFile: DescribeFile;

  constructor(describeFile: DescribeFile) {
    this.#describeFile = describeFile;
  }

  /** Null for a medium of a kind that only its own thread can read. */
  describe(medium: BlockBackend): MediumDescription | null {
    const known = this.#known.get(medium);
    if (known !== undefined) return known;
    const made = this.#make(medium);
    this.#known.set(medium, made);
    return made;
  }

  #make(medium: BlockBackend): MediumDescription | null {
    if (medium instanceof BytesDisk) {
      const bytes = new Uint8Array(new SharedArrayBuffer(medium.bytes.length));
      bytes.set(medium.bytes);
      return { kind: "bytes", bytes, sizeBytes: medium.sizeBytes };
    }
    if (medium instanceof SparseDisk) {
      const base = medium.base ? this.describe(medium.base) : null;
      return medium.base && !base ? null : { kind: "layer", base, chunks: medium.chunks, sizeBytes: medium.sizeBytes };
    }
    return this.#describeFile(medium);
  }
}

/** Opens described media; equal descriptions (the same object) are opened once when they are only read. */
export class MediaOpener {
  readonly #shared = new Map<MediumDescription, BlockBackend>();
  readonly #openFile: OpenFile;

  constructor(openFile: OpenFile) {
    this.#openFile = openFile;
  }

  /** A medium that nobody else writes. */
  open(description: MediumDescription): BlockBackend {
    if (description.kind === "bytes") return new BytesDisk(description.bytes, description.sizeBytes);
    if (description.kind === "file") return this.#openFile(description);
    const disk = new SparseDisk(
      description.sizeBytes,
      description.base ? { base: this.openShared(description.base) } : {},
    );
    for (const [chunk, bytes] of description.chunks)
      disk.write(
        chunk * bytes.length,
        bytes.subarray(0, Math.min(bytes.length, disk.sizeBytes - chunk * bytes.length)),
      );
    return disk;
  }

  /** A medium that is only read. */
  openShared(description: MediumDescription): BlockBackend {
    let medium = this.#shared.get(description);
    if (!medium) this.#shared.set(description, (medium = this.open(description)));
    return medium;
  }
}
