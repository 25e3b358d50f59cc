/**
 * Three members of a cluster with a key: a program of the first goes on at the second, with a trouble at one of the
 * frames of its transfer. What is wrong is told in sentences, so that tests and the proof share it.
 */
import { Link } from "../../emulator/ether/link.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { isTcp } from "../system/clone-scene.ts";
import { changed, LATER_NS, MEMBER, payloadOf, plainFate, portsOf, type Trouble } from "./scene.ts";

const JOB_PORT = 20820;
const COUNT = /^counter: (\d+)$/gm;
const WENT = /^counter goes on at m2: (\d+) pages sent, (\d+) ms in all$/m;
const STAYED = /^job: counter: (.*)$/m;
const WAITS = /^m2 has not said whether it runs there: /m;

export class JobScene {
  readonly lab: LabCluster;
  /** Frames of the transfer so far, in both directions. */
  frames = 0;

  constructor(lab: LabCluster) {
    this.lab = lab;
  }

  get source(): LabNode {
    return this.lab.nodes[0]!;
  }

  get target(): LabNode {
    return this.lab.nodes[1]!;
  }

  get other(): LabNode {
    return this.lab.nodes[2]!;
  }

  addressOf({ console }: LabNode): string {
    return [...console.text.matchAll(MEMBER)].at(-1)![1]!;
  }

  /** Has a program count at the source. */
  async count(): Promise<void> {
    this.source.type("counter 100 &\n");
    await this.source.waitFor(/^counter: 3$/m);
  }

  get went(): boolean {
    return WENT.test(this.source.console.text);
  }

  get stayed(): string | null {
    return STAYED.exec(this.source.console.text)?.[1] ?? null;
  }

  /** Moves it, until the source has said what became of it, or asks for that, or has died. */
  async move(trouble: Trouble = "none", at = -1): Promise<void> {
    const { lab, source, target } = this;
    let strike: (() => void) | null = null;
    let hasStruck = false;
    Link.prototype.fate = (...[side, timeNs, frame]) => {
      const whole = [{ timeNs, frame }];
      if (side !== 0 || !isTcp(frame) || !portsOf(frame).includes(JOB_PORT)) return whole;
      const [start, end] = payloadOf(frame);
      const number = this.frames++;
      if (trouble === "changed" && number >= at && end > start && !hasStruck) {
        hasStruck = true;
        return [{ timeNs, frame: changed(frame, end - 1, Uint8Array.of(frame[end - 1]! ^ 1)) }];
      }
      if (number !== at) return whole;
      if (trouble === "lost") return [];
      if (trouble === "doubled") return [...whole, { timeNs: timeNs + LATER_NS, frame }];
      if (trouble === "source dies") strike = () => source.powerOff();
      if (trouble === "target dies") strike = () => target.powerOff();
      return whole;
    };
    source.type("cloud job move counter m2\n");
    const isOver = (): boolean =>
      source.isOff || this.went || this.stayed !== null || (target.isOff && WAITS.test(source.console.text));
    await lab.until(() => strike !== null || isOver(), "nothing became of it", { within: "150s" });
    (strike as (() => void) | null)?.();
    await lab.until(isOver, `nothing became of it, ${trouble} at ${at}`, { within: "150s" });
    Link.prototype.fate = plainFate;
    // Whatever is still under way at the target ends.
    await lab.advance("15s");
  }

  /** Which machine has panicked. */
  problems(): string[] {
    const broken = this.lab.nodes.filter(({ console }) => /PANIC|page fault/.test(console.text));
    return broken.map(({ name }) => `${name} has panicked`);
  }

  /** What is wrong after a move with this trouble, in sentences. */
  async judge(trouble: Trouble): Promise<string[]> {
    const { source, target, lab } = this;
    const found = this.problems();
    const hasWaited = WAITS.test(source.console.text);
    // A target that has booted again knows that it does not run there.
    if (target.isOff && hasWaited) {
      target.powerOn();
      await lab.until(() => this.stayed !== null, "the source does not hear of the target again", { within: "120s" });
    }
    const counting = await this.counting();
    if (counting.length > 1) found.push(`it runs at ${counting.join(" and ")}`);
    if (counting.length === 0 && !source.isOff && !target.isOff) found.push("it runs nowhere");
    if (!source.isOff && this.stayed !== null && !counting.includes(source.name))
      found.push("it stayed, and does not run");
    if (this.went && !target.isOff && !counting.includes(target.name)) found.push("it went, and does not run there");
    if (trouble === "lost" || trouble === "doubled" || trouble === "none")
      if (!this.went) found.push(`it did not go: ${this.stayed}`);
    if (!this.isWhole && !hasWaited) found.push("it has counted a number twice, or left one out");
    return found;
  }

  /** Where the program counts, after any move; at most at one. */
  async counting(): Promise<string[]> {
    const { lab } = this;
    const living = lab.nodes.filter(({ isOff }) => !isOff);
    const marks = living.map(({ console }) => console.text.length);
    await lab.advance("500ms");
    return living.filter(({ console }, i) => console.text.slice(marks[i]).match(COUNT)).map(({ name }) => name);
  }

  /** Of all that it has counted no number is there twice, and none left out. */
  get isWhole(): boolean {
    const said = this.lab.nodes.flatMap(({ console }) => [...console.text.matchAll(COUNT)].map(([, n]) => Number(n)));
    return said.sort((a, b) => a - b).every((number, i) => number === i + 1);
  }
}
