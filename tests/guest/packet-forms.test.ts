/**
 * The form of the cluster's packets (docs/protocols/cluster.md, "Packet"): what is just right is taken, what is one off
 * is counted as malformed; and what a node says of itself in each packet.
 */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { parseIpv4 } from "../../emulator/ether/packet.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import {
  founded,
  greeting,
  HIGH,
  hello,
  idBytes,
  LOW,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  view,
} from "./agreement-scene.ts";
import {
  ENTRY_BYTES,
  HEADER_BYTES,
  HELLO,
  type Heard,
  MEMBER,
  OPEN,
  PROBE,
  REPORT,
  regionDigest,
  type Said,
  VERSION,
  VIEW,
  VIEW_BYTES,
} from "./cluster-wire.ts";
import { eventBytes, JOINED } from "./history-wire.ts";
import { Counts } from "./packet-wire.ts";
import { ballotBytes, joined, NOTHING, numberBytes, regionOf, TEXT_AT } from "./values-scene.ts";

const [HOLD, RELEASE, MOVE, VALUES, SUSPECT, EVENTS, HISTORY] = [8, 9, 10, 11, 12, 15, 16];
const [PREPARE, OFFER, PROMISE, VOTED] = [17, 18, 19, 20];
const DISKLESS = 1;
const ENTRY_AT = VIEW_BYTES - HEADER_BYTES;

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** What a member says with so much behind its header. */
const member = (kind: number, rest: Uint8Array | number): Said => ({
  ...report(HIGH, 1, SELF),
  kind,
  rest: typeof rest === "number" ? new Uint8Array(rest) : rest,
});

/** Values whose digest is right. */
function values(kind: number, region: Uint8Array): Said {
  // regionDigest wants whole dwords; what is none has no digest that anybody could look at.
  const digest = region.length % 4 === 0 ? regionDigest(region) : 0;
  return { ...member(kind, region), values: { number: 0, digest } };
}

/** A view with entries, each changed by a row. */
function entries(count: number, change: (entry: Uint8Array, fields: DataView) => void = () => {}): Said {
  const rest = new Uint8Array(ENTRY_AT + count * ENTRY_BYTES);
  rest[0] = 1;
  for (let index = 0; index < count; index++) {
    const entry = rest.subarray(ENTRY_AT + index * ENTRY_BYTES, ENTRY_AT + (index + 1) * ENTRY_BYTES);
    entry.set(idBytes(`525400fffe0001${(index + 16).toString(16)}`));
    entry[8] = 1;
    entry[17] = MEMBER;
    entry.set([10, 0, 2, 200], 20);
    entry.set(text("another"), 24);
    if (index === count - 1) change(entry, new DataView(entry.buffer, entry.byteOffset));
  }
  return member(VIEW, rest);
}

const region = (name: string, value: string): Uint8Array => regionOf({ [name]: value });
const cut = (bytes: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array => (change(bytes), bytes);
const events = (count: number): Uint8Array =>
  joined(...Array.from({ length: count }, (_, index) => eventBytes({ era: 1, number: 1 + index, kind: JOINED })));
/** Text of so many bytes, in values of 124. */
const large = (bytes: number): Uint8Array => {
  const all = regionOf(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`n${index}`, "v".repeat(124)])));
  const most = all.slice(0, TEXT_AT + bytes);
  most.fill(0, TEXT_AT + 1024);
  if (bytes > 1024) most.set(text("n\0v\0"), TEXT_AT + 1024);
  return most;
};
const promise = (vote: readonly [number, string] | null, rest: Uint8Array = new Uint8Array(0)): Uint8Array =>
  joined(numberBytes(1), ballotBytes([1, HIGH]), ballotBytes(vote), rest);

/** What is said, and whether it is in form. */
const FORMS: readonly (readonly [what: string, said: Said, good: boolean])[] = [
  ["a hello in the last era", hello(HIGH, 0x7fffffff), true],
  ["a hello in one more", hello(HIGH, 0x80000000), false],
  ["kind 27", member(27, 0), false],
  ["kind 255", member(255, 0), false],
  ["a probe", member(PROBE, 0), true],
  ["a probe with a byte", member(PROBE, 1), false],
  ["a bye of a joiner", { ...hello(HIGH), kind: 4 }, true],
  ["a suspicion", member(SUSPECT, 16), true],
  ["a suspicion with a byte more", member(SUSPECT, 17), false],
  ["a release", member(RELEASE, 16), true],
  ["a move", member(MOVE, 16), true],
  ["a move without its address", member(MOVE, 12), false],
  ["a hold of one address", member(HOLD, 4), true],
  ["a hold of eight", member(HOLD, 32), true],
  ["a hold of eight and a half", member(HOLD, 34), false],
  ["a hold of nine", member(HOLD, 36), false],
  ["a hold of none", member(HOLD, 0), false],
  ["a hold of a joiner", { ...hello(HIGH), kind: HOLD, rest: new Uint8Array(4) }, false],
  ["a request of a joiner", { ...hello(HIGH), kind: 5, rest: new Uint8Array(16) }, true],
  ["an answer of a joiner", { ...hello(HIGH), kind: 6, rest: new Uint8Array(16) }, true],
  ["a key's offer with a byte more", member(21, 49), false],
  ["a key's show with a byte less", member(22, 47), false],
  ["a key with a byte more", member(23, 97), false],
  ["a proof with a byte less", member(24, 31), false],
  ["an outdated of a joiner", { ...hello(HIGH), kind: 25 }, false],
  ["an outdated with a byte", member(25, 1), false],
  ["a turn with a byte", member(26, 1), false],
  ["an invitation's request with a byte more", { ...hello(HIGH), kind: 13, rest: new Uint8Array(17) }, false],
  ["an invitation's answer with a byte less", { ...hello(HIGH), kind: 14, rest: new Uint8Array(95) }, false],
  ["a prepare", member(PREPARE, 16), true],
  ["a prepare with a byte less", member(PREPARE, 15), false],
  ["a vote", member(VOTED, 16), true],
  ["a vote of a joiner", { ...hello(HIGH), kind: VOTED, rest: new Uint8Array(16) }, false],
  ["a promise of who has not voted", member(PROMISE, promise(null)), true],
  ["a promise of who has voted, and does not say for what", member(PROMISE, promise([1, LOW])), false],
  ["a promise with what was voted for", member(PROMISE, promise([1, LOW], region("a", "1"))), true],
  ["a promise with half of it", member(PROMISE, promise([1, LOW], region("a", "1").slice(0, 8))), false],
  ["an offer", member(OFFER, joined(numberBytes(1), ballotBytes([1, HIGH]), NOTHING, region("a", "1"))), true],
  [
    "an offer of what is no value",
    member(OFFER, joined(numberBytes(1), ballotBytes([1, HIGH]), NOTHING, region(" ", "1"))),
    false,
  ],
  ["an offer that is cut off", member(OFFER, 24), false],
  ["events", member(EVENTS, events(1)), true],
  ["eighteen events", member(EVENTS, events(18)), true],
  ["an event and a byte", member(EVENTS, joined(events(1), new Uint8Array(1))), false],
  ["an event and two bytes", member(EVENTS, joined(events(1), new Uint8Array(2))), false],
  ["an event and four", member(EVENTS, joined(events(1), new Uint8Array(4))), false],
  ["an event and half of one", member(EVENTS, joined(events(1), events(1).slice(0, 36))), false],
  ["sums", member(HISTORY, 256), true],
  ["a sum more", member(HISTORY, 260), false],
  ["no values", values(VALUES, regionOf({}, [])), true],
  [
    "values of sixteen members",
    values(
      VALUES,
      regionOf(
        { a: "1" },
        Array.from({ length: 16 }, () => LOW),
      ),
    ),
    true,
  ],
  [
    "values of seventeen",
    values(
      VALUES,
      cut(regionOf({ a: "1" }), (bytes) => bytes.set([17])),
    ),
    false,
  ],
  ["a name and a value of one character", values(VALUES, region("!", "~")), true],
  ["a name of 31", values(VALUES, region("n".repeat(31), "1")), true],
  ["a name of 32", values(VALUES, region("n".repeat(32), "1")), false],
  ["a name with the last character but one", values(VALUES, region("~", "1")), true],
  ["a name with the character behind that", values(VALUES, region("\x7f", "1")), false],
  ["a name with a blank", values(VALUES, region("a b", "1")), false],
  ["a value with a blank", values(VALUES, region("a", " 1 ")), true],
  ["a value with what is below a blank", values(VALUES, region("a", "\x1f")), false],
  ["a value with what cannot be shown", values(VALUES, region("a", "\x7f")), false],
  ["a value of 127", values(VALUES, region("a", "v".repeat(127))), true],
  ["a value of 128", values(VALUES, region("a", "v".repeat(128))), false],
  ["an empty value", values(VALUES, region("abc", "")), true],
  ["text without padding", values(VALUES, region("abcd", "12")), true],
  ["a zero behind the text", values(VALUES, region("abcd", "1")), true],
  ["three zeros", values(VALUES, region("abc", "abc")), true],
  ["four zeros", values(VALUES, joined(region("abcd", "12"), new Uint8Array(4))), false],
  [
    "a padding that is none",
    values(
      VALUES,
      cut(region("abc", "abcd"), (bytes) => bytes.set([1], bytes.length - 1)),
    ),
    false,
  ],
  ["text of 1024", values(VALUES, large(1024)), true],
  ["text of 1028", values(VALUES, large(1028)), false],
  ["text that is no multiple of four", values(VALUES, joined(region("abcd", "12"), Uint8Array.of(0))), false],
  ["a view of nobody else", entries(0), true],
  ["a view of nobody at all", member(VIEW, ENTRY_AT), false],
  ["a view that ends before its entries", member(VIEW, ENTRY_AT - 4), false],
  ["a view with 19 entries", entries(19), true],
  [
    "half an entry",
    member(
      VIEW,
      cut(new Uint8Array(ENTRY_AT + 34), (bytes) => bytes.set([1])),
    ),
    false,
  ],
  ["a joining entry", entries(2, (entry) => entry.set([1], 17)), true],
  ["an entry of a stranger without an age", entries(2, (entry) => (entry.set([5], 17), entry.set([0], 8))), true],
  ["one that has left, without an age", entries(2, (entry) => (entry.set([4], 17), entry.set([0], 8))), false],
  ["an entry in state 6", entries(2, (entry) => entry.set([6], 17)), false],
  ["an entry in state 0", entries(2, (entry) => entry.set([0], 17)), false],
  ["an entry with half an id", entries(2, (entry) => entry.fill(0, 0, 4)), true],
  ["an entry without an id", entries(2, (entry) => entry.fill(0, 0, 8)), false],
  ["an entry with the address of all", entries(2, (entry) => entry.fill(255, 20, 24)), false],
  ["an entry with address 0.0.0.0", entries(2, (entry) => entry.fill(0, 20, 24)), false],
  ["an entry with a name of 31", entries(2, (entry) => entry.fill(0x6e, 24, 55)), true],
  ["an entry with a name of 32", entries(2, (entry) => entry.fill(0x6e, 24, 56)), false],
  ["an entry with a blank in its name", entries(2, (entry) => entry.set([0x20], 25)), false],
  ["an entry without a name", entries(2, (entry) => entry.fill(0, 24, 56)), true],
];

test("a packet is looked at to the byte, before anything else", async () => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("10ms");
  const counts = new Counts(s.node);
  const wrong: string[] = [];
  for (const [what, said, good] of FORMS) {
    const before = counts.read();
    s.wire.say(said);
    await s.lab.advance("4ms");
    const after = counts.read();
    const rise = (name: string): number => after.get(name)! - before.get(name)!;
    if (rise("cloud packets received") !== 1 || rise("cloud malformed") !== (good ? 0 : 1)) wrong.push(what);
  }
  expect(wrong).toEqual([]);
});

/** Holds a packet's header against what is known of the node. */
function checkHeader(
  { data, ...heard }: Heard,
  known: { era: number; founder: string; name: string; session: string },
): void {
  const fields = new DataView(data.buffer, data.byteOffset);
  expect(Buffer.from(data.subarray(0, 4)).toString("latin1")).toBe("QRCL");
  expect(data[4]).toBe(VERSION);
  expect(heard).toMatchObject({ era: known.era, age: 1, id: SELF, founder: known.founder, session: known.session });
  expect(heard.state).toBe(known.founder === "0".repeat(16) ? 1 : MEMBER);
  expect(heard.flags & ~2).toBe(DISKLESS | OPEN);
  expect(fields.getUint32(16, true)).toBe(1000);
  const name = new Uint8Array(32);
  name.set(text(known.name));
  expect(data.subarray(40, 72)).toEqual(name);
  expect(data.subarray(84, 88)).toEqual(parseIpv4("10.0.2.15"));
  const unsigned = data.slice();
  unsigned.fill(0, 96, 112);
  const open = createHmac("sha256", new Uint8Array(32)).update("QuRe cluster 6 packets open").digest();
  expect(data.subarray(96, 112)).toEqual(
    new Uint8Array(createHmac("sha256", open).update(unsigned).digest().subarray(0, 16)),
  );
}

test("a node's packets tell who it is, each, and are counted", async () => {
  const s = await scene();
  const first = await says(s, HELLO);
  const known = { era: 0, founder: "0".repeat(16), name: "qure-1", session: first.session };
  checkHeader(first, known);
  expect(first.sequence).toBe(1);
  expect(first.data).toHaveLength(HEADER_BYTES);
  s.wire.say({ ...view(LOW, 5, HIGH), members: [HIGH] });
  await says(s, REPORT);
  for (let time = 0; time < 6; time++) {
    s.wire.say({ ...view(LOW, 5, HIGH), members: [HIGH] });
    s.wire.say({ ...report(HIGH, 5), kind: PROBE });
    await s.lab.advance("200ms");
  }
  const since = s.wire.heard.filter(({ state }) => state === MEMBER);
  expect(since.length).toBeGreaterThan(8);
  for (const heard of since) {
    checkHeader(heard, { ...known, era: 5, founder: HIGH });
    // To one it names that one's session, and the highest number that it has heard of it.
    const id = heard.to === "10.0.2.97" ? LOW : HIGH;
    expect(Buffer.from(heard.data.subarray(88, 92)).toString("hex")).toBe(id.slice(0, 8));
  }
  const numbers = s.wire.heard.map(({ sequence }) => sequence);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

thoroughly(
  "names its session's second half in no packet, and another name from the moment on that it has it",
  async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    await s.node.enter(`hostname ${"n".repeat(15)}`, PROMPT);
    const fromMs = nowMs(s) + 400;
    await s.lab.advance("1500ms");
    const { session } = s.wire.heard[0]!;
    for (const heard of s.wire.of(VIEW, fromMs))
      checkHeader(heard, { era: 1, founder: SELF, name: "n".repeat(15), session });
  },
);

/** Echo and number in a packet. */
const echo = ({ data }: Heard): string =>
  `${Buffer.from(data.subarray(88, 92)).toString("hex")} ${new DataView(data.buffer, data.byteOffset).getUint32(92, true)}`;

thoroughly("a packet to the group names the stranger that was heard last, for two seconds", async () => {
  const s = await founded();
  const last = async (): Promise<string> => {
    const atMs = nowMs(s);
    return echo(await s.lab.until(() => s.wire.of(VIEW, atMs)[0], "no view"));
  };
  expect(await last()).toBe("00000000 0");
  const unknown = { echo: "0".repeat(16) };
  s.wire.say({ ...hello(HIGH), ...unknown, sequence: 7 });
  s.wire.say({ ...hello(LOW), ...unknown, sequence: 9 });
  expect(await last()).toBe(`${LOW.slice(0, 8)} 9`);
  // Numbers that come late do not lower what was heard.
  s.wire.say({ ...hello(HIGH), ...unknown, sequence: 5 });
  const atMs = nowMs(s);
  expect(await last()).toBe(`${HIGH.slice(0, 8)} 7`);
  await s.lab.advance("1500ms");
  const views = s.wire.of(VIEW, atMs);
  expect(views.map(echo)).toEqual(views.map(() => `${HIGH.slice(0, 8)} 7`));
  await s.lab.advance("900ms");
  const lateMs = atMs + 2000;
  for (const heard of s.wire.of(VIEW, atMs))
    expect([heard.atMs - atMs, echo(heard)]).toEqual([
      heard.atMs - atMs,
      heard.atMs < lateMs ? `${HIGH.slice(0, 8)} 7` : "00000000 0",
    ]);
  expect(s.wire.of(VIEW, lateMs)).not.toEqual([]);
});

/** Whom the node says anything to, of those who say a hello as members. */
async function answered(s: Scene, said: Said): Promise<string[]> {
  const fromMs = nowMs(s);
  s.wire.say(said);
  await s.lab.advance("150ms");
  return s.wire.heard.filter(({ atMs }) => atMs > fromMs).map(({ kind, to }) => `${kind} ${to}`);
}

thoroughly("a member that says hello is answered by a view that names it", async () => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("700ms"); // that it has joined is in the history
  expect(await answered(s, greeting(HIGH, 1, SELF))).toEqual(["2 239.255.81.82"]);
  const { data } = s.wire.of(VIEW).at(-1)!;
  const entry = data.subarray(VIEW_BYTES, VIEW_BYTES + ENTRY_BYTES);
  expect(data).toHaveLength(VIEW_BYTES + ENTRY_BYTES);
  const expected = new Uint8Array(ENTRY_BYTES);
  expected.set(idBytes(HIGH));
  expected[17] = 5;
  expected.set([10, 0, 2, 99], 20);
  expected.set(idBytes(HIGH), 56);
  expected[64] = 2;
  expect(entry).toEqual(expected);
});
