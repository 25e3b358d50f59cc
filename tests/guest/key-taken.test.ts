/**
 * How a member is given another key for its cluster (docs/protocols/cluster-key.md), as the giver on the wire sees it.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, HIGHEST, idBytes, LOW, nowMs, type Scene, SELF, says, TICK_MS } from "./agreement-scene.ts";
import { ECHO_AT, HEADER_BYTES, HELLO, isSignedWith, JOINING, PROBE, REPORT, VIEW } from "./cluster-wire.ts";
import { GIVE, HAVE, NONCE_BYTES, OFFER_KEY, OUTDATED, proofOf, SHOW, sessionOf, TURN } from "./key-scene.ts";
import { CLUSTER, FORGED, foundedWithKey, KEY_LINE, live, Member, REPLAYED, rise, UNPROVEN } from "./keyed-node.ts";

const NONCE = Uint8Array.from({ length: NONCE_BYTES }, (_, at) => at + 1);
/** Differs in its last byte only. */
const OTHER_NONCE = NONCE.with(-1, 0x80);
const NEW_KEY = Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at);
const NEW_LINE = `${CLUSTER} ${Buffer.from(NEW_KEY).toString("hex")}`;

const restOf = ({ data }: { readonly data: Uint8Array }): Buffer => Buffer.from(data.subarray(HEADER_BYTES));

/** A node that coordinates a giver and another member. */
async function withGiver(): Promise<{ s: Scene; giver: Member; other: Member }> {
  const s = await foundedWithKey();
  const [giver, other] = [new Member(s, HIGH, 0x40), new Member(s, LOW, 0x41)];
  for (const member of [giver, other]) member.live();
  await s.lab.advance("100ms");
  expect(s.wire.of(VIEW).at(-1)).toMatchObject({ members: 3 });
  return { s, giver, other };
}

const offer = (giver: Member, nonce = NONCE): void => giver.say(OFFER_KEY, Buffer.concat([nonce, giver.numbers.shown]));

/** The giver offers a key. What encloses it for the node, which has shown its number. */
async function shown(giver: Member, nonce = NONCE) {
  offer(giver, nonce);
  const { data } = await says(giver.s, SHOW);
  return giver.numbers.seal(data.subarray(HEADER_BYTES + NONCE_BYTES), true, nonce);
}

/** The node has taken the new key, with the id of somebody who is put out. */
async function given(out?: string): Promise<{ s: Scene; giver: Member; other: Member }> {
  const scene = await withGiver();
  const seal = await shown(scene.giver);
  scene.giver.say(GIVE, seal.close(NEW_KEY, ...(out === undefined ? [] : [idBytes(out)])));
  await says(scene.s, HAVE);
  return scene;
}

/** The giver uses the new key. */
async function turned(out?: string): Promise<{ s: Scene; giver: Member; other: Member }> {
  const scene = await given(out);
  scene.s.wire.changeKey(NEW_LINE);
  scene.s.wire.heard.length = 0;
  scene.s.wire.present = sessionOfNode(scene.s);
  scene.giver.say(TURN, new Uint8Array(0));
  await scene.s.lab.advance("40ms");
  return scene;
}

let present = "";
/** The node's session, which does not change while it runs. */
function sessionOfNode({ wire }: Scene): string {
  present = wire.heard.at(-1)?.session ?? present;
  return present;
}

describe("a member that is offered a key", () => {
  test("shows the number that its session is made of, says that it has the key, and uses it when others do", async () => {
    const { s, giver, other } = await withGiver();
    sessionOfNode(s);
    offer(giver);
    const show = await says(s, SHOW);
    expect(show.to).toBe(giver.address);
    expect(restOf(show).subarray(0, NONCE_BYTES)).toEqual(Buffer.from(NONCE));
    const theirs = restOf(show).subarray(NONCE_BYTES);
    expect(sessionOf(theirs)).toBe(show.session);
    expect(Buffer.from(show.data.subarray(ECHO_AT, ECHO_AT + 4)).toString("hex")).toBe(
      giver.numbers.session.slice(0, 8),
    );
    giver.say(GIVE, giver.numbers.seal(theirs, true, NONCE).close(NEW_KEY));
    const have = await says(s, HAVE);
    expect(have.to).toBe(giver.address);
    expect(restOf(have)).toEqual(Buffer.concat([NONCE, proofOf(NEW_KEY, NONCE, idBytes(SELF))]));
    // Until somebody uses it the old one counts.
    await live(s, [giver, other], 600);
    expect(s.wire.heard.every(({ data }) => isSignedWith(data, KEY_LINE))).toBe(true);
    expect(s.node.console.text).not.toContain("replaced");
    const atMs = nowMs(s);
    s.wire.changeKey(NEW_LINE);
    giver.say(TURN, new Uint8Array(0));
    await s.lab.advance("20ms");
    const fromMs = nowMs(s);
    await live(s, [giver, other], 1000);
    const later = s.wire.heard.filter((heard) => heard.atMs >= fromMs);
    expect(later.length).toBeGreaterThan(3);
    expect(later.every(({ data }) => isSignedWith(data, NEW_LINE))).toBe(true);
    // Nobody was missed, sessions stay, and all hear at once under which key this one speaks.
    expect(later.every(({ session }) => session === present)).toBe(true);
    expect(s.wire.of(VIEW).at(-1)).toMatchObject({ members: 3 });
    expect(s.wire.of(VIEW, atMs)[0]!.atMs - atMs).toBeLessThan(100 + 3 * TICK_MS);
    expect(s.node.console.text.match(/replaced/g)).toHaveLength(1);
    expect(s.node.console.text).toMatch(/^cluster: stranger has replaced the key$/m);
    expect(s.node.console.text).not.toContain("is put out");
    await s.node.waitFor(PROMPT);
    expect(await outputAmong(s.node, "cloud key")).toContain(`\n${NEW_LINE.split(" ")[1]}\n`);
  });

  thoroughly("that has it already says so again when it is asked again, and shows its number for another", async () => {
    const { s, giver } = await given();
    const before = s.wire.of(HAVE).length;
    offer(giver);
    await s.lab.advance("40ms");
    expect(s.wire.of(SHOW)).toHaveLength(1);
    expect(s.wire.of(HAVE).map(restOf).slice(before)).toEqual([
      Buffer.concat([NONCE, proofOf(NEW_KEY, NONCE, idBytes(SELF))]),
    ]);
    offer(giver, OTHER_NONCE);
    await s.lab.advance("40ms");
    expect(s.wire.of(HAVE)).toHaveLength(before + 1);
    expect(restOf(s.wire.of(SHOW).at(-1)!).subarray(0, NONCE_BYTES)).toEqual(Buffer.from(OTHER_NONCE));
  });

  thoroughly("is given it once: the same again is not answered", async () => {
    const { s, giver } = await withGiver();
    const closed = (await shown(giver)).close(NEW_KEY);
    giver.say(GIVE, closed);
    await says(s, HAVE);
    expect(await rise(s, FORGED, () => giver.say(GIVE, closed))).toBe(0);
    expect(s.wire.of(HAVE)).toHaveLength(1);
  });

  thoroughly("takes the later of two that are given, as the next key", async () => {
    const { s, giver } = await given();
    const later = NEW_KEY.map((byte) => byte ^ 0xff);
    offer(giver, OTHER_NONCE);
    await s.lab.advance("40ms");
    const seal = giver.numbers.seal(restOf(s.wire.of(SHOW).at(-1)!).subarray(NONCE_BYTES), true, OTHER_NONCE);
    giver.say(GIVE, seal.close(later));
    await s.lab.advance("40ms");
    expect(restOf(s.wire.of(HAVE).at(-1)!)).toEqual(
      Buffer.concat([OTHER_NONCE, proofOf(later, OTHER_NONCE, idBytes(SELF))]),
    );
    s.wire.changeKey(NEW_LINE);
    expect(await rise(s, FORGED, () => giver.say(TURN, new Uint8Array(0)))).toBe(1);
    s.wire.changeKey(`${CLUSTER} ${Buffer.from(later).toString("hex")}`);
    expect(await rise(s, FORGED, () => giver.say(TURN, new Uint8Array(0)))).toBe(0);
    expect(s.node.console.text).toMatch(/^cluster: stranger has replaced the key$/m);
  });

  test.each(
    rowsOf(
      [
        ["who is put out", LOW, 2],
        ["nobody that it knows", HIGHEST, 3],
      ] as const,
      1,
    ),
  )("hears with it that %s is out at once", async (_who, out, members) => {
    const { s, giver, other } = await turned(out);
    const isKnown = out === LOW;
    const said = /^cluster: stranger 10\.0\.2\.97 is put out$/m;
    if (isKnown) expect(s.node.console.text).toMatch(said);
    else expect(s.node.console.text).not.toContain("is put out");
    await live(s, isKnown ? [giver] : [giver, other], 200);
    expect(s.wire.of(VIEW)[0]).toMatchObject({ members });
    await s.node.waitFor(PROMPT);
    const rows = await outputAmong(s.node, "cloud");
    expect(/^stranger +10\.0\.2\.97 .* (\w+) +\d+\.\d s$/m.exec(rows)![1]).toBe(isKnown ? "left" : "member");
    expect(/^stranger +10\.0\.2\.99 .* (\w+) +\d+\.\d s$/m.exec(rows)![1]).toBe("member");
  });
});

describe("refused and counted is", () => {
  /** What the giver says, and the count that rises; the node has shown its number for NONCE. */
  const REFUSED: readonly (readonly [
    string,
    string,
    (scene: { giver: Member; other: Member; theirs: Buffer }) => void,
  ])[] = [
    [
      "an offer with a number that is not the sender's",
      FORGED,
      ({ giver, other }) => giver.say(OFFER_KEY, Buffer.concat([OTHER_NONCE, other.numbers.shown])),
    ],
    [
      "a key from another member than the one that has offered it",
      FORGED,
      ({ other, theirs }) => other.say(GIVE, other.numbers.seal(theirs, true, NONCE).close(NEW_KEY)),
    ],
    [
      "a key with another nonce than that of the offer",
      FORGED,
      ({ giver, theirs }) => giver.say(GIVE, giver.numbers.seal(theirs, true, OTHER_NONCE).close(NEW_KEY)),
    ],
    [
      "a key with a nonce that differs in its first byte",
      FORGED,
      ({ giver, theirs }) => giver.say(GIVE, giver.numbers.seal(theirs, true, NONCE.with(0, 0x80)).close(NEW_KEY)),
    ],
    [
      "a key that is enciphered for another nonce",
      FORGED,
      ({ giver, theirs }) => {
        const closed = giver.numbers.seal(theirs, true, OTHER_NONCE).close(NEW_KEY);
        closed.set(NONCE);
        giver.say(GIVE, closed);
      },
    ],
    [
      "a key with a byte of it changed",
      FORGED,
      ({ giver, theirs }) => {
        const closed = giver.numbers.seal(theirs, true, NONCE).close(NEW_KEY);
        closed[NONCE_BYTES]! ^= 1;
        giver.say(GIVE, closed);
      },
    ],
    [
      "a key with the last byte of its tag changed",
      FORGED,
      ({ giver, theirs }) => {
        const closed = giver.numbers.seal(theirs, true, NONCE).close(NEW_KEY);
        closed[closed.length - 1]! ^= 1;
        giver.say(GIVE, closed);
      },
    ],
    [
      "a number that is shown to who gives no key",
      FORGED,
      ({ giver }) => giver.say(SHOW, Buffer.concat([NONCE, giver.numbers.shown])),
    ],
    [
      "a proof for one who gives no key",
      FORGED,
      ({ giver }) => giver.say(HAVE, Buffer.concat([NONCE, proofOf(NEW_KEY, NONCE, idBytes(HIGH))])),
    ],
    [
      "an offer of a session that is not known",
      UNPROVEN,
      ({ giver, other }) =>
        giver.say(OFFER_KEY, Buffer.concat([OTHER_NONCE, other.numbers.shown]), { session: other.numbers.session }),
    ],
    [
      "an offer of somebody unknown",
      UNPROVEN,
      ({ giver }) => giver.say(OFFER_KEY, Buffer.concat([OTHER_NONCE, giver.numbers.shown]), { id: HIGHEST }),
    ],
    [
      "an offer that was heard before",
      REPLAYED,
      ({ giver, other }) => {
        other.live();
        giver.say(OFFER_KEY, Buffer.concat([OTHER_NONCE, giver.numbers.shown]), { sequence: 1 });
      },
    ],
  ];

  test.each(rowsOf(REFUSED, 1))("%s", async (_what, count, say) => {
    const { s, giver, other } = await withGiver();
    offer(giver);
    const theirs = restOf(await says(s, SHOW)).subarray(NONCE_BYTES);
    expect(await rise(s, count, () => say({ giver, other, theirs }))).toBe(1);
    expect(s.wire.of(HAVE)).toEqual([]);
    expect(s.wire.of(SHOW)).toHaveLength(1);
    // What was offered before is taken as if nothing had been said.
    giver.say(GIVE, giver.numbers.seal(theirs, true, NONCE).close(NEW_KEY), { sequence: 1000 });
    await says(s, HAVE);
  });

  thoroughly("a key of one whose number has nothing in common with any", async () => {
    const { s, other } = await withGiver();
    const zeros = new Uint8Array(32);
    const session = sessionOf(zeros);
    const evil = new Member(s, HIGHEST, 0x42);
    s.wire.say({ ...evil.said, session });
    await s.lab.advance("40ms");
    evil.say(OFFER_KEY, Buffer.concat([NONCE, zeros]), { session });
    await says(s, SHOW);
    // With nothing in common the tag's key could be computed by anybody.
    expect(
      await rise(s, FORGED, () =>
        evil.say(GIVE, other.numbers.seal(other.numbers.shown, true, NONCE).close(NEW_KEY), { session }),
      ),
    ).toBe(1);
    expect(s.wire.of(HAVE)).toEqual([]);
  });
});

thoroughly(
  "a node that takes another cluster's key forgets the next and the previous one of the cluster that it leaves",
  async () => {
    const { s, giver } = await given();
    await s.node.waitFor(PROMPT);
    await s.node.enter(`cloud key set other ${"5a".repeat(32)}`, PROMPT);
    await s.node.enter(`cloud key set ${KEY_LINE.trim()}`, PROMPT);
    await s.lab.advance("2s");
    const present = s.wire.heard.at(-1)!.session;
    s.wire.changeKey(NEW_LINE);
    expect(await rise(s, FORGED, () => giver.say(TURN, new Uint8Array(0), { echo: present }))).toBe(1);
    expect(s.node.console.text).not.toContain("the key was replaced");
    expect(s.node.console.text).not.toContain("has replaced the key");
  },
);

describeThoroughly("after the key was replaced", () => {
  test("the previous one is answered with itself by the coordinator, at most once a second, where it asks or tells", async () => {
    const { s, giver, other } = await turned();
    await s.lab.advance("1s");
    s.wire.changeKey(KEY_LINE);
    const stranger = new Member(s, HIGHEST, 0x43);
    const fromMs = nowMs(s);
    const hello = { ...stranger.said, kind: HELLO, state: JOINING, era: 0, founder: "0".repeat(16) };
    for (let time = 0; time < 11; time++) {
      s.wire.say(hello);
      await s.lab.advance("100ms");
    }
    const answers = stranger.told(OUTDATED, fromMs);
    expect(answers).toHaveLength(2);
    expect(answers[1]!.atMs - answers[0]!.atMs).toBeGreaterThanOrEqual(1000 - TICK_MS);
    for (const { data } of answers) {
      expect(isSignedWith(data, KEY_LINE)).toBe(true);
      expect(Buffer.from(data.subarray(ECHO_AT, ECHO_AT + 4)).toString("hex")).toBe(
        stranger.numbers.session.slice(0, 8),
      );
    }
    expect(
      s.node.console.text.match(
        /stranger 10\.0\.2\.100 has the key that was replaced, and is not believed \(cloud invite\)$/gm,
      ),
    ).toHaveLength(1);
    // What is said to members is not answered, and nothing that comes from elsewhere than it says.
    await s.lab.advance("1s");
    const quietMs = nowMs(s);
    for (const kind of [REPORT, PROBE]) {
      s.wire.say({ ...stranger.said, kind });
      await s.lab.advance("20ms");
    }
    expect(stranger.told(OUTDATED, quietMs)).toEqual([]);
    s.wire.say({ ...hello, kind: VIEW, state: 2, era: 1, founder: SELF });
    await s.lab.advance("40ms");
    expect(stranger.told(OUTDATED, quietMs)).toHaveLength(1);
    expect([giver, other].flatMap((member) => member.told(OUTDATED))).toEqual([]);
  });

  test("the previous one is known as such also while another one is given", async () => {
    const { s, giver, other } = await turned();
    await live(s, [giver, other], 1000);
    offer(giver, OTHER_NONCE);
    const { data } = await says(s, SHOW);
    const theirs = data.subarray(HEADER_BYTES + NONCE_BYTES);
    giver.say(GIVE, giver.numbers.seal(theirs, true, OTHER_NONCE).close(NEW_KEY.map((byte) => byte ^ 0xff)));
    await says(s, HAVE);
    s.wire.changeKey(KEY_LINE);
    const stranger = new Member(s, HIGHEST, 0x43);
    s.wire.say({ ...stranger.said, kind: HELLO, state: JOINING, era: 0, founder: "0".repeat(16) });
    await s.lab.advance("40ms");
    expect(stranger.told(OUTDATED)).toHaveLength(1);
    expect(s.node.console.text).toMatch(/stranger 10\.0\.2\.100 has the key that was replaced/);
  });

  test("the line about that is said again after a minute", async () => {
    const { s } = await turned();
    s.wire.changeKey(KEY_LINE);
    const stranger = new Member(s, HIGHEST, 0x43);
    const hello = { ...stranger.said, kind: HELLO, state: JOINING, era: 0, founder: "0".repeat(16) };
    const lines = async (): Promise<number> => {
      s.wire.say(hello);
      await s.lab.advance("40ms");
      return s.node.console.text.match(/has the key that was replaced/g)!.length;
    };
    expect(await lines()).toBe(1);
    await s.lab.advance("59s");
    expect(await lines()).toBe(1);
    await s.lab.advance("2s");
    expect(await lines()).toBe(2);
  });

  test("somebody who is told that its key was replaced says so, once, and says what to do", async () => {
    const { s, giver } = await withGiver();
    const advice =
      /^cluster: the key was replaced while this node was away, or it was put out\. To join again, type\n +`cloud invite` at a member, and here what that says$/gm;
    const outdated = { ...giver.said, kind: OUTDATED };
    expect(await rise(s, UNPROVEN, () => s.wire.say({ ...outdated, echo: "1".repeat(16) }))).toBe(1);
    expect(s.node.console.text.match(advice)).toBeNull();
    expect(await rise(s, UNPROVEN, () => s.wire.say(outdated))).toBe(0);
    s.wire.say(outdated);
    await s.lab.advance("40ms");
    expect(s.node.console.text.match(advice)).toHaveLength(1);
    await s.node.waitFor(PROMPT);
    expect(await outputAmong(s.node, "cloud")).toMatch(advice);
    // That was about the cluster that it leaves.
    await s.node.enter(`cloud key set other ${"5a".repeat(32)}`, PROMPT);
    expect(await outputAmong(s.node, "cloud")).not.toMatch(advice);
  });
});
