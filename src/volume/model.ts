/** The words of this folder: who owns a volume, what is known of one, and a volume that is open. */

/** A machine, on a host. It is the same one after a crash, and no other may have its id. */
export interface Owner {
  readonly id: string;
  readonly host: string;
}

export interface Held extends Owner {
  /** Milliseconds since 1970, by the clock of the host. For people: nothing is decided by it. */
  readonly sinceMs: number;
}

export interface VolumeInfo {
  readonly name: string;
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly kind: "volume" | "snapshot";
  /** Removed ones are hidden, and can be restored until a collection. */
  readonly isRemoved: boolean;
  readonly sizeBytes: number;
  readonly epoch: number;
  /** The snapshot that it was made from, or the volume of a snapshot. */
  readonly parent: string | null;
  readonly owner: Held | null;
}

/** How much space one takes: what counting is needed for. */
export interface VolumeSpace {
  /** In objects, its parent's too. */
  readonly allocatedBytes: number;
  /** Of those, what others use as well. */
  readonly sharedBytes: number;
}

export interface Extent {
  readonly lengthBytes: number;
  readonly kind: "data" | "hole" | "zeros";
}

/** A volume or snapshot that is open. Calls may overlap; those that overlap in bytes have no order. */
export interface VolumeDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Callers stay within `sizeBytes`. */
  read(atBytes: number, lengthBytes: number): Promise<Uint8Array>;
  write(atBytes: number, bytes: Uint8Array): Promise<void>;
  /** Writes zeros; whole blocks of them take no space. */
  zero(atBytes: number, lengthBytes: number): Promise<void>;
  /**
   * What was written before is durable, and it was the owner who wrote it. Throws `fenced` when the lock was broken.
   */
  flush(): Promise<void>;
  extents(atBytes: number, lengthBytes: number): Promise<Extent[]>;
  /** Flushes. The lock stays with the owner. */
  close(): Promise<void>;
}

export type VolumeTrouble =
  | "missing"
  | "exists"
  | "locked"
  | "fenced"
  | "damaged"
  | "read-only"
  | "full"
  | "unavailable"
  | "invalid"
  | "newer";

/** One line that says what is wrong with which volume, and what to do. */
export class VolumeError extends Error {
  readonly trouble: VolumeTrouble;

  constructor(trouble: VolumeTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VolumeError";
    this.trouble = trouble;
  }
}

/** What the folder needs of the host: nothing here reads a clock or draws by itself. */
export interface VolumeHost {
  readonly me: Owner;
  nowMs(): number;
  random(lengthBytes: number): Uint8Array;
  /** 32 bytes (FIPS 180-4). */
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  /** As src/bytes/crc32.ts has it: hosts have faster ones. */
  crc32(bytes: Uint8Array): number;
  sleep(ms: number): Promise<void>;
}

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** How long to wait for another owner's lock. Absent: not at all. */
  readonly timeoutMs?: number;
}

/** The operations on the volumes of a store. Each throws a `VolumeError`. */
export interface Volumes {
  /** From a snapshot, or blank; one of both is needed. */
  create(name: string, of: { readonly snapshot?: string; readonly sizeBytes?: number }): Promise<VolumeInfo>;
  snapshot(volume: string, name: string): Promise<VolumeInfo>;
  /** Of a snapshot or of a volume, which is frozen for it without a name of its own. */
  clone(source: string, name: string): Promise<VolumeInfo>;
  list(options?: { readonly removed?: boolean }): Promise<VolumeInfo[]>;
  /** Without counting, which takes longer the more there is. */
  look(name: string): Promise<VolumeInfo>;
  info(name: string): Promise<VolumeInfo & VolumeSpace>;
  remove(name: string): Promise<void>;
  restore(name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  resize(name: string, sizeBytes: number, options?: { readonly shrink?: boolean }): Promise<void>;
  /** Has a volume be in one step what another one is, in size and content; that one stays as it is. */
  replace(name: string, source: string): Promise<void>;
  /** SHA-256 of the content, in hexadecimal. */
  hash(name: string): Promise<string>;
  /** Copies what it shares with its parent. */
  flatten(name: string): Promise<void>;
  /** Takes the lock unless it is only read. Reading does without one. */
  open(name: string, options?: OpenOptions): Promise<VolumeDevice>;
  lock(name: string, options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Of one's own lock; of another's by force, which fences whoever has it. */
  unlock(name: string, options?: { readonly force?: boolean }): Promise<void>;
  collect(options?: { readonly dryRun?: boolean }): Promise<Collected>;
  check(options?: { readonly repair?: boolean }): Promise<Finding[]>;
  /** With `since`: what differs from that snapshot. */
  export(name: string, options?: { readonly since?: string }): AsyncIterable<Uint8Array>;
  import(name: string, content: AsyncIterable<Uint8Array>): Promise<VolumeInfo>;
}

export interface Collected {
  readonly objects: number;
  readonly bytes: number;
  /** What waits for the next collection. */
  readonly condemned: number;
}

export interface Finding {
  readonly key: string;
  /** Who uses it: `VOLUME at OFFSET`. */
  readonly users: readonly string[];
  readonly wrong: string;
  readonly isRepaired: boolean;
}
