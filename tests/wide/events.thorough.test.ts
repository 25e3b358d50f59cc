/** `cloud events --all`: what linked clusters tell of their histories, by a relay too, and what a hostile one tells. */
import { afterAll, expect, test } from "vitest";
import { formatIpv4 } from "../../emulator/ether/packet.ts";
import { KINDS, wideOf } from "../../src/wire/wide.ts";
import { CHANGED, type Event, eventBytes, FOUNDED } from "../guest/cluster/history-wire.ts";
import { shared } from "../setup/shared.ts";
import { RogueSource } from "./rogue-source.ts";
import { delegateOf, FORWARDED, link, listen, MUTE, STRANGER, said, type World, worldOf } from "./worlds.ts";

const OFFICE = "198.51.100.1";
const VICTIM = "203.0.113.77";
let world: World | null = null;

afterAll(() => world?.lab.close());

const started = shared(async (): Promise<World> => {
  world = await worldOf([
    { name: "office", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "home", nodes: 2, nat: "symmetric", portMapping: MUTE },
    { name: "cabin", nodes: 1, nat: "symmetric", portMapping: MUTE },
  ]);
  return world;
});

const LINE = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) {2}(\S+) +(\d+\.\d+ {2}.*)$/gm;

interface Shown {
  readonly date: string;
  readonly cluster: string;
  readonly text: string;
}

const shownIn = (text: string): Shown[] =>
  [...text.matchAll(LINE)].map(([, date, cluster, rest]) => ({ date: date!, cluster: cluster!, text: rest! }));

/** What a site's own command shows. */
const own = async (there: World, site: string): Promise<string[]> =>
  [...(await said(delegateOf(there, site), "cloud events")).matchAll(/^\S+ \S+ {2}(\d+\.\d+ {2}.*)$/gm)].map(
    ([, text]) => text!,
  );

const of = (all: readonly Shown[], cluster: string): string[] =>
  all.flatMap((shown) => (shown.cluster === cluster ? [shown.text] : []));

test("without links there are one's own, and a member that does not speak for the cluster says who does", async () => {
  const there = await started();
  const all = shownIn(await said(delegateOf(there, "office"), "cloud events --all"));
  expect(of(all, "office")).toEqual(await own(there, "office"));
  expect(all).toHaveLength(of(all, "office").length);
  const other = there.nodesOf.get("home")!.find((node) => node !== delegateOf(there, "home"))!;
  expect(await said(other, "cloud events --all")).toMatch(/for the member that speaks to other clusters: qure-\d/);
  expect(await said(other, "cloud events --none")).toContain("cloud events --all   shows it beside");
});

test("events of linked clusters stand beside one's own, all of them, each cluster's in its order, by their dates", async () => {
  const there = await started();
  await link(there, "office", "home", OFFICE);
  for (let value = 0; value < 18; value++) await said(delegateOf(there, "home"), `cloud set a.${value} ${value}`);
  await there.lab.advance("12s");
  const all = shownIn(await said(delegateOf(there, "office"), "cloud events --all"));
  const home = await own(there, "home");
  expect(home.length).toBeGreaterThan(2 * 10);
  expect(of(all, "home")).toEqual(home);
  expect(of(all, "office")).toEqual(await own(there, "office"));
  expect(all.map(({ date }) => date)).toEqual(all.map(({ date }) => date).sort());
  expect(new Set(all.slice(0, 5).map(({ cluster }) => cluster)).size).toBe(2);
});

test("they come by a relay too", async () => {
  const there = await started();
  await link(there, "office", "cabin", OFFICE);
  await there.lab.advance("1s");
  await link(there, "home", "cabin", "home@office");
  await there.lab.advance("9s");
  const cabin = delegateOf(there, "cabin");
  expect(await said(cabin, "cloud clusters")).toMatch(/^home .* by office +heard/m);
  const all = shownIn(await said(cabin, "cloud events --all"));
  expect(of(all, "home")).toEqual(await own(there, "home"));
  expect(of(all, "office")).toEqual(await own(there, "office"));
});

/** The bodies of answers: what was asked for, how many it says that there are, and events. */
const told = (before: Uint8Array, count: number, ...events: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(Buffer.concat([before, Buffer.from(Uint32Array.of(count).buffer), ...events]));

const event = (number: number, more: Partial<Event> = {}): Uint8Array =>
  eventBytes({ number, kind: CHANGED, name: "invented", ...more });

test("a hostile cluster has nobody show what can be no history, wait for long, or take what was not asked for", async () => {
  const there = await started();
  const office = delegateOf(there, "office");
  const rogue = new RogueSource(there, { site: "office" });
  await rogue.link(office);
  /** What is shown while it answers like this. */
  const shown = async (tell: RogueSource["tell"], ms = 3000): Promise<string> => {
    rogue.tell = tell;
    const from = office.console.text.length;
    office.type("cloud events --all; echo the end\n");
    for (let waited = 0; waited < 15_000 && !/^the end\r?$/m.test(office.console.text.slice(from)); waited += ms)
      await rogue.run(ms);
    const text = office.console.text.slice(from).replaceAll("\r", "");
    await office.waitFor(/^the end\r?$/m);
    expect(of(shownIn(text), "home")).toEqual(await own(there, "home"));
    return text;
  };
  const isFirst = (before: Uint8Array): boolean => before.every((byte) => byte === 0);
  // As an honest one does.
  const honest = await shown((before) =>
    isFirst(before) ? [told(before, 2, event(1, { kind: FOUNDED, name: "it" }), event(2))] : [told(before, 0)],
  );
  expect(of(shownIn(honest), "rogue")).toHaveLength(2);
  expect(honest).not.toContain("rogue is");
  // What cannot be: it says so, and shows nothing of it.
  for (const events of [
    [event(1, { name: "\x1b[2J" })],
    [event(1, { kind: 99 })],
    [event(2), event(1)],
    [event(1), event(1)],
    [event(0)],
    [event(1, { era: 0x80000000 })],
  ]) {
    const text = await shown((before) => [told(before, events.length, ...events)]);
    expect(text).toContain("rogue told what can be no history\n");
    expect(of(shownIn(text), "rogue")).toEqual([]);
    expect(text).not.toContain("\x1b");
  }
  // Sizes that lie, and answers to what was not asked: as if it had said nothing.
  const other = Uint8Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0);
  const silent = await shown((before) => [
    told(before, 2, event(1)),
    told(before, 0, event(1)),
    told(before, 15, ...Array.from({ length: 15 }, (_, at) => event(at + 1))),
    told(before, 0xffffffff, event(1)),
    told(other, 1, event(1)),
    told(before, 0).subarray(0, 15),
  ]);
  expect(silent).toContain("rogue is heard, but does not know how to tell its events: its revision is an older one\n");
  expect(of(shownIn(silent), "rogue")).toEqual([]);
  // One that goes on for ever is believed as many as a history has; the same again is later than what was asked for.
  let number = 0x7fffffff;
  const endless = await shown((before) => {
    number -= 14;
    return [told(before, 14, ...Array.from({ length: 14 }, (_, at) => event(number + at)))];
  }, 1000);
  expect(of(shownIn(endless), "rogue").length).toBe(36 * 14);
  expect(await shown((before) => [told(before, 2, event(5), event(6))])).toContain("rogue told what can be no history");
});

test("one that asks all the time gets little, and nothing where it was not proven to be", async () => {
  const there = await started();
  const office = delegateOf(there, "office");
  await said(office, "cloud link remove rogue");
  const rogue = new RogueSource(there, { site: "office" });
  await rogue.link(office);
  const heard = listen(there, 0);
  const answers = (): Uint8Array[] =>
    heard.out.flatMap((frame) => {
      const packet = formatIpv4(frame.subarray(30, 34)).startsWith("203.0.113.") ? wideOf(frame) : null;
      return packet?.[5] === KINDS.events ? [packet] : [];
    });
  rogue.from = VICTIM;
  for (let time = 0; time < 20; time++) rogue.say("askEvents", { body: new Uint8Array(12) });
  await there.lab.advance("500ms");
  expect(answers()).toEqual([]);
  rogue.from = STRANGER;
  for (let time = 0; time < 200; time++) {
    rogue.say("askEvents", { body: new Uint8Array(12).fill(time % 3) });
    await there.lab.advance("5ms");
  }
  expect(answers().length).toBeGreaterThan(8);
  expect(answers().length).toBeLessThanOrEqual(2 * 16);
  expect(Math.max(...answers().map(({ length }) => length))).toBeLessThanOrEqual(80 + 14 * 72);
  const home = delegateOf(there, "home");
  expect(of(shownIn(await said(home, "cloud events --all")), "office")).toEqual(await own(there, "office"));
});

test("a cluster that is silent is said to be", async () => {
  const there = await started();
  delegateOf(there, "cabin").powerOff();
  await there.lab.advance("40s");
  const text = await said(delegateOf(there, "home"), "cloud events --all");
  expect(text).toContain("\ncabin is silent\n");
  expect(of(shownIn(text), "office")).toEqual(await own(there, "office"));
});
