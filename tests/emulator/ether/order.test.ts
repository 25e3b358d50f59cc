/** The network's order of events, what it captures, what it refuses, and the format of its saved state. */
import { describe, expect, test } from "vitest";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { PcapngWriter } from "../../../emulator/ether/capture.ts";
import { Network } from "../../../emulator/ether/network.ts";
import { Switch } from "../../../emulator/ether/switch.ts";
import { Tap } from "../../../emulator/ether/tap.ts";
import { Random } from "../../../emulator/state/random.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { TimerQueue } from "../../../emulator/time/events.ts";
import { fieldsOf } from "./fields.ts";

const LATENCY_NS = 50_000;
/** Time on the wire of the frames below. */
const FRAME_NS = (60 + 24) * 8;

/** A card with a clock of its own. */
class Card {
  nowNs = 0;
  readonly queue = new TimerQueue({ now: () => this.nowNs, nextDeadlineMovedUp: () => {} });
  readonly cable: CableEnd;
  readonly heard: string[] = [];

  constructor(name: string, linkUp = true) {
    this.cable = new CableEnd(name, linkUp);
    this.cable.plugIn(this.queue, {
      receive: (bytes) => void this.heard.push(`${this.nowNs} ${bytes[14]}`),
      linkChanged: (up) => void this.heard.push(up ? "up" : "down"),
    });
  }

  /** Everyone hears it. */
  send(timeNs: number, byte: number): void {
    this.nowNs = timeNs;
    const bytes = new Uint8Array(60).fill(0xff, 0, 6);
    bytes[14] = byte;
    this.cable.transmit(bytes);
  }

  run(endNs: number): void {
    while (this.queue.nextDeadlineNs < endNs) {
      this.nowNs = Math.max(this.nowNs, this.queue.nextDeadlineNs);
      this.queue.fireDue();
    }
    this.nowNs = endNs;
  }
}

function frameOf(byte: number): Uint8Array {
  const bytes = new Uint8Array(60).fill(0xff, 0, 6);
  bytes[14] = byte;
  return bytes;
}

/** Notes each captured frame as "interface time byte", and the names of the interfaces. */
class Capture {
  readonly names: string[] = [];
  readonly frames: string[] = [];
  readonly writer = new PcapngWriter((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (view.getUint32(0, true) === 1) {
      const length = view.getUint16(18, true);
      this.names.push(new TextDecoder().decode(bytes.subarray(20, 20 + length)));
    } else if (view.getUint32(0, true) === 6) {
      this.frames.push(`${view.getUint32(8, true)} ${view.getUint32(16, true)} ${bytes[28 + 14]}`);
    }
  });
}

describe("order", () => {
  test("time, then link, then end, then sequence, whoever has run first", () => {
    const network = new Network();
    const [hub, capture] = [new Switch(), new Capture()];
    const cards = ["a", "b", "c", "d"].map((name) => new Card(name));
    const [a, b, c, d] = cards as [Card, Card, Card, Card];
    network.connectMachines(a.cable, b.cable, LATENCY_NS);
    network.connectMachine(c.cable, hub, LATENCY_NS);
    network.connectMachine(d.cable, hub, LATENCY_NS);
    network.captureTo(capture.writer);
    d.send(10, 1);
    d.send(10, 2);
    c.send(10, 3);
    b.send(10, 4);
    b.send(10, 5);
    a.send(10, 6);
    a.send(20, 7);
    c.send(9, 8);
    network.advance(LATENCY_NS);
    expect(capture.names).toEqual(["a-b", "c", "d"]);
    expect(capture.frames).toEqual(
      ["0 10 6", "0 10 4", "0 10 5", "1 10 3", "1 9 8", "2 10 1", "2 10 2", "0 20 7"].sort(
        (x, y) => Number(x.split(" ")[1]) - Number(y.split(" ")[1]),
      ),
    );
  });

  test.each([1, 2, 3])("many frames of many machines (seed %i)", (seed) => {
    const random = new Random(seed);
    const network = new Network();
    const [hub, capture] = [new Switch(), new Capture()];
    const cards = Array.from({ length: 12 }, (_, index) => new Card(`${index}`));
    for (const { cable } of cards) network.connectMachine(cable, hub, LATENCY_NS);
    network.captureTo(capture.writer);
    const expected: [number, number, number][] = [];
    for (const [index, card] of cards.entries()) {
      let timeNs = 0;
      for (let count = 0; count < 15; count++) {
        timeNs += random.below(3);
        card.send(timeNs, count);
        expected.push([index, timeNs, count]);
      }
    }
    network.advance(LATENCY_NS);
    expected.sort(([a, b, c], [x, y, z]) => b - y || a - x || c - z);
    expect(capture.frames).toEqual(expected.map((row) => row.join(" ")));
  });
});

describe("capture", () => {
  test("only the links that are named, both directions", () => {
    const network = new Network();
    const [hub, capture, a, b] = [new Switch(), new Capture(), new Card("a"), new Card("b")];
    network.connectMachine(a.cable, hub, LATENCY_NS);
    const link = network.connectMachine(b.cable, hub, LATENCY_NS);
    const later = new Capture();
    network.captureTo(later.writer);
    network.captureTo(capture.writer, [link]);
    a.send(5, 1);
    b.send(7, 2);
    network.advance(LATENCY_NS);
    network.advance(2 * LATENCY_NS);
    expect(capture.names).toEqual(["b"]);
    expect(capture.frames).toEqual(["0 7 2", `0 ${5 + LATENCY_NS + FRAME_NS} 1`]);
    expect([later.names, later.frames]).toEqual([["a", "b"], []]);
    expect(network.frames).toBe(4);
  });
});

describe("nodes", () => {
  test("a frame that a node sends goes out of that port, now", () => {
    const network = new Network();
    const [tap, other, hub, near] = [new Tap("tap"), new Tap("other"), new Switch("hub"), new Card("near")];
    expect(network.connectMachine(near.cable, tap, LATENCY_NS).name).toBe("near");
    expect(network.connectNodes(tap, hub, 70_000).name).toBe("tap");
    network.connectNodes(other, hub, 80_000);
    network.advance(1000);
    network.send(tap, 0, frameOf(1));
    network.send(tap, 1, frameOf(2));
    // What happens at the end of a step belongs to the next one.
    network.advance(1000);
    expect([network.nextEventNs, network.frames]).toEqual([1000, 0]);
    network.advance(2000);
    expect(network.nextEventNs).toBe(1000 + FRAME_NS + 70_000);
    for (let timeNs = 50_000; timeNs <= 300_000; timeNs += 50_000) {
      near.run(timeNs);
      network.advance(timeNs);
    }
    expect(near.heard).toEqual([`${1000 + FRAME_NS + LATENCY_NS} 1`]);
    expect(other.received.map((bytes) => bytes[14])).toEqual([2]);
    expect(tap.received).toEqual([]);
    expect([network.nextEventNs, network.nowNs, network.frames]).toEqual([Infinity, 300_000, 3]);
  });

  test("ports and nodes that are not there", () => {
    const network = new Network();
    const [tap, hub] = [new Tap("tap"), new Switch("hub")];
    network.connectNodes(tap, hub, LATENCY_NS);
    expect(() => network.send(tap, 1, frameOf(1))).toThrow("tap has no port 1 on this network");
    expect(() => network.send(new Tap("far"), 0, frameOf(1))).toThrow("far has no port 0 on this network");
    const link = new Network().connectNodes(new Tap("x"), new Tap("y"), LATENCY_NS);
    expect(() => network.setLink(link, false)).toThrow("link x is not part of this network");
  });

  test("what a node sends out of a port that is not there is lost", () => {
    const network = new Network();
    const [tap, card] = [new Tap("tap"), new Card("card")];
    const echo = {
      name: "echo",
      addPort: () => 0,
      receive: (port: number, _timeNs: number, bytes: Uint8Array, transmit: (port: number, b: Uint8Array) => void) => {
        transmit(port + 1, bytes);
        transmit(port, bytes);
      },
      visitState: () => {},
    };
    network.connectMachine(card.cable, echo, LATENCY_NS);
    network.connectNodes(tap, new Switch(), LATENCY_NS);
    card.send(0, 1);
    for (let timeNs = 50_000; timeNs <= 200_000; timeNs += 50_000) {
      card.run(timeNs);
      network.advance(timeNs);
    }
    expect(card.heard).toEqual([`${2 * (LATENCY_NS + FRAME_NS)} 1`]);
  });
});

test("the least latency of all links is the longest quantum; a longer one is noticed", () => {
  const network = new Network();
  expect(network.leastLatencyNs).toBe(Infinity);
  const [a, b] = [new Card("a"), new Card("b")];
  network.connectMachines(a.cable, b.cable, 500);
  network.connectNodes(new Tap("x"), new Tap("y"), 400);
  network.connectNodes(new Tap("x"), new Tap("y"), 600);
  expect(network.leastLatencyNs).toBe(400);
  a.send(0, 1);
  // The frame arrives at 1172 ns.
  expect(() => network.advance(1173)).toThrow("a-b: a frame arrives at 1172 ns at a machine that has run to 1173 ns");
  const other = new Network();
  const [c, d] = [new Card("c"), new Card("d")];
  other.connectMachines(c.cable, d.cable, 500);
  c.send(0, 1);
  d.run(1172);
  other.advance(1172);
  d.run(1200);
  expect(d.heard).toEqual(["1172 1"]);
  other.advance(1100);
  expect(other.nowNs).toBe(1172);
});

describe("links that change", () => {
  test("both ends see it, once", () => {
    const network = new Network();
    const [a, b] = [new Card("a"), new Card("b", false)];
    const changes: string[] = [];
    const node = Object.assign(new Tap("tap"), {
      linkChanged: (port: number, up: boolean) => void changes.push(`${port} ${up}`),
    });
    const first = network.connectMachine(a.cable, node, LATENCY_NS);
    const second = network.connectMachine(b.cable, node, LATENCY_NS);
    expect([first.up, second.up]).toEqual([true, false]);
    network.setLink(first, true);
    network.setLink(first, false);
    network.setLink(first, false);
    network.setLink(second, true);
    expect(changes).toEqual(["0 false", "1 true"]);
    expect([a.heard, b.heard]).toEqual([["down"], ["up"]]);
    expect([first.up, second.up]).toEqual([false, true]);
    // A node need not care.
    const plain = network.connectNodes(new Tap("x"), new Tap("y"), LATENCY_NS);
    network.setLink(plain, false);
    expect(plain.up).toBe(false);
  });

  test("a frame on its way to a node is lost, one in a link that stays is not", () => {
    const network = new Network();
    const [tap, a, b] = [new Tap("tap"), new Card("a"), new Card("b")];
    const link = network.connectMachine(a.cable, tap, LATENCY_NS);
    network.connectMachine(b.cable, tap, LATENCY_NS);
    a.send(0, 1);
    b.send(0, 2);
    network.advance(1000);
    network.setLink(link, false);
    network.setLink(link, true);
    a.send(1000, 3);
    network.advance(200_000);
    expect(tap.received.map((bytes) => bytes[14])).toEqual([2, 3]);
  });
});

describe("saved state", () => {
  function build(): { network: Network; cards: Card[]; tap: Tap } {
    const network = new Network();
    const [tap, cards] = [new Tap("tap"), [new Card("a"), new Card("b")]];
    for (const { cable } of cards) network.connectMachine(cable, tap, LATENCY_NS);
    return { network, cards, tap };
  }

  test("field by field, frames under way in their order", () => {
    const { network, cards } = build();
    cards[1]!.send(7, 2);
    cards[0]!.send(8, 1);
    cards[1]!.send(9, 3);
    network.advance(1000);
    const link = (idle: number, sequence: number): string[] => [
      "link 4",
      ...["bool true", "integer 0", `integer ${idle}`, "integer 0", `integer ${sequence}`, "integer 0", "integer 0"],
      "bool false",
    ];
    const blob = (byte: number): string =>
      `blob ${Buffer.from(new Uint8Array(60).fill(0xff, 0, 6).fill(byte, 14, 15)).toString("hex")}`;
    const event = (index: number, sequence: number): string[] => [
      ...[`u32 ${index}`, "u8 0", `integer ${sequence}`, "bool true", "integer 0"],
    ];
    const arrival = FRAME_NS + LATENCY_NS;
    expect(fieldsOf(network)).toEqual([
      ...["network 1", "integer 1000", "integer 3"],
      ...link(8 + FRAME_NS, 2),
      ...link(7 + 2 * FRAME_NS, 4),
      "tap 1",
      "u32 3",
      ...[`integer ${7 + arrival}`, blob(2)],
      ...[`integer ${8 + arrival}`, blob(1)],
      ...[`integer ${7 + FRAME_NS + arrival}`, blob(3)],
      ...[...event(1, 2), ...event(0, 1), ...event(1, 3)],
    ]);
  });

  test("frames under way are carried on, and those of before are gone", () => {
    const { network, cards } = build();
    cards[1]!.send(7, 2);
    cards[0]!.send(8, 1);
    network.advance(1000);
    const writer = new StateWriter();
    network.visitState(writer);
    const copy = build();
    copy.cards[0]!.send(0, 9);
    copy.network.advance(500);
    const reader = new StateReader(writer.result());
    copy.network.visitState(reader);
    reader.end();
    expect(fieldsOf(copy.network)).toEqual(fieldsOf(network));
    copy.network.advance(100_000);
    expect(copy.tap.received.map((bytes) => bytes[14])).toEqual([2, 1]);
  });

  test("of a network with more links it is refused", () => {
    const { network, cards } = build();
    cards[1]!.send(7, 2);
    network.advance(1000);
    const writer = new StateWriter();
    network.visitState(writer);
    const bytes = writer.result();
    // The link's number is the only 1 among the fields of the event.
    class OtherLink extends StateReader {
      #dwords = 0;
      override u32(): number {
        const read = super.u32();
        return ++this.#dwords === 2 ? 2 : read;
      }
    }
    expect(() => build().network.visitState(new OtherLink(bytes))).toThrow("state of a network with more links");
  });
});
