/**
 * A volume as a disk that is read and written at once, as machines of the emulator want it: a thread of its own has the
 * volume, and whoever asks for bytes waits for it. No guest can tell how long that takes.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { assert } from "../diagnostic/invariant.ts";
import { SECTOR_BYTES } from "../volume/layout.ts";
import { builtFile } from "./package.ts";

/** Where a disk is named, this begins the name of a volume. */
export const VOLUME_PREFIX = "volume:";

export interface VolumeDiskOptions {
  /** Without its lock, and never written. A snapshot always is. */
  readonly readOnly: boolean;
  /** In whose name it is locked; the host's when absent. */
  readonly machine?: string;
  /** Told once what went wrong: a guest only sees a medium error. */
  onTrouble?(message: string): void;
}

/** Of the shared words: whether an answer is there, and how long the waiting is to be. */
export const ANSWERED = 0;
const PIECE_BYTES = 1 << 20;

export interface VolumeSetup {
  readonly name: string;
  readonly readOnly: boolean;
  /** The environment, which says where volumes are, and whose. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export type VolumeOrder =
  | { readonly verb: "open" | "flush" | "close" | "seal" }
  | { readonly verb: "snapshot" | "clone"; readonly name: string }
  | { readonly verb: "read" | "write"; readonly at: number; readonly length: number };

export type VolumeAnswer =
  | { readonly sizeBytes: number; readonly readOnly: boolean; readonly identity: string }
  | { readonly identity: string }
  | { readonly error: string }
  | null;

/** The thread that has them all; a thread for each would take some megabytes. */
let thread: Worker | null = null;

function threadOfVolumes(): Worker {
  if (thread === null) {
    thread = new Worker(builtFile("volume-worker.js"));
    thread.unref();
  }
  return thread;
}

/** A file of the host could not be read or written; what drives make of it is a medium error. */
class VolumeDiskError extends Error {
  readonly code = "EIO";
  override readonly name = "VolumeDiskError";
}

export class VolumeDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly path: string;
  #identity: string;
  readonly #onTrouble: (message: string) => void;
  /** What went wrong last, by what was wanted, until that goes well. */
  readonly #troubles = new Map<VolumeOrder["verb"], string>();
  readonly #words = new Int32Array(new SharedArrayBuffer(8));
  readonly #bytes = new Uint8Array(new SharedArrayBuffer(PIECE_BYTES));
  readonly #channel = new MessageChannel();

  /** `path`: `volume:NAME`. Throws an error of one line when it cannot be opened. */
  constructor(path: string, { readOnly, machine, onTrouble = () => {} }: VolumeDiskOptions) {
    assert(path.startsWith(VOLUME_PREFIX), `${path} names no volume`);
    this.path = path;
    this.#onTrouble = onTrouble;
    const setup: VolumeSetup = {
      name: path.slice(VOLUME_PREFIX.length),
      readOnly,
      env: { ...process.env, ...(machine === undefined ? {} : { QURE_MACHINE: machine }) },
      words: this.#words,
      bytes: this.#bytes,
    };
    const { port1, port2 } = this.#channel;
    threadOfVolumes().postMessage({ setup, port: port2 }, [port2]);
    port1.unref();
    const opened = this.#ask({ verb: "open" });
    assert(opened !== null && "sizeBytes" in opened, `${path} is open, and has no size`);
    this.sizeBytes = opened.sizeBytes;
    this.readOnly = opened.readOnly;
    this.#identity = opened.identity;
  }

  /** Of its content when it was opened, or sealed: whoever writes it in between changes it. */
  get identity(): string {
    return this.#identity;
  }

  #ask(order: VolumeOrder): VolumeAnswer {
    const { port1 } = this.#channel;
    Atomics.store(this.#words, ANSWERED, 0);
    port1.postMessage(order);
    Atomics.wait(this.#words, ANSWERED, 0);
    const { message } = receiveMessageOnPort(port1) as { message: VolumeAnswer };
    if (!message || !("error" in message)) {
      this.#troubles.delete(order.verb);
      return message;
    }
    if (order.verb !== "open" && !this.#hasTrouble(message.error)) this.#onTrouble(message.error);
    this.#troubles.set(order.verb, message.error);
    throw new VolumeDiskError(message.error);
  }

  #hasTrouble(error: string): boolean {
    return [...this.#troubles.values()].includes(error);
  }

  /** Why it cannot be read or written now; null: it can, as far as anybody tried. */
  get trouble(): string | null {
    return this.#troubles.get("write") ?? this.#troubles.get("flush") ?? this.#troubles.get("read") ?? null;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    // Whoever looks at the beginning of a disk may want less than a sector.
    for (let done = 0; done < target.length; ) {
      const at = offsetBytes + done;
      const start = Math.floor(at / SECTOR_BYTES) * SECTOR_BYTES;
      const wanted = at - start + target.length - done;
      const length = Math.min(PIECE_BYTES, Math.ceil(wanted / SECTOR_BYTES) * SECTOR_BYTES);
      this.#ask({ verb: "read", at: start, length });
      const got = this.#bytes.subarray(at - start, Math.min(length, wanted));
      target.set(got, done);
      done += got.length;
    }
  }

  write(offsetBytes: number, source: Uint8Array): void {
    assert(!this.readOnly, `${this.path} is written, and is open for reading only`);
    for (let done = 0; done < source.length; done += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, source.length - done);
      this.#bytes.set(source.subarray(done, done + length));
      this.#ask({ verb: "write", at: offsetBytes + done, length });
    }
  }

  flush(): void {
    this.#ask({ verb: "flush" });
  }

  /** Ends with everything in its map, and says what it is then; what follows opens it again. */
  seal(): void {
    const sealed = this.#ask({ verb: "seal" });
    assert(sealed !== null && "identity" in sealed, `${this.path} is sealed, and has no identity`);
    this.#identity = sealed.identity;
  }

  /** A snapshot of it as it is now, or a volume that begins so. Throws an error of one line. */
  copy(verb: "snapshot" | "clone", name: string): void {
    this.#ask({ verb, name });
  }

  /** Flushes; the lock stays. */
  close(): void {
    try {
      this.#ask({ verb: "close" });
    } finally {
      this.#channel.port1.close();
    }
  }
}
