/**
 * The ring of a cluster (docs/protocols/cluster.md, "The coordinator and the ring"): to whom a member reports, whom it
 * watches, and how often, as its place among the ids says.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
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
import { ENTRY_BYTES, HELLO, PROBE, REPORT, type Said, VIEW, VIEW_BYTES } from "./cluster-wire.ts";

const ERA = 5;
const addressOf = (id: string): string => `10.0.2.${Number.parseInt(id.slice(-2), 16)}`;
/** Between SELF and these in one half of the id only. */
const [NEAR_BELOW, NEAR_ABOVE] = ["525400fffea4ca71", "525400fffea4cb65"];

/** The coordinator, the other members, the next in the ring, and who is watched. */
const RINGS: readonly (readonly [string, readonly string[], string, string | null])[] = [
  [LOWEST, [LOW], LOWEST, LOW],
  [LOWEST, [HIGH], HIGH, null],
  [LOWEST, [LOW, HIGH, HIGHEST], HIGH, LOW],
  [LOWEST, [NEAR_BELOW, LOW, NEAR_ABOVE, HIGH], NEAR_ABOVE, NEAR_BELOW],
  [HIGH, [HIGHEST], HIGH, HIGHEST],
  [HIGHEST, [HIGH], HIGH, null],
  [HIGHEST, [LOW, LOWEST], HIGHEST, LOW],
  [LOW, [LOWEST, HIGHEST, HIGH], HIGH, null],
  [LOW, [LOWEST], LOWEST, null],
];

describe("a member", () => {
  test.each(rowsOf(RINGS, 1))(
    "of the coordinator %s among %j reports to %s and watches %s",
    async (coordinator, others, next, watched) => {
      const s = await scene();
      await says(s, HELLO);
      s.wire.say({ ...view(coordinator, ERA), members: [...others] });
      await says(s, REPORT);
      const all = [coordinator, ...others];
      /** All speak, but for one. */
      const live = async (ms: number, silent: string | null = null): Promise<void> => {
        for (let left = ms; left > 0; left -= 100) {
          for (const id of all)
            if (id !== silent) s.wire.say(id === coordinator ? view(id, ERA) : report(id, ERA, coordinator));
          await s.lab.advance("100ms");
        }
      };
      await live(500);
      const fromMs = nowMs(s);
      await live(2000);
      const told = s.wire.of(REPORT, fromMs);
      const times = told.filter(({ to }) => to === addressOf(next)).map(({ atMs }) => atMs);
      expect(times.length).toBeGreaterThanOrEqual(4);
      for (const { to } of told) expect([addressOf(next), addressOf(coordinator)]).toContain(to);
      if (next !== coordinator)
        for (const [index, atMs] of times.slice(1).entries()) {
          expect(atMs - times[index]!).toBeGreaterThanOrEqual(400 - TICK_MS);
          expect(atMs - times[index]!).toBeLessThan(400 + 3 * TICK_MS);
        }
      for (const id of others) {
        const askedMs = nowMs(s);
        await live(700, id);
        const probes = s.wire.of(PROBE, askedMs).filter(({ to }) => to === addressOf(id));
        expect([id, probes.length > 0]).toEqual([id, id === watched]);
        s.wire.say(report(id, ERA, coordinator));
        await live(200);
      }
    },
  );

  thoroughly("of a large cluster does so every second, of one of 33 every 400 ms", async () => {
    for (const [others, beatMs] of [
      [31, 400],
      [32, 1000],
    ] as const) {
      const s = await scene();
      await says(s, HELLO);
      const ids = Array.from({ length: others }, (_, index) => `525400fffeb000${(index + 16).toString(16)}`);
      for (let from = 0; from < ids.length; from += 16)
        s.wire.say({ ...view(LOWEST, ERA), members: ids.slice(from, from + 16) });
      await says(s, REPORT);
      const fromMs = nowMs(s);
      for (let ms = 0; ms < 4200; ms += 100) {
        s.wire.say(view(LOWEST, ERA));
        await s.lab.advance("100ms");
      }
      const times = s.wire
        .of(REPORT, fromMs)
        .filter(({ to }) => to === "10.0.2.200")
        .map(({ atMs }) => atMs);
      expect(times.length).toBeGreaterThanOrEqual(3);
      for (const [index, atMs] of times.slice(1).entries()) {
        expect(atMs - times[index]!).toBeGreaterThanOrEqual(beatMs - TICK_MS);
        expect(atMs - times[index]!).toBeLessThan(beatMs + 3 * TICK_MS);
      }
    }
  });
});

/** Entries of a view. */
const entriesOf = (data: Uint8Array): Uint8Array[] =>
  Array.from({ length: (data.length - VIEW_BYTES) / ENTRY_BYTES }, (_, index) =>
    data.slice(VIEW_BYTES + index * ENTRY_BYTES, VIEW_BYTES + (index + 1) * ENTRY_BYTES),
  );
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const idOf = (entry: Uint8Array): string => hexOf(entry.subarray(0, 8));

/** A node that coordinates these. */
async function coordinates(ids: readonly string[]): Promise<Scene> {
  const s = await scene();
  await says(s, VIEW);
  await s.lab.advance("600ms");
  for (const id of ids) s.wire.say(report(id, 1, SELF));
  await s.lab.advance("200ms");
  return s;
}

const crowd = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, index) => `525400ff${(0xfe000070 + index * 0x05000001).toString(16).padStart(8, "0").slice(-8)}`,
  ).sort();

describeThoroughly("a coordinator", () => {
  test.each([1, 18, 19, 20, 38, 39, 45])(
    "tells all of its view of %i members in ranges that leave out nobody",
    async (count) => {
      const ids = crowd(count);
      const s = await coordinates(ids);
      const fromMs = nowMs(s);
      s.wire.say({ ...report(ids[0]!, 1, SELF), flags: 2 });
      await s.lab.advance("100ms");
      const whole = s.wire.of(VIEW, fromMs).filter(({ to }) => to !== "239.255.81.82");
      expect(whole.map(({ to }) => to)).toEqual(
        Array.from({ length: Math.max(1, Math.ceil(count / 19)) }, () => addressOf(ids[0]!)),
      );
      let from = "0".repeat(16);
      for (const [index, { data, members }] of whole.entries()) {
        expect(members).toBe(count + 1);
        expect(hexOf(data.subarray(136, 144))).toBe(from);
        from = hexOf(data.subarray(144, 152));
        const last = index === whole.length - 1;
        expect(from).toBe(last ? "f".repeat(16) : idOf(entriesOf(data).at(-1)!));
        for (const entry of entriesOf(data)) expect(entry[17]).toBe(2);
      }
      expect(whole.flatMap(({ data }) => entriesOf(data)).map(idOf)).toEqual(ids);
    },
  );

  thoroughly(
    "tells what has changed: who came, has said something else of itself, has left, died, or joins anew",
    async () => {
      const s = await coordinates([]);
      /** Entries of views that come when something is said, with states; strangers apart. */
      const told = async (said: Said, ms = 150): Promise<Uint8Array[]> => {
        const fromMs = nowMs(s);
        s.wire.say(said);
        await s.lab.advance(ms * 1e6);
        return s.wire
          .of(VIEW, fromMs)
          .flatMap(({ data }) => entriesOf(data))
          .filter((entry) => entry[17] !== 5);
      };
      const expected = (state: number, sequence: number, { name = "stranger", age = 1, flags = 0 } = {}): string => {
        const bytes = new Uint8Array(ENTRY_BYTES);
        const fields = new DataView(bytes.buffer);
        bytes.set(Buffer.from(HIGH, "hex"));
        fields.setUint32(8, age, true);
        fields.setUint32(12, 1, true);
        bytes.set([flags, state], 16);
        bytes.set([10, 0, 2, 99], 20);
        bytes.set(new TextEncoder().encode(name), 24);
        bytes.set(Buffer.from(HIGH, "hex"), 56);
        fields.setUint32(64, sequence, true);
        return hexOf(bytes);
      };
      const own: Said = report(HIGH, 1, SELF);
      expect((await told(own)).map(hexOf)).toEqual([expected(2, 1)]);
      expect(await told(own)).toEqual([]);
      expect((await told({ ...own, name: "other" })).map(hexOf)).toEqual([expected(2, 3, { name: "other" })]);
      expect((await told({ ...own, name: "other", age: 7 })).map(hexOf)).toEqual([
        expected(2, 4, { name: "other", age: 7 }),
      ]);
      // Of its flags those that views carry.
      const flags = { name: "other", age: 7, flags: 0xe1 };
      expect((await told({ ...own, ...flags })).map(hexOf)).toEqual([expected(2, 5, { ...flags, flags: 0x81 })]);
      expect((await told({ ...own, ...flags, kind: 4 })).map(hexOf)).toEqual([
        expected(4, 6, { ...flags, flags: 0x81 }),
      ]);
      expect((await told({ ...own, age: 8, session: LOW })).map((entry) => [entry[17], idOf(entry)])).toEqual([
        [2, HIGH],
      ]);
      // A member of another cluster, of a worse name, is in no view.
      expect(
        (await told({ ...report(HIGH, 1, "f".repeat(16)), age: 8, session: LOW })).map((entry) => entry[17]),
      ).toEqual([]);
      expect(s.wire.of(VIEW).at(-1)!.members).toBe(1);
      await told({ ...own, age: 8, session: LOW });
      expect(s.wire.of(VIEW).at(-1)!.members).toBe(2);
      const fromMs = nowMs(s);
      await s.lab.advance("2s");
      const died = s.wire.of(VIEW, fromMs).flatMap(({ data }) => entriesOf(data));
      expect(died.map((entry) => [entry[17], idOf(entry)])).toEqual([[3, HIGH]]);
      expect(s.wire.of(VIEW).at(-1)!.members).toBe(1);
    },
  );

  thoroughly("tells many changes in as many packets as that takes, each once", async () => {
    for (const count of [19, 20, 40]) {
      const s = await coordinates([]);
      const fromMs = nowMs(s);
      for (const id of crowd(count)) s.wire.say(report(id, 1, SELF));
      await s.lab.advance("300ms");
      const told = s.wire.of(VIEW, fromMs).flatMap(({ data }) => entriesOf(data));
      expect(told.map(idOf).sort()).toEqual(crowd(count));
      expect(s.wire.of(VIEW, fromMs).at(-1)!.members).toBe(count + 1);
    }
  });
});
