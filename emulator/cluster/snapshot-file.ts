/**
 * The container of a snapshot: a header that says what it is, a table of named sections with checksums, the sections.
 * What is truncated, altered or of another version is refused here, with its reason, before anything is made of it.
 * docs/formats/snapshot.md.
 */
import { crc32 } from "../../src/bytes/crc32.ts";
import { holds } from "../state/invariant.ts";

const MAGIC = "QURESNAP";
const SNAPSHOT_VERSION = 1;
const HEADER_BYTES = 32;
const ENTRY_BYTES = 32;
const NAME_BYTES = 8;
const MAX_SECTIONS = 1 << 20;

/** How the bytes of a section are stored. */
const STORED = 0;
const COMPRESSED = 1;

const KINDS = ["machine", "cluster"] as const;
export type SnapshotKind = (typeof KINDS)[number];

/** A snapshot that cannot be used: the message says why. */
export class SnapshotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SnapshotError";
  }
}

/** What the host lends for compression: the zlib format (RFC 1950). */
export interface Compressor {
  compress(bytes: Uint8Array): Uint8Array;
  /** Throws if the bytes are not what `compress` made, or do not give `sizeBytes`. */
  decompress(bytes: Uint8Array, sizeBytes: number): Uint8Array;
}

export interface Section {
  /** Up to 8 characters of ASCII. */
  readonly name: string;
  /** Tells sections of the same name apart: the number of a machine, a medium, a piece. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

export function writeSnapshotFile(
  kind: SnapshotKind,
  sections: readonly Section[],
  compressor: Compressor | null,
): Uint8Array {
  const stored = sections.map(({ bytes }) => {
    const compressed = compressor?.compress(bytes);
    return compressed && compressed.length < bytes.length
      ? { bytes: compressed, encoding: COMPRESSED }
      : { bytes, encoding: STORED };
  });
  const headBytes = HEADER_BYTES + sections.length * ENTRY_BYTES + 4;
  const file = new Uint8Array(stored.reduce((sum, { bytes }) => sum + bytes.length, headBytes));
  const view = new DataView(file.buffer);
  for (let index = 0; index < MAGIC.length; index++) file[index] = MAGIC.charCodeAt(index);
  view.setUint32(8, SNAPSHOT_VERSION, true);
  view.setUint32(12, KINDS.indexOf(kind) + 1, true);
  view.setUint32(16, sections.length, true);
  view.setFloat64(24, file.length, true);
  let offset = headBytes;
  sections.forEach(({ name, index, bytes: raw }, number) => {
    const at = HEADER_BYTES + number * ENTRY_BYTES;
    const { bytes, encoding } = stored[number]!;
    holds(name.length > 0 && name.length <= NAME_BYTES, "snapshot", "a section has no name, or too long a one");
    holds(offset + bytes.length <= file.length, "snapshot", "a section lies beyond the end");
    for (let i = 0; i < NAME_BYTES; i++) file[at + i] = name.charCodeAt(i) || 0;
    view.setUint32(at + 8, index, true);
    view.setUint32(at + 12, encoding, true);
    view.setUint32(at + 16, bytes.length, true);
    view.setUint32(at + 20, raw.length, true);
    view.setUint32(at + 24, crc32(bytes), true);
    file.set(bytes, offset);
    offset += bytes.length;
  });
  holds(offset === file.length, "snapshot", "its sections do not fill it");
  holds(sections.length <= MAX_SECTIONS, "snapshot", "it has more sections than any reader takes");
  view.setUint32(headBytes - 4, crc32(file.subarray(0, headBytes - 4)), true);
  return file;
}

/** The sections of a snapshot, each read and checked when it is asked for. */
export class SnapshotFile {
  readonly kind: SnapshotKind;
  readonly #file: Uint8Array;
  readonly #compressor: Compressor | null;
  readonly #entries = new Map<
    string,
    {
      name: string;
      index: number;
      offset: number;
      storedBytes: number;
      rawBytes: number;
      encoding: number;
      checksum: number;
    }
  >();

  /** Reads header and table. Throws a SnapshotError. */
  constructor(file: Uint8Array, compressor: Compressor | null) {
    this.#file = file;
    this.#compressor = compressor;
    const view = new DataView(file.buffer, file.byteOffset, file.length);
    for (let index = 0; index < MAGIC.length; index++) {
      if (file[index] !== MAGIC.charCodeAt(index))
        throw new SnapshotError("this is not a snapshot: it does not begin with QURESNAP");
    }
    if (file.length < HEADER_BYTES)
      throw new SnapshotError(`the snapshot is truncated: ${file.length} bytes are less than its header`);
    const version = view.getUint32(8, true);
    if (version !== SNAPSHOT_VERSION)
      throw new SnapshotError(`the snapshot is of version ${version}; this program reads version ${SNAPSHOT_VERSION}`);
    const fileBytes = view.getFloat64(24, true);
    if (file.length < fileBytes)
      throw new SnapshotError(`the snapshot is truncated: it has ${file.length} of ${fileBytes} bytes`);
    const count = view.getUint32(16, true);
    const headBytes = HEADER_BYTES + count * ENTRY_BYTES + 4;
    if (
      count > MAX_SECTIONS ||
      headBytes > file.length ||
      crc32(file.subarray(0, headBytes - 4)) !== view.getUint32(headBytes - 4, true)
    ) {
      throw new SnapshotError("the snapshot was altered: the checksum of its header is wrong");
    }
    if (file.length !== fileBytes)
      throw new SnapshotError(`the snapshot was altered: ${file.length - fileBytes} bytes follow its end`);
    const kind = KINDS[view.getUint32(12, true) - 1];
    if (!kind) throw new SnapshotError(`the snapshot is of an unknown kind, ${view.getUint32(12, true)}`);
    this.kind = kind;
    let offset = headBytes;
    for (let number = 0; number < count; number++) {
      const at = HEADER_BYTES + number * ENTRY_BYTES;
      const name = String.fromCharCode(...file.subarray(at, at + NAME_BYTES)).replace(/\0+$/, "");
      const storedBytes = view.getUint32(at + 16, true);
      const index = view.getUint32(at + 8, true);
      this.#entries.set(`${name} ${index}`, {
        name,
        index,
        offset,
        storedBytes,
        rawBytes: view.getUint32(at + 20, true),
        encoding: view.getUint32(at + 12, true),
        checksum: view.getUint32(at + 24, true),
      });
      offset += storedBytes;
    }
    if (offset !== file.length) throw new SnapshotError("the snapshot was altered: its sections do not fill it");
  }

  /** All sections, in their order. */
  get names(): readonly { readonly name: string; readonly index: number }[] {
    return [...this.#entries.values()];
  }

  has(name: string, index = 0): boolean {
    return this.#entries.has(`${name} ${index}`);
  }

  /** Throws a SnapshotError when the section is missing or was altered. */
  section(name: string, index = 0): Uint8Array {
    const entry = this.#entries.get(`${name} ${index}`);
    if (!entry) throw new SnapshotError(`the snapshot has no section "${name}" ${index}`);
    const stored = this.#file.subarray(entry.offset, entry.offset + entry.storedBytes);
    if (crc32(stored) !== entry.checksum)
      throw new SnapshotError(`the snapshot was altered: the checksum of section "${name}" ${index} is wrong`);
    if (entry.encoding === STORED) return stored;
    if (entry.encoding !== COMPRESSED || !this.#compressor)
      throw new SnapshotError(`section "${name}" ${index} is encoded in a way that this program does not know`);
    return this.#compressor.decompress(stored, entry.rawBytes);
  }
}
