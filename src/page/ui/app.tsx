/** The page as a whole. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { RunState, SiteState } from "../protocol.ts";
import type { Story } from "../stories.ts";
import { Card } from "./card.tsx";
import { Editor } from "./editor.tsx";
import { Panel } from "./panel.tsx";
import { BEFORE, type Run, useRun, useStore } from "./run.ts";
import { ShareDialog } from "./share.tsx";
import { SpaceTime } from "./space-time.tsx";
import { Start } from "./start.tsx";
import type { Store } from "./store.ts";
import { Summary } from "./summary.tsx";
import { TimeBar } from "./time-bar.tsx";
import { Welcome } from "./welcome.tsx";
import { Wires } from "./wires.tsx";

type View = "machines" | "messages";

export function App() {
  const store = useStore();
  const run = useRun(store);
  const [chosen, setChosen] = useState<number | null>(null);
  const [view, setView] = useState<View>("machines");
  const [shared, setShared] = useState<string | null>(null);
  const [isDropping, setIsDropping] = useState(false);
  const { isStill, isEmbedded } = useSurroundings();
  const openStory = (next: Story): void => {
    setChosen(null);
    run.openStory(next);
  };
  const drop = async (file: File): Promise<void> => {
    const dropped = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
    await run.start({ image: dropped, nodes: 1 });
  };
  useDrop(setIsDropping, drop);
  const share = async (): Promise<void> => {
    store.send({ kind: "pause" });
    const link = `r=${await store.ask({ kind: "link" })}`;
    history.replaceState(null, "", `#${link}`);
    setShared(link);
  };
  const { state } = store;
  const isOpen = chosen !== null && state?.nodes[chosen]?.isThere === true;
  /** There is no run, and none is on its way. */
  const isStuck = !state && !store.isOpening && store.problem !== null;
  const isGreeting = !isEmbedded && view === "machines" && !isOpen && (state ? run.isFirst && !run.story : isStuck);
  return (
    <div class={`page ${isEmbedded ? "embedded" : ""} ${isOpen ? "with-panel" : ""}`}>
      <Top run={run} view={view} setView={setView} openStory={openStory} drop={(file) => void drop(file)} />
      <main>
        <Banners store={store} />
        {isGreeting && <Welcome openStory={openStory} close={state ? run.begin : null} />}
        {!state && <Waiting isStuck={isStuck} run={run} />}
        {state && <Told store={store} state={state} run={run} canAdd={!isEmbedded} />}
        {run.story?.hasEditor && (
          <Editor store={store} boot={(built) => run.start({ image: built, nodes: 3 }, { from: run.story })} />
        )}
        {state && view === "machines" && (
          <Rack store={store} state={state} isStill={isStill} chosen={chosen} setChosen={setChosen} />
        )}
        {state && view === "messages" && <SpaceTime store={store} state={state} chooseCable={setChosen} />}
      </main>
      {isOpen && state && <Panel store={store} state={state} index={chosen!} close={() => setChosen(null)} />}
      {state && (
        <TimeBar
          store={store}
          state={state}
          speed={run.speed}
          chosen={chosen ?? 0}
          setSpeed={run.setSpeed}
          share={() => void share()}
        />
      )}
      {shared !== null && <ShareDialog link={shared} state={state} close={() => setShared(null)} />}
      {isDropping && <div class="dropping">Drop an ISO, a disk, a diskette or a kernel. It stays in this browser.</div>}
      <p class="unseen" aria-live="polite">
        {store.announcement}
      </p>
    </div>
  );
}

interface TopProps {
  run: Run;
  view: View;
  setView(view: View): void;
  openStory(story: Story): void;
  drop(file: File): void;
}

function Top({ run, view, setView, openStory, drop }: TopProps) {
  return (
    <header class="top">
      <h1>
        <img src="icon.svg" alt="" width={28} height={28} /> QuRe
        <span>whole PCs, their cables and their time, in this page</span>
      </h1>
      <nav aria-label="View">
        {(["machines", "messages"] as const).map((name) => (
          <button type="button" key={name} aria-pressed={view === name} onClick={() => setView(name)}>
            {name === "machines" ? "Machines" : "Messages"}
          </button>
        ))}
      </nav>
      <Start
        isCompiled={run.options.current.jit}
        start={(given) => void run.start(given)}
        story={run.story}
        openStory={openStory}
        drop={drop}
        before={BEFORE}
        resume={(kept) => void run.resume(kept)}
      />
    </header>
  );
}

/** What went wrong, and what is worth knowing. */
function Banners({ store }: { store: Store }) {
  return (
    <>
      {store.problem !== null && (
        <p class="banner bad" role="alert">
          {store.problem}
          {store.state && (
            <>
              {" "}
              <button type="button" class="plain" onClick={() => store.dismiss()}>
                dismiss
              </button>
            </>
          )}
        </p>
      )}
      {store.note !== null && <p class="banner">{store.note}</p>}
    </>
  );
}

/** In the place of a run that is not there, or not yet. */
function Waiting({ isStuck, run }: { isStuck: boolean; run: Run }) {
  if (!isStuck) return <p class="loading">Loading the system for three PCs</p>;
  return (
    <button type="button" class="primary" onClick={() => void run.start({ nodes: 3, seed: 1, image: null })}>
      Boot three machines
    </button>
  );
}

/** What is said of a run. */
function Told({ store, state, run, canAdd }: { store: Store; state: RunState; run: Run; canAdd: boolean }) {
  return (
    <>
      {store.isOpening && <p class="loading small">Opening the run</p>}
      <Summary store={store} state={state} story={run.story} leave={run.leaveStory} canAdd={canAdd} />
    </>
  );
}

interface RackProps {
  store: Store;
  state: RunState;
  isStill: boolean;
  chosen: number | null;
  setChosen(node: number | null): void;
}

/** Where machines are at sites, each is an island behind its gateway; what it speaks with is beyond that. */
function Island({ site }: { site: SiteState }) {
  const { name, cluster, gateway, address, count, speaksWith } = site;
  return (
    <header class="island" data-site={name}>
      <strong>{name}</strong>
      {cluster !== "" && <span>cluster {cluster}</span>}
      <span>
        {gateway} gateway {address}
      </span>
      {count > 0 && (
        <span class={speaksWith.length > 0 ? "speaks" : ""}>
          {speaksWith.length > 0 ? `⇄ ${speaksWith.join(", ")}` : "speaks with nobody"}
        </span>
      )}
    </header>
  );
}

function Rack({ store, state, isStill, chosen, setChosen }: RackProps) {
  const there = state.nodes.flatMap(({ isThere }, index) => (isThere ? [index] : []));
  const islands: [SiteState | null, number[]][] =
    state.sites.length === 0
      ? [[null, there]]
      : state.sites.map((site) => [
          site,
          there.filter((index) => index >= site.first && index < site.first + site.count),
        ]);
  return (
    <section class="rack" aria-label="Machines">
      <Wires store={store} isStill={isStill} />
      {islands.map(([site, nodes]) => (
        <div class="site" key={site?.name}>
          {site && <Island site={site} />}
          <div class="cards">
            {nodes.map((index) => (
              <Card
                key={state.nodes[index]!.name}
                store={store}
                node={state.nodes[index]!}
                index={index}
                isChosen={chosen === index}
                choose={() => setChosen(chosen === index ? null : index)}
              />
            ))}
          </div>
        </div>
      ))}
    </section>
  );
}

/** Does the person want stillness; is the page a frame in another one? */
function useSurroundings(): { isStill: boolean; isEmbedded: boolean } {
  const query = useMemo(() => matchMedia("(prefers-reduced-motion: reduce)"), []);
  const [isStill, setIsStill] = useState(query.matches);
  useEffect(() => {
    const listen = (): void => setIsStill(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, [query]);
  return { isStill, isEmbedded: new URLSearchParams(location.search).has("embed") };
}

/** A file that is dropped anywhere on the page. */
function useDrop(setIsDropping: (isDropping: boolean) => void, drop: (file: File) => Promise<void>): void {
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setIsDropping(event.type === "dragover");
      const file = event.type === "drop" ? event.dataTransfer?.files[0] : undefined;
      if (file) void drop(file);
    };
    const kinds = ["dragover", "dragleave", "drop"] as const;
    for (const kind of kinds) addEventListener(kind, over);
    return () => {
      for (const kind of kinds) removeEventListener(kind, over);
    };
  });
}
