/** Where to begin: a story, another number of machines, an image of one's own, or the run of before. */
import { useState } from "preact/hooks";
import type { StartOptions } from "../protocol.ts";
import type { Story } from "../stories.ts";
import type { KeptPage } from "./keep.ts";
import { Legend } from "./legend.tsx";
import { Menu } from "./menu.tsx";
import { StoryList } from "./stories.tsx";

interface StartProps {
  readonly isCompiled: boolean;
  readonly story: Story | null;
  readonly start: (options: Partial<StartOptions>) => void;
  readonly openStory: (story: Story) => void;
  readonly drop: (file: File) => void;
  /** The run that was open before this page was. */
  readonly before: KeptPage | null;
  readonly resume: (kept: KeptPage) => void;
}

const MOST_NODES = 100;

export function Start({ isCompiled, story, start, openStory, drop, before, resume }: StartProps) {
  return (
    <div class="starts">
      <Menu label="Stories">
        {(close) => (
          <StoryList
            class="stories"
            story={story}
            open={(known) => {
              close();
              openStory(known);
            }}
          />
        )}
      </Menu>
      <Menu label="New run">
        {(close) => (
          <NewRun
            isCompiled={isCompiled}
            start={(options) => {
              close();
              start(options);
            }}
            drop={(file) => {
              close();
              drop(file);
            }}
            resume={
              before &&
              (() => {
                close();
                resume(before);
              })
            }
          />
        )}
      </Menu>
      <Menu label="Legend">{() => <Legend />}</Menu>
    </div>
  );
}

interface NewRunProps extends Pick<StartProps, "isCompiled" | "start" | "drop"> {
  readonly resume: (() => void) | null;
}

function NewRun({ isCompiled, start, drop, resume }: NewRunProps) {
  const [nodes, setNodes] = useState("3");
  const [seed, setSeed] = useState("1");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
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
            if (file) drop(file);
            // The same file may be chosen again.
            currentTarget.value = "";
          }}
        />
      </label>
      <p class="quiet">It stays in this browser.</p>
      {resume !== null && (
        <button type="button" onClick={resume}>
          Go on with the run of before
        </button>
      )}
      <p class="quiet">{isCompiled ? "Guest code is compiled." : "Guest code is interpreted."}</p>
    </form>
  );
}
