/** Frames on their way along the cables: each is a dot for a moment, in the colour of what it carries. */
import { useEffect, useRef } from "preact/hooks";
import { readClusterPacket } from "../../wire/cluster.ts";
import type { FrameNote } from "../protocol.ts";
import type { Store } from "./store.ts";

/** How long a dot is seen, in milliseconds: frames themselves take a twentieth of one. */
const FLIGHT_MS = 420;
const MOST_DOTS = 160;
/**
 * Dots are painted anew as often as the browser shows pictures, but among many machines less often, in milliseconds:
 * each time, a browser without a graphics processor puts together the whole page.
 */
const MANY_CABLES = 12;
const REST_MS = 48;

interface Dot {
  readonly cable: number;
  readonly startMs: number;
  readonly isUp: boolean;
  readonly isLost: boolean;
  readonly colour: string;
}

function colourOf(frame: FrameNote): string {
  if (frame.arrivalNs === null) return "--lost";
  if (readClusterPacket(frame.bytes)) return "--accent";
  return "--frame";
}

export function Wires({ store, isStill }: { store: Store; isStill: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (isStill) return;
    let dots: Dot[] = [];
    let request = 0;
    let paintedMs = 0;
    const draw = (): void => {
      const nowMs = performance.now();
      const rests = (store.state?.nodes.length ?? 0) > MANY_CABLES && nowMs - paintedMs < REST_MS;
      request = requestAnimationFrame(draw);
      if (rests) return;
      paintedMs = nowMs;
      dots = dots.filter(({ startMs }) => nowMs - startMs < FLIGHT_MS);
      const target = canvas.current;
      if (target) paint(target, dots, nowMs);
      if (dots.length > 0) return;
      cancelAnimationFrame(request);
      request = 0;
    };
    const end = store.onFrames((frames) => {
      const nowMs = performance.now();
      for (const frame of frames.slice(-MOST_DOTS)) {
        const startMs = nowMs + (frame.toSwitch ? 0 : FLIGHT_MS * 0.8);
        const isLost = frame.arrivalNs === null;
        if (dots.length < MOST_DOTS)
          dots.push({ cable: frame.cable, startMs, isUp: frame.toSwitch, isLost, colour: colourOf(frame) });
      }
      if (request === 0) draw();
    });
    return () => {
      end();
      cancelAnimationFrame(request);
    };
  }, [store, isStill]);
  return (
    <div class="wires" aria-hidden="true">
      <canvas ref={canvas} />
    </div>
  );
}

/** The canvas covers what is to be seen of its parent, which may be many screens high: browsers copy all of it. */
function paint(canvas: HTMLCanvasElement, dots: readonly Dot[], nowMs: number): void {
  const parent = canvas.parentElement!.parentElement!;
  const box = parent.getBoundingClientRect();
  const scale = devicePixelRatio;
  const top = Math.max(0, -box.top);
  const visible = Math.max(0, Math.min(box.height, innerHeight - box.top) - top);
  const [width, height] = [Math.round(parent.clientWidth * scale), Math.round(visible * scale)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  Object.assign(canvas.style, { height: `${visible}px`, transform: `translateY(${top}px)` });
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(parent);
  for (const { cable, startMs, isUp, isLost, colour } of dots) {
    const part = (nowMs - startMs) / FLIGHT_MS;
    if (part < 0) continue;
    const place = parent.querySelector(`[data-cable="${cable}"]`)?.getBoundingClientRect();
    if (!place) continue;
    const way = isLost ? Math.min(part, 0.5) : part;
    const x = (place.left + place.width / 2 - box.left) * scale;
    const y = (place.top - box.top - top + place.height * (isUp ? 1 - way : way)) * scale;
    if (y < 0 || y > height) continue;
    context.globalAlpha = isLost ? Math.max(0, 1 - part) : part > 0.85 ? (1 - part) / 0.15 : 1;
    context.fillStyle = style.getPropertyValue(colour);
    context.beginPath();
    context.arc(x, y, 4 * scale, 0, 7);
    context.fill();
  }
}
