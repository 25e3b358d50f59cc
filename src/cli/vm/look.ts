/** What machines are and say: `list`, `status`, `ip`, `top`, `log`, `watch`, `screenshot`. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAside } from "../../host/files.ts";
import { type FullDisk, fullDisks } from "../../host/room.ts";
import { defaultPlace } from "../../host/volume-place.ts";
import { configurationPath, Home, logPath, type Machine, MachineError, volumeOf } from "../../vm/host/home.ts";
import { folderName } from "../../vm/name.ts";
import { isMachineOn, type MachineStatus, type Screenshot } from "../../vm/protocol.ts";
import { withFile } from "../fail.ts";
import { formatBytes, table } from "../volume/show.ts";
import { type Common, type Context, described, type Result, type Verb } from "./context.ts";

const POLL_MS = 100;
const PIECE_BYTES = 65_536;
const TOP_MS = 1_000;

const since = (sinceMs: number | null): string =>
  sinceMs === null ? "-" : new Date(sinceMs).toISOString().replace(/\.\d+Z$/, "Z");

/** Disks on which machines, what they say or their volumes find no room any more. */
function fullOnes({ home }: Context): FullDisk[] {
  const store = defaultPlace(process.env);
  // A bucket or a role is elsewhere.
  const isFolder = !/^(?:s3|role):/.test(store);
  return fullDisks([home.folder, ...(isFolder ? [store] : []), Home.runFolder(process.env)]);
}

const fullNote = ({ place, freeBytes, freeFiles }: FullDisk): string =>
  freeFiles === 0
    ? `the disk of ${place} has no room for another file: remove some`
    : `the disk of ${place} is full, but for ${formatBytes(freeBytes)}: "qure volume gc" gives back what nobody has any more`;

interface ListOptions extends Common {
  readonly removed?: boolean;
}

async function list(context: Context, _names: readonly string[], { removed = false }: ListOptions): Promise<Result> {
  const machines = context.home.machines({ removed });
  const { owner, statuses } = await context.owner.states(machines);
  const rows = machines.map((machine) => {
    const { configuration, isRemoved, key } = machine;
    const status = statuses.get(key)!;
    return [
      folderName(key),
      isRemoved ? "removed" : machine.trouble !== null ? "unusable" : status.state,
      configuration?.driver ?? "-",
      configuration?.memory ?? "-",
      status.address ?? "-",
      since(status.sinceMs),
    ];
  });
  const full = fullOnes(context);
  const notes = [
    ...machines.flatMap(({ trouble }) => (trouble === null ? [] : [trouble])),
    ...machines.flatMap(({ key }) => troubleOf(key, statuses.get(key)!)),
    ...full.map(fullNote),
  ];
  if (owner.kind === "mute") notes.push(muteAdvice(context, owner.pid));
  return {
    json: {
      cluster: context.home.cluster,
      owner: owner.kind === "here" ? { pid: owner.status.pid, memoryBytes: owner.status.memoryBytes } : null,
      machines: machines.map((machine) => described(machine, statuses.get(machine.key)!)),
      full,
    },
    text: [table(["MACHINE", "STATE", "DRIVER", "MEMORY", "ADDRESS", "SINCE"], rows), ...notes].join("\n"),
  };
}

/** What is wrong with one that has power. */
const troubleOf = (key: string, status: MachineStatus): string[] =>
  isMachineOn(status) && status.note !== null ? [`${folderName(key)}: ${status.note}`] : [];

const muteAdvice = ({ home }: Context, pid: number | null): string =>
  `the owner of cluster ${home.cluster} does not answer: ${
    pid === null ? "try again" : `look at process ${pid}; "kill -9 ${pid}" ends it, and "qure vm start" begins anew`
  }`;

async function status(context: Context, [name]: readonly string[]): Promise<Result> {
  const machine = context.machine(name!);
  const { owner, statuses } = await context.owner.states([machine]);
  const found = statuses.get(machine.key)!;
  const { configuration, trouble } = machine;
  const rows = [
    ["state", found.state + (found.note === null ? "" : `: ${found.note}`)],
    ["number", `${configuration?.number ?? "-"}`],
    ["driver", configuration?.driver ?? "-"],
    ["memory", configuration?.memory ?? "-"],
    ["address", found.address ?? "-"],
    ["since", since(found.sinceMs)],
    ["host name", configuration?.hostname ?? "-"],
    ["MAC", configuration?.mac ?? "-"],
    ["disk", volumeOf(configuration) ?? "-"],
    ["process", `${found.pid ?? (owner.kind === "here" && found.sinceMs !== null ? owner.status.pid : "-")}`],
    ["file", configurationPath(machine)],
  ];
  const full = fullOnes(context);
  const notes = [
    ...(trouble === null ? [] : [trouble]),
    ...full.map(fullNote),
    ...(owner.kind === "mute" ? [muteAdvice(context, owner.pid)] : []),
  ];
  return { json: { ...described(machine, found), full }, text: [table([], rows), ...notes].join("\n") };
}

async function ip(context: Context, [name]: readonly string[]): Promise<Result> {
  const machine = context.machine(name!);
  const { state, address } = await context.state(machine);
  if (address === null)
    throw new MachineError(
      state === "running"
        ? `machine ${machine.key} has no address yet: "qure vm wait ${machine.key} --for address"`
        : `machine ${machine.key} is ${state}: it has no address`,
    );
  return { json: { machine: machine.key, address }, text: address };
}

async function top(context: Context): Promise<Result> {
  const machines = context.home.machines();
  const before = (await context.owner.states(machines)).statuses;
  await new Promise((done) => setTimeout(done, TOP_MS));
  const { owner, statuses } = await context.owner.states(machines);
  const used = (machine: Machine): number =>
    Math.max(0, statuses.get(machine.key)!.processorSeconds - before.get(machine.key)!.processorSeconds) /
    (TOP_MS / 1000);
  const rate = ({ instructions }: MachineStatus, was: MachineStatus): number =>
    Math.max(0, (instructions ?? 0) - (was.instructions ?? 0)) / (TOP_MS / 1000);
  const shown = machines.map((machine) => ({
    machine: machine.key,
    state: statuses.get(machine.key)!.state,
    processor: used(machine),
    instructionsPerSecond: rate(statuses.get(machine.key)!, before.get(machine.key)!),
  }));
  const memory = owner.kind === "here" ? owner.status.memoryBytes : 0;
  const rows = shown.map(({ machine, state, processor, instructionsPerSecond }) => [
    folderName(machine),
    state,
    `${(processor * 100).toFixed(1)} %`,
    `${(instructionsPerSecond / 1e6).toFixed(2)}`,
  ]);
  return {
    json: { machines: shown, memoryBytes: memory },
    text: [table(["MACHINE", "STATE", "CPU", "MIPS"], rows), `all of them, in the owner: ${formatBytes(memory)}`].join(
      "\n",
    ),
  };
}

interface LogOptions extends Common {
  readonly follow?: boolean;
}

const readLog = (path: string): string => (existsSync(path) ? withFile(path, () => readFileSync(path, "utf8")) : "");

async function log(context: Context, [name]: readonly string[], { follow = false }: LogOptions): Promise<Result> {
  const machine = context.machine(name!);
  const path = logPath(machine);
  // One value of JSON is all that is printed, so that it does not follow.
  if (context.isJson) return { json: { machine: machine.key, file: path, text: readLog(path) }, text: "" };
  let at = 0;
  const bytes = Buffer.alloc(PIECE_BYTES);
  const printNew = (): void => {
    if (!existsSync(path)) return;
    // It was put aside, and begun anew.
    if (statSync(path).size < at) at = 0;
    withFile(path, () => {
      const file = openSync(path, "r");
      try {
        for (let count = -1; count !== 0; at += count) {
          count = readSync(file, bytes, 0, bytes.length, at);
          process.stdout.write(Buffer.from(bytes.subarray(0, count)));
        }
      } finally {
        closeSync(file);
      }
    });
  };
  printNew();
  while (follow) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    printNew();
  }
  return { json: { machine: machine.key, file: path }, text: "" };
}

async function watch(context: Context): Promise<Result> {
  const end = new AbortController();
  process.on("SIGINT", () => end.abort());
  process.on("SIGTERM", () => end.abort());
  process.stdout.on("error", () => end.abort());
  await context.owner.watch((event) => void process.stdout.write(`${JSON.stringify(event)}\n`), end.signal);
  return { json: {}, text: "" };
}

async function screenshot(context: Context, [name, path]: readonly string[]): Promise<Result> {
  const { key } = context.machine(name!);
  const { png } = (await context.ask({ verb: "screenshot", key })) as Screenshot;
  const file = path ?? `${folderName(key)}.png`;
  if (!existsSync(dirname(file))) throw new MachineError(`${file}: there is no folder ${dirname(file)}`);
  withFile(file, () => writeFileAside(file, Buffer.from(png, "base64")));
  return { json: { machine: key, file }, text: file };
}

export const LOOK_VERBS: readonly Verb[] = [
  {
    usage: "list",
    aliases: ["ls", "ps"],
    summary: "list machines, and what each is",
    example: "list --json",
    options: (command) => command.option("--removed", "those that can be restored, too"),
    run: list,
  },
  {
    usage: "status <machine>",
    aliases: ["info"],
    summary: "say all that is known of a machine",
    example: "status web",
    run: status,
  },
  { usage: "ip <machine>", summary: "print a machine's address", example: "ip web", run: ip },
  { usage: "top", summary: "what machines take, for a second", example: "top", run: top },
  {
    usage: "log <machine>",
    summary: "print what a machine's console has said",
    example: "log -f web",
    options: (command) => command.option("-f, --follow", "go on with what it says from now on"),
    run: log,
  },
  { usage: "watch", summary: "print what happens to machines, a line of JSON each", example: "watch", run: watch },
  {
    usage: "screenshot <machine> [file]",
    summary: "write a picture of a machine's screen, a PNG",
    example: "screenshot web web.png",
    run: screenshot,
  },
];
