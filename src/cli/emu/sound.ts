/** `--sound`: the cards of all machines play into WAV files, a file for each machine. */
import { extname } from "node:path";
import { SOUND_CARDS, type SoundCardConfig } from "../../../emulator/board-config.ts";
import type { LabCluster } from "../../lab/lab.ts";
import type { SoundWish } from "../../plan/sound-wish.ts";
import { UsageError } from "../fail.ts";
import type { Surroundings } from "./shelf.ts";
import { WavFile } from "./wav-file.ts";

/** Throws a UsageError where a machine cannot have the cards, or does not: it `has` others. */
export function checkSound(wishes: readonly SoundWish[], has: readonly SoundCardConfig[]): void {
  const models = wishes.map(({ card }) => card.model);
  const twice = models.find((model, index) => models.indexOf(model) < index);
  if (twice !== undefined)
    throw new UsageError(
      `--sound: a machine has one ${twice}; write card=${SOUND_CARDS.find((other) => other !== twice)}`,
    );
  const missing = models.find((model) => !has.some((card) => card.model === model));
  if (missing) throw new UsageError(`--sound: the machine has no ${missing}`);
}

/** The file of a machine: the first one's is that which was named, the others' have their number at the end of it. */
function soundPath(path: string, index: number): string {
  const extension = extname(path);
  return index === 0 ? path : `${path.slice(0, path.length - extension.length)}-${index + 1}${extension}`;
}

/** Has them play into their files; `cards`: those of each machine. What nobody wants is not kept. */
export function recordSound(
  lab: LabCluster,
  wishes: readonly SoundWish[],
  cards: readonly SoundCardConfig[],
  { closers }: Pick<Surroundings, "closers">,
): void {
  for (const [place, { model }] of cards.entries())
    for (const { sounds, index } of lab.nodes) {
      const wish = wishes.find(({ card }) => card.model === model);
      const file = wish?.path ? new WavFile(soundPath(wish.path, index), wish.wav) : null;
      const silence = sounds[place]!.listen((rateHertz, samples) => file?.append(rateHertz, samples));
      closers.push(() => {
        silence();
        file?.close();
      });
    }
}
