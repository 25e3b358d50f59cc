/**
 * A disk image that takes another one's place when it is whole. Until then it has a name of its own beside it, with the
 * number of the process, so that what a dead one left is known.
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { naming } from "./files.ts";
import { isAlive } from "./process-identity.ts";

/** The calls by which it changes anything. */
export interface DiskCalls {
  openSync: typeof openSync;
  writeSync: (file: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;
  ftruncateSync: typeof ftruncateSync;
  fsyncSync: typeof fsyncSync;
  renameSync: typeof renameSync;
  rmSync: typeof rmSync;
}

const CALLS: DiskCalls = { openSync, writeSync, ftruncateSync, fsyncSync, renameSync, rmSync };

export class AsideDisk {
  readonly #target: string;
  readonly #aside: string;
  readonly #file: number;
  readonly #mode: number;
  readonly #calls: DiskCalls;

  constructor(path: string, calls = CALLS) {
    this.#calls = calls;
    const status = statSync(path, { throwIfNoEntry: false });
    if (status && !status.isFile()) throw Object.assign(new Error(`${path} is no plain file`), { path });
    // A link stays one, and what it leads to is replaced.
    this.#target = status ? realpathSync(path) : path;
    this.#removeLeft();
    this.#aside = `${this.#target}.${process.pid}.${Math.random().toString(16).slice(2, 10)}.restore`;
    this.#file = naming(path, () => calls.openSync(this.#aside, "wx", 0o600));
    this.#mode = status ? status.mode & 0o777 : 0o600;
  }

  #removeLeft(): void {
    const name = basename(this.#target);
    for (const other of naming(this.#target, () => readdirSync(dirname(this.#target)))) {
      const [, pid] =
        (other.startsWith(`${name}.`) && /^\.(\d+)\.[0-9a-f]+\.restore$/.exec(other.slice(name.length))) || [];
      if (pid !== undefined && !isAlive(Number(pid)))
        this.#calls.rmSync(join(dirname(this.#target), other), { force: true });
    }
  }

  write(atBytes: number, bytes: Uint8Array): void {
    naming(this.#target, () => {
      for (let done = 0; done < bytes.length; )
        done += this.#calls.writeSync(this.#file, bytes, done, bytes.length - done, atBytes + done);
    });
  }

  /** It is there in the other's place, for good. */
  finish(sizeBytes: number): void {
    naming(this.#target, () => {
      this.#calls.ftruncateSync(this.#file, sizeBytes);
      // Those who may read the old one may read the new one.
      fchmodSync(this.#file, this.#mode);
      this.#calls.fsyncSync(this.#file);
      closeSync(this.#file);
      this.#calls.renameSync(this.#aside, this.#target);
      // Its name is on the disk as well.
      const folder = openSync(dirname(this.#target), "r");
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    });
  }

  /** Everything is as it was. */
  abandon(): void {
    try {
      closeSync(this.#file);
    } catch {
      // It was closed before its name was changed.
    }
    this.#calls.rmSync(this.#aside, { force: true });
  }
}
