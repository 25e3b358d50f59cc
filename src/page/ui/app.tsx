/** The page as a whole. */
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { OwnImage, StartOptions } from "../protocol.ts";
import { STORIES, type Story } from "../stories.ts";
import { Card } from "./card.tsx";
import { Editor } from "./editor.tsx";
import { isWelcomeHidden, type KeptPage, keepImage, keepRun, keptImage, keptRun, reloadedRun } from "./keep.ts";
import { keepEditor } from "./offline.ts";
import { Panel } from "./panel.tsx";
import { ShareDialog } from "./share.tsx";
import { SpaceTime } from "./space-time.tsx";
import { Start } from "./start.tsx";
import { Store } from "./store.ts";
import { Summary } from "./summary.tsx";
import { TimeBar } from "./time-bar.tsx";
import { Welcome } from "./welcome.tsx";
import { Wires } from "./wires.tsx";

/** The run that was open before this page was: what is opened here is kept in the other place. */
const BEFORE = keptRun();
const FIRST: StartOptions = {
  nodes: 3,
  seed: 1,
  jit: true,
  workers: null,
  image: null,
  keepIn: BEFORE?.run.place === 0 ? 1 : 0,
  actions: [],
  endNs: 0,
};
const KEEP_MS = 1000;
/** Until machines that were just switched on agree, time passes so many times as fast: booting is worth a second. */
const BOOT_SPEED = 2;

/** The link in the page's own address. */
function linkInAddress(): string | null {
  return location.hash.startsWith("#r=") ? location.hash.slice(1) : null;
}

export function App() {
  const store = useMemo(() => new Store(), []);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [speed, setSpeed] = useState(1);
  const [chosen, setChosen] = useState<number | null>(null);
  const [view, setView] = useState<"machines" | "messages">("machines");
  const [story, setStory] = useState<Story | null>(null);
  const [isFirst, setIsFirst] = useState(isFirstScreen);
  const [shared, setShared] = useState<string | null>(null);
  const [isDropping, setIsDropping] = useState(false);
  const options = useRef<StartOptions>(FIRST);
  const { isStill, isEmbedded } = useSurroundings();

  const play = (next: number): void => {
    setSpeed(next);
    store.send({ kind: "play", speed: next });
  };
  /** Opens a run; one that is refused changes nothing. */
  const start = async (
    given: Partial<StartOptions>,
    { link = null, speed, from = null }: { link?: string | null; speed?: number; from?: Story | null } = {},
  ): Promise<void> => {
    const next = { ...options.current, actions: [], endNs: 0, ...given };
    const pace = link !== null ? Number.POSITIVE_INFINITY : (speed ?? (next.image ? 1 : BOOT_SPEED));
    const isAnother = store.state !== null;
    if (!(await store.open(link, next, pace))) return;
    options.current = next;
    if (isAnother) setIsFirst(false);
    setSpeed(pace);
    setStory(from);
    if (link === null) forgetLink();
    if (next.image) void keepImage(next.image);
  };

  const resume = async ({ run, hasImage, marks, story: id }: KeptPage): Promise<void> => {
    const found = hasImage ? await keptImage() : null;
    const next = { ...options.current, actions: [], endNs: 0, image: found, keepIn: run.place };
    if (!(await store.resume(run, next, marks))) return;
    options.current = next;
    setStory(STORIES.find((known) => known.id === id) ?? null);
    setIsFirst(false);
  };

  useEffect(() => {
    // For whoever opens the browser's console: docs/page.md.
    Object.assign(globalThis, { qure: store });
    return store.subscribe(() => redraw(0));
  }, [store]);
  useEffect(() => {
    const parameters = new URLSearchParams(location.search);
    const link = linkInAddress();
    const jit = parameters.get("jit") !== "off";
    const workers = parameters.has("workers") ? numberIn(parameters.get("workers"), 1, 8) : null;
    const first = STORIES.find(({ id }) => id === parameters.get("story"));
    options.current = { ...FIRST, jit, workers };
    const reloaded = reloadedRun();
    if (reloaded) void resume(reloaded);
    else if (first && link === null) openStory(first);
    else
      void start(
        { nodes: numberIn(parameters.get("nodes"), 3, 100), seed: numberIn(parameters.get("seed"), 1, 2 ** 31) },
        { link },
      );
    const onHash = (): void => {
      const next = linkInAddress();
      if (next !== null) void start({}, { link: next });
    };
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);

  const openStory = (next: Story): void => {
    setChosen(null);
    const { nodes, seed, actions, endNs } = next;
    const speed = next.captions[0]!.speed;
    void start({ nodes, seed, image: null, actions, endNs }, { speed, from: next });
  };
  /** Another speed, whether time passes or not. */
  const setPace = (next: number): void => {
    setSpeed(next);
    store.send({ kind: "pace", speed: next });
  };
  useStoryPace(store, story, setPace);
  useEffect(() => {
    if (!store.state?.agreed || story !== null || speed !== BOOT_SPEED) return;
    setPace(1);
  }, [store.state?.agreed]);
  const isSettled = store.state?.agreed || store.state?.isForeign;
  useEffect(() => (isSettled ? keepEditor() : undefined), [isSettled]);
  useEffect(() => {
    const keep = (): void => {
      const { state, marks } = store;
      if (!state || state.nowNs === 0) return;
      const { kept, nowNs, endNs } = state;
      const hasImage = options.current.image !== null;
      keepRun({ run: { ...kept, nowNs, endNs }, hasImage, marks, story: story?.id ?? null });
    };
    const timer = setInterval(keep, KEEP_MS);
    addEventListener("pagehide", keep);
    return () => {
      clearInterval(timer);
      removeEventListener("pagehide", keep);
    };
  }, [store, story]);

  const drop = async (file: File): Promise<void> => {
    const dropped: OwnImage = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
    await start({ image: dropped, nodes: 1 });
  };
  useDrop(setIsDropping, drop);
  const { state } = store;
  const share = async (): Promise<void> => {
    store.send({ kind: "pause" });
    const link = `r=${await store.ask({ kind: "link" })}`;
    history.replaceState(null, "", `#${link}`);
    setShared(link);
  };
  const choose = (node: number): void => setChosen(chosen === node ? null : node);
  /** There is no run, and none is on its way. */
  const isStuck = !state && !store.isOpening && store.problem !== null;
  const isOpen = chosen !== null && state?.nodes[chosen]?.isThere === true;
  return (
    <div class={`page ${isEmbedded ? "embedded" : ""} ${isOpen ? "with-panel" : ""}`}>
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
          isCompiled={options.current.jit}
          start={(given) => void start(given)}
          story={story}
          openStory={openStory}
          drop={(file) => void drop(file)}
          before={BEFORE}
          resume={(kept) => void resume(kept)}
        />
      </header>
      <main>
        {store.problem !== null && (
          <p class="banner bad" role="alert">
            {store.problem}
            {state && (
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
        {!isEmbedded && view === "machines" && !isOpen && (state ? isFirst && story === null : isStuck) && (
          <Welcome openStory={openStory} close={state ? () => setIsFirst(false) : null} />
        )}
        {isStuck && (
          <button type="button" class="primary" onClick={() => void start({ nodes: 3, seed: 1, image: null })}>
            Boot three machines
          </button>
        )}
        {!state && !isStuck && <p class="loading">Loading the system for three PCs</p>}
        {state && store.isOpening && <p class="loading small">Opening the run</p>}
        {state && (
          <Summary store={store} state={state} story={story} leave={() => setStory(null)} canAdd={!isEmbedded} />
        )}
        {story?.hasEditor && (
          <Editor store={store} boot={(built) => start({ image: built, nodes: 3 }, { from: story })} />
        )}
        {state && view === "machines" && (
          <section class="rack" aria-label="Machines">
            <Wires store={store} isStill={isStill} />
            <div class="cards">
              {state.nodes.map((node, index) =>
                node.isThere ? (
                  <Card
                    key={node.name}
                    store={store}
                    node={node}
                    index={index}
                    isChosen={chosen === index}
                    choose={() => choose(index)}
                  />
                ) : null,
              )}
            </div>
          </section>
        )}
        {state && view === "messages" && <SpaceTime store={store} state={state} chooseCable={setChosen} />}
      </main>
      {isOpen && state && <Panel store={store} state={state} index={chosen!} close={() => setChosen(null)} />}
      {state && (
        <TimeBar
          store={store}
          state={state}
          speed={speed}
          chosen={chosen ?? 0}
          // What is drawn is a picture old: a run that was paused a moment ago must not go on.
          setSpeed={(next) => (store.state?.isRunning ? play(next) : setSpeed(next))}
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

/** A run that is named or kept is what was wanted; and tiles that were put away stay away. */
function isFirstScreen(): boolean {
  const parameters = new URLSearchParams(location.search);
  return linkInAddress() === null && !parameters.has("story") && reloadedRun() === null && !isWelcomeHidden();
}

/** The link is not where the run comes from any more. */
function forgetLink(): void {
  if (location.hash !== "") history.replaceState(null, "", `${location.pathname}${location.search}`);
}

function numberIn(text: string | null, usual: number, most: number): number {
  const value = Number(text);
  return text !== null && Number.isInteger(value) && value >= 1 && value <= most ? value : usual;
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

/** A story goes at the pace of its captions, as long as it runs. */
function useStoryPace(store: Store, story: Story | null, setPace: (speed: number) => void): void {
  const shown = useRef(-1);
  const { state } = store;
  const index = story && state ? story.captions.findLastIndex(({ atNs }) => atNs <= state.nowNs) : -1;
  useEffect(() => {
    const isNext = index === shown.current + 1;
    shown.current = index;
    if (story && isNext && index > 0 && state?.isRunning) setPace(story.captions[index]!.speed);
  }, [index, story]);
}
