/** Clusters in a row, each linked with its neighbours alone: what they hear of the others, and from whom. */
import { afterAll, expect, test } from "vitest";
import { formatIpv4 } from "../../emulator/ether/packet.ts";
import { bodyOf, Rogue } from "../../src/chaos/qure/sites/rogue.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { KINDS, wideOf } from "../../src/wire/wide.ts";
import { shared } from "../setup/shared.ts";
import { delegateOf, FORWARDED, link, listen, MUTE, STRANGER, said, toDoor, type World, worldOf } from "./worlds.ts";

let world: World | null = null;

afterAll(() => world?.lab.close());

const started = shared(async (): Promise<World> => {
  const site = { nodes: 1, forwards: [FORWARDED], portMapping: MUTE };
  world = await worldOf([
    { ...site, name: "first" },
    { ...site, name: "second" },
    { ...site, name: "third" },
    { ...site, name: "last", nodes: 2 },
    { ...site, name: "late" },
  ]);
  return world;
});

const shown = (there: World, site: string): Promise<string> => said(delegateOf(there, site), "cloud clusters");

test("news go from link to link, and each says who said it", async () => {
  const there = await started();
  await link(there, "first", "second", "198.51.100.1");
  await link(there, "second", "third", "198.51.100.2");
  await link(there, "third", "last", "198.51.100.3");
  await there.lab.advance("14s");
  const first = await shown(there, "first");
  expect(first).toMatch(/^second +1 +0 +\d+ \w{8} 198\.51\.100\.2:\d+ +heard/m);
  expect(first).toMatch(/^third +1 +0 +\d+ +2 links away, says second, heard \d+ s ago$/m);
  expect(first).toMatch(/^last +2 +0 +\d+ +3 links away, says second, heard \d+ s ago$/m);
  expect(await shown(there, "last")).toMatch(/^first +1 +0 +\d+ +3 links away, says third, heard \d+ s ago$/m);
  const second = await shown(there, "second");
  expect(second.match(/links away/g)).toHaveLength(1);
});

test("a member less is known at the other end within five seconds", async () => {
  const there = await started();
  there.nodesOf
    .get("last")!
    .find((node) => node !== delegateOf(there, "last"))!
    .powerOff();
  await there.lab.advance("5s");
  expect(await shown(there, "first")).toMatch(/^last +1 +0 +\d+ +3 links away, says second/m);
});

test("a linked cluster that is hostile changes what no other link says, and fills no more than what they leave", async () => {
  const there = await started();
  const { lab } = there;
  const first = delegateOf(there, "first");
  const rogue = new Rogue(`rogue ${"5a".repeat(32)}`, keyOfSeed(1).replace(/^\S+/, "first"));
  await said(first, `cloud set link.rogue "${rogue.publicDigits} ${STRANGER} 4000"`);
  const plug = lab.plug("rogue");
  const heard = listen(there, 0);
  const send = (packet: Uint8Array): void => plug.send(toDoor(packet, STRANGER, 4000));
  const toRogue = (): Uint8Array[] =>
    heard.out.flatMap((frame) => (formatIpv4(frame.subarray(30, 34)) === STRANGER ? [wideOf(frame)!] : []));
  await lab.advance("4s");
  for (const flags of [1, 0]) {
    rogue.hear(toRogue().at(-1)!);
    send(rogue.say("hello", { flags }));
    await lab.advance("1s");
  }
  // What it is told is signed, and has the others.
  expect(toRogue().some((packet) => packet[5] === KINDS.hearsay)).toBe(true);
  const [second] = heard.out.flatMap((frame) => (wideOf(frame)?.[5] === KINDS.hearsay ? [wideOf(frame)!] : []));
  const idOfOther = second!.subarray(68, 76);
  const before = await shown(there, "first");
  const entry = (id: Uint8Array, name: string, age = 0, hops = 0): Uint8Array =>
    Uint8Array.from(Buffer.concat([id, bodyOf(name, 5000, 0xffffffff, age, hops)]));
  const say = (count: number, ...entries: readonly Uint8Array[]): void =>
    send(
      rogue.say("hearsay", {
        body: Uint8Array.from(Buffer.concat([Buffer.from(Uint32Array.of(count).buffer), ...entries])),
      }),
    );
  const fake = (number: number): Uint8Array => Uint8Array.from(Buffer.from(`fake${String(number).padStart(4, "0")}`));
  say(0);
  say(1);
  say(0xffffffff, entry(fake(1), "long"));
  say(9, ...Array.from({ length: 9 }, (_, at) => entry(fake(at), "nine")));
  say(1, entry(fake(2), "old", 600_001));
  say(1, entry(fake(3), "away", 0, 15));
  for (const name of ["", "a b", "\x1b[2J", "x".repeat(32)]) say(1, entry(fake(4), name));
  await lab.advance("1s");
  expect(await shown(there, "first")).not.toMatch(/long|nine|old|away .*rogue|a b|says rogue/);
  // Of a linked cluster nothing counts but its own word, and nothing of this one itself.
  say(1, entry(idOfOther, "twisted"));
  await lab.advance("1s");
  expect((await shown(there, "first")).includes("twisted")).toBe(false);
  // Many that do not exist: what is known stays.
  for (let at = 0; at < 400; at += 8) {
    say(8, ...Array.from({ length: 8 }, (_, index) => entry(fake(1000 + at + index), `fake-${at + index}`)));
    await lab.advance("20ms");
  }
  heard.out.length = 0;
  await lab.advance("10s");
  // A packet of eight for each quarter of a second, to a proven address.
  const told = heard.out.filter((frame) => wideOf(frame)?.[5] === KINDS.hearsay);
  expect(told.length).toBeLessThanOrEqual(2 * 41);
  const after = await shown(there, "first");
  const rows = after.match(/says \S+/g)!;
  expect(rows.length).toBeLessThanOrEqual(128);
  for (const name of ["third", "last"]) {
    const row = new RegExp(`^${name} .*says second`, "m");
    expect(row.exec(after)![0]).toBe(row.exec(before)![0]);
  }
  expect(await shown(there, "last")).toMatch(/^first +1 +0 +\d+ +3 links away, says third/m);
  // The table is full of what it has invented, and it goes on: what another link says later has its place all the same.
  expect(rows.filter((row) => row === "says rogue,").length).toBeGreaterThan(100);
  await link(there, "third", "late", "198.51.100.3");
  for (let at = 0; at < 80; at++) {
    say(8, ...Array.from({ length: 8 }, (_, index) => entry(fake(5000 + at * 8 + index), `fake-${at * 8 + index}`)));
    await lab.advance("200ms");
  }
  const full = await shown(there, "first");
  for (const name of ["third", "last", "late"]) expect(full).toMatch(new RegExp(`^${name} .*says second`, "m"));
  await said(first, "cloud link remove rogue");
  const left = await shown(there, "first");
  expect(left).toMatch(/^second +1 +0 .* heard/m);
  expect(left).toMatch(/^late .*says second/m);
  expect(left).not.toContain("fake-");
});
