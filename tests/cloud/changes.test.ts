/** What an observer asks a cluster to change, and what the kernel makes of it; and of what others say in its name. */
import { expect, test } from "vitest";
import type { Outcome } from "../../src/cloud/changes.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { clusterPacketOf } from "../../src/wire/cluster.ts";
import { CHANGE, CHANGED, KIND, MOVE, SEQUENCE } from "../../src/wire/cluster-layout.ts";
import { packetBytes, readPacket } from "../../src/wire/cluster-packet.ts";
import { signed } from "../guest/cluster/cluster-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { cut, membersWithKey, type Parts } from "../system/cluster-parts.ts";
import { boot, images, PROMPT } from "../system/images.ts";
import { frameWith, keyOfLine, Watched } from "./watched.ts";

const LINE = keyOfSeed(1);

class Scene extends Watched {
  readonly parts: Parts;

  constructor(parts: Parts) {
    super(parts.lab, "switch", keyOfLine(LINE));
    this.parts = parts;
  }

  static async of(count = 3): Promise<Scene> {
    const scene = new Scene(await membersWithKey(count));
    await scene.advance(2000);
    return scene;
  }

  /** Asks, and waits for what becomes of it. */
  async ask(begin: (done: (outcome: Outcome) => void) => void, withinMs = 9000): Promise<Outcome | null> {
    let found: Outcome | null = null;
    begin((outcome) => {
      expect(found).toBe(null);
      found = outcome;
    });
    for (let passed = 0; found === null && passed < withinMs; passed += 50) await this.advance(50);
    return found;
  }

  set(name: string, value: string | null, withinMs?: number): Promise<Outcome | null> {
    return this.ask((done) => this.observer.set(name, value, done), withinMs);
  }

  /** What a node says that it has. */
  async at(index: number, name: string): Promise<string> {
    const [, said] = await this.parts.nodes[index]!.enter(
      `cloud get ${name}`,
      /^(cluster: there is no value \w+|deep blue|blue|red)$/m,
    );
    return said!;
  }

  /** Frames of a kind that the observer said. */
  asked(kind: number): Uint8Array[] {
    return this.said.filter((frame) => clusterPacketOf(frame)?.[KIND] === kind);
  }
}

const AGREED: Outcome = { result: "agreed" };

test("a value that an observer asks for counts at all members, and so does its end", async () => {
  const s = await Scene.of();
  expect(await s.set("colour", "deep blue")).toEqual(AGREED);
  for (const index of [0, 1, 2]) expect(await s.at(index, "colour")).toBe("deep blue");
  expect(s.observer.settings).toEqual(new Map([["colour", "deep blue"]]));
  // What is so already is agreed on, and not proposed again.
  expect(await s.set("colour", "deep blue")).toEqual(AGREED);
  expect(await s.set("shape", "")).toEqual(AGREED);
  expect(await s.set("colour", null)).toEqual(AGREED);
  expect(s.observer.settings).toEqual(new Map([["shape", ""]]));
  expect(await s.at(1, "colour")).toBe("cluster: there is no value colour");
  // The observer is nobody's member, before and after.
  expect(s.observer.members).toHaveLength(3);
  expect(await s.settle()).toEqual([]);
});

test("several that are asked for at once come to count one after the other", async () => {
  const s = await Scene.of();
  const outcomes: Outcome[] = [];
  for (const name of ["a", "b", "c"]) s.observer.set(name, name, (outcome) => void outcomes.push(outcome));
  s.parts.nodes[1]!.type("cloud set d d\n");
  await s.advance(6000);
  expect(outcomes).toEqual([AGREED, AGREED, AGREED]);
  expect([...s.observer.settings!.keys()].sort()).toEqual(["a", "b", "c", "d"]);
});

test("what there is no room for is refused", async () => {
  const s = await Scene.of(1);
  for (let index = 0; index < 7; index++) expect(await s.set(`n${index}`, "v".repeat(127))).toEqual(AGREED);
  expect(await s.set("n7", "v".repeat(127))).toEqual({
    result: "refused",
    why: "the cluster's values have no room for it",
  });
  expect(() => s.observer.set("a b", "", () => {})).toThrow(/^a b: a value's name has 1 to 31 printable/);
  expect(() => s.observer.set("a", "\t", () => {})).toThrow(/^the value of a has at most 127/);
});

test("a minority changes nothing, and says how many were asked and have answered", async () => {
  const s = await Scene.of();
  expect(await s.set("colour", "blue")).toEqual(AGREED);
  const [first, second, third] = s.parts.nodes;
  second!.powerOff();
  third!.powerOff();
  expect(await s.set("colour", "red")).toEqual({
    result: "refused",
    why: "it is not changed, or not yet: of the 3 members that agreed last 1 answer",
  });
  first!.powerOff();
  await s.advance(7000);
  expect(await s.set("colour", "red")).toEqual({
    result: "no answer",
    why: "waited 8 s for a coordinator that has this host's key",
  });
});

test("a coordinator that dies while it proposes is followed by the next one", async () => {
  const s = await Scene.of();
  const outcomes: Outcome[] = [];
  s.observer.set("colour", "blue", (outcome) => void outcomes.push(outcome));
  const coordinator = s.observer.members.find(({ isCoordinator }) => isCoordinator)!;
  await s.advance(10);
  s.parts.nodes.find(({ name }) => name === coordinator.name)!.powerOff();
  await s.advance(9000);
  expect(outcomes).toEqual([AGREED]);
  expect(s.observer.settings).toEqual(new Map([["colour", "blue"]]));
});

test("an answer that is lost is given again", async () => {
  const s = await Scene.of();
  const { receive } = s.observer;
  let lost = 0;
  s.observer.receive = (frame) => {
    if (clusterPacketOf(frame)?.[KIND] === CHANGED && lost++ < 1) return;
    receive.call(s.observer, frame);
  };
  expect(await s.set("colour", "blue")).toEqual(AGREED);
  expect(lost).toBe(2);
  expect(s.asked(CHANGE)).toHaveLength(2);
});

test("a service address moves to the node that is named, when somebody from outside asks its holder", async () => {
  const s = await Scene.of();
  expect(await s.set("address.10.0.2.250", "255.255.255.0")).toEqual(AGREED);
  await s.advance(3000);
  const { holder } = s.observer.services[0]!;
  const other = s.observer.members.find(({ id }) => id !== holder)!;
  expect(await s.ask((done) => s.observer.move("10.0.2.250", other.id, done))).toEqual(AGREED);
  expect(s.observer.services).toEqual([{ address: "10.0.2.250", holder: other.id }]);
  expect(await s.ask((done) => s.observer.move("10.0.2.251", other.id, done))).toEqual({
    result: "no answer",
    why: "waited 8 s for somebody who holds 10.0.2.251",
  });
  // What asked for that, said again when the address has come back, moves nothing.
  expect(await s.ask((done) => s.observer.move("10.0.2.250", holder, done))).toEqual(AGREED);
  await s.advance(1000);
  for (const frame of s.asked(MOVE)) s.plug.send(frame);
  await s.advance(2000);
  expect(s.observer.services).toEqual([{ address: "10.0.2.250", holder }]);
});

thoroughly("a recording of what was asked for, or what was kept back for long, changes nothing", async () => {
  const s = await Scene.of();
  expect(await s.set("colour", "blue")).toEqual(AGREED);
  expect(await s.set("colour", null)).toEqual(AGREED);
  const { plug } = s;
  for (const frame of s.asked(CHANGE)) plug.send(frame);
  await s.advance(2000);
  // Nor when it is the last that was asked for: then it is answered again.
  expect(s.observer.settings).toEqual(new Map());
  let kept: Uint8Array | null = null;
  const { send } = plug;
  plug.send = (frame) => {
    if (clusterPacketOf(frame)?.[KIND] === CHANGE) kept = frame;
    else send.call(plug, frame);
  };
  expect((await s.set("colour", "red"))?.result).toBe("no answer");
  plug.send = send;
  await s.advance(200_000);
  plug.send(kept!);
  await s.advance(2000);
  expect(s.observer.settings).toEqual(new Map());
});

const FORGED: readonly (readonly [string, (packet: Uint8Array) => Uint8Array])[] = [
  ["without the key", (packet) => signed(packet)],
  ["with another key", (packet) => signed(packet, `seed-1 ${"ab".repeat(32)}`)],
  ["with a flipped bit", (packet) => packet.with(170, packet[170]! ^ 1)],
  ["in answer to another session", (packet) => signed(packet.with(88, packet[88]! ^ 1), LINE)],
  ["in answer to what was not said yet", (packet) => signed(packet.with(94, 1), LINE)],
  ["about other values", (packet) => signed(packet.with(112, 9), LINE)],
  ["as a member", (packet) => signed(packet.with(6, 2), LINE)],
];

test.each(rowsOf(FORGED, 3))("what is asked for %s changes nothing", async (_what, forge) => {
  const s = await Scene.of();
  const { plug } = s;
  const { send } = plug;
  plug.send = (frame) => {
    const packet = clusterPacketOf(frame);
    send.call(plug, packet?.[KIND] === CHANGE ? frameWith(frame, forge(packet.slice())) : frame);
  };
  expect((await s.set("colour", "red"))?.result).toBe("no answer");
  await s.lab.advance("1s");
  expect(await s.at(0, "colour")).toBe("cluster: there is no value colour");
});

test("whoever answers in the coordinator's place is not believed", async () => {
  const s = await Scene.of();
  const { plug } = s;
  const { send } = plug;
  const outcomes: Outcome[] = [];
  plug.send = (frame) => {
    if (clusterPacketOf(frame)?.[KIND] !== CHANGE) send.call(plug, frame);
  };
  expect(await s.set("shape", "round", 1000)).toBe(null);
  const request = readPacket(clusterPacketOf(s.asked(CHANGE).at(-1)!)!)!;
  const heard = s.heard.findLast((frame) => clusterPacketOf(frame)?.[KIND] === 2)!;
  const { head } = readPacket(clusterPacketOf(heard)!)!;
  const answer = { ...head, sequence: head.sequence + 99, request: request.head.request };
  const echo = { echo: request.head.session.slice(0, 8), echoNumber: request.head.sequence };
  const fields = { target: request.head.id, result: 0, answers: 3, asked: 3 };
  const bytes = packetBytes({ kind: CHANGED, head: { ...answer, ...echo }, fields, tail: null });
  for (const line of [null, `seed-1 ${"ab".repeat(32)}`])
    s.observer.receive(frameWith(heard, signed(bytes.slice(), line)));
  // One that has the key is believed once: for what was asked for, and of this observer.
  const wrong = [
    { head: { ...answer, ...echo, request: answer.request + 1 }, fields },
    { head: { ...answer, ...echo, echo: "00000000" }, fields },
    { head: { ...answer, ...echo }, fields: { ...fields, target: head.id } },
  ];
  wrong.forEach((one, index) => {
    const packet = packetBytes({ kind: CHANGED, ...one, tail: null });
    new DataView(packet.buffer).setUint32(SEQUENCE, head.sequence + 100 + index, true);
    s.observer.receive(frameWith(heard, signed(packet, LINE)));
  });
  await s.advance(8000);
  expect(outcomes).toEqual([]);
  expect(s.observer.settings).toEqual(new Map());
});

test("a cluster that is cut is asked where most of it is", async () => {
  const s = await Scene.of();
  expect(await s.set("colour", "blue")).toEqual(AGREED);
  const [first] = s.parts.nodes;
  cut(s.parts, [first!]);
  await s.advance(6000);
  expect(s.observer.parts).toHaveLength(2);
  expect(await s.set("colour", "red")).toEqual(AGREED);
  expect(await s.at(1, "colour")).toBe("red");
  expect(await s.at(0, "colour")).toBe("blue");
});

test("an open cluster does what anybody asks for", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso }] });
  await lab.nodes[0]!.waitFor(PROMPT);
  const w = new Watched(lab, "socket");
  await w.advance(8000);
  let found: Outcome | null = null;
  w.observer.set("colour", "blue", (outcome) => {
    found = outcome;
  });
  await w.advance(3000);
  expect(found).toEqual(AGREED);
});
