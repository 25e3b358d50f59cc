/** `--rtc`: the date at which the machines' clocks begin, in QEMU's words. */
import { civilFromSeconds, secondsFromCivil } from "../../emulator/devices/calendar.ts";

export interface StartDate {
  /** Seconds since 1970, as the clock on the board shows them. */
  readonly seconds: number;
  /** It is today's, so that the same command gives another run tomorrow. */
  readonly isNow: boolean;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?Z?)?$/;
const FIRST_YEAR = 1970;
const LAST_YEAR = 2099;
/**
 * What else QEMU's option says: whose time counts (it is virtual here), and what is done about lost ticks (none are).
 */
const WITHOUT_EFFECT = /^(?:clock|driftfix)=\w+$/;

function now(isLocal: boolean): StartDate {
  const date = new Date();
  const shiftMinutes = isLocal ? date.getTimezoneOffset() : 0;
  return { seconds: Math.floor(date.getTime() / 1000) - shiftMinutes * 60, isNow: true };
}

/**
 * `utc` and `localtime` are the host's time, `2026-11-28` and `2026-11-28T20:15:00` what they say; `base=` may stand
 * before it, and QEMU's other words after it. Null: only such words. Throws a RangeError.
 */
export function parseStartDate(text: string): StartDate | null {
  const words = text.split(",").filter((word) => !WITHOUT_EFFECT.test(word));
  if (words.length === 0) return null;
  const date = words[0]!.replace(/^base=/, "");
  if (words.length === 1 && (date === "utc" || date === "localtime")) return now(date === "localtime");
  const found = words.length === 1 ? ISO.exec(date) : null;
  if (found) {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
      .slice(1)
      .map((digits) => Number(digits ?? 0));
    const given = { year, month, day, hour, minute, second };
    const seconds = secondsFromCivil(given);
    // A date that does not exist would be another one.
    const isReal = formatDate(seconds) === formatFields(given);
    if (isReal && year >= FIRST_YEAR && year <= LAST_YEAR) return { seconds, isNow: false };
  }
  throw new RangeError(
    `${text}: write utc, localtime, or a date of ${FIRST_YEAR} to ${LAST_YEAR}: 2026-11-28, 2026-11-28T20:15:00`,
  );
}

/** A date that means the same tomorrow, in seconds since 1970. Throws a RangeError. */
export function parseDate(text: string): number {
  const date = parseStartDate(text);
  if (!date || date.isNow) throw new RangeError(`${text}: write a date, such as 2026-11-28T20:15:00`);
  return date.seconds;
}

function formatFields({ year, month, day, hour, minute, second }: ReturnType<typeof civilFromSeconds>): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/** As `--rtc` takes it. */
export function formatDate(seconds: number): string {
  return formatFields(civilFromSeconds(seconds));
}
