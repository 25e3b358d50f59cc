/** Errors of volumes: a code for programs, a sentence for people. */

export type FileSystemErrorCode =
  /** Something on the disk is not as the format wants it; the sentence has the place. */
  | "damaged"
  /** There is no OOFS at all. */
  | "not-oofs"
  /** Both copies of a commit record are damaged: only an older state could be had. */
  | "older"
  | "not-found"
  | "exists"
  | "not-directory"
  | "is-directory"
  | "not-empty"
  | "no-space"
  | "read-only"
  | "invalid"
  /** A persistent object of a newer version of its class. */
  | "newer"
  /** The device failed. */
  | "device";

export class FileSystemError extends Error {
  readonly code: FileSystemErrorCode;
  constructor(code: FileSystemErrorCode, message: string) {
    super(message);
    this.name = "FileSystemError";
    this.code = code;
  }
}

export function damaged(message: string): FileSystemError {
  return new FileSystemError("damaged", message);
}

/** Whether an error says that something on the disk is wrong or unreadable. */
export function isDamage(error: unknown): error is FileSystemError {
  return error instanceof FileSystemError && (error.code === "damaged" || error.code === "device");
}

/** Whether `look` finds what it looks for: false when that, or a directory on the way, is not there. */
export function finds(look: () => void): boolean {
  try {
    look();
    return true;
  } catch (error) {
    if (error instanceof FileSystemError && (error.code === "not-found" || error.code === "not-directory"))
      return false;
    throw error;
  }
}
