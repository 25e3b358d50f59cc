/** A node with a new volume at /a, for tests of what works with files. */
import type { LabCluster } from "../../src/index.ts";
import { boot, CLOUD, images, inSharedState, PROMPT } from "./images.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";

interface VolumeOptions {
  /** Nothing else runs, so nothing else prints. */
  readonly isAlone?: boolean;
  /** Where the volume is mounted, in place of /a. */
  readonly place?: string;
  /** The CD, if it is another one. */
  readonly iso?: Uint8Array;
  /** The disk, if somebody wants to know what reaches it. */
  readonly disk?: RecordingDisk;
}

/** Boots it from the CD, and makes the volume. */
async function nodeWithEmptyVolume({
  isAlone = false,
  iso = images().iso,
  disk = new RecordingDisk(),
}: VolumeOptions): Promise<LabCluster> {
  disk.content = partitioned();
  const booted = boot({ nodes: [{ cdrom: iso, disk }], gateway: !isAlone });
  const node = booted.nodes[0]!;
  if (!isAlone) await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  if (isAlone) await node.enter("service stop network", PROMPT);
  await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
  return booted;
}

/** The node, with the volume mounted, after `lines` were typed. */
export async function nodeWithVolume(lines: readonly string[], options: VolumeOptions = {}): Promise<LabCluster> {
  const { isAlone = false, place = "/a", iso, disk } = options;
  const lab =
    iso === undefined && disk === undefined
      ? await inSharedState(`an empty volume, ${isAlone ? "alone" : "a member"}`, () =>
          nodeWithEmptyVolume({ isAlone }),
        )
      : await nodeWithEmptyVolume(options);
  for (const line of [`mount hda0 ${place}`, ...lines]) await lab.nodes[0]!.enter(line, PROMPT);
  return lab;
}
