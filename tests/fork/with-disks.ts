/** Three members of a cluster with a key, each with a disk that holds a file system. */
import { type LabCluster, SparseDisk } from "../../src/index.ts";
import { DISK_BYTES, preparedDisk } from "../emulator/cluster/prepared-disk.ts";
import { boot, images, inSharedState } from "../system/images.ts";
import { joined, NODES } from "./scene.ts";

export async function withDisks(kind: "IDE" | "virtio" = "IDE"): Promise<LabCluster> {
  const content = await preparedDisk();
  return inSharedState(`three members with a key and ${kind} disks`, () => {
    const nodes = NODES(images().iso).map(({ cdrom: _, ...node }) => {
      const disk = new SparseDisk(DISK_BYTES, { content: content.slice() });
      return kind === "IDE" ? { ...node, disk } : { ...node, cdrom: images().iso, virtioDisks: [disk] };
    });
    return joined(boot({ nodes }));
  });
}
