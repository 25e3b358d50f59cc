/** What an observer makes of frames, and what it says, with nobody there: frame by frame. */
import { expect, test } from "vitest";
import {
  arpBytes,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { Observer } from "../../src/cloud/observer.ts";
import { CLUSTER_PORT, clusterPacketOf, nodeId } from "../../src/wire/cluster.ts";
import { OPEN, OUTDATED } from "../../src/wire/cluster-layout.ts";
import { type Head, type Packet, packetBytes, type Region, readPacket } from "../../src/wire/cluster-packet.ts";
import { isSignedWith, signed } from "../guest/cluster/cluster-wire.ts";
import { A, B, bye, C, entry, head, hello, report, sessionOf, view } from "./said.ts";
import { ADDRESS, MAC } from "./watched.ts";

const SESSION = "0102030405060708";
const GROUP = "239.255.81.82";
const NODE_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x11);
const LINE = `name ${"ab".repeat(32)}`;

/** An observer of an open cluster, or of one with a key, whose clock and Ethernet are the test's. */
class Scene {
  nowMs = 1000;
  readonly said: Uint8Array[] = [];
  readonly observer: Observer;
  readonly #line: string | null;
  #numbers = 0;

  constructor(line: string | null = null) {
    this.#line = line;
    this.observer = new Observer({
      ...(line === null ? {} : { name: "name", key: new Uint8Array(32).fill(0xab) }),
      session: Uint8Array.from({ length: 8 }, (_, index) => index + 1),
      station: { mac: MAC, address: ADDRESS, name: "watcher" },
      send: (frame) => void this.said.push(frame),
      now: () => this.nowMs,
    });
  }

  frame(packet: Packet, { from = packet.head.address, to = GROUP, sourcePort = CLUSTER_PORT } = {}): Uint8Array {
    const flags = this.#line === null ? packet.head.flags | OPEN : packet.head.flags;
    const data = signed(packetBytes({ ...packet, head: { ...packet.head, flags } } as Packet), this.#line);
    const [source, destination] = [parseIpv4(from), parseIpv4(to)];
    const payload = udpBytes(source, destination, { sourcePort, destinationPort: CLUSTER_PORT, data });
    const ip = ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, 1);
    return ethernetFrame(Uint8Array.of(1, 0, 0x5e, 0x7f, 0x51, 0x52), NODE_MAC, ETHERTYPE_IPV4, ip);
  }

  /** What the sender of a packet says next. */
  hears(packet: Packet, more: Partial<Head> = {}): void {
    const sequence = ++this.#numbers;
    this.observer.receive(this.frame({ ...packet, head: { ...packet.head, ...more, sequence } } as Packet));
  }

  /** A coordinator says a view, and is asked, and answers. */
  meets(...all: string[]): void {
    this.hears(
      view(
        head(A),
        [],
        all.map((id) => entry(id)),
      ),
    );
    this.wait(0);
    this.hears(
      view(
        head(A),
        all.map((id) => entry(id)),
        all.map((id) => entry(id)),
      ),
      this.answer(),
    );
  }

  /** An answer to what the observer said last. */
  answer(): Pick<Head, "echo" | "echoNumber"> {
    return { echo: SESSION.slice(0, 8), echoNumber: this.packets.at(-1)!.head.sequence };
  }

  wait(ms: number): void {
    this.nowMs += ms;
    this.observer.tick();
  }

  get packets(): readonly Packet[] {
    return this.said.flatMap((frame) => readPacket(clusterPacketOf(frame) ?? new Uint8Array()) ?? []);
  }

  get names(): string {
    return this.observer.members.map(({ id }) => id[0]).join("");
  }
}

const values = (number: number, digestOf: readonly (readonly [string, string])[], more: Partial<Head> = {}): Packet => {
  const region: Region = { voters: [A], values: digestOf };
  const bytes = packetBytes({ kind: 11, head: head(A), fields: {}, tail: region }).subarray(128);
  const words = new Uint32Array(bytes.slice().buffer);
  const valuesDigest = words.reduce((mixed, word) => {
    const product = Math.imul(mixed ^ word, 0x01000193);
    return (((product << 7) | (product >>> 25)) + 0x811c9dc5) >>> 0;
  }, 0);
  return { kind: 11, head: head(A, { ...more, valuesNumber: number, valuesDigest }), fields: {}, tail: region };
};

test.each([
  ["an open cluster", null],
  ["a cluster with a key", LINE],
] as const)(
  "says hello to a coordinator of %s that it does not believe, to it alone, and knows all by its answer",
  (_what, line) => {
    const scene = new Scene(line);
    scene.hears(view(head(A), [entry(B)], [entry(B)]));
    expect(scene.names).toBe("");
    scene.wait(0);
    expect(scene.said).toHaveLength(1);
    expect(scene.said[0]!.slice(0, 6)).toEqual(NODE_MAC);
    const [packet] = scene.packets;
    expect(packet!.head).toMatchObject({
      ...{ state: 1, era: 0, age: 1, id: nodeId(MAC), founder: "0".repeat(16), name: "watcher", session: SESSION },
      ...{ sequence: 1, address: ADDRESS, echo: sessionOf(A).slice(0, 8), echoNumber: 1 },
      flags: line === null ? 1 | OPEN : 1,
    });
    expect(isSignedWith(clusterPacketOf(scene.said[0]!)!.slice(), line)).toBe(true);
    scene.hears(view(head(A), [entry(B)], [entry(B)]), scene.answer());
    expect(scene.names).toBe("ab");
    expect(scene.observer.members.map(({ isCoordinator, part }) => [isCoordinator, part])).toEqual([
      [true, A],
      [false, A],
    ]);
    scene.wait(5000);
    expect(scene.said).toHaveLength(1);
  },
);

test("says it every 250 ms at most, to one after the other, and not without a new view", () => {
  const scene = new Scene();
  const asked = (): string[] => scene.packets.map(({ head: { echo } }) => echo[0]!);
  scene.hears(view(head(A), [], []));
  scene.hears(view(head(B), [], []));
  scene.wait(0);
  scene.wait(249);
  expect(asked()).toEqual(["a"]);
  scene.wait(1);
  expect(asked()).toEqual(["a", "b"]);
  scene.wait(2000);
  expect(asked()).toEqual(["a", "b"]);
  scene.hears(view(head(A), [], []));
  scene.wait(0);
  expect(asked()).toEqual(["a", "b", "a"]);
  // Of many it remembers those who spoke last.
  for (let index = 0; index < 20; index++)
    scene.hears(
      view(head(C, { id: `c${index.toString(16).padStart(15, "0")}`, session: sessionOf(C, index % 10) }), [], []),
    );
  for (let asks = 0; asks < 20; asks++) scene.wait(300);
  expect(asked()).toHaveLength(3 + 8);
});

test("nothing but views is answered, and of those none without a session", () => {
  const scene = new Scene();
  scene.hears(view(head(A, { session: "0".repeat(16) }), [], []));
  for (const packet of [hello(head(A)), report(head(A)), bye(head(A))]) scene.hears(packet);
  scene.wait(1000);
  expect(scene.said).toEqual([]);
});

test("frames that are none of the cluster's, and packets that lie, are passed over", () => {
  const scene = new Scene();
  scene.meets(B);
  const { changes } = scene.observer;
  const rest = view(head(A, { sequence: 50 }), [entry(B, { state: 4 })], []);
  const good = scene.frame(rest);
  const from = { from: "10.0.2.77" };
  const cut = [0, 12, 13, 14, 33, 41, 42, 60].map((bytes) => good.slice(0, bytes));
  const ofOwn = scene.frame({ ...rest, head: { ...rest.head, id: nodeId(MAC) } });
  for (const frame of [...cut, scene.frame(rest, from), scene.frame(rest, { sourcePort: 999 }), ofOwn])
    scene.observer.receive(frame);
  const invited = {
    kind: 13,
    head: head(A, { sequence: 50 }),
    fields: { nonce: new Uint8Array(16) },
    tail: null,
  } as const;
  scene.observer.receive(scene.frame(invited));
  expect([scene.names, scene.observer.changes]).toEqual(["ab", changes]);
  scene.observer.receive(good);
  expect(scene.names).toBe("a");
  expect(scene.observer.changes).toBeGreaterThan(changes);
});

test("whom a coordinator has seen leave is not back by what it said before", () => {
  const scene = new Scene();
  scene.meets(B);
  const late = scene.frame(report(head(B, { sequence: 40 })));
  scene.hears(view(head(A), [entry(B, { state: 4, sequence: 41 })], []));
  expect(scene.names).toBe("a");
  // By the coordinator's number somebody is missing.
  scene.hears(view(head(A), [], [entry(C)]));
  scene.observer.receive(late);
  expect(scene.names).toBe("a");
});

test("two parts that say again what they said change nothing", () => {
  const scene = new Scene();
  scene.meets(B);
  scene.hears(view(head(B), [], [entry(A)]));
  expect(scene.observer.parts).toHaveLength(2);
  const { changes, members, parts } = scene.observer;
  for (let beats = 0; beats < 5; beats++) scene.hears(view(head(B), [], [entry(A)]));
  expect(scene.observer.changes).toBe(changes);
  expect(scene.observer.members).toBe(members);
  expect(scene.observer.parts).toBe(parts);
});

test("who has no disk, and who is busy, is shown so", () => {
  const scene = new Scene();
  const all = [entry(B, { flags: 1 }), entry(C, { flags: 0x80 })];
  scene.meets();
  scene.hears(view(head(A, { flags: 0x81 }), all, all));
  expect(scene.observer.members.map(({ isDiskless, isBusy }) => [isDiskless, isBusy])).toEqual([
    [true, true],
    [true, false],
    [false, true],
  ]);
  expect(scene.observer.parts[0]!.isWhole).toBe(true);
});

test("who says bye itself is gone", () => {
  const scene = new Scene();
  scene.meets(B);
  scene.hears(bye(head(B)));
  expect(scene.names).toBe("a");
});

test("a coordinator that is silent is gone, but not if the observer did not run", () => {
  const scene = new Scene();
  scene.meets();
  for (const stoodMs of [200, 10_000, 250]) scene.wait(stoodMs);
  expect(scene.names).toBe("a");
  scene.wait(199);
  scene.wait(199);
  scene.wait(199);
  scene.wait(199);
  expect(scene.names).toBe("a");
  scene.wait(54);
  expect(scene.names).toBe("");
});

test("settings are those of the highest number, then of the highest digest, if the coordinator has them", () => {
  const scene = new Scene();
  scene.meets();
  expect(scene.observer.settings).toEqual(new Map());
  const text = (): string | undefined => scene.observer.settings?.get("a");
  scene.hears(values(2, [["a", "two"]]));
  expect(text()).toBe("two");
  scene.hears(values(1, [["a", "one"]]));
  expect(text()).toBe("two");
  const [low, high] = [values(3, [["a", "x"]]), values(3, [["a", "y"]])].sort(
    (one, other) => one.head.valuesDigest - other.head.valuesDigest,
  ) as [Packet, Packet];
  scene.hears(low);
  const before = text();
  scene.hears(high);
  const after = text();
  expect(new Set([before, after])).toEqual(new Set(["x", "y"]));
  scene.hears(low);
  expect(text()).toBe(after);
  const { changes } = scene.observer;
  scene.hears(high);
  expect(scene.observer.changes).toBe(changes);
  scene.hears(view(head(A, { valuesNumber: 4, valuesDigest: 1 }), [], []));
  expect(scene.observer.settings).toBe(null);
  expect(scene.observer.changes).toBe(changes + 1);
});

test("an address is held for 250 ms from when its holder says so, by whoever said so last", () => {
  const scene = new Scene();
  scene.meets(B);
  const hold = (id: string, ...tail: string[]): void => scene.hears({ kind: 8, head: head(id), fields: {}, tail });
  hold(A, "10.0.2.250", "10.0.2.251");
  expect(scene.observer.services).toEqual([
    { address: "10.0.2.250", holder: A },
    { address: "10.0.2.251", holder: A },
  ]);
  scene.wait(200);
  hold(B, "10.0.2.251");
  const { changes } = scene.observer;
  hold(B, "10.0.2.251");
  scene.wait(49);
  expect(scene.observer.changes).toBe(changes);
  scene.wait(1);
  expect(scene.observer.services).toEqual([{ address: "10.0.2.251", holder: B }]);
  expect(scene.observer.changes).toBe(changes + 1);
  for (let index = 0; index < 100; index++) hold(A, `10.0.3.${index}`);
  expect(scene.observer.services).toHaveLength(64);
});

test("events of a later era than their teller's are not taken", () => {
  const scene = new Scene();
  scene.meets();
  const event = { number: 1, kind: 1, author: A, subject: A, members: 1, time: 0, detail: 1, detail2: 1, name: "a" };
  scene.hears({ kind: 15, head: head(A), fields: {}, tail: [1, 2].map((era) => ({ era, ...event })) });
  expect(scene.observer.events.map(({ era }) => era)).toEqual([1]);
});

test("that the key was replaced is believed of a packet that answers this observer", () => {
  const scene = new Scene(LINE);
  scene.meets();
  const outdated = (more: Partial<Head>): boolean => {
    scene.hears({ kind: OUTDATED, head: head(A), fields: {}, tail: null }, more);
    return scene.observer.isOutdated;
  };
  expect(outdated({})).toBe(false);
  expect(outdated({ echo: "01020305" })).toBe(false);
  expect(outdated({ echo: SESSION.slice(0, 8) })).toBe(true);
  const { changes } = scene.observer;
  expect(outdated({ echo: SESSION.slice(0, 8) })).toBe(true);
  expect(scene.observer.changes).toBe(changes);
});

test("a coordinator that is heard with another key is asked where it was, once it is silent; one never met each 10 s", () => {
  const scene = new Scene(LINE);
  const other = new Scene(`name ${"cd".repeat(32)}`);
  const says = (id: string): void => scene.observer.receive(other.frame(view(head(id, { sequence: 99 }), [], [])));
  scene.meets();
  const before = scene.said.length;
  says(A);
  scene.wait(300);
  expect(scene.said).toHaveLength(before);
  for (let passed = 0; passed < 1500; passed += 50) scene.wait(50);
  says(A);
  scene.wait(300);
  expect(scene.said).toHaveLength(before + 1);
  says(B);
  scene.wait(300);
  says(B);
  scene.wait(300);
  expect(scene.said).toHaveLength(before + 2);
  scene.wait(10_000);
  says(B);
  scene.wait(0);
  expect(scene.said).toHaveLength(before + 3);
  // Nor is an open cluster one with another key.
  scene.wait(20_000);
  scene.observer.receive(new Scene().frame(view(head(C), [], [])));
  scene.wait(300);
  expect(scene.said).toHaveLength(before + 3);
});

test("whoever asks for its address by ARP, and nobody else, gets an answer", () => {
  const scene = new Scene();
  const asks = (targetIp: string, operation = 1, senderMac = NODE_MAC): number => {
    const senderIp = parseIpv4("10.0.2.15");
    const asked = { operation, senderMac, senderIp, targetMac: new Uint8Array(6), targetIp: parseIpv4(targetIp) };
    const frame = ethernetFrame(new Uint8Array(6).fill(255), senderMac, ETHERTYPE_ARP, arpBytes(asked));
    scene.observer.receive(frame);
    return scene.said.length;
  };
  expect([asks("10.0.2.98"), asks(ADDRESS, 2), asks(ADDRESS, 1, MAC), asks(ADDRESS)]).toEqual([0, 0, 0, 1]);
  expect(scene.said[0]!.slice(0, 12)).toEqual(Uint8Array.of(...NODE_MAC, ...MAC));
  expect(parseArp(scene.said[0]!.subarray(14))).toMatchObject({
    ...{ operation: 2, senderMac: MAC, senderIp: parseIpv4(ADDRESS) },
    ...{ targetMac: NODE_MAC, targetIp: parseIpv4("10.0.2.15") },
  });
});
