/** The frames that the page remembers: those of the moment, whichever way the run came there. */
import { expect, test } from "vitest";
import type { FrameNote } from "../../src/page/protocol.ts";
import { FrameLog } from "../../src/page/ui/frame-log.ts";

function frames(first: number, last: number): FrameNote[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    id: first + index,
    cable: 0,
    toSwitch: true,
    sentNs: (first + index) * 10,
    arrivalNs: null,
    bytes: new Uint8Array(0),
    cause: null,
  }));
}

function ids(log: FrameLog, nowNs: number): [first: number, last: number, count: number] {
  const shown = log.until(nowNs);
  return [shown[0]!.id, shown.at(-1)!.id, shown.length];
}

test("frames that are told again after going back are there once, and later ones are not shown", () => {
  const log = new FrameLog();
  log.add(frames(1, 100));
  log.add(frames(31, 60));
  expect(ids(log, 500)).toEqual([1, 50, 50]);
  expect(ids(log, 1e9)).toEqual([1, 100, 100]);
});

test("what a left future had is forgotten, and its numbers are given anew", () => {
  const log = new FrameLog();
  log.add(frames(1, 100));
  log.part(400);
  expect(ids(log, 1e9)).toEqual([1, 40, 40]);
  log.add(frames(41, 45));
  expect(ids(log, 1e9)).toEqual([1, 45, 45]);
});

test("what is farthest from where the run stands is forgotten first", () => {
  const log = new FrameLog();
  log.add(frames(5001, 17_000));
  log.add(frames(17_001, 17_010));
  expect(ids(log, 1e9)).toEqual([5011, 17_010, 12_000]);
  log.add(frames(1, 20));
  expect(ids(log, 1e9)).toEqual([1, 16_990, 12_000]);
});
