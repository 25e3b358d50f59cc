/**
 * The saved state of the network is complete: one network just goes on, the other is saved and restored into a fresh
 * one after each quantum, and both carry the same frames at the same times.
 */
import { expect, test } from "vitest";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { Gateway } from "../../../emulator/ether/gateway.ts";
import { Network } from "../../../emulator/ether/network.ts";
import { arpBytes, BROADCAST_MAC, ETHERTYPE_ARP, ethernetFrame, parseIpv4 } from "../../../emulator/ether/packet.ts";
import { Switch } from "../../../emulator/ether/switch.ts";
import { Tap } from "../../../emulator/ether/tap.ts";
import { Random } from "../../../emulator/state/random.ts";
import type { StateVisitor } from "../../../emulator/state/state.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { TimerQueue } from "../../../emulator/time/events.ts";

const LATENCY_NS = 50_000;
const MACHINES = 3;
const SEED = Number(process.env["QURE_SEED"] ?? 20261120);

/** Three machines on one switch, a second switch behind it with the gateway; a direct cable between two more cards. */
class World {
  nowNs = 0;
  readonly queue = new TimerQueue({ now: () => this.nowNs, nextDeadlineMovedUp: () => {} });
  readonly network = new Network();
  readonly cables = Array.from({ length: MACHINES + 2 }, (_, index) => new CableEnd(`card ${index}`));
  readonly links;
  readonly heard: string[] = [];
  readonly near = new Switch("near");

  constructor() {
    const { near } = this;
    const far = new Switch("far");
    this.cables.forEach((cable, index) => {
      cable.plugIn(this.queue, {
        receive: (frame) => void this.heard.push(`${index} ${this.nowNs} ${Buffer.from(frame).toString("hex")}`),
        linkChanged: (up) => void this.heard.push(`${index} ${this.nowNs} ${up ? "up" : "down"}`),
      });
    });
    this.links = this.cables.slice(0, MACHINES).map((cable) => this.network.connectMachine(cable, near, LATENCY_NS));
    this.network.connectNodes(near, far, LATENCY_NS + 10);
    this.network.connectNodes(new Gateway(), far, LATENCY_NS);
    this.links.push(this.network.connectMachines(this.cables[MACHINES]!, this.cables[MACHINES + 1]!, LATENCY_NS));
  }

  visit(visitor: StateVisitor): void {
    this.network.visitState(visitor);
    this.queue.visitState(visitor);
    for (const cable of this.cables) cable.visitState(visitor);
  }

  save(): Uint8Array {
    const writer = new StateWriter();
    this.visit(writer);
    return writer.result();
  }

  successor(): World {
    const next = new World();
    next.nowNs = this.nowNs;
    const reader = new StateReader(this.save());
    next.visit(reader);
    reader.end();
    next.heard.splice(0, Infinity, ...this.heard);
    return next;
  }

  quantum(): void {
    const end = this.nowNs + LATENCY_NS;
    while (this.queue.nextDeadlineNs < end) {
      this.nowNs = Math.max(this.nowNs, this.queue.nextDeadlineNs);
      this.queue.fireDue();
    }
    this.nowNs = end;
    this.network.advance(end);
  }
}

const mac = (index: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, index);

/** What happens before a quantum; the same for both worlds. */
function act(world: World, seed: number): void {
  const random = new Random(seed);
  for (let count = random.below(6); count > 0; count--) {
    const from = random.below(world.cables.length);
    const to = random.chance(30) ? BROADCAST_MAC : mac(random.below(MACHINES + 2));
    const size = random.pick([0, 46, 100, 1400]);
    world.cables[from]!.transmit(ethernetFrame(to, mac(from), 0x88b5, new Uint8Array(size).fill(random.below(256))));
  }
  if (random.chance(20)) {
    const request = { operation: 1, senderMac: mac(0), senderIp: parseIpv4("10.0.2.15"), targetMac: mac(9) };
    const payload = arpBytes({ ...request, targetIp: parseIpv4("10.0.2.2") });
    world.cables[0]!.transmit(ethernetFrame(BROADCAST_MAC, mac(0), ETHERTYPE_ARP, payload));
  }
  if (random.chance(5)) world.network.setLink(random.pick(world.links), random.chance(50));
  if (random.chance(3)) world.cables[random.below(MACHINES)]!.setPowered(random.chance(70));
}

test(`the network goes on from any quantum as if nothing had been (QURE_SEED=${SEED})`, () => {
  const original = new World();
  let copy = new World();
  for (let quantum = 0; quantum < 400; quantum++) {
    act(original, SEED + quantum);
    copy = copy.successor();
    act(copy, SEED + quantum);
    original.quantum();
    copy = copy.successor();
    copy.quantum();
    expect(copy.heard).toEqual(original.heard);
    expect(Buffer.compare(copy.save(), original.save())).toBe(0);
    original.heard.length = 0;
    copy.heard.length = 0;
  }
  expect(original.network.frames).toBe(copy.network.frames);
  expect(original.links.map(({ dropped }) => dropped)).toEqual(copy.links.map(({ dropped }) => dropped));
});

test("what was plugged in last and is unplugged again leaves no trace, nor do the frames in its cable", () => {
  const [original, other] = [new World(), new World()];
  const tap = new Tap("tap");
  other.network.connectNodes(tap, other.near, LATENCY_NS);
  for (const world of [original, other]) for (let quantum = 0; quantum < 20; quantum++) world.quantum();
  other.network.send(tap, 0, ethernetFrame(BROADCAST_MAC, mac(99), 0x88b5, new Uint8Array(46)));
  expect(() => other.network.disconnect(other.near)).toThrow("near is not what was plugged in last");
  other.network.disconnect(tap);
  expect(() => other.network.disconnect(tap)).toThrow("tap is not what was plugged in last");
  for (let quantum = 0; quantum < 50; quantum++) {
    for (const world of [original, other]) act(world, SEED + quantum);
    for (const world of [original, other]) world.quantum();
    expect(other.heard).toEqual(original.heard);
    expect(Buffer.compare(other.save(), original.save())).toBe(0);
  }
  other.network.connectNodes(new Tap("again"), other.near, LATENCY_NS);
});
