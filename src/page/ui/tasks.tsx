/** The tasks of a machine's kernel: what each does, and what it waits for. */
import { useEffect } from "preact/hooks";
import { countText } from "./format.ts";
import type { Store } from "./store.ts";

export function Tasks({ store, index }: { store: Store; index: number }) {
  useEffect(() => {
    store.send({ kind: "inspect", node: index, what: "tasks" });
    return () => store.send({ kind: "inspect", node: null, what: "tasks" });
  }, [store, index]);
  const view = store.tasks;
  if (!view || view.node !== index) return <p class="quiet">Looking…</p>;
  if (view.problem !== null) return <p class="quiet">{view.problem}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <section class="scroll tasks" tabIndex={0} aria-label="Tasks of the kernel">
      <table>
        <thead>
          <tr>
            <th>id</th>
            <th>task</th>
            <th>state</th>
            <th>waits for</th>
            <th>in</th>
            <th>time</th>
            <th>switches</th>
          </tr>
        </thead>
        <tbody>
          {view.tasks.map(({ id, name, state, waitsFor, callers, milliseconds, switches }) => (
            <tr key={id} class={state}>
              <td>{id}</td>
              <td class="name">{name}</td>
              <td>{state}</td>
              <td>{waitsFor}</td>
              <td class="callers">{callers.join(" ← ")}</td>
              <td>{milliseconds.toFixed(1)} ms</td>
              <td>{countText(switches)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
