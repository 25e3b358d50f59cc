/**
 * What becomes an event of the history (docs/protocols/cluster-history.md): what a coordinator writes down of those who
 * come and go, of its era and those before it; what each member does of addresses and values.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import {
  founded,
  HIGH,
  HIGHEST,
  hello,
  LOW,
  LOWEST,
  nowMs,
  OFFSET_COMPANY,
  remember,
  rememberEra,
  report,
  type Scene,
  SELF,
  says,
  scene,
  TICK_MS,
  view,
} from "./agreement-scene.ts";
import { ALONE, BYE, EVENTS, HEADER_BYTES, HELLO, REPORT, type Said, VIEW } from "./cluster-wire.ts";
import {
  CHANGED,
  DIED,
  ENDED,
  EVENT_BYTES,
  type Event,
  eventBytes,
  FOUNDED,
  JOINED,
  LEFT,
  MOVED,
  NOON,
  UPGRADED,
} from "./history-wire.ts";

/** A new coordinator knows the others after this. */
const SETTLE_MS = 1000;
/** Of the image that tests boot. */
const REVISION = 1000;
const ADDRESS = 0x0f02000a; // 10.0.2.15
const NAME = "qure-1";
const SECONDS_2000 = Date.UTC(2000, 0, 1) / 1000;
/** When machines are switched on (docs/emulator.md). */
const BOOTED = Date.UTC(2026, 0, 1) / 1000 - SECONDS_2000;

interface Written extends Event {
  readonly atMs: number;
  readonly time: number;
}

const dwordsOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The events that the node has told to the group since a moment. */
function written(s: Scene, fromMs = 0): Written[] {
  return s.wire.of(EVENTS, fromMs).flatMap(({ data, atMs, to }) => {
    expect(to).toBe("239.255.81.82");
    expect((data.length - HEADER_BYTES) % EVENT_BYTES).toBe(0);
    return Array.from({ length: (data.length - HEADER_BYTES) / EVENT_BYTES }, (_, index) => {
      const bytes = data.subarray(HEADER_BYTES + index * EVENT_BYTES, HEADER_BYTES + (index + 1) * EVENT_BYTES);
      const fields = dwordsOf(bytes);
      expect(hexOf(bytes.subarray(8, 16))).toBe(SELF);
      expect(bytes[25]).toBe(0);
      const text = Buffer.from(bytes.subarray(40)).toString("latin1");
      const name = text.replace(/\0+$/, "");
      expect(name).toMatch(/^[\x21-\x7e]*$/);
      return {
        atMs,
        era: fields.getUint32(0, true),
        number: fields.getUint32(4, true),
        subject: hexOf(bytes.subarray(16, 24)),
        kind: bytes[24]!,
        members: fields.getUint16(26, true),
        time: fields.getUint32(28, true),
        detail: fields.getUint32(32, true),
        second: fields.getUint32(36, true),
        name,
      };
    });
  });
}

/** Events, each once, without when they came. */
function listed(events: readonly Written[]): Event[] {
  const known = new Map(events.map(({ atMs, time, ...event }) => [JSON.stringify(event), event]));
  return [...known.values()];
}

/** The others live for so long. */
async function live(s: Scene, ms: number, others: readonly Said[] = []): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    if (passed % 200 === 0) for (const said of others) s.wire.say(said);
    await s.lab.advance("100ms");
  }
}

const high = (more: Partial<Said> = {}): Said => ({ ...report(HIGH, 1, SELF), age: 3, revision: 70, ...more });
const founding = {
  era: 1,
  number: 1,
  subject: SELF,
  kind: FOUNDED,
  members: 1,
  detail: 1,
  second: REVISION,
  name: NAME,
};

describe("a coordinator writes", () => {
  test("once it has been one for a second, that its era was founded, and at once who comes and goes", async () => {
    const s = await scene();
    const begunMs = (await says(s, VIEW)).atMs;
    await live(s, 1500);
    const [first, ...more] = written(s);
    expect(more).toEqual([]);
    expect(first).toMatchObject(founding);
    expect(first!.atMs - begunMs).toBeGreaterThanOrEqual(SETTLE_MS - TICK_MS);
    expect(first!.atMs - begunMs).toBeLessThan(SETTLE_MS + 4 * TICK_MS);
    expect(first!.time - BOOTED).toBe(Math.floor(first!.atMs / 1000));
    const joinedMs = nowMs(s);
    s.wire.say(high());
    await live(s, 300);
    const [joined, ...none] = written(s, joinedMs);
    expect(none).toEqual([]);
    const coming = {
      era: 1,
      number: 2,
      subject: HIGH,
      kind: JOINED,
      members: 2,
      detail: 3,
      second: 70,
      name: "stranger",
    };
    expect(joined).toMatchObject(coming);
    expect(joined!.atMs - joinedMs).toBeLessThan(4 * TICK_MS);
    await live(s, 3000, [high()]);
    expect(written(s, joinedMs)).toHaveLength(1);
    const leftMs = nowMs(s);
    s.wire.say(high({ kind: BYE }));
    await live(s, 2500);
    expect(written(s, leftMs)).toMatchObject([
      { number: 3, subject: HIGH, kind: LEFT, members: 1, detail: 0, second: 0, name: "stranger" },
    ]);
  });

  thoroughly("that one came again, with another kernel if it has one, and that it died", async () => {
    const s = await founded();
    await live(s, 600);
    for (const [session, age, revision] of [
      [HIGH, 3, 70],
      [LOWEST, 4, 70],
      [HIGHEST, 5, 0x12345],
    ] as const)
      await live(s, 600, [high({ session, age, revision })]);
    await live(s, 2500);
    const row = { era: 1, subject: HIGH, name: "stranger", members: 2 };
    expect(listed(written(s))).toEqual([
      founding,
      { ...row, number: 2, kind: JOINED, detail: 3, second: 70 },
      { ...row, number: 3, kind: JOINED, detail: 4, second: 70 },
      { ...row, number: 4, kind: JOINED, detail: 5, second: 0x12345 },
      { ...row, number: 5, kind: UPGRADED, detail: 0x12345, second: 70 },
      { ...row, number: 6, kind: DIED, members: 1, detail: 0, second: 0 },
    ]);
  });

  thoroughly("what its predecessor did not come to write, and nothing that this one has written", async () => {
    const s = await scene();
    rememberEra(s.node, 4);
    await says(s, HELLO);
    s.wire.say({ ...view(LOWEST, 5), members: [HIGH, LOW] });
    await says(s, REPORT);
    const others = [high({ era: 5, founder: LOWEST })];
    const told: Event[] = [
      { number: 1, kind: FOUNDED, subject: LOWEST, detail: 1, second: 1, name: "stranger" },
      { number: 2, kind: JOINED, subject: HIGH, members: 2, detail: 3, second: 70, name: "stranger" },
    ];
    s.wire.say({ ...others[0]!, kind: EVENTS, rest: Buffer.concat(told.map(eventBytes)) });
    await live(s, 300, [...others, view(LOWEST, 5)]);
    s.wire.say({ ...report(LOWEST, 5), kind: BYE });
    await live(s, 4000, others);
    // LOW was silent, and this node was not written of.
    const events = listed(written(s));
    const bare = { era: 5, detail: 0, second: 0, name: "stranger" };
    expect(events.filter(({ subject }) => subject === HIGH)).toEqual([]);
    expect(events.filter(({ subject }) => subject === LOWEST)).toEqual([
      { ...bare, number: expect.any(Number), members: expect.any(Number), subject: LOWEST, kind: LEFT },
    ]);
    expect(events.find(({ subject }) => subject === SELF)).toEqual({
      era: 5,
      number: 3,
      subject: SELF,
      kind: JOINED,
      members: 2,
      detail: 7,
      second: REVISION,
      name: NAME,
    });
    expect(events.every(({ number }, index) => number === index + 3)).toBe(true);
  });

  thoroughly(
    "that eras before its own have ended, when they were last heard of, and that its own was founded",
    async () => {
      const s = await scene();
      rememberEra(s.node, 4);
      await says(s, HELLO);
      s.wire.say({ ...view(LOWEST, 5), members: [HIGH] });
      await says(s, REPORT);
      const others = [high({ era: 5, founder: LOWEST })];
      const told: Event[] = [
        { era: 2, number: 7, kind: JOINED, subject: LOW, after: 10 },
        { era: 2, number: 9, kind: LEFT, subject: LOW, after: 20 },
        { era: 3, number: 1, kind: FOUNDED, subject: LOW, after: 30 },
        { era: 3, number: 2, kind: ENDED, subject: LOW, after: 30 },
        { era: 4, number: 5, kind: FOUNDED, subject: LOW, after: 50 },
      ];
      s.wire.say({ ...others[0]!, kind: EVENTS, rest: Buffer.concat(told.map(eventBytes)) });
      await live(s, 300, others);
      s.wire.say({ ...report(LOWEST, 5), kind: BYE });
      await live(s, 4000, others);
      const events = written(s);
      const ended = { kind: ENDED, subject: SELF, detail: 0, second: 0, name: NAME, members: 2 };
      expect(events.filter(({ kind }) => kind === ENDED)).toMatchObject([
        { ...ended, era: 2, number: 10, time: NOON + 20 },
        { ...ended, era: 4, number: 6, time: NOON + 50 },
      ]);
      // Of a founder that is another the name may not be known.
      const own = listed(events.filter(({ era }) => era === 5));
      expect(own.slice(0, 3)).toEqual([
        { era: 5, number: 1, kind: FOUNDED, subject: LOWEST, members: 2, detail: 0, second: 0, name: "" },
        { era: 5, number: 2, kind: JOINED, subject: SELF, members: 2, detail: 7, second: REVISION, name: NAME },
        { era: 5, number: 3, kind: JOINED, subject: HIGH, members: 2, detail: 3, second: 70, name: "stranger" },
      ]);
      expect(own.filter(({ kind }) => kind === FOUNDED)).toHaveLength(1);
    },
  );

  thoroughly("that they have died of whom only the history tells that they are here", async () => {
    const s = await founded();
    const [here, left, early, known] = ["aa00000000000001", "aa00000000000002", "aa00000000000003", HIGH] as const;
    await live(s, 600, [high()]);
    const told: Event[] = [
      { era: 1, number: 20, kind: JOINED, subject: here, detail: 4, name: "somebody-of-the-past" },
      { era: 1, number: 21, kind: JOINED, subject: left, detail: 4 },
      { era: 1, number: 22, kind: LEFT, subject: left },
      { era: 1, number: 23, kind: MOVED, subject: here, detail: ADDRESS },
      { era: 1, number: 24, kind: FOUNDED, subject: early, detail: 2, name: "early" },
    ];
    const fromMs = nowMs(s);
    s.wire.say({ ...high(), kind: EVENTS, rest: Buffer.concat(told.map(eventBytes)) });
    await live(s, 2500, [high()]);
    const died = { era: 1, kind: DIED, members: 2, detail: 0, second: 0 };
    expect(listed(written(s, fromMs))).toEqual([
      { ...died, number: 25, subject: early, name: "early" },
      { ...died, number: 26, subject: here, name: "somebody-of-the-past" },
    ]);
    expect(written(s).filter(({ subject }) => subject === known)).toHaveLength(1);
  });

  thoroughly("again that a member is here when another says that it has died", async () => {
    const s = await founded();
    await live(s, 1000, [high()]);
    const fromMs = nowMs(s);
    s.wire.say({ ...high(), kind: EVENTS, rest: eventBytes({ era: 1, number: 9, kind: DIED, subject: SELF }) });
    await live(s, 2500, [high()]);
    expect(listed(written(s, fromMs))).toEqual([
      { era: 1, number: 10, subject: SELF, kind: JOINED, members: 2, detail: 1, second: REVISION, name: NAME },
    ]);
  });

  thoroughly("nothing while its era was founded alone, or while another coordinates", async () => {
    const s = await scene();
    rememberEra(s.node, 4);
    remember(s.node, OFFSET_COMPANY, Uint8Array.of(1, 0, 0, 0));
    expect((await says(s, VIEW)).flags & ALONE).toBe(ALONE);
    await live(s, 2000);
    expect(written(s)).toEqual([]);
    s.wire.say(report(HIGH, 5, SELF));
    await live(s, 1500, [report(HIGH, 5, SELF)]);
    expect(listed(written(s)).map(({ era, kind, subject }) => ({ era, kind, subject }))).toEqual([
      { era: 5, kind: FOUNDED, subject: SELF },
      { era: 5, kind: JOINED, subject: HIGH },
    ]);
    s.wire.say(view(LOW, 5, SELF));
    const fromMs = nowMs(s);
    await live(s, 2000, [view(LOW, 5, SELF)]);
    expect(written(s, fromMs)).toEqual([]);
  });
});

describeThoroughly("each member writes", () => {
  test("that an address is with it, and which value it has changed", async () => {
    const s = await founded();
    await live(s, 600);
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud set colour red", PROMPT);
    await s.node.enter("cloud address add 10.0.2.50", PROMPT);
    await s.node.waitFor(/10\.0\.2\.50 is here now/);
    await live(s, 300);
    const own = { era: 1, subject: SELF, members: 1 };
    expect(listed(written(s))).toEqual([
      founding,
      { ...own, number: 2, kind: CHANGED, detail: ADDRESS, second: 1, name: "colour" },
      { ...own, number: 3, kind: CHANGED, detail: ADDRESS, second: 2, name: "address.10.0.2.50" },
      { ...own, number: 4, kind: MOVED, detail: 0x3202000a, second: 0, name: NAME },
    ]);
    // A node without a disk has nothing to keep them on, and does not try.
    await s.lab.advance("6s");
    expect(s.node.console.text).not.toContain("cannot be saved");
  });

  test.each([
    [
      "that it leaves, as the last one",
      [],
      [{ era: 1, number: 2, subject: SELF, kind: LEFT, members: 1, detail: 0, second: 0, name: NAME }],
    ],
    ["nothing of that where others live, who do", [high()], []],
  ])("%s", async (_what, others, expected) => {
    const s = await founded();
    await live(s, 1000, others);
    await s.node.waitFor(PROMPT);
    const fromMs = nowMs(s);
    s.node.type("cloud stop\n");
    const { atMs } = await says(s, BYE);
    await s.lab.advance("100ms");
    expect(listed(written(s, fromMs).filter(({ kind }) => kind === LEFT))).toEqual(expected);
    expect(written(s, atMs + 1)).toEqual([]);
  });
});

thoroughly("a joining node writes nothing", async () => {
  const s = await scene();
  for (let ms = 0; ms < 2000; ms += 100) {
    s.wire.say(hello(LOW));
    await s.lab.advance("100ms");
  }
  expect(written(s)).toEqual([]);
});
