/**
 * Who is told that its key was replaced, and who is given the new one under the old (docs/protocols/cluster-key.md,
 * "Who was away"); and who is put out.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, HIGHEST, LOW, nowMs, SELF, TICK_MS, view } from "./agreement-scene.ts";
import { HEADER_BYTES, HELLO, JOINING, REPORT, regionDigest, VIEW } from "./cluster-wire.ts";
import { GIVE, NONCE_BYTES, OFFER_KEY, OUTDATED, SHOW, TURN } from "./key-scene.ts";
import { foundedWithKey, KEY_LINE, live, Member } from "./keyed-node.ts";
import { answers, leaves, OFFER_MS, offered, take, turned } from "./turned-scene.ts";
import { regionOf } from "./values-scene.ts";

const NOBODY = "0".repeat(16);

const hello = (member: Member) => ({ ...member.said, kind: HELLO, state: JOINING, era: 0, founder: NOBODY });

describeThoroughly("who says something under the key that was replaced", () => {
  test("is offered the new one if it was a member, whatever it says, and given it when it shows its number", async () => {
    const t = await turned("cloud key rotate", leaves);
    const { s, low, key } = t;
    expect(await answers(t, low, () => low.live())).toEqual(new Set([OFFER_KEY]));
    await s.lab.advance(`${OFFER_MS}ms`);
    expect(
      await answers(t, low, () => s.wire.say({ ...low.said, kind: VIEW, rest: new Uint8Array(24).fill(1, 0, 1) })),
    ).toEqual(new Set([OFFER_KEY]));
    s.wire.changeKey(KEY_LINE);
    expect(await take(low, offered(t))).toEqual(key);
    await s.lab.advance("40ms");
    s.wire.changeKey(t.line);
    // From now on it has it.
    for (const member of [low, t.high]) member.live();
    await s.lab.advance("100ms");
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(3);
    expect(s.node.console.text).not.toContain("has the key that was replaced");
  });

  test("is given it where it is now; that it is there nobody has proved", async () => {
    const t = await turned("cloud key rotate", leaves);
    const { s, low } = t;
    await answers(t, low, () => low.live());
    const fromMs = nowMs(s);
    const elsewhere = "0000000000000055";
    s.wire.appear(elsewhere);
    const shown = Buffer.concat([offered(t).subarray(0, NONCE_BYTES), low.numbers.shown]);
    await answers(t, low, () => s.wire.say({ ...low.said, kind: SHOW, rest: shown, last: 0x55 }));
    expect(s.wire.of(GIVE, fromMs).map(({ to }) => to)).toEqual(["10.0.2.85"]);
    await s.node.waitFor(PROMPT);
    expect(await outputAmong(s.node, "cloud")).toMatch(/^stranger +10\.0\.2\.97 .* left +\d+\.\d s$/m);
  });

  test("is only told so when it is another boot, was put out, or never was a member", async () => {
    const t = await turned("cloud expel 10.0.2.97");
    const { s, low } = t;
    await live(s, [t.high], 1000);
    const reborn = new Member(s, HIGHEST, 0x45);
    for (const [member, say] of [
      [low, () => s.wire.say(hello(low))],
      [reborn, () => s.wire.say(hello(reborn))],
      [t.high, () => s.wire.say({ ...hello(t.high), session: "1111111111111111" })],
    ] as const) {
      const kinds = await answers(t, member, say);
      expect(kinds.has(OUTDATED)).toBe(true);
      for (const kind of [OFFER_KEY, GIVE]) expect(kinds.has(kind)).toBe(false);
      await live(s, [t.high], 1000);
    }
    const nonce = Buffer.from(t.high.told(OFFER_KEY)[0]!.data.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES));
    expect(await answers(t, low, () => low.say(SHOW, Buffer.concat([nonce, low.numbers.shown])))).toEqual(new Set());
    expect(await answers(t, low, () => s.wire.say({ ...low.said, kind: REPORT }))).toEqual(new Set());
  });

  test("is told nothing by a member that does not coordinate", async () => {
    const t = await turned("cloud key rotate", leaves);
    const { s, high } = t;
    const third = new Member(s, "525400fffe000065", 0x46);
    // One with a lower id coordinates from now on.
    s.wire.say({
      ...view(third.id, 1, SELF),
      session: third.numbers.session,
      members: [`${HIGH} ${high.numbers.session}`],
    });
    await s.lab.advance("20ms");
    const stranger = new Member(s, HIGHEST, 0x45);
    expect((await answers(t, stranger, () => s.wire.say(hello(stranger)))).has(OUTDATED)).toBe(false);
  });
});

describe("put out", () => {
  test("can be who has left, by its address: those who are given the key hear its id", async () => {
    const { s, low } = await turned("cloud expel 10.0.2.97", leaves);
    expect(s.node.console.text).toMatch(/^cluster: stranger 10\.0\.2\.97 is put out$/m);
    expect(low.told(OFFER_KEY)).toEqual([]);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(2);
  });

  thoroughly("can be who coordinates: another one takes its place at once", async () => {
    const { s, low } = await turned("cloud expel 10.0.2.97", (scene, member) =>
      scene.wire.say({
        ...view(LOW, 1, SELF),
        session: member.numbers.session,
        members: [`${HIGH} ${new Member(scene, HIGH, 0x40).numbers.session}`],
      }),
    );
    const [turn] = s.wire.of(TURN);
    const [first] = s.wire.of(VIEW, turn!.atMs - TICK_MS);
    expect(first!.atMs - turn!.atMs).toBeLessThan(850);
    expect(low.told(OFFER_KEY)).toEqual([]);
  });
});

describeThoroughly("a key is not replaced", () => {
  const VALUES = 11;

  test.each([
    ["by a node that is silent", "cloud stop"],
    ["by one that still joins", `cloud key set ${KEY_LINE.trim()}`],
  ])("%s", async (_who, command) => {
    const s = await foundedWithKey();
    await s.node.waitFor(PROMPT);
    await s.node.enter(command, PROMPT);
    expect(await outputAmong(s.node, "cloud key rotate; echo status $?")).toBe(
      "cluster: this node is no member now\nstatus 1\n",
    );
  });

  test.each([
    ["where half of those that agreed last are here", [LOW, SELF, HIGHEST, "fe00000000000066"], false],
    ["but it is where more than half are", [LOW, SELF, HIGHEST], true],
    ["without those whom nobody asked to agree", [HIGHEST], false],
  ])("%s", async (_where, voters, isReplaced) => {
    const s = await foundedWithKey();
    const low = new Member(s, LOW, 0x41);
    low.live();
    await s.lab.advance("50ms");
    const region = regionOf({ colour: "blue" }, voters);
    const values = { number: 3, digest: regionDigest(region) };
    low.say(VALUES, region, { values });
    await s.lab.advance("50ms");
    await s.node.waitFor(PROMPT);
    s.node.type("cloud key rotate; echo status $?\n");
    for (let ms = 0; ms < 1600; ms += 200) {
      s.wire.say({ ...low.said, values });
      await s.lab.advance("200ms");
    }
    expect(low.told(OFFER_KEY).length > 0).toBe(isReplaced);
    const refusal = /^cluster: most of the members that agreed last are not here \(cloud get\)\nstatus 1$/m;
    if (isReplaced) expect(s.node.console.text).not.toMatch(refusal);
    else expect(s.node.console.text).toMatch(refusal);
  });
});

thoroughly("who was told that its key was replaced is so also after it has tried in vain to replace it", async () => {
  const s = await foundedWithKey();
  const low = new Member(s, LOW, 0x41);
  low.live();
  await s.lab.advance("50ms");
  await s.node.waitFor(PROMPT);
  s.wire.say({ ...low.said, kind: OUTDATED });
  await s.node.waitFor(/^cluster: the key was replaced while this node was away, or it was put out/m);
  s.node.type("cloud key rotate\n");
  await live(s, [low], 12_000);
  expect(s.node.console.text).toMatch(/^cluster: stranger lives, and does not take a new key: nothing has changed$/m);
  await s.node.waitFor(PROMPT);
  expect(await outputAmong(s.node, "cloud")).toMatch(/^cluster: the key was replaced while this node was away/m);
});

thoroughly("each byte of a new key is drawn anew each time", async () => {
  const s = await foundedWithKey();
  await s.node.waitFor(PROMPT);
  const keys: Buffer[] = [];
  for (let time = 0; time < 4; time++) {
    await s.node.enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m);
    const [, digits] = /^([0-9a-f]{64})$/m.exec(await outputAmong(s.node, "cloud key"))!;
    keys.push(Buffer.from(digits!, "hex"));
  }
  for (let at = 0; at < 32; at++) expect(new Set(keys.map((key) => key[at])).size).toBeGreaterThan(1);
});
