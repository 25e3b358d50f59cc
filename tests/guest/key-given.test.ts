/**
 * How a member gives the others another key (docs/protocols/cluster-key.md), as those on the wire see it who are given
 * it.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { HIGH, HIGHEST, idBytes, LOW, nowMs, type Scene, SELF, TICK_MS } from "./agreement-scene.ts";
import { ECHO_AT, EVENTS, HEADER_BYTES, isSignedWith, VIEW } from "./cluster-wire.ts";
import { GIVE, HAVE, NONCE_BYTES, OFFER_KEY, proofOf, SHOW, TURN } from "./key-scene.ts";
import { CLUSTER, FORGED, foundedWithKey, KEY_LINE, live, Member, rise } from "./keyed-node.ts";

const OFFER_MS = 200;
/** Members are the same for so long before a key is replaced. */
const STEADY_MS = 1000;
const GIVE_UP_MS = 10_000;
const SAID_TIMES = 3;
const SAY_MS = 20;
const VALUE_CHANGED = 7;

const restOf = ({ data }: { readonly data: Uint8Array }): Buffer => Buffer.from(data.subarray(HEADER_BYTES));

interface Giving {
  readonly s: Scene;
  readonly low: Member;
  readonly high: Member;
  readonly both: readonly Member[];
  readonly typedMs: number;
}

/** A node among two members, at which a command was typed. */
async function typed(command: string): Promise<Giving> {
  const s = await foundedWithKey();
  const [low, high] = [new Member(s, LOW, 0x41), new Member(s, HIGH, 0x40)];
  for (const member of [low, high]) member.live();
  await s.lab.advance("100ms");
  await s.node.waitFor(PROMPT);
  s.node.type(`${command}; echo status $?\n`);
  return { s, low, high, both: [low, high], typedMs: nowMs(s) };
}

/** The node has begun to offer a key: what each member was offered first. */
async function offering(
  command = "cloud key rotate",
  offered = 2,
): Promise<Giving & { nonce: Buffer; public: Buffer }> {
  const giving = await typed(command);
  const { s, both } = giving;
  const isOffered = (): boolean => both.filter((member) => member.told(OFFER_KEY).length > 0).length === offered;
  await live(s, both, 2000, isOffered);
  expect(isOffered()).toBe(true);
  const first = restOf(s.wire.of(OFFER_KEY)[0]!);
  return { ...giving, nonce: first.subarray(0, NONCE_BYTES), public: first.subarray(NONCE_BYTES) };
}

const show = (member: Member, nonce: Buffer, shown = member.numbers.shown): void =>
  member.say(SHOW, Buffer.concat([nonce, shown]));

/** A member shows its number, and is given the key: what it is given. */
async function taken(member: Member, { nonce, public: giver }: { nonce: Buffer; public: Buffer }) {
  const before = member.told(GIVE).length;
  show(member, nonce);
  await member.s.lab.until(() => member.told(GIVE).length > before, "it is not given the key", { within: "200ms" });
  return member.numbers.seal(giver, false, nonce).open(restOf(member.told(GIVE).at(-1)!))!;
}

const has = (member: Member, key: Buffer, nonce: Buffer): void =>
  member.say(HAVE, Buffer.concat([nonce, proofOf(key, nonce, idBytes(member.id))]));

const lineOf = (key: Buffer): string => `${CLUSTER} ${key.toString("hex")}`;

thoroughly(
  "each member is offered it alone, with the number that the session is made of, again and again",
  async () => {
    const { s, typedMs, both, nonce, public: shown } = await offering();
    await live(s, both, 1000);
    for (const member of both) {
      const offers = member.told(OFFER_KEY);
      expect(offers[0]!.atMs - typedMs).toBeGreaterThanOrEqual(STEADY_MS);
      expect(offers.length).toBeGreaterThanOrEqual(4);
      for (const [index, { atMs, data }] of offers.entries()) {
        if (index > 0) {
          expect(atMs - offers[index - 1]!.atMs).toBeGreaterThanOrEqual(OFFER_MS - TICK_MS);
          expect(atMs - offers[index - 1]!.atMs).toBeLessThan(OFFER_MS + 5 * TICK_MS);
        }
        expect(restOf({ data })).toEqual(Buffer.concat([nonce, shown]));
        expect(Buffer.from(data.subarray(ECHO_AT, ECHO_AT + 4)).toString("hex")).toBe(
          member.numbers.session.slice(0, 8),
        );
      }
    }
    expect(s.wire.of(OFFER_KEY).every(({ to }) => both.some(({ address }) => to === address))).toBe(true);
  },
);

test("when all have it the group is told three times, under the new key, and the history says so", async () => {
  const giving = await offering();
  const { s, low, high, both, nonce } = giving;
  const [one, other] = [await taken(low, giving), await taken(high, giving)];
  expect(other).toEqual(one);
  expect(one.rest).toEqual(Buffer.alloc(32));
  has(low, one.key, nonce);
  await live(s, both, 400);
  expect(s.wire.of(TURN)).toEqual([]);
  expect(low.told(OFFER_KEY, nowMs(s) - 300)).toEqual([]);
  const atMs = nowMs(s);
  has(high, one.key, nonce);
  await s.lab.advance("20ms");
  s.wire.changeKey(lineOf(one.key));
  await live(s, both, 200);
  const said = s.wire.of(TURN);
  expect(said).toHaveLength(SAID_TIMES);
  expect(said[0]!.atMs - atMs).toBeLessThan(3 * TICK_MS);
  for (const [index, { atMs: saidMs, data, to }] of said.entries()) {
    expect(to).toBe("239.255.81.82");
    expect(isSignedWith(data, lineOf(one.key))).toBe(true);
    if (index > 0) expect(saidMs - said[index - 1]!.atMs).toBeGreaterThanOrEqual(SAY_MS);
    if (index > 0) expect(saidMs - said[index - 1]!.atMs).toBeLessThan(SAY_MS + 2 * TICK_MS);
  }
  await s.node.waitFor(/^The cluster seed-1 has a new key\.\nstatus 0$/m, { within: "200ms" });
  expect(s.node.console.text).toMatch(/^cluster: qure-1 has replaced the key$/m);
  const events = s.wire.of(EVENTS, atMs).map(restOf);
  const event = events.find((bytes) => bytes[24] === VALUE_CHANGED)!;
  expect(event.toString("latin1", 40, 52)).toBe("cluster.key\0");
  expect(event.subarray(16, 24)).toEqual(Buffer.from(idBytes(SELF)));
  await live(s, both, 1000);
  expect(s.wire.of(VIEW).at(-1)).toMatchObject({ members: 3 });
});

thoroughly("one answer to each offer counts: what follows from it is work", async () => {
  const giving = await offering();
  const { s, high, both, nonce } = giving;
  await taken(high, giving);
  for (let time = 0; time < 3; time++) show(high, nonce);
  await s.lab.advance("40ms");
  expect(high.told(GIVE)).toHaveLength(1);
  // Who does not say that it has it is offered it again, and given it again.
  const atMs = nowMs(s);
  await live(s, both, 300, () => high.told(OFFER_KEY, atMs).length > 0);
  await taken(high, giving);
  expect(high.told(GIVE)).toHaveLength(2);
});

thoroughly("who shows another's number, or answers another offer, is refused and counted", async () => {
  const giving = await offering();
  const { s, low, high, nonce } = giving;
  expect(await rise(s, FORGED, () => show(high, nonce, low.numbers.shown))).toBe(1);
  const differing = (bytes: Buffer, at: number): Buffer => Buffer.from(bytes.with(at, bytes.at(at)! ^ 1));
  for (const at of [0, -1]) expect(await rise(s, FORGED, () => show(high, differing(nonce, at)))).toBe(1);
  expect(s.wire.of(GIVE)).toEqual([]);
  const { key } = await taken(high, giving);
  for (const at of [0, -1]) expect(await rise(s, FORGED, () => has(high, differing(key, at), nonce))).toBe(1);
  const proof = proofOf(key, nonce, idBytes(HIGH));
  for (const at of [0, -1])
    expect(await rise(s, FORGED, () => high.say(HAVE, Buffer.concat([nonce, differing(proof, at)])))).toBe(1);
  expect(await rise(s, FORGED, () => high.say(HAVE, Buffer.concat([nonce, proofOf(key, nonce, idBytes(LOW))])))).toBe(
    1,
  );
  // Who came after it was begun is not to have it, whatever it shows.
  const late = new Member(s, HIGHEST, 0x44);
  late.live();
  await s.lab.advance("40ms");
  expect(await rise(s, FORGED, () => has(late, key, nonce))).toBe(1);
  expect(await rise(s, FORGED, () => show(late, nonce))).toBe(0);
  expect(late.told(OFFER_KEY)).toEqual([]);
  expect(late.told(GIVE)).toEqual([]);
  expect(await rise(s, FORGED, () => has(high, key, nonce))).toBe(0);
});

thoroughly("who gives a key takes none meanwhile", async () => {
  const { s, high, both } = await offering();
  const nonce = Buffer.alloc(NONCE_BYTES, 9);
  expect(await rise(s, FORGED, () => high.say(OFFER_KEY, Buffer.concat([nonce, high.numbers.shown])))).toBe(0);
  await live(s, both, 100);
  expect(s.wire.of(SHOW)).toEqual([]);
});

thoroughly(
  "where a member that lives does not take it for ten seconds nothing has changed, and it is named",
  async () => {
    const giving = await offering();
    const { s, low, high, both, nonce } = giving;
    const { key } = await taken(high, giving);
    has(high, key, nonce);
    const fromMs = s.wire.of(OFFER_KEY)[0]!.atMs;
    const failure = /^cluster: stranger lives, and does not take a new key: nothing has changed\nstatus 1$/m;
    await live(s, both, 11_000, () => failure.test(s.node.console.text));
    expect(nowMs(s) - fromMs).toBeGreaterThanOrEqual(GIVE_UP_MS - 2 * TICK_MS);
    expect(nowMs(s) - fromMs).toBeLessThan(GIVE_UP_MS + 10 * TICK_MS);
    expect(low.told(OFFER_KEY).length).toBeGreaterThan(40);
    const atMs = nowMs(s);
    await live(s, both, 1000);
    expect(s.wire.of(OFFER_KEY, atMs + TICK_MS)).toEqual([]);
    expect(s.wire.of(TURN)).toEqual([]);
    expect(s.wire.of(VIEW, atMs).every(({ data }) => isSignedWith(data, KEY_LINE))).toBe(true);
    // It is over: what comes now is no answer to anything.
    expect(await rise(s, FORGED, () => has(low, key, nonce))).toBe(1);
    expect(await rise(s, FORGED, () => show(low, nonce))).toBe(1);
    // Another one may be begun.
    await s.node.waitFor(PROMPT);
    s.node.type("cloud key rotate\n");
    await live(s, both, 2000, () => s.wire.of(OFFER_KEY, atMs + 1000).length > 0);
    expect(restOf(s.wire.of(OFFER_KEY).at(-1)!).subarray(0, NONCE_BYTES)).not.toEqual(nonce);
  },
);

thoroughly(
  "who is put out is offered nothing, named to those who are given the key, and gone when it counts",
  async () => {
    const giving = await offering("cloud expel 10.0.2.97", 1);
    const { s, low, high, nonce } = giving;
    await live(s, giving.both, 400);
    expect(low.told(OFFER_KEY)).toEqual([]);
    const { key, rest } = await taken(high, giving);
    expect(rest).toEqual(Buffer.concat([idBytes(LOW), Buffer.alloc(24)]));
    expect(await rise(s, FORGED, () => has(low, key, nonce))).toBe(1);
    const atMs = nowMs(s);
    has(high, key, nonce);
    await s.lab.advance("20ms");
    s.wire.changeKey(lineOf(key));
    await live(s, [high], 200);
    expect(s.node.console.text).toMatch(/^cluster: stranger 10\.0\.2\.97 is put out$/m);
    await s.node.waitFor(/^The cluster seed-1 has a new key\.\nstatus 0$/m, { within: "200ms" });
    expect(s.wire.of(VIEW, atMs).at(-1)).toMatchObject({ members: 2 });
    // The next time nobody is.
    await s.node.waitFor(PROMPT);
    s.node.type("cloud key rotate\n");
    const againMs = nowMs(s);
    await live(s, [high], 2000, () => s.wire.of(OFFER_KEY, againMs).length > 0);
    const again = restOf(s.wire.of(OFFER_KEY, againMs)[0]!);
    const next = await taken(high, { nonce: again.subarray(0, NONCE_BYTES), public: again.subarray(NONCE_BYTES) });
    expect(next.rest).toEqual(Buffer.alloc(32));
  },
);

thoroughly("while members come or go no key is replaced", async () => {
  const { s, both, typedMs } = await typed("cloud key rotate");
  await live(s, both, 400);
  const late = new Member(s, HIGHEST, 0x44);
  await live(s, [...both, late], 1000);
  expect(s.node.console.text).toMatch(/^cluster: members come or go just now; try again\nstatus 1$/m);
  expect(s.wire.of(OFFER_KEY, typedMs)).toEqual([]);
});

/** The key is offered to so many in one step, as their answers are work. */
const OFFERS = 8;
const STEP_MS = 20;

thoroughly(
  "a new key is offered to eight at a time, to the others a step later, and to each every 200 ms",
  async () => {
    const s = await foundedWithKey();
    const members = Array.from(
      { length: OFFERS + 3 },
      (_, index) => new Member(s, `525400fffeff00${(0x70 + index).toString(16)}`, 0x50 + index),
    );
    await live(s, members, 300);
    await s.node.waitFor(PROMPT);
    s.node.type("cloud key rotate\n");
    await live(s, members, 2000, () => s.wire.of(OFFER_KEY).length > 0);
    const fromMs = s.wire.of(OFFER_KEY)[0]!.atMs;
    await live(s, members, 500);
    const offers = s.wire.of(OFFER_KEY, fromMs);
    const first = offers.filter(({ atMs }) => atMs - fromMs < STEP_MS - TICK_MS / 2);
    expect(first.map(({ to }) => to)).toEqual(members.slice(0, OFFERS).map(({ address }) => address));
    const next = offers.filter(({ atMs }) => atMs - fromMs >= STEP_MS - TICK_MS / 2 && atMs - fromMs < OFFER_MS / 2);
    expect(next.map(({ to }) => to)).toEqual(members.slice(OFFERS).map(({ address }) => address));
    expect(next[0]!.atMs - fromMs).toBeLessThan(STEP_MS + 3 * TICK_MS);
    for (const member of members) {
      const times = member.told(OFFER_KEY).map(({ atMs }) => atMs);
      expect(times.length).toBeGreaterThanOrEqual(3);
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(OFFER_MS - TICK_MS);
      expect(times[1]! - times[0]!).toBeLessThan(OFFER_MS + 5 * TICK_MS);
    }
  },
);
