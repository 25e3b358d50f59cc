/** Packets of the cluster that are just in form, and that are one off: docs/protocols/cluster.md, "Packet". */
import { HIGH, hello, idBytes, LOW, report, SELF } from "./agreement-scene.ts";
import { ENTRY_BYTES, HEADER_BYTES, MEMBER, PROBE, regionDigest, type Said, VIEW, VIEW_BYTES } from "./cluster-wire.ts";
import { type Event, eventBytes, JOINED } from "./history-wire.ts";
import { ballotBytes, joined, NOTHING, numberBytes, regionOf, TEXT_AT } from "./values-scene.ts";

const [HOLD, RELEASE, MOVE, VALUES, SUSPECT, EVENTS, HISTORY] = [8, 9, 10, 11, 12, 15, 16];
const [PREPARE, OFFER, PROMISE, VOTED] = [17, 18, 19, 20];
const [CHANGE, UPGRADE, WITNESS, PUSH] = [27, 29, 30, 31];
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
const NOBODY = "0".repeat(16);
const event = (more: Partial<Event>): Said => member(EVENTS, eventBytes({ era: 1, number: 1, kind: JOINED, ...more }));
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

/** What somebody who is no member asks for. */
function change({ name = "colour", value = "blue", removes = 0 }): Said {
  const rest = new Uint8Array(164);
  rest[0] = removes;
  rest.set(text(name), 4);
  rest.set(text(value), 36);
  return { ...hello(HIGH), kind: CHANGE, rest };
}

/** How far a node is with the cluster's upgrade. */
const upgrade = ({ state = 0, reason = 0, slot = 0 }): Said =>
  member(
    UPGRADE,
    cut(new Uint8Array(48), (bytes) => bytes.set([state, reason, slot], 4)),
  );
const witness = (bits: number): Said =>
  member(
    WITNESS,
    cut(new Uint8Array(32), (bytes) => void (bytes[20] = bits)),
  );

/** What a host says of a module. */
function push({ verb = 0, number = 0, keeps = 0, name = "", piece = 0 }): Said {
  const rest = new Uint8Array(76 + piece);
  const view = new DataView(rest.buffer);
  view.setUint32(0, verb, true);
  view.setUint32(36, number, true);
  view.setUint32(40, keeps, true);
  rest.set(text(name), 44);
  return { ...hello(HIGH), kind: PUSH, rest };
}

/** What is said, and whether it is in form. */
export const FORMS: readonly (readonly [what: string, said: Said, good: boolean])[] = [
  ["a hello in the last era", hello(HIGH, 0x7fffffff), true],
  ["a hello in one more", hello(HIGH, 0x80000000), false],
  ["kind 31", member(31, 0), false],
  ["a report of an upgrade", upgrade({}), true],
  ["a report of a node without slots", upgrade({ slot: 0xff }), true],
  ["a report of a third slot", upgrade({ slot: 2 }), false],
  ["a report of the last state", upgrade({ state: 5 }), true],
  ["a report of the state after it", upgrade({ state: 6 }), false],
  ["a report of the last reason", upgrade({ state: 5, reason: 10 }), true],
  ["a report of the reason after it", upgrade({ state: 5, reason: 11 }), false],
  ["a report with a byte less", member(UPGRADE, 47), false],
  ["a report with a byte more", member(UPGRADE, 49), false],
  ["a report of a joiner", { ...hello(HIGH), kind: UPGRADE, rest: new Uint8Array(48) }, false],
  ["what a witness saw", witness(3), true],
  ["what no witness sees", witness(4), false],
  ["what a witness saw, and a byte", member(WITNESS, 33), false],
  ["a witness that is no member", { ...hello(HIGH), kind: WITNESS, rest: new Uint8Array(32) }, false],
  ["a change", change({}), true],
  ["a change of a member", { ...member(CHANGE, change({}).rest!) }, false],
  ["a change with a byte more", { ...hello(HIGH), kind: CHANGE, rest: new Uint8Array(165) }, false],
  ["a change that takes away", change({ removes: 1 }), true],
  ["a change that does both", change({ removes: 2 }), false],
  ["a change of no name", change({ name: "" }), false],
  ["a change of a name with a blank", change({ name: "a b" }), false],
  ["a change of a name without an end", change({ name: "a".repeat(32) }), false],
  ["a change to nothing", change({ value: "" }), true],
  ["a change to the longest value", change({ value: "v".repeat(127) }), true],
  ["a change to a longer one", change({ value: "v".repeat(128) }), false],
  ["a change to a value with a tab", change({ value: "\t" }), false],
  ["an answer to a change", member(28, 16), true],
  ["an answer to a change, of a joiner", { ...hello(HIGH), kind: 28, rest: new Uint8Array(16) }, false],
  ["a question for what is pushed", push({}), true],
  ["such a question of a member", { ...member(PUSH, push({}).rest!) }, false],
  ["a push of no such verb", push({ verb: 4 }), false],
  ["a push begins", push({ verb: 1, number: 1, name: "http" }), true],
  ["a push begins of nothing", push({ verb: 1, number: 0, name: "http" }), false],
  ["a push begins of all that may be", push({ verb: 1, number: 1 << 20, name: "http" }), true],
  ["a push begins of a byte more", push({ verb: 1, number: (1 << 20) + 1, name: "http" }), false],
  ["a push begins, kept", push({ verb: 1, number: 1, keeps: 1, name: "http" }), true],
  ["a push begins, kept twice", push({ verb: 1, number: 1, keeps: 2, name: "http" }), false],
  ["a push begins without a name", push({ verb: 1, number: 1 }), false],
  ["a push begins with the longest name", push({ verb: 1, number: 1, name: "a-0123456789" }), true],
  ["a push begins with a longer one", push({ verb: 1, number: 1, name: "a-01234567890" }), false],
  ["a push begins with a path", push({ verb: 1, number: 1, name: "../http" }), false],
  ["a push begins with a piece", push({ verb: 1, number: 1, name: "http", piece: 4 }), false],
  ["a piece", push({ verb: 2, number: 4, piece: 1024 }), true],
  ["a piece of nothing", push({ verb: 2, number: 4 }), false],
  ["a piece that is too long", push({ verb: 2, number: 4, piece: 1028 }), false],
  ["a piece of an odd byte", push({ verb: 2, number: 4, piece: 5 }), false],
  ["a piece at an odd place", push({ verb: 2, number: 2, piece: 4 }), false],
  ["an undo", push({ verb: 3, name: "http" }), true],
  ["an undo of no name", push({ verb: 3 }), false],
  ["a move that a joiner asks for", { ...hello(HIGH), kind: MOVE, rest: new Uint8Array(16) }, true],
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
  ["an event of the last era", event({ era: 0x7fffffff }), true],
  ["an event of the era after it", event({ era: 0x80000000 }), false],
  ["an event of no era", event({ era: 0 }), false],
  ["an event with the last number", event({ number: 0x7fffffff }), true],
  ["an event with the number after it", event({ number: 0x80000000 }), false],
  ["an event with number 0", event({ number: 0 }), false],
  ["an event of nobody", event({ author: NOBODY }), false],
  ["an event about nobody", event({ subject: NOBODY }), false],
  ["an event of the last kind", event({ kind: 8 }), true],
  ["an event of the kind after it", event({ kind: 9 }), false],
  ["an event of no kind", event({ kind: 0 }), false],
  [
    "an event whose kind goes on",
    member(
      EVENTS,
      cut(events(1), (bytes) => bytes.set([1], 25)),
    ),
    false,
  ],
  ["an event without a name", event({ name: "" }), true],
  ["an event with a blank in its name", event({ name: "a b" }), false],
  [
    "a second event that is none",
    member(
      EVENTS,
      cut(events(2), (bytes) => bytes.set([0], 72 + 24)),
    ),
    false,
  ],
  ["a member in era 0", { ...report(HIGH, 0, SELF) }, false],
  ["a member in era 1", { ...report(HIGH, 1, SELF) }, true],
  ["a member without a founder", { ...report(HIGH, 1, NOBODY) }, false],
  ["a joining node with one", { ...hello(HIGH), founder: SELF }, false],
  ["a member that says hello without a founder", { ...hello(HIGH, 1), state: MEMBER }, false],
  ["a hello in state 0", { ...hello(HIGH), state: 0 }, false],
  ["a hello in state 3", { ...hello(HIGH), state: 3, founder: SELF }, false],
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
