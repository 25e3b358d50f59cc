/** The DNS server, asked by dig (BIND's) through a socket of this machine, and by frames that dig would not send. */
import { describe, expect, test } from "vitest";
import { get16 } from "../../../emulator/ether/packet.ts";
import { requireOracle } from "../../oracle.ts";
import { shared } from "../../setup/shared.ts";
import { inState, PROMPT } from "../../system/images.ts";
import { nodeWithVolume } from "../../system/volume.ts";
import { ask, dig, rows } from "./dig.ts";
import { answerBytes, nameBytes } from "./dns-wire.ts";
import { join, PacketScene, tcp, udp } from "./packet-wire.ts";

const ZONE = [
  "$TTL 600",
  "@ IN SOA ns hostmaster ( 7 3600 600 86400 60 ) ; serial and times",
  "  IN NS ns",
  "ns A 10.0.2.15",
  "www 60 IN A 10.0.0.1",
  "  60 A 10.0.0.2",
  "alias CNAME www",
  "far CNAME www.elsewhere.example.",
  "chain CNAME alias",
  "loop CNAME loop2",
  "loop2 CNAME loop",
  "_http._tcp SRV 10 20 8080 www",
  "home.example. MX 5 mail",
  "mail A 10.0.0.3",
  'txt TXT "one two" three',
  "*.wild A 10.0.0.9",
  "here.wild TXT x",
  "sub NS ns.sub",
  "ns.sub A 10.0.0.53",
  "a.deep.empty A 10.0.0.4",
];

/** A node that serves home.example from a file on its volume. */
const server = shared(async () => {
  const lab = await inState("serves names", async () => {
    const booted = await nodeWithVolume([
      ...ZONE.map((row) => `echo '${row}' >> /a/home.zone`),
      "dns load /a/home.zone home.example",
    ]);
    await booted.nodes[0]!.enter("dns", /_http\._tcp\.home\.example 600 SRV/);
    await booted.nodes[0]!.enter("dns on", PROMPT);
    return booted;
  });
  return new PacketScene(lab);
});

async function scene(): Promise<PacketScene> {
  const s = await server();
  s.answer = () => [];
  return s;
}

describe("dig", () => {
  const cases: readonly (readonly [string, string, RegExp, readonly string[]])[] = [
    [
      "www.home.example",
      "A",
      /status: NOERROR.*flags: qr aa rd/s,
      ["www.home.example. 60 IN A 10.0.0.1", "www.home.example. 60 IN A 10.0.0.2"],
    ],
    [
      "WWW.Home.Example",
      "A",
      /ANSWER: 2/,
      ["WWW.Home.Example. 60 IN A 10.0.0.1", "WWW.Home.Example. 60 IN A 10.0.0.2"],
    ],
    [
      "alias.home.example",
      "A",
      /NOERROR/,
      [
        "alias.home.example. 600 IN CNAME www.home.example.",
        "www.home.example. 60 IN A 10.0.0.1",
        "www.home.example. 60 IN A 10.0.0.2",
      ],
    ],
    ["alias.home.example", "CNAME", /ANSWER: 1,/, ["alias.home.example. 600 IN CNAME www.home.example."]],
    ["chain.home.example", "A", /ANSWER: 4,/, []],
    ["far.home.example", "A", /NOERROR.*ANSWER: 1,/s, ["far.home.example. 600 IN CNAME www.elsewhere.example."]],
    ["loop.home.example", "A", /NOERROR/, []],
    [
      "_http._tcp.home.example",
      "SRV",
      /ADDITIONAL: 3/,
      [
        "_http._tcp.home.example. 600 IN SRV 10 20 8080 www.home.example.",
        "www.home.example. 60 IN A 10.0.0.1",
        "www.home.example. 60 IN A 10.0.0.2",
      ],
    ],
    ["home.example", "MX", /NOERROR/, ["home.example. 600 IN MX 5 mail.home.example."]],
    ["txt.home.example", "TXT", /NOERROR/, []],
    ["any.wild.home.example", "A", /NOERROR/, ["any.wild.home.example. 600 IN A 10.0.0.9"]],
    ["a.b.wild.home.example", "A", /NOERROR/, ["a.b.wild.home.example. 600 IN A 10.0.0.9"]],
    ["here.wild.home.example", "A", /NOERROR.*ANSWER: 0, AUTHORITY: 1/s, []],
    ["x.here.wild.home.example", "A", /NXDOMAIN/, []],
    ["no.home.example", "A", /status: NXDOMAIN.*qr aa.*AUTHORITY: 1/s, []],
    ["www.home.example", "AAAA", /NOERROR.*ANSWER: 0, AUTHORITY: 1/s, []],
    ["empty.home.example", "A", /NOERROR.*ANSWER: 0, AUTHORITY: 1/s, []],
    [
      "host.sub.home.example",
      "A",
      /flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 2/,
      ["sub.home.example. 600 IN NS ns.sub.home.example.", "ns.sub.home.example. 600 IN A 10.0.0.53"],
    ],
    [
      "home.example",
      "SOA",
      /NOERROR/,
      ["home.example. 600 IN SOA ns.home.example. hostmaster.home.example. 7 3600 600 86400 60"],
    ],
  ];
  test.for(cases)("%s %s", async ([name, type, head, wanted], context) => {
    requireOracle("dig", context);
    const s = await scene();
    const text = await dig(s, name, type);
    expect(text).toMatch(head);
    expect(text).not.toMatch(/WARNING|malformed|extra bytes/i);
    for (const row of wanted) expect(rows(text)).toContain(row);
  });

  test("other classes, operations and zones are refused", async (context) => {
    requireOracle("dig", context);
    const s = await scene();
    expect(await dig(s, "www.home.example", "-c", "CH")).toMatch(/REFUSED/);
    expect(await dig(s, "+opcode=STATUS", "www.home.example")).toMatch(/NOTIMP/);
    expect(await dig(s, "+norecurse", "www.elsewhere.example")).toMatch(/REFUSED/);
  });
});

describe("a question", () => {
  const valid = join([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes("www.home.example"), [0, 1, 0, 1]);
  const wrong: readonly (readonly [string, Uint8Array, number | null])[] = [
    ["of no byte", valid.slice(0, 0), null],
    ["of eleven bytes", valid.slice(0, 11), null],
    ["that is an answer", valid.map((byte, at) => (at === 2 ? 0x81 : byte)), null],
    ["without a question", valid.slice(0, 12).map((byte, at) => (at === 5 ? 0 : byte)), 1],
    ["with two", valid.map((byte, at) => (at === 5 ? 2 : byte)), 1],
    ["that ends in its name", valid.slice(0, 16), 1],
    ["that ends after its name", valid.slice(0, -4), 1],
    ["that ends in its class", valid.slice(0, -1), 1],
    ["whose name points to itself", join(valid.slice(0, 12), [0xc0, 12, 0, 1, 0, 1]), 1],
    ["whose name points past the end", join(valid.slice(0, 12), [0xff, 0xff, 0, 1, 0, 1]), 1],
    ["whose name points to its head", join(valid.slice(0, 12), [0xc0, 0, 0, 1, 0, 1]), 5],
    ["with a label of type 10", join(valid.slice(0, 12), [0x80, 1, 0, 0, 1, 0, 1]), 1],
    [
      "with a name of 256 bytes",
      join(
        valid.slice(0, 12),
        ...Array.from({ length: 4 }, () => [63, ...new Uint8Array(63).fill(97)]),
        [0, 0, 1, 0, 1],
      ),
      1,
    ],
  ];
  test.each(wrong)("%s", async (_, message, rcode) => {
    const s = await scene();
    const answer = await ask(s, message);
    if (rcode === null) expect(answer).toBeNull();
    else if (rcode !== 5) expect(answer![3]! & 15).toBe(rcode);
    const good = await ask(s, valid);
    expect(get16(good!, 6)).toBe(2);
  });

  test("of a neighbour is passed on, with another number and port, and answered", async () => {
    const s = await scene();
    await s.node.enter("set dns.server 10.0.2.79", PROMPT);
    const passed: Uint8Array[] = [];
    s.answer = (frame) => {
      if (frame[23] !== 17 || get16(frame, 36) !== 53) return [];
      const message = frame.slice(42, 14 + get16(frame, 16));
      passed.push(frame);
      const right = answerBytes(message, [{ name: "www.elsewhere.example", type: 1, data: [10, 9, 8, 7] }]);
      const forged = right.map((byte, at) => (at === 0 ? byte ^ 1 : at === right.length - 1 ? 6 : byte));
      const port = get16(frame, 34);
      return [
        udp({ source: 53, port, data: forged }, { from: "10.0.2.79" })(s.facts),
        udp({ source: 53, port, data: right }, { from: "10.0.2.78" })(s.facts),
        udp({ source: 53, port, data: right }, { from: "10.0.2.79" })(s.facts),
      ];
    };
    const message = join([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes("www.elsewhere.example"), [0, 1, 0, 1]);
    const answer = await ask(s, message);
    expect([...answer!.slice(0, 2)]).toEqual([0, 9]);
    expect([...answer!.slice(-4)]).toEqual([10, 9, 8, 7]);
    expect(passed).toHaveLength(1);
    expect(get16(passed[0]!, 34)).toBeGreaterThanOrEqual(1024);
    // A machine that is no neighbour is refused, so that nobody uses us against others.
    s.frames.length = 0;
    s.plug.send(udp({ source: 33_000, port: 53, data: message }, { from: "192.0.2.1" })(s.facts));
    await s.lab.advance("50ms");
    expect(passed).toHaveLength(1);
  });
});

describe("names in an answer", () => {
  const question = (name: string, type: number): Uint8Array =>
    join([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes(name), [0, type, 0, 1]);
  const OWNER = [0xc0, 12];

  test("stand once: what follows points to them, in the asker's own letters", async () => {
    const s = await scene();
    const asked = question("WWW.home.Example", 1);
    const answer = (await ask(s, asked))!;
    const record = (ttl: number, last: number): number[] => [
      ...OWNER,
      0,
      1,
      0,
      1,
      0,
      0,
      ttl >> 8,
      ttl & 255,
      0,
      4,
      10,
      0,
      0,
      last,
    ];
    expect([...answer.slice(12)]).toEqual([...asked.slice(12), ...record(60, 1), ...record(60, 2)]);
  });

  test("are shortened in data where RFC 3597 allows it, and nowhere else", async () => {
    const s = await scene();
    const mx = (await ask(s, question("home.example", 15)))!;
    const at = 12 + nameBytes("home.example").length + 4;
    expect([...mx.slice(at, at + 21)]).toEqual([
      ...[...OWNER, 0, 15, 0, 1, 0, 0, 2, 88, 0, 9],
      ...[0, 5, 4, ...[..."mail"].map((sign) => sign.charCodeAt(0)), ...OWNER],
    ]);
    const srv = (await ask(s, question("_http._tcp.home.example", 33)))!;
    const target = nameBytes("www.home.example");
    const from = 12 + nameBytes("_http._tcp.home.example").length + 4 + 2 + 10 + 6;
    expect([...srv.slice(from, from + target.length)]).toEqual(target);
  });

  test("leave room for 29 addresses in 512 bytes; with more the answer is cut off between two records", async (context) => {
    requireOracle("dig", context);
    const s = await scene();
    for (let last = 1; last <= 29; last++) await s.node.enter(`dns add many.home.example 30 A 10.1.0.${last}`, PROMPT);
    const whole = (await ask(s, question("many.home.example", 1)))!;
    expect([whole[2]! & 2, get16(whole, 6), whole.length <= 512]).toEqual([0, 29, true]);
    await s.node.enter("dns add many.home.example 30 A 10.1.0.30", PROMPT);
    const cut = (await ask(s, question("many.home.example", 1)))!;
    expect([cut[2]! & 2, get16(cut, 6), cut.length <= 512]).toEqual([2, 29, true]);
    const text = await dig(s, "many.home.example", "A", "+noedns");
    expect(text).toMatch(/flags: qr aa tc/);
    expect(text).not.toMatch(/WARNING|malformed|extra bytes/i);
    await s.node.enter("dns del many.home.example", PROMPT);
  });
});

test("what is wrong in a zone file is told with its row, and the server can be switched off", async () => {
  const s = await scene();
  await s.node.enter('echo "good A 1.2.3.4" > /a/bad.zone', PROMPT);
  await s.node.enter('echo "bad A 1.2.3" >> /a/bad.zone', PROMPT);
  await s.node.enter("dns load /a/bad.zone x.example", /dns: row 2: /);
  await s.node.enter("dns load /a/none.zone x.example", /dns: /);
  await s.node.enter("dns", /good\.x\.example 3600 A 1\.2\.3\.4/);
  await s.node.enter("dns del x.example", PROMPT);
  await s.node.enter("dns del x.example", /dns: /);
  await s.node.enter("dns add one.example 30 A 1.1.1.1", PROMPT);
  await s.node.enter("dns", /one\.example 30 A 1\.1\.1\.1/);
  // TCP is answered too.
  const syn = tcp({ port: 53, flags: 2, source: 7001 });
  expect(await s.run({ name: "", send: [syn], replies: ["tcp NODE > 10.0.2.77 53 > 7001 S. ack 1"] })).toEqual([]);
  await s.node.enter("dns off", PROMPT);
  const after = tcp({ port: 53, flags: 2, source: 7002 });
  expect(await s.run({ name: "", send: [10, after], replies: ["tcp NODE > 10.0.2.77 53 > 7002 R. ack 1"] })).toEqual(
    [],
  );
  await s.node.enter("dns on", PROMPT);
});
