/** The disk of a machine as it is now, wherever the machine runs. */
import type { MachineHost } from "../../emulator/cluster/machine-host.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { FileDisk } from "./file-disk.ts";
import { WorkerMachineHost } from "./worker-group.ts";

/** `given`: the disk that the machine was made with. One in another thread can only be read, through that thread. */
export function liveDisk(machine: MachineHost, given: BlockBackend): BlockBackend {
  if (given instanceof FileDisk || !(machine instanceof WorkerMachineHost)) return given;
  return {
    sizeBytes: given.sizeBytes,
    readOnly: true,
    read: (offsetBytes, target) => target.set(machine.readDisk(offsetBytes, target.length)),
    write: () => {
      throw new RangeError(`${machine.name} runs in another thread: its disk can only be read`);
    },
    flush: () => {},
  };
}
