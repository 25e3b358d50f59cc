/** A disk as a person makes it for QuRe, by the commands of docs/commands.md; made once for each test file. */
import { blankDisk } from "../../../src/index.ts";
import { boot, DISK_BYTES, images, PROMPT } from "../../system/images.ts";

export { DISK_BYTES };

let prepared: Uint8Array | null = null;

export async function preparedDisk(): Promise<Uint8Array> {
  if (prepared) return prepared;
  const disk = blankDisk(DISK_BYTES);
  const node = boot({ nodes: [{ cdrom: images().iso, disk }] }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("fdisk hda init", /Type 'Yes' if so: $/);
  await node.enter("Yes", /Type 'Yes' if so: $/);
  await node.enter("Yes", PROMPT);
  await node.enter("mkfs -t oofs hda0", PROMPT);
  return (prepared = disk.content());
}
