/** The frames of a cable: one line each, the chosen one layer by layer, its bytes beside. */
import { useMemo, useState } from "preact/hooks";
import { PcapngWriter } from "../../../emulator/ether/capture.ts";
import { decodeFrame, summarize } from "../../wire/frame.ts";
import type { FrameNote } from "../protocol.ts";
import { exactClock } from "./format.ts";
import type { Store } from "./store.ts";

const MOST_LINES = 200;
const BYTES_A_LINE = 16;
/** 2026-01-01, as the machines' clocks begin. */
const START_SECONDS = 1_767_225_600;

interface Line {
  readonly frame: FrameNote;
  readonly protocol: string;
  readonly text: string;
}

function lineOf(frame: FrameNote): Line {
  return { frame, ...summarize(decodeFrame(frame.bytes)) };
}

export function Frames({ store, cable, name }: { store: Store; cable: number; name: string }) {
  const [filter, setFilter] = useState("");
  const [chosenId, setChosenId] = useState<number | null>(null);
  const [field, setField] = useState<readonly [number, number] | null>(null);
  const { frames } = store;
  const lines = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return frames
      .filter((frame) => frame.cable === cable)
      .map(lineOf)
      .filter(({ protocol, text }) => wanted === "" || `${protocol} ${text}`.toLowerCase().includes(wanted))
      .slice(-MOST_LINES);
  }, [cable, filter, frames.length, frames.at(-1)]);
  const chosen = lines.find(({ frame }) => frame.id === chosenId)?.frame ?? null;
  return (
    <div class="frames">
      <div class="row">
        <input
          type="search"
          aria-label="Show only frames with"
          placeholder="filter: cluster, dhcp, 10.0.2.15 …"
          value={filter}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <button
          type="button"
          onClick={() =>
            save(
              frames.filter((frame) => frame.cable === cable),
              name,
            )
          }
        >
          Save as pcapng
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section class="scroll list" tabIndex={0} aria-label={`Frames on the cable of ${name}`}>
        <table>
          <thead>
            <tr>
              <th>sent at</th>
              <th>way</th>
              <th>protocol</th>
              <th>what</th>
            </tr>
          </thead>
          <tbody>
            {lines.toReversed().map(({ frame, protocol, text }) => (
              <tr
                key={frame.id}
                class={`${frame.id === chosenId ? "chosen" : ""} ${frame.arrivalNs === null ? "lost" : ""}`}
              >
                <td>{exactClock(frame.sentNs)}</td>
                <td>{frame.arrivalNs === null ? "lost" : frame.toSwitch ? "out" : "in"}</td>
                <td>{protocol}</td>
                <td>
                  <button type="button" class="plain" onClick={() => setChosenId(frame.id)}>
                    {text}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {lines.length === 0 && <p class="quiet">No frames yet.</p>}
      </section>
      {chosen && <Layers bytes={chosen.bytes} field={field} setField={setField} />}
    </div>
  );
}

interface LayersProps {
  readonly bytes: Uint8Array;
  readonly field: readonly [number, number] | null;
  readonly setField: (field: readonly [number, number] | null) => void;
}

function Layers({ bytes, field, setField }: LayersProps) {
  return (
    <div class="layers">
      <div>
        {decodeFrame(bytes).map(({ title, summary, fields }) => (
          <details key={title} open>
            <summary>
              <strong>{title}</strong> {summary}
            </summary>
            <dl>
              {fields.map(([name, value, offset, length]) => (
                // biome-ignore lint/a11y/noStaticElementInteractions: pointing only shows where the bytes are
                <div
                  key={`${name} ${offset}`}
                  onMouseEnter={() => setField([offset, offset + length])}
                  onMouseLeave={() => setField(null)}
                >
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        ))}
      </div>
      <Hex bytes={bytes} field={field} />
    </div>
  );
}

function Hex({ bytes, field }: { bytes: Uint8Array; field: readonly [number, number] | null }) {
  const rows = Array.from({ length: Math.ceil(bytes.length / BYTES_A_LINE) }, (_, row) => row * BYTES_A_LINE);
  return (
    <pre class="hex">
      {rows.map((start) => (
        <div key={start}>
          <span class="offset">{start.toString(16).padStart(4, "0")} </span>
          {Array.from(bytes.subarray(start, start + BYTES_A_LINE), (byte, at) => {
            const isIn = field !== null && start + at >= field[0] && start + at < field[1];
            return (
              <span key={at} class={isIn ? "in" : ""}>
                {byte.toString(16).padStart(2, "0")}{" "}
              </span>
            );
          })}
        </div>
      ))}
    </pre>
  );
}

function save(frames: readonly FrameNote[], name: string): void {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const writer = new PcapngWriter((bytes) => void parts.push(new Uint8Array(bytes)), START_SECONDS);
  const number = writer.addInterface(name);
  for (const { sentNs, bytes } of frames) writer.write(number, sentNs, bytes);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "application/x-pcapng" }));
  link.download = `${name}.pcapng`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
