/** What a build is given, and what it gives. */

/** Paths are relative to the tree's root and have forward slashes. */
export interface SourceTree {
  /** All files below a folder, sorted. */
  list(folder: string): readonly string[];
  read(path: string): Uint8Array | null;
}

export interface BuiltFile {
  readonly name: string;
  readonly content: Uint8Array;
  /** Size of the file when it is larger than its content: the rest is zeros. */
  readonly sizeBytes: number;
  /** Where each part of the system begins in this file, in bytes. */
  readonly parts: Readonly<Record<string, { offset: number; sizeBytes: number }>>;
}
