/**
 * A kernel with connections moves from m1 to m2 while m3 talks to it. What is wrong after that is told in sentences, so
 * that tests and the proof share it (docs/protocols/fork.md).
 */
import { Link } from "../../emulator/ether/link.ts";
import { ETHERTYPE_ARP, get16, get32, parseIpv4 } from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { hex, isTcp } from "../system/clone-scene.ts";

const TRANSFER_PORT = 20818;
const HANDOVER = 0x88b5;
/** By their numbers. */
const KINDS = ["ready", "gone", "abort", "live"] as const;
/** A record without data. */
const START_BYTES = 28;
const MAC_BYTES = 6;
const TYPE_AT = 12;
const KIND_AT = 22;
const IP_AT = 14;
const TCP_AT = 34;
const RESET = 0x04;
const plainFate = Link.prototype.fate;
const DOUBLED_NS = 50_000;
const LATE_NS = 5_000_000;
const CUT_NS = 3e9;
const MEMBER = /^cloud: \S+ (\d+\.\d+\.\d+\.\d+) era \d+ age \d+ peers [1-9]\d*\s*$/gm;
const MOVED = /^moved to m2: (\d+) pages sent in (\d+) rounds, (\d+) us without a network, (\d+) ms in all$/m;
const STAYED = /^migrate: m2: (.*); this kernel goes on here$/m;
const ARRIVED = /^I am m1, moved to the machine that was m2$/m;
const AGAIN =
  /^(?:fork: a source has failed: .*|migrate: the source goes on, or nobody waits for it); this machine starts again$/m;
const FAILED = /^fork: a source has failed: .*; this machine goes on as it is$/m;

/** What is done to one frame of the move, from that frame on, or to a machine when it is sent. */
export type MoveTrouble = "none" | "lost" | "doubled" | "late" | "cut" | "source dies" | "target dies" | "forged";
export const MOVE_TROUBLES: readonly MoveTrouble[] = ["lost", "doubled", "late", "cut", "source dies", "target dies"];

/** A frame by what it says, the first such one, or by its number. */
export type MoveFrame = number | (typeof KINDS)[number] | "start";

const isHandover = (frame: Uint8Array): boolean => get16(frame, TYPE_AT) === HANDOVER;
const isOfMove = (frame: Uint8Array): boolean =>
  isHandover(frame) ||
  (isTcp(frame) && (get16(frame, TCP_AT) === TRANSFER_PORT || get16(frame, TCP_AT + 2) === TRANSFER_PORT));
/** Which address a frame speaks for. */
const senderOf = (frame: Uint8Array): string =>
  hex(get16(frame, TYPE_AT) === ETHERTYPE_ARP ? frame.subarray(28, 32) : frame.subarray(IP_AT + 12, IP_AT + 16));
/** Where what TCP carries begins, and how much it is. */
function payloadOf(frame: Uint8Array): [number, number] {
  const start = TCP_AT + (frame[TCP_AT + 12]! >> 4) * 4;
  return [start, IP_AT + get16(frame, IP_AT + 2) - start];
}

/** How far a move has come, when its cluster is saved. */
export interface MoveMark {
  readonly before: readonly number[];
  readonly said: number;
  readonly frames: number;
  readonly lastPass: number;
  readonly handovers: readonly Uint8Array[];
}

export class MoveScene {
  readonly lab: LabCluster;
  /** Frames of the move so far, in both directions. */
  frames = 0;
  /** The first of them after which the source stands still. */
  lastPass = -1;
  /** Hand-over frames as they were sent. */
  readonly handovers: Uint8Array[] = [];
  /** How often what m1 said to m3 went out, by sequence number; and when. */
  readonly #segments = new Map<string, number>();
  /** Frames of an earlier move, which somebody sends again. */
  recorded: readonly Uint8Array[] = [];
  readonly #address: string;
  readonly #macs: readonly string[];
  readonly #problems = new Set<string>();
  #targetSpeaks = false;
  #said = 0;
  #before: readonly number[] = [];
  /** Told when the power of a machine goes, before it is taken away. */
  onDeath: (node: LabNode) => void = () => {};
  takePower = (node: LabNode): void => node.powerOff();
  #dead: LabNode | null = null;
  #cutUntilNs = 0;

  constructor(lab: LabCluster) {
    this.lab = lab;
    this.#address = hex(parseIpv4(this.addressOf(this.source)));
    this.#macs = lab.cluster.macAddresses.map(hex);
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

  /** m1 and m3 each send the other so many lines; each counts what comes. */
  async talk(lines: number): Promise<void> {
    const { lab, source, other } = this;
    source.type("nc -l 5001 | wc &\n");
    other.type("nc -l 5000 | wc &\n");
    await lab.advance("300ms");
    source.type(`seq ${lines} | nc ${this.addressOf(other)} 5000 &\n`);
    other.type(`seq ${lines} | nc ${this.addressOf(source)} 5001 &\n`);
  }

  async accept(): Promise<void> {
    await this.target.enter("cloud fork accept", /^For a minute, .*$/m);
  }

  /** Moves, with a trouble at the frame of this number; until it is known what became of it. */
  async move(trouble: MoveTrouble = "none", at: MoveFrame = -1): Promise<void> {
    this.begin(trouble, at);
    await this.finish(trouble, at);
  }

  begin(trouble: MoveTrouble = "none", at: MoveFrame = -1): void {
    const { lab, source } = this;
    this.#before = lab.nodes.map(({ console }) => console.text.length);
    this.#watch(trouble, at);
    source.type("cloud migrate m2\n");
  }

  /** How far it has come. */
  get mark(): MoveMark {
    const { frames, lastPass, handovers } = this;
    return { before: this.#before, said: this.#said, frames, lastPass, handovers: [...handovers] };
  }

  /** Goes on where another one was, on a cluster in its state. */
  resume({ before, said, frames, lastPass, handovers }: MoveMark, trouble: MoveTrouble, at: MoveFrame): void {
    this.#before = before;
    this.#said = said;
    Object.assign(this, { frames, lastPass });
    this.handovers.push(...handovers);
    this.#watch(trouble, at);
  }

  /** Whether the power of one has gone. */
  get isDead(): boolean {
    return this.#dead !== null;
  }

  get isOver(): boolean {
    return this.#dead !== null || this.#isOver;
  }

  async finish(trouble: MoveTrouble, at: MoveFrame): Promise<void> {
    const { lab } = this;
    await lab.until(() => this.isOver, "nothing became of it", { within: "60s" });
    if (this.#dead) this.takePower(this.#dead);
    // A target whose source has died waits for a person.
    const isPersonNeeded = this.#dead === this.source;
    const patience = isPersonNeeded ? "15s" : "60s";
    try {
      await lab.until(() => this.#isOver, `nothing became of it, ${trouble} at ${at}`, { within: patience });
    } catch (error) {
      if (!isPersonNeeded) throw error;
    }
  }

  /** The power of a machine goes: nothing leaves it from here on. */
  die(node: LabNode): void {
    if (this.#dead) return;
    this.#dead = node;
    this.onDeath(node);
  }

  said({ console, index }: LabNode): string {
    return console.text.slice(this.#before[index] ?? 0);
  }

  get moved(): RegExpExecArray | null {
    return MOVED.exec(this.said(this.source));
  }

  get hasArrived(): boolean {
    return ARRIVED.test(this.said(this.target));
  }

  get hasStayed(): boolean {
    return STAYED.test(this.said(this.source));
  }

  /** How often the segment was sent that was sent most often. */
  get mostOften(): number {
    return Math.max(...this.#segments.values());
  }

  get #isOver(): boolean {
    const { source, target } = this;
    const said = this.said(target);
    const hasSource = source.isOff || this.moved !== null || this.hasStayed;
    return hasSource && (target.isOff || this.hasArrived || AGAIN.test(said) || FAILED.test(said));
  }

  #watch(trouble: MoveTrouble, at: MoveFrame): void {
    const scene = this;
    let hasStruck = false;
    Link.prototype.fate = function (this: Link, ...[side, timeNs, frame]) {
      if (side !== 0) return plainFate.call(this, side, timeNs, frame);
      const by = scene.lab.nodes.findIndex(({ name }) => name === this.name);
      if (scene.#dead?.index === by) return [];
      scene.#note(by, frame);
      const sent = [{ timeNs, frame }];
      if (!isOfMove(frame)) return sent;
      if (trouble === "forged" && scene.lastPass >= 0)
        sent.unshift(...scene.#forged(frame).map((made) => ({ timeNs, frame: made })));
      const number = scene.frames++;
      if (timeNs < scene.#cutUntilNs) return [];
      if (hasStruck || (number !== at && scene.#nameOf(by, frame) !== at)) return sent;
      hasStruck = true;
      if (trouble === "lost") return [];
      if (trouble === "doubled") return [...sent, { timeNs: timeNs + DOUBLED_NS, frame }];
      if (trouble === "late") return [{ timeNs: timeNs + LATE_NS, frame }];
      if (trouble === "cut") scene.#cutUntilNs = timeNs + CUT_NS;
      if (trouble === "source dies") scene.die(scene.source);
      if (trouble === "target dies") scene.die(scene.target);
      return sent;
    };
  }

  endWatch(): void {
    Link.prototype.fate = plainFate;
  }

  #nameOf(by: number, frame: Uint8Array): string | undefined {
    if (isHandover(frame)) return KINDS[frame[KIND_AT]!];
    return by === 0 && this.lastPass >= 0 && payloadOf(frame)[1] === START_BYTES ? "start" : undefined;
  }

  /** What a stranger says in the name of who sends a frame: all there is, and what was recorded. */
  #forged(frame: Uint8Array): Uint8Array[] {
    const cards = frame.subarray(0, TYPE_AT);
    const made = this.recorded.filter((one) => hex(one.subarray(0, TYPE_AT)) === hex(cards));
    for (const kind of KINDS.keys()) {
      const words = new Uint8Array(60);
      words.set(cards);
      words.set([HANDOVER >> 8, HANDOVER & 0xff, ...Buffer.from("QRMV"), 1, 0, 0, 0, kind], TYPE_AT);
      made.push(words);
    }
    return made;
  }

  /** Looks whether a frame is one that may be sent. */
  #note(by: number, frame: Uint8Array): void {
    if (isHandover(frame)) this.handovers.push(frame.slice());
    if (by === 1 && isOfMove(frame) && isTcp(frame) && payloadOf(frame)[1] > 0 && ++this.#said === 3)
      this.lastPass = this.frames;
    const isOurs = senderOf(frame) === this.#address;
    if (by === 1 && isOurs) {
      this.#targetSpeaks = true;
      if (hex(frame.subarray(MAC_BYTES, TYPE_AT)) !== this.#macs[1])
        this.#problems.add("the target speaks from another card");
      if (!this.handovers.some((one) => KINDS[one[KIND_AT]!] === "ready"))
        this.#problems.add("the target speaks too early");
    }
    if (by === 0 && isOurs && this.#targetSpeaks)
      this.#problems.add(`the source speaks on: ${hex(frame.subarray(0, 48))}`);
    if (!isTcp(frame) || isOfMove(frame)) return;
    if ((frame[TCP_AT + 13]! & RESET) !== 0) this.#problems.add(`m${by + 1} resets a connection`);
    const [, bytes] = payloadOf(frame);
    if (bytes === 0 || (by === 0 && !isOurs)) return;
    const name = `${get16(frame, TCP_AT)}>${get16(frame, TCP_AT + 2)} ${get32(frame, TCP_AT + 4)}`;
    this.#segments.set(name, (this.#segments.get(name) ?? 0) + 1);
  }

  /** What is wrong, in sentences, after each has come to an end with what it sends. */
  async problems(lines: number): Promise<string[]> {
    const { lab, source, target, other } = this;
    const found = this.#problems;
    const wasKilled = source.isOff || target.isOff;
    const wc = new RegExp(`^ +${lines} +${lines} +\\d+$`, "m");
    const home = this.hasArrived ? target : source;
    const isWhole = (): boolean => wc.test(this.said(other)) && wc.test(this.said(home));
    const lives = this.hasArrived ? !target.isOff : !source.isOff;
    if (lives && !(this.moved && !this.hasArrived)) {
      try {
        await lab.until(isWhole, "not all came", { within: "60s" });
      } catch {
        found.add("a connection did not go on");
      }
    } else if (!wasKilled) found.add("nobody has the connections");
    this.endWatch();
    if (this.hasStayed && this.hasArrived) found.add("it stayed, and has arrived");
    for (const node of [source, target, other]) {
      if (/PANIC|page fault/.test(node.console.text)) found.add(`${node.name} has panicked`);
      if (!node.isOff && !(await this.answers(node))) found.add(`${node.name} does not answer`);
    }
    return [...found];
  }

  /** Whether a shell answers; where it waits, or its machine starts, once that is over. */
  async answers(node: LabNode): Promise<boolean> {
    for (let tries = 0; tries < 30; tries++) {
      const mark = `${node.console.text.length}`;
      node.type(tries % 10 === 0 ? "\x03\n" : "\n");
      node.type(`echo lives $((${mark} + 1))\n`);
      await this.lab.advance("500ms");
      if (node.console.text.includes(`\nlives ${Number(mark) + 1}`)) return true;
    }
    return false;
  }
}
