/**
 * Three members of a cluster with a key: one that becomes two, one that gives itself up for that, and one beside them.
 * What is wrong after a fork is told in sentences, so that tests and the proof share it (docs/protocols/fork.md).
 */
import type { NicModel } from "../../emulator/board-config.ts";
import { Link } from "../../emulator/ether/link.ts";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode, NodeOptions } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { hex, isTcp, namesIn, type Sent } from "../system/clone-scene.ts";

const FORK_PORT = 20818;
/** A frame that comes twice comes again after this. */
export const LATER_NS = 50_000;
/** No link of these tests has troubles of its own. */
export const plainFate = Link.prototype.fate;
const IP_AT = 14;
const TCP_AT = 34;
const SUM_AT = TCP_AT + 16;
const GREETING_BYTES = 64;
export const MEMBER = /^cloud: \S+ (\d+\.\d+\.\d+\.\d+) era \d+ age \d+ peers [1-9]\d*\s*$/gm;
const BECAME = /^m2 is the twin: (\d+) pages sent, (\d+) us of pause, (\d+) ms in all$/m;
const ALONE = /^fork: m2: (.*); this kernel goes on alone$/m;
const TWIN = /^I am \S+, forked from m1$/m;
const AS_IT_WAS = /^fork: (?:a source has failed: .*; this machine goes on as it is|no member has made .*)$/m;
/** Its files are gone, as far as they had come. */
const AGAIN = /^fork: a source has failed: .*; this machine starts again$/m;

/** What is done to one frame of those that both send each other, or to a machine when it is sent. */
export type Trouble = "lost" | "doubled" | "source dies" | "target dies" | "changed" | "replayed" | "none";

export const NODES = (cdrom: Uint8Array, nic: NicModel = "e1000"): NodeOptions[] =>
  ["m1", "m2", "m3"].map((hostName) => ({ cdrom, nic, ramBytes: 12 << 20, hostName, key: keyOfSeed(1) }));

/** Until all are members. */
export async function joined(lab: LabCluster): Promise<LabCluster> {
  const together = new RegExp(`^cloud: .* peers ${lab.nodes.length - 1}\\s*$`, "m");
  for (const node of lab.nodes) await node.waitFor(together, { within: "60s" });
  await lab.advance("2s");
  return lab;
}

export const portsOf = (frame: Uint8Array): number[] =>
  [0, 2].map((at) => (frame[TCP_AT + at]! << 8) | frame[TCP_AT + at + 1]!);
/** What TCP carries in a frame: where it begins and ends. */
export function payloadOf(frame: Uint8Array): [number, number] {
  const end = IP_AT + ((frame[IP_AT + 2]! << 8) | frame[IP_AT + 3]!);
  return [TCP_AT + (frame[TCP_AT + 12]! >> 4) * 4, end];
}

/** The frame with other bytes from `at` on, and a checksum that is right (RFC 1624). */
export function changed(frame: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const made = frame.slice();
  made.set(bytes, at);
  const wordAt = (from: Uint8Array, place: number): number => (from[place]! << 8) | from[place + 1]!;
  let sum = ~wordAt(frame, SUM_AT) & 0xffff;
  for (let place = at & ~1; place < at + bytes.length; place += 2)
    sum += (~wordAt(frame, place) & 0xffff) + wordAt(made, place);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  made[SUM_AT] = (~sum >> 8) & 0xff;
  made[SUM_AT + 1] = ~sum & 0xff;
  return made;
}

const isTransfer = (frame: Uint8Array): boolean => isTcp(frame) && portsOf(frame).includes(FORK_PORT);

export class ForkScene {
  readonly lab: LabCluster;
  readonly sent: Sent[] = [];
  /** Frames of the transfer so far, in both directions. */
  transferFrames = 0;
  transferBytes = 0;
  /** What the source greeted with in an earlier try. */
  greeting: Uint8Array | null = null;
  #strike: (() => void) | null = null;
  /** How much each had said when the fork began. */
  #before: readonly number[] = [];
  /** MAC address and address of the source, as they may not be in what the target sends. */
  readonly #old: readonly string[];

  constructor(lab: LabCluster) {
    this.lab = lab;
    this.#old = [hex(lab.cluster.macAddresses[0]!), hex(parseIpv4(this.addressOf(this.source)))];
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

  /** Gives the target up. */
  async accept(): Promise<void> {
    await this.target.enter("cloud fork accept", /^For a minute, .*$/m);
  }

  /** Forks, with a trouble at the frame of this number; until both have said what became of it. */
  async fork(trouble: Trouble = "none", at = -1, into = "m2"): Promise<void> {
    const { lab, source } = this;
    this.#watch(trouble, at);
    this.#before = lab.nodes.map(({ console }) => console.text.length);
    source.type(`cloud fork ${into}\n`);
    await lab.until(() => this.#strike !== null || this.#isOver, "nothing became of it", { within: "150s" });
    this.#strike?.();
    await lab.until(() => this.#isOver, `nothing became of it, ${trouble} at ${at}`, { within: "150s" });
    Link.prototype.fate = plainFate;
  }

  get became(): RegExpExecArray | null {
    return BECAME.exec(this.#said(this.source));
  }

  get isAlone(): boolean {
    return ALONE.test(this.#said(this.source));
  }

  get isTwin(): boolean {
    return TWIN.test(this.#said(this.target));
  }

  get startsAgain(): boolean {
    return AGAIN.test(this.#said(this.target));
  }

  /** What a node has said since the fork began. */
  #said({ console, index }: LabNode): string {
    return console.text.slice(this.#before[index] ?? 0);
  }

  get #isOver(): boolean {
    const { source, target } = this;
    const hasSource = source.isOff || this.became !== null || this.isAlone;
    return hasSource && (target.isOff || this.isTwin || this.startsAgain || AS_IT_WAS.test(this.#said(target)));
  }

  #watch(trouble: Trouble, at: number): void {
    const { lab, source, target, sent } = this;
    const { network } = lab.cluster;
    const { onFrame } = network;
    network.onFrame = (link, end, sentNs, arrivalNs, frame) => {
      onFrame?.(link, end, sentNs, arrivalNs, frame);
      const by = lab.nodes.findIndex(({ name }) => name === link.name);
      if (end !== 0 || by < 0) return;
      sent.push({ by, frame });
    };
    let hasStruck = false;
    Link.prototype.fate = (...[side, timeNs, frame]) => {
      const whole = [{ timeNs, frame }];
      if (side !== 0 || !isTransfer(frame)) return whole;
      this.transferBytes += frame.length;
      const [start, end] = payloadOf(frame);
      if (end - start === GREETING_BYTES && portsOf(frame)[1] === FORK_PORT) {
        const { greeting } = this;
        this.greeting = frame.slice(start, end);
        if (trouble === "replayed") return [{ timeNs, frame: changed(frame, start, greeting!) }];
      }
      const number = this.transferFrames++;
      if (trouble === "changed" && number >= at && end > start && !hasStruck) {
        hasStruck = true;
        return [{ timeNs, frame: changed(frame, end - 1, Uint8Array.of(frame[end - 1]! ^ 1)) }];
      }
      if (number !== at) return whole;
      if (trouble === "lost") return [];
      if (trouble === "doubled") return [...whole, { timeNs: timeNs + LATER_NS, frame }];
      if (trouble === "source dies") this.#strike = () => source.powerOff();
      if (trouble === "target dies") this.#strike = () => target.powerOff();
      return whole;
    };
  }

  /** What is wrong, in sentences. */
  async problems(): Promise<string[]> {
    const { source, target, other, sent } = this;
    const found: string[] = [];
    if (!source.isOff && !(await this.#answers(source))) found.push("the source does not answer");
    if (!target.isOff && !(await this.#answers(target))) found.push("the target does not answer");
    if (!(await this.#answers(other))) found.push("the other does not answer");
    if (this.became && !target.isOff && !this.isTwin)
      found.push("the source says that there is a twin, and there is none");
    if (this.isTwin && AS_IT_WAS.test(this.#said(target))) found.push("the target is the twin, and as it was");
    for (const node of [source, target, other])
      if (/PANIC|page fault/.test(node.console.text)) found.push(`${node.name} has panicked`);
    for (const { by, frame } of sent)
      if (by === 1 && namesIn(frame).some((name) => this.#old.includes(name)))
        found.push(`the target sent in the source's name: ${hex(frame)}`);
    const foreign = sent.filter(({ by, frame }) => by === 1 && isTcp(frame) && !isTransfer(frame));
    if (foreign.length > 0) found.push(`the target sent a segment of another connection: ${hex(foreign[0]!.frame)}`);
    return found;
  }

  async #answers(node: LabNode): Promise<boolean> {
    const mark = `${node.console.text.length}`;
    // Where nobody has come yet, Ctrl-C ends the wait for others.
    node.type(`\x03\n echo lives $((${mark} + 1))\n`);
    const said = new RegExp(`^lives ${Number(mark) + 1}$`, "m");
    for (let tries = 0; tries < 20; tries++) {
      await this.lab.advance("100ms");
      if (said.test(node.console.text)) return true;
    }
    return false;
  }

  /** Until all are members again. */
  async settle(): Promise<void> {
    const { lab, source, target, other } = this;
    const living = [source, target, other].filter(({ isOff }) => !isOff);
    const all = (node: LabNode): boolean =>
      [...node.console.text.matchAll(/^cloud: .* peers (\d+)\s*$/gm)].at(-1)?.[1] === `${living.length - 1}`;
    await lab.until(() => living.every(all), "not all are members again", { within: "60s" });
  }
}
