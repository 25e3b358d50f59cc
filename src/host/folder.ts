/** Folders of the host. */
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are missing. Node's own recursive mkdir never comes back where the host
 * refuses a new folder with ENOENT, as below /proc.
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process may have been faster.
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    throw code === "ENOENT" ? new Error(`${path}: no folder can be made there`) : error;
  }
}

/**
 * Makes a folder that its owner alone may enter. Throws for one that somebody else could have put there, as anybody can
 * in the folder for temporary files.
 */
export function makeOwnFolder(path: string): void {
  makeFolder(path, 0o700);
  const status = lstatSync(path);
  const isOwn = process.getuid === undefined || status.uid === process.getuid();
  if (!status.isDirectory() || !isOwn || (status.mode & 0o077) !== 0)
    throw new Error(`${path} is not a folder that its owner alone may enter: remove it, or set XDG_RUNTIME_DIR`);
}
