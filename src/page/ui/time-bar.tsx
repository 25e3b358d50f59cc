/** Time under everything: pause, steps, speed, and a bar that is dragged back and forth. */
import { useState } from "preact/hooks";
import type { Mark, RunState, StepUnit } from "../protocol.ts";
import { bytesText, clock, exactClock } from "./format.ts";
import type { Store } from "./store.ts";

const SPEEDS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 50, 100, Infinity];
const STEPS: readonly (readonly [StepUnit, string])[] = [
  ["instruction", "instruction"],
  ["event", "event"],
  ["frame", "frame"],
  ["millisecond", "1 ms"],
];
/** The bar shows at least so much. */
const LEAST_SPAN_NS = 5e9;
const KEY_STEP_NS = 100e6;

interface TimeBarProps {
  readonly store: Store;
  readonly state: RunState;
  readonly speed: number;
  readonly chosen: number;
  readonly setSpeed: (speed: number) => void;
  readonly share: () => void;
}

function speedText(speed: number): string {
  return speed === Infinity ? "as fast as possible" : `${speed}×`;
}

export function TimeBar({ store, state, speed, chosen, setSpeed, share }: TimeBarProps) {
  const [dragNs, setDragNs] = useState<number | null>(null);
  const spanNs = Math.max(LEAST_SPAN_NS, state.endNs);
  const shownNs = dragNs ?? state.nowNs;
  const seek = (timeNs: number): void => {
    setDragNs(null);
    store.send({ kind: "seek", timeNs: Math.max(0, Math.min(state.endNs, timeNs)) });
  };
  const toggle = (): void => store.send(state.isRunning ? { kind: "pause" } : { kind: "play", speed });
  return (
    <footer class="time">
      <div class="track">
        <Marks marks={store.marks} state={state} spanNs={spanNs} />
        <input
          type="range"
          aria-label="Virtual time"
          aria-valuetext={`${clock(shownNs)} of ${clock(state.endNs)}`}
          min={0}
          max={spanNs}
          step={1e6}
          value={shownNs}
          onInput={({ currentTarget }) => {
            const timeNs = Math.min(state.endNs, Number(currentTarget.value));
            setDragNs(timeNs);
            store.send({ kind: "seek", timeNs });
          }}
          onChange={({ currentTarget }) => seek(Number(currentTarget.value))}
          onKeyDown={(event) => {
            const step = event.key === "ArrowLeft" ? -KEY_STEP_NS : event.key === "ArrowRight" ? KEY_STEP_NS : 0;
            if (step === 0) return;
            event.preventDefault();
            seek(state.nowNs + step * (event.shiftKey ? 10 : 1));
          }}
        />
        <div class="known" style={{ width: `${(100 * state.endNs) / spanNs}%` }} />
        <div class="past" style={{ width: `${(100 * shownNs) / spanNs}%` }} />
      </div>
      <div class="controls">
        <button type="button" class="play" onClick={toggle} aria-label={state.isRunning ? "Pause" : "Play"}>
          {state.isRunning ? <Bars /> : <Triangle />}
        </button>
        <output class="clock" aria-label="Virtual time now">
          {exactClock(shownNs)}
        </output>
        <label class="speed">
          <span class="unseen">Speed</span>
          <select value={String(speed)} onChange={({ currentTarget }) => setSpeed(Number(currentTarget.value))}>
            {(SPEEDS.includes(speed) ? SPEEDS : [...SPEEDS, speed].sort((a, b) => a - b)).map((value) => (
              <option key={value} value={String(value)}>
                {speedText(value)}
              </option>
            ))}
          </select>
        </label>
        <fieldset class="steps">
          <legend>Step</legend>
          {STEPS.map(([unit, label]) => (
            <button type="button" key={unit} onClick={() => store.send({ kind: "step", unit, node: chosen })}>
              {label}
            </button>
          ))}
        </fieldset>
        {state.branches.length > 0 && (
          <label class="branches">
            Other futures{" "}
            <select
              value=""
              onChange={({ currentTarget }) => {
                if (currentTarget.value !== "") store.send({ kind: "switch", branch: Number(currentTarget.value) });
                currentTarget.value = "";
              }}
            >
              <option value="">{state.branches.length}</option>
              {state.branches.map((branch, index) => (
                <option key={branch.name} value={index}>
                  {branch.name}: from {clock(branch.fromNs)} {branch.words || "undisturbed"}
                  {branch.differsNs !== null && `; differs first at ${exactClock(branch.differsNs)}: ${branch.differs}`}
                </option>
              ))}
            </select>
          </label>
        )}
        <span class="figures">
          <span title="how fast virtual time passes">
            {state.isRunning
              ? `${state.pace.toFixed(state.pace < 10 ? 2 : 0)}× real time`
              : state.isSeeking
                ? "going there…"
                : "paused"}
          </span>
          <span title="memory that the way back takes">
            way back {bytesText(state.checkpointBytes)} of {bytesText(state.budgetBytes)}
          </span>
          {state.keptBytes !== null && (
            <span title="what a reload goes on from, in this browser's own storage">
              kept {bytesText(state.keptBytes)}
            </span>
          )}
        </span>
        <button type="button" class="share" onClick={share}>
          Share this moment
        </button>
      </div>
    </footer>
  );
}

function Marks({ marks, state, spanNs }: { marks: readonly Mark[]; state: RunState; spanNs: number }) {
  return (
    <div class="marks" aria-hidden="true">
      {marks
        .filter(({ atNs }) => atNs <= state.endNs)
        .map((mark) => (
          <i
            key={`${mark.atNs} ${mark.node} ${mark.text}`}
            class={`mark ${mark.kind}`}
            style={{ left: `${(100 * mark.atNs) / spanNs}%` }}
            title={`${clock(mark.atNs)} qure-${mark.node + 1} ${mark.text}`}
          />
        ))}
      {state.branches.map(({ name, fromNs }) => (
        <b key={name} style={{ left: `${(100 * fromNs) / spanNs}%` }}>
          {name}
        </b>
      ))}
      {state.branches.map(
        ({ name, differsNs, differs }) =>
          differsNs !== null && (
            <i
              key={`${name} differs`}
              class="mark differs"
              data-branch={name}
              style={{ left: `${(100 * differsNs) / spanNs}%` }}
              title={`${exactClock(differsNs)} here it first shows that this is not ${name}: ${differs}`}
            />
          ),
      )}
    </div>
  );
}

function Triangle() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d="M4 2.500v11l9.500-5.500z" />
    </svg>
  );
}

function Bars() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d="M3.500 2.500h3v11h-3zM9.500 2.500h3v11h-3z" />
    </svg>
  );
}
