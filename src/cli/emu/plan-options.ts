/**
 * The plan that the options of `qure emu` make: the one file that reads them. What they leave out is decided here:
 * which image is booted, whose system it is, in which places drives are, and what the run waits for.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { MOST_SERIAL_PORTS, USUAL_SERIAL_PORTS } from "../../../emulator/board-config.ts";
import { MODELS } from "../../../emulator/cpu/model.ts";
import { formatMac } from "../../../emulator/ether/packet.ts";
import { FileDisk } from "../../host/file-disk.ts";
import { readIfPresent } from "../../host/files.ts";
import { VOLUME_PREFIX, VolumeDisk } from "../../host/volume-disk.ts";
import { isElf } from "../../image/kernel-start/elf.ts";
import { isIso, isOurs, RECOGNISED_BYTES } from "../../image/recognise.ts";
import { campaignMacAddress } from "../../lab/campaign-machines.ts";
import { machinesOf } from "../../lab/run-link.ts";
import { fromOptions } from "../../plan/fields.ts";
import { CLOUD, type Goal } from "../../plan/goal.ts";
import { readPlan } from "../../plan/plan.ts";
import { drive } from "../../plan/run.ts";
import {
  CD,
  DEBUGGING,
  type DrivePlan,
  KEY_OF_SEED,
  type KernelPlan,
  MACHINE,
  type MachinePlan,
  NETWORK,
  OUTPUTS,
  OWN_DISK,
  PLAN,
  type Plan,
  RUN,
  SNAPSHOTS,
} from "../../plan/schema.ts";
import { formatDate } from "../../plan/start-date.ts";
import { CommandError, UsageError } from "../fail.ts";
import { longName } from "../option-table.ts";
import { furtherDrives } from "./drives.ts";
import { isConversation } from "./lines.ts";
import { EMU_OPTIONS, type EmuOptionName, type EmuOptions, tickOf } from "./options.ts";
import { readInput } from "./shelf.ts";

const DEFAULT_IMAGE = "build/qure.iso";
const MANIFEST = "build/manifest.json";
const MOST_PLAN_BYTES = 16 << 20;
/** `--key open`. */
const OPEN = "open";

/** What is booted. */
interface Media {
  readonly cdrom: string | null;
  readonly hda: string | null;
  /** Somebody else's system: no disk is prepared for it, and there is no cluster to wait for. */
  readonly isForeign: boolean;
}

export interface Planned {
  readonly plan: Plan;
  /** What a person is told of it. */
  readonly notes: readonly string[];
}

/** `restore`: a snapshot, whose machines the run has. Throws a UsageError, a CommandError or a PlanError. */
export function planFromOptions(given: EmuOptions, restore: string | null): Planned {
  if (given.plan !== null) return { plan: planFromFile(given.plan, given), notes: [] };
  const options = given.replay ? { ...given, ...linked(given.replay) } : given;
  const media = restore === null ? chooseMedia(options) : NO_MEDIA;
  const { rtc } = options;
  const plan: Plan = {
    ...fromOptions(PLAN, options),
    system: media.isForeign ? "other" : "qure",
    nsPerInstruction: tickOf(options),
    ...(rtc ? { startSeconds: rtc.seconds } : {}),
    machines: restore === null ? machines(options, media) : [],
    network: fromOptions(NETWORK, options),
    run: runOf(options, media),
    outputs: fromOptions(OUTPUTS, options),
    debugging: debugging(options),
    snapshots: { ...fromOptions(SNAPSHOTS, options), restore },
  };
  return { plan, notes: rtc?.isNow ? [`the clocks begin at --rtc ${formatDate(rtc.seconds)}`] : [] };
}

/** A plan says everything: it goes with no other option. */
function planFromFile(path: string, given: EmuOptions): Plan {
  const others = Object.entries(EMU_OPTIONS).filter(([name]) => name !== "plan" && name !== "printPlan");
  const other = others.find(
    ([name, { initial }]) => JSON.stringify(given[name as EmuOptionName]) !== JSON.stringify(initial),
  );
  if (other) throw new UsageError(`--plan: the file says all of it: leave ${longName(other[1])} out`);
  const bytes = readInput(path);
  if (bytes.length > MOST_PLAN_BYTES) throw new CommandError(`${path}: larger than a plan can be, which is 16 MiB`);
  return readPlan(new TextDecoder().decode(bytes), path);
}

/** The options that a link gives. Only the image is the person's own to name. */
function linked(run: NonNullable<EmuOptions["replay"]>): Partial<EmuOptions> {
  const { ramBytes: memory, seed, gateway, sites = null, preparedBytes } = run;
  return {
    nodes: machinesOf(run),
    memory,
    seed,
    gateway,
    sites,
    ...(run.medium === "cd" ? { disk: preparedBytes } : {}),
  };
}

/** The media of a snapshot's machines are in the snapshot. */
const NO_MEDIA: Media = { cdrom: null, hda: null, isForeign: false };

function chooseMedia({ image, cdrom, hda, fda, kernel, firmware, drive: drives }: EmuOptions): Media {
  const known = (iso: string | null, disk: string | null): Media => ({
    cdrom: iso,
    hda: disk,
    isForeign: fda !== null || ![iso, disk].some((path) => path !== null && isOurs(beginningOf(path))),
  });
  if (kernel !== null) return { cdrom: null, hda, isForeign: true };
  if (image !== null) return isIso(beginningOf(image)) ? known(image, null) : known(null, image);
  if (cdrom !== null || hda !== null || fda !== null) return known(cdrom, hda);
  // Firmware of others may start from a drive that ours does not look at.
  if (firmware !== null && drives.length > 0) return known(null, null);
  const built = builtImage();
  if (built !== null) return isIso(beginningOf(built)) ? known(built, null) : known(null, built);
  if (!existsSync(DEFAULT_IMAGE))
    throw new CommandError(
      `${DEFAULT_IMAGE}: no such file; \`qure build\` makes it from the sources in this folder, \`qure build --packaged\` from QuRe's own; --image names another one`,
    );
  return { cdrom: DEFAULT_IMAGE, hda: null, isForeign: false };
}

/** The image that the manifest of a build by a spec names (src/cli/build.ts). */
function builtImage(): string | null {
  const manifest = readIfPresent(MANIFEST);
  if (manifest === null) return null;
  try {
    const { boots } = JSON.parse(Buffer.from(manifest).toString()) as { readonly boots?: unknown };
    return typeof boots === "string" && existsSync(join(dirname(MANIFEST), boots))
      ? join(dirname(MANIFEST), boots)
      : null;
  } catch {
    return null;
  }
}

/** The beginning of a file, by which it is recognised. */
function beginningOf(path: string): Uint8Array {
  const file = path.startsWith(VOLUME_PREFIX)
    ? new VolumeDisk(path, { readOnly: true })
    : new FileDisk(path, { readOnly: true });
  try {
    const bytes = new Uint8Array(RECOGNISED_BYTES);
    file.read(0, bytes.subarray(0, Math.min(RECOGNISED_BYTES, file.sizeBytes)));
    return bytes;
  } finally {
    file.close();
  }
}

/** Those that are on from the beginning, and those that a link brings later. */
function machines(options: EmuOptions, media: Media): MachinePlan[] {
  const { nodes, replay } = options;
  const machine = oneMachine(options, media);
  const on = replay ? replay.nodes : nodes;
  if (replay?.isCampaign)
    return Array.from({ length: nodes }, (_, index) => ({
      ...machine,
      macAddress: formatMac(campaignMacAddress(index)),
      off: index >= on,
    }));
  const all = { ...machine, count: on };
  return nodes > on ? [all, { ...machine, count: nodes - on, off: true }] : [all];
}

function oneMachine(options: EmuOptions, media: Media): MachinePlan {
  const { cpu, cpus, serial, parallel, sound, boot, kernel, fda } = options;
  if (cpus > 1 && !MODELS[cpu].hasApic)
    throw new UsageError(`--cpus ${cpus}: the model ${cpu} has no local APIC; use --cpu pentium or later`);
  const hasOther = media.hda !== null || fda !== null || options.drive.length > 0;
  return {
    ...fromOptions(MACHINE, options),
    drives: drives(options, media),
    kernel: kernel === null ? null : kernelOf(kernel, options),
    // Who names a kernel means it, whatever the disk and the diskette hold.
    bootOrder: boot ?? (kernel !== null && hasOther ? "d" : null),
    serialPorts: Math.min(Math.max(serial.length, USUAL_SERIAL_PORTS), MOST_SERIAL_PORTS),
    parallelPort: parallel !== null,
    sound: sound.map(({ card }) => card),
    key: keyOf(options, media),
  };
}

/** Their cluster's key; none where it is open, or where the system is somebody else's. */
function keyOf({ key }: EmuOptions, { isForeign }: Media): string | null {
  if (key === OPEN) return null;
  return key ?? (isForeign ? null : KEY_OF_SEED);
}

function kernelOf(path: string, { append, initrd }: EmuOptions): KernelPlan {
  // As QEMU takes them: files separated by commas, each with a text for the kernel after it.
  const modules = (initrd === null ? [] : initrd.split(",")).map((part) => {
    const [, file = "", text = ""] = /^\s*(\S*)\s*(.*)$/.exec(part) ?? [];
    return { path: file, text: text.trim() };
  });
  return { path, append: append ?? "", modules };
}

function drives(
  { dir, disk, drive: further, fda, fdb, kernel }: EmuOptions,
  { cdrom, hda, isForeign }: Media,
): DrivePlan[] {
  const kept = { keptIn: dir };
  // Blank disks are wanted, and prepared for QuRe.
  const isBlank = hda === null && cdrom !== null && !isForeign && disk > 0;
  const found = [
    ...(hda !== null ? [drive(OWN_DISK, { path: hda, ...kept })] : []),
    ...(isBlank ? [drive(OWN_DISK, { blank: disk, isPrepared: true, ...kept })] : []),
    ...(cdrom !== null ? [drive(CD, { kind: "cd", path: cdrom })] : []),
    ...(fda !== null ? [drive("fda", { path: fda })] : []),
    ...(fdb !== null ? [drive("fdb", { path: fdb })] : []),
  ];
  return [...found, ...furtherDrives(further, (cdrom ?? kernel) !== null)];
}

function runOf(options: EmuOptions, media: Media): Plan["run"] {
  const { replay, until, json } = options;
  return {
    ...fromOptions(RUN, options),
    until: replay ? null : chooseGoal(options, media),
    stay: !json && [options.for, until, replay].every((value) => value === null),
  };
}

/** The goal that was named, or the agreement of all nodes where QuRe boots from CD and nothing else was asked for. */
function chooseGoal(options: EmuOptions, { cdrom, hda, isForeign }: Media): Goal | null {
  const { until, script, gdb, monitor, qmp, forward, netdev, serial, parallel, debugcon } = options;
  // Each site is a cluster by itself.
  if (options.sites !== null && until === CLOUD)
    throw new UsageError("--until cloud: sites never become one cluster; use --for or --until text:REGEX");
  if (until !== null) return until;
  if (options.sites !== null) return null;
  // Who opens a way to the machines wants them to stay.
  if (forward.length + netdev.length > 0) return null;
  if ([...serial, parallel, debugcon].some((place) => place !== null && isConversation(place))) return null;
  const isOurCd = cdrom !== null && hda === null && !isForeign;
  return isOurCd && [options.for, script, gdb, monitor, qmp].every((value) => value === null) ? CLOUD : null;
}

function debugging(options: EmuOptions): Plan["debugging"] {
  const { kernel, symbols, trace } = options;
  // A kernel that is an ELF file has the names of its code with it.
  const named = kernel !== null && symbols.length === 0 && isElf(readInput(kernel)) ? [kernel] : symbols;
  return { ...fromOptions(DEBUGGING, options), trace: [...(trace ?? [])], symbols: named };
}
