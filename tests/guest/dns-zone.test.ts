/** Zone files as people and other servers write them, and versions of EDNS that nobody has yet. */
import { expect, test } from "vitest";
import { shared } from "../setup/shared.ts";
import { inState, PROMPT } from "../system/images.ts";
import { nodeWithVolume } from "../system/volume.ts";
import { ask } from "./dig.ts";
import { nameBytes } from "./dns-wire.ts";
import { join, PacketScene, tcp } from "./packet-wire.ts";

const SOA = "@ SOA ns host 7 3600 600 86400 60";
const ZONES: Readonly<Record<string, readonly string[]>> = {
  glued: ["@ SOA ns host (7 3600 600 86400 60);times", " NS ns;c", "ns A 10.0.0.1;c"],
  blanks: [SOA, "   ", "   ; nothing else", " NS ns", "ns A 10.0.0.1"],
  classes: ["@ in 60 soa ns host 7 3600 600 86400 60", " IN NS ns", "ns IN 30 a 10.0.0.1", "x 20 IN A 10.0.0.2"],
  units: ["$ttl 1d", "@ SOA ns host 7 1h 10m 1w 60s", " NS ns", "ns 1h30m A 10.0.0.1"],
};
const WRONG: Readonly<Record<string, string>> = {
  unit: "a 1x A 10.0.0.1",
  late: "a 4294967295 A 10.0.0.1",
  number: "a MX 5x b",
  serial: "@ SOA ns host 7x 3600 600 86400 60",
};

const server = shared(async () => {
  const lab = await inState("reads zones", async () => {
    const booted = await nodeWithVolume([
      ...Object.entries(ZONES).flatMap(([name, rows]) => rows.map((row) => `echo '${row}' >> /a/${name}`)),
      ...Object.entries(WRONG).map(([name, row]) => `echo '${row}' > /a/${name}`),
    ]);
    await booted.nodes[0]!.enter("dns on", PROMPT);
    return booted;
  });
  return new PacketScene(lab);
});

test.each([
  ["glued", ["glued.example 3600 SOA", "glued.example 3600 NS", "ns.glued.example 3600 A 10.0.0.1"]],
  ["blanks", ["blanks.example 3600 SOA", "blanks.example 3600 NS", "ns.blanks.example 3600 A 10.0.0.1"]],
  ["classes", ["classes.example 60 SOA", "ns.classes.example 30 A 10.0.0.1", "x.classes.example 20 A 10.0.0.2"]],
  ["units", ["units.example 86400 SOA", "ns.units.example 5400 A 10.0.0.1"]],
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
  await s.node.enter("dns load /a/units units.example", PROMPT);
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

test.each(Object.keys(WRONG))("a wrong %s is told", async (name) => {
  const { node } = await server();
  await node.enter(`dns load /a/${name} ${name}.example`, /dns: row 1: /);
});

test("a version of EDNS that nobody has yet is told so, with ours", async () => {
  const s = await server();
  await s.node.enter("dns load /a/units units.example", PROMPT);
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
