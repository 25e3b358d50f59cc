/** Machines come and go: `add`, `launch`, `clone`, `remove`, `restore`, `purge`, `rename`. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { FileDisk } from "../../host/file-disk.ts";
import { loadFirmware, packageRoot } from "../../host/package.ts";
import {
  bytesOf,
  type Configuration,
  changedTo,
  DRIVERS,
  expectedOf,
  hardwareOf,
  hostNameOf,
  MEMORY_DRIVERS,
  parseTemplate,
  type Template,
} from "../../vm/configuration.ts";
import {
  type Home,
  type Machine,
  MachineError,
  newIdentity,
  readConfiguration,
  type ScaleSource,
  volumeOf,
} from "../../vm/host/home.ts";
import { folderName, isNumber, parseKey } from "../../vm/name.ts";
import { isMachineOn } from "../../vm/protocol.ts";
import { VolumeError, type VolumeInfo, type Volumes } from "../../volume/model.ts";
import { preparedDisk } from "../emu/prepare.ts";
import { readMedium } from "../emu/shelf.ts";
import { CommandError, UsageError } from "../fail.ts";
import { makeProgress } from "../progress.ts";
import { importFrom } from "../volume/files.ts";
import { type Common, type Context, notRunning, type Result, type Verb } from "./context.ts";
import { start, stop } from "./power.ts";
import { readVmx } from "./vmx-source.ts";

const IMAGE = "build/qure.iso";
const PIECE_BYTES = 1 << 20;
const SECTOR_BYTES = 512;
const HASH_DIGITS = 12;
const ID_DIGITS = 8;

interface AddOptions extends Common {
  readonly from?: string;
  readonly driver?: string;
  readonly mem?: string;
  readonly disk?: string;
  readonly cpu?: string;
  readonly forward?: readonly string[];
}

interface Source {
  readonly path: string;
  readonly template: Template;
}

/** A template, a volume to begin as, or an image to boot. */
function sourceOf(from: string | undefined): Source {
  if (from === undefined) {
    const path = join(packageRoot(), "vm", "qure.jsonc");
    return { path, template: parseTemplate(path, readFileSync(path, "utf8")) };
  }
  const plain = parseTemplate(from, "{}");
  if (from.startsWith("volume:")) {
    const content = `{ "disk": { "content": ${JSON.stringify(from)} } }`;
    return { path: from, template: parseTemplate(from, content) };
  }
  if (!existsSync(from)) throw new CommandError(`${from}: no such template, image or volume`);
  if (!statSync(from).isFile()) throw new CommandError(`${from}: it is no file, but a folder or a device`);
  if (/\.jsonc?$/.test(from)) return { path: resolve(from), template: parseTemplate(from, readFileSync(from, "utf8")) };
  if (/\.vmx$/i.test(from)) return { path: resolve(from), template: readVmx(from) };
  if (/\.iso$/i.test(from))
    return {
      path: resolve(from),
      template: {
        ...plain,
        cdrom: resolve(from),
        boot: { ...plain.boot, order: "cd" },
        disk: { size: "32M", content: "blank" },
      },
    };
  new FileDisk(from, { readOnly: true }).close();
  if (statSync(from).size % SECTOR_BYTES !== 0)
    throw new CommandError(`${from}: it is no image of a disk, which has whole sectors of ${SECTOR_BYTES} bytes`);
  return { path: resolve(from), template: { ...plain, disk: { size: "0M", content: `file:${resolve(from)}` } } };
}

function changedBy(template: Template, { driver, mem, disk, cpu, forward = [] }: AddOptions): Template {
  const changes = {
    ...(driver === undefined ? {} : { driver }),
    ...(mem === undefined ? {} : { memory: mem.toUpperCase() }),
    ...(cpu === undefined ? {} : { cpus: Number(cpu) }),
    ...(forward.length === 0 ? {} : { forward: [...template.forward, ...forward] }),
    ...(disk === undefined ? {} : { disk: { content: template.disk?.content ?? "blank", size: disk.toUpperCase() } }),
  };
  if (driver !== undefined && !(DRIVERS as readonly string[]).includes(driver))
    throw new UsageError(`--driver ${driver}: there are ${DRIVERS.join(", ")}`);
  for (const [option, key, given, value] of [
    ["mem", "memory", mem, changes.memory],
    ["cpu", "cpus", cpu, changes.cpus],
    ["disk", "disk.size", disk, changes.disk?.size],
    ["forward", "forward", forward.join(" ") || undefined, forward],
  ] as const) {
    const means = given === undefined ? null : expectedOf(key, value);
    if (means !== null) throw new UsageError(`--${option} ${given}: write ${means}`);
  }
  return { ...template, ...(changes as Partial<Template>) };
}

/** The name of a snapshot with what a disk begins as; made once for each content. Null: it begins blank. */
async function beginning(volumes: Volumes, { content, size }: NonNullable<Template["disk"]>): Promise<string | null> {
  if (content === "blank") return null;
  if (content.startsWith("volume:")) return content.slice("volume:".length);
  if (content.startsWith("file:")) return imported(volumes, content.slice("file:".length));
  if (!existsSync(IMAGE))
    throw new CommandError(
      `${IMAGE}: no such file; \`qure build\` makes it from the sources in this folder, \`qure build --packaged\` from QuRe's own; --from names another template, image or volume`,
    );
  const cdrom = readMedium(IMAGE);
  const firmware = loadFirmware();
  const sizeBytes = bytesOf(size);
  const name = `template.qure-${digestOf(cdrom, firmware, size)}`;
  return once(volumes, name, async (made) => {
    const progress = makeProgress(process.stderr);
    const { signal } = new AbortController();
    const disk = await preparedDisk({ cdrom, firmware, sizeBytes, cacheFolder: "build/.qure-cache", progress, signal });
    progress.done();
    await volumes.create(made, { sizeBytes });
    const device = await volumes.open(made);
    for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, sizeBytes - at));
      disk.read(at, piece);
      if (piece.some((byte) => byte !== 0)) await device.write(at, piece);
    }
    await device.close();
  });
}

function digestOf(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\n");
  return hash.digest("hex").slice(0, HASH_DIGITS);
}

function imported(volumes: Volumes, path: string): Promise<string> {
  const name = `template.image-${digestOf(readFileSync(path))}`;
  return once(volumes, name, async (made) => void (await importFrom(volumes, made, path, true)));
}

/** The snapshot of this name, which is made of a volume that `make` fills unless it is there. */
async function once(volumes: Volumes, name: string, make: (volume: string) => Promise<void>): Promise<string> {
  if ((await lookFor(volumes, name))?.isRemoved === false) return name;
  const volume = `${name}.new-${process.pid}`;
  try {
    await make(volume);
    await volumes.snapshot(volume, name).catch((error: unknown) => {
      // Another command was faster, with the same content.
      if (!(error instanceof VolumeError && error.trouble === "exists")) throw error;
    });
  } finally {
    await volumes.unlock(volume).catch(() => {});
    await volumes.remove(volume).catch(() => {});
  }
  return name;
}

/** What has this name; one that was removed has it until it is collected. */
async function lookFor(volumes: Volumes, name: string): Promise<VolumeInfo | null> {
  try {
    return await volumes.look(name);
  } catch (error) {
    if (error instanceof VolumeError && error.trouble === "missing") return null;
    throw error;
  }
}

const beginningOf = async (volumes: Volumes, { disk }: Template): Promise<string | null> =>
  disk ? beginning(volumes, disk) : null;

interface Made {
  readonly machine: Machine;
  readonly begins: string | null;
  readonly volume: string | null;
}

/** A name that no other volume has, whatever machines were called before: half a machine may be taken away by it. */
const volumeName = (context: Context, key: string, id: string): string =>
  `${context.home.cluster}.${folderName(key)}-${id.slice(0, ID_DIGITS)}`;

/** What a new machine is called: as is wished, or by the next number. Throws a MachineError when that is taken. */
function newKey(home: Home, wished: string | undefined): { readonly key: string; readonly number: number } {
  const given = wished === undefined ? null : parseKey(wished);
  const number = given !== null && isNumber(given) ? Number(given) : home.nextNumber;
  const key = given ?? `${number}`;
  home.checkFree(key);
  return { key, number };
}

/** Makes a machine, whole or not at all. `kept` is what its disk begins with, where that is there already. */
function make(context: Context, name: string | undefined, template: Template, kept?: string | null): Promise<Made> {
  return context.change(async () => {
    const { home } = context;
    const { key, number } = newKey(home, name);
    const volumes = await context.volumes();
    const { disk } = template;
    const begins = kept === undefined ? await beginningOf(volumes, template) : kept;
    const identity = newIdentity();
    const volume = disk ? volumeName(context, key, identity.id) : null;
    const configuration = configurationOf(template, identity, key, number, volume);
    home.check(key, configuration);
    const machine = await home.noted(context.disks, { verb: "add", key, id: configuration.id, volume }, async () => {
      if (volume !== null)
        await volumes.create(volume, {
          ...(begins === null ? {} : { snapshot: begins }),
          ...(disk!.size === "0M" || (begins !== null && disk!.content.startsWith("volume:"))
            ? {}
            : { sizeBytes: bytesOf(disk!.size) }),
        });
      return home.put(key, configuration);
    });
    return { machine, begins, volume };
  });
}

function configurationOf(
  template: Template,
  { version, id, mac }: ReturnType<typeof newIdentity>,
  key: string,
  number: number,
  volume: string | null,
): Configuration {
  const filled = (text: string): string => text.replaceAll("{key}", key);
  const { hostname, displayName, driver, accelerator, uri, memory, cpus, boot, cdrom, forward, autostart, scaled } =
    template;
  return {
    ...{ version, id, number, name: isNumber(key) ? null : key, driver, accelerator, uri },
    ...{ hostname: hostNameOf(filled(hostname)), displayName: filled(displayName), memory, cpus, mac, boot },
    ...{
      disk: volume && `volume:${volume}`,
      cdrom: cdrom && resolve(cdrom),
      forward,
      autostart,
      scaled,
      protected: false,
    },
  };
}

async function add(context: Context, [name]: readonly string[], options: AddOptions): Promise<Result> {
  const { path, template } = sourceOf(options.from);
  const { machine, begins, volume } = await make(context, name, changedBy(template, options));
  const lines = [
    `    base: ${context.home.folder.slice(0, -context.home.cluster.length - 1)}`,
    `template: ${path}`,
    ` cluster: ${context.home.cluster}`,
    ...(volume === null ? [] : [begins === null ? `    disk: ${volume}, blank` : `    copy: ${begins} to ${volume}`]),
    folderName(machine.key),
  ];
  const { number, id } = machine.configuration!;
  return {
    json: { machine: machine.key, number, id, folder: machine.folder, template: path, begins, volume },
    text: lines.join("\n"),
  };
}

const addOptions = (command: Command): Command =>
  command
    .option("--from <what>", "a template, an image, or volume:SNAPSHOT")
    .option("--driver <driver>", `what runs it: ${DRIVERS.join(", ")}`)
    .option("--mem <size>", "such as 64M")
    .option("--disk <size>", "such as 1G")
    .option("--cpu <n>", "processors, 1 to 8")
    .option(
      "--forward <port:port>",
      "a port of this host's loopback, and the machine's",
      (text, all: string[] = []) => [...all, text],
    );

interface ScaleOptions extends Common {
  readonly from?: string;
}

const MOST_SCALED = 1000;

const scaledOf = ({ home }: Context): Machine[] => home.machines().filter(({ configuration }) => configuration?.scaled);

/** What `scale` makes machines of: what is named, else what was named before, else what `add` makes. */
async function scaleSource(context: Context, count: number, from: string | undefined): Promise<ScaleSource | null> {
  const kept = context.home.scaleSource;
  const isEnough = kept?.isNamed || scaledOf(context).length >= count || (kept && !existsSync(IMAGE));
  if (from === undefined && isEnough) return kept;
  const { template } = sourceOf(from);
  return { isNamed: from !== undefined, template, begins: await beginningOf(await context.volumes(), template) };
}

/** Makes machines, or switches off and takes away those that came last, until there are so many. */
export async function scaleTo(context: Context, count: number): Promise<{ made: string[]; gone: string[] }> {
  const [made, gone]: [string[], string[]] = [[], []];
  const source = context.home.scaleSource;
  for (let have = scaledOf(context).length; have < count; have++) {
    const template = source?.template ?? sourceOf(undefined).template;
    const { machine } = await make(context, undefined, { ...template, scaled: true }, source?.begins);
    made.push(machine.key);
  }
  for (const machine of scaledOf(context).slice(count)) {
    await remove(context, [machine.key], true);
    await purge(context, [machine.key]);
    gone.push(machine.key);
  }
  return { made, gone };
}

async function scale(context: Context, [text]: readonly string[], { from }: ScaleOptions): Promise<Result> {
  const count = Number(text);
  if (!/^\d+$/.test(text!) || count > MOST_SCALED)
    throw new UsageError(`scale ${text}: write a number up to ${MOST_SCALED}`);
  return (await context.home.scaling(process.env, { wait: true }, () => scaleAlone(context, count, from)))!;
}

async function scaleAlone(context: Context, count: number, from: string | undefined): Promise<Result> {
  // Before it is noted: the daemon would try it on and on.
  for (const machine of scaledOf(context).slice(count)) checkUnprotected(machine);
  context.home.setWanted(count, await scaleSource(context, count, from));
  const { made, gone } = await scaleTo(context, count);
  const keys = scaledOf(context).map(({ key }) => key);
  const { failed = [] } = keys.length === 0 ? {} : await start(context, keys, {});
  const said = [...made.map((key) => `${folderName(key)}: made`), ...gone.map((key) => `${folderName(key)}: gone`)];
  return {
    failed,
    json: { wanted: count, made, gone },
    text: [...said, `${count - failed.length} run; "qure vm daemon" keeps it so`].join("\n"),
  };
}

interface CloneOptions extends Common {
  readonly diskOnly?: boolean;
}

async function clone(
  context: Context,
  [from, to]: readonly string[],
  { diskOnly = false }: CloneOptions,
): Promise<Result> {
  const source = context.home.usable(parseKey(from!));
  const { state } = await context.state(source);
  const isOn = isMachineOn({ state });
  const withMemory = isOn && !diskOnly && MEMORY_DRIVERS.includes(source.configuration.driver);
  const own = volumeOf(source.configuration);
  const made = await context.change(async () => {
    const { home } = context;
    const { key, number } = newKey(home, to);
    const identity = newIdentity();
    const volume = own === null ? null : volumeName(context, key, identity.id);
    const { hostname: _, displayName: __, name: ___, ...rest } = source.configuration;
    const configuration: Configuration = {
      ...rest,
      ...identity,
      number,
      name: isNumber(key) ? null : key,
      hostname: hostNameOf(folderName(key)),
      displayName: `QuRe ${key}`,
      disk: volume && `volume:${volume}`,
      forward: [],
      scaled: false,
      protected: false,
    };
    home.check(key, configuration);
    return home.noted(context.disks, { verb: "add", key, id: configuration.id, volume }, async () => {
      if (withMemory) return home.put(key, await forked(context, source.key, configuration));
      if (volume !== null) {
        if (isOn) await context.ask({ verb: "copy-disk", key: source.key, volume, isSnapshot: false });
        else await (await context.volumesOf(source)).clone(own!, volume);
      }
      return home.put(key, configuration);
    });
  });
  const { key } = made;
  if (withMemory) await begun(key, () => context.ask({ verb: "start", key }));
  const { number, id, driver } = made.configuration!;
  const alone = isOn && !diskOnly && !withMemory ? `, but for what is in its memory: ${driver} keeps that` : "";
  return {
    json: { machine: key, number, id, from: source.key, memory: withMemory },
    text: `${folderName(key)}: ${withMemory ? "goes on" : "begins"} as ${folderName(source.key)} is now${alone}`,
  };
}

/** Has the owner copy disk and memory. What the memory is of must be there again: that is as the machine runs now. */
async function forked(context: Context, key: string, configuration: Configuration): Promise<Configuration> {
  const volume = volumeOf(configuration);
  const answer = await context.ask({ verb: "fork", key, volume, id: configuration.id });
  return { ...configuration, ...hardwareOf(answer as Configuration) };
}

/** What is made stays where it does not start. */
async function begun<Started>(key: string, action: () => Promise<Started>): Promise<Started> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof MachineError)
      throw new MachineError(`${folderName(key)} is made, and does not start: ${error.message}`);
    throw error;
  }
}

async function checkResting(context: Context, machine: Machine, what: string): Promise<void> {
  const status = await context.state(machine);
  const { state } = status;
  if (state === "off" || state === "failed" || (what === "remove" && state === "suspended")) return;
  if (state === "no answer") throw notRunning(machine.key, status);
  throw new MachineError(`machine ${machine.key} is ${state}: "qure vm stop ${machine.key}" first`);
}

function checkUnprotected({ key, configuration }: Machine): void {
  if (configuration?.protected)
    throw new MachineError(`machine ${key} is protected: "qure vm protect ${key} off" first`);
}

async function remove(context: Context, names: readonly string[], isForced = false): Promise<Result> {
  const machines = context.machines(names);
  if (isForced) await stopAll(context, machines);
  for (const machine of machines) {
    checkUnprotected(machine);
    await checkResting(context, machine, "remove");
  }
  await context.change(async () => {
    for (const machine of machines) {
      const taken = context.home
        .machines({ removed: true })
        .find(({ key, isRemoved }) => isRemoved && key === machine.key);
      if (taken)
        throw new MachineError(`a machine ${machine.key} was removed before: "qure vm purge ${machine.key}" first`);
      context.home.hide(machine);
    }
  });
  const keys = machines.map(({ key }) => key);
  return {
    json: { removed: keys },
    text: keys.map((key) => `${folderName(key)}: removed; "qure vm restore ${key}" brings it back`).join("\n"),
  };
}

function removedOf(context: Context, names: readonly string[]): Machine[] {
  const removed = context.home.machines({ removed: true }).filter(({ isRemoved }) => isRemoved);
  if (names.includes("all")) return removed;
  if (names.length === 0) throw new UsageError("name one or more machines, or all");
  return names.map((name) => {
    const machine = removed.find(({ key }) => key === parseKey(name));
    if (machine) return machine;
    const key = parseKey(name);
    const isThere = context.home.machines().some((there) => there.key === key);
    const why = isThere ? `: it is there ("qure vm snapshot restore ${key} SNAPSHOT" takes it back to a snapshot)` : "";
    throw new MachineError(`no machine ${key} was removed in cluster ${context.home.cluster}${why}`);
  });
}

async function restore(context: Context, names: readonly string[]): Promise<Result> {
  const machines = removedOf(context, names);
  await context.change(async () => {
    for (const machine of machines) context.home.show(machine);
  });
  return {
    json: { restored: machines.map(({ key }) => key) },
    text: machines.map(({ key }) => `${folderName(key)}: is back`).join("\n"),
  };
}

async function purge(context: Context, names: readonly string[]): Promise<Result> {
  const machines = removedOf(context, names);
  const lines: string[] = [];
  await context.change(async () => {
    for (const machine of machines) {
      const volume = await context.home.purge(machine, context.disks);
      const isUnknown = machine.configuration === null && volume === null;
      const rest = isUnknown
        ? 'what disk it had is not known, or another\'s, and stays: "qure volume list" has them all'
        : '"qure volume gc" gives back the space of what was its alone';
      lines.push(`${folderName(machine.key)}: gone; ${rest}`);
    }
  });
  return { json: { purged: machines.map(({ key }) => key) }, text: lines.join("\n") };
}

async function rename(context: Context, [from, to]: readonly string[]): Promise<Result> {
  const machine = context.home.usable(parseKey(from!));
  const key = parseKey(to!);
  await checkResting(context, machine, "rename");
  await context.change(async () => {
    const { configuration } = machine;
    const old = hostNameOf(folderName(machine.key));
    const renamed: Configuration = {
      ...configuration,
      name: isNumber(key) ? null : key,
      number: isNumber(key) ? Number(key) : configuration.number,
      // What was given by hand stays.
      hostname: configuration.hostname === old ? hostNameOf(folderName(key)) : configuration.hostname,
      displayName: configuration.displayName === `QuRe ${machine.key}` ? `QuRe ${key}` : configuration.displayName,
    };
    context.home.rename(machine, key, changedTo(readConfiguration(machine.folder), configuration, renamed));
  });
  return { json: { machine: key, was: machine.key }, text: `${folderName(key)}: was ${folderName(machine.key)}` };
}

/** Of machines that go anyway. */
async function stopAll(context: Context, machines: readonly Machine[]): Promise<void> {
  for (const machine of machines) {
    const { state } = await context.state(machine);
    if (isMachineOn({ state }) || state === "no answer") await stop(context, [machine.key], { kill: true });
  }
}

export const ADD_VERBS: readonly Verb[] = [
  {
    usage: "add [name]",
    aliases: ["create"],
    summary: "make a machine and its disk",
    example: "add web --mem 64M",
    options: addOptions,
    run: add,
  },
  {
    usage: "launch [name]",
    summary: "add a machine and start it",
    example: "launch web",
    options: addOptions,
    async run(context, args, options: AddOptions) {
      const added = await add(context, args, options);
      const key = String(added.json["machine"]);
      const started = await begun(key, () => start(context, [key], {}));
      return { json: { ...added.json, ...started.json }, text: `${added.text}\n${started.text}` };
    },
  },
  {
    usage: "scale <number>",
    summary: "have so many machines run besides those added",
    example: "scale 5",
    options: (command) => command.option("--from <what>", "as of add"),
    run: scale,
  },
  {
    usage: "clone <machine> [name]",
    summary: "make a machine that begins as another one is now",
    example: "clone web web2",
    options: (command) => command.option("--disk-only", "its disk alone: the clone is off, and boots"),
    run: clone,
  },
  {
    usage: "remove <machines...>",
    aliases: ["rm"],
    summary: "hide machines; restore brings them back, purge takes them away for good",
    example: "remove web",
    run: (context, names) => remove(context, names),
  },
  {
    usage: "restore <machines...>",
    summary: "bring back machines that were removed",
    example: "restore web",
    run: restore,
  },
  {
    usage: "purge <machines...>",
    summary: "take away removed machines, with their disks",
    example: "purge all",
    run: purge,
  },
  { usage: "rename <machine> <name>", summary: "give a machine another name", example: "rename 7 web", run: rename },
];
