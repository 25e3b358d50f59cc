/** The resolver, asked through commands, and a name server on the wire that answers rightly, wrongly, or not at all. */
import { describe, expect, test } from "vitest";
import { ETHERTYPE_ARP, get16, parseIpv4 } from "../../../emulator/ether/packet.ts";
import type { LabCluster, LabNode } from "../../../src/index.ts";
import { shared } from "../../setup/shared.ts";
import { PROMPT } from "../../system/images.ts";
import { answerBytes, asked, type DnsRecord, nameBytes, nodeThatAsks, TYPES } from "./dns-wire.ts";
import { join, type PacketScene, PEER, udp } from "./packet-wire.ts";

const A = (name: string, address: string, ttl?: number): DnsRecord => ({
  name,
  type: TYPES.A,
  data: parseIpv4(address),
  ...(ttl === undefined ? {} : { ttl }),
});
const CNAME = (name: string, to: string): DnsRecord => ({ name, type: TYPES.CNAME, data: nameBytes(to) });

interface Question {
  readonly message: Uint8Array;
  readonly name: string;
  readonly id: number;
  readonly port: number;
  readonly to: string;
  readonly toPort: number;
}

type Answer = (question: Question, index: number) => readonly Uint8Array[];

interface Found {
  readonly s: PacketScene;
  readonly node: LabNode;
  readonly lab: LabCluster;
  /** What the node has asked since the test began. */
  readonly questions: Question[];
}

const asker = shared(nodeThatAsks);

/** `answer` gives the datagrams that follow each question, from the port that was asked. */
async function scene(answer: Answer, from = PEER, source?: number): Promise<Found> {
  const s = await asker();
  const questions: Question[] = [];
  s.answer = (frame) => {
    if (get16(frame, 12) === ETHERTYPE_ARP || frame[23] !== 17) return [];
    const toPort = get16(frame, 36);
    if (toPort !== 53 && toPort !== 5353) return [];
    const message = frame.slice(42, 14 + get16(frame, 16));
    const { id, name } = asked(message);
    const question = { message, id, name, port: get16(frame, 34), to: frame.slice(30, 34).join("."), toPort };
    questions.push(question);
    const replies = answer(question, questions.length - 1);
    return replies.map((data) => udp({ source: source ?? toPort, port: question.port, data }, { from })(s.facts));
  };
  return { s, node: s.node, lab: s.lab, questions };
}

const host = async (found: Found, name: string, pattern: RegExp): Promise<string> => {
  const from = found.node.console.text.length;
  await found.node.enter(`host ${name}`, pattern, { within: "30s" });
  await found.node.waitFor(PROMPT);
  return found.node.console.text.slice(from);
};

describe("a name", () => {
  test("has the addresses of its records, and is asked for once while they hold", async () => {
    const found = await scene(({ message, name }) => [
      answerBytes(message, [A(name, "10.0.2.78", 5), A(name, "10.0.2.79", 9)]),
    ]);
    await host(found, "www.example.com", /has address 10\.0\.2\.78\s+www\.example\.com has address 10\.0\.2\.79/);
    await host(found, "WWW.Example.COM.", /has address 10\.0\.2\.79/);
    expect(found.questions.map(({ name }) => name)).toEqual(["www.example.com"]);
    await found.lab.advance("6s");
    await host(found, "www.example.com", /has address 10\.0\.2\.79/);
    expect(found.questions).toHaveLength(2);
    const [first, second] = found.questions;
    expect(first!.message.slice(2, 12)).toEqual(Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 0, 0, 0));
    expect(first!.port).toBeGreaterThanOrEqual(1024);
    expect([first!.port, first!.id]).not.toEqual([second!.port, second!.id]);
    // Commands take names; an address needs nobody.
    await found.node.enter("ping -c 1 www.example.com", /no reply from 10\.0\.2\.78/);
    await host(found, "10.0.2.9", /has address 10\.0\.2\.9/);
    await host(found, "localhost", /has address 127\.0\.0\.1/);
    expect(found.questions).toHaveLength(2);
  });

  test("may be an alias of an alias, in any order", async () => {
    const found = await scene(({ message }) => [
      answerBytes(message, [
        A("c.example", "10.9.9.9"),
        CNAME("b.example", "c.example"),
        CNAME("a.example", "b.example"),
      ]),
    ]);
    await host(found, "a.example", /a\.example has address 10\.9\.9\.9/);
  });

  test("that does not exist is not asked for again at once", async () => {
    const found = await scene(({ message }) => [answerBytes(message, [], 3)]);
    await host(found, "no.example", /host: no\.example: /);
    await host(found, "no.example", /host: no\.example: /);
    expect(found.questions).toHaveLength(1);
  });

  test("that has records but no address is not found, for a minute and not for as long as the records hold", async () => {
    const alias = { ...CNAME("mail.example", "none.example"), ttl: 3600 };
    const found = await scene(({ message }) => [answerBytes(message, [alias])]);
    for (const _ of [1, 2]) await host(found, "mail.example", /host: mail\.example: /);
    expect(found.questions).toHaveLength(1);
    await found.lab.advance("61s");
    await host(found, "mail.example", /host: mail\.example: /);
    expect(found.questions).toHaveLength(2);
  });

  test.each([2, 5])("whose server fails or refuses (%i) is said to be the server's fault", async (rcode) => {
    const found = await scene(({ message }) => [answerBytes(message, [], rcode)]);
    await host(found, `fails${rcode}.example`, /host: \S+: the name server does not say/);
  });

  test("that is none is not asked for", async () => {
    const found = await scene(() => []);
    for (const name of ["a..b", ".a", `${"x".repeat(64)}.de`, "a%b", "10.0.2", "10.0.2.256"])
      await host(found, name, /host: /);
    expect(found.questions).toEqual([]);
  });

  test("in .local is asked of all on the link (RFC 6762, 5.1)", async () => {
    const found = await scene(({ message, name }) => [answerBytes(message, [A(name, "10.0.2.78")])], "10.0.2.78");
    await host(found, "printer.local", /has address 10\.0\.2\.78/);
    expect(found.questions.map(({ to, toPort }) => [to, toPort])).toEqual([["224.0.0.251", 5353]]);
  });
});

describe("an answer", () => {
  test("that is lost is asked for again, after 1, 2, 4 and 4 s", async () => {
    const found = await scene(() => []);
    const started = found.lab.nowNs;
    await host(found, "slow.example", /host: slow\.example: /);
    expect(found.questions).toHaveLength(4);
    expect((found.lab.nowNs - started) / 1e9).toBeGreaterThan(10.9);
    expect((found.lab.nowNs - started) / 1e9).toBeLessThan(12);
  });

  /** What a forger could try: each is passed over, and the right answer after it counts. */
  test("that somebody guesses at ends the question: eight wrong numbers, and no more is believed", async () => {
    const found = await scene(({ message, name, id }, index) => {
      if (index > 0) return [];
      const forged = Array.from({ length: 40 }, (_, at) => answerBytes(message, [A(name, `6.6.6.${at}`)]));
      for (const [at, answer] of forged.entries()) answer.set([(id ^ (at + 1)) >> 8, (id ^ (at + 1)) & 255]);
      return [...forged, answerBytes(message, [A(name, "6.6.6.6")])];
    });
    expect(await host(found, "guess.example", /host: .*\n/)).toMatch(/host: (?!.*6\.6\.6)/);
    expect(found.questions).toHaveLength(1);
  });

  const forged: readonly (readonly [string, (message: Uint8Array) => Uint8Array, string])[] = [
    ["with another number", (m) => m.map((byte, at) => (at === 1 ? byte ^ 1 : byte)), "answers that nobody waits for"],
    [
      "that is a question",
      (m) => m.map((byte, at) => (at === 2 ? byte & 0x7f : byte)),
      "answers that nobody waits for",
    ],
    [
      "with another opcode",
      (m) => m.map((byte, at) => (at === 2 ? byte | 0x28 : byte)),
      "answers that nobody waits for",
    ],
    ["to another question", (m) => m.map((byte, at) => (at === 13 ? byte ^ 2 : byte)), "answers that nobody waits for"],
    ["without the question", (m) => m.map((byte, at) => (at === 5 ? 0 : byte)), "malformed"],
    ["with two questions", (m) => m.map((byte, at) => (at === 5 ? 2 : byte)), "malformed"],
    ["of eleven bytes", (m) => m.slice(0, 11), "malformed"],
    ["that ends in the question", (m) => m.slice(0, 20), "malformed"],
    ["whose question is a pointer to itself", (m) => join(m.slice(0, 12), [0xc0, 12, 0, 1, 0, 1]), "malformed"],
  ];
  test.each(forged)("%s is passed over", async (_, change, count) => {
    const found = await scene(({ message, name }) => [
      change(answerBytes(message, [A(name, "6.6.6.6")])),
      answerBytes(message, [A(name, "10.0.2.78")]),
    ]);
    const before = found.s.counts.read();
    const text = await host(found, `f${found.lab.nowNs}.example`, /has address/);
    expect(text).toContain("10.0.2.78");
    expect(text).not.toContain("6.6.6.6");
    expect(found.s.counts.read().get(`dns ${count}`)).toBeGreaterThan(before.get(`dns ${count}`)!);
  });

  test("from another machine is passed over", async () => {
    const found = await scene(({ message, name }) => [answerBytes(message, [A(name, "6.6.6.6")])], "10.0.2.79");
    await host(found, "foreign.example", /host: foreign\.example: /);
  });

  test("from another port is passed over", async () => {
    const found = await scene(({ message, name }) => [answerBytes(message, [A(name, "6.6.6.6")])], PEER, 5300);
    await host(found, "port.example", /host: port\.example: /);
  });

  test("of a server that refuses is an error, and is not kept", async () => {
    const found = await scene(({ message }) => [answerBytes(message, [], 5)]);
    await host(found, "refused.example", /host: refused\.example: /);
    await host(found, "refused.example", /host: refused\.example: /);
    expect(found.questions).toHaveLength(2);
  });

  const malformed: readonly (readonly [string, readonly number[]])[] = [
    ["a record that is cut off in its name", [3, 119]],
    ["a record without its fixed part", [0, 0, 1]],
    ["a record longer than the message", [0, 0, 1, 0, 1, 0, 0, 0, 9, 255, 255, 1, 2, 3, 4]],
    ["a name that points to itself", [0xc0, 29, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 6, 6, 6, 6]],
    ["a name that points forward", [0xc0, 40, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 6, 6, 6, 6]],
    ["a pointer past the end", [0xff, 255, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 6, 6, 6, 6]],
    ["half a pointer", [0xc0]],
    ["a label of type 01", [0x41, 1, 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 6, 6, 6, 6]],
    [
      "a name of more than 255 bytes",
      [
        ...Array.from({ length: 5 }, () => [63, ...new Uint8Array(63)]).flat(),
        0,
        0,
        1,
        0,
        1,
        0,
        0,
        0,
        9,
        0,
        4,
        6,
        6,
        6,
        6,
      ],
    ],
  ];
  test.each(malformed)("with %s is refused", async (_, bytes) => {
    const found = await scene(({ message }) => {
      const good = answerBytes(message, []);
      good[7] = 1;
      return [join(good, bytes)];
    });
    const before = found.s.counts.read().get("dns malformed")!;
    const text = await host(found, "w.example", /host: w\.example: /);
    expect(text).not.toContain("6.6.6.6");
    expect(found.s.counts.read().get("dns malformed")).toBeGreaterThan(before);
  });

  test("whose aliases go round is given up", async () => {
    const found = await scene(({ message }) => [
      answerBytes(message, [CNAME("d.example", "e.example"), CNAME("e.example", "d.example")]),
    ]);
    await host(found, "d.example", /host: d\.example: /);
  });
});

test("traceroute shows who throws a packet away, step by step", async () => {
  const found = await scene(() => []);
  await found.node.enter("traceroute 127.0.0.1", /1 {2}127\.0\.0\.1, the machine itself/);
});
