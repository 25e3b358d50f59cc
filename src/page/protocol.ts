/** What the page and its workers say to each other. Nothing else crosses between them. */
import type { Action } from "../lab/actions.ts";
import type { SentFrame } from "../wire/strokes.ts";

/** How fast virtual time passes, as parts of real time; Infinity: as fast as the host can. */
export type Speed = number;

export type StepUnit = "instruction" | "event" | "frame" | "millisecond";

export interface OwnImage {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What to boot when no link says it. */
export interface StartOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly jit: boolean;
  /** Over so many workers machines are spread, if the host isolates the page; null: as many as they are worth. */
  readonly workers: number | null;
  /** Null: QuRe's own. */
  readonly image: OwnImage | null;
  readonly keepIn: KeptPlace;
  /** The text of a file of `--sites`; null: the machines are in one room. */
  readonly sites: string | null;
  /** What will be done, and how far the run is known: a story. */
  readonly actions: readonly Action[];
  readonly endNs: number;
}

/** A run is kept in one of two places, and the run that was open before it in the other. */
export type KeptPlace = 0 | 1;

/** A run that was open when this page went away. */
export interface KeptRun {
  /** Tells it from others, where its checkpoints are kept; null: only what was done is. */
  readonly token: string | null;
  readonly place: KeptPlace;
  /** What was done, as a link without a digest. */
  readonly link: string;
  /** Where it stood, and how far it was known. */
  readonly nowNs: number;
  readonly endNs: number;
}

export type Request =
  /** Opens a run, which then goes on at this speed. */
  | {
      readonly kind: "open";
      readonly ticket: number;
      readonly link: string | null;
      readonly options: StartOptions;
      readonly speed: Speed;
    }
  | { readonly kind: "resume"; readonly ticket: number; readonly kept: KeptRun; readonly options: StartOptions }
  | { readonly kind: "play"; readonly speed: Speed }
  /** Another speed, and nothing else. */
  | { readonly kind: "pace"; readonly speed: Speed }
  | { readonly kind: "pause" }
  | { readonly kind: "seek"; readonly timeNs: number }
  | { readonly kind: "runTo"; readonly timeNs: number }
  | { readonly kind: "step"; readonly unit: StepUnit; readonly node: number }
  | {
      readonly kind: "act";
      readonly word: string;
      readonly node: number;
      readonly values: readonly (number | string)[];
    }
  | { readonly kind: "switch"; readonly branch: number }
  | { readonly kind: "link"; readonly ticket: number }
  | { readonly kind: "digest"; readonly ticket: number }
  | { readonly kind: "inspect"; readonly node: number | null; readonly what: InspectedPart };

/** What the worker that builds is asked. */
export type BuilderRequest =
  | { readonly kind: "sources"; readonly ticket: number; readonly path: string | null }
  | { readonly kind: "build"; readonly ticket: number; readonly files: readonly ChangedFile[] };

export interface ChangedFile {
  readonly path: string;
  readonly text: string;
}

export type InspectedPart = "processor" | "tasks" | "disk";

export interface NodeState {
  readonly name: string;
  readonly isOn: boolean;
  /** A machine that has never been switched on is not shown. */
  readonly isThere: boolean;
  readonly isPlugged: boolean;
  /** What is wrong with its cable or disk, in words; empty when nothing is. */
  readonly trouble: string;
  readonly instructions: number;
  readonly isHalted: boolean;
  readonly address: string | null;
  readonly era: number | null;
  readonly age: number | null;
  readonly peers: number | null;
  readonly state: "off" | "starting" | "joining" | "member";
  readonly isFounder: boolean;
  readonly isCoordinator: boolean;
  /** The service addresses that it holds. */
  readonly holds: readonly string[];
}

/** Machines behind a gateway of their own. */
export interface SiteState {
  readonly name: string;
  /** Of its cluster; empty when the site names none. */
  readonly cluster: string;
  /** What its gateway lets in, and its address outside. */
  readonly gateway: string;
  readonly address: string;
  /** The first of its machines, and how many there are; they are in a row. */
  readonly first: number;
  readonly count: number;
  /** Names of sites whose delegates it spoke with in the last seconds. */
  readonly speaksWith: readonly string[];
}

/** Something that happened, for the bar of time. */
export interface Mark {
  readonly atNs: number;
  readonly node: number;
  readonly kind: "joined" | "view" | "panic" | "action" | "lost" | "died" | "moved";
  readonly text: string;
}

export type FrameNote = SentFrame;

export interface RunState {
  readonly nowNs: number;
  readonly endNs: number;
  readonly isRunning: boolean;
  readonly speed: Speed;
  /** Virtual seconds that passed in the last real second. */
  readonly pace: number;
  readonly isSeeking: boolean;
  readonly nodes: readonly NodeState[];
  /** Empty when the machines are in one room. */
  readonly sites: readonly SiteState[];
  readonly instructions: number;
  readonly frames: number;
  readonly checkpointBytes: number;
  readonly budgetBytes: number;
  /** What it takes in the browser's own storage; null: it is not kept there. */
  readonly keptBytes: number | null;
  /** The run up to what is known of it, for `KeptRun`; it changes with what is done. */
  readonly kept: Pick<KeptRun, "token" | "place" | "link">;
  readonly actions: readonly Action[];
  readonly branches: readonly {
    readonly name: string;
    readonly fromNs: number;
    readonly endNs: number;
    readonly words: string;
    /** When it and what goes on now show something else for the first time, and what; null: they have not yet. */
    readonly differsNs: number | null;
    readonly differs: string;
  }[];
  readonly agreed: boolean;
  /** What was dropped on the page; null: QuRe's own. */
  readonly imageName: string | null;
  readonly isForeign: boolean;
  readonly seed: number;
  /** Over so many workers the machines are spread. */
  readonly workers: number;
}

export interface ProcessorView {
  readonly node: number;
  readonly mode: string;
  readonly registers: readonly { readonly name: string; readonly value: string }[];
  readonly code: readonly {
    readonly address: string;
    readonly name: string;
    readonly bytes: string;
    readonly text: string;
    readonly isNext: boolean;
  }[];
}

export interface TaskRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly priority: number;
  /** Processor time. */
  readonly milliseconds: number;
  readonly switches: number;
  /** Names of events, and how long it waits at most; empty for one that does not wait. */
  readonly waitsFor: string;
  /** Routines that wait for each other's return, the innermost first. */
  readonly callers: readonly string[];
}

export interface TasksView {
  readonly node: number;
  /** A sentence where there are none to list. */
  readonly problem: string | null;
  readonly tasks: readonly TaskRow[];
}

export interface DiskEntry {
  readonly path: string;
  readonly kind: string;
  readonly sizeBytes: number;
}

export interface DiskView {
  readonly node: number;
  /** A sentence where there is nothing to list. */
  readonly problem: string | null;
  readonly entries: readonly DiskEntry[];
  /** Size of the partition that holds the volume. */
  readonly volumeBytes: number;
}

export interface SourceDiagnostic {
  readonly line: number;
  readonly column: number;
  readonly severity: string;
  readonly message: string;
  readonly path: string;
}

export type Report =
  | {
      readonly kind: "opened";
      readonly state: RunState;
      readonly note: string | null;
      readonly linkEndNs: number | null;
    }
  | {
      readonly kind: "state";
      readonly state: RunState;
      readonly frames: readonly FrameNote[];
      readonly marks: readonly Mark[];
    }
  /** Marks and frames that are later belong to a future that was left. */
  | {
      readonly kind: "parted";
      readonly afterNs: number;
      /** The cluster has other machines: frames are told anew. */
      readonly isReshaped: boolean;
    }
  | {
      readonly kind: "screen";
      readonly node: number;
      readonly width: number;
      readonly height: number;
      readonly rgba: Uint8ClampedArray<ArrayBuffer>;
      readonly text: readonly string[];
    }
  | { readonly kind: "console"; readonly node: number; readonly text: string }
  | { readonly kind: "processor"; readonly view: ProcessorView }
  | { readonly kind: "tasks"; readonly view: TasksView }
  | { readonly kind: "disk"; readonly view: DiskView }
  | { readonly kind: "checked"; readonly isEqual: boolean; readonly found: string; readonly wanted: string }
  | { readonly kind: "answer"; readonly ticket: number; readonly value: unknown }
  /** Nothing comes of what was asked; `isOpen`: there is a run all the same. */
  | { readonly kind: "refused"; readonly ticket: number; readonly message: string; readonly isOpen: boolean }
  | { readonly kind: "failed"; readonly message: string };
