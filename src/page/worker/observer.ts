/**
 * What is worth telling of a run while it goes: frames on cables, lines of the cluster on consoles, who coordinates,
 * who holds an address. It looks and changes nothing. What it knows is a function of the run up to now: each checkpoint
 * has a copy of it, so that a moment shows the same whether the run was played or dragged to it.
 */

import { get32 } from "../../../emulator/ether/packet.ts";
import { type CloudStatus, lastStatus } from "../../lab/cloud-status.ts";
import type { LabCluster } from "../../lab/cluster.ts";
import { PANIC_LINE } from "../../lab/panic-line.ts";
import { heldAddresses, nodeId, readClusterPacket } from "../../wire/cluster.ts";
import { HOLD, LEADER_ADDRESS, VIEW } from "../../wire/cluster-layout.ts";
import { wideOf } from "../../wire/wide.ts";
import type { FrameNote, Mark } from "../protocol.ts";
import { Trace } from "./trace.ts";

/** A coordinator that has said nothing for so long is none any more. */
const COORDINATOR_NS = 1_600_000_000;
/** A holder says every 100 ms what it holds; its lease lasts for this long. */
const HOLDER_NS = 250_000_000;
/** Delegates of clusters that speak with each other do so every 10 s. */
const SPEAKS_NS = 15e9;
/** More frames are not told of at once: the last ones are. */
const MOST_FRAMES = 1000;

type NodeNotes = {
  status: CloudStatus | null;
  /** The console's text that has been looked at. */
  seen: number;
  isJoining: boolean;
  viewNs: number;
  founder: string | null;
  /** The service addresses that it said it holds, and when it did. */
  held: readonly string[];
  heldNs: number;
};

/** All that an observer knows at a moment, as plain values. */
export interface ObserverNotes {
  readonly nodes: readonly NodeNotes[];
  /** Who said last that it holds an address. */
  readonly holders: readonly (readonly [address: string, node: number])[];
  /** When a site was last heard by another one, by the names of both. */
  readonly heard: readonly (readonly [sites: string, atNs: number])[];
  /** Frames so far: a frame's number is the same each time that the run comes by. */
  readonly frames: number;
}

const CLOUD_LINE = /^cloud: \S+ \d+\.\d+\.\d+\.\d+ (?:joining|era)/m;

export class Observer {
  readonly trace = new Trace();
  readonly #lab: LabCluster;
  readonly #cables: ReadonlyMap<string, number>;
  #nodes: NodeNotes[];
  readonly #ids: readonly string[];
  /** The frame that a machine or the gateway sent, by the bytes that the switch passes on. */
  #origins = new WeakMap<Uint8Array, number>();
  /** Who said last that it holds an address. */
  #holders = new Map<string, number>();
  /** When the delegate of a site was last heard by another one's, by both names with a blank between. */
  #heardNs = new Map<string, number>();
  #frames: FrameNote[] = [];
  #marks: Mark[] = [];
  #frameCount = 0;

  constructor(lab: LabCluster) {
    this.#lab = lab;
    this.#cables = new Map([
      ...lab.nodes.map(({ name }, index) => [name, index] as const),
      ["gateway", lab.nodes.length],
    ]);
    this.#nodes = lab.nodes.map(() => newNotes());
    this.#ids = lab.cluster.macAddresses.map(nodeId);
    lab.cluster.network.onFrame = (link, sender, sentNs, arrivalNs, bytes) => {
      const cable = this.#cables.get(link.name) ?? -1;
      if (cable < 0) this.#between(sentNs, bytes);
      this.#note(cable, sender === 0, sentNs, arrivalNs, bytes);
    };
    lab.nodes.forEach(({ console }, index) => void console.listen((bytes) => this.#heard(index, bytes)));
  }

  #note(cable: number, toSwitch: boolean, sentNs: number, arrivalNs: number | null, bytes: Uint8Array): void {
    const id = ++this.#frameCount;
    this.trace.note(sentNs, cable, bytes, arrivalNs);
    const cause = toSwitch ? null : (this.#origins.get(bytes) ?? null);
    if (toSwitch) {
      this.#origins.set(bytes, id);
      this.#lookAt(bytes, sentNs);
    }
    this.#frames.push({ id, cable, toSwitch, sentNs, arrivalNs, bytes, cause });
    if (this.#frames.length >= 2 * MOST_FRAMES) this.#frames.splice(0, MOST_FRAMES);
  }

  /** What goes between the sites of a world. */
  #between(sentNs: number, bytes: Uint8Array): void {
    if (!wideOf(bytes)) return;
    const { routers } = this.#lab.cluster.world!;
    const [from, to] = [26, 30].map((at) => routers.find(({ outsideAddress }) => outsideAddress === get32(bytes, at)));
    if (from && to) this.#heardNs.set(`${from.name} ${to.name}`, sentNs);
  }

  /** The sites from which one was heard lately. */
  speaksWith(site: string): string[] {
    return this.#lab.cluster.world!.routers.flatMap(({ name }) =>
      this.#lab.nowNs - (this.#heardNs.get(`${name} ${site}`) ?? -Infinity) < SPEAKS_NS ? [name] : [],
    );
  }

  #lookAt(bytes: Uint8Array, sentNs: number): void {
    const packet = readClusterPacket(bytes);
    if (packet === null) return;
    const index = this.#ids.indexOf(packet.id);
    const notes = this.#nodes[index];
    if (notes === undefined) return;
    notes.founder = packet.founder;
    if (packet.kind === VIEW) notes.viewNs = sentNs;
    if (packet.kind !== HOLD) return;
    const held = heldAddresses(bytes).map(([, address]) => address);
    if (held.includes(LEADER_ADDRESS)) return;
    notes.held = held;
    notes.heldNs = sentNs;
    for (const address of notes.held) {
      const before = this.#holders.get(address);
      if (before === index) continue;
      this.#holders.set(address, index);
      this.#marks.push({ atNs: sentNs, node: index, kind: "moved", text: `holds ${address}` });
    }
  }

  /** A line of a console has ended. */
  #heard(index: number, bytes: Uint8Array): void {
    if (bytes[0] !== 0x0a) return;
    const notes = this.#nodes[index]!;
    const { text } = this.#lab.nodes[index]!.console;
    const fresh = text.slice(notes.seen);
    notes.seen = text.lastIndexOf("\n") + 1;
    this.trace.note(this.#lab.nodes[index]!.outputNs, -1 - index, fresh);
    const panic = PANIC_LINE.exec(fresh);
    if (panic) this.#mark(index, "panic", panic[0]);
    if (!CLOUD_LINE.test(fresh)) return;
    const before = notes.status;
    const status = lastStatus(fresh);
    notes.isJoining = status === null;
    if (status === null) return;
    notes.status = status;
    if (before === null || before.era !== status.era) this.#mark(index, "joined", `is a member in era ${status.era}`);
    else if (status.peers > before.peers) this.#mark(index, "view", `sees ${status.peers} others`);
    else if (status.peers < before.peers) this.#mark(index, "died", `misses one: ${status.peers} others are left`);
  }

  #mark(node: number, kind: Mark["kind"], text: string): void {
    this.#marks.push({ atNs: this.#lab.nodes[node]!.outputNs, node, kind, text });
  }

  /** A machine without power forgets what it was. */
  forget(index: number): void {
    this.#nodes[index] = { ...newNotes(), seen: this.#lab.nodes[index]!.console.text.length };
  }

  /** For `restore`: all that is known now. */
  save(): ObserverNotes {
    return {
      nodes: this.#nodes.map((notes) => ({ ...notes })),
      holders: [...this.#holders],
      heard: [...this.#heardNs],
      frames: this.#frameCount,
    };
  }

  /** The run has gone back to where this was saved. */
  restore({ nodes, holders, heard, frames }: ObserverNotes): void {
    this.#nodes = nodes.map((notes) => ({ ...notes }));
    this.#holders = new Map(holders);
    this.#heardNs = new Map(heard);
    this.#frameCount = frames;
    this.#frames = [];
    this.#marks = [];
  }

  /** What there is to tell since the last call. */
  take(): { frames: FrameNote[]; marks: Mark[] } {
    // A view would take the whole memory that it lies in along to the page.
    const frames = this.#frames.slice(-MOST_FRAMES).map((frame) => ({ ...frame, bytes: frame.bytes.slice() }));
    const taken = { frames, marks: this.#marks };
    this.#frames = [];
    this.#marks = [];
    return taken;
  }

  status(index: number): CloudStatus | null {
    return this.#nodes[index]!.status;
  }

  isJoining(index: number): boolean {
    return this.#nodes[index]!.isJoining;
  }

  isCoordinator(index: number): boolean {
    const { viewNs } = this.#nodes[index]!;
    return viewNs > 0 && this.#lab.nowNs - viewNs < COORDINATOR_NS;
  }

  /** The service addresses that it holds. */
  holds(index: number): readonly string[] {
    const { held, heldNs } = this.#nodes[index]!;
    return this.#lab.nowNs - heldNs < HOLDER_NS ? held : [];
  }

  isFounder(index: number): boolean {
    const { founder } = this.#nodes[index]!;
    return founder !== null && founder === this.#ids[index];
  }
}

function newNotes(): NodeNotes {
  return { status: null, seen: 0, isJoining: false, viewNs: 0, founder: null, held: [], heldNs: 0 };
}
