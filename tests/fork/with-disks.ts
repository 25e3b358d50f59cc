/** Three members of a cluster with a key, each with a disk that holds a file system. */
import { type LabCluster, SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { boot, images, inSharedState } from "../system/images.ts";
import { joined, NODES } from "./scene.ts";

export async function withDisks(): Promise<LabCluster> {
  const content = await preparedDisk();
  return inSharedState("three members with a key and disks", () => {
    const nodes = NODES(images().iso).map(({ cdrom: _, ...node }) => ({
      ...node,
      disk: new SparseDisk(DISK_BYTES, { content: content.slice() }),
    }));
    return joined(boot({ nodes }));
  });
}
