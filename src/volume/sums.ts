/**
 * Which blocks of a writable object count, and their checksums. They are written beside the object when it is flushed,
 * in one of two places in turn, so that a write that is torn leaves the one before.
 */
import { assert } from "../diagnostic/invariant.ts";
import { FRAME_BYTES, framed, unframed } from "./frame.ts";
import { BLOCKS } from "./layout.ts";
import { VolumeError } from "./model.ts";

const MAGIC = "QVSM";
const VERSION = 1;
const STATE_BYTES = BLOCKS / 4;
const BODY_BYTES = 4 + STATE_BYTES + 4 * BLOCKS;
/** Where the second place is: behind the first, at a page. */
const PLACE_BYTES = 8192;
export const SUMS_BYTES = 2 * PLACE_BYTES;

/** `below`: what is beneath counts. */
export const BLOCK = { below: 0, data: 1, zeros: 2 } as const;

export class Sums {
  readonly states = new Uint8Array(BLOCKS);
  readonly crcs = new Uint32Array(BLOCKS);
  /** Grows with each time it is written. */
  sequence = 0;

  /** Where it is to be written next, and what. */
  next(): { readonly atBytes: number; readonly bytes: Uint8Array } {
    this.sequence++;
    const body = new Uint8Array(BODY_BYTES);
    const view = new DataView(body.buffer);
    view.setUint32(0, this.sequence, true);
    for (let block = 0; block < BLOCKS; block++) {
      body[4 + (block >> 2)]! |= this.states[block]! << (2 * (block & 3));
      view.setUint32(4 + STATE_BYTES + 4 * block, this.crcs[block]!, true);
    }
    const bytes = framed(MAGIC, VERSION, body);
    assert(
      bytes.length === FRAME_BYTES + BODY_BYTES && bytes.length <= PLACE_BYTES,
      "sums that do not fit their place",
    );
    return { atBytes: (this.sequence & 1) * PLACE_BYTES, bytes };
  }

  get isAllZeros(): boolean {
    return this.states.every((state) => state === BLOCK.zeros);
  }
}

/** The newer of the two that are whole. Throws a VolumeError when none is. */
export function decodeSums(what: string, bytes: Uint8Array): Sums {
  let newest: Sums | null = null;
  let trouble: unknown = new VolumeError("damaged", `${what} is damaged: it is empty`);
  for (const at of [0, PLACE_BYTES]) {
    const place = bytes.subarray(at, at + FRAME_BYTES + BODY_BYTES);
    if (place.length < FRAME_BYTES || place[0] === 0) continue;
    try {
      const sums = decodeOne(unframed(what, MAGIC, VERSION, place));
      if (newest === null || sums.sequence > newest.sequence) newest = sums;
    } catch (error) {
      trouble = error;
    }
  }
  if (newest === null) throw trouble;
  return newest;
}

function decodeOne(body: Uint8Array): Sums {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const sums = new Sums();
  sums.sequence = view.getUint32(0, true);
  for (let block = 0; block < BLOCKS; block++) {
    sums.states[block] = (body[4 + (block >> 2)]! >> (2 * (block & 3))) & 3;
    sums.crcs[block] = view.getUint32(4 + STATE_BYTES + 4 * block, true);
  }
  return sums;
}
