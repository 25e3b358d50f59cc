/** In one line what is going on, and the sentence of a story. */
import type { RunState } from "../protocol.ts";
import type { Story } from "../stories.ts";
import { countText } from "./format.ts";
import type { Store } from "./store.ts";

function headline(state: RunState): string {
  const there = state.nodes.filter(({ isThere }) => isThere);
  const on = there.filter(({ isOn }) => isOn);
  const members = on.filter((node) => node.state === "member");
  const count = `${there.length} ${there.length === 1 ? "PC" : "PCs"}`;
  if (state.isForeign) return `${count} with an image of your own`;
  if (state.agreed) return `${on.length} of ${count} agree: one cluster, era ${members[0]?.era}`;
  if (members.length > 0) return `${members.length} of ${count} are in a cluster`;
  return on.length === 0 ? "All machines are off" : `${count} boot from one CD image`;
}

/** Why there are as many as there are. */
function workersText(workers: number): string {
  if (workers > 1) return "threads of this browser over which the machines are spread";
  return globalThis.crossOriginIsolated
    ? "one thread of this browser runs all machines: they are few, or the processors are"
    : "one thread of this browser runs all machines: this page's host does not isolate it, so threads share no memory";
}

interface SummaryProps {
  readonly store: Store;
  readonly state: RunState;
  readonly story: Story | null;
  readonly leave: () => void;
  readonly canAdd: boolean;
}

export function Summary({ store, state, story, leave, canAdd }: SummaryProps) {
  const caption = story?.captions.findLast(({ atNs }) => atNs <= state.nowNs);
  const there = state.nodes.filter(({ isThere }) => isThere);
  return (
    <section class="summary" aria-label="What is going on">
      {store.checked && (
        <p class={`banner ${store.checked.isEqual ? "good" : "bad"}`} role="status" data-digest={store.checked.found}>
          {store.checked.isEqual
            ? `Here the link was made. The same instruction, the same digest: ${store.checked.found}`
            : `The run ended with the digest ${store.checked.found}, and the link says ${store.checked.wanted}.`}
        </p>
      )}
      {story && (
        <div class="caption">
          <h2>{story.title}</h2>
          <p>{caption?.text}</p>
          <button type="button" class="plain" onClick={leave}>
            leave the story
          </button>
        </div>
      )}
      <p class="headline">
        <strong>{headline(state)}</strong>{" "}
        <span>
          {countText(state.instructions)} instructions, {state.frames} frames, seed {state.seed},{" "}
          <span title={workersText(state.workers)}>
            {state.workers} {state.workers === 1 ? "worker" : "workers"}
          </span>
          {state.imageName !== null && `, ${state.imageName}`}
        </span>
        {canAdd && (
          <button
            type="button"
            class="add"
            onClick={() => store.send({ kind: "act", word: "add", node: state.nodes.length, values: [] })}
          >
            Add a machine
          </button>
        )}
      </p>
      {there.length > 1 && !state.isForeign && (
        <details class="table">
          <summary>Table of the cluster</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
          <section class="scroll" tabIndex={0} aria-label="The cluster">
            <table>
              <thead>
                <tr>
                  <th>node</th>
                  <th>address</th>
                  <th>era</th>
                  <th>age</th>
                  <th>sees</th>
                  <th>role</th>
                </tr>
              </thead>
              <tbody>
                {there.map((node) => (
                  <tr key={node.name}>
                    <td>{node.name}</td>
                    <td>{node.address ?? "–"}</td>
                    <td>{node.era ?? "–"}</td>
                    <td>{node.age ?? "–"}</td>
                    <td>{node.peers ?? "–"}</td>
                    <td>
                      {node.state}
                      {node.isFounder ? ", founder" : ""}
                      {node.isCoordinator ? ", coordinator" : ""}
                      {node.holds.map((address) => `, holds ${address}`).join("")}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </details>
      )}
    </section>
  );
}
