/** What `--sound` asks for: a sound card, and the file into which it plays. */
import { SOUND_CARDS, type SoundCardConfig } from "../../emulator/board-config.ts";
import { sb16Place } from "../../emulator/devices/sound/sb16-mixer.ts";
import { WAV_FORMATS, type WavWish } from "../lab/wav.ts";

export interface SoundWish {
  readonly card: SoundCardConfig;
  /** Null: nobody hears it. */
  readonly path: string | null;
  readonly wav: WavWish;
}

const NOWHERE = "none";
const PLACE_KEYS = ["iobase", "irq", "dma", "dma16"] as const;
const KEYS = ["card", "frequency", "channels", "format", ...PLACE_KEYS] as const;
type Key = (typeof KEYS)[number];
const LEAST_HERTZ = 1_000;
const MOST_HERTZ = 192_000;

function numberOf(text: string): number {
  return /^(?:0x[\da-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
}

/** Reads `FILE,card=sb16,irq=7,frequency=44100`. Throws a RangeError. */
export function parseSound(text: string): SoundWish {
  const fail = (reason: string): never => {
    throw new RangeError(`${text}: ${reason}`);
  };
  // Commas in a file's name are no properties.
  const words = text.split(",");
  const names = words.findIndex((word, index) => index > 0 && /^\w+=/.test(word));
  const path = words.slice(0, names < 0 ? words.length : names).join(",");
  if (path === "") fail("write FILE.wav, or none");
  const values = new Map<Key, string>();
  for (const word of names < 0 ? [] : words.slice(names)) {
    const [, name, value = ""] = /^(\w+)=(.*)$/.exec(word) ?? [];
    const key = KEYS.find((known) => known === name);
    if (key === undefined) return fail(`expected KEY=VALUE with a key of ${KEYS.join(", ")}, and got "${word}"`);
    if (values.has(key)) fail(`${key} is there twice`);
    values.set(key, value);
  }
  const among = <const Words extends readonly string[]>(key: Key, known: Words): Words[number] => {
    const value = values.get(key) ?? known[0]!;
    return known.find((word) => word === value) ?? fail(`${key}=${value}: there are ${known.join(", ")}`);
  };
  const hertz = values.get("frequency");
  const rateHertz = hertz === undefined ? null : numberOf(hertz);
  if (rateHertz !== null && !(rateHertz >= LEAST_HERTZ && rateHertz <= MOST_HERTZ))
    fail(`frequency=${hertz}: expected ${LEAST_HERTZ} to ${MOST_HERTZ}`);
  return {
    card: cardOf(among("card", SOUND_CARDS), values, fail),
    path: path === NOWHERE ? null : path,
    wav: { rateHertz, channels: among("channels", ["2", "1"]) === "2" ? 2 : 1, format: among("format", WAV_FORMATS) },
  };
}

function cardOf(
  model: SoundCardConfig["model"],
  values: ReadonlyMap<Key, string>,
  fail: (reason: string) => never,
): SoundCardConfig {
  const said = PLACE_KEYS.filter((key) => values.has(key));
  if (model === "AC97") return said.length === 0 ? { model } : fail(`${said[0]} is for card=sb16`);
  const card = { model, ...Object.fromEntries(said.map((key) => [key, numberOf(values.get(key)!)])) };
  try {
    sb16Place(card);
  } catch (error) {
    fail((error as Error).message);
  }
  return card;
}

const formatCard = ({ model, ...place }: SoundCardConfig): string =>
  [model, ...Object.entries(place).map(([key, value]) => `${key}=${value}`)].join(",");

/** As `parseSound` reads it. */
export function formatSound({ card, path, wav: { rateHertz, channels, format } }: SoundWish): string {
  const rate = rateHertz === null ? "" : `,frequency=${rateHertz}`;
  return `${path ?? NOWHERE},card=${formatCard(card)}${rate},channels=${channels},format=${format}`;
}

/** A card alone: `sb16,irq=7`. */
export const CARDS = {
  parse: (text: string): SoundCardConfig => parseSound(`${NOWHERE},card=${text}`).card,
  format: formatCard,
};
