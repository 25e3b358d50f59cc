/** What a processor is about to do, and the files on its machine's disk. */
import { useEffect } from "preact/hooks";
import { bytesText } from "./format.ts";
import type { Store } from "./store.ts";

export function Processor({ store, index }: { store: Store; index: number }) {
  useEffect(() => {
    store.send({ kind: "inspect", node: index, what: "processor" });
    return () => store.send({ kind: "inspect", node: null, what: "processor" });
  }, [store, index]);
  const view = store.processor;
  if (!view || view.node !== index) return <p class="quiet">Looking…</p>;
  return (
    <div class="processor">
      <p class="quiet">{view.mode}</p>
      <dl class="registers">
        {view.registers.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section class="scroll" tabIndex={0} aria-label="Code that comes next">
        <table class="code">
          <thead>
            <tr>
              <th>address</th>
              <th>name</th>
              <th>bytes</th>
              <th>instruction</th>
            </tr>
          </thead>
          <tbody>
            {view.code.map(({ address, name, bytes, text, isNext }) => (
              <tr key={address} class={isNext ? "next" : ""}>
                <td>{address}</td>
                <td class="name">{name}</td>
                <td class="bytes">{bytes}</td>
                <td>{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

export function Disk({ store, index }: { store: Store; index: number }) {
  useEffect(() => {
    store.send({ kind: "inspect", node: index, what: "disk" });
    return () => store.send({ kind: "inspect", node: null, what: "disk" });
  }, [store, index]);
  const view = store.disk;
  if (!view || view.node !== index) return <p class="quiet">Looking…</p>;
  if (view.problem !== null) return <p class="quiet">{view.problem}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <section class="scroll" tabIndex={0} aria-label="Files on the disk">
      <p class="quiet">QuRe's file system on hda, {bytesText(view.volumeBytes)}.</p>
      <table class="files">
        <thead>
          <tr>
            <th>path</th>
            <th>kind</th>
            <th>size</th>
          </tr>
        </thead>
        <tbody>
          {view.entries.map(({ path, kind, sizeBytes }) => (
            <tr key={path}>
              <td>{path}</td>
              <td>{kind}</td>
              <td>{bytesText(sizeBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
