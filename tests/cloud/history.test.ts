/** The set of events that an observer keeps: in its order, and bounded. */
import { expect, test } from "vitest";
import { History } from "../../src/cloud/history.ts";
import type { HistoryEvent } from "../../src/wire/cluster-packet.ts";
import { A, B } from "./said.ts";

const [FOUNDED, ENDED, JOINED] = [1, 2, 3];

const event = (era: number, number: number, kind = JOINED, more: Partial<HistoryEvent> = {}): HistoryEvent => ({
  ...{ era, number, kind, author: A, subject: B, members: 1, time: 0, detail: 0, detail2: 0, name: "a" },
  ...more,
});
const numbers = ({ events }: History): string[] => events.map(({ era, number }) => `${era}.${number}`);

test("events stand in order of era, number and author, each once", () => {
  const history = new History();
  expect(history.add([event(2, 1), event(1, 2), event(1, 10)])).toBe(true);
  expect(numbers(history)).toEqual(["1.2", "1.10", "2.1"]);
  const { events } = history;
  expect(history.add([event(1, 2), event(2, 1)])).toBe(false);
  expect(history.events).toBe(events);
  expect(history.add([event(1, 2, JOINED, { author: B }), event(1, 2, JOINED, { author: "1".repeat(16) })])).toBe(true);
  expect(history.events.slice(0, 3).map(({ author }) => author[0])).toEqual(["1", "a", "b"]);
  expect(history.add([])).toBe(false);
});

test("of too many of a class the lowest goes, and the other class stays", () => {
  const history = new History();
  history.add(Array.from({ length: 448 }, (_, index) => event(2, 1 + index)));
  history.add([event(1, 1, FOUNDED), event(1, 9, ENDED)]);
  expect(history.events).toHaveLength(450);
  expect(history.add([event(2, 449)])).toBe(true);
  expect(numbers(history).slice(0, 3)).toEqual(["1.1", "1.9", "2.2"]);
  // Lower than all that are kept.
  expect(history.add([event(1, 5)])).toBe(false);
  expect(history.add(Array.from({ length: 63 }, (_, index) => event(3, 1 + index, FOUNDED)))).toBe(true);
  expect(numbers(history)[0]).toBe("1.9");
  expect(history.events).toHaveLength(448 + 64);
});
