/** Commit records: which are on a disk, which of them is the current state, and how the next one gets there. */
import { assert } from "../../diagnostic/invariant.ts";
import type { BlockDevice } from "../device.ts";
import { damaged, FileSystemError } from "../error.ts";
import { BLOCK_BYTES, BLOCKS_MIN, type CommitRecord, decodeCommit, encodeCommit, SECTOR_BYTES } from "./layout.ts";

/** Copies of the records with even numbers, then those with odd ones; null where there is no valid one. */
export type Copies = readonly [Pair, Pair];
type Pair = readonly [CommitRecord | null, CommitRecord | null];

/** The blocks of the two copies. */
export function recordBlocks(parity: number, blocks: number): readonly [number, number] {
  assert(parity === 0 || parity === 1, "commit records stand in two places");
  assert(blocks >= BLOCKS_MIN, "a volume is too small for its commit records");
  return [1 + parity, blocks - 2 + parity];
}

/** Reads a sector; null when the device cannot. */
export function readSector(device: BlockDevice, block: number): Uint8Array | null {
  const sector = new Uint8Array(SECTOR_BYTES);
  if ((block + 1) * BLOCK_BYTES > device.sizeBytes) return null;
  try {
    device.read(block * BLOCK_BYTES, sector);
  } catch {
    return null;
  }
  return sector;
}

export function readRecord(device: BlockDevice, block: number, parity: number): CommitRecord | null {
  const sector = readSector(device, block);
  return sector && decodeCommit(sector, parity);
}

/** Makes a record current, together with all that was written before. */
export function writeCommit(device: BlockDevice, record: CommitRecord): void {
  device.flush();
  const sector = encodeCommit(record);
  const parity = Number(record.state.sequence & 1n);
  // Its counts were wrong before: then the last record stays, and can be mounted.
  if (decodeCommit(sector, parity) === null) throw damaged("the counts of the volume contradict each other");
  for (const block of recordBlocks(Number(record.state.sequence & 1n), record.state.blocks))
    device.write(block * BLOCK_BYTES, sector);
  device.flush();
}

/** The record with the highest number of some copies. */
export function newest(copies: readonly (CommitRecord | null)[]): CommitRecord | null {
  let best: CommitRecord | null = null;
  for (const record of copies) if (record && (!best || record.state.sequence > best.state.sequence)) best = record;
  return best;
}

/** The current state. Refuses when a newer one may have been confirmed, unless going back is what somebody wants. */
export function chooseRecord(copies: Copies, acceptOlder: boolean): CommitRecord {
  for (const [first, second] of copies) {
    if (first && second && first.state.sequence === second.state.sequence) {
      const [a, b] = [encodeCommit(first), encodeCommit(second)];
      if (a.some((byte, at) => byte !== b[at]))
        throw damaged(`the two copies of commit record ${first.state.sequence} differ`);
    }
  }
  const best = newest(copies.flat());
  if (!best) throw damaged("no commit record is valid");
  const others = copies[1 - Number(best.state.sequence & 1n)]!;
  if (!others[0] && !others[1] && !best.first && !acceptOlder)
    throw new FileSystemError(
      "older",
      `both copies of the commit record ${best.state.sequence & 1n ? "with an even" : "with an odd"} number are damaged: commit ${best.state.sequence} is there, commit ${best.state.sequence + 1n} may have been confirmed and is lost; fsck --accept-older takes the older state`,
    );
  return best;
}

/** Makes the copies of each record equal, one sector at a time. The result says what was written. */
export function levelCopies(device: BlockDevice, copies: Copies, blocks: number): string[] {
  const said: string[] = [];
  copies.forEach((pair, parity) => {
    const best = newest(pair);
    if (!best) return;
    pair.forEach((record, copy) => {
      if (record && record.state.sequence === best.state.sequence) return;
      const block = recordBlocks(parity, blocks)[copy]!;
      device.write(block * BLOCK_BYTES, encodeCommit(best));
      device.flush();
      // The record of a conversion gets its second copy here.
      if (!record && !best.first)
        said.push(`the copy of commit record ${best.state.sequence} in block ${block} was damaged`);
    });
  });
  return said;
}
