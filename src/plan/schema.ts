/**
 * What a plan is made of: machines, their network, the run and what comes out of it, each field once. A plan is made
 * from options, links and files, and everything behind takes its part of it. docs/formats/plan.md is made from these
 * tables.
 */
import { MOST_SERIAL_PORTS, NIC_MODELS, USUAL_SERIAL_PORTS } from "../../emulator/board-config.ts";
import { DEFAULT_MODEL, MODEL_NAMES } from "../../emulator/cpu/model.ts";
import { MOST_PROCESSORS } from "../../emulator/cpu/turns.ts";
import { TRACE_KINDS } from "../../emulator/debug/trace.ts";
import { DEFAULT_JIT, JIT_MODES } from "../../emulator/jit/jit.ts";
import { TICK_NS, TICKS_NS } from "../../emulator/time/clock.ts";
import { formatStreamPlace, parseListeningPlace } from "../host/places.ts";
import { DEFAULT_RAM_BYTES, DEFAULT_START_SECONDS } from "../lab/cluster-options.ts";
import { formatFault, parseFault } from "../lab/faults.ts";
import { decodeRun, encodeRun } from "../lab/run-link.ts";
import { formatForward, formatWay, parseForward, parseWay } from "../lab/way.ts";
import {
  choice,
  DISK_BYTES,
  type FieldValues,
  flag,
  group,
  listOf,
  notation,
  optional,
  path,
  size,
  text,
  time,
  wholeNumber,
  withInitial,
} from "./fields.ts";
import { parseGoal } from "./goal.ts";
import { formatLinePlace, parseLinePlace } from "./line-place.ts";
import { CARDS, formatSound, parseSound } from "./sound-wish.ts";
import { formatDate, parseDate } from "./start-date.ts";

const KIB = 1024;
const LAST_PORT = 65535;
const MOST_NODES = 1000;
const MOST_FAULTS = 1000;
const MOST_THREADS = 256;
const PLAN_VERSION = 1;
/** The folder of snapshots, where nobody names one. */
export const DEFAULT_STORE = ".qure/snapshots";
/** `key` of machines whose key is drawn from the seed. */
export const KEY_OF_SEED = "seed";

/** `at` of a machine's own disk, and of its CD. */
export const OWN_DISK = "hda";
export const CD = "hdc";

const numbered = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name}${index}`);

/** Where drives are: at the IDE channels, for diskettes, at the AHCI adapter's ports, and virtio disks. */
export const DRIVE_PLACES = [
  ...[OWN_DISK, "hdb", CD, "hdd", "fda", "fdb"],
  ...numbered("sata", 6),
  ...numbered("virtio", 8),
] as const;

export const DRIVE = {
  at: text({
    help: "hda to hdd: IDE; sata0 to sata5: AHCI; virtio0 to virtio7; fda, fdb: diskettes",
    kind: "place of a drive",
    pattern: new RegExp(`^(?:${DRIVE_PLACES.join("|")})$`),
  }),
  kind: choice({ help: "at an IDE channel or the AHCI adapter", choices: ["disk", "cd"], initial: "disk" }),
  path: optional(path({ help: "the file, which is not changed; a CD drive may be without one" })),
  isRaw: flag({ help: "the file is meant as it is, even if it is an archive", initial: false }),
  blank: optional(
    size({
      help: "instead of a file: a blank disk of this size",
      madeFrom: "disk",
      ...DISK_BYTES,
      initial: 0,
    }),
  ),
  isPrepared: flag({ help: "the blank disk is prepared for QuRe with the CD in hdc", initial: false }),
  keptIn: optional(
    path({ help: "what guests write is kept in this folder, in NAME.img of each machine", madeFrom: "dir" }),
  ),
};

const KERNEL = {
  path: path({ help: "the kernel; a CD with it is in hdc" }),
  append: text({ help: "its command line", madeFrom: "append", kind: "text", pattern: /^[^\0]*$/, initial: "" }),
  modules: listOf(
    group({
      help: "initial RAM disk, or Multiboot modules",
      madeFrom: "initrd",
      table: {
        path: path({ help: "the module" }),
        text: text({ help: "what the kernel is told with its name", kind: "text", pattern: /^[^\0]*$/, initial: "" }),
      },
    }),
  ),
};

export const MACHINE = {
  count: wholeNumber({ help: "machines like this one", madeFrom: "nodes", least: 1, most: MOST_NODES, initial: 1 }),
  name: optional(
    text({
      help: "when absent, qure-1, qure-2, ...",
      kind: "name of letters, digits and -",
      pattern: /^[a-z\d-]{1,63}$/i,
    }),
  ),
  ramBytes: size({
    help: "its memory",
    option: "memory",
    least: KIB ** 2,
    most: KIB ** 3,
    grain: 64 * KIB,
    initial: DEFAULT_RAM_BYTES,
  }),
  processor: choice({ help: "its processor", option: "cpu", choices: MODEL_NAMES, initial: DEFAULT_MODEL }),
  processors: wholeNumber({ help: "how many of them", option: "cpus", least: 1, most: MOST_PROCESSORS, initial: 1 }),
  drives: listOf(group({ help: "its drives", madeFrom: "drive", table: DRIVE })),
  kernel: optional(group({ help: "it boots this kernel", madeFrom: "kernel", table: KERNEL })),
  bootOrder: optional(
    text({
      help: "boot order: a diskette, c disk, d CD, n network",
      option: "boot",
      kind: "word of up to three of a, c, d, n",
      pattern: /^[acdn]{1,3}$/,
    }),
  ),
  nic: choice({ help: "its network card", option: "nic", choices: NIC_MODELS, initial: "e1000" }),
  nicRom: optional(path({ help: "the card's expansion ROM", option: "romfile" })),
  macAddress: optional(
    text({
      help: "the card's address; chosen by the seed when absent",
      kind: "hardware address such as 52:54:00:12:34:56",
      pattern: /^[\da-f][02468ace](?::[\da-f]{2}){5}$/,
    }),
  ),
  videoRom: optional(path({ help: "a video BIOS", option: "vgabios" })),
  hpet: flag({ help: "it has a high precision event timer", option: "no-hpet", initial: true }),
  serialPorts: wholeNumber({
    help: "its serial ports",
    madeFrom: "serial",
    least: USUAL_SERIAL_PORTS,
    most: MOST_SERIAL_PORTS,
    initial: USUAL_SERIAL_PORTS,
  }),
  parallelPort: flag({ help: "it has a printer at LPT1", madeFrom: "parallel", initial: false }),
  sound: listOf(
    notation({
      help: "its sound cards, one of each model",
      option: "sound",
      kind: "card such as sb16,irq=7",
      ...CARDS,
    }),
    2,
  ),
  key: optional(
    path({
      help: `the file with the name and key of its cluster, or ${KEY_OF_SEED}; none when absent`,
      madeFrom: "key",
    }),
  ),
  off: flag({ help: "it has no power until somebody switches it on", initial: false }),
};

export const NETWORK = {
  gateway: flag({ help: "there is a gateway with a DHCP server", option: "no-gateway", initial: true }),
  sites: optional(
    path({ help: "the file of the sites at which the machines are, each behind its gateway", option: "sites" }),
  ),
  forwards: listOf(
    notation({
      help: "ports of this host that lead to guests",
      option: "forward",
      kind: "forward such as 8080:2:80",
      parse: parseForward,
      format: formatForward,
    }),
  ),
  ways: listOf(
    notation({ help: "ways out", option: "netdev", kind: "way such as user", parse: parseWay, format: formatWay }),
  ),
};

export const RUN = {
  until: optional(
    notation({
      help: "it ends when this is reached",
      madeFrom: "until",
      kind: "cloud or text:REGEX",
      parse: parseGoal,
      format: ({ text: goal }) => goal,
    }),
  ),
  for: optional(time({ help: "it ends after this time", option: "for", initial: 0 })),
  stay: flag({ help: "a person at a terminal stays with the machines", initial: false }),
  script: optional(path({ help: "lines that are typed at the consoles", option: "script" })),
  replay: optional(
    notation({
      help: "it repeats what this link did; the machines are the link's",
      option: "replay",
      kind: "link of a run",
      parse: decodeRun,
      format: encodeRun,
    }),
  ),
  faults: listOf(
    notation({
      help: "what happens to machines",
      option: "fault",
      kind: "fault such as 5s cut 1",
      parse: parseFault,
      format: formatFault,
    }),
  ),
  drawnFaults: optional(
    wholeNumber({
      help: "faults drawn from the seed, over the time of for",
      option: "faults",
      least: 1,
      most: MOST_FAULTS,
      initial: 1,
    }),
  ),
  threads: optional(
    wholeNumber({ help: "threads; chosen when absent", option: "threads", least: 1, most: MOST_THREADS, initial: 1 }),
  ),
  jit: choice({ help: "compile hot guest code", option: "jit", choices: JIT_MODES, initial: DEFAULT_JIT }),
  reboot: flag({ help: "a reset that a guest asks for happens", option: "no-reboot", initial: true }),
  realtime: flag({ help: "a virtual second takes a second", option: "realtime", initial: false }),
  stopped: flag({ help: "it begins when gdb or a monitor lets it", option: "stopped", initial: false }),
};

const line = { kind: "place such as stdio or file:PATH", parse: parseLinePlace, format: formatLinePlace };

export const OUTPUTS = {
  json: flag({ help: "the outcome as JSON", option: "json", initial: false }),
  link: flag({ help: "the run as a link", option: "link", initial: false }),
  stats: flag({ help: "the engine's counters", option: "stats", initial: false }),
  logs: optional(path({ help: "folder of the consoles' texts", option: "log" })),
  screenshots: optional(path({ help: "folder of pictures of the screens at the end", option: "screenshot" })),
  capture: optional(path({ help: "a pcapng file of all cables", option: "pcap" })),
  serial: listOf(notation({ help: "where COM1, COM2, ... of the one machine lead", option: "serial", ...line }), 4),
  parallel: optional(notation({ help: "where its printer's output goes", option: "parallel", ...line })),
  debugConsole: optional(notation({ help: "where its debug console leads", option: "debugcon", ...line })),
  sound: listOf(
    notation({
      help: "where sound cards play into",
      option: "sound",
      kind: "file such as x.wav,card=AC97",
      parse: parseSound,
      format: formatSound,
    }),
    2,
  ),
};

const place = { kind: "place such as tcp:HOST:PORT,server", parse: parseListeningPlace, format: formatStreamPlace };

export const DEBUGGING = {
  gdb: optional(
    wholeNumber({
      help: "gdb debugs node 1 at this port, node 2 at the next",
      option: "gdb",
      least: 1,
      most: LAST_PORT,
      initial: 1,
    }),
  ),
  monitor: optional(notation({ help: "where a monitor listens", option: "monitor", ...place })),
  qmp: optional(notation({ help: "where a monitor for programs listens", option: "qmp", ...place })),
  trace: listOf(
    choice({ help: "kinds of events to trace", madeFrom: "trace", choices: TRACE_KINDS, initial: TRACE_KINDS[0] }),
  ),
  traceFile: optional(path({ help: "where the trace goes; standard error when absent", option: "trace-file" })),
  symbols: listOf(path({ help: "ELF files with names; those beside the image when absent", madeFrom: "symbols" })),
};

export const SNAPSHOTS = {
  folder: text({ help: "where they are", option: "store", kind: "path", initial: DEFAULT_STORE }),
  restore: optional(text({ help: "the run goes on from this one, with its machines", kind: "name" })),
  save: optional(text({ help: "one of this name is made at the end", option: "save", kind: "name" })),
  at: optional(time({ help: "it is made at this time instead", option: "at", initial: 0 })),
};

export const PLAN = {
  version: choice({ help: "of this format", choices: [PLAN_VERSION], initial: PLAN_VERSION }),
  system: choice({
    help: "whose system runs: of QuRe's, states of nodes are told",
    choices: ["qure", "other"],
    initial: "qure",
  }),
  seed: wholeNumber({
    help: "of everything that is left to chance",
    option: "seed",
    least: 0,
    most: Number.MAX_SAFE_INTEGER,
    initial: 1,
  }),
  startSeconds: withInitial(
    notation({
      help: "what clocks show first",
      madeFrom: "rtc",
      kind: "date such as 2026-11-28T20:15:00",
      parse: parseDate,
      format: formatDate,
    }),
    DEFAULT_START_SECONDS,
  ),
  nsPerInstruction: choice({
    help: "virtual nanoseconds",
    madeFrom: "ns-per-instruction",
    choices: TICKS_NS,
    initial: TICK_NS,
  }),
  firmware: optional(path({ help: "another BIOS than QuRe's own", option: "firmware" })),
  machines: listOf(group({ help: "the machines", table: MACHINE })),
  network: group({ help: "what they are connected to", table: NETWORK }),
  run: group({ help: "how long they run, and how", table: RUN }),
  outputs: group({ help: "what comes out", table: OUTPUTS }),
  debugging: group({ help: "who watches", table: DEBUGGING }),
  snapshots: group({ help: "clusters that are kept", table: SNAPSHOTS }),
};

export type Plan = FieldValues<typeof PLAN>;
export type MachinePlan = FieldValues<typeof MACHINE>;
export type DrivePlan = FieldValues<typeof DRIVE>;
export type KernelPlan = FieldValues<typeof KERNEL>;

/** The machines of a plan with the names of those alike: where they have none of their own, by their numbers. */
export function namedMachines(machines: readonly MachinePlan[]): { machine: MachinePlan; names: readonly string[] }[] {
  let before = 0;
  return machines.map((machine) => {
    const { name, count } = machine;
    const names = Array.from({ length: count }, (_, index) => name ?? `qure-${before + index + 1}`);
    before += count;
    return { machine, names };
  });
}
