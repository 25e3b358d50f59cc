/** A disk as a person makes it for QuRe, by the commands of docs/commands.md; made once for all tests. */
import { blankDisk } from "../../../src/index.ts";
import { keptForAll } from "../../setup/cache.ts";
import { boot, DISK_BYTES, images, PROMPT } from "../../system/images.ts";

export { DISK_BYTES };

/** Each caller gets bytes of its own. */
export async function preparedDisk(): Promise<Uint8Array> {
  return (await keptForAll("a disk with a file system", prepare)).slice();
}

async function prepare(): Promise<Uint8Array> {
  const disk = blankDisk(DISK_BYTES);
  const node = boot({ nodes: [{ cdrom: images().iso, disk }] }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("fdisk hda init", /Type 'Yes' if so: $/);
  await node.enter("Yes", /Type 'Yes' if so: $/);
  await node.enter("Yes", PROMPT);
  await node.enter("mkfs -t oofs hda0", PROMPT);
  return disk.content();
}
