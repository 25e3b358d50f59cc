/**
 * A folder that one process at a time may use: a file in it holds the process's id. What a process that was killed left
 * there is taken over.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "./folder.ts";
import { isAlive } from "./process-identity.ts";

const LOCK_FILE = ".in-use";

class FolderInUseError extends Error {
  constructor(folder: string, process: number) {
    super(
      `${folder} is in use by process ${process}: two runs would spoil each other's disks; wait for it, or take another folder`,
    );
    this.name = "FolderInUseError";
  }
}

/**
 * Makes the folder if it is missing and takes it; the result gives it back. Throws `FolderInUseError` when another
 * process has it.
 */
export function lockFolder(folder: string): () => void {
  makeFolder(folder);
  const path = join(folder, LOCK_FILE);
  for (;;) {
    try {
      const file = openSync(path, "wx");
      writeSync(file, `${process.pid}\n`);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = Number(readFileSync(path, "utf8"));
      if (holder !== process.pid && isAlive(holder)) throw new FolderInUseError(folder, holder);
      rmSync(path, { force: true });
    }
  }
}
