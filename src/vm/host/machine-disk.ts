/**
 * The disk of a machine that another process runs: its volume is open in the owner's, so that its lock is the machine's
 * under every driver. A memory that is kept belongs to the disk as it was then.
 */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { writeFileAside } from "../../host/files.ts";
import { type NbdServer, serveNbd } from "../../host/nbd-server.ts";
import { openHostVolumes } from "../../host/volume-host.ts";
import { openStore } from "../../host/volume-place.ts";
import type { VolumeDevice, Volumes } from "../../volume/model.ts";
import { exportFlags } from "../../volume/nbd/options.ts";
import type { Configuration, Hardware } from "../configuration.ts";
import { type Environment, MachineError, volumeOf } from "./home.ts";

export class MachineDisk {
  readonly #volumes: Volumes;
  readonly #name: string;
  #device: VolumeDevice | null = null;
  #nbd: NbdServer | null = null;

  private constructor(volumes: Volumes, name: string) {
    this.#volumes = volumes;
    this.#name = name;
  }

  /** Null: it has none. Nothing is locked yet. */
  static async open(configuration: Configuration, env: Environment): Promise<MachineDisk | null> {
    const name = volumeOf(configuration);
    if (name === null) return null;
    const own = { ...env, QURE_MACHINE: configuration.id };
    return new MachineDisk(openHostVolumes(await openStore(null, own), own), name);
  }

  /** Which disk it is, and which of the times that it was written. */
  async identity(): Promise<string> {
    const { id, epoch } = await this.#volumes.look(this.#name);
    return `${id}.${epoch}`;
  }

  /** Locks it. */
  async take(): Promise<VolumeDevice> {
    this.#device ??= await this.#volumes.open(this.#name);
    return this.#device;
  }

  /** Has it be read and written over NBD at a Unix socket, as the export `disk`. */
  async serve(path: string, note: (text: string) => void): Promise<void> {
    const device = await this.take();
    this.#nbd = await serveNbd({ path }, [{ name: "disk", device, flags: exportFlags(device) }], (error) =>
      note((error as Error).message),
    );
  }

  async copy(verb: "snapshot" | "clone", volume: string): Promise<void> {
    await this.#device?.flush();
    await this.#volumes[verb](this.#name, volume);
  }

  async close(): Promise<void> {
    const [nbd, device] = [this.#nbd, this.#device];
    [this.#nbd, this.#device] = [null, null];
    await nbd?.close();
    await device?.close();
  }
}

// ---- Memory that is kept

export const OTHER_DISK =
  'its disk was written since it was suspended: "qure vm start --discard" begins anew, and what was in memory is lost';

/** Beside the memory in its program's own form. */
interface Sealed {
  readonly machine: string;
  readonly disk: string | null;
  /** Of a snapshot: what it ran with, whatever it is configured to by then. */
  readonly hardware?: Hardware;
}

const sealPath = (memoryPath: string): string => `${memoryPath}.json`;

const MOST_SEAL_BYTES = 512;

/** Takes the room for the seal while the machine can still go on without it. Throws on a full disk. */
export function reserveSeal(memoryPath: string): void {
  writeFileAside(sealPath(memoryPath), " ".repeat(MOST_SEAL_BYTES), 0o600);
}

/** Written before the memory has its name, and after its disk was let go; into the room that was taken for it. */
export async function seal(
  memoryPath: string,
  machine: string,
  disk: Pick<MachineDisk, "identity"> | null,
  hardware?: Hardware,
): Promise<void> {
  const sealed: Sealed = { machine, disk: disk && (await disk.identity()), ...(hardware ? { hardware } : {}) };
  const path = sealPath(memoryPath);
  const text = `${JSON.stringify(sealed)}\n`;
  const isReserved = statSync(path, { throwIfNoEntry: false })?.size === MOST_SEAL_BYTES;
  if (isReserved) writeFileSync(path, text.padEnd(MOST_SEAL_BYTES), { flag: "r+", flush: true });
  else writeFileAside(path, text, 0o600);
}

function parseSealed(path: string): Sealed | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Sealed | null;
  } catch {
    return null;
  }
}

/** Null: no memory is kept. Throws a MachineError for one that is not of this machine. */
export function readSealed(
  memoryPath: string,
  machine: string,
  wayOut = '"qure vm start --discard" begins anew',
): Sealed | null {
  if (!existsSync(memoryPath)) return null;
  const sealed = parseSealed(sealPath(memoryPath));
  if (sealed?.machine === machine) return sealed;
  throw new MachineError(`${memoryPath} is not what its driver kept of this machine: ${wayOut}`);
}

export async function checkSealed(sealed: Sealed, disk: MachineDisk | null): Promise<void> {
  if (sealed.disk === (disk && (await disk.identity()))) return;
  throw new MachineError(OTHER_DISK);
}

export function forgetSealed(memoryPath: string): void {
  for (const path of [memoryPath, sealPath(memoryPath)]) rmSync(path, { force: true });
}
