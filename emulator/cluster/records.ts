/**
 * Records in shared memory, by which groups of machines in other threads hand over frames and output: kind, machine,
 * port, time and bytes, one after the other. The two sides take turns, so there is nothing to lock.
 */
import { holds } from "../state/invariant.ts";

/** What a record holds. */
export const FRAME = 1;
export const CHARACTER = 2;
export const LOG = 3;
/** A piece of a call, or of what comes of one (worker-protocol.ts). */
export const CALL_PIECE = 4;
/** What a sound card has played: samples of 16 bits, in this computer's order of bytes. */
export const SOUND = 5;

const HEAD_BYTES = 24;

export interface Record {
  kind: number;
  /** Position of the machine in its group. */
  machine: number;
  /** A CharacterPort, of sound the card; 0 for other kinds. */
  port: number;
  /** Virtual time at which a frame is sent or arrives, or a character leaves; of sound its rate; 0 for other kinds. */
  timeNs: number;
  /** A copy. */
  bytes: Uint8Array;
}

export class RecordArea {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Bytes in use. */
  used = 0;

  constructor(buffer: ArrayBufferLike, offset: number, sizeBytes: number) {
    this.#bytes = new Uint8Array(buffer, offset, sizeBytes);
    this.#view = new DataView(buffer, offset, sizeBytes);
  }

  /** So many bytes fit into a record when the area is empty. */
  get mostBytes(): number {
    return this.#bytes.length - HEAD_BYTES;
  }

  /** False when there is no room. Throws a RangeError for bytes that would not fit into an empty area. */
  put(kind: number, machine: number, port: number, timeNs: number, bytes: Uint8Array): boolean {
    const size = HEAD_BYTES + Math.ceil(bytes.length / 8) * 8;
    holds(kind > 0 && kind <= 0xff && port >= 0 && port < 1 << 24, "records", "a kind or port has no room in a record");
    if (size > this.#bytes.length)
      throw new RangeError(`a record of ${bytes.length} bytes does not fit into ${this.#bytes.length}`);
    if (this.used + size > this.#bytes.length) return false;
    const at = this.used;
    this.#view.setUint32(at, kind | (port << 8), true);
    this.#view.setUint32(at + 4, machine, true);
    this.#view.setFloat64(at + 8, timeNs, true);
    this.#view.setUint32(at + 16, bytes.length, true);
    this.#bytes.set(bytes, at + HEAD_BYTES);
    this.used = at + size;
    return true;
  }

  /** Passes on all records in their order, and empties the area. */
  take(receive: (record: Record) => void): void {
    const end = this.used;
    holds(end <= this.#bytes.length, "records", "an area has more bytes in use than it has");
    this.used = 0;
    for (let at = 0; at < end; ) {
      const head = this.#view.getUint32(at, true);
      const length = this.#view.getUint32(at + 16, true);
      holds(at + HEAD_BYTES + length <= end, "records", "a record reaches beyond those that were put");
      receive({
        kind: head & 0xff,
        port: head >>> 8,
        machine: this.#view.getUint32(at + 4, true),
        timeNs: this.#view.getFloat64(at + 8, true),
        bytes: this.#bytes.slice(at + HEAD_BYTES, at + HEAD_BYTES + length),
      });
      at += HEAD_BYTES + Math.ceil(length / 8) * 8;
    }
  }
}
