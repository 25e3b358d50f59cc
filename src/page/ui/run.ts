/** The run on the page: how it is opened, at what pace it goes, and that it is there again when the page is. */
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { StartOptions } from "../protocol.ts";
import { STORIES, type Story } from "../stories.ts";
import { isWelcomeHidden, type KeptPage, keepImage, keepRun, keptImage, keptRun, reloadedRun } from "./keep.ts";
import { keepEditor } from "./offline.ts";
import { Store } from "./store.ts";

/** The run that was open before this page was: what is opened here is kept in the other place. */
export const BEFORE = keptRun();
const FIRST: StartOptions = {
  nodes: 3,
  seed: 1,
  jit: true,
  workers: null,
  image: null,
  keepIn: BEFORE?.run.place === 0 ? 1 : 0,
  sites: null,
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

/** How a run is opened, beside its options. */
interface Opening {
  readonly link?: string | null;
  readonly speed?: number;
  readonly from?: Story | null;
}

export interface Run {
  readonly options: { current: StartOptions };
  readonly speed: number;
  readonly story: Story | null;
  /** Nobody has opened another run yet. */
  readonly isFirst: boolean;
  /** Opens a run; one that is refused changes nothing. */
  start(given: Partial<StartOptions>, opening?: Opening): Promise<void>;
  resume(kept: KeptPage): Promise<void>;
  openStory(story: Story): void;
  leaveStory(): void;
  /** No welcome any more. */
  begin(): void;
  /** Another speed, whether time passes or not. */
  setPace(speed: number): void;
  /** What is drawn is a picture old: a run that was paused a moment ago must not go on. */
  setSpeed(speed: number): void;
}

/** The store, and a new picture whenever something in it changes. */
export function useStore(): Store {
  const store = useMemo(() => new Store(), []);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    // For whoever opens the browser's console: docs/page.md.
    Object.assign(globalThis, { qure: store });
    return store.subscribe(() => redraw(0));
  }, [store]);
  return store;
}

export function useRun(store: Store): Run {
  const [speed, setSpeed] = useState(1);
  const [story, setStory] = useState<Story | null>(null);
  const [isFirst, setIsFirst] = useState(isFirstScreen);
  const options = useRef<StartOptions>(FIRST);
  const play = (next: number): void => {
    setSpeed(next);
    store.send({ kind: "play", speed: next });
  };
  const start = async (
    given: Partial<StartOptions>,
    { link = null, speed, from = null }: Opening = {},
  ): Promise<void> => {
    const next = { ...options.current, sites: null, actions: [], endNs: 0, ...given };
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
    const next = { ...options.current, sites: null, actions: [], endNs: 0, image: found, keepIn: run.place };
    if (!(await store.resume(run, next, marks))) return;
    options.current = next;
    setStory(STORIES.find((known) => known.id === id) ?? null);
    setIsFirst(false);
  };
  const openStory = (next: Story): void => {
    const { nodes, seed, sites = null, actions, endNs } = next;
    const speed = next.captions[0]!.speed;
    void start({ nodes, seed, image: null, sites, actions, endNs }, { speed, from: next });
  };
  const setPace = (next: number): void => {
    setSpeed(next);
    store.send({ kind: "pace", speed: next });
  };
  const run: Run = {
    options,
    speed,
    story,
    isFirst,
    start,
    resume,
    openStory,
    leaveStory: () => setStory(null),
    begin: () => setIsFirst(false),
    setPace,
    setSpeed: (next) => (store.state?.isRunning ? play(next) : setSpeed(next)),
  };
  useFirstRun(run);
  usePace(store, run);
  useKeeping(store, run);
  return run;
}

/** Opens what the page's address names, or what was open before it was loaded anew. */
function useFirstRun({ options, start, resume, openStory }: Run): void {
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
}

/** A story goes at its own pace; others at that of the clock, once the machines agree. */
function usePace(store: Store, { story, speed, setPace }: Run): void {
  useStoryPace(store, story, setPace);
  useEffect(() => {
    if (!store.state?.agreed || story !== null || speed !== BOOT_SPEED) return;
    setPace(1);
  }, [store.state?.agreed]);
}

function useKeeping(store: Store, { options, story }: Run): void {
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
