/**
 * The hand-over of a kernel that moves (docs/protocols/fork.md, "A move"): who may live when. A message that was sent
 * can be heard at any time after that, any number of times, or never; each can be cut off for as long as it lasts.
 */
import { copyOf } from "../volume/explore.ts";

/** Ticks of the source's clock for which it waits for READY. */
const LEASE_TICKS = 2;

type Message = "start" | "ready" | "gone" | "abort" | "live";

export interface Move {
  /** "still" sends nothing of its own; "went on" lives as before. */
  source: "still" | "gone" | "heard" | "went on" | "dead";
  target: "waits" | "ready" | "lives" | "void" | "dead";
  sent: Message[];
  /** By the source's clock. */
  stillTicks: number;
  isCut: boolean;
  budget: { kills: number; cuts: number };
}

export interface Faults {
  /** The target lives as soon as it has landed. */
  readonly livesAtOnce?: boolean;
  /** The target lives when it has heard nothing for long. */
  readonly livesAlone?: boolean;
  /** The source goes on when it has heard nothing for long, though it has said GONE. */
  readonly goesOn?: boolean;
  /** A source that went on is gone when READY comes late. */
  readonly forgetsAbort?: boolean;
  /** The source waits for READY for ever. */
  readonly noLease?: boolean;
  /** GONE is said once. */
  readonly saysOnce?: boolean;
  /** The target starts again when it has heard nothing for long. */
  readonly givesUp?: boolean;
}

export const beginning = (): Move => ({
  source: "still",
  target: "waits",
  sent: ["start"],
  stillTicks: 0,
  isCut: false,
  budget: { kills: 1, cuts: 1 },
});

function say(move: Move, message: Message): void {
  if (!move.sent.includes(message)) move.sent = [...move.sent, message].sort();
}

/** What each message does, where it is heard. */
function hear(move: Move, message: Message, faults: Faults): void {
  const { source, target } = move;
  switch (message) {
    case "start":
      if (target !== "waits") return;
      move.target = faults.livesAtOnce ? "lives" : "ready";
      return say(move, "ready");
    case "ready":
      if (source === "still" || (faults.forgetsAbort && source === "went on")) move.source = "gone";
      if (source === "still" || (!faults.saysOnce && (source === "gone" || source === "heard"))) say(move, "gone");
      if (source === "went on") say(move, "abort");
      return;
    case "gone":
      if (target === "ready") move.target = "lives";
      if (move.target === "lives") say(move, "live");
      return;
    case "abort":
      if (target === "ready") move.target = "void";
      return;
    case "live":
      if (source === "gone") move.source = "heard";
  }
}

function tick(move: Move, faults: Faults): void {
  move.stillTicks = Math.min(LEASE_TICKS, move.stillTicks + 1);
  const isLong = move.stillTicks === LEASE_TICKS;
  if (isLong && move.source === "still" && !faults.noLease) move.source = "went on";
  if (isLong && move.source === "gone" && faults.goesOn) move.source = "went on";
  if (isLong && move.target === "ready" && faults.livesAlone) move.target = "lives";
  if (isLong && move.target === "ready" && faults.givesUp) move.target = "void";
}

const isToTarget = (message: Message): boolean => ["start", "gone", "abort"].includes(message);

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
    for (const message of now.sent)
      if (now[isToTarget(message) ? "target" : "source"] !== "dead") step((move) => hear(move, message, faults));
  // What was said is lost; who waits says it again.
  for (const message of now.sent) step((move) => void (move.sent = move.sent.filter((one) => one !== message)));
  if (now.target === "ready") step((move) => say(move, "ready"));
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

export function wrongMove({ source, target }: Move): string | null {
  return (source === "still" || source === "went on") && target === "lives" ? "both live" : null;
}

/** What never comes to an end though nothing more goes wrong: neither has died, and nobody lives. */
export function lost(from: Move, faults: Faults): string | null {
  const move = copyOf(from);
  move.isCut = false;
  for (let round = 0; round <= LEASE_TICKS; round++) {
    for (let heard = 0; heard < 4; heard++) {
      if (move.target === "ready") say(move, "ready");
      for (const message of [...move.sent])
        if (move[isToTarget(message) ? "target" : "source"] !== "dead") hear(move, message, faults);
    }
    tick(move, faults);
  }
  if (move.source === "went on" || move.target === "lives") return null;
  return move.source === "dead" || move.target === "dead" ? null : "nobody lives";
}
