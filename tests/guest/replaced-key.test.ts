/**
 * Whoever has only a key that was replaced moves nothing (docs/protocols/cluster-key.md, "What was proved before
 * what"): it says each kind of packet in each member's name and session, with numbers to come, and the members are
 * heard as before, and replace the key again.
 */
import { expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, HIGHEST, nowMs, SELF } from "./agreement-scene.ts";
import { EVENTS, HEADER_BYTES, HISTORY, PROBE, REPORT, regionDigest, type Said, VIEW } from "./cluster-wire.ts";
import { GIVE, HAVE, NONCE_BYTES, OFFER_KEY, SHOW } from "./key-scene.ts";
import { foundedWithKey, KEY_LINE, live, Member, REPLAYED, rise } from "./keyed-node.ts";
import { answers, leaves, lineOf, OFFER_MS, offered, replaced, take, turned } from "./turned-scene.ts";
import { regionOf } from "./values-scene.ts";

const AHEAD = 1_000_000;
const REGION = regionOf({ colour: "red" }, []);

/** What follows the header, by kind; what is not here has nothing. */
const RESTS: ReadonlyMap<number, Uint8Array> = new Map([
  [VIEW, new Uint8Array(24).fill(1, 0, 1)],
  [5, new Uint8Array(16).fill(1)],
  [6, new Uint8Array(16).fill(1)],
  [8, Uint8Array.of(10, 0, 2, 250)],
  [9, new Uint8Array(16).fill(1)],
  [10, new Uint8Array(16).fill(1)],
  [11, REGION],
  [12, new Uint8Array(16).fill(1)],
  [13, new Uint8Array(16).fill(1)],
  [14, new Uint8Array(96).fill(1)],
  [EVENTS, new Uint8Array(72).fill(1)],
  [HISTORY, new Uint8Array(256)],
  [17, new Uint8Array(16).fill(1)],
  [18, Buffer.concat([new Uint8Array(28).fill(1), REGION])],
  [19, new Uint8Array(28)],
  [20, new Uint8Array(16).fill(1)],
  [OFFER_KEY, new Uint8Array(48).fill(1)],
  [SHOW, new Uint8Array(48).fill(1)],
  [GIVE, new Uint8Array(96).fill(1)],
  [HAVE, new Uint8Array(32).fill(1)],
]);
const KINDS = 26;

/** Each kind in each member's name: what it says is right in form, and signed with the replaced key. */
function attacks(members: readonly Member[]): (Said & { session: string })[] {
  const values = { number: 9, digest: regionDigest(REGION) };
  return members.flatMap((member) =>
    Array.from({ length: KINDS }, (_, index) => {
      const rest = RESTS.get(index + 1);
      const session = member.numbers.session;
      return { ...member.said, session, kind: index + 1, sequence: AHEAD + index, values, ...(rest && { rest }) };
    }),
  );
}

test("what is said under a replaced key, in whose name ever, leaves members heard and the key to be replaced again", async () => {
  const t = await turned("cloud expel 10.0.2.97");
  const { s, low, high } = t;
  s.wire.changeKey(KEY_LINE);
  for (const said of attacks([high, low])) {
    s.wire.forge(said);
    await s.lab.advance("20ms");
  }
  // With what it has seen on the wire: the number that the member has shown, and the nonce that was offered to it.
  const offer = high.told(OFFER_KEY)[0]!.data.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  const [session, rest] = [high.numbers.session, Buffer.concat([offer, high.numbers.shown])];
  s.wire.forge({ ...high.said, session, kind: SHOW, sequence: AHEAD + 100, rest });
  s.wire.changeKey(t.line);
  const fromMs = nowMs(s);
  await live(s, [high], 1500);
  expect(s.wire.of(VIEW, fromMs).at(-1)!.members).toBe(2);
  // Asked, it is said to be heard: probes would go on else.
  expect(s.wire.of(PROBE, fromMs)).toEqual([]);
  await s.node.waitFor(PROMPT);
  expect(await outputAmong(s.node, "cloud get")).not.toContain("red");
  const again = await replaced(s, "cloud key rotate", [high]);
  expect(again).not.toEqual(t.key);
  expect(low.told(GIVE)).toEqual([]);
});

test("a node that takes another key hears those whose numbers went far under the one before", async () => {
  const s = await foundedWithKey();
  const high = new Member(s, HIGH, 0x40);
  high.live();
  await s.lab.advance("100ms");
  const { session } = high.numbers;
  s.wire.forge({ ...high.said, session, sequence: AHEAD });
  await s.lab.advance("100ms");
  await s.node.waitFor(PROMPT);
  const line = lineOf(Buffer.alloc(32, 0x66));
  await s.node.enter(`cloud key set ${line}`, PROMPT);
  s.wire.changeKey(line);
  await s.node.waitFor(/^cloud: \S+ \S+ era 2 .* peers 0$/m, { within: "10s" });
  expect(await rise(s, REPLAYED, () => high.live())).toBe(0);
});

describeThoroughly("who was away is given the key", () => {
  test("however much is said in its name by who was put out", async () => {
    const t = await turned("cloud key rotate", leaves);
    const { s, low } = t;
    await answers(t, low, () => low.live());
    const forged = offered(t).subarray(0, NONCE_BYTES);
    s.wire.changeKey(KEY_LINE);
    for (const said of attacks([low, t.high])) s.wire.forge(said);
    const [session, rest] = [low.numbers.session, Buffer.concat([forged, low.numbers.shown])];
    for (let time = 0; time < 20; time++) {
      s.wire.forge({ ...low.said, session, last: 0x55, sequence: AHEAD + 50 + time });
      s.wire.forge({ ...low.said, session, kind: SHOW, last: 0x55, sequence: AHEAD + 80 + time, rest });
      await s.lab.advance("10ms");
    }
    low.live();
    await s.lab.advance("20ms");
    expect(await take(low, offered(t))).toEqual(t.key);
  });

  test("also by a member that has not replaced it, within a second for each member", async () => {
    const t = await turned("cloud key rotate", leaves);
    const { s, low, high } = t;
    // HIGH replaces the key next: it gives it, and this node after it.
    const [next, nonce] = [Buffer.alloc(32, 0x77), Buffer.alloc(NONCE_BYTES, 3)];
    high.say(OFFER_KEY, Buffer.concat([nonce, high.numbers.shown]));
    const shown = await s.lab.until(() => high.told(SHOW)[0], "it does not show its number");
    const seal = high.numbers.seal(shown.data.subarray(HEADER_BYTES + NONCE_BYTES), true, nonce);
    high.say(GIVE, seal.close(next));
    await s.lab.until(() => high.told(HAVE)[0], "it does not take the key");
    s.wire.changeKey(lineOf(next));
    high.live();
    await s.lab.advance("40ms");
    const twice = { ...t, line: lineOf(next) };
    const fromMs = nowMs(s);
    let offers = new Set<number>();
    while (!offers.has(OFFER_KEY) && nowMs(s) - fromMs < 5000) {
      offers = await answers(twice, low, () => low.live());
      await s.lab.advance("200ms");
    }
    expect(offers).toEqual(new Set([OFFER_KEY]));
    s.wire.changeKey(KEY_LINE);
    expect(await take(low, offered(t))).toEqual(next);
  });

  test.each([
    ["twice", 2, true],
    ["four times", 4, true],
    ["five times: nobody knows the key any more", 5, false],
  ])("when it was replaced %s meanwhile", async (_often, often, isGiven) => {
    const t = await turned("cloud key rotate", leaves);
    let key = t.key;
    for (let time = 1; time < often; time++) key = await replaced(t.s, "cloud key rotate", [t.high]);
    const now = { ...t, line: lineOf(key) };
    expect((await answers(now, t.low, () => t.low.live())).has(OFFER_KEY)).toBe(isGiven);
    t.s.wire.changeKey(KEY_LINE);
    if (isGiven) expect(await take(t.low, offered(t))).toEqual(key);
  });
});

thoroughly(
  "who was put out is offered nothing after the next replacement either, nor those whom it names",
  async () => {
    const t = await turned("cloud expel 10.0.2.97");
    const { s, low, high } = t;
    const key = await replaced(s, "cloud key rotate", [high]);
    const now = { ...t, line: lineOf(key) };
    for (const under of [KEY_LINE, t.line]) {
      await s.lab.advance(`${OFFER_MS}ms`);
      expect((await answers(now, low, () => low.live(), under)).has(OFFER_KEY)).toBe(false);
    }
    const nonce = Buffer.alloc(NONCE_BYTES);
    const show = (): void => low.say(SHOW, Buffer.concat([nonce, low.numbers.shown]));
    expect(await answers(now, low, show)).toEqual(new Set());
    expect(low.told(GIVE)).toEqual([]);
  },
);

/** A member of this node's life that speaks with a key that nobody here knows. */
test("members that are heard with another key, for long, are said to be, here and by cloud", async () => {
  const t = await turned("cloud key rotate", leaves);
  const { s, low } = t;
  const other = { ...t, line: t.line };
  const foreign = lineOf(Buffer.alloc(32, 0x99));
  const line =
    /^cluster: stranger 10\.0\.2\.97 has another key\. Where the key was replaced while one of you was away/m;
  for (let ms = 0; ms < 9000; ms += 1000) {
    await answers(other, low, () => low.live(), foreign);
    await live(s, [t.high], 940);
  }
  expect(s.node.console.text).not.toMatch(line);
  for (let ms = 0; ms < 3000; ms += 1000) {
    await answers(other, low, () => low.live(), foreign);
    await live(s, [t.high], 940);
  }
  expect(s.node.console.text.match(new RegExp(line, "gm"))).toHaveLength(1);
  await s.node.waitFor(PROMPT);
  expect(await outputAmong(s.node, "cloud")).toMatch(line);
  // Nothing else follows, and when it is over nothing is said of it.
  expect(s.wire.of(VIEW).at(-1)!.members).toBe(2);
  await live(s, [t.high], 4000);
  expect(await outputAmong(s.node, "cloud")).not.toMatch(line);
  // Of nodes that never were here it says nothing: they are another cluster's.
  const stranger = new Member(s, HIGHEST, 0x45);
  for (let ms = 0; ms < 12_000; ms += 1000) {
    await answers(other, t.high, () => s.wire.say({ ...stranger.said, kind: REPORT, founder: SELF }), foreign);
    await live(s, [t.high], 940);
  }
  expect(await outputAmong(s.node, "cloud")).not.toMatch(/has another key/);
});
