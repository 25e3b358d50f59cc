/**
 * The hand-over of a kernel that moves (docs/protocols/fork.md, "Hand-over"): who may live when. A message that was
 * sent can be heard at any time after that, any number of times, or never. Of the two, each has a clock of its own; the
 * members beside them count the target out when they do not hear it.
 */
import { copyOf } from "../volume/explore.ts";

/** Ticks since its READY in which the target takes DONE. */
const READY_TICKS = 3;
/** A target that lives is silent after so many without a majority, and is counted out after so many. */
const ALONE_TICKS = 2;
const OUT_TICKS = 3;

type Message = "ready" | "commit" | "armed" | "done" | "live" | "gone" | "gave up" | "abort";

export interface Move {
  source: "live" | "waiting" | "given" | "gone" | "dead";
  target: "ready" | "armed" | "live" | "silent" | "gave up" | "dead";
  sent: Message[];
  /** By the target's clock. */
  readyTicks: number;
  /** The target hears nobody, and nobody hears it. */
  isCut: boolean;
  aloneTicks: number;
  silentTicks: number;
  isOut: boolean;
  /** The target knows that the source is gone: it is a node like any other. */
  isFree: boolean;
  budget: { kills: number; cuts: number };
}

export interface Faults {
  /** The target lives at COMMIT. */
  readonly noDone?: boolean;
  /** The target takes DONE at any time, and the source goes on when that time should be over. */
  readonly noLease?: boolean;
  /** The source goes on after a time without an answer, though it has said DONE. */
  readonly goesOn?: boolean;
  /** A target without a majority lives on. */
  readonly notSilent?: boolean;
  /** The others count it out before it is silent. */
  readonly outEarly?: boolean;
  /** A source that went on says DONE when it hears ARMED. */
  readonly forgetsAbort?: boolean;
  /** A target that was silent gives up, though the source is gone. */
  readonly forgetsGone?: boolean;
  /** A source that has said DONE does not hear that the target gave up. */
  readonly staysGiven?: boolean;
}

export const beginning = (): Move => ({
  source: "live",
  target: "ready",
  sent: ["ready"],
  readyTicks: 0,
  isCut: false,
  aloneTicks: 0,
  silentTicks: 0,
  isOut: false,
  isFree: false,
  budget: { kills: 1, cuts: 1 },
});

function say(move: Move, message: Message): void {
  if (!move.sent.includes(message)) move.sent = [...move.sent, message].sort();
}

/** What each message does, where it is heard. */
function hear(move: Move, message: Message, faults: Faults): void {
  const { source, target, sent } = move;
  const wasAborted = sent.includes("abort");
  switch (message) {
    case "ready":
      if (source !== "live" || wasAborted) return;
      move.source = "waiting";
      return say(move, "commit");
    case "commit":
      if (target !== "ready") return;
      move.target = faults.noDone ? "live" : "armed";
      return say(move, "armed");
    case "armed":
      if (source !== "waiting" && !(faults.forgetsAbort && source === "live" && wasAborted)) return;
      if (source === "waiting") move.source = "given";
      return say(move, "done");
    case "done":
      if (target !== "armed") return;
      move.target = "live";
      return say(move, "live");
    case "live":
      if (source === "given") move.source = "gone";
      if (move.source === "gone") say(move, "gone");
      return;
    case "gone":
      move.isFree = true;
      return;
    case "gave up":
      if (source === "waiting" || (source === "given" && !faults.staysGiven)) goOn(move);
      return;
    case "abort":
      if (target === "ready" || target === "armed") giveUp(move);
  }
}

/** The source lives as before; no message of this move starts it again. */
function goOn(move: Move): void {
  move.source = "live";
  say(move, "abort");
}

function giveUp(move: Move): void {
  move.target = "gave up";
  say(move, "gave up");
}

function tick(move: Move, faults: Faults): void {
  const { target } = move;
  const isHeard = !move.isCut && target !== "dead";
  move.readyTicks = Math.min(READY_TICKS, move.readyTicks + 1);
  if (target === "ready" || target === "armed") {
    if (move.readyTicks === READY_TICKS && !faults.noLease) giveUp(move);
    if (move.readyTicks === READY_TICKS && faults.noLease && move.source === "given") goOn(move);
  }
  move.aloneTicks = move.isCut && (target === "live" || target === "silent") ? Math.min(9, move.aloneTicks + 1) : 0;
  if (target === "live" && !move.isFree && move.aloneTicks >= ALONE_TICKS && !faults.notSilent) move.target = "silent";
  move.silentTicks = isHeard ? 0 : Math.min(9, move.silentTicks + 1);
  if (move.silentTicks >= (faults.outEarly ? 1 : OUT_TICKS)) move.isOut = true;
  if (target === "silent" && !move.isCut) comeBack(move, faults);
  if (faults.goesOn && move.source === "given" && move.readyTicks === READY_TICKS) goOn(move);
  if (move.source === "given" && move.isOut) goOn(move);
}

/** A target that was silent asks what became of the source, and its members whether it was counted out. */
function comeBack(move: Move, faults: Faults): void {
  const isAlone = (move.source === "gone" && !faults.forgetsGone) || move.source === "dead";
  if (isAlone || (move.source === "given" && !move.isOut)) move.target = "live";
  else if (move.source !== "given") giveUp(move);
}

/** All that may come next. */
export function nextOf(now: Move, faults: Faults): Move[] {
  const found: Move[] = [];
  const step = (act: (move: Move) => void): void => {
    const move = copyOf(now);
    act(move);
    found.push(move);
  };
  step((move) => tick(move, faults));
  if (!now.isCut)
    for (const message of now.sent) if (now[hearer(message)] !== "dead") step((move) => hear(move, message, faults));
  // Its person, or its patience, has enough.
  if (now.source === "waiting") step(goOn);
  if (now.budget.kills > 0)
    for (const who of ["source", "target"] as const)
      if (now[who] !== "dead")
        step((move) => {
          move[who] = "dead";
          move.budget.kills--;
        });
  if (now.isCut) step((move) => void (move.isCut = false));
  else if (now.budget.cuts > 0)
    step((move) => {
      move.isCut = true;
      move.budget.cuts--;
    });
  return found;
}

const hearer = (message: Message): "source" | "target" =>
  ["commit", "done", "gone", "abort"].includes(message) ? "target" : "source";

export function wrongMove({ source, target }: Move): string | null {
  return source === "live" && target === "live" ? "both live" : null;
}

/** What never comes to an end though nothing more goes wrong: the source has not died, and nobody lives. */
export function lost(from: Move, faults: Faults): string | null {
  const move = copyOf(from);
  move.isCut = false;
  for (let round = 0; round < 12; round++) {
    for (let heard = 0; heard < 5; heard++)
      for (const message of [...move.sent]) if (move[hearer(message)] !== "dead") hear(move, message, faults);
    tick(move, faults);
    if (round >= READY_TICKS && move.source === "waiting") goOn(move);
  }
  if (move.source === "live" || move.source === "dead" || move.target === "live") return null;
  // A target that died after it had lived is a machine that died.
  return move.source === "gone" && move.target === "dead" ? null : "nobody lives";
}
