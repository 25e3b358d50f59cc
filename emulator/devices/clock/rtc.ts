/**
 * The MC146818 real-time clock with 128 bytes of battery-backed memory. Ports 70h (index) and 71h (data), IRQ 8.
 * Source: Motorola MC146818A data sheet; the century byte at 32h as on PCs.
 *
 * The calendar is not counted: it is the number of seconds since 1970 that the clock was set to, plus virtual time.
 * Flags are brought up to date when register C is read or when an interrupt that is enabled is due.
 */
import type { AccessBytes, PortHandler, Wire } from "../../bus/bus.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { civilFromSeconds, secondsFromCivil, weekdayOfSeconds } from "./calendar.ts";
import { ticksAt, timeOfTick } from "./frequency.ts";

const SECOND_NS = 1_000_000_000;
/** UIP is set this long before an update (data sheet: tBUC, 244 us). */
const UPDATE_WARNING_NS = 244_141;
const OSCILLATOR_HERTZ = 32_768;

const SECONDS = 0;
const SECONDS_ALARM = 1;
const MINUTES = 2;
const MINUTES_ALARM = 3;
const HOURS = 4;
const HOURS_ALARM = 5;
const WEEKDAY = 6;
const DAY = 7;
const MONTH = 8;
const YEAR = 9;
const REGISTER_A = 10;
const REGISTER_B = 11;
const REGISTER_C = 12;
const REGISTER_D = 13;
const CENTURY = 0x32;
/** Registers that show the calendar; all others are plain memory or alarms. */
const CALENDAR = [SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY] as const;

const B_SET = 0x80;
const B_PERIODIC = 0x40;
const B_ALARM = 0x20;
const B_UPDATE = 0x10;
const B_BINARY = 0x04;
const B_24_HOURS = 0x02;
const C_REQUEST = 0x80;
const INTERRUPTS = B_PERIODIC | B_ALARM | B_UPDATE;
/** An alarm byte from C0h up matches any value. */
const ALARM_ANY = 0xc0;

/** NVRAM that firmware and boot loaders read, see `cmosContents`. */
export interface CmosEntry {
  index: number;
  value: number;
}

export class Rtc146818 implements PortHandler, Stateful {
  readonly #clock: Clock;
  readonly #irq8: Wire;
  readonly #timer: Timer;
  readonly #memory = new Uint8Array(128);
  #index = 0;
  /** The calendar in seconds since 1970 at virtual time `#phaseNs`, and the phase of its updates in a second. */
  #secondsAtPhase: number;
  #phaseNs = 0;
  /** Written day of the week minus that of the date, modulo 7. */
  #weekdayShift = 0;
  /** Virtual time up to which the flags of register C are right. */
  #flagsNs = 0;

  /** `startSeconds`: the date and time at virtual time 0, seconds since 1970 (UTC). */
  constructor(clock: Clock, irq8: Wire, startSeconds: number, contents: readonly CmosEntry[]) {
    this.#clock = clock;
    this.#irq8 = irq8;
    this.#timer = clock.timer("RTC", () => this.#synchronise());
    this.#secondsAtPhase = startSeconds;
    for (const { index, value } of contents) this.#memory[index] = value;
    this.#memory[REGISTER_A] = 0x26;
    this.#memory[REGISTER_B] = B_24_HOURS;
  }

  /** RESET# of the chip: interrupts are disabled and their flags cleared; time and memory stay. */
  reset(): void {
    this.#memory[REGISTER_B]! &= ~(INTERRUPTS | 0x08);
    this.#memory[REGISTER_C] = 0;
    this.#flagsNs = this.#clock.nowNs;
    this.#index = 0;
    this.#updateInterrupt();
    this.#armTimer();
  }

  readPort(offset: number, _sizeBytes: AccessBytes): number {
    if (offset === 0) return 0xff;
    const index = this.#index;
    if (index === REGISTER_A) return this.#memory[REGISTER_A]! | (this.#updateInProgress() ? 0x80 : 0);
    if (index === REGISTER_C) return this.#readFlags();
    if (index === REGISTER_D) return 0x80; // The battery is good.
    if (this.#isCalendar(index) && !this.#setMode()) this.#showCalendar();
    return this.#memory[index]!;
  }

  writePort(offset: number, _sizeBytes: AccessBytes, value: number): void {
    if (offset === 0) {
      this.#index = value & 0x7f;
      return;
    }
    const index = this.#index;
    if (index === REGISTER_C || index === REGISTER_D) return;
    if (index === REGISTER_A || index === REGISTER_B) {
      this.#synchronise();
      if (index === REGISTER_A) this.#memory[REGISTER_A] = value & 0x7f;
      else this.#writeRegisterB(value);
      this.#updateInterrupt();
      this.#armTimer();
      return;
    }
    if (index === SECONDS_ALARM || index === MINUTES_ALARM || index === HOURS_ALARM) this.#synchronise();
    if (!this.#isCalendar(index) || this.#setMode()) {
      this.#memory[index] = value;
      return;
    }
    this.#synchronise();
    this.#showCalendar();
    this.#memory[index] = value;
    this.#takeCalendar(index === WEEKDAY);
    this.#armTimer();
  }

  /** Puts the calendar forward, or back, as a person or a flat battery does. */
  shift(seconds: number): void {
    this.#synchronise();
    this.#secondsAtPhase += seconds;
    this.#armTimer();
  }

  #setMode(): boolean {
    return (this.#memory[REGISTER_B]! & B_SET) !== 0;
  }

  #isCalendar(index: number): boolean {
    return (CALENDAR as readonly number[]).includes(index);
  }

  #writeRegisterB(value: number): void {
    const before = this.#memory[REGISTER_B]!;
    if (!(before & B_SET)) this.#showCalendar();
    this.#memory[REGISTER_B] = value & B_SET ? value & ~B_UPDATE : value;
    if (before & B_SET && !(value & B_SET)) this.#takeCalendar(true);
  }

  #secondsNow(): number {
    return this.#secondsAtPhase + Math.floor((this.#clock.nowNs - this.#phaseNs) / SECOND_NS);
  }

  #updateInProgress(): boolean {
    if (this.#setMode()) return false;
    const since = (((this.#clock.nowNs - this.#phaseNs) % SECOND_NS) + SECOND_NS) % SECOND_NS;
    return since >= SECOND_NS - UPDATE_WARNING_NS;
  }

  #encode(value: number): number {
    return this.#memory[REGISTER_B]! & B_BINARY ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  #decode(byte: number): number {
    return this.#memory[REGISTER_B]! & B_BINARY ? byte : (byte >> 4) * 10 + (byte & 15);
  }

  #encodeHour(hour: number): number {
    if (this.#memory[REGISTER_B]! & B_24_HOURS) return this.#encode(hour);
    return this.#encode(hour % 12 === 0 ? 12 : hour % 12) | (hour >= 12 ? 0x80 : 0);
  }

  #decodeHour(byte: number): number {
    if (this.#memory[REGISTER_B]! & B_24_HOURS) return this.#decode(byte);
    return (this.#decode(byte & 0x7f) % 12) + (byte & 0x80 ? 12 : 0);
  }

  /** Writes the present date and time into the registers. */
  #showCalendar(): void {
    const seconds = this.#secondsNow();
    const date = civilFromSeconds(seconds);
    const memory = this.#memory;
    memory[SECONDS] = this.#encode(date.second);
    memory[MINUTES] = this.#encode(date.minute);
    memory[HOURS] = this.#encodeHour(date.hour);
    memory[WEEKDAY] = this.#encode(((weekdayOfSeconds(seconds) + this.#weekdayShift) % 7) + 1);
    memory[DAY] = this.#encode(date.day);
    memory[MONTH] = this.#encode(date.month);
    memory[YEAR] = this.#encode(date.year % 100);
    memory[CENTURY] = this.#encode(Math.floor(date.year / 100) % 100);
  }

  /** Sets the clock from the registers. Fields out of range carry into the next (32 January is 1 February). */
  #takeCalendar(withWeekday: boolean): void {
    const memory = this.#memory;
    const seconds = secondsFromCivil({
      year: this.#decode(memory[CENTURY]!) * 100 + this.#decode(memory[YEAR]!),
      month: this.#decode(memory[MONTH]!),
      day: this.#decode(memory[DAY]!),
      hour: this.#decodeHour(memory[HOURS]!),
      minute: this.#decode(memory[MINUTES]!),
      second: this.#decode(memory[SECONDS]!),
    });
    const whole = Math.floor((this.#clock.nowNs - this.#phaseNs) / SECOND_NS);
    this.#phaseNs += whole * SECOND_NS;
    this.#secondsAtPhase = seconds;
    if (withWeekday) {
      const written = this.#decode(memory[WEEKDAY]!) - 1;
      this.#weekdayShift = (((written - weekdayOfSeconds(seconds)) % 7) + 7) % 7;
    }
  }

  /** Oscillator ticks between periodic interrupts, 0 when there are none (data sheet, table 5). */
  #periodTicks(): number {
    const a = this.#memory[REGISTER_A]!;
    const rate = a & 15;
    if (rate === 0 || (a & 0x70) > 0x20) return 0;
    return 1 << (rate <= 2 ? rate + 6 : rate - 1);
  }

  /** Sets the flags for everything that happened since the last call. */
  #synchronise(): void {
    const now = this.#clock.nowNs;
    const before = this.#flagsNs;
    this.#flagsNs = now;
    let flags = 0;
    const period = this.#periodTicks();
    if (period !== 0) {
      const tick = (timeNs: number): number => Math.floor(ticksAt(timeNs, OSCILLATOR_HERTZ) / period);
      if (tick(now) !== tick(before)) flags |= B_PERIODIC;
    }
    if (!this.#setMode()) {
      const update = (timeNs: number): number => Math.floor((timeNs - this.#phaseNs) / SECOND_NS);
      const last = update(now);
      const first = update(before) + 1;
      if (first <= last) flags |= B_UPDATE;
      // An alarm comes at least once a day, so a longer gap need not be searched beyond a day.
      for (let second = Math.max(first, last - 86_399); second <= last; second++) {
        if (!this.#alarmMatches(this.#secondsAtPhase + second)) continue;
        flags |= B_ALARM;
        break;
      }
    }
    this.#memory[REGISTER_C]! |= flags;
    this.#updateInterrupt();
    this.#armTimer();
  }

  #alarmMatches(seconds: number): boolean {
    const ofDay = ((seconds % 86_400) + 86_400) % 86_400;
    const matches = (alarm: number, value: number): boolean => alarm >= ALARM_ANY || alarm === value;
    return (
      matches(this.#memory[SECONDS_ALARM]!, this.#encode(ofDay % 60)) &&
      matches(this.#memory[MINUTES_ALARM]!, this.#encode(Math.floor(ofDay / 60) % 60)) &&
      matches(this.#memory[HOURS_ALARM]!, this.#encodeHour(Math.floor(ofDay / 3600)))
    );
  }

  #updateInterrupt(): void {
    const pending = this.#memory[REGISTER_B]! & this.#memory[REGISTER_C]! & INTERRUPTS;
    if (pending) this.#memory[REGISTER_C]! |= C_REQUEST;
    else this.#memory[REGISTER_C]! &= ~C_REQUEST;
    this.#irq8.set(pending !== 0);
  }

  #readFlags(): number {
    this.#synchronise();
    const flags = this.#memory[REGISTER_C]!;
    this.#memory[REGISTER_C] = 0;
    this.#irq8.set(false);
    this.#armTimer();
    return flags;
  }

  /** Arms the timer for the next event that can raise an enabled interrupt whose flag is not yet set. */
  #armTimer(): void {
    const now = this.#clock.nowNs;
    const waiting = this.#memory[REGISTER_B]! & ~this.#memory[REGISTER_C]! & INTERRUPTS;
    let next = Infinity;
    const period = this.#periodTicks();
    if (waiting & B_PERIODIC && period !== 0) {
      const periods = Math.floor(ticksAt(now, OSCILLATOR_HERTZ) / period) + 1;
      next = timeOfTick(periods * period, OSCILLATOR_HERTZ);
    }
    if (waiting & (B_ALARM | B_UPDATE) && !this.#setMode()) {
      const seconds = Math.floor((now - this.#phaseNs) / SECOND_NS) + 1;
      next = Math.min(next, this.#phaseNs + seconds * SECOND_NS);
    }
    if (next === Infinity) this.#timer.disarm();
    else this.#timer.arm(next);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("MC146818", 1);
    visitor.bytes(this.#memory);
    this.#index = visitor.u8(this.#index);
    this.#secondsAtPhase = visitor.f64(this.#secondsAtPhase);
    this.#phaseNs = visitor.integer(this.#phaseNs);
    this.#weekdayShift = visitor.u8(this.#weekdayShift);
    this.#flagsNs = visitor.integer(this.#flagsNs);
  }
}
