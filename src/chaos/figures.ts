/** What a run measures beside its verdict: how fast deaths are seen, who sends how much. */
import type { Action } from "../lab/actions.ts";
import type { Subject, Watchfulness } from "./invariant.ts";
import type { WireFrame, World } from "./world.ts";

export interface Figures {
  /** From a machine's death until everybody who could see it has. */
  readonly detectionsMs: readonly number[];
  /** From the death of the one who spoke for all until another does. */
  readonly takeoversMs: readonly number[];
  /** From the last repair until all was well. */
  readonly healedMs: number | null;
  /** By machine: frames and bytes that it sent. */
  readonly frames: readonly number[];
  readonly bytes: readonly number[];
}

const DEATHS: ReadonlySet<string> = new Set(["cut", "unplug", "unflushed", "older"]);
/** What takes longer was something else. */
const MOST_NS = 10e9;

export class Meter {
  readonly #world: World;
  readonly #watchfulness: Watchfulness | undefined;
  readonly #frames: number[];
  readonly #bytes: number[];
  readonly #detections: number[] = [];
  readonly #takeovers: number[] = [];
  #healedMs: number | null = null;
  #dead: { node: number; atNs: number; spoke: boolean; isSeen: boolean }[] = [];

  constructor(world: World, subject: Subject) {
    this.#world = world;
    this.#watchfulness = subject.watchfulness;
    this.#frames = world.nodes.map(() => 0);
    this.#bytes = world.nodes.map(() => 0);
  }

  frame({ cable, toSwitch, bytes }: WireFrame): void {
    if (!toSwitch || cable < 0 || cable >= this.#frames.length) return;
    this.#frames[cable]!++;
    this.#bytes[cable]! += bytes.length;
  }

  action({ word, node }: Action): void {
    if (!this.#watchfulness) return;
    const world = this.#world;
    if (DEATHS.has(word) && word !== "unflushed")
      this.#dead.push({ node, atNs: world.nowNs, spoke: node === this.#spoke, isSeen: false });
    else this.#dead = this.#dead.filter((death) => death.node !== node);
  }

  #spoke: number | null = null;

  look(): void {
    if (!this.#watchfulness) return;
    const world = this.#world;
    const speaker = this.#watchfulness.speaker(world);
    for (const death of [...this.#dead]) {
      const sinceNs = world.nowNs - death.atNs;
      const isOver = sinceNs > MOST_NS;
      // Only those who were well all the time are asked.
      const observers = world.nodes.filter(
        ({ index, cleanSinceNs }) => index !== death.node && cleanSinceNs < death.atNs - 2e9,
      );
      const sights = observers.map(({ index }) => this.#watchfulness!.sees(world, index, death.node));
      if (!death.isSeen && sights.length > 0 && sights.every((sees) => sees === false)) {
        death.isSeen = true;
        this.#detections.push(sinceNs / 1e6);
      }
      const isReplaced = speaker !== null && speaker !== death.node && observers.some(({ index }) => index === speaker);
      if (death.spoke && isReplaced) {
        death.spoke = false;
        this.#takeovers.push(sinceNs / 1e6);
      }
      if (isOver || (death.isSeen && !death.spoke)) this.#dead.splice(this.#dead.indexOf(death), 1);
    }
    this.#spoke = speaker;
  }

  healed(afterNs: number): void {
    this.#healedMs ??= afterNs / 1e6;
  }

  figures(): Figures {
    return {
      detectionsMs: this.#detections,
      takeoversMs: this.#takeovers,
      healedMs: this.#healedMs,
      frames: this.#frames,
      bytes: this.#bytes,
    };
  }
}

/** The value below which so many of a hundred are; null of nothing. */
export function percentile(values: readonly number[], percent: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null;
}
