/** The drives of a machine as somebody sees them who looks from outside, by QEMU's names. */
import type { BoardConfig } from "../board-config.ts";
import type { RemovableDrive } from "../devices/storage/removable-drive.ts";
import type { BlockBackend } from "../disk/block.ts";

export interface DriveView {
  readonly name: string;
  /** Where it is connected. */
  readonly place: string;
  /** Null while there is none in it. */
  readonly medium: { readonly sizeBytes: number; readonly readOnly: boolean } | null;
  /** Null where the medium cannot be taken out. */
  readonly removable: { readonly isOpen: boolean; readonly isLocked: boolean } | null;
}

const IDE_PLACES = ["ide0 master", "ide0 slave", "ide1 master", "ide1 slave"] as const;

type Drives = Pick<BoardConfig, "ide" | "floppies" | "virtioDisks" | "ahci">;

export function driveViews(
  { ide, floppies = [], virtioDisks = [], ahci = [] }: Drives,
  removable: ReadonlyMap<string, RemovableDrive>,
): readonly DriveView[] {
  const view = (name: string, place: string, backend: BlockBackend | null): DriveView => {
    const drive = removable.get(name) ?? null;
    const medium = drive ? drive.medium : backend;
    return {
      name,
      place,
      medium: medium && { sizeBytes: medium.sizeBytes, readOnly: medium.readOnly },
      removable: drive && { isOpen: drive.isOpen, isLocked: drive.isLocked },
    };
  };
  return [
    ...ide.flatMap((drive, index) => {
      if (!drive) return [];
      const name = `ide${index >>> 1}-${drive.kind === "cd" ? "cd" : "hd"}${index & 1}`;
      return [view(name, IDE_PLACES[index]!, drive.medium)];
    }),
    ...floppies.flatMap((medium, index) => (medium ? [view(`floppy${index}`, `fdc ${index}`, medium)] : [])),
    ...virtioDisks.map((medium, index) => view(`virtio${index}`, `virtio-blk ${index}`, medium)),
    ...ahci.flatMap((drive, port) =>
      drive ? [view(`ahci0-${drive.kind === "cd" ? "cd" : "hd"}${port}`, `ahci0 port ${port}`, drive.medium)] : [],
    ),
  ];
}
