/**
 * Shrinks what happened in a failing run to few events: delta debugging (Zeller and Hildebrandt, "Simplifying and
 * isolating failure-inducing input", 2002) over the list of actions.
 */
import type { Action } from "../lab/actions.ts";

/** `fails`: whether these actions alone still break the same invariant. Tries at most `most` times. */
export function minimise(
  actions: readonly Action[],
  fails: (actions: readonly Action[]) => boolean,
  most: number,
): { readonly actions: readonly Action[]; readonly tries: number } {
  let left = actions;
  let tries = 0;
  const attempt = (candidate: readonly Action[]): boolean => {
    if (tries >= most) return false;
    tries++;
    return fails(candidate);
  };
  for (let parts = 2; left.length >= 1 && tries < most; ) {
    const size = Math.ceil(left.length / parts);
    let isSmaller = false;
    for (let from = 0; from < left.length; from += size) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      if (!attempt(without)) continue;
      left = without;
      parts = Math.max(2, parts - 1);
      isSmaller = true;
      break;
    }
    if (isSmaller) continue;
    if (size <= 1) break;
    parts = Math.min(left.length, parts * 2);
  }
  return { actions: left, tries };
}
