/** Links, switch and network: order, latency, learning, cuts, captures. */
import { describe, expect, test } from "vitest";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { PcapngWriter } from "../../../emulator/ether/capture.ts";
import { Network, type NetworkNode } from "../../../emulator/ether/network.ts";
import { Switch } from "../../../emulator/ether/switch.ts";
import { Tap } from "../../../emulator/ether/tap.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { TimerQueue } from "../../../emulator/time/events.ts";

const LATENCY_NS = 50_000;

/** A host with a clock that is moved by hand; it notes when it hears what. */
class Host {
  readonly cable: CableEnd;
  readonly heard: { timeNs: number; byte: number }[] = [];
  readonly queue: TimerQueue;
  nowNs = 0;

  readonly number: number;

  constructor(number: number) {
    this.number = number;
    this.queue = new TimerQueue({ now: () => this.nowNs, nextDeadlineMovedUp: () => {} });
    this.cable = new CableEnd(`host ${number}`);
    this.cable.plugIn(this.queue, {
      receive: (frame) => void this.heard.push({ timeNs: this.nowNs, byte: frame[14]! }),
      linkChanged: () => {},
    });
  }

  runUntil(endNs: number): void {
    while (this.queue.nextDeadlineNs < endNs) {
      this.nowNs = Math.max(this.nowNs, this.queue.nextDeadlineNs);
      this.queue.fireDue();
    }
    this.nowNs = endNs;
  }

  send(to: number, byte: number): void {
    const frame = new Uint8Array(60);
    frame.set(to < 0 ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, to]);
    frame.set([2, 0, 0, 0, 0, this.number], 6);
    frame[14] = byte;
    this.cable.transmit(frame);
  }
}

function star(count: number): {
  network: Network;
  hosts: Host[];
  links: ReturnType<Network["connectMachine"]>[];
  run: (endNs: number, quantum?: number) => void;
} {
  const network = new Network();
  const hub = new Switch();
  const hosts = Array.from({ length: count }, (_, index) => new Host(index));
  const links = hosts.map((host) => network.connectMachine(host.cable, hub, LATENCY_NS));
  const run = (endNs: number, quantum = LATENCY_NS): void => {
    while (network.nowNs < endNs) {
      const next = Math.min(network.nowNs + quantum, network.horizonNs(network.nowNs), endNs);
      for (const host of hosts) host.runUntil(next);
      network.advance(next);
    }
  };
  return { network, hosts, links, run };
}

describe("switch", () => {
  test("floods what it does not know, and then sends to one port only", () => {
    const { hosts, run } = star(3);
    hosts[0]!.send(1, 7);
    run(1e6);
    expect(hosts.map((host) => host.heard.length)).toEqual([0, 1, 1]);
    hosts[1]!.send(0, 8);
    run(2e6);
    expect(hosts.map((host) => host.heard.length)).toEqual([1, 1, 1]);
    hosts[0]!.send(-1, 9);
    run(3e6);
    expect(hosts.map((host) => host.heard.length)).toEqual([1, 2, 2]);
  });

  test("forgets an address after five minutes, and with its cable", () => {
    const { hosts, links, network, run } = star(3);
    hosts[1]!.send(0, 1);
    run(1e6);
    run(301e9, 1e9);
    hosts[0]!.send(1, 2);
    run(301e9 + 1e6);
    expect(hosts[2]!.heard.map(({ byte }) => byte)).toEqual([1, 2]);
    hosts[1]!.send(0, 3);
    run(301e9 + 2e6);
    network.setLink(links[1]!, false);
    hosts[0]!.send(1, 4);
    run(301e9 + 3e6);
    expect(hosts[2]!.heard.map(({ byte }) => byte)).toEqual([1, 2, 4]);
  });
});

describe("links", () => {
  test("a frame takes its time on the wire and the latency of both cables", () => {
    const { hosts, run } = star(2);
    hosts[0]!.send(1, 1);
    run(1e6);
    const wire = (60 + 24) * 8;
    expect(hosts[1]!.heard).toEqual([{ timeNs: 2 * (LATENCY_NS + wire), byte: 1 }]);
  });

  test("frames of one sender keep their order and follow each other at the rate of the wire", () => {
    const { hosts, run } = star(2);
    for (let index = 0; index < 100; index++) hosts[0]!.send(1, index);
    run(1e6);
    expect(hosts[1]!.heard.map(({ byte }) => byte)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(hosts[1]!.heard[99]!.timeNs - hosts[1]!.heard[0]!.timeNs).toBe(99 * (60 + 24) * 8);
  });

  test("a queue has an end", () => {
    const { hosts, links, run } = star(2);
    for (let index = 0; index < 10_000; index++) hosts[0]!.send(1, 0);
    run(1e7);
    expect(links[0]!.dropped).toBeGreaterThan(5000);
    expect(hosts[1]!.heard.length).toBe(10_000 - links[0]!.dropped);
  });

  test("a pulled cable loses what is in it", () => {
    const { hosts, links, network, run } = star(2);
    hosts[0]!.send(1, 1);
    run(LATENCY_NS);
    network.setLink(links[1]!, false);
    run(1e6);
    hosts[0]!.send(1, 2);
    run(2e6);
    network.setLink(links[1]!, true);
    hosts[0]!.send(1, 3);
    run(3e6);
    expect(hosts[1]!.heard.map(({ byte }) => byte)).toEqual([3]);
  });
});

test("neither the order of machines nor the quantum changes what anyone hears", () => {
  // Infinity: as far as nobody can hear of another.
  const results = [LATENCY_NS, 7_777, 1_000, Infinity].map((quantum) => {
    const { network, hosts, run } = star(4);
    for (let round = 0; round < 20; round++) {
      // Everybody speaks at the same time.
      const order = quantum === LATENCY_NS ? hosts : [...hosts].reverse();
      for (const host of order) host.send(round % 3 ? -1 : (host.number + 1) % 4, round * 4 + host.number);
      run((round + 1) * 200_000, quantum);
    }
    const visitor = new DigestVisitor();
    network.visitState(visitor);
    return { heard: hosts.map((host) => host.heard), digest: visitor.digest() };
  });
  expect(results[0]!.heard[0]!.length).toBeGreaterThan(20);
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
  expect(results[3]).toEqual(results[0]);
});

test("machines run ahead of a quiet network for the latency of two cables, of one where a frame is under way", () => {
  const { network, hosts, run } = star(2);
  run(1e6);
  expect(network.horizonNs(1e6)).toBe(1e6 + 2 * LATENCY_NS);
  hosts[0]!.send(1, 7);
  run(1e6 + 1000);
  // On its way to the switch.
  expect(network.nextEventNs).toBeLessThan(network.nowNs + LATENCY_NS);
  expect(network.horizonNs(network.nowNs)).toBe(network.nextEventNs + LATENCY_NS);
});

test("a capture names its interfaces and keeps nanoseconds", () => {
  const pieces: Uint8Array[] = [];
  const { network, hosts, run } = star(2);
  network.captureTo(new PcapngWriter((bytes) => void pieces.push(bytes), 1_700_000_000));
  run(123_456);
  hosts[0]!.send(1, 0x42);
  run(1e6);
  const blocks = pieces.map((piece) => new DataView(piece.buffer, piece.byteOffset, piece.length));
  expect(blocks.map((block) => block.getUint32(0, true).toString(16))).toEqual(["a0d0d0a", "1", "1", "6", "6"]);
  for (const block of blocks) {
    expect(block.getUint32(4, true)).toBe(block.byteLength);
    expect(block.getUint32(block.byteLength - 4, true)).toBe(block.byteLength);
  }
  const packet = blocks[3]!;
  const time = (BigInt(packet.getUint32(12, true)) << 32n) | BigInt(packet.getUint32(16, true));
  expect(time).toBe(1_700_000_000_000_123_456n);
  expect([packet.getUint32(8, true), packet.getUint32(20, true), packet.getUint8(28 + 14)]).toEqual([0, 60, 0x42]);
  expect(new TextDecoder().decode(pieces[1]!)).toContain("host 0");
});

describe("a node that acts by itself", () => {
  /** Every 70 us it sends its time; it notes what it hears, and when it woke. */
  class Clock implements NetworkNode {
    readonly name = "clock";
    readonly notes: string[] = [];
    wakeNs = 70_000;

    addPort(): number {
      return 0;
    }

    wake(timeNs: number, transmit: (port: number, frame: Uint8Array) => void): void {
      this.notes.push(`woke at ${timeNs}`);
      this.wakeNs += 70_000;
      transmit(0, new Uint8Array(60));
    }

    receive(_port: number, timeNs: number): void {
      this.notes.push(`heard at ${timeNs}`);
    }

    visitState(): void {}
  }

  const run = (quantumNs: number): { notes: string[]; heard: number } => {
    const network = new Network();
    const [clock, tap] = [new Clock(), new Tap("tap")];
    network.connectNodes(clock, tap, 69_328);
    // Of 60 bytes and 24 more at 8 ns each: it arrives at 70,000.
    network.send(tap, 0, new Uint8Array(60));
    for (let endNs = quantumNs; endNs <= 420_000; endNs += quantumNs) network.advance(endNs);
    return { notes: clock.notes, heard: tap.received.length };
  };

  test("wakes at its time, after what is heard then, however time is cut", () => {
    const { notes, heard } = run(420_000);
    expect(notes).toEqual(["heard at 70000", ...[1, 2, 3, 4, 5].map((turn) => `woke at ${turn * 70_000}`)]);
    expect(heard).toBe(4);
    for (const quantumNs of [10_000, 35_000, 70_000, 140_000]) expect(run(quantumNs)).toEqual({ notes, heard });
  });

  test("is a reason for time to go on", () => {
    const network = new Network();
    network.connectNodes(new Clock(), new Tap("tap"), 1);
    expect(network.nextEventNs).toBe(70_000);
  });

  test("that leaves what is due undone is a fault", () => {
    const network = new Network();
    const idle = Object.assign(new Clock(), { wake: () => {} });
    network.connectNodes(idle, new Tap("tap"), 1);
    expect(() => network.advance(100_000)).toThrow("clock: it has woken, and left something undone");
  });
});
