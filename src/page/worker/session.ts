/** A run in the page: its timeline, how fast it goes, and what is told of it. */
import { SymbolTable } from "../../../emulator/debug/symbols.ts";
import { formatIpv4 } from "../../../emulator/ether/packet.ts";
import { addressBytes } from "../../../emulator/ether/wide/wide-net.ts";
import { compilationRefusal } from "../../../emulator/jit/module-cache.ts";
import { kernelSymbols } from "../../image/kernel-symbols.ts";
import { type Action, type ActionWord, formatAction } from "../../lab/actions.ts";
import { isAgreed } from "../../lab/cloud-status.ts";
import type { LabCluster } from "../../lab/cluster.ts";
import { encodeRun, machinesOf, type RunDescription } from "../../lab/run-link.ts";
import type { WorldOptions } from "../../lab/sites.ts";
import { type Branch, Timeline } from "../../lab/timeline.ts";
import type {
  InspectedPart,
  KeptPlace,
  KeptRun,
  Mark,
  NodeState,
  Report,
  RunState,
  Speed,
  StepUnit,
} from "../protocol.ts";
import { viewDisk, viewProcessor } from "./inspect.ts";
import { adoptRun, findRun, type KeptFile, RunKeeper, type Saved } from "./kept-run.ts";
import { Observer } from "./observer.ts";
import { type RunParts, startRun } from "./run-nodes.ts";
import { Screens } from "./screens.ts";
import type { System } from "./system.ts";
import { viewTasks } from "./tasks.ts";

/** What checkpoints may hold. */
const BUDGET_BYTES = 320 * 1024 * 1024;
/** The worker runs for so long at once, in milliseconds of real time, and then listens. */
const SLICE_MS = 14;
/** How often it tells of the run, in milliseconds: less often of many machines, whose page takes longer to draw. */
const REPORT_MS = 33;
const REPORT_MACHINE_MS = 2;
const INSPECT_MS = 250;
/** Real time that the host could not keep up with is not made up for. */
const MOST_BEHIND_MS = 60;
/** How often a run that goes on is kept, in milliseconds; and one that is behind its time, which has better to do. */
const KEEP_MS = 500;
const KEEP_BUSY_MS = 5000;
/** How often a digest is kept with it: of many machines it takes longer. */
const DIGEST_MS = 2000;
const DIGEST_MACHINE_MS = 300;
/** Actions after which a machine is not what it was. */
const FORGETTING: ReadonlySet<string> = new Set(["cut", "reset", "older"]);
const FAST_NS = 1e9;
const LONGEST_STEP_NS = 10e9;
const QUANTUM_NS = 50_000;

type Post = (report: Report, transfer?: Transferable[]) => void;

export interface SessionOptions {
  readonly run: RunDescription;
  /** It came by a link, and goes to where that was made. */
  readonly isLinked: boolean;
  /** What was dropped on the page; null: QuRe's own. */
  readonly imageName: string | null;
  readonly place: KeptPlace;
  /** Where the run is kept; the session closes it. */
  readonly file: KeptFile | null;
  /** The run that it goes on with. */
  readonly kept: KeptRun | null;
}

export class Session {
  readonly #post: Post;
  readonly #system: System;
  readonly #parts: RunParts;
  readonly #symbols: SymbolTable;
  #run: RunDescription;
  #lab!: LabCluster;
  #timeline!: Timeline;
  #observer!: Observer;
  #screens!: Screens;
  #isRunning = false;
  #speed: Speed = 1;
  #lastMs = 0;
  /** Virtual time that is due and has not passed yet. */
  #dueNs = 0;
  #reportedMs = 0;
  #inspectedMs = 0;
  #paceMs = 0;
  #paceNs = 0;
  #pace = 0;
  #seekNs: number | null = null;
  /** Where a run that came by a link ends, until it got there. */
  #checkNs: number | null;
  #stopNs = Infinity;
  #inspected: { node: number; what: InspectedPart } | null = null;
  /** There is more to run at once. */
  #isBehind = false;
  #isScheduled = false;
  readonly #turns = new MessageChannel();
  #isClosed = false;
  #actionMarks: Mark[] = [];
  #keeper: RunKeeper | null = null;
  readonly #file: KeptFile | null;
  readonly #place: KeptPlace;
  readonly #imageName: string | null;
  #keptMs = performance.now();
  #digestMs = performance.now();
  /** The link of what was done up to the end that is known, and the actions that it has. */
  #keptLink = "";
  #keptActions: readonly Action[] | null = null;

  constructor(post: Post, parts: RunParts, { run, isLinked, imageName, place, file, kept }: SessionOptions) {
    this.#post = post;
    this.#system = parts.system;
    this.#parts = parts;
    this.#symbols = new SymbolTable(kernelSymbols(parts.image));
    this.#file = file;
    this.#turns.port1.onmessage = () => this.#turn();
    this.#place = place;
    this.#imageName = imageName;
    this.#run = run;
    this.#checkNs = isLinked && run.digest !== null ? run.endNs : null;
    this.#make(run, run.actions, kept?.endNs ?? run.endNs);
    const problem = kept && this.#adopt(kept);
    this.#beginKeeping();
    const refusal = parts.jit ? compilationRefusal() : null;
    const note =
      problem ??
      (refusal &&
        `This page may not compile code (${refusal}): the machines are interpreted, which is slower and otherwise the same.`);
    post({ kind: "opened", state: this.#state(), note, linkEndNs: isLinked ? run.endNs : null });
    this.#tellActions();
    if (kept) this.seek(kept.nowNs);
    this.#schedule(true);
  }

  #make(run: RunDescription, actions: readonly Action[], endNs: number): void {
    this.#lab = startRun(run, this.#parts);
    this.#observer = new Observer(this.#lab);
    this.#screens = new Screens(this.#lab, this.#post);
    this.#timeline = new Timeline(this.#lab, actions, endNs, {
      budgetBytes: BUDGET_BYTES,
      save: (): Saved => ({
        position: this.#observer.trace.position,
        notes: this.#observer.save(),
        digest: this.#digestToKeep(),
      }),
      wentBack: (_, saved) => {
        const { position, notes } = saved as Saved;
        this.#observer.trace.restore(position);
        this.#observer.restore(notes);
        this.#screens.wentBack();
      },
      parted: (afterNs) => this.#post({ kind: "parted", afterNs, isReshaped: false }),
      performed: ({ word, node }) => {
        if (FORGETTING.has(word)) this.#observer.forget(node);
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#turns.port1.close();
    this.#lab.close();
    this.#file?.close();
  }

  // What survives a reload.

  /** Goes on with a run that was kept; where that cannot be, says why, and the run is repeated. */
  #adopt({ token }: KeptRun): string | null {
    try {
      if (this.#file === null || token === null) throw new Error("it is not in this browser's storage");
      adoptRun(findRun(this.#file, token), this.#timeline, this.#observer.trace, this.#run.actions);
      return null;
    } catch (error) {
      this.#lab.close();
      this.#make(this.#run, this.#run.actions, this.#timeline.endNs);
      return `The run is repeated from its beginning: ${(error as Error).message}.`;
    }
  }

  #beginKeeping(): void {
    this.#keeper = this.#file && new RunKeeper(this.#file, this.#timeline, this.#observer.trace);
  }

  /** One of the last checkpoints has a digest, by which a reload proves what it finds. */
  #digestToKeep(): string | null {
    const spacingMs = DIGEST_MS + DIGEST_MACHINE_MS * this.#lab.nodes.length;
    if (!this.#keeper || performance.now() - this.#digestMs < spacingMs) return null;
    this.#digestMs = performance.now();
    return this.#lab.digest();
  }

  /** Everything that has been known of the run, as text without a digest. */
  #keptRun(): RunState["kept"] {
    const { actions } = this.#timeline;
    if (this.#keptActions !== actions) {
      this.#keptActions = actions;
      this.#keptLink = encodeRun({ ...this.#run, actions, endNs: actions.at(-1)?.atNs ?? 0, digest: null });
    }
    return { token: this.#keeper?.token ?? null, place: this.#place, link: this.#keptLink };
  }

  // What a person does to time.

  play(speed: Speed): void {
    this.#speed = speed;
    this.#isRunning = true;
    this.#lastMs = performance.now();
    this.#dueNs = 0;
    this.#stopNs = Infinity;
    this.#schedule(true);
  }

  setPace(speed: Speed): void {
    this.#speed = speed;
  }

  pause(): void {
    this.#isRunning = false;
    this.#stopNs = Infinity;
    this.#report(true);
  }

  seek(timeNs: number): void {
    this.#isRunning = false;
    this.#seekNs = Math.max(0, Math.round(timeNs / 1000) * 1000);
    this.#timeline.approach(this.#seekNs);
    this.#schedule(true);
  }

  /** As fast as possible to a time, and on from there at the speed of before. */
  runTo(timeNs: number): void {
    this.#stopNs = timeNs;
    this.#isRunning = true;
    this.#schedule(true);
  }

  step(unit: StepUnit, node: number): void {
    this.#isRunning = false;
    const { nowNs } = this.#timeline;
    const { cluster } = this.#lab;
    if (unit === "instruction") this.#timeline.stepInstructions(node, 1);
    else if (unit === "millisecond") this.#timeline.run(nowNs + 1e6);
    else if (unit === "event")
      this.#timeline.run(Math.min(nowNs + LONGEST_STEP_NS, Math.max(nowNs, cluster.nextEventNs) + QUANTUM_NS));
    else {
      const { frames } = cluster.network;
      const endNs = nowNs + LONGEST_STEP_NS;
      while (this.#timeline.nowNs < endNs && cluster.network.frames === frames)
        this.#timeline.run(Math.min(endNs, Math.max(this.#timeline.nowNs, cluster.nextEventNs) + QUANTUM_NS));
    }
    this.#report(true);
  }

  act(word: string, node: number, values: readonly (number | string)[]): void {
    // Who acts while the run is on its way to a moment means that moment.
    if (this.#seekNs !== null) this.#timeline.run(this.#seekNs);
    this.#seekNs = null;
    const action = { word: word as ActionWord, node, values };
    if (word === "add") this.#addMachine();
    else this.#observer.trace.part(this.#timeline.act(action));
    const done = { ...action, node: word === "add" ? this.#lab.nodes.length - 1 : node, atNs: this.#timeline.nowNs };
    if (isMarked(done)) this.#actionMarks.push(markOf(done));
    this.#checkNs = null;
    // Of a mouse that moves much more comes at once.
    this.#report(isMarked(done));
  }

  /** A machine more makes a cluster of another shape: the run is repeated in it up to now. */
  #addMachine(): void {
    const { nowNs, done } = this.#timeline;
    const node = this.#lab.nodes.length;
    const actions: Action[] = [...done, { atNs: nowNs, word: "add", node, values: [] }];
    this.#run = { ...this.#run, actions };
    this.#lab.close();
    this.#make(this.#run, actions, nowNs);
    this.#post({ kind: "parted", afterNs: nowNs, isReshaped: true });
    this.#beginKeeping();
    this.#timeline.run(nowNs);
  }

  switchTo(number: number): void {
    const branch = this.#timeline.branches[number];
    if (!branch) return;
    const { nowNs } = this.#timeline;
    const left = this.#timeline.switchTo(branch);
    if (left) this.#observer.trace.exchange(branch, left);
    this.#tellActions();
    this.seek(Math.max(branch.fromNs, Math.min(nowNs, branch.endNs)));
  }

  /** The run up to now, as text. */
  link(): string {
    const { done, nowNs } = this.#timeline;
    if (this.#lab.cluster.openQuantumNs !== null) this.#timeline.run(this.#lab.cluster.openQuantumNs);
    return encodeRun({ ...this.#run, actions: done, endNs: this.#timeline.nowNs || nowNs, digest: this.#lab.digest() });
  }

  digest(): string {
    return this.#lab.digest();
  }

  inspect(node: number | null, what: InspectedPart): void {
    this.#inspected = node === null ? null : { node, what };
    this.#inspectedMs = 0;
    this.#report(true);
  }

  // How it goes on.

  /**
   * Has the run go on after what the page has asked. A run that keeps pace waits for its time by a timer; what is due
   * already goes through a channel, since browsers let a timer of a timer wait for 4 ms.
   */
  #schedule(isDue: boolean): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    if (isDue) this.#turns.port2.postMessage(null);
    else setTimeout(() => this.#turn(), 0);
  }

  #turn(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    try {
      this.#tick();
    } catch (error) {
      this.#isRunning = false;
      this.#post({ kind: "failed", message: (error as Error).message });
    }
  }

  #tick(): void {
    const startMs = performance.now();
    const isOver = (): boolean => performance.now() - startMs > SLICE_MS;
    if (this.#seekNs !== null) {
      this.#isBehind = true;
      this.#timeline.run(this.#seekNs, isOver);
      if (this.#timeline.nowNs >= this.#seekNs) this.#seekNs = null;
      this.#report(this.#seekNs === null);
      this.#lastMs = performance.now();
      if (this.#seekNs !== null || this.#isRunning) this.#schedule(true);
      return;
    }
    if (!this.#isRunning) return;
    this.#isBehind = this.#runOn(startMs, isOver);
    this.#lastMs = startMs;
    this.#measure(startMs);
    // The last state of a run that ended is always told.
    this.#report(!this.#isRunning);
    if (this.#isRunning) this.#schedule(this.#isBehind);
  }

  /** Returns whether there is more to run at once. */
  #runOn(nowMs: number, isOver: () => boolean): boolean {
    const timeline = this.#timeline;
    const isFast = this.#speed === Infinity || this.#stopNs < Infinity;
    const elapsedMs = Math.min(MOST_BEHIND_MS, nowMs - this.#lastMs);
    this.#dueNs = isFast
      ? FAST_NS
      : Math.min(this.#dueNs, MOST_BEHIND_MS * 1e6 * this.#speed) + elapsedMs * 1e6 * this.#speed;
    const fromNs = timeline.nowNs;
    const checkNs = this.#checkNs ?? Infinity;
    const targetNs = Math.min(fromNs + Math.floor(this.#dueNs / 1000) * 1000, this.#stopNs, checkNs);
    if (targetNs > fromNs) timeline.run(targetNs, isOver);
    this.#dueNs = Math.max(0, this.#dueNs - (timeline.nowNs - fromNs));
    if (timeline.nowNs >= this.#stopNs) {
      this.#stopNs = Infinity;
      this.#isRunning = false;
    }
    if (timeline.nowNs >= checkNs) this.#check();
    return isFast || timeline.nowNs < targetNs;
  }

  /** The run has come to where its link was made. */
  #check(): void {
    this.#checkNs = null;
    this.#isRunning = false;
    const wanted = this.#run.digest!;
    const found = this.#lab.digest();
    this.#report(true);
    this.#post({ kind: "checked", isEqual: found === wanted, found, wanted });
  }

  #measure(nowMs: number): void {
    const spanMs = nowMs - this.#paceMs;
    if (spanMs < 500) return;
    this.#pace = Math.max(0, this.#timeline.nowNs - this.#paceNs) / 1e6 / spanMs;
    this.#paceMs = nowMs;
    this.#paceNs = this.#timeline.nowNs;
  }

  // What is told.

  #report(now: boolean): void {
    const nowMs = performance.now();
    if (!now && nowMs - this.#reportedMs < REPORT_MS + REPORT_MACHINE_MS * this.#lab.nodes.length) return;
    this.#reportedMs = nowMs;
    const { frames, marks } = this.#observer.take();
    const own = this.#actionMarks;
    this.#actionMarks = [];
    if (now || nowMs - this.#keptMs > (this.#isBehind ? KEEP_BUSY_MS : KEEP_MS)) {
      this.#keptMs = nowMs;
      this.#keeper?.keep();
    }
    // Pictures first: whoever has read that the machines stand at a time has the screens of that time.
    this.#screens.show(now && !this.#isRunning);
    this.#post({ kind: "state", state: this.#state(), frames, marks: [...marks, ...own] });
    if (this.#inspected === null || (!now && nowMs - this.#inspectedMs < INSPECT_MS)) return;
    this.#inspectedMs = nowMs;
    const { node, what } = this.#inspected;
    const machine = this.#lab.cluster.hosts[node]!;
    if (what === "disk") this.#post({ kind: "disk", view: viewDisk(this.#lab, node) });
    else if (what === "processor") this.#post({ kind: "processor", view: viewProcessor(machine, node, this.#symbols) });
    else this.#post({ kind: "tasks", view: viewTasks(machine, node, this.#symbols, this.#system.taskLayout) });
  }

  #tellActions(): void {
    this.#actionMarks.push(...this.#timeline.actions.filter(isMarked).map(markOf));
  }

  #state(): RunState {
    const timeline = this.#timeline;
    const nodes = this.#lab.nodes.map((_, index) => this.#nodeState(index));
    const on = nodes.flatMap(({ isOn, isThere }, index) => (isOn && isThere ? [this.#observer.status(index)] : []));
    return {
      nowNs: timeline.nowNs,
      endNs: timeline.endNs,
      isRunning: this.#isRunning,
      speed: this.#speed,
      pace: this.#pace,
      isSeeking: this.#seekNs !== null,
      nodes,
      sites: this.#sites(),
      instructions: this.#lab.instructions,
      frames: this.#lab.cluster.network.frames,
      checkpointBytes: timeline.sizeBytes,
      budgetBytes: BUDGET_BYTES,
      keptBytes: this.#keeper?.sizeBytes ?? null,
      kept: this.#keptRun(),
      actions: timeline.actions,
      branches: timeline.branches.map((branch) => this.#branchState(branch)),
      agreed: on.length > 0 && isAgreed(on),
      imageName: this.#imageName,
      isForeign: this.#run.preparedBytes === 0,
      seed: this.#run.seed,
      workers: this.#lab.cluster.threads,
    };
  }

  #sites(): RunState["sites"] {
    const { world, config } = this.#lab.cluster;
    if (!world) return [];
    const { siteOf, sites: configured } = config.world!;
    const { sites } = JSON.parse(this.#run.sites!) as WorldOptions;
    return world.routers.map(({ name, outsideAddress }, site) => ({
      name,
      cluster: sites[site]!.cluster ?? "",
      gateway: configured[site]!.router.kind,
      address: formatIpv4(addressBytes(outsideAddress)),
      first: siteOf.indexOf(site),
      count: siteOf.filter((of) => of === site).length,
      speaksWith: this.#observer.speaksWith(name),
    }));
  }

  #branchState(branch: Branch): RunState["branches"][number] {
    const { name, fromNs, endNs, actions } = branch;
    const words = actions.filter(({ atNs }) => atNs >= fromNs).map(formatAction);
    const difference = this.#observer.trace.difference(branch, this.#timeline.endNs);
    const place = (where: number): string =>
      where < 0
        ? `the console of ${this.#lab.nodes[-1 - where]!.name}`
        : `a frame on the cable of ${this.#lab.nodes[where]?.name ?? "the gateway"}`;
    return {
      name,
      fromNs,
      endNs,
      words: words.slice(0, 3).join(", "),
      differsNs: difference?.atNs ?? null,
      differs: difference ? place(difference.where) : "",
    };
  }

  #nodeState(index: number): NodeState {
    const node = this.#lab.nodes[index]!;
    const machine = this.#lab.cluster.hosts[index]!;
    const status = this.#observer.status(index);
    const isOn = !node.isOff;
    const known = isOn ? status : null;
    return {
      name: node.name,
      isOn,
      isThere: index < machinesOf({ ...this.#run, actions: this.#timeline.done }),
      isPlugged: this.#lab.cluster.isPlugged(index),
      trouble: this.#troubleOf(index),
      instructions: machine.instructions,
      isHalted: machine.halted,
      address: known?.address ?? null,
      era: known?.era ?? null,
      age: known?.age ?? null,
      peers: known?.peers ?? null,
      state: !isOn ? "off" : known ? "member" : this.#observer.isJoining(index) ? "joining" : "starting",
      isFounder: isOn && known !== null && this.#observer.isFounder(index),
      isCoordinator: isOn && this.#observer.isCoordinator(index),
      holds: isOn ? this.#observer.holds(index) : [],
    };
  }

  #troubleOf(index: number): string {
    const { cluster } = this.#lab;
    const words: string[] = [];
    const [into, out] = [cluster.trouble(index, "in"), cluster.trouble(index, "out")];
    if (into.blocked || out.blocked)
      words.push(into.blocked && out.blocked ? "blocked" : into.blocked ? "hears nothing" : "is not heard");
    if (out.lostPercent > 0) words.push(`loses ${out.lostPercent}%`);
    if (out.delayedPercent > 0) words.push(`delays ${out.delayedPercent}%`);
    if (out.reorderedPercent > 0) words.push(`reorders ${out.reorderedPercent}%`);
    if (out.duplicatedPercent > 0) words.push(`doubles ${out.duplicatedPercent}%`);
    if (out.corruptedPercent > 0) words.push(`corrupts ${out.corruptedPercent}%`);
    if (out.kilobits > 0) words.push(`${out.kilobits} kbit/s`);
    const slow = this.#timeline.done.findLast(({ word, node }) => word === "slow" && node === index);
    if (slow && Number(slow.values[0]) > 1) words.push("slow disk");
    const frozen = this.#timeline.done.findLast(({ word, node }) => word === "freeze" && node === index);
    if (frozen && frozen.atNs + Number(frozen.values[0]) > this.#timeline.nowNs) words.push("frozen");
    return words.join(", ");
  }
}

/** Motion of a mouse has no marks on the bar of time, which would be full of them. */
function isMarked({ word }: Pick<Action, "word">): boolean {
  return word !== "mouse" && word !== "buttons";
}

function markOf(action: Action): Mark {
  return { atNs: action.atNs, node: action.node, kind: "action", text: formatAction(action) };
}
