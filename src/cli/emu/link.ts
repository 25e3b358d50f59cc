/** Runs as links: `--replay LINK` repeats one, `--link` prints this one. src/lab/run-link.ts knows their form. */

import { DEFAULT_MODEL } from "../../../emulator/cpu/model.ts";
import { loadFirmware } from "../../host/package.ts";
import type { Action, ActionWord } from "../../lab/actions.ts";
import { replay } from "../../lab/actions.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { encodeRun, imageHash, machinesOf, type RunDescription } from "../../lab/run-link.ts";
import { CommandError, UsageError } from "../fail.ts";
import { type Media, readInput } from "./machines.ts";
import type { EmuOptions } from "./options.ts";

/** Where `qure page` serves the page that opens links. */
const PAGE = "http://localhost:8086/";

/** The options of a run that a link holds. Only the image is the person's own to name. */
export function optionsOf(run: RunDescription, given: EmuOptions): EmuOptions {
  const { ramBytes: memory, seed, gateway, preparedBytes } = run;
  const isPrepared = run.medium === "cd" && preparedBytes > 0;
  return { ...given, nodes: machinesOf(run), memory, seed, gateway, ...(isPrepared ? { disk: preparedBytes } : {}) };
}

/** The image that a link runs, by its hash. */
function hashOf({ cdrom, hda, kernelCd }: Media): string {
  return imageHash(loadFirmware(), kernelCd ?? readInput((cdrom ?? hda)!));
}

/** Is it in the CD drive, and not a disk? */
function isOnCd({ cdrom, kernelCd }: Media): boolean {
  return cdrom !== null || kernelCd !== null;
}

/** Repeats a run, and says what differs from what the link says. */
export async function replayRun(lab: LabCluster, run: RunDescription): Promise<void> {
  await replay(lab, run.actions, run.endNs);
}

/** Throws when the image is another one than the link's. */
export function checkImage(run: RunDescription, media: Media): void {
  if (run.medium === "diskette" || (run.medium === "disk") === isOnCd(media))
    throw new UsageError(`--replay: the link boots from a ${run.medium}: name it with --image or --hda`);
  const found = hashOf(media);
  if (found !== run.image)
    throw new CommandError(
      `--replay: the link runs the image ${run.image}, and ${media.cdrom ?? media.hda ?? "what --kernel makes"} is ${found}: build the version that the link was made with, or name its image with --image`,
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
  readonly #actions: Action[] = [];

  constructor(lab: LabCluster) {
    lab.onAction = (word, node, values) =>
      void this.#actions.push({ atNs: lab.nowNs, word: word as ActionWord, node, values });
  }

  /** The run so far as a link. */
  link(lab: LabCluster, options: EmuOptions, media: Media): string {
    const run: RunDescription = {
      image: hashOf(media),
      medium: isOnCd(media) ? "cd" : "disk",
      preparedBytes: media.cdrom !== null && !media.isForeign ? options.disk : 0,
      nodes: options.replay?.nodes ?? options.nodes,
      ramBytes: options.memory,
      seed: options.seed,
      gateway: options.gateway,
      actions: this.#actions,
      endNs: lab.nowNs,
      digest: lab.digest(),
    };
    return `${PAGE}#r=${encodeRun(run)}`;
  }
}

/** What of the options no link can hold. */
export function checkLinkable(options: EmuOptions, media: Media): void {
  const { dir, drive, fda, fdb, boot, firmware, vgabios, romfile, key, cdrom, hda, kernel } = options;
  const named = Object.entries({ dir, fda, fdb, boot, firmware, vgabios, romfile, key, drive: drive[0] ?? null }).find(
    ([, value]) => value !== null,
  );
  if (named) throw new UsageError(`--link: no link can hold --${named[0]}`);
  if (options.nic !== "e1000") throw new UsageError("--link: no link can hold --nic");
  if (options.cpus !== 1) throw new UsageError("--link: no link can hold --cpus");
  if (options.cpu !== DEFAULT_MODEL) throw new UsageError("--link: no link can hold --cpu");
  if (!options.reboot) throw new UsageError("--link: no link can hold --no-reboot");
  if ((cdrom ?? kernel) !== null && hda !== null)
    throw new UsageError(`--link: a link holds one image, --${kernel === null ? "cdrom" : "kernel"} or --hda`);
  if (!isOnCd(media) && media.hda === null) throw new UsageError("--link: there is no image");
}
