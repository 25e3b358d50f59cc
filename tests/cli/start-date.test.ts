/** Dates as `--rtc` and QEMU's `-rtc` write them. */
import { expect, test } from "vitest";
import { formatDate, parseStartDate } from "../../src/plan/start-date.ts";

test.each([
  ["2026-11-28", "2026-11-28T00:00:00"],
  ["2026-11-28T20:15:07", "2026-11-28T20:15:07"],
  ["base=2006-06-17T16:01:21,clock=vm,driftfix=slew", "2006-06-17T16:01:21"],
  ["2000-02-29 23:59Z", "2000-02-29T23:59:00"],
  ["1970-01-01", "1970-01-01T00:00:00"],
])("%s", (text, date) => {
  const { seconds, isNow } = parseStartDate(text)!;
  expect({ date: formatDate(seconds), isNow }).toEqual({ date, isNow: false });
  expect(seconds).toBe(Date.parse(`${date}Z`) / 1000);
});

test("the host's time, in its own zone too", () => {
  const before = Math.floor(Date.now() / 1000);
  const [utc, local] = ["base=utc", "localtime"].map((text) => parseStartDate(text)!);
  expect(utc!.isNow && local!.isNow).toBe(true);
  expect(utc!.seconds).toBeGreaterThanOrEqual(before);
  const zoneSeconds = new Date().getTimezoneOffset() * 60;
  expect(Math.abs(utc!.seconds - zoneSeconds - local!.seconds)).toBeLessThan(60);
  expect(parseStartDate("clock=rt")).toBeNull();
});

test.each(["", "today", "2026-02-30", "2026-13-01", "2026-11-28T25:00:00", "1969-12-31", "2100-01-01", "base=utc,x=1"])(
  "%j is none",
  (text) => expect(() => parseStartDate(text)).toThrow(/write utc, localtime, or a date of 1970 to 2099/),
);
