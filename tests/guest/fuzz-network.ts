/**
 * One case of the fuzzer of the network: from a state (fuzz-states.ts) some hundred frames come that are nearly right,
 * at times that are drawn. Then the kernel must not have faulted, must agree with itself about its memory, and must
 * answer. Cases are guided: one that reaches guest code that none has reached before is changed again later.
 */
import type { Random } from "../../emulator/state/random.ts";
import { changed } from "./fuzz-frames.ts";
import { PROMPT, type ReachedState, restorePlugged } from "./fuzz-states.ts";

export const FRAMES = 400;
/** Of a hundred frames so many are the conversation's; cases after known ones keep so many of theirs. */
const [OWN, KEPT] = [75, 85];
/** A case from the collection is changed in so many of a hundred. */
const GUIDED = 60;
/** How long the node may take for what it was sent, and to say that it is well. */
const WELL_WITHIN = "30s";

/** A frame and how long after the one before it comes. */
export interface Sent {
  readonly afterUs: number;
  readonly frame: Uint8Array;
}

function pauseUs(random: Random): number {
  const kind = random.below(100);
  if (kind < 25) return 0;
  if (kind < 92) return 20 + random.below(180);
  return random.below(kind < 99 ? 40_000 : 1_500_000);
}

/** Draws a case, from one of the state's that was worth keeping or from its frames alone. */
export function drawCase(random: Random, state: ReachedState, collection: readonly (readonly Sent[])[]): Sent[] {
  const parent = collection.length > 0 && random.chance(GUIDED) ? random.pick(collection) : [];
  return Array.from({ length: FRAMES }, (_, place) => {
    const known = parent[place];
    if (known && random.chance(KEPT)) return known;
    const isOwn = state.own > 0 && random.chance(OWN);
    const original = isOwn
      ? state.frames[random.below(state.own)]!
      : state.frames[state.own + random.below(state.frames.length - state.own)]!;
    return { afterUs: pauseUs(random), frame: changed(random, known && random.chance(50) ? known.frame : original) };
  });
}

export interface Outcome {
  /** What is wrong, or null. */
  readonly finding: string | null;
  /** Addresses of guest code that was decoded. */
  readonly reached: ReadonlySet<number>;
}

/** Runs a case. */
export async function runCase(state: ReachedState, sent: readonly Sent[]): Promise<Outcome> {
  const { lab, plug } = restorePlugged(state);
  const node = lab.nodes[0]!;
  const reached = new Set<number>();
  for (const { processor } of lab.cluster.machines)
    processor.setCodeProbe({ wants: (address) => (reached.add(address >>> 0), false), reached: () => false });
  const before = node.console.text.length;
  try {
    for (const { afterUs, frame } of sent) {
      if (afterUs > 0) lab.cluster.runUntil(lab.nowNs + afterUs * 1000);
      plug.send(frame);
    }
    node.type("\x03");
    await lab.advance("1s");
    node.type("\nmem check\n");
    await node.waitFor(/all headers agree/, { within: WELL_WITHIN });
    await node.waitFor(PROMPT, { within: WELL_WITHIN });
    node.type("ping -c 1 127.0.0.1\n");
    await node.waitFor(/1 received/, { within: WELL_WITHIN });
    const said = node.console.text.slice(before);
    const trouble = /^.*(?:PANIC|FATAL|page fault|vector \d+).*$/m.exec(said);
    return { finding: trouble ? trouble[0] : null, reached };
  } catch (error) {
    const said = node.console.text.slice(before);
    return { finding: `${(error as Error).message.split("\n")[0]}\n${said.slice(-1500)}`, reached };
  } finally {
    lab.close();
  }
}
