/** Where to begin: a story, another number of machines, an image of one's own, or the run of before. */
import { useState } from "preact/hooks";
import type { OwnImage, StartOptions } from "../protocol.ts";
import { STORIES, type Story } from "../stories.ts";
import type { KeptPage } from "./keep.ts";
import type { Store } from "./store.ts";

interface StartProps {
  readonly store: Store;
  readonly options: StartOptions;
  readonly image: OwnImage | null;
  readonly story: Story | null;
  readonly start: (options: Partial<StartOptions>) => void;
  readonly openStory: (story: Story) => void;
  readonly drop: (file: File) => Promise<void>;
  /** The run that was open before this page was. */
  readonly before: KeptPage | null;
  readonly resume: (kept: KeptPage) => Promise<void>;
  readonly leave: () => void;
}

const MOST_NODES = 100;

export function Start({ options, story, start, openStory, drop, before, resume, leave }: StartProps) {
  const [nodes, setNodes] = useState("3");
  const [seed, setSeed] = useState("1");
  const close = (target: EventTarget | null): void =>
    (target as HTMLElement).closest("details")?.removeAttribute("open");
  return (
    <div class="starts">
      <details class="menu">
        <summary>Stories</summary>
        <ul>
          {STORIES.map((known) => (
            <li key={known.id}>
              <button
                type="button"
                data-story={known.id}
                aria-current={story?.id === known.id}
                onClick={({ currentTarget }) => {
                  close(currentTarget);
                  openStory(known);
                }}
              >
                <strong>{known.title}</strong>
                <span>{known.teaser}</span>
              </button>
            </li>
          ))}
        </ul>
      </details>
      <details class="menu">
        <summary>New run</summary>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            close(event.currentTarget);
            leave();
            start({ nodes: Number(nodes), seed: Number(seed), image: null });
          }}
        >
          <label>
            Machines
            <input
              type="number"
              min={1}
              max={MOST_NODES}
              value={nodes}
              onInput={({ currentTarget }) => setNodes(currentTarget.value)}
            />
          </label>
          <label>
            Seed
            <input
              type="number"
              min={0}
              max={2 ** 31}
              value={seed}
              onInput={({ currentTarget }) => setSeed(currentTarget.value)}
            />
          </label>
          <button type="submit" class="primary">
            Boot
          </button>
          <hr />
          <label class="file">
            Your own: ISO, disk, diskette, or a kernel (ELF, bzImage, .com)
            <input
              type="file"
              onChange={({ currentTarget }) => {
                const [file] = currentTarget.files ?? [];
                close(currentTarget);
                if (file) void drop(file);
              }}
            />
          </label>
          <p class="quiet">It stays in this browser.</p>
          {before !== null && (
            <button
              type="button"
              onClick={({ currentTarget }) => {
                close(currentTarget);
                leave();
                void resume(before);
              }}
            >
              Go on with the run of before
            </button>
          )}
          <p class="quiet">{options.jit ? "Guest code is compiled." : "Guest code is interpreted."}</p>
        </form>
      </details>
    </div>
  );
}
