/** What QuRe's cluster has agreed on: of one number there are one people's values only, and no node goes back. */
import { little32 } from "../../bytes/little-endian.ts";
import { ID_BYTES } from "../../wire/cluster-layout.ts";
import { digestOfRegion } from "../../wire/cluster-packet.ts";
import { packetHex } from "../../wire/hex.ts";
import type { Invariant } from "../invariant.ts";
import type { World, WorldNode } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { keysOf } from "./keys.ts";
import { isKept } from "./remembered.ts";
import { disksWith } from "./votes.ts";

/** Of the object `cluster_values`: docs/protocols/cluster-values.md. */
const NUMBER = 8;
const TEXT_BYTES = 16;
const REGION = 20;
const VOTERS = 20;
const VOTER_IDS = 24;
const MOST_VOTERS = 16;
/** Of a region without text: who agreed. */
const REGION_BYTES = 132;
const MOST_TEXT_BYTES = 1024;
const DIGEST = 12;

interface Agreed {
  readonly number: number;
  readonly digest: number;
}

/** What a node holds for agreed; null when it has no memory, or is just about to change it. */
export function agreedValues(world: World, layout: KernelLayout, index: number): Agreed | null {
  const node = world.nodes[index]!;
  return node.once("values", () => readValues(node, layout));
}

function readValues(node: WorldNode, layout: KernelLayout): Agreed | null {
  const at = layout.address("values");
  const number = node.memory.word(at + NUMBER);
  const digest = node.memory.word(at + DIGEST);
  const textBytes = node.memory.word(at + TEXT_BYTES);
  if (number === null || digest === null || textBytes === null || textBytes > MOST_TEXT_BYTES) return null;
  if (number === 0) return { number, digest };
  const isWhole = node.made("values", at + REGION, (REGION_BYTES + textBytes) & ~3, digestOfBytes) === digest;
  return isWhole ? { number, digest } : null;
}

function digestOfBytes(region: Uint8Array): number {
  return digestOfRegion(Array.from({ length: region.length >>> 2 }, (_, word) => little32(region, 4 * word)));
}

/** Who has to agree on what comes next. */
function votersOf(world: World, layout: KernelLayout, index: number): string[] {
  const { memory } = world.nodes[index]!;
  const at = layout.address("values");
  const count = Math.min(MOST_VOTERS, memory.word(at + VOTERS) ?? 0);
  const ids = memory.bytes(at + VOTER_IDS, count * ID_BYTES);
  return ids ? Array.from({ length: count }, (_, voter) => packetHex(ids, voter * ID_BYTES, ID_BYTES)) : [];
}

/**
 * Whether those that are left can set anything: a majority of those that agreed last, which is more than half of them,
 * or half of them with the one of the lowest id.
 */
export function canAgree(world: World, layout: KernelLayout): boolean {
  // A volume that could not be written is read only until its machine boots again: who has it does not vote.
  const able = world.core.filter((index) => !world.nodes[index]!.diskWasBad);
  const { voters, here } = votersAmong(world, layout, able);
  // Where nothing was agreed on yet those who are here begin.
  if (voters.length === 0) return able.length > 0;
  return 2 * here.length > voters.length - (here.includes(voters[0]!) ? 1 : 0);
}

/**
 * Whether a node does not write its volume until it boots again, as after anything that a disk refused
 * (docs/formats/oofs.md, "Commit"). Where no disk was bad it has no such reason.
 */
function isReadOnly(world: World, layout: KernelLayout, index: number): boolean {
  const { diskWasBad, memory } = world.nodes[index]!;
  if (!diskWasBad) return false;
  const of = (name: string): number => layout.constant(name);
  const mounts = Array.from(
    { length: of("MOUNT_MAX") },
    (_, slot) => layout.address("mount_table") + slot * of("MOUNT_SIZE_OF"),
  );
  const mount = mounts.find((at) => memory.word(at + of("MOUNT_CLASS")) === layout.address("class_fs_oofs"));
  const data = mount === undefined ? null : memory.word(mount + of("MOUNT_DATA"));
  const flags = data === null ? 0 : (memory.word(data + of("OOFS_FLAGS")) ?? 0);
  return (flags & (of("OOFS_IS_READ_ONLY") | of("OOFS_IS_FAILED"))) !== 0;
}

/**
 * Whether these machines may replace the key: more than half of those that agreed last, who is put out aside. Each has
 * to write the new key to its disk first: without one it has the old key from its host when it starts again.
 */
export function mayReplaceKey(world: World, layout: KernelLayout, those: readonly number[], out?: number): boolean {
  if (those.some((index) => !world.hasDisk(index) || isReadOnly(world, layout, index))) return false;
  const { voters, here } = votersAmong(world, layout, those);
  const without = voters.filter((id) => out === undefined || id !== factsOf(world, layout).ids[out]);
  return voters.length === 0 || 2 * here.length > without.length;
}

/** Who agreed last, and which of them are among these machines. */
function votersAmong(
  world: World,
  layout: KernelLayout,
  those: readonly number[],
): { voters: string[]; here: string[] } {
  const facts = factsOf(world, layout);
  const latest = world.core.reduce((newest, index) => {
    const number = (node: number): number => agreedValues(world, layout, node)?.number ?? 0;
    return number(index) > number(newest) ? index : newest;
  }, world.core[0]!);
  const voters = votersOf(world, layout, latest);
  const able = those.map((index) => facts.ids[index]!);
  return { voters, here: voters.filter((id) => able.includes(id)) };
}

export function agreesOnce(layout: KernelLayout): Invariant {
  return {
    name: "values",
    kind: "wrong",
    rule: "of each number there are the same values on all nodes and on the disks of a majority, and no node goes back behind one that it had on disk",
    watch: (world) => {
      const facts = factsOf(world, layout);
      const kept = layout.address("kept_values");
      const digests = new Map<number, number>();
      const last = world.nodes.map(() => 0);
      // A voter that forgets its votes, as its disk does, may vote twice.
      let forgot = false;
      const joins = world.nodes.map(() => 0);
      const keys = keysOf(world, layout);
      const voters = new Map<number, readonly string[]>();
      const onDisks = (number: number): string | null => {
        const ids = voters.get(number - 1) ?? [];
        const machines = ids.flatMap((id) => facts.indexOf(id) ?? []);
        if (ids.length === 0 || machines.length < ids.length) return null;
        // Half of them with the lowest id are a majority too.
        const found = disksWith(world, machines, number);
        return 2 * found >= ids.length ? null : `values ${number} count, and are on ${found} disks of ${ids.length}`;
      };
      return {
        before: ({ word, node }) => {
          if (word !== "older") return null;
          forgot = true;
          last[node] = 0;
          return null;
        },
        look: () => {
          for (const { index, name } of world.nodes) {
            if (keys.joins(index) !== joins[index]) {
              joins[index] = keys.joins(index);
              forgot = true;
              last[index] = 0;
            }
            const { isMember, hasDisk } = facts.of(index);
            const agreed = isMember && hasDisk ? agreedValues(world, layout, index) : null;
            if (agreed === null || agreed.number === 0) continue;
            const { number, digest } = agreed;
            if (number < last[index]!) return `${name} has values ${number} after values ${last[index]}`;
            if (isKept(world.nodes[index]!.memory, kept, digest)) last[index] = number;
            if (forgot) continue;
            if (!digests.has(number)) {
              voters.set(number, votersOf(world, layout, index));
              const problem = onDisks(number);
              if (problem !== null) return `${name}: ${problem}`;
            }
            const known = digests.get(number) ?? digest;
            digests.set(number, known);
            if (known !== digest) return `${name} has other values ${number} than somebody had`;
          }
          return null;
        },
      };
    },
  };
}
