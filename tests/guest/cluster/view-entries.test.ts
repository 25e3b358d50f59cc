/**
 * What follows for a member from entries of its coordinator's view, and from packets of those whom they name
 * (docs/protocols/cluster.md, "Packet", rules 6 and 8).
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { outputAmong } from "../../system/output.ts";
import { Counts } from "../net/packet-wire.ts";
import {
  founded,
  HIGH,
  HIGHEST,
  hello,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import { ENTRY_BYTES, PROBE, REPORT, type Said, VIEW, VIEW_BYTES } from "./cluster-wire.ts";
import { type Entry, ERA, JOINING, LEFT, MEMBER, member, OFFLINE, shown, tell } from "./view-scene.ts";

const ROLL = 16;

/** Whether a packet is new to the node; else it counts it as heard before. */
async function isNew(s: Scene, said: Said): Promise<boolean> {
  const counts = new Counts(s.node);
  const before = counts.read().get("cloud heard before")!;
  s.wire.say(said);
  await s.lab.advance("5ms");
  return counts.read().get("cloud heard before")! === before;
}

describe("an entry", () => {
  test("tells up to which packet a node has been heard: earlier ones are old, the next is new", async () => {
    const { s, self, coordinator } = await member();
    const other = { id: HIGH, sequence: 40 };
    tell(s, { all: [self, coordinator, other], entries: [other] });
    await s.lab.advance("10ms");
    for (const sequence of [1, 9, 39, 40])
      expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence })).toBe(false);
    expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence: 41 })).toBe(true);
    // Of a session that is known what was heard stays.
    tell(s, { all: [self, coordinator, other], entries: [{ id: HIGH, sequence: 90 }] });
    await s.lab.advance("10ms");
    expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence: 42 })).toBe(true);
  });

  thoroughly("about who has left has all that it said up to its bye count as heard", async () => {
    const { s, self, coordinator } = await member();
    const other = { id: HIGH, sequence: 40 };
    tell(s, { all: [self, coordinator, other], entries: [other] });
    tell(s, { all: [self, coordinator], entries: [{ id: HIGH, state: LEFT, sequence: 45 }] });
    await s.lab.advance("10ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${HIGH} left`]);
    for (const sequence of [41, 44, 45]) expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence })).toBe(false);
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${HIGH} left`]);
    expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence: 46 })).toBe(true);
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${HIGH} member`]);
    // One that is about less than was heard takes back nothing.
    tell(s, { all: [self, coordinator], entries: [{ id: HIGH, state: LEFT, sequence: 44 }] });
    await s.lab.advance("10ms");
    expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence: 46 })).toBe(false);
    expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence: 47 })).toBe(true);
  });

  thoroughly("about who has died has no packet of it count as heard that was not", async () => {
    const { s, self, coordinator } = await member();
    const other = { id: HIGH, sequence: 40 };
    tell(s, { all: [self, coordinator, other], entries: [other] });
    tell(s, { all: [self, coordinator], entries: [{ id: HIGH, state: OFFLINE, sequence: 45 }] });
    await s.lab.advance("10ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${HIGH} offline`]);
    expect(await isNew(s, { ...report(HIGH, ERA, LOWEST), sequence: 41 })).toBe(true);
  });

  thoroughly("tells name, address, age and revision of a member, as `cloud` shows them", async () => {
    const { s, self, coordinator } = await member();
    const other = { id: HIGH, age: 12, revision: 345, name: "n".repeat(15), address: "10.0.2.201" };
    tell(s, { all: [self, coordinator, other], entries: [other] });
    await s.lab.advance("10ms");
    expect(await outputAmong(s.node, "cloud")).toMatch(
      /^n{15} +10\.0\.2\.201 +525400fffeff0063 +5 +12 +345 member +0\.\d s$/m,
    );
  });

  thoroughly("about the coordinator itself says nothing: that speaks in the header", async () => {
    const { s, self, coordinator } = await member();
    tell(s, { all: [self, coordinator], entries: [{ id: LOWEST, state: OFFLINE, name: "wrong", age: 9 }] });
    await s.lab.advance("10ms");
    expect(await outputAmong(s.node, "cloud")).toMatch(/^stranger +10\.0\.2\.98 +0200000000000062 +5 +1 +1 member /m);
  });
});

describeThoroughly("a member reports at once", () => {
  const told = async (s: Scene, ms: number): Promise<number[]> => {
    const fromMs = nowMs(s);
    await until(s, fromMs + ms);
    return s.wire
      .of(REPORT, fromMs)
      .filter(({ to }) => to === "10.0.2.98")
      .map(({ atMs }) => atMs - fromMs);
  };

  /** It has just reported, and is to do so again in 800 ms only. */
  async function settled(): Promise<Awaited<ReturnType<typeof member>>> {
    const m = await member();
    const all = [m.self, m.coordinator, { id: HIGH }];
    tell(m.s, { all, entries: [{ id: HIGH }] });
    await m.s.lab.advance("20ms");
    const count = m.s.wire.of(REPORT).length;
    for (
      let beat = 0;
      m.s.wire.of(REPORT).filter(({ to }) => to === "10.0.2.98").length <= count && beat < 60;
      beat++
    ) {
      tell(m.s, { all });
      await m.s.lab.advance("50ms");
    }
    return m;
  }

  test("when a view says that it is no member", async () => {
    for (const state of [JOINING, OFFLINE, LEFT]) {
      const { s, self, coordinator } = await settled();
      tell(s, { all: [coordinator, { id: HIGH }], entries: [{ ...self, state }] });
      const times = await told(s, 30);
      expect(times).toHaveLength(1);
    }
  });

  test("not when it says that it is one", async () => {
    const { s, self, coordinator } = await settled();
    tell(s, { all: [self, coordinator, { id: HIGH }], entries: [{ ...self, state: MEMBER }] });
    expect(await told(s, 100)).toEqual([]);
  });

  test("within 100 ms when the roll is called", async () => {
    const { s, self, coordinator } = await settled();
    tell(s, { all: [self, coordinator, { id: HIGH }], more: { flags: ROLL } });
    const times = await told(s, 100 + 3 * TICK_MS);
    expect(times).toHaveLength(1);
  });
});

describeThoroughly("a coordinator", () => {
  test("takes a member that joins again, in the same boot, out of its view", async () => {
    const s = await founded();
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("200ms");
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(2);
    s.wire.say(hello(HIGH));
    await s.lab.advance("200ms");
    const last = s.wire.of(VIEW).at(-1)!;
    expect(last.members).toBe(1);
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("200ms");
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(2);
  });

  test("takes who is a member of another cluster out of its view, and answers its probe all the same", async () => {
    const s = await founded();
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("200ms");
    const fromMs = nowMs(s);
    s.wire.say({ ...report(HIGH, 1, HIGHEST), kind: PROBE });
    await s.lab.advance("200ms");
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(1);
    expect(s.wire.of(REPORT, fromMs)).toHaveLength(1);
  });

  test("names in its view who was heard with an age, as that of an earlier boot", async () => {
    const s = await founded();
    s.wire.say({ ...report(LOW, 1, SELF), age: 7 });
    await s.lab.advance("200ms");
    const fromMs = nowMs(s);
    s.wire.say({ ...view(LOW, 1, HIGHEST), age: 8, session: HIGH, echo: "0".repeat(16) });
    await s.lab.advance("200ms");
    const [entry] = s.wire
      .of(VIEW, fromMs)
      .flatMap(({ data }) => (data.length > VIEW_BYTES ? [data.slice(VIEW_BYTES, VIEW_BYTES + ENTRY_BYTES)] : []));
    expect([entry![17], entry![8]]).toEqual([5, 7]);
  });
});

describeThoroughly("sessions that a coordinator lists of another member", () => {
  const [FIRST, SECOND] = ["7171717171717171", "7272727272727272"];

  class Listed {
    readonly s: Scene;
    readonly #others: readonly Entry[];
    constructor(s: Scene, others: readonly Entry[]) {
      this.s = s;
      this.#others = others;
    }

    /** The coordinator lists HIGH so. */
    async list(entry: Partial<Entry>): Promise<void> {
      const high: Entry = { id: HIGH, ...entry };
      const all = (entry.state ?? MEMBER) === MEMBER ? [...this.#others, high] : this.#others;
      tell(this.s, { all, entries: [high] });
      await this.s.lab.advance("10ms");
    }

    /** The age of an earlier boot that reports to HIGH tell it, in two beats. */
    async told(entry: Partial<Entry>): Promise<number[]> {
      const fromMs = nowMs(this.s);
      for (let time = 0; time < 4; time++) {
        tell(this.s, { all: [...this.#others, { id: HIGH, ...entry }] });
        await this.s.lab.advance("220ms");
      }
      const reports = this.s.wire.of(REPORT, fromMs).filter(({ to }) => to === "10.0.2.99");
      expect(reports.length).toBeGreaterThan(0);
      return [...new Set(reports.map(({ data }) => new DataView(data.buffer, data.byteOffset).getUint32(20, true)))];
    }

    /** Whether a packet of HIGH in this session is believed. */
    async believes(session: string): Promise<boolean> {
      const counts = new Counts(this.s.node);
      const refused = (): number =>
        counts.read().get("cloud heard before")! +
        counts.read().get("cloud of a boot that is not known to be the present one")!;
      const before = refused();
      this.s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: PROBE, session, echo: "0".repeat(16) });
      await this.s.lab.advance("5ms");
      return refused() === before;
    }
  }

  async function scene(): Promise<Listed> {
    const { s, self, coordinator } = await member();
    s.wire.appear(HIGH);
    return new Listed(s, [self, coordinator]);
  }

  test("a list leads from one session to another, and back, as long as neither was proven", async () => {
    const l = await scene();
    await l.list({ session: FIRST });
    expect(await l.believes(FIRST)).toBe(true);
    await l.list({ session: SECOND });
    expect([await l.believes(FIRST), await l.believes(SECOND)]).toEqual([false, true]);
    await l.list({ session: FIRST, sequence: 50 });
    expect(await l.believes(SECOND)).toBe(false);
    l.s.wire.say({ ...report(HIGH, ERA, LOWEST), session: FIRST, sequence: 50, echo: "0".repeat(16) });
    await l.s.lab.advance("5ms");
    expect(await l.believes(FIRST)).toBe(true);
  });

  describeThoroughly("a node that comes back to a session", () => {
    test.each<[string, number, number[]]>([
      ["older than the other boot is told nothing", 7, [0]],
      ["as old as the other boot is told nothing", 6, [0]],
      ["younger than the other boot is told that age", 4, [6]],
    ])("%s", async (_what, age, told) => {
      const l = await scene();
      await l.list({ session: FIRST, age: 5 });
      expect(await l.told({ session: FIRST, age: 5 })).toEqual([0]);
      await l.list({ session: SECOND, age: 6 });
      expect(await l.told({ session: SECOND, age: 6 })).toEqual([0]);
      await l.list({ session: FIRST, age });
      expect(await l.told({ session: FIRST, age })).toEqual(told);
    });
  });

  thoroughly("of a boot that is over a list says no news, but that nobody vouches for the node any more", async () => {
    const l = await scene();
    await l.list({ session: FIRST });
    await l.s.lab.advance("450ms");
    // The next boot is proven to the node itself.
    l.s.wire.say({ ...report(HIGH, ERA, LOWEST), session: SECOND });
    await l.s.lab.advance("10ms");
    expect(await l.believes(SECOND)).toBe(true);
    await l.list({ session: FIRST, age: 9 });
    expect([await l.believes(FIRST), await l.believes(SECOND)]).toEqual([false, true]);
    expect(await shown(l.s)).toEqual([`${LOWEST} member`, `${HIGH} member`]);
    await l.list({ session: FIRST, state: OFFLINE });
    expect(await shown(l.s)).toEqual([`${LOWEST} member`, `${HIGH} offline`]);
  });
});
