/** Whose packets an observer believes, and which of them once: packet by packet. */
import { expect, test } from "vitest";
import { Sessions } from "../../src/cloud/sessions.ts";
import type { Head } from "../../src/wire/cluster-packet.ts";
import { A, B, C, entry, head, report, sessionOf, view } from "./said.ts";

const OWN = "0123456789abcdef";
const ECHO = OWN.slice(0, 8);

/** An observer that has sent so many packets. */
function sessions(sent = 1): Sessions {
  const made = new Sessions(OWN);
  for (let number = 1; number <= sent; number++) expect(made.next()).toBe(number);
  return made;
}

const isNew = (of: Sessions, id: string, more: Partial<Head> = {}): boolean => of.isNew(report(head(id, more)));
const answer = { echo: ECHO, echoNumber: 1 };

test("a packet is believed that names the observer's session and a number of it", () => {
  expect(isNew(sessions(), A)).toBe(false);
  expect(isNew(sessions(), A, { echo: ECHO, echoNumber: 0 })).toBe(false);
  expect(isNew(sessions(), A, { echo: ECHO, echoNumber: 2 })).toBe(false);
  expect(isNew(sessions(), A, { echo: "01234567".replace("7", "8"), echoNumber: 1 })).toBe(false);
  expect(isNew(sessions(), A, answer)).toBe(true);
});

test("so is a view with an entry of the observer's session", () => {
  const named = (session: string, sequence: number): boolean => {
    const it = entry(C, { state: 5, session, sequence });
    return sessions(2).isNew(view(head(A), [entry(B), it], []));
  };
  expect([named(OWN, 0), named(OWN, 1), named(OWN, 2), named(OWN, 3)]).toEqual([false, true, true, false]);
  expect(named(`${ECHO}89abcdee`, 1)).toBe(false);
});

test("each number of a session is new once, and what is too late is not", () => {
  const s = sessions();
  const says = (sequence: number): boolean => isNew(s, A, { sequence });
  expect(isNew(s, A, { ...answer, sequence: 100 })).toBe(true);
  // What was said before may be older than the observer.
  expect([says(99), says(100), says(69), says(1)]).toEqual([false, false, false, false]);
  expect([says(110), says(105), says(105), says(110)]).toEqual([true, true, false, false]);
  expect([says(180), says(149), says(148), says(150)]).toEqual([true, true, false, true]);
  expect([says(211), says(180), says(181)]).toEqual([true, false, true]);
  expect([says(243), says(212), says(211)]).toEqual([true, true, false]);
});

test("another session of a node needs a number that was given since it was believed", () => {
  const s = sessions();
  expect(isNew(s, A, answer)).toBe(true);
  expect(s.next()).toBe(2);
  expect(isNew(s, A, { sequence: 2 })).toBe(true);
  const other = { session: sessionOf(A, 2), echo: ECHO };
  expect(isNew(s, A, { ...other, echoNumber: 2 })).toBe(false);
  expect(s.next()).toBe(3);
  expect(isNew(s, A, { ...other, echoNumber: 2 })).toBe(false);
  expect(isNew(s, A, { ...other, echoNumber: 3 })).toBe(true);
  expect([s.isBelieved(A, sessionOf(A, 2)), s.isBelieved(A, sessionOf(A, 1))]).toEqual([true, false]);
  // The one before is over, whatever it names.
  s.next();
  expect(isNew(s, A, { ...answer, echoNumber: 4, sequence: 900 })).toBe(false);
});

test("a node that is unknown is believed when it names a number that was given since the observer began", () => {
  const s = sessions();
  const half = sessionOf(A).slice(0, 8);
  expect(isNew(s, B, { echo: half, echoNumber: 50 })).toBe(false);
  expect(isNew(s, A, { ...answer, sequence: 50 })).toBe(true);
  expect(isNew(s, B, { echo: half, echoNumber: 49 })).toBe(false);
  expect(isNew(s, B, { echo: half, echoNumber: 51 })).toBe(false);
  expect(isNew(s, B, { echo: sessionOf(C).slice(0, 8), echoNumber: 50 })).toBe(false);
  expect(isNew(s, B, { echo: half, echoNumber: 50 })).toBe(true);
  expect(isNew(s, A, { sequence: 51 })).toBe(true);
  expect(isNew(s, C, { echo: half, echoNumber: 51 })).toBe(true);
  // Of a known one it does not say which boot is the later.
  expect(isNew(s, B, { session: sessionOf(B, 2), echo: half, echoNumber: 51 })).toBe(false);
});

test("nobody's session is no answer to anybody", () => {
  const s = sessions();
  expect(isNew(s, A, { ...answer, session: `00000000${"1".repeat(8)}`, sequence: 5 })).toBe(true);
  expect(isNew(s, B, { echo: "00000000", echoNumber: 5 })).toBe(false);
});

test("sessions that are listed are believed from the next number on", () => {
  const s = sessions();
  expect(s.list(entry(B, { sequence: 7 }))).toBe(true);
  expect([isNew(s, B, { sequence: 7 }), isNew(s, B, { sequence: 8 })]).toEqual([false, true]);
  // Listed again, what was heard of it stays heard.
  expect(s.list(entry(B, { sequence: 20 }))).toBe(true);
  expect([isNew(s, B, { sequence: 8 }), isNew(s, B, { sequence: 9 })]).toEqual([false, true]);
  const half = sessionOf(B).slice(0, 8);
  expect(isNew(s, C, { echo: half, echoNumber: 7 })).toBe(false);
  expect(isNew(s, C, { echo: half, echoNumber: 8 })).toBe(true);
});

test("a list leads to another boot, but not back from one that was proven", () => {
  const s = sessions();
  expect(s.list(entry(B))).toBe(true);
  expect(s.list(entry(B, { session: sessionOf(B, 2) }))).toBe(true);
  expect(isNew(s, B, { sequence: 9 })).toBe(false);
  // Whoever lists may know better: nothing was proven.
  expect(s.list(entry(B))).toBe(true);
  expect(isNew(s, B, { ...answer, sequence: 10 })).toBe(true);
  expect(s.list(entry(B, { session: sessionOf(B, 2) }))).toBe(false);
  expect(s.list(entry(B, { session: sessionOf(B, 3) }))).toBe(true);
});

test("a session that was proven at once is not left for the one before", () => {
  const s = sessions();
  expect(isNew(s, B, answer)).toBe(true);
  s.next();
  expect(isNew(s, B, { session: sessionOf(B, 2), echo: ECHO, echoNumber: 2 })).toBe(true);
  expect(s.list(entry(B))).toBe(false);
  expect(s.isBelieved(B, sessionOf(B, 2))).toBe(true);
});

test("after a bye what was said before it is old", () => {
  const s = sessions();
  s.list(entry(B, { sequence: 7 }));
  expect(isNew(s, B, { sequence: 20 })).toBe(true);
  s.close(B, 15);
  expect(isNew(s, B, { sequence: 19 })).toBe(true);
  s.close(B, 30);
  expect([isNew(s, B, { sequence: 29 }), isNew(s, B, { sequence: 30 })]).toEqual([false, false]);
  expect(isNew(s, B, { sequence: 31 })).toBe(true);
  s.close(C, 1);
  expect(s.isBelieved(C, sessionOf(C))).toBe(false);
});

test("nodes and past sessions are bounded: those met longest ago are forgotten", () => {
  const s = sessions();
  const id = (index: number): string => (0x1000 + index).toString(16).padEnd(16, "0");
  for (let index = 0; index < 1025; index++) s.list(entry(id(index), { session: id(index) }));
  expect([0, 1, 1024].map((index) => s.isBelieved(id(index), id(index)))).toEqual([false, true, true]);
  const past = sessions();
  past.list(entry(B));
  for (let boot = 0; boot < 257; boot++) past.list(entry(B, { session: id(boot) }));
  past.next();
  // 256 others are past since the first one was: it could be said again. The next one could not.
  expect(isNew(past, B, { session: id(0), echo: ECHO, echoNumber: 2 })).toBe(false);
  expect(isNew(past, B, { echo: ECHO, echoNumber: 2 })).toBe(true);
});
