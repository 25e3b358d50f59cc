/** What a run waits for (`--until`): the agreement of all nodes, or a text on every console. */

export interface Goal {
  /** As it was written. */
  readonly text: string;
  /** Null: the agreement. */
  readonly pattern: RegExp | null;
}

export const CLOUD: Goal = { text: "cloud", pattern: null };
const TEXT_PREFIX = "text:";

/** Throws a RangeError for a text that is no goal. */
export function parseGoal(text: string): Goal {
  if (text === CLOUD.text) return CLOUD;
  if (!text.startsWith(TEXT_PREFIX)) throw new RangeError(`${text}: write cloud or text:REGEX`);
  try {
    return { text, pattern: new RegExp(text.slice(TEXT_PREFIX.length), "m") };
  } catch (error) {
    throw new RangeError(`${text}: ${(error as Error).message}`);
  }
}
