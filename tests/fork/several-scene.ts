/** One machine that becomes several at once (docs/protocols/fork.md), and what may become of the frames all hear. */
import type { TimedFrame } from "../../emulator/ether/cable-end.ts";
import { Link } from "../../emulator/ether/link.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { output } from "../system/output.ts";
import { plainFate } from "./scene.ts";

const FRAMES = 0x88b6;
/** A blow falls when so many frames have been sent to a node. */
const STRIKE_AT = 100;
const OVER = /^(?:twins: (\d+), \d+ pages sent, .*|fork: .*; this kernel goes on alone)$/m;
const TWIN = /^I am (\S+), forked from m1$/m;
const AS_IT_WAS = /^fork: (?:a source has failed: .*; this machine goes on as it is|no member has made .*)$/m;

const typeOf = (frame: Uint8Array): number => (frame[12]! << 8) | frame[13]!;

/** What arrives instead of a frame that is the `number`th of all to a node. */
export type Fate = (to: number, arrival: TimedFrame, number: number) => readonly TimedFrame[];

export class SeveralScene {
  readonly lab: LabCluster;
  /** Frames to all targets so far, as each node was sent them. */
  readonly heard: Uint8Array[][];
  #before: readonly number[] = [];

  constructor(lab: LabCluster) {
    this.lab = lab;
    this.heard = lab.nodes.map(() => []);
  }

  get source(): LabNode {
    return this.lab.nodes[0]!;
  }

  get targets(): readonly LabNode[] {
    return this.lab.nodes.slice(1);
  }

  async accept(targets = this.targets): Promise<void> {
    for (const node of targets) await node.enter("cloud fork accept", /^For a minute, .*$/m);
  }

  /** Forks; until all have said what became of it, after the blow, if there is one. */
  async fork(words: string, fate: Fate = (_to, arrival) => [arrival], strike?: () => void): Promise<void> {
    const { lab, source, heard } = this;
    for (const frames of heard) frames.length = 0;
    let hasStruck = strike === undefined;
    const struck: { now: boolean } = { now: false };
    Link.prototype.fate = function (this: Link, end, timeNs, frame) {
      const arrival = { timeNs, frame };
      const to = lab.nodes.findIndex(({ name }) => name === this.name);
      if (end !== 1 || to < 0 || typeOf(frame) !== FRAMES) return [arrival];
      heard[to]!.push(frame.slice());
      if (heard[to]!.length === STRIKE_AT) struck.now = true;
      return fate(to, arrival, heard[to]!.length - 1);
    };
    this.#before = lab.nodes.map(({ console }) => console.text.length);
    source.type(`cloud fork ${words}\n`);
    await lab.until(() => this.#isOver || (!hasStruck && struck.now), "nothing became of it", { within: "150s" });
    if (!hasStruck) {
      hasStruck = true;
      strike!();
      await lab.until(() => this.#isOver, "nothing became of it after the blow", { within: "150s" });
    }
    Link.prototype.fate = plainFate;
  }

  /** What a node has said since the fork began. */
  said({ console, index }: LabNode): string {
    return console.text.slice(this.#before[index] ?? 0);
  }

  get #isOver(): boolean {
    if (!this.source.isOff && !OVER.test(this.said(this.source))) return false;
    return this.targets.every(
      (node) => node.isOff || TWIN.test(this.said(node)) || AS_IT_WAS.test(this.said(node)) || !this.#isAsked(node),
    );
  }

  #isAsked(node: LabNode): boolean {
    return /^m1 sends itself/m.test(this.said(node));
  }

  /** How many twins the source says that there are. */
  get counted(): number {
    return Number(OVER.exec(this.said(this.source))?.[1] ?? 0);
  }

  /** Names that machines call themselves by who say that they are twins. */
  get twins(): string[] {
    return this.targets.flatMap((node) => TWIN.exec(this.said(node))?.[1] ?? []);
  }

  /** Until all that live are members again. */
  async settle(): Promise<void> {
    const living = this.lab.nodes.filter(({ isOff }) => !isOff);
    const all = ({ console }: LabNode): boolean =>
      [...console.text.matchAll(/^cloud: .* peers (\d+)\s*$/gm)].at(-1)?.[1] === `${living.length - 1}`;
    await this.lab.until(() => living.every(all), "not all are members again", { within: "60s" });
  }

  /** What is wrong, in sentences. */
  async problems(): Promise<string[]> {
    const found: string[] = [];
    for (const node of this.lab.nodes) {
      if (node.isOff) continue;
      if (/PANIC|page fault/.test(node.console.text)) found.push(`${node.name} has panicked`);
      node.type("\x03\n");
      await this.lab.advance("200ms");
      if (!/^lives$/m.test(await output(node, "echo lives"))) found.push(`${node.name} does not answer`);
    }
    return found;
  }
}
