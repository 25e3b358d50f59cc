/**
 * Numbers for frames, so that columns of numbers can say which text a statement stood in. Statements that follow each
 * other mostly stand in one: only the last frame is remembered, and one that comes back gets another number.
 */

import type { SourceFrame } from "./source-frame.ts";

export class FrameNumbers {
  readonly #frames: (SourceFrame | null)[] = [null];

  numberOf(frame: SourceFrame | null): number {
    const frames = this.#frames;
    if (frames[frames.length - 1] !== frame) frames.push(frame);
    return frames.length - 1;
  }

  at(number: number): SourceFrame | null {
    return this.#frames[number]!;
  }
}
