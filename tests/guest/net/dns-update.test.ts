/** Changes of zones over the network: signed updates, and what is not obeyed. */
import { expect, test } from "vitest";
import { get16 } from "../../../emulator/ether/packet.ts";
import { shared } from "../../setup/shared.ts";
import { describeThoroughly } from "../../setup/thoroughly.ts";
import { withAddress } from "../../system/booted.ts";
import { inState, PROMPT } from "../../system/images.ts";
import { output } from "../../system/output.ts";
import { ask } from "./dig.ts";
import { nameBytes, readMessage, TYPES } from "./dns-wire.ts";
import { join, PacketScene, PEER, udp } from "./packet-wire.ts";
import { badTime, type Change, checked, leaseOf, type Signer, signed, update } from "./tsig.ts";

const NONE = 254;
const ANY = 255;
const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
const OK = 0;
const FORMAT = 1;
const SERVER_FAILURE = 2;
const REFUSED = 5;
const NOT_AUTHORITATIVE = 9;
const NOT_IN_ZONE = 10;

interface Scene {
  readonly s: PacketScene;
  readonly signer: () => Signer;
}

let nextId = 100;

/** A node that serves home.example, with a key for all of it and one for what is below `host`. */
const scene = shared(async (): Promise<Scene> => {
  const lab = await inState("serves a zone that may change", async () => {
    const booted = await withAddress();
    const secret = Buffer.from(SECRET).toString("base64");
    const lines = [
      "dns add home.example 600 SOA ns.home.example hostmaster.home.example 7 3600 600 86400 60",
      "dns add home.example 600 NS ns.home.example",
      "dns add ns.home.example 600 A 10.0.2.15",
      "dns add www.home.example 600 A 10.0.0.1",
      "dns add www.home.example 600 A 10.0.0.2",
      "dns add alias.home.example 600 CNAME www.home.example",
      `dns key all.key ${secret}`,
      `dns key host.key ${secret} host.home.example`,
      "dns on",
    ];
    for (const line of lines) await booted.nodes[0]!.enter(line, PROMPT);
    return booted;
  });
  const s = new PacketScene(lab);
  const started = Date.parse(`${/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(await output(s.node, "date"))![0]}Z`) / 1000;
  const startedNs = lab.nowNs;
  return {
    s,
    signer: () => ({
      name: "all.key",
      secret: SECRET,
      time: Math.floor(started + (lab.nowNs - startedNs) / 1e9),
    }),
  };
});

const question = (name: string, type: number): Uint8Array =>
  join([0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes(name), [0, type, 0, 1]);

/** The data of the records of a name, each as numbers. */
async function found({ s }: Scene, name: string, type: number = TYPES.A): Promise<readonly string[]> {
  const answer = readMessage((await ask(s, question(`${name}.home.example`.replace(/^\./, ""), type)))!);
  return answer.sections[1]!.map((line) => line.split(" ").slice(3).join(" "));
}

async function serial(made: Scene): Promise<number> {
  const answer = (await ask(made.s, question("home.example", TYPES.SOA)))!;
  return get16(answer, answer.length - 18);
}

/** What the node answers to an update. */
async function send(
  made: Scene,
  prerequisites: readonly Change[],
  changes: readonly Change[],
  { zone = "home.example", with: other = {} }: { zone?: string; with?: Partial<Signer> } = {},
): Promise<ReturnType<typeof checked>> {
  const signer = { ...made.signer(), ...other };
  const message = signed(update(nextId++, zone, prerequisites, changes), signer);
  return checked((await ask(made.s, message))!, message, signer);
}

const change = (name: string, type: number, data: readonly number[], rest: Partial<Change> = {}): Change => ({
  name: `${name}.home.example`.replace(/^\./, ""),
  type,
  data,
  ...(rest.class === undefined || rest.class === 1 ? {} : { ttl: 0 }),
  ...rest,
});

test("a signed update is made, its answer is signed, the serial counts it; one that comes twice is made once", async () => {
  const made = await scene();
  const before = await serial(made);
  const { counts } = made.s;
  const counted = counts.read();
  const rises = (): number[] => {
    const now = counts.read();
    return ["dns updates made", "dns signatures refused"].map((count) => now.get(count)! - counted.get(count)!);
  };
  const signer = made.signer();
  const add = update(nextId++, "home.example", [], [change("new", TYPES.A, [10, 1, 1, 1], { ttl: 77 })]);
  const message = signed(add, signer);
  const good = { code: OK, error: 0, isSigned: true };
  expect(checked((await ask(made.s, message))!, message, signer)).toEqual(good);
  expect(await found(made, "new")).toEqual(["77 10 1 1 1"]);
  expect(await serial(made)).toBe(before + 1);
  expect(await send(made, [], [change("new", TYPES.A, [], { class: ANY })])).toEqual(good);
  expect(await found(made, "new")).toEqual([]);
  // A stranger who heard the first one cannot undo the second.
  expect(checked((await ask(made.s, message))!, message, signer)).toEqual(good);
  expect(await found(made, "new")).toEqual([]);
  expect(await serial(made)).toBe(before + 2);
  expect(rises()).toEqual([2, 0]);
  // Nothing is changed without a signature, or with a false one.
  const bare = (await ask(made.s, add))!;
  expect([bare[2], bare[3], bare.length]).toEqual([0xa8, REFUSED, 12]);
  const change1 = (mac: Uint8Array): Uint8Array => mac.map((byte, at) => (at === 31 ? byte ^ 1 : byte));
  expect(await send(made, [], [change("new", TYPES.A, [1, 1, 1, 1])], { with: { change: change1 } })).toEqual({
    code: NOT_AUTHORITATIVE,
    error: 16,
    isSigned: false,
  });
  expect(await found(made, "new")).toEqual([]);
  expect(rises()).toEqual([2, 1]);
});

describeThoroughly("what an update says", () => {
  const A = (name: string, last: number, rest: Partial<Change> = {}): Change =>
    change(name, TYPES.A, [10, 0, 0, last], rest);
  const there = (name: string, type: number): Change => change(name, type, [], { class: ANY });
  const absent = (name: string, type: number): Change => change(name, type, [], { class: NONE });
  const wanted = (name: string, last: number): Change => A(name, last, { ttl: 0 });
  const target = [...nameBytes("www.home.example")];

  const prerequisites: readonly (readonly [string, readonly Change[], number])[] = [
    ["a name in use", [there("www", ANY)], OK],
    ["a name in use that is not", [there("none", ANY)], 3],
    ["a set that exists", [there("www", TYPES.A)], OK],
    ["a set that does not", [there("www", TYPES.TXT)], 8],
    ["a name not in use", [absent("none", ANY)], OK],
    ["a name not in use that is", [absent("www", ANY)], 6],
    ["a set that must not exist", [absent("www", TYPES.TXT)], OK],
    ["a set that exists nevertheless", [absent("www", TYPES.A)], 7],
    ["exactly these", [wanted("www", 1), wanted("www", 2)], OK],
    ["exactly these in another order", [wanted("www", 2), wanted("www", 1)], OK],
    ["fewer than there are", [wanted("www", 1)], 8],
    ["more than there are", [wanted("www", 1), wanted("www", 2), wanted("www", 3)], 8],
    ["other ones", [wanted("www", 1), wanted("www", 3)], 8],
    ["an alias", [change("alias", TYPES.CNAME, target, { ttl: 0 })], OK],
    ["a TTL", [A("www", 1)], FORMAT],
    ["data without need", [A("www", 1, { class: ANY })], FORMAT],
    ["another class", [A("www", 1, { class: 3 })], FORMAT],
    ["another zone", [{ name: "www.elsewhere.example", type: ANY, class: ANY, ttl: 0, data: [] }], NOT_IN_ZONE],
  ];
  test.for(prerequisites)("prerequisite: %s", async ([, list, code]) => {
    const made = await scene();
    expect(await send(made, list, [A("made", 5)])).toEqual({ code, error: 0, isSigned: true });
    expect(await found(made, "made")).toEqual(code === OK ? ["300 10 0 0 5"] : []);
    expect((await send(made, [], [change("made", ANY, [], { class: ANY })])).code).toBe(OK);
    expect(await found(made, "made")).toEqual([]);
  });

  const wrong: readonly (readonly [string, readonly Change[], number])[] = [
    ["data too short", [change("made", TYPES.A, [1, 2, 3])], FORMAT],
    ["data too long", [change("made", TYPES.A, [1, 2, 3, 4, 5])], FORMAT],
    ["an IPv6 address too short", [change("made", TYPES.AAAA, [1, 2, 3, 4])], FORMAT],
    ["a name that ends outside", [change("made", TYPES.CNAME, [3, 97])], FORMAT],
    ["a name that points to itself", [change("made", TYPES.CNAME, [0xc0, 0xff])], FORMAT],
    ["a text without length", [change("made", TYPES.TXT, [])], FORMAT],
    ["a text that is longer", [change("made", TYPES.TXT, [5, 97])], FORMAT],
    ["an SOA record cut off", [change("", TYPES.SOA, [0, 0, 1, 2, 3])], FORMAT],
    ["any type", [change("made", ANY, [1, 2, 3, 4])], FORMAT],
    ["type 0", [change("made", 0, [1, 2, 3, 4])], FORMAT],
    ["a signature", [change("made", 250, [1, 2, 3, 4])], FORMAT],
    ["a class", [change("made", TYPES.A, [1, 2, 3, 4], { class: 3 })], FORMAT],
    ["removal with a TTL", [change("made", TYPES.A, [], { class: ANY, ttl: 1 })], FORMAT],
    ["removal of a set with data", [change("made", TYPES.A, [1, 2, 3, 4], { class: ANY })], FORMAT],
    ["another zone", [{ name: "made.elsewhere.example", type: 1, data: [1, 2, 3, 4] }], NOT_IN_ZONE],
    ["too much data", [change("made", 99, new Array<number>(1025).fill(1))], REFUSED],
  ];
  test.for(wrong)("%s: nothing is changed, nor what comes before it", async ([, list, code]) => {
    const made = await scene();
    const before = await serial(made);
    expect(await send(made, [], [A("first", 6), ...list])).toMatchObject({ code, error: 0 });
    expect(await found(made, "first")).toEqual([]);
    expect(await found(made, "made")).toEqual([]);
    expect(await serial(made)).toBe(before);
  });

  test("records are removed one by one, by type and by name; the zone keeps its own", async () => {
    const made = await scene();
    const ok = { code: OK, error: 0, isSigned: true };
    const add = [A("gone", 1), A("gone", 2), A("gone", 3), change("gone", TYPES.TXT, [1, 97])];
    expect(await send(made, [], add)).toEqual(ok);
    expect(await send(made, [], [A("gone", 2, { class: NONE })])).toEqual(ok);
    expect(await found(made, "gone")).toEqual(["300 10 0 0 1", "300 10 0 0 3"]);
    expect(await send(made, [], [change("gone", TYPES.A, [], { class: ANY })])).toEqual(ok);
    expect(await found(made, "gone", TYPES.TXT)).toHaveLength(1);
    expect(await send(made, [], [change("gone", ANY, [], { class: ANY })])).toEqual(ok);
    expect(await found(made, "gone", TYPES.TXT)).toEqual([]);
    const ns = [...nameBytes("ns.home.example")];
    const before = await serial(made);
    for (const vain of [
      change("", ANY, [], { class: ANY }),
      change("", TYPES.NS, [], { class: ANY }),
      change("", TYPES.SOA, [], { class: ANY }),
      change("", TYPES.NS, ns, { class: NONE }),
      change("www", TYPES.CNAME, ns),
      change("alias", TYPES.A, [1, 2, 3, 4]),
      A("none", 1, { class: NONE }),
    ])
      expect(await send(made, [], [vain])).toEqual(ok);
    expect(await serial(made)).toBe(before);
    expect(await found(made, "", TYPES.NS)).toHaveLength(1);
    expect(await found(made, "alias", TYPES.CNAME)).toHaveLength(1);
  });

  test("an alias takes another's place, a TTL is changed, types that are not known are kept", async () => {
    const made = await scene();
    expect((await send(made, [], [change("other", TYPES.CNAME, target)])).code).toBe(OK);
    expect((await send(made, [], [change("other", TYPES.CNAME, [...nameBytes("x.example")])])).code).toBe(OK);
    expect(await found(made, "other", TYPES.CNAME)).toHaveLength(1);
    expect((await send(made, [], [A("t", 9, { ttl: 5 })])).code).toBe(OK);
    expect((await send(made, [], [A("t", 9, { ttl: 6 })])).code).toBe(OK);
    expect(await found(made, "t")).toEqual(["6 10 0 0 9"]);
    // A set has one TTL: that which was said last.
    expect((await send(made, [], [A("t", 8, { ttl: 7 })])).code).toBe(OK);
    expect(await found(made, "t")).toEqual(["7 10 0 0 9", "7 10 0 0 8"]);
    expect((await send(made, [], [change("t", 99, [1, 2, 3])])).code).toBe(OK);
    expect(await found(made, "t", 99)).toEqual(["300 1 2 3"]);
    expect(await output(made.s.node, "dns")).toContain("t.home.example 300 TYPE99\n");
    expect(await output(made.s.node, "dns")).toContain("key host.key, changes host.home.example\n");
    const clear = ["other", "t"].map((name) => change(name, ANY, [], { class: ANY }));
    expect((await send(made, [], clear)).code).toBe(OK);
  });
});

describeThoroughly("memory", () => {
  test("that is refused ends an update with SERVFAIL, and changes nothing; no update leaves any behind", async () => {
    const made = await scene();
    const changes = [1, 2, 3].map((last) => change("full", TYPES.A, [10, 2, 0, last]));
    await output(made.s.node, "mem mark");
    const codes = new Set<number>();
    for (let number = 1; number <= 9; number++) {
      const message = signed(update(nextId++, "home.example", [], changes), made.signer());
      await output(made.s.node, `mem fail ${number}`);
      // Some of the refused blocks are for the packets themselves: then there is no answer.
      const code = ((await ask(made.s, message)) ?? [0, 0, 0, SERVER_FAILURE | 16])[3]! & 31;
      codes.add(code);
      await output(made.s.node, "mem fail 0");
      const there = (await found(made, "full")).length;
      expect([number, there]).toEqual([number, code === OK || (code & 16 && there) ? 3 : 0]);
      expect((await send(made, [], [change("full", ANY, [], { class: ANY })])).code).toBe(OK);
    }
    expect(codes).toContain(SERVER_FAILURE);
    expect((await send(made, [], changes)).code).toBe(OK);
    expect((await send(made, [], [...changes, change("full", 0, [])])).code).toBe(FORMAT);
    expect((await send(made, [change("none", ANY, [], { class: ANY })], changes)).code).toBe(3);
    expect((await send(made, [], [change("full", ANY, [], { class: ANY })])).code).toBe(OK);
    const leaks = (await output(made.s.node, "mem leaks")).split("\n");
    expect(leaks.filter((line) => line !== "" && !line.includes("history_add"))).toEqual([]);
  });
});

describeThoroughly("a signature", () => {
  const twice = (mac: Uint8Array): Uint8Array => join(mac, mac);
  const half = (mac: Uint8Array): Uint8Array => mac.slice(0, 16);
  const add = [change("host", TYPES.A, [10, 0, 0, 7])];
  const wrong: readonly (readonly [string, (now: number) => Partial<Signer>, number, number, boolean])[] = [
    ["of another key", () => ({ name: "other.key" }), NOT_AUTHORITATIVE, 17, false],
    ["by another algorithm", () => ({ algorithm: "hmac-sha512" }), NOT_AUTHORITATIVE, 17, false],
    ["with another secret", () => ({ secret: SECRET.slice(1) }), NOT_AUTHORITATIVE, 16, false],
    ["of another message", () => ({ number: 9 }), NOT_AUTHORITATIVE, 16, false],
    [
      "longer than ours, of another algorithm",
      () => ({ algorithm: "hmac-sha512", change: twice }),
      NOT_AUTHORITATIVE,
      17,
      false,
    ],
    [
      "of no bytes, of another key",
      () => ({ name: "other.key", change: () => new Uint8Array() }),
      NOT_AUTHORITATIVE,
      17,
      false,
    ],
    ["cut off and too old", (now) => ({ time: now - 302, askedBytes: 16, change: half }), NOT_AUTHORITATIVE, 18, true],
    ["cut off", () => ({ askedBytes: 16, change: half }), NOT_AUTHORITATIVE, 22, true],
    ["of 15 bytes", () => ({ change: (mac: Uint8Array) => mac.slice(0, 15) }), FORMAT, 0, false],
    ["of 33 bytes", () => ({ change: (mac: Uint8Array) => join(mac, [0]) }), FORMAT, 0, false],
    ["too old", (now) => ({ time: now - 302 }), NOT_AUTHORITATIVE, 18, true],
    ["of the future", (now) => ({ time: now + 305 }), NOT_AUTHORITATIVE, 18, true],
    ["old for its own measure", (now) => ({ time: now - 9, fudge: 5 }), NOT_AUTHORITATIVE, 18, true],
  ];
  test.for(wrong)("%s", async ([, other, code, error, isSigned]) => {
    const made = await scene();
    const said = await send(made, [], add, { with: other(made.signer().time) });
    expect(said.code).toBe(code);
    expect(said).toMatchObject({ error, isSigned });
    // Who has another time is told ours (RFC 8945, 5.2.3).
    const late = error === 18 ? made.signer().time - (other(made.signer().time).time ?? 0) : 0;
    if (error === 18) expect(Math.abs(said.ahead! - late)).toBeLessThanOrEqual(1);
    else expect(said).not.toHaveProperty("ahead");
    expect(await found(made, "host")).toEqual([]);
  });

  test("lets its key change what is below the key's name only, and questions are answered with one", async () => {
    const made = await scene();
    const own = { with: { name: "host.key" } };
    expect((await send(made, [], add, own)).code).toBe(OK);
    expect((await send(made, [], [change("a.host", TYPES.A, [10, 0, 0, 8])], own)).code).toBe(OK);
    expect((await send(made, [], [change("www", TYPES.A, [10, 0, 0, 8])], own)).code).toBe(REFUSED);
    expect((await send(made, [], add, { zone: "elsewhere.example" })).code).toBe(NOT_AUTHORITATIVE);
    expect((await send(made, [], add, { zone: "host.home.example" })).code).toBe(NOT_AUTHORITATIVE);
    const signer = made.signer();
    const asked = signed(question("host.home.example", TYPES.A), signer);
    expect(checked((await ask(made.s, asked))!, asked, signer)).toEqual({ code: OK, error: 0, isSigned: true });
    const clear = ["host", "a.host"].map((name) => change(name, ANY, [], { class: ANY }));
    expect((await send(made, [], clear, own)).code).toBe(OK);
  });

  test("that is not the last record, or lies about its length, is malformed; every cut of an update is survived", async () => {
    const made = await scene();
    const signer = made.signer();
    const message = signed(update(nextId++, "home.example", [], add), signer);
    const twice = join(message, message.slice(message.length - 81));
    twice[11] = 2;
    expect((await ask(made.s, twice))![3]! & 15).toBe(FORMAT);
    expect((await ask(made.s, join(message, [0])))![3]! & 15).toBe(FORMAT);
    for (let length = 12; length < message.length; length++) {
      const code = (await ask(made.s, message.slice(0, length)))![3]! & 15;
      expect([length, [FORMAT, REFUSED, NOT_AUTHORITATIVE].includes(code)]).toEqual([length, true]);
    }
    expect(await found(made, "host")).toEqual([]);
    expect(await found(made, "www")).toHaveLength(2);
  });
});

describeThoroughly("a node that registers elsewhere", () => {
  const reply = (asked: Uint8Array, code: number): Uint8Array =>
    join(asked.slice(0, 2), [0xa8, code, 0, 0, 0, 0, 0, 0, 0, 0]);

  test("says its name and address, believes the answer that is signed, and no other", async () => {
    const made = await scene();
    const { s } = made;
    const asked: Uint8Array[] = [];
    let isGood = false;
    s.answer = (frame) => {
      if (frame[23] !== 17 || get16(frame, 36) !== 53) return [];
      const message = frame.slice(42, 34 + get16(frame, 38));
      asked.push(message);
      const mac = message.slice(message.length - 38, message.length - 6);
      const signer = { ...made.signer(), asked: mac };
      const good = signed(reply(message, OK), signer);
      const answers = [
        reply(message, OK),
        signed(reply(message, OK), { ...signer, secret: SECRET.slice(1) }),
        signed(reply(message, OK), { ...signer, asked: mac.slice(1) }),
        signed(reply(message, OK), { ...signer, name: "host.key" }),
        good.map((byte, at) => (at === 3 ? byte ^ 1 : byte)),
        good.slice(0, -1),
        ...(isGood ? [good] : []),
      ];
      const port = get16(frame, 34);
      return answers.map((data) => udp({ source: 53, port, data })(s.facts));
    };
    await s.node.enter(`dns register ${PEER} parent.example all.key`, PROMPT);
    await s.lab.advance("12s");
    expect(asked).toHaveLength(3);
    expect(readMessage(asked[0]!).sections[2]).toEqual([
      "qure-1.parent.example 1 ff 0",
      `qure-1.parent.example 1 1 60 ${s.facts.address.replaceAll(".", " ")}`,
    ]);
    expect(await output(s.node, "dns")).toContain("the answer is not signed with the key");
    isGood = true;
    await s.lab.advance("20s");
    expect(asked).toHaveLength(4);
    expect(await output(s.node, "dns")).toContain(`register qure-1.parent.example at ${PEER}: entered`);
    await s.lab.advance("30s");
    expect(asked).toHaveLength(4);
    await s.node.enter("dns register off", PROMPT);
    await s.lab.advance("3s");
    s.answer = () => [];
    // What was entered is taken out.
    expect(readMessage(asked[4]!).sections[2]).toEqual(["qure-1.parent.example 1 ff 0"]);
    expect(await output(s.node, "dns")).not.toContain("register");
  });

  test("takes the server's time when that is signed, and asks less and less who does not answer", async () => {
    const made = await scene();
    const { s } = made;
    const asked: Uint8Array[] = [];
    const timeOf = (message: Uint8Array): number =>
      new DataView(message.buffer, message.byteOffset).getUint32(message.length - 46);
    const [theirs, forged] = [2_000_000_000, 1_900_000_000];
    let answers = (message: Uint8Array, signer: Signer): readonly Uint8Array[] => {
      const late = { ...signer, time: timeOf(message), tail: badTime(theirs) };
      const refusal = reply(message, NOT_AUTHORITATIVE);
      const head = [...nameBytes("all.key"), 0, 250, 0, 255, 0, 0, 0, 0];
      const bare = [...nameBytes("hmac-sha256"), 0, 0, 0, 0, 0, 0, 1, 44, 0, 0, ...message.slice(0, 2)];
      const unsigned = join(refusal, head, [0, bare.length + 10], bare, badTime(forged));
      const loop = join(refusal, [0xc0, 12, 0, 250, 0, 255, 0, 0, 0, 0, 0, 2, 0xc0, 12]);
      unsigned[11] = loop[11] = 1;
      return [
        unsigned,
        loop,
        signed(refusal, { ...late, secret: SECRET.slice(1), tail: badTime(forged) }),
        signed(join([refusal[0]! ^ 1], refusal.slice(1)), { ...late, tail: badTime(forged) }),
        // Another clock, of six bytes that are no time of ours.
        signed(refusal, late).map((byte, at, { length }) => (at === length - 6 ? 1 : byte)),
        signed(
          timeOf(message) < theirs ? refusal : reply(message, OK),
          timeOf(message) < theirs ? late : { ...signer, time: theirs },
        ),
      ];
    };
    s.answer = (frame) => {
      if (frame[23] !== 17 || get16(frame, 36) !== 53) return [];
      const message = frame.slice(42, 34 + get16(frame, 38));
      asked.push(message);
      const signer = { ...made.signer(), asked: message.slice(message.length - 38, message.length - 6) };
      return answers(message, signer).map((data) => udp({ source: 53, port: get16(frame, 34), data })(s.facts));
    };
    await s.node.enter(`dns register ${PEER} parent.example all.key`, PROMPT);
    await s.lab.advance("3s");
    expect(asked.map(timeOf)).toEqual([expect.any(Number), theirs]);
    expect(timeOf(asked[0]!)).toBeLessThan(forged);
    expect(await output(s.node, "dns")).toMatch(/: entered \d s ago, .*, until it is taken out/);
    // One that never has enough is not asked without end.
    asked.length = 0;
    answers = (message, signer) => [
      signed(reply(message, NOT_AUTHORITATIVE), {
        ...signer,
        time: timeOf(message),
        tail: badTime(timeOf(message) + 900),
      }),
    ];
    await s.lab.advance("62s");
    expect(asked).toHaveLength(2);
    expect(await output(s.node, "dns")).toContain(": its clock differs, and is not what it says; entered 6");
    answers = () => [];
    asked.length = 0;
    await s.lab.advance("150s");
    expect(asked).toHaveLength(9);
    expect(await output(s.node, "dns")).toContain(": no answer; entered 2");
    await s.node.enter("dns register off", PROMPT);
  });
});

describeThoroughly("a lease", () => {
  const enter = async (made: Scene, changes: readonly Change[], lease: Uint8Array | null): Promise<Uint8Array> => {
    const bare = update(nextId++, "home.example", [], changes);
    const whole = lease ? join(bare, lease) : bare;
    if (lease) whole[11] = 1;
    const signer = made.signer();
    const message = signed(whole, signer);
    const answer = (await ask(made.s, message))!;
    expect(checked(answer, message, signer)).toEqual({ code: OK, error: 0, isSigned: true });
    return answer;
  };
  const host = (data: readonly number[] = [10, 2, 2, 2]): Change => change("leased", TYPES.A, data, { ttl: 60 });

  test("ends what is not renewed, and what the zone needs stays", async () => {
    const made = await scene();
    const { lab } = made.s;
    const answer = await enter(made, [host()], leaseOf(5));
    expect([...answer.slice(12, 31)]).toEqual([...leaseOf(30)]);
    await lab.advance("20s");
    expect(await found(made, "leased")).toHaveLength(1);
    const before = await serial(made);
    await enter(made, [host()], leaseOf(30));
    expect(await serial(made)).toBe(before);
    await lab.advance("20s");
    expect(await found(made, "leased")).toHaveLength(1);
    expect(await output(made.s.node, "dns")).toMatch(/^leased\.home\.example 60 A 10\.2\.2\.2, for \d+ s$/m);
    await lab.advance("11s");
    expect(await found(made, "leased")).toEqual([]);
    expect(await serial(made)).toBe(before + 1);
    await enter(made, [host()], leaseOf(30));
    await enter(made, [host()], null);
    const soa = change("", TYPES.SOA, [
      ...nameBytes("ns"),
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ]);
    const servers = change("", TYPES.NS, nameBytes("ns.home.example"), { ttl: 600 });
    await enter(
      made,
      [servers, { ...soa, data: [...nameBytes("a"), ...nameBytes("b"), ...soa.data.slice(-20)] }],
      leaseOf(30),
    );
    await lab.advance("40s");
    expect(await found(made, "leased")).toHaveLength(1);
    expect(await found(made, "", TYPES.SOA)).toHaveLength(1);
    expect(await found(made, "", TYPES.NS)).toHaveLength(1);
    await enter(made, [change("leased", ANY, [], { class: ANY })], null);
  });

  test("that is malformed is none, and nothing is read behind the message", async () => {
    const made = await scene();
    const options = [
      [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, 2, 0, 4],
      [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8, 0, 2, 0, 3, 0, 0, 0, 60],
      [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8, 255, 255, 255, 255, 0, 0, 0, 60],
    ];
    for (const option of options) expect((await enter(made, [host()], Uint8Array.from(option)))[11]).toBe(1);
    for (const record of [[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 200, 0, 2, 0, 4, 0, 0, 0, 60], [0xc0], [63]]) {
      const whole = join(update(nextId++, "home.example", [], [host([10, 3, 3, 3])]), record);
      whole[11] = 1;
      expect((await ask(made.s, signed(whole, made.signer())))![3]! & 15).not.toBe(OK);
    }
    expect(await found(made, "leased")).toEqual(["60 10 2 2 2"]);
    await enter(made, [change("leased", ANY, [], { class: ANY })], null);
  });
});
