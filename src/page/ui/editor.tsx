/** Sources of the system: one is changed, and the whole is built and booted here, or every mistake is shown. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { OwnImage, SourceDiagnostic } from "../protocol.ts";
import type { Store } from "./store.ts";

const FIRST_PATH = "asm/kernel/entry.s";

interface Built {
  readonly diagnostics: readonly SourceDiagnostic[];
  readonly iso: Uint8Array<ArrayBuffer> | null;
  readonly milliseconds: number;
}

export function Editor({ store, boot }: { store: Store; boot: (image: OwnImage) => void }) {
  const [paths, setPaths] = useState<readonly string[]>([FIRST_PATH]);
  const [path, setPath] = useState(FIRST_PATH);
  const [text, setText] = useState<string | null>(null);
  const [isBuilding, setIsBuilding] = useState(false);
  const [built, setBuilt] = useState<Built | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    void store.ask({ kind: "sources", path: null }).then((found) => setPaths(found as string[]));
  }, [store]);
  useEffect(() => {
    setText(null);
    void store.ask({ kind: "sources", path }).then((found) => setText(found as string));
  }, [store, path]);
  const build = async (): Promise<void> => {
    setIsBuilding(true);
    const result = (await store.ask({ kind: "build", path, text: text ?? "" })) as Built;
    setIsBuilding(false);
    setBuilt(result);
    if (result.iso) boot({ name: `QuRe with another ${path}`, bytes: result.iso });
  };
  const goTo = (line: number): void => {
    const target = area.current;
    if (!target || text === null) return;
    const start =
      text
        .split("\n")
        .slice(0, line - 1)
        .join("\n").length + (line > 1 ? 1 : 0);
    target.focus();
    target.setSelectionRange(start, start + (text.split("\n")[line - 1]?.length ?? 0));
    target.scrollTop = (line - 6) * Number.parseFloat(getComputedStyle(target).lineHeight);
  };
  return (
    <section class="editor" aria-label="Sources">
      <div class="row">
        <label>
          File{" "}
          <select value={path} onChange={({ currentTarget }) => setPath(currentTarget.value)}>
            {paths.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="button" class="primary" disabled={isBuilding || text === null} onClick={() => void build()}>
          {isBuilding ? "Building…" : "Build and boot"}
        </button>
      </div>
      <textarea
        ref={area}
        aria-label={`Source of ${path}`}
        spellcheck={false}
        wrap="off"
        value={text ?? "Loading…"}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <div role="status">
        {built && (
          <p class="quiet">
            {built.iso
              ? `Built in ${(built.milliseconds / 1000).toFixed(1)} s, and booted.`
              : `Not built: ${built.diagnostics.filter(({ severity }) => severity === "error").length} mistakes.`}
          </p>
        )}
      </div>
      {built && built.diagnostics.length > 0 && (
        <ul class="diagnostics">
          {built.diagnostics.slice(0, 50).map(({ path: file, line, column, severity, message }) => (
            <li key={`${file}:${line}:${column} ${message}`} class={severity}>
              <button type="button" class="plain" onClick={() => (file === path ? goTo(line) : setPath(file))}>
                {file}:{line}:{column}
              </button>{" "}
              {severity}: {message}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
