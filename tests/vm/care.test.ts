/** What the daemon decides, in a time of its own: who is started, and who is reset for being silent. */
import { expect, test } from "vitest";
import { type Action, Care, type Seen } from "../../src/vm/care.ts";

const SECOND = 1_000;
const machine = (changes: Partial<Seen> = {}): Seen => ({
  key: "main/web",
  state: "running",
  isWanted: true,
  isMember: true,
  ...changes,
});

/** Looks each second, from one time to another; `seen` says what there is. */
function looks(care: Care, from: number, to: number, seen: (second: number) => Seen): [second: number, verb: string][] {
  const done: [number, string][] = [];
  for (let second = from; second <= to; second++)
    done.push(
      ...care.look(second * SECOND, [seen(second)]).map(({ verb }: Action): [number, string] => [second, verb]),
    );
  return done;
}

test("a machine that is to run is started, at once and then ever more seldom", () => {
  const done = looks(new Care(), 100, 400, () => machine({ state: "failed", isMember: false }));
  expect(done).toEqual([
    [100, "start"],
    [110, "start"],
    [130, "start"],
    [170, "start"],
    [250, "start"],
  ]);
});

test.each(["suspended", "paused", "no answer"])("one that is %s is left alone", (state) => {
  expect(looks(new Care(), 0, 100, () => machine({ state, isMember: false }))).toEqual([]);
});

test("one that nobody wants is not started", () => {
  expect(looks(new Care(), 0, 100, () => machine({ state: "off", isWanted: false, isMember: false }))).toEqual([]);
});

test("a member that is silent is reset, and again when it stays so", () => {
  const done = looks(new Care(), 0, 200, (second) => machine({ isMember: second < 50 }));
  expect(done).toEqual([
    [69, "reset"],
    [89, "reset"],
    [109, "reset"],
    [149, "reset"],
  ]);
});

test("one that comes back is left alone, and begun with anew when it was well for long", () => {
  const care = new Care();
  const silent = (second: number): Seen => machine({ isMember: second < 10 || second > 40 });
  expect(looks(care, 0, 400, silent)).toEqual([[29, "reset"]]);
  expect(looks(care, 401, 459, () => machine({ isMember: false }))).toEqual([
    [420, "reset"],
    [440, "reset"],
  ]);
});

test("one that was no member yet is given its time, and so is one that nobody hears", () => {
  expect(looks(new Care(), 0, 300, () => machine({ isMember: false }))).toEqual([]);
  expect(looks(new Care(), 0, 300, () => machine({ isMember: null }))).toEqual([]);
});

test("a host that slept resets nobody for it", () => {
  const care = new Care();
  looks(care, 0, 10, () => machine());
  expect(looks(care, 3600, 3615, () => machine({ isMember: false }))).toEqual([]);
});
