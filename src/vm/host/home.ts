/**
 * Where machines are kept: a folder for each cluster, and in it one for each machine with its configuration, its log
 * and its memory when it is suspended (docs/formats/machine.md). Reading takes no lock. Changes are one at a time, and
 * each is noted before it begins, so that whoever comes after a crash finishes it or undoes it.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { writeFileAside } from "../../host/files.ts";
import { makeFolder, makeOwnFolder } from "../../host/folder.ts";
import { lives, type ProcessIdentity, parseIdentity, thisProcess } from "../../host/process-identity.ts";
import { takeProcessLock } from "../../host/process-lock.ts";
import { socketFolder } from "../../host/unix-socket.ts";
import {
  type Configuration,
  ConfigurationError,
  formatConfiguration,
  MOST_NUMBER,
  parseConfiguration,
  parseTemplate,
  type Template,
  VERSION,
} from "../configuration.ts";
import { checkCluster, compareKeys, folderName, isCluster, keyOfFolder } from "../name.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Of a cluster's hash, a machine's key and what it is for. */
const LONGEST_SOCKET = `${"0".repeat(12)}.${"x".repeat(32)}.qmp`;
const CONFIGURATION = "machine.jsonc";
const REMOVED = ".removed-";
const NEW = ".new-";
const LOCK_WAIT_MS = 30_000;
const LOCK_POLL_MS = 20;

/** What went wrong with machines, in a line that says what to do. */
export class MachineError extends Error {
  override readonly name = "MachineError";
}

/** A machine as its folder says. */
export interface Machine {
  readonly key: string;
  readonly folder: string;
  /** Null: its file cannot be used, and `trouble` says why. */
  readonly configuration: Configuration | null;
  readonly trouble: string | null;
  readonly isRemoved: boolean;
}

/** A change that is under way. */
export type Change =
  | { readonly verb: "add"; readonly key: string; readonly id: string; readonly volume: string | null }
  | { readonly verb: "purge"; readonly folder: string; readonly volume: string | null }
  | { readonly verb: "rename"; readonly from: string; readonly to: string };

export interface ScaleSource {
  /** A person named it; without that it is what `add` makes. */
  readonly isNamed: boolean;
  readonly template: Template;
  /** The snapshot with which their disks begin; null: they begin blank, or there are none. */
  readonly begins: string | null;
}

interface Wanted {
  readonly count: number;
  readonly source: ScaleSource | null;
}

interface Noted {
  readonly change: Change;
  readonly by: ProcessIdentity;
}

/** What of volumes a change needs. */
export interface Disks {
  /** Hides a volume, if it is there. */
  remove(volume: string): Promise<void>;
}

export class Home {
  readonly cluster: string;
  readonly folder: string;

  private constructor(cluster: string, folder: string) {
    this.cluster = cluster;
    this.folder = folder;
  }

  /** `QURE_MACHINES`, or the user's folder for data. */
  static root(env: Environment): string {
    const given = env["QURE_MACHINES"] ?? "";
    return given === "" ? join(env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "qure", "machines") : given;
  }

  /** Throws a NameError. */
  static of(cluster: string, env: Environment): Home {
    return new Home(cluster, join(Home.root(env), checkCluster(cluster)));
  }

  /** Where sockets and locks are. */
  static runFolder(env: Environment): string {
    return socketFolder(env, "qure-vm", LONGEST_SOCKET);
  }

  static clusters(env: Environment): string[] {
    const root = Home.root(env);
    return namesIn(root).filter(
      (name) => isCluster(name) && statSync(join(root, name), { throwIfNoEntry: false })?.isDirectory(),
    );
  }

  /** How many machines `scale` is to keep running; null: it was never asked. */
  get wanted(): number | null {
    return this.#wanted?.count ?? null;
  }

  /** What those begin as that it makes; null: that was not kept. */
  get scaleSource(): ScaleSource | null {
    return this.#wanted?.source ?? null;
  }

  get #wanted(): Wanted | null {
    const path = join(this.folder, "wanted");
    try {
      const found = JSON.parse(readFileSync(path, "utf8")) as number | Wanted;
      // What an earlier qure wrote is the number alone.
      const { count, source } = typeof found === "number" ? { count: found, source: null } : found;
      if (!Number.isInteger(count) || count < 0) return null;
      return { count, source: source && { ...source, template: parseTemplate(path, JSON.stringify(source.template)) } };
    } catch {
      return null;
    }
  }

  /** For whoever makes them later, in whatever folder. */
  setWanted(count: number, source: ScaleSource | null): void {
    makeFolder(this.folder, 0o700);
    const wanted: Wanted = { count, source };
    writeFileAside(join(this.folder, "wanted"), `${JSON.stringify(wanted)}\n`);
  }

  get isThere(): boolean {
    return existsSync(this.folder);
  }

  /** Where its owner listens. Sockets have short paths, so that is not where the machines are. */
  runFile(env: Environment, suffix: string): string {
    makeFolder(this.folder, 0o700);
    const folder = Home.runFolder(env);
    makeOwnFolder(folder);
    const name = createHash("sha256").update(realpathSync(this.folder)).digest("hex").slice(0, 12);
    return join(folder, `${name}.${suffix}`);
  }

  /** All machines, numbers first. */
  machines({ removed = false }: { readonly removed?: boolean } = {}): Machine[] {
    const all = this.#readAll();
    return all
      .filter(({ isRemoved }) => removed || !isRemoved)
      .map((machine) => this.#withoutCopy(machine, all))
      .sort((a, b) => compareKeys(a.key, b.key) || Number(a.isRemoved) - Number(b.isRemoved));
  }

  /**
   * A folder that was copied has the id and the disk of another machine. It cannot be used: two that write one disk
   * damage it, and a purge would take it from the other.
   */
  #withoutCopy(machine: Machine, all: readonly Machine[]): Machine {
    const { configuration, folder, key } = machine;
    if (configuration === null) return machine;
    const twins = all.filter((other) => other.configuration?.id === configuration.id);
    const [own = machine] = twins.sort((a, b) => Number(isNamed(b)) - Number(isNamed(a)) || compareKeys(a.key, b.key));
    const original = own === machine ? this.#originalElsewhere(configuration) : own.folder;
    if (original === null) return machine;
    const trouble = `${folder} is a copy of ${original}, with the same disk: remove it; "qure vm clone ${own.key}" makes another machine`;
    return { ...machine, key, configuration: null, trouble };
  }

  /** A disk is called after the cluster in which it was made: the machine there is the original. */
  #originalElsewhere({ id, disk }: Configuration): string | null {
    const cluster = /^volume:(\w+)\./.exec(disk ?? "")?.[1] ?? this.cluster;
    if (cluster === this.cluster) return null;
    const there = new Home(cluster, join(dirname(this.folder), cluster));
    return there.#readAll().find(({ configuration }) => configuration?.id === id)?.folder ?? null;
  }

  #readAll(): Machine[] {
    return namesIn(this.folder).flatMap((name) => {
      const isRemoved = name.startsWith(REMOVED);
      const key = keyOfFolder(isRemoved ? name.slice(REMOVED.length) : name);
      return key === null ? [] : [this.#read(key, join(this.folder, name), isRemoved)];
    });
  }

  #read(key: string, folder: string, isRemoved: boolean): Machine {
    try {
      const configuration = parseConfiguration(join(folder, CONFIGURATION), readConfiguration(folder));
      return { key, folder, configuration, trouble: null, isRemoved };
    } catch (error) {
      if (!(error instanceof ConfigurationError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
      const trouble =
        error instanceof ConfigurationError ? error.message : `${join(folder, CONFIGURATION)}: it cannot be read`;
      return { key, folder, configuration: null, trouble, isRemoved };
    }
  }

  /** A machine by its key, or by the number of one that has a name. Throws a MachineError. */
  find(key: string, options: { readonly removed?: boolean } = {}): Machine {
    const all = this.machines(options);
    const found =
      all.find((machine) => machine.key === key) ?? all.find(({ configuration }) => `${configuration?.number}` === key);
    if (found) return found;
    const known = all.map((machine) => machine.key).join(", ");
    throw new MachineError(
      `there is no machine ${key} in cluster ${this.cluster}${known ? `: there are ${known}` : ""}`,
    );
  }

  /** The same, of one whose file can be used. */
  usable(key: string): Machine & { readonly configuration: Configuration } {
    const found = this.find(key);
    if (found.configuration === null) throw new MachineError(found.trouble!);
    return found as Machine & { readonly configuration: Configuration };
  }

  // ---- Changes

  /** Changes something alone. What an earlier change left behind is settled first. */
  async change<Result>(env: Environment, disks: Disks, action: () => Promise<Result>): Promise<Result> {
    const release = await this.#lock(env);
    try {
      await this.#settle(disks);
      return await action();
    } finally {
      release();
    }
  }

  /**
   * Brings the number of machines to what is wanted, alone: two that did, a person and the daemon, would take away and
   * start each other's. Null: another process is at it, for which nobody waited.
   */
  async scaling<Result>(
    env: Environment,
    { wait }: { readonly wait: boolean },
    action: () => Promise<Result>,
  ): Promise<Result | null> {
    const path = this.runFile(env, "scaling");
    const release = wait ? await this.#taken(path) : takeProcessLock(path);
    if (typeof release !== "function") return null;
    try {
      return await action();
    } finally {
      release();
    }
  }

  #lock(env: Environment): Promise<() => void> {
    return this.#taken(this.runFile(env, "lock"));
  }

  async #taken(path: string): Promise<() => void> {
    const untilMs = performance.now() + LOCK_WAIT_MS;
    for (;;) {
      const taken = takeProcessLock(path);
      if (typeof taken === "function") return taken;
      if (performance.now() > untilMs)
        throw new MachineError(`cluster ${this.cluster} is being changed by process ${taken.pid}: wait, or end that`);
      await new Promise((done) => setTimeout(done, LOCK_POLL_MS));
    }
  }

  get #journal(): string {
    return join(this.folder, "journal");
  }

  /** Notes a change, does it, and forgets it. What fails is undone at once. */
  async noted<Result>(disks: Disks, change: Change, action: () => Promise<Result>): Promise<Result> {
    const path = join(this.#journal, `${randomBytes(6).toString("hex")}.json`);
    writeFileAside(path, `${JSON.stringify({ change, by: thisProcess() })}\n`);
    try {
      return await action();
    } catch (error) {
      await this.#undo(change, disks);
      throw error;
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** What processes that are dead had begun. */
  async #settle(disks: Disks): Promise<void> {
    for (const name of namesIn(this.#journal)) {
      const path = join(this.#journal, name);
      const noted = readNoted(path);
      if (noted && lives(noted.by)) continue;
      if (noted) await this.#undo(noted.change, disks);
      rmSync(path, { force: true });
    }
    // Nobody is at work now, so that a folder that is not whole never will be.
    for (const name of namesIn(this.folder))
      if (name.startsWith(NEW)) rmSync(join(this.folder, name), { recursive: true, force: true });
  }

  /** Half a machine is taken away, and half a removal is finished. */
  async #undo(change: Change, disks: Disks): Promise<void> {
    if (change.verb === "add") {
      const folder = join(this.folder, folderName(change.key));
      const isWhole = existsSync(folder) && this.#read(change.key, folder, false).configuration?.id === change.id;
      if (isWhole) return;
      rmSync(join(this.folder, NEW + folderName(change.key)), { recursive: true, force: true });
      if (change.volume !== null) await disks.remove(change.volume);
    } else if (change.verb === "purge") {
      if (change.volume !== null) await disks.remove(change.volume);
      rmSync(join(this.folder, change.folder), { recursive: true, force: true });
    }
    // The file is written before the folder moves, or after it: what its name says counts.
  }

  /** One more than the largest that a machine has or had, as far as is known; when there is none, the first free. */
  get nextNumber(): number {
    const all = this.machines({ removed: true });
    const taken = new Set(all.map(({ configuration, key }) => configuration?.number ?? (Number(key) || 0)));
    let next = Math.max(0, ...taken) + 1;
    if (next > MOST_NUMBER) for (next = 1; taken.has(next); ) next++;
    return next;
  }

  /** Throws a ConfigurationError for what no file may say. */
  check(key: string, configuration: Configuration): void {
    parseConfiguration(join(this.folder, folderName(key), CONFIGURATION), formatConfiguration(configuration));
  }

  /** Makes the folder of a machine, whole or not at all. */
  put(key: string, configuration: Configuration): Machine {
    const [folder, aside] = [folderName(key), NEW + folderName(key)].map((name) => join(this.folder, name)) as [
      string,
      string,
    ];
    makeFolder(aside, 0o700);
    writeFileAside(join(aside, CONFIGURATION), formatConfiguration(configuration));
    renameSync(aside, folder);
    return this.find(key);
  }

  /** Throws a MachineError when the key is taken. */
  checkFree(key: string): void {
    const taken = this.machines({ removed: true }).find((machine) => machine.key === key);
    if (!taken) return;
    throw new MachineError(
      taken.isRemoved
        ? `machine ${key} was removed and can be restored: "qure vm restore ${key}", or "qure vm purge ${key}" first`
        : `there is a machine ${key} already`,
    );
  }

  hide({ key, folder }: Machine): void {
    renameSync(folder, join(this.folder, REMOVED + folderName(key)));
  }

  show({ key, folder }: Machine): void {
    this.#checkShown(key);
    renameSync(folder, join(this.folder, folderName(key)));
  }

  #checkShown(key: string): void {
    if (existsSync(join(this.folder, folderName(key)))) throw new MachineError(`there is a machine ${key} already`);
  }

  /** Takes away a machine that was removed, with its disk; which that was, or null. */
  async purge(machine: Machine, disks: Disks): Promise<string | null> {
    const volume = machine.configuration ? volumeOf(machine.configuration) : this.#volumeNamedIn(machine);
    const folder = REMOVED + folderName(machine.key);
    await this.noted(disks, { verb: "purge", folder, volume }, async () => {
      if (volume !== null) await disks.remove(volume);
      rmSync(machine.folder, { recursive: true, force: true });
    });
    return volume;
  }

  /** The disk in a file that cannot be used. It may be a copy of another's: that one's disk stays. */
  #volumeNamedIn({ folder }: Machine): string | null {
    const [, volume] = OWN_DISK.exec(textIn(folder)) ?? [];
    if (volume === undefined) return null;
    const root = dirname(this.folder);
    const others = namesIn(root)
      .flatMap((cluster) => namesIn(join(root, cluster)).map((name) => join(root, cluster, name)))
      .filter((other) => other !== folder);
    return others.some((other) => textIn(other).includes(volume)) ? null : volume;
  }

  /** Writes a machine's file anew. */
  write({ folder }: Machine, content: string): void {
    parseConfiguration(join(folder, CONFIGURATION), content);
    writeFileAside(join(folder, CONFIGURATION), content);
  }

  rename(machine: Machine, key: string, content: string): void {
    this.checkFree(key);
    this.write(machine, content);
    renameSync(machine.folder, join(this.folder, folderName(key)));
  }
}

export const configurationPath = ({ folder }: Machine): string => join(folder, CONFIGURATION);
export const logPath = ({ folder }: Machine): string => join(folder, "console.log");
/** How a machine ended that failed, for those who ask when its owner is gone. */
export const endedPath = ({ folder }: Machine): string => join(folder, "ended.json");
export const memoryPath = ({ folder }: Machine): string => join(folder, "memory");

/** Where memories of its snapshots are. */
export const snapshotsFolder = ({ folder }: Machine): string => join(folder, "snapshots");
export const snapshotPath = (machine: Machine, name: string): string => join(snapshotsFolder(machine), name);

export const readConfiguration = (folder: string): string => readFileSync(join(folder, CONFIGURATION), "utf8");

/** Whether its folder is called as it says itself. */
const isNamed = ({ key, configuration }: Machine): boolean =>
  key === (configuration?.name ?? `${configuration?.number}`);

/** The name of the volume that is a machine's disk. */
export const volumeOf = (configuration: Configuration | null): string | null =>
  configuration?.disk?.replace(/^volume:/, "") ?? null;

/** The name that a machine's disk had at first: one that was taken back to a snapshot has a number behind it. */
export const firstNameOf = (volume: string): string => volume.replace(/\.\d+$/, "");

/** What the names of the volumes begin with that are a machine's snapshots. */
export const snapshotPrefix = (volume: string): string => `${firstNameOf(volume)}.snap-`;

/** What makes a new machine itself: an id and a MAC address that no other has. */
export function newIdentity(): Pick<Configuration, "version" | "id" | "mac"> {
  const mac = [0x52, 0x54, 0x00, ...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  return { version: VERSION, id: randomBytes(16).toString("hex"), mac };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

/** What `add` calls a machine's disk, and `snapshot restore` those after it. */
const OWN_DISK = /"disk"\s*:\s*"volume:(\w+\.qure-\w+-[0-9a-f]{8}(?:\.\d+)?)"/;

/** Of a folder that may be no machine's. */
function textIn(folder: string): string {
  try {
    return readConfiguration(folder);
  } catch {
    return "";
  }
}

function readNoted(path: string): Noted | null {
  try {
    const { change, by } = JSON.parse(readFileSync(path, "utf8")) as Noted;
    const identity = parseIdentity(JSON.stringify(by));
    return identity && { change, by: identity };
  } catch {
    return null;
  }
}
