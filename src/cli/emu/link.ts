/** Runs as links: `--replay LINK` repeats one, `--link` prints this one. src/lab/run-link.ts knows their form. */

import { DEFAULT_MODEL } from "../../../emulator/cpu/model.ts";
import { TICK_NS } from "../../../emulator/time/clock.ts";
import { loadFirmware } from "../../host/package.ts";
import type { Action } from "../../lab/actions.ts";
import { recordActions, replay } from "../../lab/actions.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { encodeRun, imageHash, machinesOf, type RunDescription } from "../../lab/run-link.ts";
import { CommandError, UsageError } from "../fail.ts";
import { type Media, readInput } from "./machines.ts";
import { type EmuOptions, tickOf } from "./options.ts";

/** Where `qure page` serves the page that opens links. */
const PAGE = "http://localhost:8086/";

/** What is opened, or given to `--replay`, for a run that `encodeRun` has written. */
export function pageLink(run: string): string {
  return `${PAGE}#r=${run}`;
}

/** Options for an image that is booted from a medium. */
const NAMED_WITH: Readonly<Record<RunDescription["medium"], string>> = {
  cd: "--image",
  disk: "--image or --hda",
  diskette: "--fda",
};

/** The options of a run that a link holds. Only the image is the person's own to name. */
export function optionsOf(run: RunDescription, given: EmuOptions): EmuOptions {
  const { ramBytes: memory, seed, gateway, preparedBytes } = run;
  const isPrepared = run.medium === "cd" && preparedBytes > 0;
  return { ...given, nodes: machinesOf(run), memory, seed, gateway, ...(isPrepared ? { disk: preparedBytes } : {}) };
}

interface Booted {
  readonly medium: RunDescription["medium"];
  /** For people. */
  readonly name: string;
  content(): Uint8Array;
}

/** What the machines boot from; null when there is no image. */
function bootedFrom({ cdrom, hda, diskette, kernelCd }: Media): Booted | null {
  if (kernelCd !== null) return { medium: "cd", name: "what --kernel makes", content: () => kernelCd };
  const named = [
    ["cd", cdrom],
    ["disk", hda],
    ["diskette", diskette],
  ] as const;
  for (const [medium, path] of named) if (path !== null) return { medium, name: path, content: () => readInput(path) };
  return null;
}

/** The image that a link runs, by its hash. */
function hashOf(booted: Booted): string {
  return imageHash(loadFirmware(), booted.content());
}

/** Repeats a run, and says what differs from what the link says. */
export async function replayRun(lab: LabCluster, run: RunDescription): Promise<void> {
  await replay(lab, run.actions, run.endNs);
}

/** Throws when the image is another one than the link's. */
export function checkImage(run: RunDescription, media: Media): void {
  const booted = bootedFrom(media);
  if (booted?.medium !== run.medium)
    throw new UsageError(`--replay: the link boots from a ${run.medium}: name it with ${NAMED_WITH[run.medium]}`);
  const found = hashOf(booted);
  if (found !== run.image)
    throw new CommandError(
      `--replay: the link runs the image ${run.image}, and ${booted.name} is ${found}: build the version that the link was made with, or name its image with ${NAMED_WITH[run.medium]}`,
    );
}

/** Throws when the run did not end as the link says. */
export function checkDigest(lab: LabCluster, { digest }: RunDescription): void {
  const found = lab.digest();
  if (digest !== null && found !== digest)
    throw new CommandError(`--replay: the run ended with the digest ${found}, and the link says ${digest}`);
}

/** Remembers what is done to a cluster from now on. */
export class Recorder {
  readonly #actions: readonly Action[];

  constructor(lab: LabCluster) {
    this.#actions = recordActions(lab);
  }

  /** The run so far as a link. */
  link(lab: LabCluster, options: EmuOptions, media: Media): string {
    const booted = bootedFrom(media)!;
    const run: RunDescription = {
      image: hashOf(booted),
      medium: booted.medium,
      preparedBytes: media.cdrom !== null && !media.isForeign ? options.disk : 0,
      nodes: options.replay?.nodes ?? options.nodes,
      ramBytes: options.memory,
      seed: options.seed,
      gateway: options.gateway,
      isCampaign: options.replay?.isCampaign ?? false,
      actions: this.#actions,
      endNs: lab.nowNs,
      digest: lab.digest(),
    };
    return pageLink(encodeRun(run));
  }
}

/** What of the options no link can hold. */
export function checkLinkable(options: EmuOptions, media: Media): void {
  const { dir, drive, fda, fdb, boot, firmware, vgabios, romfile, key, rtc, cdrom, hda, kernel } = options;
  const beside = fda === media.diskette ? null : fda;
  const refused = { dir, fda: beside, fdb, boot, firmware, vgabios, romfile, key, rtc, drive: drive[0] ?? null };
  const named = Object.entries(refused).find(([, value]) => value !== null);
  if (named) throw new UsageError(`--link: no link can hold --${named[0]}`);
  if (options.nic !== "e1000") throw new UsageError("--link: no link can hold --nic");
  if (tickOf(options) !== TICK_NS) throw new UsageError("--link: no link can hold --clock or --ns-per-instruction");
  if (options.cpus !== 1) throw new UsageError("--link: no link can hold --cpus");
  if (options.cpu !== DEFAULT_MODEL) throw new UsageError("--link: no link can hold --cpu");
  if (options.parallel !== null) throw new UsageError("--link: no link can hold --parallel");
  if (options.sound.length > 0) throw new UsageError("--link: no link can hold --sound");
  if (options.serial.length > 1) throw new UsageError("--link: no link can hold a second --serial");
  if (!options.reboot) throw new UsageError("--link: no link can hold --no-reboot");
  if ((cdrom ?? kernel) !== null && hda !== null)
    throw new UsageError(`--link: a link holds one image, --${kernel === null ? "cdrom" : "kernel"} or --hda`);
  if (bootedFrom(media) === null) throw new UsageError("--link: there is no image");
}
