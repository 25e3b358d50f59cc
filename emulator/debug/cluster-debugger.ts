/**
 * A cluster under debuggers, one for each node at most. While any of them holds its node, the virtual time of all nodes
 * stands still. Whoever drives the cluster calls `runUntil` of this class instead of the cluster's, and waits for
 * `whenRunning` before.
 */
import type { Cluster } from "../cluster/cluster.ts";
import { History } from "./history.ts";
import { readLinear } from "./linear-memory.ts";
import { NodeDebugger, type Scan } from "./node-debugger.ts";
import { Probes } from "./probes.ts";
import { linearPc, linearSp } from "./registers.ts";
import type { Resume, Stop } from "./stop.ts";

const IRET = 0xcf;
const OPERAND_SIZE = 0x66;

interface Session {
  readonly stopped: (stop: Stop) => void;
  /** What its node was told to do; null while it is held. */
  resume: Resume | null;
  /** Backwards: where the search goes on, as a number of retired instructions. */
  before: number;
  /** It was told that its node has gone off. */
  knowsOff: boolean;
}

export class ClusterDebugger {
  readonly cluster: Cluster;
  readonly probes: readonly Probes[];
  readonly nodes: readonly NodeDebugger[];
  readonly history: History;
  /** Answers what a debugger's `monitor` command asks and nobody here knows; null: nobody does. */
  ask: ((line: string, node: number) => string) | null = null;
  readonly #sessions: (Session | null)[];
  #wake: (() => void)[] = [];
  #startHeld: boolean;

  /** `startHeld`: nothing runs until the first debugger lets it. */
  constructor(cluster: Cluster, startHeld = false) {
    this.cluster = cluster;
    this.probes = cluster.machines.map(({ processor }) => new Probes(processor));
    this.nodes = cluster.machines.map((machine, index) => new NodeDebugger(machine, index, this.probes[index]!));
    this.history = new History(cluster);
    this.#sessions = cluster.machines.map(() => null);
    this.#startHeld = startHeld;
    for (const source of [cluster, ...cluster.machines]) source.onOutside = () => this.history.touched();
  }

  /** Whether virtual time stands still. */
  get held(): boolean {
    return this.#startHeld || this.#sessions.some((session) => session !== null && session.resume === null);
  }

  /** Resolves when time goes on; null when it does. */
  whenRunning(): Promise<void> | null {
    return this.held ? new Promise((resolve) => void this.#wake.push(resolve)) : null;
  }

  /**
   * A debugger connects: its node is held from now on. `stopped` hears each time that it is held again. False when
   * there is one already.
   */
  attach(index: number, stopped: (stop: Stop) => void): boolean {
    if (this.#sessions[index] !== null) return false;
    this.history.begin();
    this.#sessions[index] = { stopped, resume: null, before: 0, knowsOff: false };
    this.#startHeld = false;
    return true;
  }

  detach(index: number): void {
    if (this.#sessions[index] === null) return;
    this.nodes[index]!.release();
    this.#sessions[index] = null;
    if (this.#sessions.every((session) => session === null)) this.history.end();
    this.#wakeUp();
  }

  /** What was to be held from the beginning need not be. */
  begin(): void {
    this.#startHeld = false;
    this.#wakeUp();
  }

  /** The run is over: whoever waits for its node to stop hears that it has ended. */
  finish(): void {
    this.#sessions.forEach((session, index) => {
      if (session?.resume) this.#end(index);
    });
  }

  /** Lets a node go on. It does once no other node is held. */
  resume(index: number, resume: Resume): void {
    const session = this.#sessions[index]!;
    if (session.resume !== null) return;
    session.resume = resume;
    const { instructions, power } = this.cluster.machines[index]!;
    session.before = instructions;
    if (power === "on") session.knowsOff = false;
    if (resume.kind === "continue" || resume.kind === "step") {
      if (session.knowsOff) return this.#end(index);
      this.nodes[index]!.resume(resume);
    }
    this.#wakeUp();
  }

  /** Whether a debugger waits for its node to stop. */
  get isAsked(): boolean {
    return this.#sessions.some((session) => session !== null && session.resume !== null);
  }

  #end(index: number): void {
    this.#hold(index, { kind: "off", status: this.cluster.machines[index]!.exitStatus ?? 0 });
  }

  /** Holds a node between two instructions, now. */
  interrupt(index: number): void {
    if (this.#sessions[index]?.resume) this.#hold(index, { kind: "interrupt" });
  }

  #hold(index: number, stop: Stop): void {
    const session = this.#sessions[index]!;
    session.resume = null;
    session.stopped(stop);
  }

  #wakeUp(): void {
    if (this.held) return;
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }

  /** Lets virtual time pass up to `timeNs`; comes back early, or at once, while a node is held. */
  runUntil(timeNs: number): void {
    const { cluster } = this;
    while (!this.held && cluster.nowNs < timeNs) {
      const backwards = this.#sessions.findIndex((session) => session?.resume?.kind.startsWith("reverse"));
      if (backwards >= 0) {
        // One leg at a time, so that an interrupt is heard between two.
        this.#goBack(backwards);
        return;
      }
      cluster.runUntil(this.history.record(timeNs));
      this.#serve();
    }
  }

  /** Serves the nodes that have paused, or are off. */
  #serve(): void {
    for (const node of this.nodes) {
      const { machine, index } = node;
      const session = this.#sessions[index]!;
      if (machine.paused) {
        const stop = node.paused();
        if (stop !== null) this.#hold(index, stop);
      }
      if (session !== null && session.resume !== null && machine.power === "off") {
        session.knowsOff = true;
        this.#hold(index, { kind: "switched off" });
      }
    }
  }

  #goBack(index: number): void {
    const session = this.#sessions[index]!;
    if (this.cluster.outside.length > 0) {
      // What a program of the owner's sent into the switch cannot be repeated.
      this.#hold(index, { kind: "history begins" });
      return;
    }
    for (const node of this.nodes) node.repeating = true;
    try {
      const stop = session.resume!.kind === "reverse step" ? this.#stepBack(index) : this.#searchBack(index, session);
      if (stop !== null) this.#hold(index, stop);
    } finally {
      for (const node of this.nodes) {
        node.repeating = false;
        node.scan = null;
      }
      // Others go on from here too: what they were told to do began at a time that is no more.
      for (const other of this.nodes) {
        const resume = this.#sessions[other.index]?.resume;
        if (other.index !== index && resume) other.resume({ kind: "continue" });
      }
    }
  }

  /** In front of the instruction before; an interrupt that came between the two is taken back as a whole. */
  #stepBack(index: number): Stop {
    const node = this.nodes[index]!;
    const { core, machine } = node;
    const retired = machine.instructions;
    const [pc, sp] = [linearPc(core), linearSp(core)];
    const scan = this.#scan(index);
    if (!this.history.travel(index, retired - 1)) return this.#toBeginning();
    const interrupted = scan.interrupted;
    const isReturn =
      node.skipsInterrupts &&
      interrupted !== null &&
      interrupted.linear === pc &&
      interrupted.sp === sp &&
      isIret(readLinear(core, linearPc(core), 2));
    if (isReturn && !this.history.travel(index, interrupted.retired - 1)) return this.#toBeginning();
    return { kind: "step" };
  }

  /**
   * Looks for the last stop before a moment, from the checkpoint before it. Null: there was none, and the search goes
   * on before that.
   */
  #searchBack(index: number, session: Session): Stop | null {
    const checkpoint = this.history.find(index, session.before - 1);
    if (checkpoint < 0) return this.#toBeginning();
    const scan = this.#scan(index);
    const begin = this.history.retiredAt(checkpoint, index);
    this.history.restore(checkpoint);
    this.history.repeat(index, session.before);
    const { hit } = scan;
    if (hit === null) {
      session.before = begin;
      return null;
    }
    this.history.travel(index, hit.retired);
    return hit.stop;
  }

  #scan(index: number): Scan {
    const node = this.nodes[index]!;
    const scan: Scan = { hit: null, interrupted: null };
    node.scan = scan;
    node.install();
    return scan;
  }

  #toBeginning(): Stop {
    this.history.restore(0);
    for (const { machine } of this.nodes) machine.resume();
    return { kind: "history begins" };
  }
}

function isIret(code: Uint8Array): boolean {
  return code[0] === IRET || (code[0] === OPERAND_SIZE && code[1] === IRET);
}
