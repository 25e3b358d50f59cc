/** A node whose cluster begins with a disk of which a test says what it remembers (docs/protocols). */
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { objectOn } from "../../../src/chaos/qure/remembered.ts";
import { DevicePart, type FileSystem, mount } from "../../../src/disk/oofs/index.ts";
import { readPartitions } from "../../../src/disk/partitions.ts";
import { PARTITION_TYPE_OOFS } from "../../../src/image/boot-image.ts";
import { SparseDisk } from "../../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../../emulator/cluster/prepared-disk.ts";
import { boot, images, inSharedState, PROMPT } from "../../system/images.ts";
import { idBytes, remember, type Scene, SELF, sceneOf } from "./agreement-scene.ts";

const SECTOR_BYTES = 512;
const NODE_BYTES = 176;
/** Behind the object cluster_node in memory: two words about the boot. */
const BOOT_BYTES = 8;
const LIFE_BYTES = 32;
const NAME_BYTES = 32;
const KEY_BYTES = 32;

/** Objects by their class. */
export type Objects = Readonly<Record<string, Uint8Array>>;

/** The volume on a disk. */
function volumeOf(disk: BlockBackend): FileSystem {
  const partition = readPartitions(disk).partitions.find(({ type }) => type === PARTITION_TYPE_OOFS)!;
  return mount(new DevicePart(disk, partition.startLba * SECTOR_BYTES, partition.sectors * SECTOR_BYTES));
}

/** Saves objects on a disk as the kernel does. */
export function saveOn(disk: BlockBackend, objects: Objects): void {
  const volume = volumeOf(disk);
  for (const [name, bytes] of Object.entries(objects)) volume.saveObject(name, 0, bytes);
  volume.sync();
}

/** The node at its prompt; its cluster has not begun, and its disk is used by nobody. */
export async function resting(): Promise<Scene> {
  const lab = await inSharedState("a disk that nobody uses", async () => {
    const disk = new SparseDisk(DISK_BYTES, { content: await preparedDisk() });
    const booted = boot({ nodes: [{ cdrom: images().iso, disk }] });
    const node = booted.nodes[0]!;
    await node.waitFor(PROMPT);
    await booted.advance("1s");
    await node.enter("service stop cluster", PROMPT);
    await node.enter("umount /net", PROMPT);
    const volume = volumeOf(node.disk!);
    for (const name of ["cluster_node", "cluster_values", "cluster_vote", "cluster_history", "node_history"])
      if (objectOn(node.disk!, name)) volume.removeObject(name);
    volume.sync();
    return booted;
  });
  const s = sceneOf(lab);
  remember(s.node, 0, new Uint8Array(NODE_BYTES + BOOT_BYTES)); // as if nothing had been known
  return s;
}

/** It begins with these objects on its disk. */
export async function remembering(objects: Objects): Promise<Scene> {
  const s = await resting();
  saveOn(s.node.disk!, objects);
  s.node.type("service start cluster\n");
  await s.node.waitFor(/^cluster: node .*$/m);
  await s.node.waitFor(PROMPT);
  return s;
}

/** What is on its disk now. */
export const objectOf = (s: Scene, name: string): Uint8Array | null => objectOn(s.node.disk!, name);

export interface NodeObject {
  readonly magic?: string;
  readonly version?: number;
  readonly id?: string;
  readonly era?: number;
  readonly age?: number;
  readonly eraAge?: number;
  readonly founder?: string;
  readonly name?: string;
  readonly reboot?: string;
  readonly cluster?: string;
  readonly key?: Uint8Array;
  readonly company?: number;
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** The object cluster_node. */
export function nodeObject({
  magic = "QCLN",
  version = 2,
  id = SELF,
  era = 0,
  age = 1,
  ...rest
}: NodeObject): Uint8Array {
  const { eraAge = 1, founder = "0".repeat(16), name = "", reboot = "", cluster = "", company = 0 } = rest;
  const bytes = new Uint8Array(NODE_BYTES);
  const fields = new DataView(bytes.buffer);
  bytes.set(text(magic));
  fields.setUint32(4, version, true);
  bytes.set(idBytes(id), 8);
  fields.setUint32(16, era, true);
  fields.setUint32(20, age, true);
  fields.setUint32(24, eraAge, true);
  bytes.set(idBytes(founder), 28);
  bytes.set(text(name).subarray(0, NAME_BYTES), 36);
  bytes.set(text(reboot), 68);
  bytes.fill(0x5e, 76, 108);
  bytes.set(text(cluster).subarray(0, NAME_BYTES), 108);
  bytes.set(rest.key ?? new Uint8Array(KEY_BYTES), 140);
  fields.setUint32(172, company, true);
  return bytes;
}

export interface Life {
  readonly era: number;
  readonly first?: number;
  readonly last?: number;
  readonly began?: number;
  readonly until?: number;
  readonly revision?: number;
  readonly founder?: string;
}

/** The object node_history. */
export function livesObject(
  lives: readonly Life[],
  { magic = "QRNH", version = 1, count = lives.length } = {},
): Uint8Array {
  const bytes = new Uint8Array(12 + lives.length * LIFE_BYTES);
  const fields = new DataView(bytes.buffer);
  bytes.set(text(magic));
  fields.setUint32(4, version, true);
  fields.setUint32(8, count, true);
  for (const [index, { era, first = 1, last = first, began = 0, until = began, ...rest }] of lives.entries()) {
    const at = 12 + index * LIFE_BYTES;
    for (const [place, value] of [era, first, last, began, until, rest.revision ?? 0].entries())
      fields.setUint32(at + place * 4, value, true);
    bytes.set(idBytes(rest.founder ?? SELF), at + 24);
  }
  return bytes;
}

/** The lives that an object node_history holds. */
export function livesIn(bytes: Uint8Array): Required<Life>[] {
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: fields.getUint32(8, true) }, (_, index) => {
    const at = 12 + index * LIFE_BYTES;
    const word = (place: number): number => fields.getUint32(at + place * 4, true);
    const founder = Buffer.from(bytes.subarray(at + 24, at + 32)).toString("hex");
    return { era: word(0), first: word(1), last: word(2), began: word(3), until: word(4), revision: word(5), founder };
  });
}
