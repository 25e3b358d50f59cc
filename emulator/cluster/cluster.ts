/**
 * A cluster: machines with a network card each, a switch between them, a gateway, and one virtual time for all.
 *
 * Time goes forward in quanta within which no machine can hear of another (ether/network.ts says why). While all
 * machines are halted and nothing is on the wires, time jumps to the next event of any of them, and only machines that
 * have something to do are called. How far a call of `runUntil` goes, and in which threads the machines run, cannot be
 * seen by a guest.
 */
import type { CharacterPort } from "../board-config.ts";
import type { SoundOutput } from "../devices/sound/sound-clock.ts";
import { PcapngWriter } from "../ether/capture.ts";
import { Gateway } from "../ether/gateway.ts";
import type { Link } from "../ether/link.ts";
import type { HostNetwork } from "../ether/nat/host-network.ts";
import type { Nat } from "../ether/nat/nat.ts";
import { Network, type NetworkNode } from "../ether/network.ts";
import { formatMac } from "../ether/packet.ts";
import { Switch } from "../ether/switch.ts";
import { Tap } from "../ether/tap.ts";
import type { Trouble } from "../ether/trouble.ts";
import { World, type WorldConfig } from "../ether/wide/sites.ts";
import { DEFAULT_JIT } from "../jit/jit.ts";
import { Machine } from "../machine.ts";
import { DigestVisitor } from "../state/digest.ts";
import { broken, holds } from "../state/invariant.ts";
import { Random } from "../state/random.ts";
import type { StateVisitor } from "../state/state.ts";
import { TICK_NS } from "../time/clock.ts";
import { LocalGroup } from "./local-group.ts";
import {
  basisOf,
  commonFacts,
  type EngineFacts,
  type GroupFactory,
  type GroupMemory,
  type MachineBasis,
  type MachineGroup,
  type MachineHost,
  type MachineSpec,
  type SharedFacts,
} from "./machine-host.ts";

export interface ClusterNodeConfig extends MachineBasis {
  /** Chosen by the seed when absent. */
  readonly macAddress?: Uint8Array;
  /** `timeNs`: the machine's own virtual time. */
  readonly characterOutput?: (port: CharacterPort, byte: number, timeNs: number) => void;
  readonly soundOutput?: SoundOutput;
  readonly log?: (line: string) => void;
}

/** `jit`, `reboot` and `tickNs` have defaults: DEFAULT_JIT, true and TICK_NS. */
export interface ClusterConfig extends SharedFacts, Partial<EngineFacts> {
  readonly nodes: readonly ClusterNodeConfig[];
  /** Decides MAC addresses and when, within POWER_ON_SPREAD_NS, each machine is switched on. */
  readonly seed: number;
  readonly gateway: boolean;
  /** Host names by MAC address of what the owner plugs into the switch; looked up at each lease. */
  readonly hostNames?: ReadonlyMap<string, string>;
  /** Machines at several sites, each with a switch and a gateway of its own, in place of the one switch and gateway. */
  readonly world?: WorldConfig;
  readonly linkLatencyNs: number;
  readonly capture?: (bytes: Uint8Array) => void;
  /** Spreads the machines over threads; all in this one when absent. */
  readonly groups?: GroupFactory;
}

/** Where `runUntil` may end early: at multiples of a span, if the owner finds a reason. */
export interface Lookout {
  readonly everyNs: number;
  /** A multiple of that span: it is only looked so often where nobody calls `lookSoon`. The span itself when absent. */
  readonly atLeastEveryNs?: number;
  /** Looks, and says whether to stop. It must not change anything. */
  look(): boolean;
}

/** Within this time a person, or a power strip, switches all machines on. */
const POWER_ON_SPREAD_NS = 20_000_000;
/** Locally administered, QEMU's own: 52:54:00. */
const MAC_PREFIX = [0x52, 0x54, 0x00];

/** So long a machine alone runs at most before someone looks at it. */
const LONGEST_ALONE_NS = 10_000_000;

export class Cluster {
  readonly config: ClusterConfig;
  /** Each node's machine, wherever it runs. */
  readonly hosts: readonly MachineHost[];
  readonly macAddresses: readonly Uint8Array[];
  readonly network = new Network();
  readonly gateway: Gateway;
  /** The sites; null: all machines are on one switch. */
  readonly world: World | null;
  readonly #hub: Switch;
  /** Of each machine, and of the gateway after them, the switch that it is plugged into, and its port there. */
  readonly #sockets: readonly { readonly hub: Switch; readonly port: number }[];
  readonly #outside: string[] = [];
  readonly #groups: readonly MachineGroup[];
  readonly #links: readonly Link[];
  #machines: readonly Machine[] | null = null;
  readonly #tickNs: number;
  readonly #quantumNs: number;
  #nowNs = 0;
  /** To where the machines run before somebody looks, and the span of whose multiples that is one. */
  #lookNs = 0;
  #everyNs = Infinity;
  /** The end of the quantum at hand. */
  #quantumEndNs = 0;
  #quanta = 0;
  /**
   * End of the quantum within which a machine was paused; null between quanta. Part of where a run stands, but of no
   * guest's state.
   */
  openQuantumNs: number | null = null;
  /** Hears when a cable has been plugged in or pulled; what else comes from outside, the machines tell. */
  onOutside: (() => void) | null = null;

  constructor(config: ClusterConfig) {
    const { nodes } = config;
    this.config = config;
    this.#tickNs = config.tickNs ?? TICK_NS;
    const chosen = chooseMacAddresses(config.seed, nodes.length);
    this.macAddresses = nodes.map(({ macAddress }, index) => macAddress ?? chosen[index]!);
    const powerOn = new Random(config.seed, "power on");
    const machines = nodes.map(
      (node, index): MachineSpec => ({
        ...basisOf(node),
        macAddress: this.macAddresses[index]!,
        powerOnNs: powerOn.below(POWER_ON_SPREAD_NS / TICK_NS) * TICK_NS,
      }),
    );
    const place: GroupFactory = config.groups ?? ((all, common) => [new LocalGroup(all, common)]);
    this.#groups = place(machines, {
      ...commonFacts({ jit: DEFAULT_JIT, reboot: true, ...config, tickNs: this.#tickNs }),
      characterOutput: (machine, port, byte, timeNs) => nodes[machine]!.characterOutput?.(port, byte, timeNs),
      soundOutput: (machine, ...played) => nodes[machine]!.soundOutput?.(...played),
      log: (machine, line) => nodes[machine]!.log?.(line),
    });
    const placed = this.#groups.flatMap(({ indices, hosts, cables }) =>
      indices.map((index, position) => ({ index, host: hosts[position]!, cable: cables[position]! })),
    );
    placed.sort((a, b) => a.index - b.index);
    this.hosts = placed.map(({ host }) => host);
    const own = new Map(nodes.map(({ name }, index) => [formatMac(this.macAddresses[index]!), name]));
    const hostNames = config.hostNames ?? own;
    this.gateway = new Gateway({ machines: nodes.length, hostNames });
    this.gateway.enabled = config.gateway && !config.world;
    this.world = config.world ? new World(config.world, hostNames) : null;
    this.#hub = this.world?.switches[0] ?? new Switch();
    const hubs = nodes.map((_, index) => this.world?.switches[config.world!.siteOf[index]!] ?? this.#hub);
    this.#sockets = [...hubs, this.#hub].map((hub, index) => ({
      hub,
      port: hubs.slice(0, index).filter((other) => other === hub).length,
    }));
    this.#links = placed.map(({ cable }, index) =>
      this.network.connectMachine(cable, hubs[index]!, config.linkLatencyNs),
    );
    if (this.world) {
      this.world.connect(this.network, config.world!, config.linkLatencyNs);
      this.#outside.push("a site");
    } else this.network.connectNodes(this.gateway, this.#hub, config.linkLatencyNs);
    if (config.capture) this.network.captureTo(new PcapngWriter(config.capture, config.startSeconds));
    this.#quantumNs = Math.max(this.#tickNs, Math.floor(this.network.leastLatencyNs / this.#tickNs) * this.#tickNs);
  }

  /** The machines themselves. Throws a RangeError while some of them run in other threads. */
  get machines(): readonly Machine[] {
    return (this.#machines ??= this.hosts.map((host) => {
      if (!(host instanceof Machine))
        throw new RangeError(`${host.name} runs in another thread: what can be done to it is in MachineHost`);
      return host;
    }));
  }

  /** Virtual time, to which all machines and the network have run. */
  get nowNs(): number {
    return this.#nowNs;
  }

  /** Instructions retired by all machines. */
  get instructions(): number {
    return this.hosts.reduce((sum, { instructions }) => sum + instructions, 0);
  }

  /** The earliest time at which anything happens; Infinity when all machines are off and the wires are quiet. */
  get nextEventNs(): number {
    for (const group of this.#groups) group.refresh();
    return this.#nextEventNs();
  }

  #nextEventNs(): number {
    let nextNs = this.network.nextEventNs;
    for (const group of this.#groups) nextNs = Math.min(nextNs, group.nextEventNs);
    return nextNs;
  }

  /** Threads over which the machines are spread. */
  get threads(): number {
    return this.#groups.length;
  }

  /** Quanta that all machines have run. */
  get quanta(): number {
    return this.#quanta;
  }

  /**
   * Lets virtual time pass up to `timeNs`, or until `lookout` says to stop. Comes back early when a debugger pauses a
   * machine; the next call goes on within the same quantum.
   */
  runUntil(timeNs: number, lookout: Lookout | null = null): void {
    for (const group of this.#groups) group.refresh();
    this.#everyNs = lookout?.everyNs ?? Infinity;
    const spanNs = lookout?.atLeastEveryNs ?? this.#everyNs;
    do {
      this.#lookNs = Math.min(timeNs, nextMultiple(this.#nowNs, spanNs));
      this.#run();
    } while (this.#nowNs < timeNs && this.openQuantumNs === null && !lookout?.look());
    for (const group of this.#groups) group.settle(this.#nowNs);
  }

  /**
   * Something has happened at a time, to which a machine has just run, that the owner wants to know of: it is looked at
   * the end of that span.
   */
  lookSoon(timeNs: number): void {
    const lookNs = nextMultiple(Math.min(timeNs, this.#quantumEndNs - this.#tickNs), this.#everyNs);
    if (lookNs >= this.#lookNs) return;
    this.#lookNs = lookNs;
    if (!this.#isAlone) return;
    this.machines[0]!.endBy(lookNs);
    this.#quantumEndNs = Math.min(this.#quantumEndNs, lookNs);
  }

  get #isAlone(): boolean {
    return this.hosts.length === 1 && this.#groups[0]!.runAlone !== undefined;
  }

  /** Virtual time at which the next quantum begins. */
  get #startNs(): number {
    return Math.max(this.#nowNs, Math.min(this.#lookNs, Math.floor(this.#nextEventNs() / this.#tickNs) * this.#tickNs));
  }

  /** A machine alone runs for longer at once: until the network might have something for it. */
  #runAlone(): void {
    const [group] = this.#groups;
    while (this.#nowNs < this.#lookNs) {
      const startNs = this.#startNs;
      const safeNs =
        Math.max(startNs, Math.floor(this.network.nextEventNs / this.#tickNs) * this.#tickNs) + this.#quantumNs;
      this.#quantumEndNs = this.openQuantumNs ?? Math.min(this.#lookNs, safeNs, startNs + LONGEST_ALONE_NS);
      const reachedNs = group!.runAlone!(this.#quantumEndNs, this.#quantumNs);
      const endNs = Math.min(reachedNs, this.#quantumEndNs);
      holds(endNs > this.#nowNs || group!.paused, "cluster", "a quantum ends where it began");
      this.openQuantumNs = group!.paused ? endNs : null;
      if (this.openQuantumNs !== null) return;
      this.network.advance(endNs);
      this.#nowNs = endNs;
      this.#quanta++;
    }
  }

  #run(): void {
    if (this.#isAlone) {
      this.#runAlone();
      return;
    }
    while (this.#nowNs < this.#lookNs) {
      const startNs = this.#startNs;
      const horizonNs = Math.floor(this.network.horizonNs(startNs) / this.#tickNs) * this.#tickNs;
      const safeNs = Math.max(horizonNs, startNs + this.#tickNs);
      // No quantum goes beyond a moment at which it may be looked.
      const endNs = this.openQuantumNs ?? Math.min(this.#lookNs, safeNs, nextMultiple(startNs, this.#everyNs));
      holds(endNs > this.#nowNs, "cluster", "a quantum ends where it began");
      this.#quantumEndNs = endNs;
      for (const group of this.#groups) group.start(endNs);
      for (const group of this.#groups) group.finish();
      this.openQuantumNs = this.#groups.some(({ paused }) => paused) ? endNs : null;
      if (this.openQuantumNs !== null) return;
      for (const group of this.#groups)
        if (group.nextEventNs < endNs)
          broken("cluster", `a machine has something to do at ${group.nextEventNs} ns and was not run to ${endNs} ns`);
      this.network.advance(endNs);
      this.#nowNs = endNs;
      this.#quanta++;
    }
  }

  /** Plugs a machine's network cable in, or pulls it. */
  setCable(index: number, plugged: boolean): void {
    this.network.setLink(this.#links[index]!, plugged);
    this.onOutside?.();
  }

  isPlugged(index: number): boolean {
    return this.#links[index]!.up;
  }

  /** What is wrong with a machine's cable from now on, in the direction to the machine or in the one out of it. */
  setTrouble(index: number, direction: "in" | "out", trouble: Trouble): void {
    this.#links[index]!.setTrouble(direction === "out" ? 0 : 1, trouble);
    this.onOutside?.();
  }

  /** Whether a machine hears, from now on, what another one sends; the gateway's number is that of the machines. */
  setHearing(index: number, from: number, hears: boolean): void {
    const [{ hub, port }, other] = [this.#sockets[index]!, this.#sockets[from]!];
    // Those of different sites never hear each other on a cable.
    if (hub !== other.hub) return;
    hub.setPassage(other.port, port, hears);
    this.onOutside?.();
  }

  /** The numbers of those that a machine does not hear, the gateway's included. */
  deafTo(index: number): number[] {
    const { hub, port } = this.#sockets[index]!;
    const all = Array.from({ length: this.hosts.length + 1 }, (_, number) => number);
    return all.filter((from) => this.#sockets[from]!.hub === hub && !hub.isOpen(this.#sockets[from]!.port, port));
  }

  trouble(index: number, direction: "in" | "out"): Trouble {
    return this.#links[index]!.trouble(direction === "out" ? 0 : 1);
  }

  /** Plugs something of the owner's into the switch, that of the first site. It is no part of a snapshot. */
  plug(name: string): Tap {
    const tap = new Tap(name);
    this.attach(tap);
    return tap;
  }

  /** Plugs any node into the switch, such as a way out. It is no part of a snapshot. */
  attach(node: NetworkNode): Link {
    this.#outside.push(node.name);
    return this.network.connectNodes(node, this.#hub, this.config.linkLatencyNs);
  }

  /** Unplugs what was plugged in last. Throws a RangeError for anything else. */
  unplug(tap: Tap): void {
    this.network.disconnect(tap);
    this.#outside.splice(this.#outside.lastIndexOf(tap.name), 1);
  }

  /** What takes part and is in no state: what was plugged into the switch, and the gateway's way out. */
  get outside(): readonly string[] {
    return this.#outside;
  }

  /** Opens the gateway's way to the host's networks. */
  openNat(host: HostNetwork): Nat {
    const { network, gateway } = this;
    this.#outside.push("the host's network");
    return gateway.openNat(host, {
      get nowNs() {
        return network.nowNs;
      },
      send: (frame) => network.send(gateway, 0, frame),
    });
  }

  /** Digest of the whole state, disks included: 32 hexadecimal digits. */
  digest(): string {
    const visitor = new DigestVisitor();
    visitor.part("cluster", 2);
    for (const digest of this.#digests()) visitor.text(digest);
    this.visitNetwork(visitor);
    return visitor.digest();
  }

  /**
   * Of all machines, in their order; groups compute at the same time, that of this thread last to start and first to
   * finish.
   */
  #digests(): string[] {
    const digests: string[] = [];
    for (const group of this.#groups) group.startDigests();
    for (const group of [...this.#groups].reverse())
      group.finishDigests().forEach((digest, position) => (digests[group.indices[position]!] = digest));
    return digests;
  }

  /**
   * All that decides how the machines go on, kept by the groups in their threads; `previous`: as this gave it before.
   */
  remember(previous: readonly GroupMemory[] | null): readonly GroupMemory[] {
    this.#groups.forEach((group, index) => group.startRemember(previous?.[index] ?? null));
    const memories: GroupMemory[] = [];
    for (const [index, group] of [...this.#groups.entries()].reverse()) memories[index] = group.finishRemember();
    return memories;
  }

  /** Of each machine, in the order of the cluster: how what is remembered of it differs from what was before. */
  describe(memories: readonly GroupMemory[], before: readonly GroupMemory[] | null): readonly Uint8Array[] {
    const descriptions: Uint8Array[] = [];
    this.#groups.forEach(({ indices }, index) => {
      const found = memories[index]!.describe(before?.[index] ?? null);
      indices.forEach((machine, position) => (descriptions[machine] = found[position]!));
    });
    return descriptions;
  }

  /** What `describe` has described, of machines that may have been spread in another way. */
  remembered(descriptions: readonly Uint8Array[], before: readonly GroupMemory[] | null): readonly GroupMemory[] {
    return this.#groups.map((group, index) =>
      group.remembered(
        group.indices.map((machine) => descriptions[machine]!),
        before?.[index] ?? null,
      ),
    );
  }

  /** Virtual time and all that is not a machine; the machines have states of their own. */
  visitNetwork(visitor: StateVisitor): void {
    visitor.part("cluster network", 1);
    this.#nowNs = visitor.integer(this.#nowNs);
    this.network.visitState(visitor);
  }

  /** Sets the clock of a network that machines with a past are put on. */
  skipTo(timeNs: number): void {
    holds(timeNs >= this.#nowNs, "cluster", "its clock is set back");
    this.#nowNs = timeNs;
    this.network.advance(timeNs);
  }

  /** Ends the threads of a cluster that is not wanted any more. */
  close(): void {
    for (const group of this.#groups) group.close();
  }
}

const nextMultiple = (timeNs: number, spanNs: number): number =>
  spanNs === Infinity ? Infinity : (Math.floor(timeNs / spanNs) + 1) * spanNs;

/** Distinct addresses, in no order that a protocol could profit from. */
function chooseMacAddresses(seed: number, count: number): Uint8Array[] {
  const random = new Random(seed, "MAC addresses");
  const taken = new Set<number>();
  return Array.from({ length: count }, () => {
    holds(taken.size < 1 << 23, "cluster", "more machines than addresses can be drawn for");
    let low = random.below(1 << 24);
    while (taken.has(low)) low = random.below(1 << 24);
    taken.add(low);
    return Uint8Array.of(...MAC_PREFIX, low >> 16, (low >> 8) & 0xff, low & 0xff);
  });
}
