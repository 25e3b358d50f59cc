/**
 * What is wrong with one direction of a cable, and what becomes of each frame there. A frame's number in its direction
 * decides its fate, so the same run has the same losses.
 */
import { holds } from "../state/invariant.ts";
import { Random } from "../state/random.ts";
import type { StateVisitor } from "../state/state.ts";
import type { TimedFrame } from "./cable-end.ts";
import type { EthernetFrame } from "./port.ts";

/** Shares are of a hundred frames. */
export interface Trouble {
  /** Nothing gets through, and neither end's link goes down. */
  readonly blocked: boolean;
  readonly lostPercent: number;
  /** How many come later by `delayNs`, and how much more at random; those after them wait. */
  readonly delayedPercent: number;
  readonly delayNs: number;
  readonly jitterNs: number;
  /** How many come later by `reorderedNs` while those after them overtake. */
  readonly reorderedPercent: number;
  readonly reorderedNs: number;
  readonly duplicatedPercent: number;
  /** How many arrive with a wrong bit behind their addresses, and with a checksum of the frame that fits it. */
  readonly corruptedPercent: number;
  /** Bits a second, in thousands; 0: what the cable can. */
  readonly kilobits: number;
}

export const NO_TROUBLE: Trouble = {
  blocked: false,
  lostPercent: 0,
  delayedPercent: 0,
  delayNs: 0,
  jitterNs: 0,
  reorderedPercent: 0,
  reorderedNs: 0,
  duplicatedPercent: 0,
  corruptedPercent: 0,
  kilobits: 0,
};

const NUMBERS = [
  "lostPercent",
  "delayedPercent",
  "delayNs",
  "jitterNs",
  "reorderedPercent",
  "reorderedNs",
  "duplicatedPercent",
  "corruptedPercent",
  "kilobits",
] as const satisfies readonly (keyof Trouble)[];

/** Both addresses: a frame whose addresses are wrong is lost, which is another fault. */
const ADDRESS_BYTES = 12;

/** Throws a RangeError for what cannot be; `name` is the cable's. */
export function checkTrouble(name: string, trouble: Trouble): void {
  const { lostPercent, delayedPercent, delayNs } = trouble;
  const areNumbers = NUMBERS.every((key) => trouble[key] >= 0 && (!key.endsWith("Percent") || trouble[key] <= 100));
  const areWhole = [delayNs, trouble.jitterNs, trouble.reorderedNs, trouble.kilobits].every(Number.isInteger);
  if (!areNumbers || !areWhole)
    throw new RangeError(`link ${name}: ${lostPercent} % lost, ${delayedPercent} % later by ${delayNs} ns`);
}

/** A direction of a cable that has had trouble. */
export class TroubledDirection {
  trouble: Trouble = NO_TROUBLE;
  readonly #stream: string;
  /** Frames so far. */
  #frames = 0;
  /** Frames overtake each other only where `reorderedPercent` says so. */
  #lastArrivalNs = 0;

  /** `stream` tells the chances of this direction from those of others. */
  constructor(stream: string) {
    this.#stream = stream;
  }

  /** What arrives of a frame that would arrive at `arrivalNs`: nothing, it, or several copies. */
  fate(arrivalNs: number, frame: EthernetFrame): readonly TimedFrame[] {
    const { trouble } = this;
    if (trouble.blocked) return [];
    const chance = new Random(this.#frames++, this.#stream);
    if (chance.chance(trouble.lostPercent)) return [];
    const isDelayed = chance.chance(trouble.delayedPercent);
    const laterNs = isDelayed ? trouble.delayNs + (trouble.jitterNs > 0 ? chance.below(trouble.jitterNs + 1) : 0) : 0;
    const isCorrupted = trouble.corruptedPercent > 0 && chance.chance(trouble.corruptedPercent);
    const content = isCorrupted && frame.length > ADDRESS_BYTES ? corrupted(frame, chance) : frame;
    const isDuplicated = trouble.duplicatedPercent > 0 && chance.chance(trouble.duplicatedPercent);
    const copies = isDuplicated ? 2 : 1;
    holds(content.length === frame.length, "troubled cable", "a wrong bit changes the length of a frame");
    const isReordered = trouble.reorderedPercent > 0 && chance.chance(trouble.reorderedPercent);
    const inOrderNs = Math.max(arrivalNs + laterNs, this.#lastArrivalNs);
    if (!isReordered) this.#lastArrivalNs = inOrderNs;
    const timeNs = isReordered ? inOrderNs + trouble.reorderedNs : inOrderNs;
    return Array.from({ length: copies }, () => ({ timeNs, frame: content }));
  }

  visitState(visitor: StateVisitor): void {
    const numbers = Object.fromEntries(NUMBERS.map((key) => [key, visitor.f64(this.trouble[key])]));
    this.trouble = { ...NO_TROUBLE, ...numbers, blocked: visitor.bool(this.trouble.blocked) };
    this.#frames = visitor.integer(this.#frames);
    this.#lastArrivalNs = visitor.integer(this.#lastArrivalNs);
  }
}

/** A copy with one bit turned over. */
function corrupted(frame: EthernetFrame, chance: Random): EthernetFrame {
  const copy = frame.slice();
  const bit = chance.below((frame.length - ADDRESS_BYTES) * 8);
  holds(ADDRESS_BYTES + (bit >> 3) < frame.length, "troubled cable", "a wrong bit lies beyond its frame");
  copy[ADDRESS_BYTES + (bit >> 3)]! ^= 1 << (bit & 7);
  return copy;
}
