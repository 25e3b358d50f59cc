/** What disks have of kernels (docs/formats/boot-record.md, "Two kernels"), and what must hold of it. */
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { sameBytes } from "../../../emulator/ether/packet.ts";
import { SECTOR_BYTES } from "../../image/kernel-image.ts";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord } from "../../image/slot-record.ts";
import type { Invariant } from "../invariant.ts";
import type { World, WorldNode } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { sectorsOf, wholeHeader } from "./two-kernels.ts";

const copiesOn = (disk: BlockBackend): Uint8Array => sectorsOf(disk, SLOT_RECORD_LBA, 2);

const recordIn = (copies: Uint8Array): SlotRecord | null =>
  readSlotRecord(copies.subarray(0, SECTOR_BYTES), copies.subarray(SECTOR_BYTES));

/** The record of a machine's two kernels; null where its disk has none that is whole. */
export function slotsOf(world: World, index: number): SlotRecord | null {
  const { disk } = world.lab.nodes[index]!;
  return (
    disk &&
    world.nodes[index]!.once("slots", () => {
      const copies = copiesOn(disk);
      const before = read.get(world.nodes[index]!);
      if (before && sameBytes(copies, before.copies)) return before.record;
      const record = recordIn(copies);
      read.set(world.nodes[index]!, { copies, record });
      return record;
    })
  );
}

/** What was read last of a machine's disk. */
const read = new WeakMap<WorldNode, { readonly copies: Uint8Array; readonly record: SlotRecord | null }>();

/** The kernel that a machine runs: null while none is up. */
export function running(
  world: World,
  layout: KernelLayout,
  index: number,
): { readonly revision: number; readonly isOnTrial: boolean } | null {
  if (!factsOf(world, layout).of(index).isUp) return null;
  const at = layout.address("boot_info");
  const { memory } = world.nodes[index]!;
  const revision = memory.word(at + layout.constant("bi_revision"));
  const trial = memory.bytes(at + layout.constant("bi_trial"), 1);
  return revision === null || trial === null ? null : { revision, isOnTrial: trial[0] !== 0 };
}

interface Seen {
  /** Both copies of the record as they were judged last. */
  readonly copies: Uint8Array;
  readonly floor: number;
  readonly revision: number;
}

/** What is wrong with the kernels of a disk after what it had before; what it has now when nothing is. */
function judged(disk: BlockBackend, copies: Uint8Array, before: Seen | null): Seen | string {
  const record = recordIn(copies);
  if (record === null) return "has no record of its kernels that is whole";
  const { firstSector, sectors, revision } = record.slots[record.good]!;
  const kernel = wholeHeader(sectorsOf(disk, firstSector, sectors));
  if (kernel === null) return `has no kernel that starts in slot ${record.good}`;
  if (kernel.revision !== revision)
    return `has revision ${kernel.revision} in slot ${record.good}, which its record calls ${revision}`;
  if (revision < record.floor) return `starts revision ${revision}, and its floor is ${record.floor}`;
  if (before && record.floor < before.floor) return `has floor ${record.floor} after floor ${before.floor}`;
  if (before && revision < before.revision) return `starts revision ${revision}, and ${before.revision} was confirmed`;
  return { copies, floor: record.floor, revision };
}

export function keepsKernels(layout: KernelLayout): Invariant {
  return {
    name: "kernels",
    kind: "wrong",
    rule: "each disk has a kernel that starts, not below its floor; what was confirmed and the floor never go back",
    watch: (world) => {
      const seen: (Seen | null)[] = world.nodes.map(() => null);
      const judge = (index: number): string | null => {
        const { disk, name } = world.lab.nodes[index]!;
        const copies = disk && copiesOn(disk);
        const before = seen[index]!;
        if (!disk || !copies || (before && sameBytes(copies, before.copies))) return null;
        const found = judged(disk, copies, before);
        if (typeof found === "string") return `${name} ${found}`;
        seen[index] = found;
        return null;
      };
      const look = (index: number): string | null => world.nodes[index]!.once("kernels", () => judge(index));
      return {
        before: ({ word, node }) => {
          // From here on the disk has another history.
          if (word === "older") seen[node] = null;
          return null;
        },
        after: ({ node }) => judge(node),
        look: () => {
          for (const { index, name, isSealed } of world.nodes) {
            const wrong = look(index);
            if (wrong !== null) return wrong;
            const kernel = isSealed ? null : running(world, layout, index);
            const floor = seen[index]?.floor ?? 0;
            if (kernel && kernel.revision < floor)
              return `${name} runs revision ${kernel.revision} below floor ${floor}`;
          }
          return null;
        },
      };
    },
  };
}
