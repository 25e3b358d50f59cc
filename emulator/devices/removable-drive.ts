/** What a person does at a drive whose medium can be changed, and what can be seen of it from outside. */
import type { BlockBackend } from "../disk/block.ts";

export interface RemovableDrive {
  /** What is in it, in an open tray too. */
  readonly medium: BlockBackend | null;
  readonly isOpen: boolean;
  /** Another medium than the machine's own is in it. */
  readonly hasOther: boolean;
  /** The guest has locked it. */
  readonly isLocked: boolean;
  /** Somebody presses its button. A drive that is locked tells the guest, and stays closed unless it is forced. */
  open(isForced: boolean): void;
  /** Takes the medium out of an open drive. */
  remove(): void;
  /**
   * Puts a medium in its place, and closes the drive. Throws a RangeError for one that does not fit, and does nothing.
   */
  insert(content: Uint8Array): void;
}

/** Presses the button of a drive and takes out what is in it; returns whether it opened. */
export function eject(drive: RemovableDrive, isForced: boolean): boolean {
  if (!drive.isOpen) {
    const stays = drive.isLocked && !isForced;
    drive.open(isForced);
    if (stays) return false;
  }
  drive.remove();
  return true;
}

/** Puts a medium in the place of what is in a drive; returns whether it opened for that. */
export function insert(drive: RemovableDrive, content: Uint8Array): boolean {
  const opens = drive.isOpen || !drive.isLocked;
  if (opens) drive.insert(content);
  else drive.open(false);
  return opens;
}
