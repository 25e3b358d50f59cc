/**
 * The cluster's packets as src/wire reads and writes them, and as the kernel does: both take the same ones, and what
 * nodes send is written back to the same bytes.
 */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import type { LabNode } from "../../src/index.ts";
import { clusterPacketOf } from "../../src/wire/cluster.ts";
import { HEAD_BYTES, KIND } from "../../src/wire/cluster-layout.ts";
import { compareEvents, type HistoryEvent, packetBytes, readPacket, sizesOf } from "../../src/wire/cluster-packet.ts";
import { founded } from "../guest/cluster/agreement-scene.ts";
import { bytesWith, signed } from "../guest/cluster/cluster-wire.ts";
import { FORMS } from "../guest/cluster/packet-form-rows.ts";
import { FOREIGN, HEADS, MALFORMED } from "../guest/cluster/packet-head-rows.ts";
import { changedBytes } from "../guest/net/fuzz-frames.ts";
import { Counts } from "../guest/net/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf } from "../setup/tier.ts";
import { members } from "../system/booted.ts";
import { agreeApart, cut, membersWithKey, reboot, rotate } from "../system/cluster-parts.ts";

const KEY = createHmac("sha256", new Uint8Array(32)).update("QuRe cluster 6 packets open").digest();
const MOST_BYTES = 1472;
const LAST_KIND = 32;
/** Those after it are between a cluster and an observer (changes.test.ts). */
const LAST_OF_NODES = 26;
const SENDER = 99;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** Not even looked at: too short to be judged, or of another protocol or version. */
const isForeign = (packet: Uint8Array): boolean =>
  packet.length >= HEAD_BYTES && (hex(packet.subarray(0, 4)) !== hex(Buffer.from("QRCL")) || packet[4] !== 6);

test("what is right to the byte is read, what is one off is not", () => {
  const wrong = FORMS.filter(([, said, isGood]) => (readPacket(bytesWith(said, KEY)) !== null) !== isGood);
  expect(wrong.map(([what]) => what)).toEqual([]);
});

test("so are heads", () => {
  const wrong = HEADS.filter(([, , bytes, count]) => {
    const isOdd = count === MALFORMED || (count === FOREIGN && isForeign(bytes));
    return (readPacket(bytes) === null) !== isOdd;
  });
  expect(wrong.map(([what]) => what)).toEqual([]);
  expect(HEADS.filter(([, , bytes]) => isForeign(bytes)).length).toBeGreaterThan(2);
});

test("events are in order of era, number, and then of their bytes from the author on", () => {
  const event = (more: Partial<HistoryEvent>): HistoryEvent => ({
    ...{ era: 2, number: 2, author: "b".repeat(16), subject: "b".repeat(16), kind: 3, members: 1, time: 2 },
    ...{ detail: 2, detail2: 2, name: "b" },
    ...more,
  });
  const one = event({});
  expect(compareEvents(one, event({}))).toBe(0);
  const lower: readonly Partial<HistoryEvent>[] = [
    { era: 1, number: 9 },
    { number: 1, author: "f".repeat(16) },
    { author: "a".repeat(16), kind: 8 },
    { kind: 1 },
    // Bytes, not numbers: the lowest comes first.
    { time: 256 },
    { name: "a" },
  ];
  for (const more of lower) {
    expect([more, compareEvents(event(more), one) < 0]).toEqual([more, true]);
    expect([more, compareEvents(one, event(more)) > 0]).toEqual([more, true]);
  }
});

test("what is read is written back to the same bytes", () => {
  for (const [what, said, isGood] of FORMS) {
    const bytes = bytesWith(said, KEY);
    if (isGood) expect([what, hex(packetBytes(readPacket(bytes)!))]).toEqual([what, hex(bytes)]);
  }
});

test("every kind has a size, and no other number has", () => {
  const kinds = Array.from({ length: 256 }, (_, kind) => kind).filter((kind) => sizesOf(kind) !== null);
  const known = Array.from({ length: LAST_KIND }, (_, index) => index + 1);
  expect(kinds).toEqual(known);
});

test("what three members say is read, and written back", async () => {
  const lab = await members(3);
  const plug = lab.plug("listener");
  lab.nodes[1]!.type("cloud set greeting hello\n");
  await lab.advance("3s");
  const packets = plug.received.map(clusterPacketOf).filter((packet) => packet !== null);
  expect(new Set(packets.map((packet) => packet[KIND]))).toContain(2);
  for (const packet of packets) expect(hex(packetBytes(readPacket(packet)!))).toBe(hex(packet));
});

const cases = casesOf("cloud/packets");

test(`the kernel and src/wire find the same packets malformed: ${cases.title}`, async () => {
  const s = await founded();
  const counts = new Counts(s.node);
  const good = FORMS.flatMap(([, said, isGood]) => (isGood ? [bytesWith(said, KEY)] : []));
  const malformed = (): number => counts.read().get("cloud malformed")!;
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed, "cloud/packets");
    let packet: Uint8Array = random.pick(good).slice();
    for (let changes = 1 + random.below(3); changes > 0; changes--)
      packet = changedBytes(random, packet, random.chance(30) ? HEAD_BYTES : 0).slice(0, MOST_BYTES);
    packet = signed(packet.slice());
    const before = malformed();
    s.wire.sayBytes(packet, SENDER);
    await s.lab.advance("3ms");
    const isMalformed = readPacket(packet) === null && !isForeign(packet);
    expect(malformed() - before, `${cases.repeat(seed)}: ${hex(packet)}`).toBe(isMalformed ? 1 : 0);
  }
});

thoroughly("packets of all kinds are read, and written back, in the life of a cluster", async () => {
  const parts = await membersWithKey(4, true);
  const { lab } = parts;
  const [first, second, third, fourth] = parts.nodes as [LabNode, LabNode, LabNode, LabNode];
  const packets: Uint8Array[] = [];
  lab.cluster.network.onFrame = (_link, sender, _sentNs, _arrivalNs, frame) => {
    const packet = sender === 0 ? clusterPacketOf(frame) : null;
    if (packet) packets.push(packet.slice());
  };
  const enter = async (node: LabNode, command: string, seconds: number): Promise<void> => {
    node.type(`${command}\n`);
    await lab.advance(`${seconds}s`);
  };
  await enter(first, "cloud set colour blue", 2);
  await enter(first, "cloud address add 10.0.2.250", 4);
  await enter(second, `cloud address move 10.0.2.250 ${third.name}`, 2);
  await enter(second, `cloud address move 10.0.2.250 ${first.name}`, 2);
  await enter(first, `cloud reboot ${second.name}`, 8);
  // Out, it is rebooted, and asked for again with the code of an invitation.
  cut(parts, [fourth]);
  await agreeApart(parts, [first, second, third], [fourth]);
  await reboot(parts, fourth);
  third.type("\n");
  await rotate(third);
  cut(parts, null);
  await fourth.waitFor(/the key was replaced while this node was away/, { within: "20s" });
  const [, code] = await first.enter("cloud invite", /cloud join (\S+)$/m);
  await enter(fourth, `cloud join ${code}`, 6);
  await enter(third, "cloud stop", 2);
  expect([...new Set(packets.map((packet) => packet[KIND]!))].sort((a, b) => a - b)).toEqual(
    Array.from({ length: LAST_OF_NODES }, (_, index) => index + 1),
  );
  for (const packet of packets) {
    const read = readPacket(packet);
    expect([packet[KIND], read && hex(packetBytes(read))]).toEqual([packet[KIND], hex(packet)]);
  }
});
