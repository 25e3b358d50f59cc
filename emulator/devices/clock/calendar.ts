/**
 * The Gregorian calendar in integers, for the real-time clock: no `Date`, whose arguments and time zones are the
 * host's.
 */

export interface CivilTime {
  year: number;
  /** 1 to 12. */
  month: number;
  /** 1 to 31. */
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const DAY_SECONDS = 86_400;
const DAYS_IN_400_YEARS = 146_097;
/** Days from 1 March of year 0 to 1 January 1970, in years that begin with March so that the leap day comes last. */
const EPOCH_DAYS = 719_468;

/** Seconds since 1970-01-01 00:00. Fields out of range carry: month 13 is January of the next year. */
export function secondsFromCivil(time: CivilTime): number {
  const months = time.year * 12 + time.month - 3;
  const year = Math.floor(months / 12);
  const month = months - year * 12;
  const days = year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const dayOfYear = Math.floor((153 * month + 2) / 5) + time.day - 1;
  return (days + dayOfYear - EPOCH_DAYS) * DAY_SECONDS + time.hour * 3600 + time.minute * 60 + time.second;
}

export function civilFromSeconds(seconds: number): CivilTime {
  const days = Math.floor(seconds / DAY_SECONDS);
  const ofDay = seconds - days * DAY_SECONDS;
  const shifted = days + EPOCH_DAYS;
  const era = Math.floor(shifted / DAYS_IN_400_YEARS);
  const ofEra = shifted - era * DAYS_IN_400_YEARS;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * ofYear + 2) / 153);
  return {
    year: era * 400 + yearOfEra + (month >= 10 ? 1 : 0),
    month: month < 10 ? month + 3 : month - 9,
    day: ofYear - Math.floor((153 * month + 2) / 5) + 1,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
  };
}

/** 0 is Sunday. 1970-01-01 was a Thursday. */
export function weekdayOfSeconds(seconds: number): number {
  return (((Math.floor(seconds / DAY_SECONDS) + 4) % 7) + 7) % 7;
}
