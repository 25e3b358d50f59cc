/** A disk for a machine, with a volume of OOFS that has files in it already. */
import { format, mount } from "../../src/disk/oofs/index.ts";
import { partitioned, RecordingDisk, volumeOn } from "./recording-disk.ts";

/** `files`: names in the root, and what is in them. */
export function diskWith(files: ReadonlyMap<string, Uint8Array>): RecordingDisk {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const volume = volumeOn(disk);
  format(volume, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
  const fs = mount(volume);
  for (const [name, bytes] of files) {
    fs.create(`/${name}`);
    fs.write(`/${name}`, 0, bytes);
  }
  fs.sync();
  disk.log = [];
  return disk;
}
