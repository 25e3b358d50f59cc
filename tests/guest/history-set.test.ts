/**
 * The history as a set of events (docs/protocols/cluster-history.md): whatever comes first, a node has what a model of
 * it has, as its packets say by number and digest; what it is asked for, and what it asks for.
 */
import { describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import {
  HIGH,
  HIGHEST,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  TICK_MS,
  view,
} from "./agreement-scene.ts";
import { EVENTS, HEADER_BYTES, HELLO, type Heard, HISTORY, PROBE, REPORT } from "./cluster-wire.ts";
import { HistoryModel } from "./history-model.ts";
import { DIED, ENDED, EVENT_BYTES, EVENT_ERA, type Event, eventBytes, FOUNDED, JOINED } from "./history-wire.ts";

const ERA = EVENT_ERA;
const PACKET_EVENTS = 18;
const GROUP = "239.255.81.82";
const COORDINATOR = "10.0.2.98";
const HISTORY_KEPT = 64;

/** A member among two others, of which LOWEST coordinates and says nothing of the history unless it is told to. */
async function member(): Promise<Scene> {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
  await says(s, REPORT);
  await s.node.waitFor(PROMPT);
  s.wire.say(report(HIGH, ERA, LOWEST)); // who reports need not be asked for by ARP
  await s.lab.advance("300ms");
  return s;
}

/** HIGH tells events, as many in a packet as it takes; `request`: they were asked for. */
async function tell(s: Scene, events: readonly Uint8Array[], request = 0): Promise<void> {
  for (let from = 0; from < events.length; from += PACKET_EVENTS) {
    const some = events.slice(from, from + PACKET_EVENTS);
    const rest = new Uint8Array(some.length * EVENT_BYTES);
    some.forEach((event, index) => rest.set(event, index * EVENT_BYTES));
    s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: EVENTS, rest, request });
    await s.lab.advance("10ms");
  }
}

/** Number and digest of the events that the node says it has: it is asked whether it lives. */
async function claims(s: Scene): Promise<number[]> {
  const before = s.wire.heard.length;
  s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: PROBE });
  const { data } = await s.lab.until(() => s.wire.heard.slice(before).at(-1), "it does not answer");
  const fields = new DataView(data.buffer, data.byteOffset);
  return [fields.getUint32(120, true), fields.getUint32(124, true)];
}

/** Events in a packet. */
const eventsIn = ({ data }: Heard): Uint8Array[] =>
  Array.from({ length: (data.length - HEADER_BYTES) / EVENT_BYTES }, (_, index) =>
    data.slice(HEADER_BYTES + index * EVENT_BYTES, HEADER_BYTES + (index + 1) * EVENT_BYTES),
  );

/** Events that differ in all that orders them, drawn from few values: many are the same, and many nearly so. */
function drawn(random: Random, count: number): Uint8Array[] {
  const ids = [LOW, SELF, HIGH, "525400fffe000161"];
  return Array.from({ length: count }, () => {
    const event: Event = {
      era: 1 + random.below(ERA),
      number: 1 + random.below(9) * (random.below(2) === 0 ? 1 : 0x100),
      author: ids[random.below(4)]!,
      subject: ids[random.below(4)]!,
      kind: 1 + random.below(8),
      members: random.below(3),
      after: random.below(2),
      name: ["a", "b"][random.below(2)]!,
    };
    return eventBytes(event);
  });
}

describe("whatever comes first, a node has the same events", () => {
  test("as the union of all that it was told, each once, in their order", async () => {
    const s = await member();
    const model = new HistoryModel();
    const random = new Random(7, "events");
    const all = drawn(random, 60);
    for (let from = 0; from < all.length; from += 15) {
      const some = [...all.slice(from, from + 15), ...all.slice(0, 2)];
      await tell(s, some);
      model.add(...some);
      expect(await claims(s)).toEqual([model.events.length, model.digest]);
    }
    // All that is asked for comes, the latest first.
    s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: HISTORY, rest: new Uint8Array(256) });
    await s.lab.advance("50ms");
    const said = s.wire.of(EVENTS).flatMap(eventsIn);
    expect(said.map((event) => Buffer.from(event).toString("hex"))).toEqual(
      model.events.toReversed().map((event) => Buffer.from(event).toString("hex")),
    );
  });

  thoroughly("up to so many of each class: the lowest make room, what is lower comes in vain", async () => {
    const s = await member();
    const model = new HistoryModel();
    const check = async (...events: readonly Uint8Array[]): Promise<void> => {
      await tell(s, events);
      model.add(...events);
      expect(await claims(s)).toEqual([model.events.length, model.digest]);
    };
    const others = Array.from({ length: 446 }, (_, index) => eventBytes({ era: 3, number: 10 + index, kind: JOINED }));
    await check(...others.slice(1).reverse(), others[0]!);
    const marks = Array.from({ length: 62 }, (_, index) =>
      eventBytes({ era: 2, number: 10 + index, kind: 1 + (index & 1) }),
    );
    await check(...marks);
    expect(model.events).toHaveLength(508);
    // Up to the bound, at it, and one more; below the lowest, and the lowest again.
    for (const number of [3, 4, 5, 2, 4, 5, 6, 1000]) await check(eventBytes({ era: 3, number, kind: DIED }));
    expect(model.events).toHaveLength(510);
    for (const number of [3, 4, 5, 2, 4, 5, 6, 1000]) await check(eventBytes({ era: 2, number, kind: ENDED }));
    expect(model.events).toHaveLength(512);
    await check(eventBytes({ era: 1, number: 1, kind: FOUNDED }), eventBytes({ era: 1, number: 1, kind: JOINED }));
    await check(eventBytes({ era: 5, number: 9, kind: FOUNDED }), eventBytes({ era: 5, number: 9, kind: JOINED }));
    await check(...drawn(new Random(9, "more"), 36));
  });
});

test("events of a later era than the node's are not taken, among others that are", async () => {
  const s = await member();
  const model = new HistoryModel();
  const [now, later, before] = [ERA, ERA + 1, ERA - 1].map((era) => eventBytes({ era, number: 4, kind: JOINED }));
  await tell(s, [later!, now!, later!, before!]);
  model.add(now!, before!);
  expect(await claims(s)).toEqual([2, model.digest]);
});

thoroughly("cloud events -f shows the events that come, more than a packet holds at once, each once", async () => {
  const s = await member();
  s.node.type("cloud events -f\n");
  await s.lab.advance("100ms");
  // More than are kept for who watches, but never as many at once.
  const events = Array.from({ length: 40 }, (_, index) =>
    eventBytes({ number: 10 + index, kind: JOINED, name: `n${index}` }),
  );
  for (let from = 0; from < events.length; from += PACKET_EVENTS) {
    await tell(s, [...events.slice(from, from + PACKET_EVENTS), events[3]!]);
    await s.lab.advance("60ms");
  }
  await s.node.waitFor(/n39 joined/);
  s.node.type("\x03");
  await s.node.waitFor(PROMPT);
  const shown = [...s.node.console.text.matchAll(/5\.(\d+) +n(\d+) joined/g)].map(([, number, name]) => [number, name]);
  expect(shown).toEqual(Array.from({ length: 40 }, (_, index) => [`${10 + index}`, `${index}`]));
});

describeThoroughly("who has another history than the coordinator", () => {
  /** The coordinator speaks for so long, and says that it has this history: number, digest, and whether on disk. */
  async function beats(s: Scene, ms: number, history: { number: number; digest: number }, flags = 0): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      if (left % 100 === 0) s.wire.say({ ...report(LOWEST, ERA, LOWEST), history, flags });
      await s.lab.advance("50ms");
    }
  }

  thoroughly("asks it alone, after 200 to 300 ms and 10 ms more for each member, and again after as long", async () => {
    const s = await member();
    const model = new HistoryModel();
    model.add(...[1, 2, 3].map((number) => eventBytes({ number, kind: JOINED })));
    await tell(s, model.events);
    await beats(s, 400, { number: model.events.length, digest: model.digest });
    expect(s.wire.of(HISTORY)).toEqual([]);
    const fromMs = nowMs(s);
    await beats(s, 1500, { number: 3, digest: 5 });
    const asked = s.wire.of(HISTORY, fromMs);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(1500 / 200);
    let lastMs = fromMs;
    for (const { atMs, to, data } of asked) {
      expect(atMs - lastMs).toBeGreaterThanOrEqual(200 - TICK_MS);
      // It is not asked anew before the next packet of the coordinator.
      expect(atMs - lastMs).toBeLessThan(300 + 20 + 100 + 3 * TICK_MS);
      lastMs = atMs;
      expect(to).toBe(COORDINATOR);
      expect(data).toHaveLength(384);
      expect(new DataView(data.buffer, data.byteOffset).getUint32(20, true)).toBe(0);
      expect(new Uint32Array(data.slice(HEADER_BYTES).buffer)).toEqual(model.buckets);
    }
  });

  thoroughly("asks for nothing when they are the same again before that, nor because of another member", async () => {
    const s = await member();
    const model = new HistoryModel();
    await beats(s, 100, { number: 1, digest: 5 });
    await beats(s, 600, { number: 0, digest: 0 });
    for (let time = 0; time < 6; time++) {
      s.wire.say({ ...report(HIGH, ERA, LOWEST), history: { number: 1, digest: 5 } });
      await beats(s, 100, { number: 0, digest: model.digest });
    }
    expect(s.wire.of(HISTORY)).toEqual([]);
  });

  thoroughly("has events on another disk, once a member says so of the same history", async () => {
    const s = await member();
    const model = new HistoryModel();
    model.add(eventBytes({ number: 1, kind: JOINED }));
    await tell(s, model.events);
    const told = async (): Promise<string> => (await outputAmong(s.node, "cloud events")).trim().split("\n").at(-1)!;
    const NOT = "The last of them are not known to be on another member's disk.";
    const history = { number: 1, digest: model.digest };
    expect(await told()).toBe(NOT);
    await beats(s, 100, history);
    expect(await told()).toBe(NOT);
    await beats(s, 100, { number: 1, digest: 5 }, HISTORY_KEPT);
    expect(await told()).toBe(NOT);
    await beats(s, 100, history, HISTORY_KEPT);
    expect(await told()).toBe("All of them are on another member's disk too.");
    await tell(s, [eventBytes({ number: 2, kind: DIED })]);
    expect(await told()).toBe(NOT);
  });
});

describeThoroughly("who is asked", () => {
  const many = Array.from({ length: 150 }, (_, index) => eventBytes({ number: 1 + index, kind: JOINED }));
  const ask = (s: Scene, id: string, sums: Uint32Array<ArrayBuffer> = new Uint32Array(64), request = 0): void =>
    s.wire.say({ ...report(id, ERA, LOWEST), kind: HISTORY, rest: new Uint8Array(sums.slice().buffer), request });

  thoroughly("sends eight packets at most, the latest events first, to who asked; then its own sums", async () => {
    const s = await member();
    const model = new HistoryModel();
    await tell(s, many);
    model.add(...many);
    const fromMs = nowMs(s);
    ask(s, HIGH);
    await s.lab.advance("100ms");
    const answers = s.wire.of(EVENTS, fromMs);
    expect(answers.map((heard) => eventsIn(heard).length)).toEqual(Array.from({ length: 8 }, () => PACKET_EVENTS));
    const numbers = answers.flatMap(eventsIn).map((event) => event[4]! + 256 * event[5]!);
    expect(numbers).toEqual(Array.from({ length: 144 }, (_, index) => 150 - index));
    const [sums, ...more] = s.wire.of(HISTORY, fromMs);
    expect(more).toEqual([]);
    expect(new Uint32Array(sums!.data.slice(HEADER_BYTES).buffer)).toEqual(model.buckets);
    for (const { to, data } of [...answers, sums!]) {
      expect(to).toBe("10.0.2.99");
      const fields = new DataView(data.buffer, data.byteOffset);
      expect(fields.getUint32(20, true)).toBe(1);
      // It names the session that asked, and the number of what it asked by: the view told nothing of HIGH's numbers.
      expect(Buffer.from(data.subarray(88, 92)).toString("hex")).toBe(HIGH.slice(0, 8));
      expect(fields.getUint32(92, true)).toBe(1 + Math.ceil(150 / PACKET_EVENTS) + 1);
    }
  });

  thoroughly("answers who else asks within half a second with the whole group, and nobody within 20 ms", async () => {
    const s = await member();
    await tell(s, many.slice(0, 3));
    const answered = async (id: string, afterMs: number, ms = 15): Promise<string[]> => {
      await s.lab.advance(afterMs * 1e6);
      const fromMs = nowMs(s);
      ask(s, id);
      await s.lab.advance(ms * 1e6);
      return s.wire.of(EVENTS, fromMs).map(({ to }) => to);
    };
    expect(await answered(HIGH, 600, 5)).toEqual(["10.0.2.99"]);
    expect(await answered(LOWEST, 0, 10)).toEqual([]);
    expect(await answered(LOWEST, 30)).toEqual([GROUP]);
    expect(await answered(HIGH, 440)).toEqual([GROUP]);
    expect(await answered(HIGH, 520)).toEqual(["10.0.2.99"]);
    for (const { to, data } of s.wire.of(EVENTS))
      expect(new DataView(data.buffer, data.byteOffset).getUint32(20, true)).toBe(to === GROUP ? 0 : 1);
  });

  thoroughly(
    "gives who answers it what that one lacks, with no sums of its own, as often as it is answered",
    async () => {
      const s = await member();
      await tell(s, many.slice(0, 3));
      for (const request of [1, 0x10000, 0x10000]) {
        const fromMs = nowMs(s);
        ask(s, LOWEST, new Uint32Array(64), request);
        await s.lab.advance("8ms");
        expect(s.wire.of(EVENTS, fromMs).map(({ to }) => to)).toEqual([COORDINATOR]);
        expect(s.wire.of(HISTORY, fromMs)).toEqual([]);
      }
    },
  );

  thoroughly("says nothing of events to who has them all, but its sums", async () => {
    const s = await member();
    const model = new HistoryModel();
    await tell(s, many.slice(0, 3));
    model.add(...many.slice(0, 3));
    const fromMs = nowMs(s);
    ask(s, HIGH, model.buckets);
    await s.lab.advance("50ms");
    expect(s.wire.of(EVENTS, fromMs)).toEqual([]);
    expect(s.wire.of(HISTORY, fromMs)).toHaveLength(1);
  });
});

describeThoroughly("a coordinator", () => {
  thoroughly("tells the group what is new to it of what was sent to it alone, and nothing else", async () => {
    const s = await scene();
    await says(s, HELLO);
    s.wire.say({ ...view(LOWEST, ERA), members: [HIGH, HIGHEST] });
    await says(s, REPORT);
    await s.node.waitFor(PROMPT);
    s.wire.say({ ...report(LOWEST, ERA), kind: 4 });
    await s.lab.until(() => s.wire.heard.find(({ kind }) => kind === 2), "it does not coordinate", { within: "2s" });
    const first = [1, 2, 3].map((number) => eventBytes({ era: 3, number, kind: JOINED }));
    const told = async (events: readonly Uint8Array[], request: number): Promise<number[]> => {
      const fromMs = nowMs(s);
      await tell(s, events, request);
      s.wire.say(report(HIGH, ERA, LOWEST));
      await s.lab.advance("60ms");
      return s.wire
        .of(EVENTS, fromMs)
        .filter(({ to }) => to === GROUP)
        .flatMap(eventsIn)
        .filter((event) => event[0] === 3)
        .map((event) => event[4]!);
    };
    expect(await told(first, 0)).toEqual([]);
    const more = Array.from({ length: 40 }, (_, index) => eventBytes({ era: 3, number: 2 + index, kind: JOINED }));
    expect(await told(more, 1)).toEqual(Array.from({ length: 38 }, (_, index) => 4 + index));
    expect(await told([eventBytes({ era: 3, number: 90, kind: JOINED })], 0x10000)).toEqual([90]);
  });
});
