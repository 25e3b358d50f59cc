/**
 * Questions that the DNS server passes on: what a stranger must guess to be believed, and questions that go in circles.
 */
import { expect, test } from "vitest";
import { get16, put16 } from "../../emulator/ether/packet.ts";
import { shared } from "../setup/shared.ts";
import { withAddress } from "../system/booted.ts";
import { PROMPT } from "../system/images.ts";
import { answerBytes, asked, nameBytes, readMessage, recordBytes, TYPES } from "./dns-wire.ts";
import { join, PacketScene, udp } from "./packet-wire.ts";

const [CLIENT, OTHER, SERVER] = ["10.0.2.77", "10.0.2.78", "10.0.2.79"] as const;
const RIGHT = [10, 9, 8, 7] as const;
const FORGED = [6, 6, 6, 6] as const;
const OPT = [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0] as const;
const REFUSED = 5;
const SERVER_FAILURE = 2;
const FORMAT_ERROR = 1;

interface Passed {
  readonly port: number;
  readonly id: number;
  readonly name: string;
  readonly message: Uint8Array;
}

/** A node whose server is `server`; what it passes on, and what it says to those who ask it. */
class Forwarder {
  readonly s: PacketScene;
  readonly passed: Passed[] = [];
  readonly #answers = new Map<number, Uint8Array[]>();
  /** What the server answers, if it does. */
  server: (question: Passed) => readonly Uint8Array[] = () => [];
  #port = 20_000;

  constructor(s: PacketScene) {
    this.s = s;
    s.answer = (frame) => {
      if (frame[23] !== 17) return [];
      const message = frame.slice(42, 14 + get16(frame, 16));
      if (get16(frame, 34) === 53) {
        this.#answers.get(get16(frame, 36))?.push(message);
        return [];
      }
      if (get16(frame, 36) !== 53) return [];
      const one = { ...asked(message), port: get16(frame, 34), message };
      this.passed.push(one);
      return this.server(one).map((data) => this.frame(one.port, data));
    };
  }

  /** A datagram to a port of the node's, as from its server unless somebody else is named. */
  frame(port: number, data: Uint8Array, from: string = SERVER, source = 53): Uint8Array {
    return udp({ source, port, data }, { from })(this.s.facts);
  }

  /** Asks the node; what it answers comes into the list. */
  ask(name: string, id: number, more: AskMore = {}): Uint8Array[] {
    const port = this.#port++;
    const answers: Uint8Array[] = [];
    this.#answers.set(port, answers);
    const additional = more.additional ?? [];
    const counts = [0, 1, 0, 0, 0, 0, 0, more.count ?? (additional.length > 0 ? 1 : 0)];
    const type = more.type ?? TYPES.A;
    const data = join([id >> 8, id & 255, 1, 0], counts, nameBytes(name), [0, type, 0, 1], additional);
    const way = { from: more.from ?? CLIENT, ...(more.to === undefined ? {} : { to: more.to }) };
    this.s.plug.send(udp({ source: port, port: 53, data }, way)(this.s.facts));
    return answers;
  }
}

interface AskMore {
  readonly from?: string;
  /** Another address of the node's. */
  readonly to?: string;
  readonly type?: number;
  readonly additional?: readonly number[];
  readonly count?: number;
}

const answerTo = (question: Passed, data: readonly number[] = RIGHT): Uint8Array =>
  answerBytes(question.message, [{ name: question.name, type: 1, data }]);

const scene = shared(async () => {
  const lab = await withAddress();
  await lab.nodes[0]!.enter(`set dns.server ${SERVER}`, PROMPT);
  await lab.nodes[0]!.enter("dns on", PROMPT);
  const s = new PacketScene(lab);
  await s.greet();
  return s;
});

/** One at which nothing waits any more. */
async function forwarder(): Promise<Forwarder> {
  const s = await scene();
  await s.lab.advance("9s");
  return new Forwarder(s);
}

test("each question has a port and a number of its own, spread over all, that nothing before tells", async () => {
  const f = await forwarder();
  f.server = (question) => [answerTo(question)];
  for (let at = 0; at < 200; at++) {
    f.ask(`n${at}.far.example`, at);
    await f.s.lab.advance("5ms");
  }
  expect(f.passed).toHaveLength(200);
  for (const numbers of [f.passed.map(({ port }) => port), f.passed.map(({ id }) => id)]) {
    expect(new Set(numbers).size).toBeGreaterThan(195);
    // Sixteenths of the range: of 200 drawn evenly each has some 12.
    const sixteenths = Array.from({ length: 16 }, (_, at) => numbers.filter((one) => one >> 12 === at).length);
    expect(Math.max(...sixteenths)).toBeLessThan(30);
    expect(Math.min(...sixteenths)).toBeGreaterThan(0);
    // Neither the step from one to the next nor one bit of it is always the same.
    const steps = numbers.slice(1).map((one, at) => (one - numbers[at]!) & 0xffff);
    expect(new Set(steps).size).toBeGreaterThan(190);
    for (let bit = 0; bit < 16; bit++) {
      const changes = numbers.slice(1).filter((one, at) => ((one ^ numbers[at]!) >> bit) & 1).length;
      expect(changes).toBeGreaterThan(60);
      expect(changes).toBeLessThan(140);
    }
  }
});

test("a forged answer needs address, port, number and question, and the right one is let in after it", async () => {
  const f = await forwarder();
  const said = f.ask("guess.example", 7);
  await f.s.lab.advance("5ms");
  const [question] = f.passed;
  const forged = answerTo(question!, FORGED);
  const changed = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = forged.slice();
    change(bytes);
    return bytes;
  };
  const tries = [
    f.frame(question!.port, forged, OTHER),
    f.frame(question!.port, forged, SERVER, 5353),
    f.frame((question!.port + 1) & 0xffff || 1024, forged),
    f.frame(
      question!.port,
      changed((bytes) => put16(bytes, 0, question!.id ^ 1)),
    ),
    f.frame(
      question!.port,
      changed((bytes) => (bytes[2]! &= 0x7f)),
    ),
    f.frame(
      question!.port,
      changed((bytes) => (bytes[13]! ^= 1)),
    ),
    f.frame(
      question!.port,
      changed((bytes) => (bytes[12 + 15 + 1] = TYPES.AAAA)),
    ),
    f.frame(question!.port, forged.subarray(0, 12)),
    f.frame(question!.port, forged.subarray(0, forged.length - 3)),
  ];
  for (const frame of tries) f.s.plug.send(frame);
  await f.s.lab.advance("50ms");
  expect(said).toEqual([]);
  f.s.plug.send(f.frame(question!.port, answerTo(question!)));
  await f.s.lab.advance("10ms");
  expect([...said[0]!.slice(-4)]).toEqual([...RIGHT]);
  // What comes after it finds nobody.
  f.s.plug.send(f.frame(question!.port, forged));
  await f.s.lab.advance("50ms");
  expect(said).toHaveLength(1);
});

test("whoever has found the port has a few tries, not 65,536", async () => {
  const f = await forwarder();
  const said = f.ask("flood.example", 7);
  await f.s.lab.advance("5ms");
  const [question] = f.passed;
  for (let number = 0; number < 2000; number++) {
    const forged = answerTo(question!, FORGED);
    put16(forged, 0, (question!.id + 1000 + number) & 0xffff);
    f.s.plug.send(f.frame(question!.port, forged));
    if (number % 100 === 0) await f.s.lab.advance("2ms");
  }
  f.s.plug.send(f.frame(question!.port, answerTo(question!, FORGED)));
  await f.s.lab.advance("100ms");
  expect(said.map((answer) => answer[3]! & 15)).toEqual([SERVER_FAILURE]);
});

test("however many ask for a name, it is asked for once, and each gets the answer in its own letters", async () => {
  const f = await forwarder();
  const names = Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? "Many.Example" : "mANY.eXAMPLE"));
  const all = names.map((name, at) => f.ask(name, at, { from: at % 3 === 0 ? OTHER : CLIENT }));
  f.ask("many.example", 99, { type: TYPES.TXT });
  await f.s.lab.advance("20ms");
  expect(f.passed.map(({ message }) => asked(message).type)).toEqual([TYPES.A, TYPES.TXT]);
  f.s.plug.send(f.frame(f.passed[0]!.port, answerTo(f.passed[0]!)));
  await f.s.lab.advance("20ms");
  for (const [at, said] of all.entries()) {
    expect(said).toHaveLength(1);
    const { id, sections } = readMessage(said[0]!);
    expect([id, sections[0]![0]]).toEqual([at, `${names[at]} 1 1`]);
    expect([...said[0]!.slice(-4)]).toEqual([...RIGHT]);
  }
});

test("each answer comes from the address that was asked", async () => {
  const f = await forwarder();
  await f.s.node.enter("ifconfig eth0 add 10.0.2.60 255.255.255.0", PROMPT);
  await f.s.lab.advance("5s");
  f.ask("two.example", 1, { to: "10.0.2.60" });
  f.ask("two.example", 2);
  f.ask("other.example", 3, { to: "10.0.2.60" });
  await f.s.lab.advance("20ms");
  f.s.frames.length = 0;
  f.s.plug.send(f.frame(f.passed[0]!.port, answerTo(f.passed[0]!)));
  await f.s.lab.advance("20ms");
  const from = f.s.frames
    .filter((frame) => frame[23] === 17 && get16(frame, 34) === 53)
    .map((frame) => `${get16(frame, 42)} ${frame.slice(26, 30).join(".")}`);
  expect(from.sort()).toEqual(["1 10.0.2.60", `2 ${f.s.facts.address}`]);
  await f.s.node.enter("ifconfig eth0 del 10.0.2.60", PROMPT);
});

test("an asker without EDNS gets nothing of EDNS, and no more than 512 bytes", async () => {
  const f = await forwarder();
  const many = Array.from({ length: 40 }, (_, at) => ({ name: "x.example", type: 1, data: [10, 0, 0, at] }));
  f.server = ({ message, name }) => {
    const records = name === "x.example" ? many : [{ name, type: 1, data: RIGHT }];
    const answer = answerBytes(message.subarray(0, 12 + nameBytes(name).length + 4), records);
    put16(answer, 10, 1);
    return [join(answer, OPT)];
  };
  const [plain, extended] = [f.ask("x.example", 1, { from: OTHER }), f.ask("x.example", 2, { additional: OPT })];
  const small = f.ask("y.example", 3, { additional: OPT });
  const joined = f.ask("y.example", 4);
  await f.s.lab.advance("50ms");
  expect(readMessage(extended[0]!).sections.map((section) => section.length)).toEqual([1, 40, 0, 1]);
  expect(readMessage(plain[0]!).sections.map((section) => section.length)).toEqual([1, 0, 0, 0]);
  expect(plain[0]![2]! & 2).toBe(2);
  expect(readMessage(small[0]!).sections.map((section) => section.length)).toEqual([1, 1, 0, 1]);
  expect(readMessage(joined[0]!).sections.map((section) => section.length)).toEqual([1, 1, 0, 0]);
});

test("a question that is lost goes again, from the same port, and ends after 8 s with a word to its askers", async () => {
  const f = await forwarder();
  const said = f.ask("lost.example", 7);
  await f.s.lab.advance("7500ms");
  expect(f.passed.map(({ port, id }) => `${port} ${id}`)).toEqual(
    Array<string>(3).fill(`${f.passed[0]!.port} ${f.passed[0]!.id}`),
  );
  expect(said).toEqual([]);
  await f.s.lab.advance("1s");
  expect(said.map((answer) => [answer[1], answer[3]! & 15])).toEqual([[7, SERVER_FAILURE]]);
  f.s.plug.send(f.frame(f.passed[0]!.port, answerTo(f.passed[0]!, FORGED)));
  await f.s.lab.advance("20ms");
  expect(said).toHaveLength(1);
});

test("a question that comes back is refused: from the server, by another way, and with this machine as its own server", async () => {
  const f = await forwarder();
  f.ask("ring.example", 7);
  await f.s.lab.advance("5ms");
  const { message } = f.passed[0]!;
  const back: Uint8Array[] = [];
  const hear = f.s.answer;
  f.s.answer = (frame) => {
    if (frame[23] === 17 && get16(frame, 34) === 53 && get16(frame, 36) >= 40_000)
      back.push(frame.slice(42, 14 + get16(frame, 16)));
    return hear(frame);
  };
  for (const [at, from] of [SERVER, OTHER].entries())
    f.s.plug.send(udp({ source: 40_000 + at, port: 53, data: message }, { from })(f.s.facts));
  await f.s.lab.advance("20ms");
  expect(back.map((answer) => answer[3]! & 15)).toEqual([REFUSED, REFUSED]);
  expect(f.passed).toHaveLength(1);
  for (const server of [f.s.facts.address, "127.0.0.1"]) {
    await f.s.node.enter(`set dns.server ${server}`, PROMPT);
    const said = f.ask("self.example", 8);
    await f.s.lab.advance("20ms");
    expect(said.map((answer) => answer[3]! & 15)).toEqual([REFUSED]);
  }
  await f.s.node.enter(`set dns.server ${SERVER}`, PROMPT);
  expect(f.passed).toHaveLength(1);
});

test("one address has half of the questions that wait, and others theirs", async () => {
  const f = await forwarder();
  const mine = Array.from({ length: 40 }, (_, at) => f.ask(`m${at}.example`, at));
  await f.s.lab.advance("20ms");
  expect(f.passed).toHaveLength(16);
  expect(mine.filter((said) => said.length > 0)).toHaveLength(24);
  f.server = (question) => [answerTo(question)];
  const other = f.ask("other.example", 1, { from: OTHER });
  await f.s.lab.advance("20ms");
  expect([...other[0]!.slice(-4)]).toEqual([...RIGHT]);
});

const txt = recordBytes({ name: "x.example", type: TYPES.TXT, data: [0] });
test.each([
  ["two OPT records", [...OPT, ...OPT], 2],
  ["two OPT records with another between", [...OPT, ...txt, ...OPT], 3],
  ["an OPT record with a name", [...nameBytes("a"), ...OPT.slice(1)], 1],
  ["a record that is cut off", OPT.slice(0, 10), 1],
  ["fewer records than it says", [...OPT], 2],
])("a question with %s is an error of form (RFC 6891, 6.1.1)", async (_, additional, count) => {
  const f = await forwarder();
  const said = f.ask("opt.example", 7, { additional, count });
  await f.s.lab.advance("20ms");
  expect(said.map((answer) => answer[3]! & 15)).toEqual([FORMAT_ERROR]);
  expect(f.passed).toEqual([]);
});

test("an OPT record behind another one counts", async () => {
  const f = await forwarder();
  const said = f.ask("late.example", 7, { additional: [...txt, ...OPT], count: 2 });
  await f.s.lab.advance("20ms");
  expect(said).toEqual([]);
  expect([...f.passed[0]!.message.slice(-11)]).toEqual([...OPT]);
});
