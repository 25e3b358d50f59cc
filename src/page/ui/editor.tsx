/**
 * Sources of the system: some are changed, and the whole is built and booted here, or every mistake is shown. What was
 * changed is kept until it is taken back.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { crc32 } from "../../bytes/crc32.ts";
import type { makeEditor, SourceEditor } from "../editor/editor.ts";
import { importPart } from "../part.ts";
import type { OwnImage, SourceDiagnostic } from "../protocol.ts";
import { type Edits, keepEdits, keptEdits } from "./keep.ts";
import type { Store } from "./store.ts";

const FIRST_PATH = "asm/kernel/entry.s";
const MOST_DIAGNOSTICS = 50;

interface Built {
  readonly diagnostics: readonly SourceDiagnostic[];
  readonly iso: Uint8Array<ArrayBuffer> | null;
  readonly milliseconds: number;
}

function hashOf(text: string): number {
  return crc32(new TextEncoder().encode(text));
}

async function loadEditor(): Promise<typeof makeEditor> {
  const part = (await importPart(new URL("editor.gz", document.baseURI))) as { makeEditor: typeof makeEditor };
  return part.makeEditor;
}

export function Editor({ store, boot }: { store: Store; boot: (image: OwnImage) => Promise<void> }) {
  const [path, setPath] = useState(FIRST_PATH);
  const [problem, setProblem] = useState<string | null>(null);
  const [tries, setTries] = useState(0);
  const [isBuilding, setIsBuilding] = useState(false);
  const [built, setBuilt] = useState<Built | null>(null);
  const { box, paths, edits, original, revert, goTo } = useSource(store, path, built, tries, setProblem);
  const changed = paths.filter((name) => name in edits);
  const isOfThis = useMemo(
    () => original === null || edits[path]?.original === hashOf(original),
    [original, edits, path],
  );
  // The page is drawn many times a second, and there are hundreds of them.
  const options = useMemo(
    () =>
      (paths.length > 0 ? paths : [path]).map((name) => (
        <option key={name} value={name}>
          {name in edits ? `${name} (changed)` : name}
        </option>
      )),
    [paths, path, edits],
  );

  const build = async (): Promise<void> => {
    setIsBuilding(true);
    setProblem(null);
    try {
      const files = changed.map((name) => ({ path: name, text: edits[name]!.text }));
      const result = (await store.ask({ kind: "build", files })) as Built;
      setBuilt(result);
      if (result.iso) await boot({ name: `QuRe with another ${changed.join(", ") || "build"}`, bytes: result.iso });
    } catch (error) {
      setProblem((error as Error).message);
    }
    setIsBuilding(false);
  };
  return (
    <section class="editor" aria-label="Sources">
      <div class="row">
        <label class="file">
          File{" "}
          <select value={path} onChange={({ currentTarget }) => setPath(currentTarget.value)}>
            {options}
          </select>
        </label>
        <button type="button" class="primary" disabled={isBuilding || original === null} onClick={() => void build()}>
          {isBuilding ? "Building…" : "Build and boot"}
        </button>
        <button type="button" disabled={!(path in edits)} onClick={revert}>
          Take back the changes
        </button>
        {path in edits && !isOfThis && (
          <span class="quiet">This was changed in another version of QuRe: it may not fit any more.</span>
        )}
      </div>
      {problem !== null && (
        <p class="banner bad" role="alert">
          The editor's parts: {problem}{" "}
          <button type="button" onClick={() => setTries(tries + 1)}>
            Try again
          </button>
        </p>
      )}
      {original === null && problem === null && <p class="loading small">Loading the sources and the assembler</p>}
      <div ref={box} class="source" hidden={original === null} data-path={path} />
      <div role="status">
        {built && (
          <p class="quiet">
            {built.iso
              ? `Built in ${(built.milliseconds / 1000).toFixed(1)} s, and booted.`
              : `Not built: ${built.diagnostics.filter(({ severity }) => severity === "error").length} mistakes.`}
          </p>
        )}
      </div>
      {built && (
        <Diagnostics
          list={built.diagnostics}
          goTo={({ path: file, line, column }) => {
            if (file === path) goTo(line, column);
            else if (paths.includes(file)) setPath(file);
          }}
        />
      )}
    </section>
  );
}

interface DiagnosticsProps {
  readonly list: readonly SourceDiagnostic[];
  readonly goTo: (diagnostic: SourceDiagnostic) => void;
}

function Diagnostics({ list, goTo }: DiagnosticsProps) {
  if (list.length === 0) return null;
  return (
    <ul class="diagnostics">
      {list.slice(0, MOST_DIAGNOSTICS).map((diagnostic) => {
        const { path, line, column, severity, message } = diagnostic;
        return (
          <li key={`${path}:${line}:${column} ${message}`} class={severity}>
            <button type="button" class="plain" onClick={() => goTo(diagnostic)}>
              {path}:{line}:{column}
            </button>{" "}
            {severity}: {message}
          </li>
        );
      })}
    </ul>
  );
}

/** The editor with a source in it: the text as it was changed here, and as the system has it. */
function useSource(
  store: Store,
  path: string,
  built: Built | null,
  tries: number,
  setProblem: (problem: string | null) => void,
) {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<SourceEditor | null>(null);
  const shown = useRef({ path, original: null as string | null });
  const [paths, setPaths] = useState<readonly string[]>([]);
  const [edits, setEdits] = useState<Edits>(keptEdits);
  const [original, setOriginal] = useState<string | null>(null);
  const latest = useRef(edits);
  const change = (next: Edits): void => {
    latest.current = next;
    setEdits(next);
    keepEdits(next);
  };
  const edit = (text: string): void => {
    const { path: name, original: before } = shown.current;
    const { [name]: _, ...others } = latest.current;
    if (before === null) return;
    change(text === before ? others : { ...others, [name]: { text, original: hashOf(before) } });
  };
  const open = (name: string, before: string): void => {
    shown.current = { path: name, original: before };
    editor.current?.open(latest.current[name]?.text ?? before, `Source of ${name}`);
  };
  useEffect(() => {
    let isWanted = true;
    const load = async (): Promise<void> => {
      setProblem(null);
      setOriginal(null);
      const [make, names, text] = await Promise.all([
        editor.current ? null : loadEditor(),
        store.ask({ kind: "sources", path: null }),
        store.ask({ kind: "sources", path }),
      ]);
      if (!isWanted || !box.current) return;
      if (make && !editor.current) editor.current = make(box.current, edit);
      setPaths(names as string[]);
      setOriginal(text as string);
      open(path, text as string);
    };
    load().catch((error: unknown) => isWanted && setProblem((error as Error).message));
    return () => {
      isWanted = false;
    };
  }, [store, path, tries]);
  useEffect(() => {
    editor.current?.mark(built?.diagnostics.filter(({ path: file }) => file === path) ?? []);
  }, [built, path, original]);
  useEffect(() => () => editor.current?.close(), []);
  const revert = (): void => {
    const { [path]: _, ...others } = latest.current;
    change(others);
    if (original !== null) open(path, original);
  };
  return { box, paths, edits, original, revert, goTo: (line: number, at: number) => editor.current?.goTo(line, at) };
}
