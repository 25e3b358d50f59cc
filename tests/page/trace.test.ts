/** Where two futures of a run show something else for the first time. */
import { expect, test } from "vitest";
import type { Branch } from "../../src/lab/timeline.ts";
import { Trace } from "../../src/page/worker/trace.ts";

const branch = (name: string, endNs: number): Branch => ({ name, actions: [], fromNs: 100, endNs });

test("a future that was left differs where its list first does, whichever of the two goes on", () => {
  const trace = new Trace();
  trace.note(50, 0, "hello", 60);
  const position = trace.position;
  trace.note(120, 0, "same", 130);
  trace.note(150, 1, "frame", 160);
  trace.note(170, -1, "a line");
  trace.restore(position);
  const first = branch("A", 200);
  trace.part(first);
  trace.note(120, 0, "same", 130);
  expect(trace.difference(first, 140)).toBeNull();
  expect(trace.difference(first, 155)).toMatchObject({ atNs: 150, where: 1 });
  trace.note(150, 1, "frame", null);
  expect(trace.difference(first, 155), "it was lost").toMatchObject({ atNs: 150, where: 1 });
  const second = branch("B", 155);
  trace.restore(position);
  trace.exchange(first, second);
  expect(trace.difference(second, 200)).toMatchObject({ atNs: 150, where: 1 });
  expect(trace.difference(first, 200)).toBeNull();
});

test("what is seen again after going back is no difference, and silence is none before it is known", () => {
  const trace = new Trace();
  trace.note(10, 0, "x", 20);
  trace.restore(0);
  const left = branch("A", 300);
  trace.part(left);
  expect(trace.difference(left, 5)).toBeNull();
  expect(trace.difference(left, 11)).toMatchObject({ atNs: 10 });
  trace.note(10, 0, "x", 20);
  expect(trace.difference(left, 300)).toBeNull();
  trace.note(400, 0, "later than the other is known", 410);
  expect(trace.difference(left, 500)).toBeNull();
});
