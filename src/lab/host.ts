/** What a cluster of src/lab needs of the program that it runs in: lab.ts has Node's. */
import type { GroupFactory, MachineHost } from "../../emulator/cluster/machine-host.ts";
import type { Compressor } from "../../emulator/cluster/snapshot-file.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";

export interface LabHost {
  /** For snapshots. */
  readonly compressor: Compressor;
  /** Spreads machines over threads; absent where there is only one. */
  readonly spreadOver?: (threads: number) => GroupFactory;
  /** The host's clock, in milliseconds since some moment: for pacing, never for what a guest sees. */
  nowMs(): number;
  /** Comes back after so many milliseconds; after 0 as soon as whatever else waits has had its turn. */
  turn(milliseconds: number): Promise<void>;
  /** The disk that a machine was given, as it is now, wherever the machine runs. */
  liveDisk(machine: MachineHost, given: BlockBackend): BlockBackend;
}
