/**
 * Every option of `qure emu` and of the commands of `qure snapshot` that boot machines, once: docs/commands.md and the
 * settings of a run come from this table.
 */
import { NIC_MODELS } from "../../../emulator/board-config.ts";
import { DEFAULT_MODEL, MODEL_NAMES } from "../../../emulator/cpu/model.ts";
import { TRACE_KINDS, type TraceKind } from "../../../emulator/debug/trace.ts";
import { DEFAULT_JIT, JIT_MODES } from "../../../emulator/jit/jit.ts";
import { TICK_NS, TICKS_NS } from "../../../emulator/time/clock.ts";
import { parseListeningPlace, type StreamPlace } from "../../host/places.ts";
import { type Fault, parseFault } from "../../lab/faults.ts";
import { decodeRun, type RunDescription } from "../../lab/run-link.ts";
import { toNs } from "../../lab/time.ts";
import { type Forward, parseForward, parseWay, type Way } from "../../lab/way.ts";
import { type Field, formatSize } from "../../plan/fields.ts";
import { type Goal, parseGoal } from "../../plan/goal.ts";
import { type LinePlace, parseLinePlace } from "../../plan/line-place.ts";
import { DEFAULT_STORE, MACHINE, PLAN, DEBUGGING as PLANNED_DEBUGGING, RUN as PLANNED_RUN } from "../../plan/schema.ts";
import { parseSound, type SoundWish } from "../../plan/sound-wish.ts";
import { parseStartDate, type StartDate } from "../../plan/start-date.ts";
import { UsageError } from "../fail.ts";
import {
  type ArgumentParser,
  choice,
  flag,
  list,
  listOf,
  type OptionValues,
  optional,
  text,
  wholeNumber,
  withDefault,
} from "../option-table.ts";
import { parseSize, sizeOf } from "../sizes.ts";

const virtualTime: ArgumentParser<number> = (argument, option) => {
  try {
    return toNs(argument);
  } catch (error) {
    throw new UsageError(`${option} ${argument}: ${(error as Error).message}`);
  }
};

const traceKinds: ArgumentParser<ReadonlySet<TraceKind>> = (argument, option) =>
  new Set(
    argument.split(",").map((word) => {
      const kind = TRACE_KINDS.find((known) => known === word);
      if (kind === undefined)
        throw new UsageError(`${option} ${word}: not a kind of event; there are ${TRACE_KINDS.join(", ")}`);
      return kind;
    }),
  );

const bootOrder: ArgumentParser<string> = (argument, option) => {
  if (!/^[acdn]{1,3}$/.test(argument))
    throw new UsageError(`${option} ${argument}: write up to three of a, c, d and n`);
  return argument;
};

/** A RangeError's sentence as one about the option. */
const checked =
  <Value>(parse: (argument: string) => Value): ArgumentParser<Value> =>
  (argument, option) => {
    try {
      return parse(argument);
    } catch (error) {
      throw new UsageError(`${option} ${(error as Error).message}`);
    }
  };

/** Virtual nanoseconds of an instruction on processors of the past (docs/emulator.md argues them). */
const CLOCKS: Readonly<Record<string, number>> = { p6: 5 };

const clockName: ArgumentParser<string> = (argument, option) => {
  if (!Object.hasOwn(CLOCKS, argument))
    throw new UsageError(`${option} ${argument}: write ${Object.keys(CLOCKS).join(" or ")}`);
  return argument;
};

/** What an instruction takes by both options. */
export const tickOf = ({ clock, nsPerInstruction }: { clock: string | null; nsPerInstruction: string }): number =>
  clock === null ? Number(nsPerInstruction) : CLOCKS[clock]!;

const goal: ArgumentParser<Goal> = checked(parseGoal);
const forward: ArgumentParser<Forward> = checked(parseForward);
const way: ArgumentParser<Way> = checked(parseWay);
const fault: ArgumentParser<Fault> = checked(parseFault);

const startDate: ArgumentParser<StartDate | null> = checked(parseStartDate);
const monitorPlace: ArgumentParser<StreamPlace> = checked(parseListeningPlace);
const linePlace: ArgumentParser<LinePlace> = checked(parseLinePlace);
const sound: ArgumentParser<SoundWish> = checked(parseSound);

const runLink: ArgumentParser<RunDescription> = (argument, option) => {
  try {
    return decodeRun(argument);
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
};

const MACHINES = "Machines";
const NETWORK = "Network";
const RUN = "Run";
const OUTPUT = "Output";
const DEBUGGING = "Debugging";
const SNAPSHOTS = "Snapshots";

/** A number as a plan's field takes it. */
const numberOf = ({ range }: Field<unknown>): ArgumentParser<number> => wholeNumber(range!.least, range!.most);

/** What comes in from outside cannot be repeated, so none of these goes with it. */
const OUTSIDE_CONFLICTS = ["link", "replay", "gdb", "save"];

export const EMU_OPTIONS = {
  nodes: withDefault({
    flags: "-n, --nodes <n>",
    help: "number of machines",
    group: MACHINES,
    parse: numberOf(MACHINE.count),
    default: "1",
  }),
  image: optional({
    flags: "--image <file>",
    help: "boot this image: an ISO as the CD, anything else as disk hda",
    group: MACHINES,
    parse: text,
    conflicts: ["cdrom", "hda"],
    defaultText: "build/qure.iso",
  }),
  cdrom: optional({
    flags: "--cdrom <file>",
    help: "put this ISO into every machine's CD drive",
    group: MACHINES,
    parse: text,
  }),
  hda: optional({
    flags: "--hda <file>",
    help: "start every machine's disk as a copy of this file, which is not changed",
    group: MACHINES,
    parse: text,
  }),
  drive: list({
    flags: "--drive <file=FILE,...>",
    help: "a further drive: if=ide (index=1 to 3: hdb, hdc, hdd; media=cdrom, without a file an empty drive), if=virtio, or if=ahci (index=0 to 5: the adapter's ports; media=cdrom); the file is not changed",
    group: MACHINES,
  }),
  kernel: optional({
    flags: "--kernel <file>",
    help: "boot this kernel: ELF (Multiboot 1 and 2), Linux bzImage, .com, or flat at 7C00h (docs/emulator.md)",
    group: MACHINES,
    parse: text,
    conflicts: ["image", "cdrom"],
  }),
  append: optional({
    flags: "--append <text>",
    help: "the kernel's command line",
    group: MACHINES,
    parse: text,
    needs: "kernel",
  }),
  initrd: optional({
    flags: "--initrd <file>",
    help: "the kernel's initial RAM disk, or its Multiboot modules: FILE TEXT,FILE TEXT",
    group: MACHINES,
    parse: text,
    needs: "kernel",
  }),
  fda: optional({
    flags: "--fda <file>",
    help: "a diskette for drive A; the file is not changed",
    group: MACHINES,
    parse: text,
  }),
  fdb: optional({ flags: "--fdb <file>", help: "a diskette for drive B", group: MACHINES, parse: text }),
  boot: optional({
    flags: "--boot <order>",
    help: "where the firmware looks: a diskette, c disk, d CD, n network",
    group: MACHINES,
    parse: bootOrder,
    defaultText: "cad",
  }),
  disk: withDefault({
    flags: "--disk <size>",
    help: "size of blank disks; none: the machines have none",
    group: MACHINES,
    parse: (value, previous) => (value === "none" ? 0 : parseSize(value, previous)),
    default: "64M",
  }),
  dir: optional({
    flags: "--dir <dir>",
    help: "keep the machines' disks here; without it they are gone afterwards",
    group: MACHINES,
    parse: text,
  }),
  seed: withDefault({
    flags: "--seed <n>",
    help: "seed of everything that is left to chance",
    group: MACHINES,
    parse: numberOf(PLAN.seed),
    default: "1",
  }),
  key: optional({
    flags: "--key <file>",
    help: "name and key of the machines' cluster, a line `NAME KEY` with 64 hexadecimal digits; open: none",
    group: MACHINES,
    parse: text,
    defaultText: "drawn from the seed",
  }),
  memory: withDefault({
    flags: "-m, --memory <size>",
    help: "memory of each machine",
    group: MACHINES,
    parse: sizeOf(MACHINE.ramBytes),
    default: formatSize(MACHINE.ramBytes.initial),
  }),
  firmware: optional({
    flags: "--firmware <file>",
    help: "another BIOS than QuRe's own",
    group: MACHINES,
    parse: text,
  }),
  vgabios: optional({
    flags: "--vgabios <file>",
    help: "a video BIOS in the display adapter's ROM, for a firmware that runs one",
    group: MACHINES,
    parse: text,
  }),
  gateway: flag({
    flags: "--no-gateway",
    help: "no DHCP server on the network: nodes take link-local addresses",
    group: NETWORK,
  }),
  sites: optional({
    flags: "--sites <file>",
    help: "the machines are at the sites of this file (JSON), each behind a home gateway of its own",
    group: NETWORK,
    parse: text,
    conflicts: ["link", "replay", "save", "forward", "netdev", "gateway"],
  }),
  nic: choice({
    flags: "--nic <model>",
    help: "the network cards",
    group: MACHINES,
    choices: NIC_MODELS,
    default: "e1000",
  }),
  romfile: optional({
    flags: "--romfile <file>",
    help: "the expansion ROM of the network cards, such as iPXE's: with --boot n it boots the machines",
    group: MACHINES,
    parse: text,
  }),
  cpu: choice({
    flags: "--cpu <model>",
    help: "the processor, which CPUID tells as it is",
    group: MACHINES,
    choices: MODEL_NAMES,
    default: DEFAULT_MODEL,
  }),
  cpus: withDefault({
    flags: "--cpus <n>",
    help: "how many processors each machine has; they take turns in its virtual time",
    group: MACHINES,
    parse: numberOf(MACHINE.processors),
    default: "1",
  }),
  nsPerInstruction: choice({
    flags: "--ns-per-instruction <n>",
    help: "virtual nanoseconds that an instruction takes, on each machine",
    group: MACHINES,
    choices: TICKS_NS.map(String),
    default: String(TICK_NS),
    conflicts: ["clock", "replay"],
  }),
  clock: optional({
    flags: "--clock <name>",
    help: "instead of it a processor of the past: p6 is a Pentium Pro of 200 MHz",
    group: MACHINES,
    parse: clockName,
    conflicts: ["replay"],
    defaultText: "100 MHz",
  }),
  rtc: optional({
    flags: "--rtc <date>",
    help: "the date at which the machines' clocks begin: 2026-11-28, 2026-11-28T20:15:00, or this host's: utc, localtime",
    group: MACHINES,
    parse: startDate,
    conflicts: ["replay"],
    defaultText: "2026-01-01",
  }),
  hpet: flag({ flags: "--no-hpet", help: "machines without a high precision event timer", group: MACHINES }),
  forward: listOf({
    flags: "--forward <ports>",
    help: "let a port of this host lead to a guest: 8080:80, 8080:2:80 (node 2), udp:5353:53; may be repeated",
    group: NETWORK,
    parse: forward,
    needs: "realtime",
    conflicts: OUTSIDE_CONFLICTS,
  }),
  netdev: listOf({
    flags: "--netdev <way>",
    help: "a way out: user, vxlan,vni=N,remote=ADDRESS, dgram,local=A:P,remote=A:P, stream,listen=A:P; may be repeated",
    group: NETWORK,
    parse: way,
    needs: "realtime",
    conflicts: OUTSIDE_CONFLICTS,
  }),
  until: optional({
    flags: "--until <what>",
    help: "run until: cloud (all nodes agree), or text:REGEX on every console",
    group: RUN,
    parse: goal,
  }),
  for: optional({
    flags: "--for <time>",
    help: "run for this much virtual time, such as 10s",
    group: RUN,
    parse: virtualTime,
  }),
  script: optional({
    flags: "--script <file>",
    help: "type the lines of this file at the consoles (docs/emulator.md)",
    group: RUN,
    parse: text,
  }),
  replay: optional({
    flags: "--replay <link>",
    help: "repeat the run that a link holds; it ends at the same instruction with the same digest",
    group: RUN,
    parse: runLink,
    conflicts: ["until", "for", "script", "serial", "parallel", "sound", "dir"],
  }),
  link: flag({ flags: "--link", help: "print the run, and all that was done in it, as a link", group: OUTPUT }),
  fault: listOf({
    flags: "--fault <what>",
    help: "let something happen, such as '5s lose 2 30%' or 'on:/era 2/ cut 1'; may be repeated (docs/emulator.md)",
    group: RUN,
    parse: fault,
    conflicts: ["replay"],
  }),
  faults: optional({
    flags: "--faults <n>",
    help: "draw so many faults from the seed, over the time of --for, and print them as --fault takes them",
    group: RUN,
    parse: numberOf(PLANNED_RUN.drawnFaults),
    conflicts: ["replay"],
  }),
  threads: optional({
    flags: "--threads <n>",
    help: "spread the machines over threads; the run is the same",
    group: RUN,
    parse: numberOf(PLANNED_RUN.threads),
    defaultText: "1 for few machines, else as many as cores are free",
  }),
  jit: choice({
    flags: "--jit <mode>",
    help: "compile hot guest code; the run is the same",
    group: RUN,
    choices: JIT_MODES,
    default: DEFAULT_JIT,
  }),
  reboot: flag({
    flags: "--no-reboot",
    help: "a machine that would reset switches itself off instead",
    group: RUN,
  }),
  plan: optional({
    flags: "--plan <file>",
    help: "run this plan, which says all that options say (docs/formats/plan.md)",
    group: RUN,
    parse: text,
  }),
  printPlan: flag({ flags: "--print-plan", help: "print the plan that the options make, and run nothing", group: RUN }),
  realtime: flag({ flags: "--realtime", help: "let a virtual second take a second", group: RUN }),
  json: flag({ flags: "--json", help: "print the outcome as one JSON object", group: OUTPUT }),
  log: optional({ flags: "--log <dir>", help: "write each console to NAME.log", group: OUTPUT, parse: text }),
  screenshot: optional({
    flags: "--screenshot <dir>",
    help: "write each screen to NAME.png at the end",
    group: OUTPUT,
    parse: text,
  }),
  pcap: optional({ flags: "--pcap <file>", help: "capture all cables as pcapng", group: OUTPUT, parse: text }),
  serial: listOf({
    flags: "--serial <where>",
    help: "where COM1 of the one machine leads: stdio, file:PATH, tcp:HOST:PORT, telnet:HOST:PORT or unix:PATH, the last three with ,server to listen (and ,wait=off not to wait), or null; again for COM2, COM3 and COM4",
    group: OUTPUT,
    parse: linePlace,
  }),
  parallel: optional({
    flags: "--parallel <where>",
    help: "give the one machine a printer at LPT1, and say where its output goes, as for --serial",
    group: OUTPUT,
    parse: linePlace,
  }),
  debugcon: optional({
    flags: "--debugcon <where>",
    help: "where bytes go that the one machine writes to port E9h or 402h, as for --serial",
    group: OUTPUT,
    parse: linePlace,
  }),
  sound: listOf({
    flags: "--sound <file>",
    help: "give every machine a sound card (AC97, or ,card=sb16 with its irq=, dma=, dma16=, iobase=) and write what it plays to this WAV file (FILE-2.wav for machine 2, ...), or to none; ,frequency=HZ ,channels=1 ,format=u8 choose another form than what was played; again for the other card",
    group: OUTPUT,
    parse: sound,
  }),
  gdb: optional({
    flags: "--gdb <port>",
    help: "let gdb debug node 1 at this TCP port, node 2 at the next one, ... (docs/debugging.md)",
    group: DEBUGGING,
    parse: numberOf(PLANNED_DEBUGGING.gdb),
  }),
  monitor: optional({
    flags: "--monitor <where>",
    help: "commands by QEMU's names, at stdio, tcp:HOST:PORT,server, telnet:HOST:PORT,server or unix:PATH,server; add ,wait=off to begin without a client (docs/monitor.md)",
    group: DEBUGGING,
    parse: monitorPlace,
  }),
  qmp: optional({
    flags: "--qmp <where>",
    help: "the same for programs, in QEMU's protocol of JSON (docs/monitor.md)",
    group: DEBUGGING,
    parse: monitorPlace,
  }),
  stopped: flag({
    flags: "-S, --stopped",
    help: "run nothing until gdb or a monitor lets it",
    group: DEBUGGING,
    needs: ["gdb", "monitor", "qmp"],
  }),
  trace: optional({
    flags: "-d, --trace <kinds>",
    help: `trace events, a list of ${TRACE_KINDS.join(",")}`,
    group: DEBUGGING,
    parse: traceKinds,
  }),
  traceFile: optional({
    flags: "-D, --trace-file <file>",
    help: "where the trace goes",
    group: DEBUGGING,
    parse: text,
    needs: "trace",
    defaultText: "standard error",
  }),
  symbols: list({
    flags: "--symbols <file...>",
    help: "ELF files with names for the trace",
    group: DEBUGGING,
    defaultText: "kernel.elf and loader.elf beside the image",
  }),
  stats: flag({ flags: "--stats", help: "print the engine's counters at the end", group: DEBUGGING }),
  save: optional({
    flags: "--save <name>",
    help: "keep a snapshot of the whole cluster at the end (qure snapshot restore NAME)",
    group: SNAPSHOTS,
    parse: text,
  }),
  at: optional({
    flags: "--at <time>",
    help: "take the snapshot at this virtual time; the run then goes on, but qure snapshot save ends",
    group: SNAPSHOTS,
    parse: virtualTime,
    needs: "save",
  }),
  store: withDefault({
    flags: "--store <dir>",
    help: "folder of snapshots",
    group: SNAPSHOTS,
    parse: text,
    default: DEFAULT_STORE,
  }),
};

export type EmuOptions = OptionValues<typeof EMU_OPTIONS>;
export type EmuOptionName = keyof typeof EMU_OPTIONS;

const NAMES = Object.keys(EMU_OPTIONS) as EmuOptionName[];

/** What `qure snapshot save NAME` takes: the name is its argument. */
export const SAVE_OPTIONS = NAMES.filter((name) => !["save", "plan"].includes(name));

/** What `qure snapshot restore` takes: which machines there are, the snapshot says. */
export const RESTORE_OPTIONS = NAMES.filter(
  (name) => EMU_OPTIONS[name].group !== MACHINES && !["gateway", "sites", "replay", "link", "plan"].includes(name),
);
