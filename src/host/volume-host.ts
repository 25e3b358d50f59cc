/** The volumes of a store as a process of this host has them: who it is, and which of them it alone writes. */
import { createHash, randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { type Owner, type VolumeDevice, VolumeError, type VolumeHost, type Volumes } from "../volume/model.ts";
import type { Store } from "../volume/store.ts";
import { openVolumes } from "../volume/volumes.ts";
import { makeFolder } from "./folder.ts";
import { takeProcessLock } from "./process-lock.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What of this user's volumes is neither a volume nor a setting: its machine's id, and who has what open. */
const stateFolder = (env: Environment): string =>
  join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "qure");

const MACHINE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * The machine in whose name volumes are locked: `QURE_MACHINE`, or one that is drawn once for this user and host, when
 * it is first asked for: whoever only reads may have no folder to write in.
 */
function machineOf(env: Environment): () => Owner {
  const given = env["QURE_MACHINE"] ?? "";
  if (given !== "" && !MACHINE.test(given))
    throw new RangeError(`QURE_MACHINE=${given}: a machine's id has up to 64 of A-Z, a-z, 0-9, ".", "_" and "-"`);
  let me: Owner | null = null;
  return () => (me ??= { id: given || drawnMachine(join(stateFolder(env), "machine")), host: hostname() });
}

function drawnMachine(path: string): string {
  for (;;) {
    try {
      const id = readFileSync(path, "utf8").trim();
      if (MACHINE.test(id)) return id;
      rmSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    makeFolder(dirname(path));
    const aside = `${path}.${randomBytes(4).toString("hex")}`;
    writeFileSync(aside, `${randomBytes(6).toString("hex")}\n`);
    try {
      // Of two processes that are the first, one is.
      linkSync(aside, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(aside, { force: true });
    }
  }
}

export const volumeHost = (me: () => Owner): VolumeHost => ({
  get me() {
    return me();
  },
  nowMs: () => Date.now(),
  random: (lengthBytes) => randomBytes(lengthBytes),
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  crc32: (bytes) => crc32(bytes),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
});

/** What would take a volume from whoever writes it, if that is another process of the same machine. */
const TAKES = ["snapshot", "clone", "remove", "rename", "resize", "replace", "flatten", "unlock"] as const;

/**
 * As `openVolumes`, but for this: a volume that a living process of this machine writes is left to it. A dead one keeps
 * it from nobody.
 */
export function openHostVolumes(store: Store, env: Environment): Volumes {
  const me = machineOf(env);
  const volumes = openVolumes(store, volumeHost(me));
  const lockOf = (name: string): string => {
    const place = createHash("sha256").update(`${store.place}\n${me().id}\n${name}`).digest("hex").slice(0, 32);
    return join(stateFolder(env), "open", place);
  };
  const take = (name: string): (() => void) => {
    const taken = takeProcessLock(lockOf(name));
    if (typeof taken === "function") return taken;
    throw new VolumeError("locked", `${name} is open in process ${taken.pid} of this host: end that first`);
  };
  const held = new Map<string, () => void>();
  const alone = async <Result>(name: string, action: () => Promise<Result>): Promise<Result> => {
    if (held.has(name)) return action();
    const release = take(name);
    try {
      return await action();
    } finally {
      release();
    }
  };
  const open: Volumes["open"] = async (name, options = {}) => {
    if (options.readOnly) return volumes.open(name, options);
    if (held.has(name)) return volumes.open(name, options);
    const release = take(name);
    held.set(name, release);
    const end = (): void => {
      held.delete(name);
      release();
    };
    try {
      return closing(await volumes.open(name, options), end);
    } catch (error) {
      end();
      throw error;
    }
  };
  const guarded = Object.fromEntries(
    TAKES.map((verb) => [
      verb,
      (name: string, ...rest: never[]) =>
        alone(name, () =>
          (volumes[verb] as (name: string, ...rest: never[]) => Promise<unknown>).call(volumes, name, ...rest),
        ),
    ]),
  ) as unknown as Pick<Volumes, (typeof TAKES)[number]>;
  return {
    create: (name, of) => volumes.create(name, of),
    list: (options) => volumes.list(options),
    look: (name) => volumes.look(name),
    info: (name) => volumes.info(name),
    restore: (name) => volumes.restore(name),
    hash: (name) => volumes.hash(name),
    lock: (name, options) => volumes.lock(name, options),
    collect: (options) => volumes.collect(options),
    check: (options) => volumes.check(options),
    export: (name, options) => volumes.export(name, options),
    import: (name, content) => volumes.import(name, content),
    ...guarded,
    // Whoever breaks a lock takes it from a living process, too.
    unlock: (name, options) => (options?.force ? volumes.unlock(name, options) : guarded.unlock(name, options)),
    open,
  };
}

/** As the device, but that its end is heard of. */
const closing = (device: VolumeDevice, end: () => void): VolumeDevice => ({
  name: device.name,
  readOnly: device.readOnly,
  get sizeBytes() {
    return device.sizeBytes;
  },
  read: (atBytes, lengthBytes) => device.read(atBytes, lengthBytes),
  write: (atBytes, bytes) => device.write(atBytes, bytes),
  zero: (atBytes, lengthBytes) => device.zero(atBytes, lengthBytes),
  flush: () => device.flush(),
  extents: (atBytes, lengthBytes) => device.extents(atBytes, lengthBytes),
  close: () => device.close().finally(end),
});
