/**
 * Clusters behind gateways of their own, in equal private nets: one has a door that a person set, the others are behind
 * symmetric NATs that give no ports. And somebody between them who hears all, and says what it likes.
 */
import { afterAll, expect, test } from "vitest";
import { formatIpv4, get16 } from "../../emulator/ether/packet.ts";
import { Random } from "../../emulator/state/random.ts";
import { bodyOf, Rogue, relayBodyOf } from "../../src/chaos/qure/sites/rogue.ts";
import type { LabNode } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { udpPayloadOf } from "../../src/wire/payload.ts";
import { readRecord, writeRecord } from "../../src/wire/record.ts";
import { HEAD, KINDS, wideOf } from "../../src/wire/wide.ts";
import { digBy, rows } from "../guest/net/dig.ts";
import { requireOracle } from "../oracle.ts";
import { shared } from "../setup/shared.ts";
import {
  delegateOf,
  FORWARDED,
  link,
  listen,
  MUTE,
  SERVICE,
  STRANGER,
  said,
  toDoor,
  type World,
  worldOf,
} from "./worlds.ts";

const [OFFICE, HOME] = ["198.51.100.1", "198.51.100.2"] as const;
const VICTIM = "203.0.113.77";
let world: World | null = null;

afterAll(() => world?.lab.close());

const started = shared(async (): Promise<World> => {
  world = await worldOf([
    { name: "office", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "home", nodes: 2, nat: "symmetric", portMapping: MUTE },
    { name: "cabin", nodes: 1, nat: "symmetric", portMapping: MUTE },
  ]);
  return world;
});

test("before anybody is linked, each command says what there is to do", async () => {
  const there = await started();
  const office = delegateOf(there, "office");
  expect(await said(office, "cloud link")).toContain("This cluster is linked with no other (cloud link invite");
  expect(await said(office, "cloud public")).toContain("address not known: no linked cluster says");
  // Nothing has been asked of the gateway yet.
  expect(await said(office, "cloud public")).not.toContain("gateway");
  expect(await said(office, "cloud link join nowhere:x x")).toContain("expected the other cluster's address");
  expect(await said(office, `cloud link join ${HOME}:70000 x`)).toContain("expected the other cluster's address");
  expect(await said(office, `cloud link join ${HOME} x`)).toContain("expected a code of 16 characters");
  expect(await said(office, "cloud link remove x")).toContain("there is no link x");
  await said(office, `cloud set link.none "${"0".repeat(64)} 1.1.1.1 1"`);
  expect(await said(office, "cloud link")).toMatch(/^none +0{16} - +is no other cluster, or one too many$/m);
  expect(await said(office, "cloud link remove none")).toContain("The link none is gone.");
  expect(await said(office, "cloud link invite x")).toContain("cloud link invite    draws a code");
  const [, own] = /^Within ten minutes, .* cloud link join \S+ (\S+)$/m.exec(await said(office, "cloud link invite"))!;
  expect(await said(office, `cloud link join ${HOME} ${own}`)).toContain("this cluster drew the code itself");
  const other = there.nodesOf.get("home")!.find((node) => node !== delegateOf(there, "home"))!;
  expect(await said(other, "cloud link invite")).toMatch(/for the member that speaks to other clusters: qure-\d/);
});

test("a code links two clusters once, and both see each other's members", async () => {
  const there = await started();
  const [office, home] = [delegateOf(there, "office"), delegateOf(there, "home")];
  expect(await link(there, "office", "home", OFFICE)).toContain("This cluster is linked with the cluster office.");
  expect(await said(home, "cloud link")).toMatch(/^office +\w{16} 198\.51\.100\.1:20819 +(?:never )?heard/m);
  await there.lab.advance("8s");
  expect(await said(office, "cloud clusters")).toMatch(/^home +2 +0 +\d+ \w{8} 198\.51\.100\.2:\d+ +heard \d s ago$/m);
  expect(await said(home, "cloud clusters")).toMatch(/^office +1 +0 +\d+ \w{8} 198\.51\.100\.1:20819 +heard/m);
  expect(await said(office, "cloud nodes --all")).toMatch(/home:\n( {2}qure-[23] +\w{16} revision \d+\n){2}/);
  expect(await said(home, "cloud link list")).toMatch(/^office +\w{16} 198\.51\.100\.1:20819 +heard/m);
});

test("a door counts when it was called, and who has none is told what to set", async () => {
  const there = await started();
  const [office, home] = [delegateOf(there, "office"), delegateOf(there, "home")];
  const seen = await said(office, "cloud public");
  expect(seen).toContain(`address ${OFFICE}, told by one cluster\n  home sees ${OFFICE}, and reached it`);
  expect(seen).not.toContain("nobody has reached the door");
  const own = await said(home, "cloud public");
  expect(own).toContain(`address ${HOME}, told by one cluster\n  office sees ${HOME}, and has not reached it\n`);
  expect(own).toContain("gateway 192.168.1.1 does not give ports by PCP, NAT-PMP or UPnP\n");
  expect(own).toContain(`have 192.168.1.1 lead UDP port 20819 to ${SERVICE}, port 20819,`);
});

test("no stranger learns more than that a cluster is here, and no recording counts", async () => {
  const there = await started();
  const { lab } = there;
  const office = delegateOf(there, "office");
  const heard = listen(there, 0);
  await lab.advance("11s");
  const recorded = heard.into.flatMap((frame) => wideOf(frame) ?? []);
  expect(recorded.map((packet) => packet[5])).toContain(KINDS.summary);
  const plug = lab.plug("stranger");
  const hello = new Uint8Array(72);
  writeRecord(hello, 0, HEAD, {
    ...{ magic: 0x41575251, version: 1, kind: KINDS.hello, seenPort: 0, seen: "0.0.0.0", number: 1, flags: 1 },
    ...{ session: "0100000000000000", echo: "0000000000000000", echoNumber: 0, id: "1122334455667788" },
    code: new Uint8Array(16),
  });
  heard.out.length = 0;
  for (let time = 0; time < 40; time++) {
    plug.send(toDoor(hello));
    await lab.advance("5ms");
  }
  const answers = heard.out.flatMap((frame) => wideOf(frame) ?? []);
  expect(answers.length).toBeLessThanOrEqual(3);
  expect(answers[0]).toHaveLength(16);
  expect(formatIpv4(answers[0]!.subarray(8, 12))).toBe(STRANGER);
  heard.out.length = 0;
  const sent = [...recorded, recorded[0]!.with(63, 0), recorded[0]!.subarray(0, 70), Uint8Array.of(1, 2, 3)];
  for (const packet of sent) plug.send(toDoor(packet));
  await lab.advance("300ms");
  const toStranger = heard.out.flatMap((frame) => (formatIpv4(frame.subarray(30, 34)) === STRANGER ? [frame] : []));
  expect(toStranger).toEqual([]);
  expect(await said(office, "cloud clusters")).toMatch(/^home .* 198\.51\.100\.2:\d+ +heard/m);
  expect(await said(office, "netstat -a")).toMatch(/ [1-9]\d* {2}wide {3}heard before/);
});

test("packets that are nearly right are answered by little, and change nothing", async () => {
  const there = await started();
  const { lab } = there;
  const heard = listen(there, 0);
  await lab.advance("11s");
  const recorded = heard.into.flatMap((frame) => wideOf(frame) ?? []);
  const random = new Random(1, "nearly right");
  const plug = lab.plug("nearly right");
  heard.out.length = 0;
  for (let time = 0; time < 150; time++) {
    const packet = recorded[random.below(recorded.length)]!.slice(0, random.chance(30) ? random.below(130) : undefined);
    for (let left = random.below(4); left > 0 && packet.length > 0; left--)
      packet[random.below(packet.length)] = random.below(256);
    plug.send(toDoor(packet));
    await lab.advance("2ms");
  }
  const answers = heard.out.flatMap((frame) =>
    formatIpv4(frame.subarray(30, 34)) === STRANGER ? [wideOf(frame)!] : [],
  );
  expect(answers.filter(({ length }) => length > 16)).toEqual([]);
  expect(answers.length).toBeLessThanOrEqual(4);
  expect(await said(delegateOf(there, "office"), "cloud clusters")).toMatch(/^home .* 198\.51\.100\.2:\d+ +heard/m);
});

test("what comes first from elsewhere gets one small question, and the link stays where it was", async () => {
  const there = await started();
  const { lab } = there;
  const heard = listen(there, 0);
  const router = lab.cluster.world!.routers[0]!;
  const receive = router.receive;
  const held: Uint8Array[] = [];
  router.receive = (port, timeNs, frame, transmit) => {
    const packet = port === 1 ? wideOf(frame) : null;
    if (packet && (held.length > 0 || packet[5] === KINDS.summary)) held.push(packet.slice());
    else receive(port, timeNs, frame, transmit);
  };
  await lab.advance("11s");
  const plug = lab.plug("between");
  plug.send(toDoor(held[0]!));
  await lab.advance("200ms");
  router.receive = receive;
  const toStranger = heard.out.filter((frame) => formatIpv4(frame.subarray(30, 34)) === STRANGER).map(wideOf);
  expect(toStranger.map((packet) => packet!.length)).toEqual([72]);
  expect(await said(delegateOf(there, "office"), "cloud clusters")).toMatch(/^home .* 198\.51\.100\.2:/m);
});

/** Gives one of the office's links another name. */
async function rename({ lab }: World, office: LabNode, from: string, to: string): Promise<void> {
  const [value] = /[0-9a-f]{64} \S+ \d+/.exec(await said(office, `cloud get link.${from}`))!;
  expect(await said(office, `cloud set link.${to} "${value}"`)).toContain("is set");
  expect(await said(office, `cloud link remove ${from}`)).toContain("is gone");
  await lab.advance("1s");
}

test("two clusters without a door link by a third one, whatever it calls them, and talk within ten seconds", async () => {
  const there = await started();
  const [office, home, cabin] = ["office", "home", "cabin"].map((site) => delegateOf(there, site)) as LabNode[];
  await rename(there, office!, "home", "kitchen");
  expect(await said(cabin!, "cloud link join home@office x")).toContain("no cluster office is linked with this one");
  expect(await link(there, "office", "cabin", OFFICE)).toContain("linked with the cluster office.");
  await there.lab.advance("1s");
  expect(await said(home!, "cloud link invite")).toMatch(/linked with office: cloud link join home@office \S{16,}\n/);
  expect(await link(there, "home", "cabin", "home@office")).toContain("This cluster is linked with the cluster home.");
  await there.lab.advance("9s");
  expect(await said(cabin!, "cloud clusters")).toMatch(/^home +2 +0 +\d+ \w{8} by office +heard \d s ago$/m);
  expect(await said(home!, "cloud clusters")).toMatch(/^cabin +1 +0 +\d+ \w{8} by office +heard \d s ago$/m);
  expect(await said(home!, "cloud nodes --all")).toMatch(/cabin:\n {2}qure-\d+ +\w{16} revision \d+\n/);
  await rename(there, office!, "kitchen", "home");
});

test("the name of all clusters has who is proven to be reached, and nobody else", async (context) => {
  requireOracle("dig", context);
  const there = await started();
  const office = delegateOf(there, "office");
  expect(await said(office, "cloud set dns.domain cloud.example")).toContain("dns.domain is set.");
  await there.lab.advance("3s");
  const heard = listen(there, 0);
  const plug = there.lab.plug("asks for names");
  const found = await digBy(
    async (message) => {
      heard.out.length = 0;
      plug.send(toDoor(message, STRANGER, 4000, 53));
      await there.lab.advance("50ms");
      return heard.out.map((frame) => (get16(frame, 34) === 53 ? udpPayloadOf(frame, 12) : null)).find(Boolean) ?? null;
    },
    "clusters.cloud.example",
    "A",
  );
  expect(rows(found)).toEqual([`clusters.cloud.example. 5 IN A ${OFFICE}`]);
});

/** Of datagrams between delegates: whom they go to, and how many bytes. */
function bytesTo(frames: readonly Uint8Array[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const frame of frames) {
    const packet = wideOf(frame);
    const to = `${formatIpv4(frame.subarray(30, 34))}:${get16(frame, 36)}`;
    if (packet) sums.set(to, (sums.get(to) ?? 0) + packet.length);
  }
  return sums;
}

test("a linked cluster that is hostile moves nothing, and has nobody flooded", async () => {
  const there = await started();
  const { lab } = there;
  const office = delegateOf(there, "office");
  const rogue = new Rogue(`rogue ${"5a".repeat(32)}`, keyOfSeed(1).replace(/^\S+/, "office"));
  await said(office, `cloud set link.rogue "${rogue.publicDigits} ${STRANGER} 4000"`);
  const plug = lab.plug("rogue");
  const heard = listen(there, 0);
  const came = new Map<string, number>();
  const send = (packet: Uint8Array, from = STRANGER, port = 4000): void => {
    came.set(`${from}:${port}`, (came.get(`${from}:${port}`) ?? 0) + packet.length);
    plug.send(toDoor(packet, from, port));
  };
  const ofRogue = (): Uint8Array[] =>
    heard.out.flatMap((frame) => (formatIpv4(frame.subarray(30, 34)) === STRANGER ? [wideOf(frame)!] : []));
  await lab.advance("4s");
  rogue.hear(ofRogue().at(-1)!);
  send(rogue.say("hello", { flags: 1 }));
  await lab.advance("1s");
  rogue.hear(ofRogue().at(-1)!);
  send(rogue.say("hello"));
  await lab.advance("100ms");
  expect(await said(office, "cloud clusters")).toMatch(/^rogue .* 203\.0\.113\.9:4000 +heard \d s ago$/m);
  const before = await said(office, "cloud clusters");

  // False summaries: impossible counts and names, doors that are no place, a relay's, everybody's, or a victim's.
  const summary = (name: string, door: string, members = 1): Uint8Array =>
    rogue.say("summary", { seen: "9.9.9.9", body: bodyOf(name, 1, members, 0xffffffff, 1, door, 4000, 1, 0) });
  const doors = ["0.0.0.1", "0.0.0.99", "255.255.255.255", "127.0.0.1", "224.0.0.1", VICTIM];
  for (const door of doors) send(summary("home", door, 0xffffffff));
  for (const name of ["x".repeat(32), "", "a b", "\x1b[2J"]) send(summary(name, VICTIM));
  // Lists of members that were not asked for, or are longer than they say.
  for (const count of [0, 1, 8, 9, 0xffffffff])
    send(rogue.say("details", { body: bodyOf("", new Uint8Array(28)).map((_, at) => (at === 8 ? count & 255 : 255)) }));
  await lab.advance("100ms");
  // A flood, and all of it again from a victim's address; what is new from there is worth one small question.
  heard.out.length = 0;
  came.clear();
  const flood = Array.from({ length: 120 }, () => rogue.say("hello", { flags: 1 }));
  for (const packet of flood) send(packet);
  for (const packet of flood) send(packet, VICTIM);
  for (let time = 0; time < 40; time++)
    send(rogue.say("hello", { flags: 1, echo: ["ffffffffffffffff", time] }), VICTIM);
  for (let time = 0; time < 20; time++) send(rogue.say("callMe", { body: bodyOf("").subarray(0, 8).fill(9) }), VICTIM);
  await lab.advance("2s");
  // Where it is proven to be it also gets what is due by itself.
  const due = new Map([[`${STRANGER}:4000`, 72 + 128]]);
  for (const [to, bytes] of bytesTo(heard.out))
    if (/^203/.test(to)) expect(bytes, to).toBeLessThanOrEqual((came.get(to) ?? 0) + (due.get(to) ?? 0));
  // It knows which number went to the victim, between two that came to itself, and says it from there.
  const last = new DataView(ofRogue().at(-1)!.slice().buffer).getUint32(12, true);
  const { session } = readRecord(ofRogue().at(-1)!, 0, HEAD);
  await lab.advance("2s");
  heard.out.length = 0;
  send(rogue.say("hello"), VICTIM);
  for (let ahead = 1; ahead < 20; ahead++)
    send(rogue.say("hello", { echo: [session, last + ahead], body: new Uint8Array(8) }), VICTIM);
  await lab.advance("100ms");
  expect(await said(office, "cloud clusters")).toMatch(/^rogue .* 203\.0\.113\.9:4000 +heard/m);
  // Relays: too much for another, for itself, for nobody; from a relay, what was never said, or within another one.
  heard.out.length = 0;
  const inner = rogue.say("hello");
  for (let time = 0; time < 200; time++) send(rogue.say("relay", { body: relayBodyOf("home", 0, 0, inner) }));
  for (const name of ["rogue", "nobody", "x".repeat(32)])
    send(rogue.say("relay", { body: relayBodyOf(name, 0, 0, inner) }));
  for (const packet of [
    inner,
    rogue.say("relay", { body: relayBodyOf("home", 0, 0, inner) }),
    new Uint8Array(64).fill(255),
  ])
    send(rogue.say("relayed", { body: relayBodyOf("home", VICTIM, 4000, packet) }));
  await lab.advance("900ms");
  const relayed = heard.out.filter((frame) => wideOf(frame)?.[5] === KINDS.relayed);
  expect(relayed.length).toBeGreaterThan(8);
  expect(relayed.length).toBeLessThanOrEqual(128);
  heard.out.length = 0;
  await lab.advance("20s");
  for (const [to, bytes] of bytesTo(heard.out))
    if (to.startsWith(VICTIM)) expect(bytes, to).toBeLessThanOrEqual(7 * 72);
  const after = await said(office, "cloud clusters");
  for (const name of ["home", "cabin"]) {
    const row = new RegExp(`^${name} .*:\\d+(?= +heard \\d s ago$)`, "m");
    expect(row.exec(after)![0]).toBe(row.exec(before)![0]);
  }
  send(summary("rogue", "0.0.0.0"));
  await lab.advance("50ms");
  expect(await said(office, "cloud public")).toContain(`address ${OFFICE}, disputed: others see another one`);
  expect(await said(delegateOf(there, "home"), "cloud clusters")).toMatch(
    /^cabin .* by office +heard (\d|[1-3]\d) s ago$/m,
  );
  expect(await said(office, "netstat -a")).toMatch(/ [1-9]\d* {2}wide {3}for others, not passed on/);
  await said(office, "cloud link remove rogue");
});

test("a delegate tells anybody who asks by whois what the cluster is", async () => {
  const there = await started();
  const [home, other] = there.nodesOf.get("home")!;
  const asked = delegateOf(there, "home") === home ? other! : home!;
  expect(await said(asked, `echo anything | nc ${SERVICE} 43`)).toMatch(
    /cluster: home\nrevision: \d+\nmembers: 2\naddress: 198\.51\.100\.2, not reached by other clusters\n/,
  );
});

test("the delegate dies, and the next member goes on, whatever somebody repeats of the dead one", async () => {
  const there = await started();
  const heard = listen(there, 0);
  await there.lab.advance("11s");
  const isOfHome = (frame: Uint8Array): boolean => formatIpv4(frame.subarray(26, 30)) === HOME;
  const recorded = heard.into.filter((frame) => isOfHome(frame) && wideOf(frame));
  expect(recorded.length).toBeGreaterThan(1);
  delegateOf(there, "home").powerOff();
  const plug = there.lab.plug("repeats");
  for (let second = 0; second < 15; second++) {
    for (const frame of recorded) plug.send(toDoor(wideOf(frame)!, HOME, get16(frame, 34)));
    await there.lab.advance("1s");
  }
  const office = delegateOf(there, "office");
  const row = /^home +1 +0 .*:(\d+) +heard \d s ago$/m.exec(await said(office, "cloud clusters"));
  expect(recorded.map((frame) => `${get16(frame, 34)}`)).not.toContain(row?.[1] ?? "its place");
  expect(await said(office, "cloud nodes --all")).toMatch(/home:\n {2}qure-[23] .*\n(?! {2}qure)/);
  expect(await said(office, "cloud link remove home")).toContain("The link home is gone.");
  expect(await said(office, "cloud clusters")).not.toContain("home");
  // Without a link nobody is needed who speaks to others, and the cluster goes on.
  expect(await said(office, "cloud link remove cabin")).toContain("The link cabin is gone.");
  await there.lab.advance("2s");
  expect(office.console.text).not.toContain("one of the daemon's tasks was ended");
});
