/**
 * NAME.local and the HTTP service: how a machine comes by its names, loses them, and tells of them (RFC 6762, 6763).
 */
import { expect, type TestContext, test } from "vitest";
import { get16 } from "../../emulator/ether/packet.ts";
import { Random } from "../../emulator/state/random.ts";
import { withAddress } from "../system/booted.ts";
import { PROMPT } from "../system/images.ts";
import { complaintsOfTshark } from "../system/tshark.ts";
import { type DnsMessage, type DnsRecord, nameBytes, readMessage, recordBytes, TYPES } from "./dns-wire.ts";
import { join, PacketScene, udp } from "./packet-wire.ts";

const GROUP = { to: "224.0.0.251", mac: Uint8Array.of(1, 0, 0x5e, 0, 0, 251), ttl: 255 };
const MDNS = 5353;
const STEP_MS = 10;

interface Heard extends DnsMessage {
  readonly atMs: number;
  readonly toGroup: boolean;
  readonly frame: Uint8Array;
}

class Neighbour {
  readonly scene: PacketScene;
  readonly heard: Heard[] = [];
  readonly own: string;

  constructor(scene: PacketScene) {
    this.scene = scene;
    this.own = scene.facts.address.split(".").join(" ");
    scene.answer = (frame) => {
      if (frame[23] === 17 && get16(frame, 34) === MDNS) {
        const message = frame.slice(42, 14 + get16(frame, 16));
        this.heard.push({ ...readMessage(message), atMs: this.nowMs, toGroup: frame[0] === 1, frame });
      }
      return [];
    };
  }

  get nowMs(): number {
    return Math.round(this.scene.lab.nowNs / 1e6);
  }

  /** Lets time pass, in steps so that one knows when a message came. */
  async listen(ms: number): Promise<Heard[]> {
    const before = this.heard.length;
    for (let passed = 0; passed < ms; passed += STEP_MS) await this.scene.lab.advance(`${STEP_MS}ms`);
    return this.heard.slice(before);
  }

  say(data: Uint8Array, source = MDNS): void {
    this.scene.plug.send(udp({ source, port: MDNS, data }, GROUP)(this.scene.facts));
  }

  /** A response with these records. */
  tell(...records: readonly DnsRecord[]): void {
    this.say(join([0, 0, 0x84, 0, 0, 0, 0, records.length, 0, 0, 0, 0], ...records.map(recordBytes)));
  }

  /** A question, with what is known, or what is wanted. */
  ask(name: string, type: number, { known = [], wanted = [], alone = false }: Question = {}): void {
    const head = [0, 0, 0, 0, 0, 1, 0, known.length, 0, wanted.length, 0, 0];
    const asked = [...nameBytes(name), 0, type, alone ? 0x80 : 0, 1];
    this.say(join(head, asked, ...[...known, ...wanted].map(recordBytes)));
  }

  async call(name: string): Promise<void> {
    await this.scene.node.enter(`hostname ${name}`, PROMPT);
  }
}

interface Question {
  readonly known?: readonly DnsRecord[];
  readonly wanted?: readonly DnsRecord[];
  readonly alone?: boolean;
}

async function neighbour(): Promise<Neighbour> {
  const made = new Neighbour(new PacketScene(await withAddress()));
  await made.scene.node.enter("", PROMPT);
  return made;
}

/** All that a machine of this name tells. */
const recordsOf = (name: string, address: string, ttl?: number): string[] => [
  `${name}.local 1 8001 ${ttl ?? 120} ${address}`,
  `${name}._http._tcp.local 33 8001 ${ttl ?? 120} 0 0 0 0 0 80 ${name}.local`,
  `${name}._http._tcp.local 16 8001 ${ttl ?? 4500} path=/status`,
  `_http._tcp.local 12 1 ${ttl ?? 4500} ${name}._http._tcp.local`,
  `_services._dns-sd._udp.local 12 1 ${ttl ?? 4500} _http._tcp.local`,
];
const unique = (name: string, address: string): string[] =>
  recordsOf(name, address)
    .slice(0, 3)
    .map((record) => record.replace(" 8001 ", " 1 "));
const probes = (heard: readonly Heard[]): Heard[] => heard.filter(({ flags }) => flags === 0);
const answers = (heard: readonly Heard[]): Heard[] => heard.filter(({ flags }) => flags === 0x8400);
const address = (...bytes: number[]): DnsRecord["data"] => bytes;

test("a machine with a new name gives the old one up, asks three times, and announces twice", async (context: TestContext) => {
  const n = await neighbour();
  const old = /(\S+):\/\S*> $/.exec(n.scene.node.console.text)![1]!;
  await n.call("Alma");
  await n.listen(3000);
  const { heard } = n;
  const [goodbye, ...rest] = heard;
  expect(goodbye!.sections[1]).toEqual(recordsOf(old, n.own, 0));
  const asked = probes(rest);
  expect(asked.map(({ sections }) => sections)).toEqual(
    [1, 2, 3].map(() => [["alma.local 255 8001", "alma._http._tcp.local 255 8001"], [], unique("alma", n.own), []]),
  );
  const told = answers(rest);
  expect(told.map(({ sections }) => sections)).toEqual([1, 2].map(() => [[], recordsOf("alma", n.own), [], []]));
  const times = [...asked, ...told].map(({ atMs }) => atMs);
  const between = times.slice(1).map((time, index) => time - times[index]!);
  for (const [index, wanted] of [250, 250, 250, 1000].entries())
    expect(Math.abs(between[index]! - wanted), `after message ${index + 1}`).toBeLessThanOrEqual(2 * STEP_MS);
  expect(heard.map(({ toGroup, frame }) => [toGroup, frame[22]])).toEqual(heard.map(() => [true, 255]));
  const { complaints, found } = await complaintsOfTshark(
    heard.map(({ frame }) => frame),
    "mdns && dns.resp.name contains _http._tcp",
    context,
  );
  expect(complaints).toBe("");
  expect(found).toBeGreaterThanOrEqual(3);
});

test("the service is found, with all that one needs to use it, and not told to one who knows it", async () => {
  const n = await neighbour();
  await n.call("alma");
  await n.listen(4000);
  n.ask("_http._tcp.local", TYPES.PTR);
  const all = recordsOf("alma", n.own);
  const [found] = await n.listen(300);
  expect(found!.sections).toEqual([[], [all[3]], [], all.slice(0, 3)]);
  await n.listen(1000);
  n.ask("_services._dns-sd._udp.local", TYPES.PTR);
  expect((await n.listen(300)).map(({ sections }) => sections)).toEqual([[[], [all[4]], [], []]]);
  const pointer = { name: "_http._tcp.local", type: TYPES.PTR, data: nameBytes("alma._http._tcp.local") };
  n.ask("_http._tcp.local", TYPES.PTR, { known: [{ ...pointer, ttl: 2250 }] });
  expect(await n.listen(300)).toEqual([]);
  n.ask("_http._tcp.local", TYPES.PTR, { known: [{ ...pointer, ttl: 2249 }] });
  expect(answers(await n.listen(300))).toHaveLength(1);
  await n.listen(1000);
  n.ask("_http._tcp.local", TYPES.PTR, { known: [{ ...pointer, data: nameBytes("other._http._tcp.local") }] });
  expect(answers(await n.listen(300))).toHaveLength(1);
  // To him alone who wants that, also when the group was told just now.
  n.ask("alma._http._tcp.local", TYPES.SRV, { alone: true });
  const [alone] = await n.listen(300);
  expect(alone!.toGroup).toBe(false);
  expect(alone!.sections).toEqual([[], [all[1]], [], [all[0]]]);
  n.ask("alma._http._tcp.local", TYPES.ANY, { alone: true });
  expect((await n.listen(300))[0]!.sections).toEqual([[], [all[1], all[2]], [], [all[0]]]);
});

test("a name that somebody has is left to him, and so is one that he has while it is held", async () => {
  const n = await neighbour();
  const conflicts = (): number => n.scene.counts.read().get("mdns names that another machine has")!;
  await n.call("alma");
  // As soon as it asks, its holder says so.
  while (probes(n.heard).length === 0) await n.listen(STEP_MS);
  n.tell({ name: "alma.local", type: TYPES.A, class: 0x8001, ttl: 120, data: address(10, 0, 2, 99) });
  await n.scene.node.waitFor(/mdns: alma\.local is another machine's; this one is alma-2\.local/, { within: "3s" });
  const held = await n.listen(3000);
  expect(answers(held).at(-1)!.sections[1]).toEqual(recordsOf("alma-2", n.own));

  // Held: it asks again, and keeps the name as nobody answers,
  n.tell({ name: "alma-2.local", type: TYPES.A, class: 0x8001, ttl: 120, data: address(10, 0, 2, 99) });
  const again = await n.listen(3000);
  expect(probes(again)).toHaveLength(3);
  expect(answers(again).at(-1)!.sections[1]).toEqual(recordsOf("alma-2", n.own));
  // but not where the other one means it.
  const service = { name: "alma-2._http._tcp.local", type: TYPES.SRV, class: 0x8001, ttl: 120 };
  n.tell({ ...service, data: [0, 0, 0, 0, 0, 80, ...nameBytes("other.local")] });
  const before = n.heard.length;
  while (probes(n.heard.slice(before)).length === 0) await n.listen(STEP_MS);
  n.tell({ ...service, data: [0, 0, 0, 0, 0, 80, ...nameBytes("other.local")] });
  await n.scene.node.waitFor(/this one is alma-3\.local/, { within: "3s" });

  // What gives a name up, says the same, or is about others is no conflict.
  await n.listen(2000);
  const quiet = [
    { name: "alma-3.local", type: TYPES.A, class: 0x8001, ttl: 0, data: address(10, 0, 2, 99) },
    { name: "alma-3.local", type: TYPES.A, class: 0x8001, ttl: 120, data: n.own.split(" ").map(Number) },
    { name: "alma-4.local", type: TYPES.A, class: 0x8001, ttl: 120, data: address(10, 0, 2, 99) },
  ];
  for (const record of quiet) n.tell(record);
  expect(await n.listen(1500)).toEqual([]);
  // Two names lost, one that was asked for again and kept, and the record of a service that began the last.
  expect(conflicts()).toBe(4);
});

test("of two that ask for a name at the same time the one with the higher address gets it", async () => {
  for (const [last, isLost] of [
    [99, true],
    [1, false],
  ] as const) {
    const n = await neighbour();
    await n.call("alma");
    while (probes(n.heard).length === 0) await n.listen(STEP_MS);
    const askedMs = n.nowMs;
    const wanted = [{ name: "alma.local", type: TYPES.A, ttl: 120, data: address(10, 0, 2, last) }];
    n.ask("alma.local", TYPES.ANY, { wanted, alone: true });
    const next = probes(await n.listen(2500))[0]!;
    expect(next.atMs - askedMs, `against 10.0.2.${last}`).toBeGreaterThan(isLost ? 900 : 200);
    expect(next.atMs - askedMs, `against 10.0.2.${last}`).toBeLessThan(isLost ? 1100 : 300);
  }
});

test("a machine that finds another one at every name asks seldom, and goes on", async () => {
  const n = await neighbour();
  await n.call("alma");
  let count = 0;
  const { answer } = n.scene;
  n.scene.answer = (frame) => {
    answer(frame);
    const last = n.heard.at(-1);
    if (last === undefined || last.frame !== frame || last.flags !== 0) return [];
    count++;
    const name = last.sections[0]![0]!.split(" ")[0]!;
    const record = { name, type: TYPES.A, class: 0x8001, ttl: 120, data: address(10, 0, 2, 99) };
    const data = join([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0], recordBytes(record));
    return [udp({ source: MDNS, port: MDNS, data }, GROUP)(n.scene.facts)];
  };
  await n.scene.lab.advance("30s");
  expect(count).toBeGreaterThan(15);
  expect(count).toBeLessThan(25);
  n.scene.answer = answer;
  await n.scene.node.waitFor(/this one is alma-\d+\.local/, { within: "20s" });
  await n.scene.node.enter("ping -c 1 10.0.2.2", /1 received/);
});

test("messages that lie, are cut off or are noise change nothing", async () => {
  const n = await neighbour();
  await n.call("alma");
  await n.listen(4000);
  const questions = ["alma.local", "_http._tcp.local", "alma._http._tcp.local"].map((name) =>
    join(
      [0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0],
      nameBytes(name),
      [0, 255, 0x80, 1],
      [0xc0, 12, 0, 12, 0, 1],
      new Uint8Array(8),
    ),
  );
  const corpus = [...questions, ...answers(n.heard).map(({ frame }) => frame.slice(42, 14 + get16(frame, 16)))];
  const random = new Random(1, "multicast DNS");
  n.scene.answer = () => [];
  for (let count = 0; count < 600; count++) {
    const message = random.pick(corpus).slice();
    for (let flips = 1 + random.below(6); flips > 0; flips--)
      // The counts, and anything behind them; a TTL of hours is a conflict at most.
      message[4 + random.below(message.length - 4)] = random.pick([0, 1, 0xc0, 0xff, random.below(256)]);
    n.say(random.chance(30) ? message.slice(0, random.below(message.length)) : message);
    if (count % 4 === 0) await n.scene.lab.advance("5ms");
  }
  await n.scene.lab.advance("10s");
  expect(n.scene.node.console.text).not.toMatch(/PANIC/);
  await n.scene.node.enter("mem check", /all headers agree/);
  await n.scene.node.enter("netstat -a", /dns +malformed/);
  const found = new Neighbour(n.scene);
  found.ask("_http._tcp.local", TYPES.PTR, { alone: true });
  expect(answers(await found.listen(300))).toHaveLength(1);
});
