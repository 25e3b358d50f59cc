/** Pictures of a run for its report, as SVG: faults over time, and messages around the moment at which it broke. */
import type { Action } from "../lab/actions.ts";
import { LEAVING } from "../lab/fault-kinds.ts";
import { readClusterPacket } from "../wire/cluster.ts";
import { decodeFrame, summarize } from "../wire/frame.ts";
import { type SentFrame, strokesOf } from "../wire/strokes.ts";
import type { WireFrame } from "./world.ts";

const WIDTH = 1100;
const LEFT = 90;
const RIGHT = 16;
const TOP = 24;
const LANE = 34;

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What ends what: words that begin a trouble, with those that end it. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  unplug: ["plug"],
  cut: ["power"],
  older: ["power"],
  button: ["power"],
  slow: ["slow"],
  fail: ["fail"],
  full: ["fail"],
  flip: ["flip"],
  unflushed: ["unflushed"],
  deaf: ["hear", "heal"],
  type: ["type"],
};
const CABLE_WORDS = new Set(["block", "lose", "delay", "jitter", "reorder", "duplicate", "corrupt", "rate"]);

export interface Shade {
  readonly node: number;
  readonly word: string;
  readonly fromNs: number;
  readonly untilNs: number;
}

/** When which fault was in force at which machine. */
export function shadesOf(actions: readonly Action[], endNs: number): Shade[] {
  return actions.flatMap((action, index): Shade[] => {
    const { word, node, atNs, values } = action;
    if (word === "freeze") return [{ node, word, fromNs: atNs, untilNs: Math.min(endNs, atNs + Number(values[0])) }];
    if (word === "reset" || word === "clock") return [{ node, word, fromNs: atNs, untilNs: atNs }];
    if (String(values[0]).startsWith("cloud set ")) return [{ node, word: "set", fromNs: atNs, untilNs: atNs }];
    const ends = CABLE_WORDS.has(word) ? ["heal"] : ENDS[word];
    const isRight = values.length > 0 && values.every((value) => value === 0 || (word === "slow" && value === 1));
    if (ends === undefined || isRight || values[0] === LEAVING.enter) return [];
    const end = actions.slice(index + 1).find((later) => later.node === node && ends.includes(later.word));
    return [{ node, word: word === "type" ? "leave" : word, fromNs: atNs, untilNs: end?.atNs ?? endNs }];
  });
}

interface Axis {
  readonly fromNs: number;
  readonly untilNs: number;
}

function frame(lanes: readonly string[], axis: Axis, content: string): string {
  const height = TOP + lanes.length * LANE + 8;
  const x = scale(axis);
  const ticks = Array.from({ length: 6 }, (_, tick) => {
    const timeNs = axis.fromNs + ((axis.untilNs - axis.fromNs) * tick) / 5;
    return `<text x="${x(timeNs)}" y="14" text-anchor="middle" class="quiet">${(timeNs / 1e9).toFixed(3)} s</text>`;
  });
  const rows = lanes.map(
    (name, lane) =>
      `<text x="6" y="${laneY(lane) + 4}">${escaped(name)}</text><line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${laneY(lane)}" y2="${laneY(lane)}" class="lane"/>`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img">${ticks.join("")}${rows.join("")}${content}</svg>`;
}

function laneY(lane: number): number {
  return TOP + lane * LANE + LANE / 2;
}

function scale({ fromNs, untilNs }: Axis): (timeNs: number) => number {
  return (timeNs) =>
    Math.round((LEFT + ((timeNs - fromNs) / Math.max(1, untilNs - fromNs)) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
}

/** `brokenNs`: null for a run that survived. */
export function timeline(
  lanes: readonly string[],
  shades: readonly Shade[],
  endNs: number,
  healedNs: number | null,
  brokenNs: number | null,
): string {
  const axis = { fromNs: 0, untilNs: endNs };
  const x = scale(axis);
  const bottom = TOP + lanes.length * LANE;
  const boxes = shades.map(({ node, word, fromNs, untilNs }) => {
    const width = Math.max(2, x(untilNs) - x(fromNs));
    const label =
      width > 40 ? `<text x="${x(fromNs) + 4}" y="${laneY(node) + 4}" class="in">${escaped(word)}</text>` : "";
    return `<rect x="${x(fromNs)}" y="${laneY(node) - 11}" width="${width}" height="22" class="fault"><title>${escaped(word)}, ${fromNs / 1e6} ms to ${untilNs / 1e6} ms</title></rect>${label}`;
  });
  const mark = (timeNs: number | null, kind: string, text: string): string =>
    timeNs === null
      ? ""
      : `<line x1="${x(timeNs)}" x2="${x(timeNs)}" y1="${TOP - 4}" y2="${bottom}" class="${kind}"><title>${text}</title></line>`;
  return frame(
    lanes,
    axis,
    boxes.join("") + mark(healedNs, "healed", "all is mended") + mark(brokenNs, "broken", "broken"),
  );
}

/** Frames as the page's diagram takes them: a frame out of the switch knows the one into it by its bytes. */
function linked(frames: readonly WireFrame[]): SentFrame[] {
  const origins = new Map<Uint8Array, number>();
  return frames.map((sent, id) => {
    const cause = sent.toSwitch ? null : (origins.get(sent.bytes) ?? null);
    if (sent.toSwitch) origins.set(sent.bytes, id);
    return { ...sent, id, cause };
  });
}

/** Messages between two moments; times are of the cluster, `startNs` that at which the run began. */
export function spaceTime(lanes: readonly string[], frames: readonly WireFrame[], axis: Axis, startNs: number): string {
  const x = scale(axis);
  const strokes = strokesOf(linked(frames), startNs + axis.fromNs).filter(
    ({ sentNs }) => sentNs <= startNs + axis.untilNs,
  );
  const lines = strokes.map(({ from, to, sentNs, arrivalNs, isLost, frame: { bytes } }) => {
    const kind = isLost ? "lost" : readClusterPacket(bytes) ? "ours" : "other";
    const [x1, x2] = [x(sentNs - startNs), x(arrivalNs - startNs)];
    const { protocol, text } = summarize(decodeFrame(bytes));
    const title = `${((sentNs - startNs) / 1e6).toFixed(3)} ms ${lanes[from]} to ${lanes[to]}: ${protocol} ${text}`;
    return `<g class="${kind}"><line x1="${x1}" y1="${laneY(from)}" x2="${x2}" y2="${laneY(to)}"/><circle cx="${x2}" cy="${laneY(to)}" r="2.2"/><title>${escaped(title)}</title></g>`;
  });
  return frame(lanes, axis, lines.join(""));
}
