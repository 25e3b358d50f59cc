/** The drives of a machine as somebody sees them who looks from outside, by QEMU's names. */
import type { BoardConfig } from "../board.ts";
import type { BlockBackend } from "../disk/block.ts";

export interface DriveView {
  readonly name: string;
  /** Where it is connected. */
  readonly place: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Its medium can be taken out. */
  readonly removable: boolean;
}

const IDE_PLACES = ["ide0 master", "ide0 slave", "ide1 master", "ide1 slave"] as const;

type Drives = Pick<BoardConfig, "ide" | "floppies" | "virtioDisks">;

export function driveViews({ ide, floppies = [], virtioDisks = [] }: Drives): readonly DriveView[] {
  const view = (name: string, place: string, { sizeBytes, readOnly }: BlockBackend, removable = false): DriveView => ({
    name,
    place,
    sizeBytes,
    readOnly,
    removable,
  });
  return [
    ...ide.flatMap((drive, index) => {
      if (!drive) return [];
      const name = `ide${index >>> 1}-${drive.kind === "cd" ? "cd" : "hd"}${index & 1}`;
      return [view(name, IDE_PLACES[index]!, drive.backend, drive.kind === "cd")];
    }),
    ...floppies.flatMap((medium, index) => (medium ? [view(`floppy${index}`, `fdc ${index}`, medium, true)] : [])),
    ...virtioDisks.map((medium, index) => view(`virtio${index}`, `virtio-blk ${index}`, medium)),
  ];
}
