/** What strangers, recordings and broken frames do to an observer: nothing. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { Observer } from "../../src/cloud/observer.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { clusterPacketOf } from "../../src/wire/cluster.ts";
import { ECHO, ECHO_BYTES, ECHO_NUMBER, HEAD_BYTES, KIND, SEQUENCE } from "../../src/wire/cluster-layout.ts";
import { signed, signedWith } from "../guest/cluster/cluster-wire.ts";
import { changed, changedBytes } from "../guest/net/fuzz-frames.ts";
import { shared } from "../setup/shared.ts";
import { casesOf } from "../setup/tier.ts";
import { membersWithKey } from "../system/cluster-parts.ts";
import { ADDRESS, frameWith, keyOfLine, MAC, Watched } from "./watched.ts";

const LINE = keyOfSeed(1);
const LAST_KIND = 28;
const cases = casesOf("cloud/hostile");

const shown = ({ observer: { members, parts, events, settings, services, isOutdated, changes } }: Watched): string =>
  JSON.stringify([members, parts, events, [...(settings ?? ["none"])], services, isOutdated, changes]);

/** An observer that hears three members with a key, one of which has rebooted. */
const watched = shared(async (): Promise<Watched> => {
  const { lab, nodes } = await membersWithKey(3);
  const w = new Watched(lab, "switch", keyOfLine(LINE));
  await w.advance(1500);
  nodes[2]!.powerOff();
  await w.advance(1500);
  nodes[2]!.powerOn();
  await w.advance(8000);
  expect(await w.settle()).toEqual([]);
  expect(w.observer.members).toHaveLength(3);
  return w;
});

/** Frames that are no member's word of now, made of those that were heard. */
const DRAWS: Readonly<Record<string, (random: Random, frame: Uint8Array) => Uint8Array>> = {
  "as it was": (_random, frame) => frame,
  "changed in the frame": changed,
  "changed inside": (random, frame) =>
    frameWith(frame, changedBytes(random, clusterPacketOf(frame)!.slice(), random.below(HEAD_BYTES)).slice(0, 1472)),
  "of an open cluster": (_random, frame) => frameWith(frame, signed(clusterPacketOf(frame)!.slice())),
  "with another key": (random, frame) => {
    const packet = clusterPacketOf(frame)!.slice();
    if (random.chance(50)) packet[KIND] = 1 + random.below(LAST_KIND);
    new DataView(packet.buffer).setUint32(SEQUENCE, 1e6 + random.below(1e6), true);
    return frameWith(frame, signedWith(packet, Uint8Array.of(random.below(256))));
  },
};

test.each(Object.entries(DRAWS))(`what is sent %s changes nothing: ${cases.title}`, async (_what, draw) => {
  const w = await watched();
  const recorded = w.heard.filter((frame) => clusterPacketOf(frame) !== null);
  const before = shown(w);
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed, "cloud/hostile");
    const frame = draw(random, random.pick(recorded).slice());
    w.observer.receive(frame);
    expect(shown(w), cases.repeat(seed)).toBe(before);
  }
  w.observer.tick();
  expect(shown(w)).toBe(before);
  await w.advance(1000);
  expect(await w.settle()).toEqual([]);
});

test("an observer that hears recordings alone knows nobody, and asks no more often than it may", async () => {
  const { heard } = await watched();
  const said: Uint8Array[] = [];
  let nowMs = 0;
  const station = { mac: MAC, address: ADDRESS };
  const session = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
  const send = (frame: Uint8Array): void => void said.push(frame);
  const late = new Observer({ ...keyOfLine(LINE), session, station, send, now: () => nowMs });
  for (const frame of heard) {
    late.receive(frame);
    nowMs += 5;
    late.tick();
  }
  expect([late.members, late.parts, late.events, late.settings, late.services]).toEqual([[], [], [], null, []]);
  expect(late.changes).toBe(0);
  expect(said.length).toBeGreaterThan(0);
  expect(said.length).toBeLessThanOrEqual(1 + nowMs / 250);
});

test(`whatever somebody with the key says, an observer stays within its bounds: ${cases.title}`, async () => {
  const recorded = (await watched()).heard.filter((frame) => clusterPacketOf(frame) !== null);
  const session = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
  const station = { mac: MAC, address: ADDRESS };
  let nowMs = 0;
  const observer = new Observer({ ...keyOfLine(LINE), session, station, send: () => {}, now: () => nowMs });
  let believed = 0;
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed, "cloud/hostile");
    const frame = random.pick(recorded);
    let packet: Uint8Array = clusterPacketOf(frame)!.slice();
    for (let changes = random.below(3); changes > 0; changes--)
      packet = changedBytes(random, packet, random.chance(70) ? HEAD_BYTES : KIND).slice(0, 1472);
    if (packet.length < HEAD_BYTES) continue;
    // It answers whatever this observer may have said.
    packet.set(session.subarray(0, ECHO_BYTES), ECHO);
    const words = new DataView(packet.buffer, packet.byteOffset);
    words.setUint32(ECHO_NUMBER, 1 + random.below(1 + nowMs / 1000), true);
    words.setUint32(SEQUENCE, 1e6 + seed, true);
    const before = observer.changes;
    observer.receive(frameWith(frame, signed(packet, LINE)));
    believed += observer.changes - before;
    nowMs += random.below(20);
    observer.tick();
    expect(observer.members.length, cases.repeat(seed)).toBeLessThanOrEqual(1024);
    expect([observer.parts.length <= 16, observer.services.length <= 64, observer.events.length <= 512]).toEqual([
      true,
      true,
      true,
    ]);
  }
  expect(believed).toBeGreaterThan(0);
});
