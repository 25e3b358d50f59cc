/**
 * A small model checker: all interleavings of a few actors over a state that is plain data. A protocol is tried this
 * way before it is written: what no order of its steps can break is left for schedules that are drawn.
 */

/**
 * Who acts. `at` says what comes next; null: it has ended. A step returns all that may come of it, an answer that is
 * lost among them: the first may be the state that it was given, changed.
 */
export interface Actor<State> {
  readonly name: string;
  step(state: State): readonly State[];
  hasEnded(state: State): boolean;
}

export interface Explored {
  readonly states: number;
  /** The shortest way to a state that must not be: who acted, in order. Null: there is none. */
  readonly broken: { readonly why: string; readonly way: readonly string[] } | null;
}

/** Of a state: plain data. */
export const copyOf = <State>(state: State): State => JSON.parse(JSON.stringify(state)) as State;

/** Goes through all states that can be reached. An actor that never acts again is one that was killed or suspended. */
export function explore<State>(
  first: State,
  actors: readonly Actor<State>[],
  isWrong: (state: State) => string | null,
): Explored {
  /** How each state was come to: who acted in which. In the order in which they were found, the nearest first. */
  const found = new Map<string, readonly [actor: string, before: string] | null>([[JSON.stringify(first), null]]);
  const copy = (text: string): State => JSON.parse(text) as State;
  for (const text of found.keys()) {
    const why = isWrong(copy(text));
    if (why !== null) return { states: found.size, broken: { why, way: wayTo(found, text) } };
    for (const actor of actors) {
      const state = copy(text);
      if (actor.hasEnded(state)) continue;
      for (const after of actor.step(state)) {
        const next = JSON.stringify(after);
        if (!found.has(next)) found.set(next, [actor.name, text]);
      }
    }
  }
  return { states: found.size, broken: null };
}

function wayTo(found: ReadonlyMap<string, readonly [string, string] | null>, text: string): string[] {
  const way: string[] = [];
  for (let last = found.get(text); last; last = found.get(last[1])) way.unshift(last[0]);
  return way;
}
