/** Mounting: recognises a volume, finds its current state, and says what is not as it should be. */

import { type BlockDevice, OverlayDevice } from "../device.ts";
import { damaged, FileSystemError } from "../error.ts";
import { type Copies, chooseRecord, levelCopies, newest, readRecord, readSector } from "./commit.ts";
import { FileSystem } from "./file-system.ts";
import {
  BLOCK_BYTES,
  BLOCKS_MIN,
  type CommitRecord,
  decodeSuperblock,
  encodeSuperblock,
  isAwaySector,
  LAST_BLOCKS,
  MAP_ID,
  REGION_BLOCKS,
  regionsOf,
  type State,
  superblockVersion,
  type Time,
  UNKNOWN_TIME,
  VERSION,
} from "./layout.ts";
import { BlockStore } from "./store.ts";
import { Tree } from "./tree.ts";
import { convert } from "./version-1.ts";
import { Volume } from "./volume.ts";

export interface MountOptions {
  /** Nothing is written. True when the device is read-only. */
  readonly readOnly?: boolean;
  readonly now?: () => Time;
  /** Told in sentences what a person should know. */
  readonly warn?: (sentence: string) => void;
  /** Takes an older state when the newest commit record is damaged in both copies. */
  readonly acceptOlder?: boolean;
  /** Id that a volume of version 1 gets when it is converted. */
  readonly newId?: bigint;
}

export function mount(device: BlockDevice, options: MountOptions = {}): FileSystem {
  const { now = () => UNKNOWN_TIME, warn = () => {}, acceptOlder = false } = options;
  const readOnly = (options.readOnly ?? false) || device.readOnly;
  const sector = readSector(device, 0);
  const version = sector && superblockVersion(sector);
  if (version === 1) {
    // What is only read is converted in memory.
    const target = readOnly ? new OverlayDevice(device) : device;
    convert(target, { id: options.newId ?? 1n, now, warn });
    if (!readOnly) warn("the volume was of version 1, and was converted to version 2");
    const converted = mount(target, { ...options, readOnly: false });
    return readOnly ? mount(target, options) : converted;
  }
  if (version !== null && version !== VERSION)
    throw new FileSystemError("not-oofs", `an OOFS of version ${version}, which is newer than this program`);

  const found = findRecords(device, sector, { warn, acceptOlder });
  const best = chooseRecord(found.copies, acceptOlder);
  const { state } = best;
  if (!readOnly) {
    if (!found.superblock) {
      device.write(0, encodeSuperblock({ blocks: state.blocks, volume: best.volume }));
      device.flush();
    }
    if (!found.shrunk) for (const sentence of levelCopies(device, found.copies, state.blocks)) warn(sentence);
  }
  const volume = new Volume(new BlockStore(device, state.blocks), best.volume, state, { readOnly, now, warn });
  const fileSystem = new FileSystem(volume);
  if (found.shrunk) fitPartition(volume, !readOnly);
  fileSystem.check();
  if (readOnly) return fileSystem;
  const others = found.copies[1 - Number(state.sequence & 1n)]!;
  if (!newest(others) || found.copies.flat().some((record) => record && record.state.blocks !== volume.state.blocks))
    volume.commitAnew();
  fileSystem.freeOrphans();
  return fileSystem;
}

interface Found {
  readonly copies: Copies;
  /** Whether the superblock is valid. */
  readonly superblock: boolean;
  /** Whether the partition has fewer blocks than the volume. */
  readonly shrunk: boolean;
}

function findRecords(
  device: BlockDevice,
  sector: Uint8Array | null,
  { warn, acceptOlder }: { readonly warn: (sentence: string) => void; readonly acceptOlder: boolean },
): Found {
  const superblock = sector && decodeSuperblock(sector);
  const isAway = sector !== null && isAwaySector(sector);
  if (isAway && !acceptOlder)
    throw new FileSystemError("not-oofs", "its files moved to another machine, or have not all come here");
  if (!superblock && !isAway && sector && sector[510] === 0x55 && sector[511] === 0xaa)
    throw new FileSystemError("not-oofs", "not an OOFS: there is a boot sector of another system");
  const front = [0, 1].map((parity) => readRecord(device, 1 + parity, parity));
  const id = superblock?.volume ?? newest(front)?.volume;
  if (id === undefined) throw new FileSystemError("not-oofs", "not an OOFS: no superblock, and no commit record");
  if (!superblock) warn("the superblock is damaged; the commit records serve");
  const own = (record: CommitRecord | null): CommitRecord | null => (record?.volume === id ? record : null);
  const firsts = front.map(own);
  const blocks = newest(firsts)?.state.blocks ?? superblock!.blocks;
  const shrunk = blocks * BLOCK_BYTES > device.sizeBytes;
  const pair = (parity: number): readonly [CommitRecord | null, CommitRecord | null] => [
    firsts[parity]!,
    shrunk ? null : own(readRecord(device, blocks - LAST_BLOCKS + parity, parity)),
  ];
  return { copies: [pair(0), pair(1)], superblock: superblock !== null, shrunk };
}

/** Brings a volume to the size of a smaller partition, or says why that cannot be. */
function fitPartition(volume: Volume, write: boolean): void {
  const { store, state } = volume;
  const { device } = store;
  const present = Math.floor(device.sizeBytes / BLOCK_BYTES);
  const last = Math.max(
    ...[state, ...volume.snapshots.map((snapshot) => snapshot.state)].map((each) => lastUsed(store, each, present)),
  );
  const needed = last + 1 + LAST_BLOCKS;
  if (present < BLOCKS_MIN && needed < BLOCKS_MIN)
    throw damaged(
      `the partition has ${present} blocks; make it at least ${BLOCKS_MIN * 8} sectors long, the least for a volume`,
    );
  if (present < needed)
    throw damaged(
      `the partition has ${present} blocks, but the volume has ${state.blocks}, and its block ${last} is in use; make the partition at least ${needed * 8} sectors long`,
    );
  if (!write) return;
  for (const block of [present - 2, present - 1]) device.write(block * BLOCK_BYTES, new Uint8Array(BLOCK_BYTES));
  device.flush();
  volume.begin(8, "last");
  volume.change(() => volume.resizeMap(state.blocks, present));
  volume.commit();
  volume.commitAnew();
  device.write(0, encodeSuperblock({ blocks: present, volume: volume.id }));
  device.flush();
}

/** The last block from `present` - 2 on that a state uses; 0 when there is none. */
function lastUsed(store: BlockStore, state: State, present: number): number {
  const map = new Tree(store, MAP_ID, state.map, regionsOf(state.blocks));
  const first = present - LAST_BLOCKS;
  for (let region = regionsOf(state.blocks) - 1; region >= Math.floor(first / REGION_BLOCKS); region--) {
    const bytes = map.read(region);
    if (!bytes) continue;
    for (let bit = REGION_BLOCKS - 1; bit >= 0; bit--) {
      const block = region * REGION_BLOCKS + bit;
      if (block < first) break;
      if (block < state.blocks - LAST_BLOCKS && bytes[bit >> 3]! & (1 << (bit & 7))) return block;
    }
  }
  return 0;
}
