/**
 * One case of the fuzzer of the network: from a state (fuzz-states.ts) some hundred frames come that are nearly right,
 * at times that are drawn. Then the kernel must not have faulted, must agree with itself about its memory, and must
 * answer. Cases are guided: one that reaches guest code that none has reached before is changed again later.
 */
import type { Random } from "../../../emulator/state/random.ts";
import { changed } from "./fuzz-frames.ts";
import type { Callers, FuzzScene } from "./fuzz-scene.ts";
import type { ReachedState } from "./fuzz-states.ts";

export const FRAMES = 400;
/** Of a hundred frames so many are the conversation's; cases after known ones keep so many of theirs. */
const [OWN, KEPT] = [75, 85];
/** A case from the collection is changed in so many of a hundred. */
const GUIDED = 60;
/**
 * What a stranger may have kept for long, and how many blocks at most: datagrams that wait for whoever has the socket,
 * lines that were typed by telnet, in the shell's history, and answers of DNS, in the resolver's cache.
 */
const KEPT_FOR_LONG: readonly (readonly [caller: RegExp, most: number])[] = [
  [/\budp_queue\+/, 256],
  [/\bhistory_add\+/, 200],
  [/\bnames_enter\+/, 64],
];
const TROUBLE = /^.*(?:PANIC|FATAL|page fault|vector \d+).*$/m;

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

/** Sends the frames, and has the node say that it is well. */
async function play(scene: FuzzScene, sent: readonly Sent[]): Promise<void> {
  const { lab, plug, node } = scene;
  scene.begin();
  for (const { afterUs, frame } of sent) {
    if (afterUs > 0) lab.cluster.runUntil(lab.nowNs + afterUs * 1000);
    plug.send(frame);
  }
  node.type("\x03");
  await lab.advance("1s");
  await scene.ask("\nmem check", /all headers agree/);
  await scene.ask("ping -c 1 127.0.0.1", /1 received/);
}

/** Who has more blocks than without the frames, and more than may wait; null when nobody has. */
function leaks(now: Callers, rested: Callers): string | null {
  const allowed = (who: string): number => KEPT_FOR_LONG.find(([caller]) => caller.test(who))?.[1] ?? 0;
  const more = [...now].filter(([who, blocks]) => blocks > (rested.get(who) ?? 0) + allowed(who));
  return more.length === 0 ? null : more.map(([who, blocks]) => `${blocks} blocks of ${who}`).join("\n");
}

/** Runs a case; `isRested`: and then lets time pass until everything has been given up, to see whose memory is left. */
export async function runCase(scene: FuzzScene, sent: readonly Sent[], isRested = false): Promise<Outcome> {
  if (isRested && scene.rested === null) {
    await play(scene, []);
    scene.rested = await scene.restedCallers();
  }
  const { console } = scene.node;
  const before = scene.saidBytes;
  let finding: string | null;
  try {
    await play(scene, sent);
    const left = isRested ? leaks(await scene.restedCallers(), scene.rested!) : null;
    finding = TROUBLE.exec(console.text.slice(before))?.[0] ?? left;
  } catch (error) {
    finding = `${(error as Error).message.split("\n")[0]}\n${console.text.slice(before).slice(-1500)}`;
  }
  return { finding, reached: scene.reached() };
}
