/** Machines as lines, virtual time from left to right, and each message as a stroke from its sender to who heard it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { readClusterPacket } from "../../wire/cluster.ts";
import { decodeFrame, summarize } from "../../wire/frame.ts";
import { type Stroke as DrawnStroke, strokesOf } from "../../wire/strokes.ts";
import type { FrameNote, RunState } from "../protocol.ts";
import { clock, exactClock } from "./format.ts";
import type { Store } from "./store.ts";

const SPANS_NS = [1e6, 10e6, 100e6, 500e6, 2e9, 5e9, 20e9];
const LANE = 46;
const LEFT = 92;
const TOP = 28;

type Stroke = DrawnStroke<FrameNote>;

export function SpaceTime({
  store,
  state,
  chooseCable,
}: {
  store: Store;
  state: RunState;
  chooseCable: (node: number) => void;
}) {
  const [span, setSpan] = useState(4);
  const [said, setSaid] = useState("");
  const canvas = useRef<HTMLCanvasElement>(null);
  const lanes = [...state.nodes.map(({ name }) => name), "gateway"];
  const spanNs = SPANS_NS[span]!;
  const endNs = Math.max(state.nowNs, spanNs);
  const strokes: readonly Stroke[] = strokesOf(store.frames, endNs - spanNs * 1.1);
  const height = TOP + lanes.length * LANE;
  useEffect(() => {
    const target = canvas.current;
    if (!target) return;
    paint(target, { strokes, lanes, endNs, spanNs, height, store });
  });
  const find = (event: MouseEvent): Stroke | null => {
    const box = canvas.current!.getBoundingClientRect();
    const scaleX = (box.width - LEFT - 12) / spanNs;
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best: Stroke | null = null;
    let least = 10;
    for (const stroke of strokes) {
      const part = (y - laneY(stroke.from)) / (laneY(stroke.to) - laneY(stroke.from) || 1);
      if (part < -0.1 || part > 1.1) continue;
      const at = stroke.sentNs + part * (stroke.arrivalNs - stroke.sentNs);
      const distance = Math.abs(LEFT + (at - (endNs - spanNs)) * scaleX - x);
      if (distance < least) [best, least] = [stroke, distance];
    }
    return best;
  };
  return (
    <section class="space-time" aria-label="Messages between the machines">
      <div class="row">
        <label>
          Shown{" "}
          <input
            type="range"
            min={0}
            max={SPANS_NS.length - 1}
            value={span}
            aria-valuetext={`${spanNs / 1e6} ms`}
            onInput={({ currentTarget }) => setSpan(Number(currentTarget.value))}
          />{" "}
          {spanNs >= 1e9 ? `${spanNs / 1e9} s` : `${spanNs / 1e6} ms`}
        </label>
        <span class="said" role="status">
          {said || "Each stroke is a message. Point at one."}
        </span>
      </div>
      <canvas
        ref={canvas}
        style={{ height: `${height}px` }}
        role="img"
        aria-label={`${strokes.length} messages in the last ${spanNs / 1e6} ms of virtual time`}
        onMouseMove={(event) => {
          const stroke = find(event);
          if (!stroke) return setSaid("");
          const { protocol, text } = summarize(decodeFrame(stroke.frame.bytes));
          setSaid(`${exactClock(stroke.sentNs)} ${lanes[stroke.from]} to ${lanes[stroke.to]}: ${protocol} ${text}`);
        }}
        onClick={(event) => {
          const stroke = find(event);
          if (stroke && stroke.to < state.nodes.length) chooseCable(stroke.to);
        }}
      />
    </section>
  );
}

function laneY(lane: number): number {
  return TOP + lane * LANE + LANE / 2;
}

interface Scene {
  readonly strokes: readonly Stroke[];
  readonly lanes: readonly string[];
  readonly endNs: number;
  readonly spanNs: number;
  readonly height: number;
  readonly store: Store;
}

function paint(canvas: HTMLCanvasElement, { strokes, lanes, endNs, spanNs, height, store }: Scene): void {
  const scale = devicePixelRatio;
  const width = canvas.clientWidth;
  Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name);
  const x = (timeNs: number): number => LEFT + ((timeNs - (endNs - spanNs)) * (width - LEFT - 12)) / spanNs;
  context.font = "13px system-ui, sans-serif";
  context.textBaseline = "middle";
  lanes.forEach((name, lane) => {
    context.fillStyle = colour("--text");
    context.fillText(name, 8, laneY(lane));
    context.strokeStyle = colour("--line");
    context.beginPath();
    context.moveTo(LEFT, laneY(lane));
    context.lineTo(width - 12, laneY(lane));
    context.stroke();
  });
  context.fillStyle = colour("--quiet");
  for (let tick = 0; tick <= 4; tick++) {
    const timeNs = endNs - spanNs + (tick * spanNs) / 4;
    context.textAlign = tick === 4 ? "right" : "center";
    context.fillText(clock(timeNs), x(timeNs), 12);
  }
  context.textAlign = "left";
  context.lineWidth = 1.25;
  for (const stroke of strokes) {
    if (x(stroke.arrivalNs) < LEFT) continue;
    const isOurs = readClusterPacket(stroke.frame.bytes) !== null;
    context.strokeStyle = context.fillStyle = colour(stroke.isLost ? "--lost" : isOurs ? "--accent" : "--frame");
    context.globalAlpha = isOurs || stroke.isLost ? 0.9 : 0.6;
    context.beginPath();
    context.moveTo(x(stroke.sentNs), laneY(stroke.from));
    context.lineTo(x(stroke.arrivalNs), laneY(stroke.to));
    context.stroke();
    context.beginPath();
    context.arc(x(stroke.arrivalNs), laneY(stroke.to), 2.5, 0, 7);
    context.fill();
  }
  context.globalAlpha = 1;
  for (const { atNs, node, kind } of store.marks) {
    if (atNs < endNs - spanNs || atNs > endNs || node >= lanes.length - 1) continue;
    context.fillStyle = colour(
      kind === "action" ? "--text" : kind === "died" || kind === "panic" ? "--lost" : "--accent",
    );
    context.fillRect(x(atNs) - 3, laneY(node) - 9, 6, 6);
  }
}
