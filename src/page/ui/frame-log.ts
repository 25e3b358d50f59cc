/**
 * The frames that the page remembers, by their numbers in the run: one that is seen again after going back is known.
 */
import type { FrameNote } from "../protocol.ts";

const MOST_FRAMES = 12_000;

export class FrameLog {
  /** In the order of their numbers. */
  #frames: FrameNote[] = [];
  readonly #known = new Set<number>();

  clear(): void {
    this.#frames = [];
    this.#known.clear();
  }

  add(frames: readonly FrameNote[]): void {
    const fresh = frames.filter(({ id }) => !this.#known.has(id));
    if (fresh.length === 0) return;
    for (const { id } of fresh) this.#known.add(id);
    const isLater = fresh[0]!.id > (this.#frames.at(-1)?.id ?? 0);
    this.#frames.push(...fresh);
    if (!isLater) this.#frames.sort((a, b) => a.id - b.id);
    // What is farthest from where the run stands is forgotten.
    const more = this.#frames.length - MOST_FRAMES;
    if (more > 0) for (const { id } of this.#frames.splice(isLater ? 0 : -more, more)) this.#known.delete(id);
  }

  /** The future after a time was left for another one. */
  part(afterNs: number): void {
    this.#frames = this.#frames.filter(({ id, sentNs }) => sentNs <= afterNs || !this.#known.delete(id));
  }

  /** What was sent up to a time. */
  until(nowNs: number): readonly FrameNote[] {
    return this.#frames.filter(({ sentNs }) => sentNs <= nowNs);
  }
}
