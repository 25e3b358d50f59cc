/** The ends of cables, links and switches by themselves: what is lost, what waits, what is said to whom. */
import { describe, expect, test } from "vitest";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { Link } from "../../../emulator/ether/link.ts";
import { Switch } from "../../../emulator/ether/switch.ts";
import { Tap } from "../../../emulator/ether/tap.ts";
import { NO_TROUBLE, type Trouble } from "../../../emulator/ether/trouble.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { TimerQueue } from "../../../emulator/time/events.ts";
import { fieldsOf } from "./fields.ts";

const frame = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

/** A card with a clock that is moved by hand, and a record of what happens at it. */
class Card {
  nowNs = 100;
  readonly queue = new TimerQueue({ now: () => this.nowNs, nextDeadlineMovedUp: () => {} });
  readonly cable: CableEnd;
  readonly events: string[] = [];

  constructor(linkUp?: boolean) {
    this.cable = new CableEnd("eth0", linkUp);
    this.cable.plugIn(this.queue, {
      receive: (bytes) => void this.events.push(`${this.nowNs} received ${bytes.join()}`),
      linkChanged: (up) => void this.events.push(`${this.nowNs} ${up ? "up" : "down"}`),
    });
    this.cable.onOutgoing = () => this.events.push(`${this.nowNs} outgoing`);
    this.cable.onIncoming = (timeNs) => this.events.push(`${this.nowNs} incoming at ${timeNs}`);
  }

  /** Everything up to this time. */
  run(endNs: number): string[] {
    while (this.queue.nextDeadlineNs <= endNs) {
      this.nowNs = Math.max(this.nowNs, this.queue.nextDeadlineNs);
      this.queue.fireDue();
    }
    this.nowNs = endNs;
    return this.events.splice(0);
  }
}

describe("a machine's end of its cable", () => {
  test("is in one card only, and its timer has its name", () => {
    const { cable, queue } = new Card();
    const receiver = { receive: () => {}, linkChanged: () => {} };
    expect(() => cable.plugIn(queue, receiver)).toThrow("eth0 is in a card already");
    const names: string[] = [];
    const clock = {
      nowNs: 0,
      timer: (name: string) => {
        names.push(name);
        return { deadlineNs: Infinity, arm: () => {}, disarm: () => {} };
      },
    };
    new CableEnd("eth1").plugIn(clock, receiver);
    expect(names).toEqual(["eth1 arrival"]);
  });

  test("what the card sends waits with its time; the first frame is told", () => {
    const card = new Card();
    card.cable.transmit(frame(1));
    card.nowNs = 150;
    card.cable.transmit(frame(2));
    expect(card.run(150)).toEqual(["100 outgoing"]);
    expect(card.cable.takeOutgoing()).toEqual([
      { timeNs: 100, frame: frame(1) },
      { timeNs: 150, frame: frame(2) },
    ]);
    expect(card.cable.takeOutgoing()).toEqual([]);
    card.cable.transmit(frame(3));
    expect(card.run(150)).toEqual(["150 outgoing"]);
  });

  test("frames arrive at their times, in order, several at once", () => {
    const card = new Card();
    card.cable.deliver([
      { timeNs: 100, frame: frame(1) },
      { timeNs: 200, frame: frame(2) },
      { timeNs: 200, frame: frame(3) },
      { timeNs: 300, frame: frame(4) },
    ]);
    card.cable.deliver([{ timeNs: 300, frame: frame(5) }]);
    card.cable.deliver([]);
    expect(card.run(199)).toEqual(["100 incoming at 100", "100 incoming at 100", "100 received 1"]);
    expect(card.run(299)).toEqual(["200 received 2", "200 received 3"]);
    expect(card.run(400)).toEqual(["300 received 4", "300 received 5"]);
    expect(card.queue.nextDeadlineNs).toBe(Infinity);
  });

  test("no arrival is in the past; one may be before others that wait", () => {
    const card = new Card();
    const at = (timeNs: number, number: number) => ({ timeNs, frame: frame(number) });
    expect(() => card.cable.deliver([at(99, 1)])).toThrow("eth0: a frame arrives at 99 ns, before 100 ns");
    const other = new Card();
    other.cable.deliver([at(200, 1), at(150, 2)]);
    other.cable.deliver([at(150, 3), at(200, 4)]);
    const received = other.run(300).filter((line) => line.includes("received"));
    expect(received).toEqual(["150 received 2", "150 received 3", "200 received 1", "200 received 4"]);
  });

  test("a pulled cable loses what is on its way, and sends nothing", () => {
    const card = new Card();
    const probed: string[] = [];
    card.cable.probe = (direction, bytes) => void probed.push(`${direction} ${bytes.join()}`);
    card.cable.setLink(true);
    card.cable.transmit(frame(1));
    card.cable.deliver([{ timeNs: 200, frame: frame(2) }]);
    card.cable.setLink(false);
    card.cable.setLink(false);
    card.cable.transmit(frame(3));
    expect(card.queue.nextDeadlineNs).toBe(Infinity);
    expect(card.run(300)).toEqual(["100 outgoing", "100 incoming at 200", "100 down"]);
    expect(fieldsOf(card.cable)).toEqual([
      "cable end 1",
      ...["bool false", "bool true", "u32 1", "integer 100", "blob 01", "u32 0"],
    ]);
    card.cable.setLink(true);
    card.cable.deliver([{ timeNs: 400, frame: frame(4) }]);
    expect(card.cable.linkUp).toBe(true);
    expect(card.run(500)).toEqual(["300 up", "300 incoming at 400", "400 received 4"]);
    expect(probed).toEqual(["send 1", "receive 4"]);
  });

  test("up keeps what is on its way", () => {
    const card = new Card(false);
    card.cable.deliver([{ timeNs: 200, frame: frame(2) }]);
    card.cable.setLink(true);
    expect(card.run(300)).toEqual(["100 incoming at 200", "100 up", "200 received 2"]);
  });

  test("a card without power hears nothing", () => {
    const card = new Card();
    card.cable.deliver([{ timeNs: 200, frame: frame(1) }]);
    card.cable.setPowered(true);
    expect(fieldsOf(card.cable).slice(3)).toEqual(["u32 0", "u32 1", "integer 200", "blob 01"]);
    card.cable.setPowered(false);
    expect(card.queue.nextDeadlineNs).toBe(Infinity);
    card.cable.deliver([{ timeNs: 200, frame: frame(2) }]);
    expect(fieldsOf(card.cable)).toEqual(["cable end 1", "bool true", "bool false", "u32 0", "u32 0"]);
    card.cable.setPowered(true);
    card.cable.deliver([{ timeNs: 300, frame: frame(3) }]);
    expect(card.run(400)).toEqual(["100 incoming at 200", "100 incoming at 300", "300 received 3"]);
  });

  test("without a card nothing goes out or comes in", () => {
    const cable = new CableEnd("eth0");
    cable.transmit(frame(1));
    cable.deliver([{ timeNs: 5, frame: frame(2) }]);
    cable.setLink(false);
    cable.setPowered(false);
    expect(cable.takeOutgoing()).toEqual([]);
    expect(cable.linkUp).toBe(false);
  });

  test("restored, it says once that frames wait, and only if they do", () => {
    const restored = (sent: number): string[] => {
      const card = new Card();
      for (let count = 0; count < sent; count++) card.cable.transmit(frame(count));
      card.run(100);
      const writer = new StateWriter();
      card.cable.visitState(writer);
      expect(card.run(100)).toEqual([]);
      const copy = new Card();
      copy.cable.visitState(new StateReader(writer.result()));
      return copy.run(100);
    };
    expect(restored(2)).toEqual(["100 outgoing"]);
    expect(restored(0)).toEqual([]);
  });
});

describe("a link", () => {
  test.each([0, -1, 1.5, Number.NaN])("a latency of %d ns is refused", (latencyNs) => {
    expect(() => new Link("a", latencyNs)).toThrow(
      `link a: a latency of ${latencyNs} ns; it must be a positive integer`,
    );
  });

  test("frames take their time on the wire, each direction by itself, after those before them", () => {
    const link = new Link("a", 1);
    expect([link.name, link.latencyNs, link.up, link.epoch, link.dropped]).toEqual(["a", 1, true, 0, 0]);
    expect(link.send(0, 1000, 100)).toBe(1000 + 124 * 8 + 1);
    expect(link.send(0, 1000, 60)).toBe(1000 + 124 * 8 + 84 * 8 + 1);
    expect(link.send(1, 1000, 60)).toBe(1000 + 84 * 8 + 1);
    expect(link.send(0, 9000, 60)).toBe(9000 + 84 * 8 + 1);
    expect(fieldsOf(link)).toEqual([
      "link 4",
      ...["bool true", "integer 0", "integer 9672", "integer 1672", "integer 0", "integer 0", "integer 0"],
      "bool false",
    ]);
  });

  test("the queue is 3 ms long, to the nanosecond", () => {
    const link = new Link("a", 5);
    expect(link.send(0, 0, 3_000_000 / 8 - 24)).toBe(3_000_005);
    expect(link.send(0, 0, 60)).toBe(3_000_000 + 84 * 8 + 5);
    expect(link.send(0, 671, 60)).toBeNull();
    expect(link.dropped).toBe(1);
    expect(link.send(0, 672, 60)).toBe(3_000_000 + 2 * 84 * 8 + 5);
    expect(link.dropped).toBe(1);
  });

  test("each pull begins an epoch; plugging in begins none", () => {
    const link = new Link("a", 5, false);
    const epochs = [true, true, false, false, true, false].map((up) => {
      link.up = up;
      return link.epoch;
    });
    expect(epochs).toEqual([0, 0, 1, 1, 1, 2]);
    expect(link.send(0, 0, 60)).toBeNull();
    expect(link.send(1, 0, 60)).toBeNull();
    expect([0, 0, 1, 0, 1].map((end) => link.nextSequence(end as 0 | 1))).toEqual([0, 1, 0, 2, 1]);
    expect(fieldsOf(link)).toEqual([
      "link 4",
      ...["bool false", "integer 2", "integer 0", "integer 0", "integer 3", "integer 2", "integer 2"],
      "bool false",
    ]);
  });
});

describe("a troubled link", () => {
  /** Arrivals of so many frames, 10 us apart; null for those that are lost. */
  function arrivals(link: Link, count: number): (number | null)[] {
    return Array.from({ length: count }, (_, index) => send(link, 0, index * 10_000));
  }
  const frame = new Uint8Array(60);
  function send(link: Link, end: 0 | 1, timeNs: number): number | null {
    const takenNs = link.send(end, timeNs, frame.length);
    return takenNs === null ? null : (link.fate(end, takenNs, frame)[0]?.timeNs ?? null);
  }
  const none = NO_TROUBLE;

  test("loses and delays about as many frames as it was told, the same ones each time, and none overtakes another", () => {
    const run = (): (number | null)[] => {
      const link = new Link("a", 5);
      link.setTrouble(0, { ...none, lostPercent: 30, delayedPercent: 50, delayNs: 1_000_000 });
      return arrivals(link, 1000);
    };
    const found = run();
    expect(run()).toEqual(found);
    const arrived = found.filter((arrival) => arrival !== null);
    expect(Math.abs(1000 - arrived.length - 300)).toBeLessThan(50);
    expect(arrived.toSorted((a, b) => a - b)).toEqual(arrived);
    expect(arrived[0]).toBeGreaterThan(0);
  });

  test("blocked one way lets the other way through, and heals", () => {
    const link = new Link("a", 5);
    link.setTrouble(0, { ...none, blocked: true });
    expect([send(link, 0, 0), send(link, 1, 0), link.dropped]).toEqual([null, 677, 1]);
    link.setTrouble(0, none);
    expect(send(link, 0, 10_000)).toBe(10_677);
  });

  /** What arrives of numbered frames, in the order of time: when, and the number. */
  function fates(trouble: Partial<Trouble>, count: number): { timeNs: number; number: number; bytes: Uint8Array }[] {
    const link = new Link("a", 5);
    link.setTrouble(0, { ...none, ...trouble });
    return Array.from({ length: count }, (_, number) => {
      const numbered = new Uint8Array(64).fill(number);
      const takenNs = link.send(0, number * 10_000, numbered.length)!;
      return link.fate(0, takenNs, numbered).map(({ timeNs, frame: bytes }) => ({ timeNs, number, bytes }));
    })
      .flat()
      .sort((a, b) => a.timeNs - b.timeNs);
  }

  test("duplicates a share of the frames, and both copies arrive", () => {
    const found = fates({ duplicatedPercent: 20 }, 200);
    expect(Math.abs(found.length - 240)).toBeLessThan(25);
    expect(new Set(found.map(({ number }) => number)).size).toBe(200);
  });

  test("what is overtaken comes as much later as was said, and nothing else comes at another time", () => {
    const plain = fates({}, 200).map(({ timeNs }) => timeNs);
    const later = fates({ reorderedPercent: 20, reorderedNs: 50_000 }, 200).map(
      ({ timeNs, number }) => timeNs - plain[number]!,
    );
    expect(new Set(later)).toEqual(new Set([0, 50_000]));
  });

  test("reorders: some are overtaken, none is lost", () => {
    const order = fates({ reorderedPercent: 20, reorderedNs: 50_000 }, 200).map(({ number }) => number);
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, number) => number));
    expect(order.filter((number, at) => at > 0 && number < order[at - 1]!).length).toBeGreaterThan(10);
  });

  test("corrupts one bit after the addresses, in a copy", () => {
    const found = fates({ corruptedPercent: 50 }, 200).map(({ bytes, number }) =>
      [...bytes].flatMap((byte, at) =>
        byte === number ? [] : [{ at, bits: (byte ^ number).toString(2).replace(/0/g, "").length }],
      ),
    );
    const wrong = found.filter((places) => places.length > 0);
    expect(Math.abs(wrong.length - 100)).toBeLessThan(25);
    expect(wrong.every(([place, ...more]) => more.length === 0 && place!.at >= 12 && place!.bits === 1)).toBe(true);
  });

  test("jitter delays by at least the delay and at most the jitter more, in order", () => {
    const plain = fates({}, 100);
    const found = fates({ delayedPercent: 100, delayNs: 30_000, jitterNs: 5_000 }, 100);
    expect(found.map(({ number }) => number)).toEqual(plain.map(({ number }) => number));
    const later = found.map(({ timeNs }, at) => timeNs - plain[at]!.timeNs);
    expect(Math.min(...later)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...later)).toBeLessThanOrEqual(35_000);
    expect(new Set(later).size).toBeGreaterThan(20);
  });

  test("a rate makes frames wait for each other, and the queue holds as many as before", () => {
    const found = fates({ kilobits: 10_000 }, 3);
    // 88 bytes with preamble, FCS and gap, 800 ns each.
    expect(found.map(({ timeNs }) => timeNs)).toEqual([70_405, 140_805, 211_205]);
    const link = new Link("a", 5);
    link.setTrouble(0, { ...none, kilobits: 1000 });
    const taken = Array.from({ length: 400 }, () => link.send(0, 0, 1500)).filter((timeNs) => timeNs !== null);
    expect(taken.length).toBe(247);
  });

  test("refuses what is no share", () => {
    expect(() => new Link("a", 5).setTrouble(0, { ...none, lostPercent: 101 })).toThrow("link a: 101 % lost");
  });
});

describe("a switch", () => {
  const LAST = 3;
  function hub(): Switch {
    const device = new Switch("hub");
    for (let port = 0; port <= LAST; port++) expect(device.addPort()).toBe(port);
    return device;
  }
  /** Sends from one host to another (0 is everyone); the ports where it goes on. */
  function send(device: Switch, port: number, from: number, to: number, timeNs = 0): number[] {
    const bytes = new Uint8Array(60);
    if (to === 0) bytes.fill(0xff, 0, 6);
    else bytes.set([2, 0, 0, 0, to >> 8, to & 255]);
    bytes.set([2, 0, 0, 0, from >> 8, from & 255], 6);
    const ports: number[] = [];
    device.receive(port, timeNs, bytes, (other, sent) => {
      expect(sent).toBe(bytes);
      ports.push(other);
    });
    return ports;
  }

  test("names", () => {
    expect([new Switch().name, hub().name]).toEqual(["switch", "hub"]);
  });

  test("an address is known for 300 s after it was last heard", () => {
    const device = hub();
    expect(send(device, 1, 0x11, 0x22, 7)).toEqual([0, 2, 3]);
    expect(send(device, 2, 0x22, 0x11, 300e9 + 7)).toEqual([1]);
    expect(fieldsOf(device)).toEqual([
      "switch 2",
      "u32 0",
      "u32 2",
      ...["integer 2199023255569", "u32 1", "integer 7"],
      ...["integer 2199023255586", "u32 2", "integer 300000000007"],
    ]);
    expect(send(device, 2, 0x22, 0x11, 300e9 + 8)).toEqual([0, 1, 3]);
    expect(fieldsOf(device).length).toBe(6);
    expect(send(device, 3, 0x11, 0x22, 300e9 + 9)).toEqual([2]);
    expect(send(device, 2, 0x22, 0x11, 300e9 + 10)).toEqual([3]);
  });

  test("a frame for its own port goes nowhere, one for everyone to all others", () => {
    const device = hub();
    send(device, 1, 0x11, 0);
    expect(send(device, 1, 0x12, 0x11)).toEqual([]);
    expect(send(device, 3, 0x13, 0)).toEqual([0, 1, 2]);
  });

  test("a group's address is no sender", () => {
    const device = hub();
    const bytes = Uint8Array.from({ length: 60 }, (_, at) => (at === 6 ? 3 : 2));
    device.receive(1, 0, bytes, () => {});
    expect(fieldsOf(device)).toEqual(["switch 2", "u32 0", "u32 0"]);
  });

  test("a port whose cable is pulled is forgotten, the others are not", () => {
    const device = hub();
    send(device, 1, 0x11, 0);
    send(device, 2, 0x22, 0);
    send(device, 1, 0x12, 0);
    device.linkChanged(1, true);
    expect(fieldsOf(device)[2]).toBe("u32 3");
    device.linkChanged(1, false);
    expect(fieldsOf(device)).toEqual(["switch 2", "u32 0", "u32 1", "integer 2199023255586", "u32 2", "integer 0"]);
  });

  test("it remembers 4096 addresses, and forgets the one heard longest ago", () => {
    const device = hub();
    for (let host = 1; host <= 4096; host++) send(device, 1, host, 0);
    expect(fieldsOf(device)[2]).toBe("u32 4096");
    send(device, 1, 1, 0);
    send(device, 1, 5000, 0);
    expect(fieldsOf(device)[2]).toBe("u32 4096");
    expect(send(device, 2, 6000, 1)).toEqual([1]);
    expect(send(device, 2, 6000, 2)).toEqual([0, 1, 3]);
    // The sender of this has taken the place of host 3.
    expect(send(device, 2, 6000, 3)).toEqual([0, 1, 3]);
    expect(send(device, 2, 6000, 4)).toEqual([1]);
  });

  test("a restored table is what was saved, in its order, and nothing else", () => {
    const [device, copy] = [hub(), hub()];
    send(device, 2, 0x22, 0, 5);
    send(device, 1, 0x11, 0, 6);
    send(copy, 3, 0x33, 0, 7);
    const writer = new StateWriter();
    device.visitState(writer);
    copy.visitState(new StateReader(writer.result()));
    expect(fieldsOf(copy)).toEqual(fieldsOf(device));
  });
});

test("a tap keeps what comes, and sends what its handler answers out of the same port", () => {
  const tap = new Tap("tap");
  expect([tap.name, tap.addPort(), tap.addPort()]).toEqual(["tap", 0, 1]);
  const sent: string[] = [];
  const receive = (...bytes: number[]): void =>
    tap.receive(1, 0, frame(...bytes), (port, answer) => void sent.push(`${port} ${answer.join()}`));
  receive(1);
  tap.handler = (bytes) => (bytes[0] === 2 ? undefined : [frame(bytes[0]! + 1), frame(9)]);
  receive(2);
  receive(3);
  expect(sent).toEqual(["1 4", "1 9"]);
  expect(tap.received.map((bytes) => bytes[0])).toEqual([1, 2, 3]);
  expect(fieldsOf(tap)).toEqual(["tap 1"]);
});
