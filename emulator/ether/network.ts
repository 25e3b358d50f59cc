/**
 * The virtual Ethernet: machines' cables, switches and other nodes, joined by links, in one virtual time.
 *
 * Machines and network take turns. All machines run to time T and collect what they send in their `CableEnd`s; then
 * `advance(T)` takes those frames, carries everything that happens before T through links and switches, and
 * hands to each machine the frames that arrive there at T or later, as events of that machine. That works if T is not
 * later than `horizonNs`: a frame that is sent now has the latencies of two cables before it, to a switch and to a
 * machine, and one that is on its way to a switch the last of them, so no machine ever hears of something in its past.
 *
 * Frames are handled in the order (time, link, sending end, sequence number), whatever the order in which machines ran,
 * so one thread or many give the same result. How time is cut into quanta does not matter either, as long as the rule
 * above holds.
 */
import { broken, holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import { type MachineCable, type TimedFrame, visitFrames } from "./cable-end.ts";
import type { PcapngWriter } from "./capture.ts";
import { Link, type LinkEnd } from "./link.ts";
import type { EthernetFrame } from "./port.ts";

/** Sends a frame out of a node's port at the time of the event that is being handled, or so much later. */
export type Transmit = (port: number, frame: EthernetFrame, laterNs?: number) => void;

/**
 * Something on the network that is not a machine: a switch, a gateway. It answers at the moment it hears, and one with
 * `wake` also acts by itself.
 */
export interface NetworkNode extends Stateful {
  readonly name: string;
  /** Of one with `wake`: when it next does something by itself; Infinity: not before it hears something. */
  readonly wakeNs?: number;
  /** Does what is due; `wakeNs` is later afterwards. */
  wake?(timeNs: number, transmit: Transmit): void;
  /** One more socket; returns its number, counted from 0. */
  addPort(): number;
  /** Without the socket that was added last. Of what others are plugged into. */
  removePort?(): void;
  receive(port: number, timeNs: number, frame: EthernetFrame, transmit: Transmit): void;
  linkChanged?(port: number, up: boolean): void;
}

/** Hears of frames and changes nothing: of the end of a link that sent one, when, and when it arrives. */
export type FrameWatcher = (
  link: Link,
  sender: LinkEnd,
  sentNs: number,
  arrivalNs: number | null,
  frame: EthernetFrame,
) => void;

/** What a link's end is plugged into. */
type Plug = { kind: "machine"; cable: MachineCable } | { kind: "node"; node: NetworkNode; port: number };

interface Joint {
  link: Link;
  index: number;
  plugs: readonly [Plug, Plug];
  /** Frames wait at a machine's end of it. */
  waiting: [boolean, boolean];
  /** Interface in the capture, -1 when this link is not captured. */
  captureInterface: number;
}

/** A frame at one end of a link: about to be sent into it, or arriving out of it. */
interface FrameEvent {
  timeNs: number;
  joint: Joint;
  /** The end that sent the frame. */
  sender: LinkEnd;
  sequence: number;
  frame: EthernetFrame;
  isArrival: boolean;
  /** The link's epoch when the frame was sent; it is lost if the cable was pulled since. */
  epoch: number;
}

/** Negative when `a` comes first. No two events are equal: an end numbers its frames. */
function inOrder(a: FrameEvent, b: FrameEvent): number {
  return a.timeNs - b.timeNs || a.joint.index - b.joint.index || a.sender - b.sender || a.sequence - b.sequence;
}

function isBefore(a: FrameEvent, b: FrameEvent): boolean {
  return inOrder(a, b) < 0;
}

/** A binary heap of events, earliest first. */
class EventHeap {
  #events: FrameEvent[] = [];

  get first(): FrameEvent | undefined {
    return this.#events[0];
  }

  /** In no particular order. */
  get all(): readonly FrameEvent[] {
    return this.#events;
  }

  push(event: FrameEvent): void {
    const events = this.#events;
    let index = events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, events[parent]!)) break;
      events[index] = events[parent]!;
      index = parent;
    }
    events[index] = event;
  }

  shift(): FrameEvent {
    holds(this.#events.length > 0, "network", "an event is taken of none");
    const events = this.#events;
    const first = events[0]!;
    const last = events.pop()!;
    if (events.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child++;
      if (!isBefore(events[child]!, last)) break;
      events[index] = events[child]!;
      index = child;
    }
    events[index] = last;
    return first;
  }

  clear(): void {
    this.#events = [];
  }

  /** Without what is in a cable. */
  forget(joint: Joint): void {
    const kept = this.#events.filter((event) => event.joint !== joint);
    this.clear();
    for (const event of kept) this.push(event);
  }
}

export class Network implements Stateful {
  readonly #joints: Joint[] = [];
  readonly #byLink = new Map<Link, Joint>();
  /** Ends of links at which machines have sent something since the last step: in a large network most have not. */
  readonly #senders: { readonly joint: Joint; readonly end: LinkEnd; readonly cable: MachineCable }[] = [];
  #leastLatencyNs = Infinity;
  /** The least latency of all cables that a machine is at the end of, and of those with one at both ends. */
  #leastMachineNs = Infinity;
  #leastDirectNs = Infinity;
  /** The nodes, and for each of their ports the link and its end that is plugged in there. */
  readonly #nodes = new Map<NetworkNode, { joint: Joint; end: LinkEnd }[]>();
  /** Those of them that do something by themselves. */
  readonly #wakeful: NetworkNode[] = [];
  readonly #events = new EventHeap();
  #nowNs = 0;
  /** Time to which the machines have run while frames are carried. */
  #reachedNs = 0;
  #frames = 0;
  #capture: PcapngWriter | null = null;
  /** Sees each frame when it is sent into a link, with the time at which it arrives; null when it is lost. */
  onFrame: FrameWatcher | null = null;

  /** Time up to which the network has been stepped. */
  get nowNs(): number {
    return this.#nowNs;
  }

  /** Frames carried by links so far. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * To where machines may run that have run to a time before which the network has nothing to do: nothing can reach one
   * of them earlier.
   */
  horizonNs(fromNs: number): number {
    return Math.min(
      fromNs + Math.min(this.#leastDirectNs, 2 * this.#leastMachineNs),
      Math.max(fromNs, this.nextEventNs) + this.#leastMachineNs,
    );
  }

  /** A quantum that is safe whatever is under way: the least latency of all links, Infinity without links. */
  get leastLatencyNs(): number {
    return this.#leastLatencyNs;
  }

  /**
   * When the network has something to do by itself: a frame that reaches a node, a node that wakes. Infinity when all
   * is quiet.
   */
  get nextEventNs(): number {
    return Math.min(this.#events.first?.timeNs ?? Infinity, this.#wakeNs);
  }

  /** What was due while it could not be done is due now. */
  get #wakeNs(): number {
    let nextNs = Infinity;
    for (const { wakeNs } of this.#wakeful) nextNs = Math.min(nextNs, wakeNs!);
    return Math.max(this.#nowNs, nextNs);
  }

  /** Joins a machine's cable to a node. The link has the machine at end 0. */
  connectMachine(cable: MachineCable, node: NetworkNode, latencyNs: number): Link {
    return this.#join(new Link(cable.name, latencyNs, cable.linkUp), { kind: "machine", cable }, this.#socket(node));
  }

  /** Joins two machines directly. */
  connectMachines(first: MachineCable, second: MachineCable, latencyNs: number): Link {
    return this.#join(
      new Link(`${first.name}-${second.name}`, latencyNs),
      { kind: "machine", cable: first },
      { kind: "machine", cable: second },
    );
  }

  /** Joins two nodes: a gateway to a switch, switches to each other (without loops: there is no spanning tree). */
  connectNodes(first: NetworkNode, second: NetworkNode, latencyNs: number): Link {
    return this.#join(new Link(first.name, latencyNs), this.#socket(first), this.#socket(second));
  }

  /**
   * Takes away, at the present time, what was connected last to another node, with its cable and the frames in it.
   * Throws a RangeError for any other node.
   */
  disconnect(node: NetworkNode): void {
    const joint = this.#joints.at(-1);
    const [first, second] = joint?.plugs ?? [];
    if (!joint || first?.kind !== "node" || first.node !== node || second?.kind !== "node")
      throw new RangeError(`${node.name} is not what was plugged in last`);
    this.setLink(joint.link, false);
    this.#events.forget(joint);
    this.#joints.pop();
    this.#byLink.delete(joint.link);
    this.#nodes.delete(node);
    this.#nodes.get(second.node)!.pop();
    second.node.removePort?.();
  }

  #socket(node: NetworkNode): Plug {
    if (!this.#nodes.has(node)) {
      this.#nodes.set(node, []);
      if (node.wake) this.#wakeful.push(node);
    }
    return { kind: "node", node, port: node.addPort() };
  }

  #join(link: Link, first: Plug, second: Plug): Link {
    const joint: Joint = {
      link,
      index: this.#joints.length,
      plugs: [first, second],
      waiting: [false, false],
      captureInterface: -1,
    };
    holds(!this.#byLink.has(link), link.name, "a link is joined twice");
    this.#joints.push(joint);
    this.#byLink.set(link, joint);
    this.#leastLatencyNs = Math.min(this.#leastLatencyNs, link.latencyNs);
    const machines = joint.plugs.filter(({ kind }) => kind === "machine").length;
    if (machines > 0) this.#leastMachineNs = Math.min(this.#leastMachineNs, link.latencyNs);
    if (machines === 2) this.#leastDirectNs = Math.min(this.#leastDirectNs, link.latencyNs);
    joint.plugs.forEach((plug, side) => {
      const end = side as LinkEnd;
      if (plug.kind === "node") this.#nodes.get(plug.node)![plug.port] = { joint, end };
      else plug.cable.onOutgoing = () => this.#noteSender(joint, end, plug.cable);
    });
    return link;
  }

  #noteSender(joint: Joint, end: LinkEnd, cable: MachineCable): void {
    if (joint.waiting[end]) return;
    joint.waiting[end] = true;
    holds(this.#senders.length < 2 * this.#joints.length, "network", "more ends have sent than there are");
    this.#senders.push({ joint, end, cable });
  }

  /**
   * Plugs a cable in or pulls it, at the present time; frames on their way in it are lost. Both ends see their link
   * change.
   */
  setLink(link: Link, up: boolean): void {
    const joint = this.#byLink.get(link);
    if (joint === undefined) throw new Error(`link ${link.name} is not part of this network`);
    if (link.up === up) return;
    link.up = up;
    for (const plug of joint.plugs) {
      if (plug.kind === "machine") plug.cable.setLink(up);
      else plug.node.linkChanged?.(plug.port, up);
    }
  }

  /** Writes every frame of these links (all when none are named), in both directions, at the time it is sent. */
  captureTo(writer: PcapngWriter, links: readonly Link[] = this.#joints.map((joint) => joint.link)): void {
    this.#capture = writer;
    for (const joint of this.#joints) {
      joint.captureInterface = links.includes(joint.link) ? writer.addInterface(joint.link.name) : -1;
    }
  }

  /** Carries all that happens before `timeNs`, to which all machines have run. See the head of this file. */
  advance(timeNs: number): void {
    holds(Number.isFinite(timeNs), "network", "frames are carried to a time that is none");
    this.#reachedNs = timeNs;
    for (const { joint, end, cable } of this.#senders) {
      joint.waiting[end] = false;
      for (const sent of cable.takeOutgoing()) this.#enqueue(joint, end, sent.timeNs, sent.frame, false);
    }
    this.#senders.length = 0;
    const deliveries = new Map<MachineCable, TimedFrame[]>();
    let handledNs = 0;
    for (;;) {
      const nextNs = this.nextEventNs;
      if (nextNs >= timeNs) break;
      // What is heard at the same time comes first.
      if (nextNs < (this.#events.first?.timeNs ?? Infinity)) {
        this.#wake(nextNs);
        continue;
      }
      const event = this.#events.shift();
      if (event.timeNs < handledNs)
        broken(event.joint.link.name, `a frame of ${event.timeNs} ns after one of ${handledNs} ns`);
      handledNs = event.timeNs;
      this.#handle(event, deliveries);
    }
    this.#nowNs = Math.max(this.#nowNs, timeNs);
    for (const [cable, frames] of deliveries) cable.deliver(frames);
  }

  /** Has a node send a frame out of its port at the present time, without having heard anything. */
  send(node: NetworkNode, port: number, frame: EthernetFrame): void {
    const socket = this.#nodes.get(node)?.[port];
    if (socket === undefined) throw new RangeError(`${node.name} has no port ${port} on this network`);
    this.#enqueue(socket.joint, socket.end, this.#nowNs, frame, false);
  }

  #enqueue(joint: Joint, sender: LinkEnd, timeNs: number, frame: EthernetFrame, isArrival: boolean): void {
    holds(Number.isInteger(timeNs), joint.link.name, "a frame has a time between two nanoseconds");
    this.#events.push({
      timeNs,
      joint,
      sender,
      sequence: joint.link.nextSequence(sender),
      frame,
      isArrival,
      epoch: joint.link.epoch,
    });
  }

  #handle(event: FrameEvent, deliveries: Map<MachineCable, TimedFrame[]>): void {
    const { joint, sender, timeNs, frame } = event;
    if (event.epoch !== joint.link.epoch) return;
    const receiver = joint.plugs[(1 - sender) as LinkEnd];
    if (event.isArrival) {
      if (receiver.kind === "node") this.#receive(receiver.node, receiver.port, timeNs, frame);
      return;
    }
    const takenNs = joint.link.send(sender, timeNs, frame.length);
    const arrivals = takenNs === null ? [] : joint.link.fate(sender, takenNs, frame);
    this.onFrame?.(joint.link, sender, timeNs, arrivals[0]?.timeNs ?? null, frame);
    if (arrivals.length === 0) return;
    this.#frames++;
    if (joint.captureInterface >= 0) this.#capture?.write(joint.captureInterface, timeNs, frame);
    for (const arrival of arrivals) {
      if (receiver.kind === "node") this.#enqueue(joint, sender, arrival.timeNs, arrival.frame, true);
      else this.#deliver(joint, receiver.cable, arrival, deliveries);
    }
  }

  #deliver(joint: Joint, cable: MachineCable, arrival: TimedFrame, deliveries: Map<MachineCable, TimedFrame[]>): void {
    if (arrival.timeNs < this.#reachedNs)
      broken(
        joint.link.name,
        `a frame arrives at ${arrival.timeNs} ns at a machine that has run to ${this.#reachedNs} ns`,
      );
    const frames = deliveries.get(cable);
    if (frames === undefined) deliveries.set(cable, [arrival]);
    else frames.push(arrival);
  }

  #receive(node: NetworkNode, port: number, timeNs: number, frame: EthernetFrame): void {
    node.receive(port, timeNs, frame, this.#transmitOf(node, timeNs));
  }

  #wake(timeNs: number): void {
    for (const node of this.#wakeful) {
      if (node.wakeNs! > timeNs) continue;
      node.wake!(timeNs, this.#transmitOf(node, timeNs));
      holds(node.wakeNs! > timeNs, node.name, "it has woken, and left something undone");
    }
  }

  #transmitOf(node: NetworkNode, timeNs: number): Transmit {
    const sockets = this.#nodes.get(node)!;
    return (outPort, outFrame, laterNs = 0) => {
      const socket = sockets[outPort];
      holds(laterNs >= 0, node.name, "a frame is sent before what it answers has come");
      if (socket !== undefined) this.#enqueue(socket.joint, socket.end, timeNs + laterNs, outFrame, false);
    };
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("network", 1);
    this.#nowNs = visitor.integer(this.#nowNs);
    this.#frames = visitor.integer(this.#frames);
    for (const joint of this.#joints) joint.link.visitState(visitor);
    for (const node of this.#nodes.keys()) node.visitState(visitor);
    const events = [...this.#events.all].sort(inOrder);
    const frames = visitFrames(visitor, events);
    this.#events.clear();
    frames.forEach(({ timeNs, frame }, index) => {
      const event = events[index];
      const joint = this.#joints[visitor.u32(event?.joint.index ?? 0)];
      if (joint === undefined) throw new RangeError("state of a network with more links");
      const sender = visitor.u8(event?.sender ?? 0) as LinkEnd;
      const sequence = visitor.integer(event?.sequence ?? 0);
      const isArrival = visitor.bool(event?.isArrival ?? false);
      this.#events.push({
        timeNs,
        joint,
        sender,
        sequence,
        frame,
        isArrival,
        epoch: visitor.integer(event?.epoch ?? 0),
      });
    });
  }
}
