/** Zone files as people and other servers write them, and versions of EDNS that nobody has yet. */
import { expect, test } from "vitest";
import { get16 } from "../../../emulator/ether/packet.ts";
import { shared } from "../../setup/shared.ts";
import { inState, PROMPT } from "../../system/images.ts";
import { output } from "../../system/output.ts";
import { nodeWithVolume } from "../../system/volume.ts";
import { ask } from "./dig.ts";
import { nameBytes, readMessage, recordBytes, TYPES } from "./dns-wire.ts";
import { join, PacketScene, tcp, udp } from "./packet-wire.ts";

const SOA = "@ SOA ns host 7 3600 600 86400 60";
const ZONES: Readonly<Record<string, readonly string[]>> = {
  glued: ["@ SOA ns host (7 3600 600 86400 60);times", " NS ns;c", "ns A 10.0.0.1;c"],
  blanks: [SOA, "   ", "   ; nothing else", " NS ns", "ns A 10.0.0.1"],
  classes: ["@ in 60 soa ns host 7 3600 600 86400 60", " IN NS ns", "ns IN 30 a 10.0.0.1", "x 20 IN A 10.0.0.2"],
  escapes: [SOA, "a\\.b A 10.0.0.1", "\\097 A 10.0.0.2", 't TXT "a \\"b\\" c" \\;d\\032', "\\;e A 10.0.0.3"],
  cuts: [
    SOA,
    "sub NS ns.sub",
    "ns.sub A 10.0.0.3",
    "deep.sub NS ns.deep.sub",
    "ns.deep.sub A 10.0.0.4",
    "to CNAME x.sub",
  ],
  twice: [SOA, SOA.replace("7", "8"), "a 10 A 10.0.0.1", "a 20 A 10.0.0.2", "b CNAME a", "b CNAME c"],
  units: ["$ttl 1d", "@ SOA ns host 7 1h 10m 1w 60s", " NS ns", "ns 1h30m A 10.0.0.1", "x A 10.0.0.2"],
};
const WRONG: Readonly<Record<string, string>> = {
  unit: "a 1x A 10.0.0.1",
  late: "a 4294967295 A 10.0.0.1",
  number: "a MX 5x b",
  serial: "@ SOA ns host 7x 3600 600 86400 60",
  escape: "a TXT b\\256",
  name: "a\\ A 10.0.0.1",
};
/** An alias beside what its name has. */
const NOT_ALONE: Readonly<Record<string, readonly string[]>> = {
  alias: ["x A 10.0.0.1", "x CNAME y"],
  "not-alias": ["z CNAME y", "z A 10.0.0.1"],
};

async function ownServer(): Promise<PacketScene> {
  const lab = await inState("reads zones", async () => {
    const booted = await nodeWithVolume([
      ...Object.entries(ZONES).flatMap(([name, rows]) => rows.map((row) => `echo '${row}' >> /a/${name}`)),
      ...Object.entries(WRONG).map(([name, row]) => `echo '${row}' > /a/${name}`),
      ...Object.entries(NOT_ALONE).flatMap(([name, rows]) => rows.map((row) => `echo '${row}' >> /a/${name}`)),
    ]);
    await booted.nodes[0]!.enter("dns on", PROMPT);
    return booted;
  });
  return new PacketScene(lab);
}

const server = shared(ownServer);

test.each([
  ["glued", ["glued.example 3600 SOA", "glued.example 3600 NS", "ns.glued.example 3600 A 10.0.0.1"]],
  ["blanks", ["blanks.example 3600 SOA", "blanks.example 3600 NS", "ns.blanks.example 3600 A 10.0.0.1"]],
  [
    "classes",
    [
      "classes.example 60 SOA",
      "classes.example 60 NS",
      "ns.classes.example 30 A 10.0.0.1",
      "x.classes.example 20 A 10.0.0.2",
    ],
  ],
  ["escapes", ["a.b.escapes.example 3600 A 10.0.0.1", "a.escapes.example 3600 A 10.0.0.2"]],
  ["twice", ["a.twice.example 20 A 10.0.0.1", "a.twice.example 20 A 10.0.0.2", "b.twice.example 20 CNAME"]],
  ["units", ["units.example 86400 SOA", "ns.units.example 5400 A 10.0.0.1", "x.units.example 86400 A 10.0.0.2"]],
])("a file with %s", async (name, records) => {
  const { node } = await server();
  const from = node.console.text.length;
  await node.enter(`dns load /a/${name} ${name}.example`, PROMPT);
  await node.enter("dns", /\d+ records/);
  const said = node.console.text.slice(from);
  expect(said).not.toContain("dns: ");
  for (const record of records) expect(said).toContain(`\n${record}`);
});

test("times of an SOA record may have letters", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/units units.example")).toBe("");
  const question = join([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes("units.example"), [0, 6, 0, 1]);
  const answer = (await ask(s, question))!;
  expect([...answer.slice(-20)]).toEqual([
    ...[0, 0, 0, 7],
    ...[0, 0, 0x0e, 0x10],
    ...[0, 0, 0x02, 0x58],
    ...[0, 0x09, 0x3a, 0x80],
    ...[0, 0, 0, 60],
  ]);
});

const asked = (name: readonly number[], type: number): Uint8Array =>
  join([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], name, [0, type, 0, 1]);

test("a dot, a quote, a semicolon behind a backslash are nothing else", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/escapes escapes.example")).toBe("");
  const label = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const below = (text: string): number[] => [...label(text), ...nameBytes("escapes.example")];
  const address = async (name: readonly number[]): Promise<number[]> => [...(await ask(s, asked(name, 1)))!.slice(-4)];
  expect(await address(below("a.b"))).toEqual([10, 0, 0, 1]);
  expect(await address(below(";e"))).toEqual([10, 0, 0, 3]);
  expect((await ask(s, asked(nameBytes("a.b.escapes.example"), 1)))![3]! & 15).toBe(3);
  const text = (await ask(s, asked(below("t"), 16)))!;
  expect(Buffer.from(text.slice(-12)).toString("latin1")).toBe('\x07a "b" c\x03;d ');
});

test("a name has one SOA record and one alias, the later ones", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/twice twice.example")).toBe("");
  const soa = (await ask(s, asked(nameBytes("twice.example"), 6)))!;
  expect([soa[7], ...soa.slice(-20, -16)]).toEqual([1, 0, 0, 0, 8]);
  const alias = (await ask(s, asked(nameBytes("b.twice.example"), 5)))!;
  expect(readMessage(alias).sections[1]).toHaveLength(1);
  expect(Buffer.from(alias).toString("latin1")).toMatch(/\x01c\xc0.$/s);
});

test.each(Object.keys(NOT_ALONE))("an alias is alone: %s", async (name) => {
  const { node } = await server();
  await node.enter(
    `dns load /a/${name} ${name}.example`,
    /dns: row 2: a name with an alias \(CNAME\) has no other records/,
  );
});

test("that something is not there is kept for no longer than the zone says", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/blanks blanks.example")).toBe("");
  const none = (await ask(s, asked(nameBytes("none.blanks.example"), 1)))!;
  expect(readMessage(none).sections[2]![0]).toMatch(/^blanks\.example 6 1 60 /);
  const soa = (await ask(s, asked(nameBytes("blanks.example"), 6)))!;
  expect(readMessage(soa).sections[1]![0]).toMatch(/^blanks\.example 6 1 3600 /);
});

test("of two cuts, one below the other, the upper one is told", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/cuts cuts.example")).toBe("");
  for (const name of ["x.deep.sub.cuts.example", "deep.sub.cuts.example", "sub.cuts.example"]) {
    const { sections } = readMessage((await ask(s, asked(nameBytes(name), 1)))!);
    expect(sections.slice(1).map((section) => section.map((row) => row.split(" ").slice(0, 2).join(" ")))).toEqual([
      [],
      ["sub.cuts.example 2"],
      ["ns.sub.cuts.example 1"],
    ]);
  }
});

test("an alias that leads to what others serve is told with authority, and the way there", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/cuts cuts.example")).toBe("");
  const { flags, sections } = readMessage((await ask(s, asked(nameBytes("to.cuts.example"), 1)))!);
  expect([flags & 0x0400, ...sections.map((section) => section.length)]).toEqual([0x0400, 1, 1, 1, 1]);
  const cut = readMessage((await ask(s, asked(nameBytes("x.sub.cuts.example"), 1)))!);
  expect([cut.flags & 0x0400, ...cut.sections.map((section) => section.length)]).toEqual([0, 1, 0, 1, 1]);
});

test("who asks by UDP for what has changed gets the SOA record, which says whether it is worth to ask by TCP", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/blanks blanks.example")).toBe("");
  const soa = [...nameBytes("ns"), ...nameBytes("host"), ...new Array<number>(20).fill(0)];
  const message = join(
    asked(nameBytes("blanks.example"), 251),
    recordBytes({ name: "blanks.example", type: TYPES.SOA, data: soa }),
  );
  message[9] = 1;
  const { flags, sections } = readMessage((await ask(s, message))!);
  expect([flags & 0x840f, ...sections.map((section) => section.length)]).toEqual([0x8400, 1, 1, 0, 0]);
  expect([sections[0], sections[1]![0]]).toEqual([
    ["blanks.example 251 1"],
    expect.stringMatching(/^blanks\.example 6 1 3600 /),
  ]);
});

test.each(Object.keys(WRONG))("a wrong %s is told", async (name) => {
  const { node } = await server();
  await node.enter(`dns load /a/${name} ${name}.example`, /dns: row 1: /);
});

test("a version of EDNS that nobody has yet is told so, with ours", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/units units.example")).toBe("");
  const asked = join([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes("ns.units.example"), [0, 1, 0, 1]);
  const opt = (version: number): Uint8Array => {
    const message = join(asked, [0, 0, 41, 4, 0xd0, 0, version, 0, 0, 0, 0]);
    message[11] = 1;
    return message;
  };
  const refused = (await ask(s, opt(1)))!;
  expect([refused[3]! & 15, refused[7], ...refused.slice(-11)]).toEqual([0, 0, 0, 0, 41, 4, 0xd0, 1, 0, 0, 0, 0, 0]);
  const answered = (await ask(s, opt(0)))!;
  expect([answered[3]! & 15, answered[7], ...answered.slice(-11)]).toEqual([0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]);
});

test("a zone goes by TCP to whom it may go to, whole, each message with its length before it", async () => {
  const s = await server();
  expect(await output(s.node, "dns load /a/classes classes.example")).toBe("");
  /** What comes of a question for the zone: the bytes of the stream. */
  const answered = async (source: number): Promise<Uint8Array> => {
    const client = { source, port: 53 };
    s.frames.length = 0;
    s.plug.send(tcp({ ...client, flags: 2 })(s.facts));
    await s.lab.advance("20ms");
    const acknowledgement = (new DataView(s.frames.at(-1)!.slice().buffer).getUint32(38) + 1) >>> 0;
    const question = asked(nameBytes("classes.example"), 252);
    const data = join([0, question.length], question);
    s.plug.send(tcp({ ...client, flags: 0x18, sequence: 1, acknowledgement, data })(s.facts));
    await s.lab.advance("100ms");
    const segments = s.frames.filter((frame) => frame[23] === 6 && get16(frame, 36) === source);
    s.plug.send(tcp({ ...client, flags: 4, sequence: 1 + data.length, acknowledgement })(s.facts));
    return join(...segments.map((frame) => frame.slice(34 + (frame[46]! >> 4) * 4, 14 + get16(frame, 16))));
  };
  const refused = await answered(30_010);
  expect([get16(refused, 0), readMessage(refused.subarray(2)).flags & 15]).toEqual([refused.length - 2, 5]);
  await s.node.enter("set dns.transfer any", PROMPT);
  const stream = await answered(30_011);
  await s.node.enter("unset dns.transfer", PROMPT);
  const records: string[] = [];
  for (let at = 0; at < stream.length; at += 2 + get16(stream, at))
    records.push(...readMessage(stream.subarray(at + 2, at + 2 + get16(stream, at))).sections[1]!);
  expect(records.map((record) => record.split(" ").slice(0, 4).join(" "))).toEqual([
    "classes.example 6 1 60",
    "classes.example 2 1 60",
    "ns.classes.example 1 1 30",
    "x.classes.example 1 1 20",
    "classes.example 6 1 60",
  ]);
});

/** To which servers the node passes a question on that comes from an address. */
async function passedOn(s: PacketScene, from: string): Promise<string[]> {
  const passed: string[] = [];
  s.answer = (frame) => {
    if (frame[23] === 17 && get16(frame, 36) === 53) passed.push([...frame.slice(30, 34)].join("."));
    return [];
  };
  const data = asked(nameBytes("www.elsewhere.example"), 1);
  s.plug.send(udp({ source: 33_000, port: 53, data }, { from })(s.facts));
  await s.lab.advance("50ms");
  s.answer = () => [];
  return passed;
}

test("what others serve is asked for a neighbour, and for nobody else", async () => {
  const s = await ownServer();
  await s.node.enter("set dns.server 10.0.2.79", PROMPT);
  expect(await passedOn(s, "192.0.2.1")).toEqual([]);
  expect(await passedOn(s, "10.0.3.15")).toEqual([]);
  expect(await passedOn(s, "10.0.2.77")).toEqual(["10.0.2.79"]);
  // Without a router no way leads to a stranger.
  await s.node.enter(`ifconfig eth0 ${s.facts.address} 255.255.255.0`, PROMPT);
  expect(await output(s.node, "iproute 192.0.2.1")).toMatch(/no route/);
  expect(await passedOn(s, "192.0.2.1")).toEqual([]);
});

test("a zone whose name is none is not loaded", async () => {
  const { node } = await server();
  for (const name of ["a..b", `${"x".repeat(64)}.example`])
    expect(await output(node, `dns load /a/glued ${name}`)).toBe("dns: invalid argument\n");
});

test("a client by TCP that sends a byte now and then has 10 s for its question", async () => {
  const s = await server();
  const client = { source: 30_001, port: 53 };
  s.frames.length = 0;
  const last = (): DataView => new DataView(s.frames.at(-1)!.slice().buffer);
  s.plug.send(tcp({ ...client, flags: 2 })(s.facts));
  await s.lab.advance("20ms");
  const acknowledgement = (last().getUint32(38) + 1) >>> 0;
  const ends: boolean[] = [];
  for (let byte = 0; byte < 5; byte++) {
    const data = Uint8Array.of(byte === 1 ? 100 : 0);
    s.plug.send(tcp({ ...client, flags: 0x18, sequence: 1 + byte, acknowledgement, data })(s.facts));
    await s.lab.advance("3s");
    ends.push(s.frames.some((frame) => frame[23] === 6 && (frame[47]! & 5) !== 0));
  }
  expect(ends).toEqual([false, false, false, true, true]);
});
