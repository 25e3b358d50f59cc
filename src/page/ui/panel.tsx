/** One machine: its console, its processor, its disk, its cable, and what can be done to it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { RunState } from "../protocol.ts";
import { roleOf } from "./card.tsx";
import { Console } from "./console.tsx";
import { countText } from "./format.ts";
import { Frames } from "./frames.tsx";
import { Disk, Processor } from "./processor.tsx";
import type { Store } from "./store.ts";
import { Tasks } from "./tasks.tsx";
import { Toolbox } from "./toolbox.tsx";

const TABS = ["Console", "Cable", "Processor", "Tasks", "Disk"] as const;

interface PanelProps {
  readonly store: Store;
  readonly state: RunState;
  readonly index: number;
  readonly close: () => void;
}

export function Panel({ store, state, index, close }: PanelProps) {
  const [tab, setTab] = useState<(typeof TABS)[number]>("Console");
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow screen it lies below the machines.
    if (matchMedia("(max-width: 900px)").matches) panel.current?.scrollIntoView();
  }, [index]);
  const node = state.nodes[index]!;
  return (
    <aside ref={panel} class="panel" aria-label={node.name}>
      <div class="panel-head">
        <h2>{node.name}</h2>
        <span class="quiet">
          {roleOf(node)}, {countText(node.instructions)} instructions
        </span>
        <button type="button" class="close" aria-label={`Close ${node.name}`} onClick={close}>
          ×
        </button>
      </div>
      <div class="tabs" role="tablist" aria-label={`Parts of ${node.name}`}>
        {TABS.map((name) => (
          <button
            type="button"
            role="tab"
            key={name}
            id={`tab-${name}`}
            aria-controls="tab-panel"
            aria-selected={tab === name}
            tabIndex={tab === name ? 0 : -1}
            onClick={() => setTab(name)}
            onKeyDown={(event) => {
              const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? TABS.length - 1 : 0;
              if (step === 0) return;
              const next = TABS[(TABS.indexOf(name) + step) % TABS.length]!;
              setTab(next);
              document.getElementById(`tab-${next}`)?.focus();
            }}
          >
            {name}
          </button>
        ))}
      </div>
      <div class="tab" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "Console" && <Console key={index} store={store} node={node} index={index} />}
        {tab === "Cable" && <Frames store={store} cable={index} name={node.name} />}
        {tab === "Processor" && <Processor store={store} index={index} />}
        {tab === "Tasks" && <Tasks store={store} index={index} />}
        {tab === "Disk" && <Disk store={store} index={index} />}
      </div>
      <Toolbox store={store} node={node} index={index} />
    </aside>
  );
}
