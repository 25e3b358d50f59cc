/**
 * The hand-over of a kernel that moves (docs/protocols/fork.md, "A move"): who may live when. A message that was sent
 * can be heard at any time after that, any number of times, or never; each can be cut off for as long as it lasts. With
 * a volume: whose disk has the files, after a power cut at any moment.
 */
/** Ticks of the source's clock for which it waits for READY. */
const LEASE_TICKS = 2;

type Message = "block" | "start" | "ready" | "gone" | "abort" | "live";

export interface Volumes {
  /** The first sector of each: what is "written" is lost or not where the power goes before it is flushed. */
  source: "files" | "away written" | "away";
  target: "own" | "away" | "files written" | "files" | "unwritable";
  /** What came of the other blocks. */
  blocks: "own" | "written" | "flushed" | "lost";
  /** Power was cut when the source was gone, and had its files: then both may have them. */
  wasCutBetween: boolean;
}

export interface Move {
  /** "still" sends nothing of its own; "went on" lives as before; "again": its machine has started again. */
  source: "still" | "gone" | "heard" | "went on" | "dead" | "again";
  target: "waits" | "ready" | "lives" | "void" | "dead" | "again";
  volumes: Volumes | null;
  sent: Message[];
  /** By the source's clock. */
  stillTicks: number;
  isCut: boolean;
  budget: { kills: number; cuts: number; fails: number };
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
  /** The target has the id of the source's card. */
  readonly keepsId?: boolean;
  /** The target's superblock is away after the first blocks. */
  readonly wipesLate?: boolean;
  /** The target says READY with blocks in the cache of its drive. */
  readonly readyUnflushed?: boolean;
  /** The target says LIVE before it has written its superblock, */
  readonly livesFirst?: boolean;
  /** or before that is flushed. */
  readonly livesUnflushed?: boolean;
  /** The source makes its volume away when it says GONE. */
  readonly awayAtGone?: boolean;
  /** The source keeps its volume. */
  readonly neverAway?: boolean;
}

/** `sent` is never changed, but replaced. */
const copyOf = (move: Move): Move => ({
  ...move,
  volumes: move.volumes && { ...move.volumes },
  budget: { ...move.budget },
});

export const beginning = (hasVolume = false): Move => ({
  source: "still",
  target: "waits",
  volumes: hasVolume ? { source: "files", target: "own", blocks: "own", wasCutBetween: false } : null,
  sent: hasVolume ? ["block", "start"] : ["start"],
  stillTicks: 0,
  isCut: false,
  budget: hasVolume ? { kills: 2, cuts: 1, fails: 1 } : { kills: 1, cuts: 1, fails: 0 },
});

function say(move: Move, message: Message): void {
  if (!move.sent.includes(message)) move.sent = [...move.sent, message].sort();
}

/** Whether the target says LIVE. */
function isThere({ target }: Volumes, faults: Faults): boolean {
  return target === "files" || faults.livesFirst || (target === "files written" && faults.livesUnflushed) || false;
}

/** What each message does, where it is heard. */
function hear(move: Move, message: Message, faults: Faults): void {
  const { source, target, volumes } = move;
  switch (message) {
    case "block":
      if (target !== "waits" || !volumes) return;
      if (volumes.target === "own" && !faults.wipesLate) volumes.target = "away";
      else if (volumes.blocks === "own") volumes.blocks = "written";
      else volumes.target = "away";
      return;
    case "start":
      if (target !== "waits" || (volumes && (volumes.target === "own" || volumes.blocks === "own"))) return;
      if (volumes && !faults.readyUnflushed) volumes.blocks = "flushed";
      move.target = faults.livesAtOnce ? "lives" : "ready";
      return say(move, "ready");
    case "ready":
      if (source === "still" || (faults.forgetsAbort && source === "went on")) move.source = "gone";
      if (source === "still" || (!faults.saysOnce && (source === "gone" || source === "heard"))) say(move, "gone");
      if (source === "went on") say(move, "abort");
      if (volumes && move.source === "gone" && faults.awayAtGone) volumes.source = "away";
      return;
    case "gone":
      if (target === "ready") move.target = "lives";
      if (move.target === "lives" && (!volumes || isThere(volumes, faults))) say(move, "live");
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

/** Whoever waits says again what it has said. */
function repeat(move: Move, faults: Faults): void {
  if (move.target === "ready") say(move, "ready");
  if (move.source === "gone" && !faults.saysOnce) say(move, "gone");
}

const isToTarget = (message: Message): boolean => ["block", "start", "gone", "abort"].includes(message);

/** What the two machines do with their disks next. */
function write(move: Move, faults: Faults): void {
  const { source, target, volumes } = move;
  if (!volumes) return;
  if (target === "lives" && volumes.target === "files written") {
    volumes.target = "files";
    volumes.blocks = volumes.blocks === "written" ? "flushed" : volumes.blocks;
  } else if (target === "lives" && volumes.target === "away") volumes.target = "files written";
  else if (source === "heard" && volumes.source === "files" && !faults.neverAway) volumes.source = "away written";
  else if (source === "heard" && volumes.source === "away written") volumes.source = "away";
  else if (source === "heard") move.source = "again";
}

/** The power of a machine goes: what its drive had not flushed is there or not. */
function cutPower(move: Move, who: "source" | "target"): Move[] {
  const { volumes } = move;
  if (volumes && ["gone", "heard"].includes(move.source) && volumes.source !== "away") volumes.wasCutBetween = true;
  move[who] = "dead";
  move.budget.kills--;
  if (!volumes) return [move];
  if (who === "source") {
    if (volumes.source !== "away written") return [move];
    return (["files", "away"] as const).map((sector) => ({ ...move, volumes: { ...volumes, source: sector } }));
  }
  const sectors = volumes.target === "files written" ? (["away", "files"] as const) : [volumes.target];
  const rests = volumes.blocks === "written" ? (["lost", "flushed"] as const) : [volumes.blocks];
  return sectors.flatMap((sector) =>
    rests.map((blocks) => ({ ...move, volumes: { ...volumes, target: sector, blocks } })),
  );
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
    for (const message of now.sent)
      if (now[isToTarget(message) ? "target" : "source"] !== "dead") step((move) => hear(move, message, faults));
  // What was said is lost; who waits says it again.
  for (const message of now.sent) step((move) => void (move.sent = move.sent.filter((one) => one !== message)));
  step((move) => repeat(move, faults));
  if (now.budget.kills > 0)
    for (const who of ["source", "target"] as const) if (now[who] !== "dead") found.push(...cutPower(copyOf(now), who));
  if (now.volumes) {
    step((move) => write(move, faults));
    for (const who of ["source", "target"] as const)
      if (now[who] === "dead") step((move) => void (move[who] = "again"));
    // People end what waits for a machine that they see is off.
    if (now.source === "gone" && now.target === "dead") step((move) => void (move.source = "again"));
    if (now.target === "ready" && now.source === "dead") step((move) => void (move.target = "void"));
    if (now.target === "lives" && now.volumes.target === "away" && now.budget.fails > 0)
      step((move) => {
        move.volumes!.target = "unwritable";
        move.budget.fails--;
      });
  }
  if (now.isCut) step((move) => void (move.isCut = false));
  else if (now.budget.cuts > 0)
    step((move) => {
      move.isCut = true;
      move.budget.cuts--;
    });
  return found;
}

export function wrongMove({ source, target, volumes }: Move, faults: Faults = {}): string | null {
  if ((source === "still" || source === "went on") && target === "lives") return "both live";
  if (source === "again" && target === "lives" && faults.keepsId) return "two have one id";
  if (!volumes) return null;
  const mayBeThere = volumes.target === "files" || volumes.target === "files written";
  if ((mayBeThere && volumes.blocks !== "flushed") || (volumes.target === "own" && volumes.blocks !== "own"))
    return "half of the files are there";
  return volumes.source !== "files" && volumes.target !== "files" ? "nobody has the files" : null;
}

/** What never comes to an end though nothing more goes wrong: neither has died, and nobody lives. */
export function lost(from: Move, faults: Faults): string | null {
  const move = copyOf(from);
  move.isCut = false;
  for (let round = 0; round <= LEASE_TICKS; round++) {
    for (let heard = 0; heard < 6; heard++) {
      repeat(move, faults);
      for (const message of [...move.sent])
        if (move[isToTarget(message) ? "target" : "source"] !== "dead") hear(move, message, faults);
      write(move, faults);
    }
    tick(move, faults);
  }
  const { source, target, volumes } = move;
  if (volumes?.source === "files" && volumes.target === "files" && !volumes.wasCutBetween && target === "lives")
    return "both have the files";
  if (source === "went on" || target === "lives") return null;
  return [source, target].some((state) => state === "dead" || state === "again") ? null : "nobody lives";
}
