/**
 * QEMU's sound of two words: `-audiodev wav,id=a,path=x.wav` says where sound goes, and `-device AC97,audiodev=a` who
 * makes it; `-audio wav,model=ac97,path=x.wav` says both. Here `--sound` does.
 */
import { SOUND_CARDS, type SoundCardConfig } from "../../../emulator/board-config.ts";
import { UsageError } from "../fail.ts";

interface Backend {
  readonly text: string;
  readonly id: string | undefined;
  /** What `--sound` has of it: the file, and the form of the samples. */
  readonly sound: string;
  isUsed: boolean;
}

/** QEMU's rate, where nothing is said. */
const USUAL_HERTZ = "44100";
/** Properties of a backend, and what `--sound` calls them. */
const FORM_KEYS = [
  ["out.frequency", "frequency", USUAL_HERTZ],
  ["out.channels", "channels", "2"],
  ["out.format", "format", "s16"],
] as const;
/** How QEMU mixes and buffers: nothing of it changes what is heard here, and nothing is recorded. */
const WITHOUT_EFFECT =
  /^(?:id|path|driver|model|timer-period|in\..*|out\.(?:mixing-engine|fixed-settings|voices|buffer-length|buffer-count))$/;
const BACKENDS = ["wav", "none"] as const;

/** QEMU's words for the models: `-audio` has them in small letters. */
const modelOf = (text: string): SoundCardConfig["model"] | undefined =>
  SOUND_CARDS.find((model) => model.toLowerCase() === text.toLowerCase());

/** `DRIVER,KEY=VALUE,KEY=VALUE`; the driver has a key, too. A comma in a value is doubled. */
function properties(text: string, first: string): Map<string, string> {
  const words = text.split(/(?<!,),(?!,)/).map((word) => word.replaceAll(",,", ","));
  return new Map(
    words.map((word, index) => {
      const at = word.indexOf("=");
      return at < 0 && index === 0 ? [first, word] : [word.slice(0, at < 0 ? undefined : at), word.slice(at + 1)];
    }),
  );
}

export class QemuSound {
  readonly #backends: Backend[] = [];

  /** All words, for a card may be named before its backend. */
  constructor(given: readonly string[]) {
    for (const [index, word] of given.entries())
      if (/^--?audiodev$/.test(word) && given[index + 1] !== undefined)
        this.#backends.push(this.#backend(`-audiodev ${given[index + 1]}`, properties(given[index + 1]!, "driver")));
  }

  #backend(text: string, said: ReadonlyMap<string, string>): Backend {
    const driver = said.get("driver") ?? "";
    if (!(BACKENDS as readonly string[]).includes(driver))
      throw new UsageError(
        `${text}: there is no backend ${driver}: wav,path=FILE writes sound to a file, none to nowhere`,
      );
    const unknown = [...said.keys()].find(
      (key) => !WITHOUT_EFFECT.test(key) && !FORM_KEYS.some(([known]) => known === key),
    );
    if (unknown !== undefined) throw new UsageError(`${text}: ${unknown} is no property that is known here`);
    const id = said.get("id");
    if (driver === "none") return { text, id, sound: "none", isUsed: true };
    const path = said.get("path");
    if (!path) throw new UsageError(`${text}: path=FILE is missing`);
    const form = FORM_KEYS.map(([key, ours, usual]) => `,${ours}=${said.get(key) ?? usual}`);
    return { text, id, sound: `${path}${form.join("")}`, isUsed: false };
  }

  /** What stands for `-device`; null for one that makes no sound. */
  device(text: string): readonly string[] | null {
    const said = properties(text, "driver");
    const model = SOUND_CARDS.find((known) => known === said.get("driver"));
    if (model === undefined) return null;
    const id = said.get("audiodev");
    // As QEMU, one that names none is at the first.
    const backend = id === undefined ? this.#backends[0] : this.#backends.find((known) => known.id === id);
    if (id !== undefined && backend === undefined)
      throw new UsageError(`-device ${text}: there is no -audiodev wav,id=${id},path=FILE`);
    if (backend) backend.isUsed = true;
    const place = ["iobase", "irq", "dma", "dma16"].flatMap((key) =>
      said.has(key) ? [`,${key}=${said.get(key)}`] : [],
    );
    return ["--sound", `${backend?.sound ?? "none"},card=${model}${place.join("")}`];
  }

  /** What stands for `-audio`. */
  audio(text: string): readonly string[] {
    const said = properties(text, "driver");
    const model = modelOf(said.get("model") ?? "");
    if (model === undefined)
      throw new UsageError(`-audio ${text}: model is ${SOUND_CARDS.map((known) => known.toLowerCase()).join(" or ")}`);
    return ["--sound", `${this.#backend(`-audio ${text}`, said).sound},card=${model}`];
  }

  /** Throws a UsageError for a file that nothing would be written to. */
  checkUsed(): void {
    const idle = this.#backends.find(({ isUsed }) => !isUsed);
    if (idle)
      throw new UsageError(`${idle.text}: no sound card uses it: add -device AC97,audiodev=${idle.id ?? "NAME"}`);
  }
}
