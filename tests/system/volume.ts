/** A node with a new volume at /a, for tests of what works with files. */
import type { LabCluster, LabNode } from "../../src/index.ts";
import { boot, CLOUD, images, PROMPT } from "./images.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";

interface VolumeOptions {
  /** Nothing else runs, so nothing else prints. */
  readonly isAlone?: boolean;
  /** Where the volume is mounted, in place of /a. */
  readonly place?: string;
  /** The CD, if it is another one. */
  readonly iso?: Uint8Array;
}

/** Boots it from the CD, makes the volume, and types `lines`. */
export async function nodeWithVolume(
  lines: readonly string[],
  { isAlone = false, place = "/a", iso = images().iso }: VolumeOptions = {},
): Promise<LabCluster> {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const booted = boot({ nodes: [{ cdrom: iso, disk }], gateway: !isAlone });
  const node = booted.nodes[0]!;
  if (!isAlone) await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  if (isAlone) await node.enter("service stop network", PROMPT);
  await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
  for (const line of [`mount hda0 ${place}`, ...lines]) await node.enter(line, PROMPT);
  return booted;
}

/** What a command prints. */
export async function output(node: LabNode, command: string): Promise<string> {
  const before = node.console.text.length;
  await node.enter(command, PROMPT);
  return node.console.text.slice(before).replace(/\r/g, "").replace(/^.*\n/, "").replace(/.*$/, "");
}

/** What a command prints, on a node whose services print as well. */
export async function outputAmong(node: LabNode, command: string): Promise<string> {
  await node.enter(`echo from here; ${command}; echo to here`, /^to here$/m);
  const since = node.console.text.replace(/\r/g, "").split("; echo to here").at(-1)!;
  return /^from here\n([\s\S]*?)to here$/m.exec(since)![1]!;
}
