/** Progress where it is no terminal: a log is not filled with it. */
import { expect, test, vi } from "vitest";
import { makeProgress } from "../../src/cli/progress.ts";

test("a log has a line no more often than is asked for, and none of what is over at once", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const lines: string[] = [];
  const stream = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const progress = makeProgress(stream, 10_000);
  for (let step = 0; step < 250; step++) {
    progress.step(`${step}`);
    vi.advanceTimersByTime(100);
  }
  progress.done();
  expect(lines).toEqual(["  0.7 s  7\n", " 10.7 s  107\n", " 20.7 s  207\n"]);
  vi.useRealTimers();
});
