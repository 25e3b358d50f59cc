/**
 * A cluster: machines with a network card each, a switch between them, a gateway, and one virtual time for all.
 *
 * Time goes forward in quanta no longer than the shortest cable's latency (ether/network.ts says why). While all machines are
 * halted and nothing is on the wires, time jumps to the next event of any of them. How far a call of `runUntil` goes cannot be
 * seen by a guest.
 */
import type { BlockBackend } from "../block.ts";
import { TICK_NS } from "../clock.ts";
import { DigestVisitor } from "../digest.ts";
import { TrackedDisk } from "../disk.ts";
import { CableEnd } from "../ether/cable-end.ts";
import { PcapngWriter } from "../ether/capture.ts";
import { Gateway } from "../ether/gateway.ts";
import type { Link } from "../ether/link.ts";
import { Network } from "../ether/network.ts";
import { Switch } from "../ether/switch.ts";
import type { JitMode } from "../jit/jit.ts";
import { Machine } from "../machine.ts";
import type { Stateful, StateVisitor } from "../state.ts";
import { Random } from "./random.ts";

export interface ClusterNodeConfig {
  /** Unique; the gateway's DHCP server gives it as the host name. */
  readonly name: string;
  readonly ramBytes: number;
  /** Primary master. */
  readonly disk: BlockBackend | null;
  /** Secondary master. */
  readonly cdrom: BlockBackend | null;
  readonly serialOutput?: (port: 0 | 1, byte: number) => void;
  readonly log?: (line: string) => void;
}

export interface ClusterConfig {
  readonly nodes: readonly ClusterNodeConfig[];
  readonly firmware: Uint8Array;
  /** Decides MAC addresses and when, within POWER_ON_SPREAD_NS, each machine is switched on. */
  readonly seed: number;
  readonly gateway: boolean;
  readonly linkLatencyNs: number;
  /** Date at virtual time 0: seconds since 1970, UTC. */
  readonly startSeconds: number;
  readonly capture?: (bytes: Uint8Array) => void;
  /** Whether hot guest code is compiled; it changes nothing but speed. */
  readonly jit?: JitMode;
}

/** Within this time a person, or a power strip, switches all machines on. */
const POWER_ON_SPREAD_NS = 20_000_000;
/** Locally administered, QEMU's own: 52:54:00. */
const MAC_PREFIX = [0x52, 0x54, 0x00];

export class Cluster implements Stateful {
  readonly machines: readonly Machine[];
  readonly network = new Network();
  readonly gateway: Gateway;
  readonly #links: readonly Link[];
  #nowNs = 0;

  constructor(config: ClusterConfig) {
    const macs = macAddresses(config.seed, config.nodes.length);
    const powerOn = new Random(config.seed, "power on");
    const cables = config.nodes.map(({ name }) => new CableEnd(name));
    this.machines = config.nodes.map((node, index) => new Machine({
      name: node.name, ramBytes: node.ramBytes, firmware: config.firmware, rtcStartSeconds: config.startSeconds,
      powerOnNs: powerOn.below(POWER_ON_SPREAD_NS / TICK_NS) * TICK_NS,
      ide: [node.disk && { kind: "disk", backend: new TrackedDisk(node.disk) }, null, node.cdrom && { kind: "cd", backend: node.cdrom }, null],
      network: [{ macAddress: macs[index]!, port: cables[index]! }],
      ...(node.serialOutput ? { serialOutput: node.serialOutput } : {}),
      ...(node.log ? { log: node.log } : {}),
      ...(config.jit ? { jit: config.jit } : {}),
    }));
    this.gateway = new Gateway({ hostNames: new Map(config.nodes.map(({ name }, index) => [formatMac(macs[index]!), name])) });
    this.gateway.enabled = config.gateway;
    const hub = new Switch();
    this.#links = cables.map((cable) => this.network.connectMachine(cable, hub, config.linkLatencyNs));
    this.network.connectNodes(this.gateway, hub, config.linkLatencyNs);
    if (config.capture) this.network.captureTo(new PcapngWriter(config.capture, config.startSeconds));
  }

  /** Virtual time, to which all machines and the network have run. */
  get nowNs(): number {
    return this.#nowNs;
  }

  /** Instructions retired by all machines. */
  get instructions(): number {
    return this.machines.reduce((sum, { instructions }) => sum + instructions, 0);
  }

  /** The earliest time at which anything happens; Infinity when all machines are off and the wires are quiet. */
  get nextEventNs(): number {
    let nextNs = this.network.nextEventNs;
    for (const machine of this.machines) nextNs = Math.min(nextNs, machine.nextEventNs);
    return nextNs;
  }

  runUntil(timeNs: number): void {
    const quantumNs = Math.max(TICK_NS, Math.floor(this.network.leastLatencyNs / TICK_NS) * TICK_NS);
    while (this.#nowNs < timeNs) {
      const startNs = Math.max(this.#nowNs, Math.min(timeNs, Math.floor(this.nextEventNs / TICK_NS) * TICK_NS));
      const endNs = Math.min(timeNs, startNs + quantumNs);
      for (const machine of this.machines) machine.runUntil(endNs);
      this.network.advance(endNs);
      this.#nowNs = endNs;
    }
  }

  /** Plugs a machine's network cable in, or pulls it. */
  setCable(index: number, plugged: boolean): void {
    this.network.setLink(this.#links[index]!, plugged);
  }

  digest(): string {
    const visitor = new DigestVisitor();
    this.visitState(visitor);
    return visitor.digest();
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("cluster", 1);
    this.#nowNs = visitor.integer(this.#nowNs);
    for (const machine of this.machines) machine.visitState(visitor);
    this.network.visitState(visitor);
  }
}

/** Distinct addresses, in no order that a protocol could profit from. */
function macAddresses(seed: number, count: number): Uint8Array[] {
  const random = new Random(seed, "MAC addresses");
  const taken = new Set<number>();
  return Array.from({ length: count }, () => {
    let low = random.below(1 << 24);
    while (taken.has(low)) low = random.below(1 << 24);
    taken.add(low);
    return Uint8Array.of(...MAC_PREFIX, low >> 16, (low >> 8) & 0xff, low & 0xff);
  });
}

function formatMac(address: Uint8Array): string {
  return Array.from(address, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
