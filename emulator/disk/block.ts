/** What a disk drive needs of the world: bytes at offsets. The host fills it with files, a browser with memory. */
export interface BlockBackend {
  /** A multiple of 512 (disk) or 2048 (CD). */
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Fills `target` with the bytes at `offsetBytes`. Callers stay within `sizeBytes`. */
  read(offsetBytes: number, target: Uint8Array): void;
  write(offsetBytes: number, source: Uint8Array): void;
  /** Everything written before is on stable storage when this returns. */
  flush(): void;
}
