/**
 * How a machine gets a cluster's key by a code that a person types (docs/protocols/cluster.md, "Identity and trust"),
 * as somebody on the wire sees it who plays the member that has drawn the code, or the machine that asks.
 */
import { describe, expect, test } from "vitest";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { boot, images, inState, PROMPT } from "../system/images.ts";
import { outputAmong, peersOf } from "../system/output.ts";
import { founded, HIGH, nowMs, type Scene, sceneOf, TICK_MS } from "./agreement-scene.ts";
import {
  BYE,
  bytesWith,
  HELLO,
  type Heard,
  JOINING,
  MEMBER,
  type Said,
  signed,
  signedWith,
  VIEW,
} from "./cluster-wire.ts";
import { cipherOf, keyOfCode } from "./key-wire.ts";
import { Counts } from "./packet-wire.ts";

const [JOIN, WELCOME] = [13, 14];
const NONCE_AT = 128;
const CODES = 1;
const CIPHER = 2;
const CODE = "0123-4567-89ab-cdef";
const KEY = "000102030405060708090a0b0c0d0e0f" + "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
const FORGED = "cloud forged, or made with another key";
const NOBODY = "cluster: nobody who has given this code in the last ten minutes answers, or it was used before\n";

/** The answer to who has asked by `asked`: 16 bytes of ours, and name and key, added to a stream. */
function welcome(
  asked: Heard,
  { code = CODE, name = "home", key = KEY, nonce = asked.data.subarray(NONCE_AT, 144) } = {},
): Said {
  const nonces = Buffer.concat([nonce, Buffer.alloc(16, 0x77)]);
  const plain = Buffer.alloc(64);
  plain.write(name, "latin1");
  plain.write(key, 32, "hex");
  const stream = cipherOf(keyOfCode(code, CIPHER), nonces);
  const rest = Buffer.concat([nonces, plain.map((byte, at) => byte ^ stream[at]!)]);
  return { kind: WELCOME, state: MEMBER, era: 1, id: HIGH, founder: HIGH, sequence: 1, rest };
}

/** A node of an open cluster at which a code was typed, and the first packet by which it asks. */
async function asking(typed = CODE): Promise<{ s: Scene; asked: Heard }> {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  s.node.type(`cloud join ${typed}; echo status $?\n`);
  const asked = await s.lab.until(() => s.wire.of(JOIN)[0], "it does not ask");
  return { s, asked };
}

/** Whether a packet's code was made with the key for packets of a code. */
const isOf = ({ data }: Heard, code: string): boolean =>
  Buffer.from(signedWith(data.slice(), keyOfCode(code, CODES))).equals(Buffer.from(data));

describe("a machine at which a code is typed", () => {
  thoroughly(
    "asks the group each half second for five seconds, always the same, and says that nobody answers",
    async () => {
      const { s, asked } = await asking();
      expect(asked.data).toHaveLength(144);
      await s.lab.advance("5200ms");
      await s.node.waitFor(/^status 1$/m);
      const all = s.wire.of(JOIN);
      expect(all).toHaveLength(10);
      for (const heard of all) {
        expect(heard.to).toBe("239.255.81.82");
        expect(isOf(heard, CODE)).toBe(true);
        expect(heard.data.subarray(NONCE_AT)).toEqual(asked.data.subarray(NONCE_AT));
      }
      for (const [index, { atMs }] of all.slice(1).entries()) {
        expect(atMs - all[index]!.atMs).toBeGreaterThanOrEqual(500 - TICK_MS);
        expect(atMs - all[index]!.atMs).toBeLessThan(500 + 3 * TICK_MS);
      }
      expect(s.node.console.text.slice(s.node.console.text.indexOf("cluster: nobody"))).toContain(NOBODY);
      expect(new Set(asked.data.subarray(NONCE_AT)).size).toBeGreaterThan(8);
    },
  );

  test("has name and key of who answers with that code, says bye, and joins the cluster that has them", async () => {
    const { s, asked } = await asking();
    s.wire.sayWith(welcome(asked), keyOfCode(CODE, CODES));
    await s.node.waitFor(/^This node has the key of the cluster home now\.\nstatus 0$/m, { within: "1s" });
    const fromMs = nowMs(s);
    expect(s.wire.of(BYE)).toHaveLength(1);
    const hello = await s.lab.until(() => s.wire.of(HELLO, fromMs - 100)[0], "it does not join");
    expect(hello).toMatchObject({ state: JOINING, sequence: 1, flags: 1 });
    const line = `home ${KEY}`;
    expect(Buffer.from(signed(hello.data.slice(), line)).equals(Buffer.from(hello.data))).toBe(true);
    expect(await outputAmong(s.node, "cloud key")).toContain(`${KEY}\n`);
    // Asked it has no more: the same answer is none.
    const counts = new Counts(s.node);
    const before = counts.read().get(FORGED)!;
    s.wire.sayWith(welcome(asked), keyOfCode(CODE, CODES));
    await s.lab.advance("10ms");
    expect(counts.read().get(FORGED)! - before).toBe(1);
  });

  thoroughly("reads each character of a code, with hyphens or without, in either case", async () => {
    for (const [typed, code] of [
      ["0123456789ABCDEF", "0123456789abcdef"],
      ["ghjkmnpqrstvwxyz", "ghjkmnpqrstvwxyz"],
      ["-G-h-J-kMNPQ---RSTVWXYZ-", "ghjkmnpqrstvwxyz"],
      ["zzzzzzzzzzzzzzzz", "zzzzzzzzzzzzzzzz"],
    ] as const) {
      const { asked } = await asking(typed);
      expect(isOf(asked, code)).toBe(true);
    }
  });

  thoroughly("is told that what is no code is none, and asks nobody", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    for (const typed of [
      "0123456789abcde",
      "0123456789abcdef0",
      "0123456789abcdei",
      "o123456789abcdef",
      "l123456789abcdef",
      "u123456789abcdef",
      "!123456789abcdef",
    ])
      expect(await outputAmong(s.node, `cloud join "${typed}"; echo status $?`)).toBe(
        "cluster: expected a code of 16 characters, as `cloud invite` shows it\nstatus 1\n",
      );
    expect(s.wire.of(JOIN)).toEqual([]);
  });
});

describeThoroughly("an answer is none, and counted, when", () => {
  const ROWS: readonly (readonly [string, (asked: Heard) => Said, string])[] = [
    ["it was made with another code", (asked) => welcome(asked), "0123-4567-89ab-cdeg"],
    [
      "it names other bytes than were asked with",
      (asked) => welcome(asked, { nonce: asked.data.slice(NONCE_AT, 144).fill(1, 15) }),
      CODE,
    ],
    ["it has a name that cannot be", (asked) => welcome(asked, { name: "ho me" }), CODE],
    ["it has a name that does not end", (asked) => welcome(asked, { name: "n".repeat(32) }), CODE],
    ["it comes from another address", (asked) => welcome(asked), "address"],
  ];
  test.each(ROWS)("%s", async (_what, answer, code) => {
    const { s, asked } = await asking();
    const counts = new Counts(s.node);
    const before = counts.read().get(FORGED)!;
    if (code === "address") {
      const bytes = bytesWith(answer(asked), keyOfCode(CODE, CODES));
      s.wire.sayBytes(bytes, 98);
    } else s.wire.sayWith(answer(asked), keyOfCode(code, CODES));
    await s.lab.advance("100ms");
    expect(counts.read().get(FORGED)! - before).toBe(1);
    expect(s.node.console.text).not.toContain("has the key");
    await s.lab.advance("6s");
    expect(await outputAmong(s.node, "cloud")).toMatch(/^open cluster/);
  });

  thoroughly("nobody has asked", async () => {
    const { s, asked } = await asking();
    await s.lab.advance("6s");
    const counts = new Counts(s.node);
    const before = counts.read().get(FORGED)!;
    s.wire.sayWith(welcome(asked), keyOfCode(CODE, CODES));
    await s.lab.advance("10ms");
    expect(counts.read().get(FORGED)! - before).toBe(1);
    expect(await outputAmong(s.node, "cloud")).toMatch(/^open cluster/);
  });
});

describeThoroughly("a member that has drawn a code", () => {
  const LINE = keyOfSeed(1);

  async function inviting(): Promise<{ s: Scene; code: string; invite: () => Promise<string> }> {
    const lab = await inState("a member with a key, alone", async () => {
      const booted = boot({ nodes: [{ cdrom: images().iso, key: LINE }] });
      const node = booted.nodes[0]!;
      await booted.until(() => peersOf(node) === 0, "it founds nothing");
      await node.waitFor(PROMPT);
      return booted;
    });
    const s = sceneOf(lab);
    const invite = async (): Promise<string> => {
      const said = await outputAmong(s.node, "cloud invite; echo status $?");
      return /^Within ten minutes, one machine can join here: cloud join (\S{4}-\S{4}-\S{4}-\S{4})\nstatus 0\n$/.exec(
        said,
      )![1]!;
    };
    return { s, code: await invite(), invite };
  }

  /** Whether who asks with a code, and these bytes, is answered. */
  async function answers(s: Scene, code: string, nonce: number): Promise<boolean> {
    const before = s.wire.of(WELCOME).length;
    s.wire.askToJoin(keyOfCode(code, CODES), new Uint8Array(16).fill(nonce));
    await s.lab.advance("50ms");
    return s.wire.of(WELCOME).length > before;
  }

  thoroughly("answers within ten minutes, and not after", async () => {
    const { s, code } = await inviting();
    const drawnMs = nowMs(s);
    await s.lab.advance("599s");
    expect(await answers(s, code, 1)).toBe(true);
    expect(s.node.console.text).toMatch(/^cluster: stranger 10\.0\.2\.119 has joined by invitation$/m);
    await s.lab.advance(Math.round((drawnMs + 600_100 - nowMs(s)) * 1e6));
    expect(await answers(s, code, 1)).toBe(false);
  });

  thoroughly("answers the machine that was first, however often, and says so once", async () => {
    const { s, code } = await inviting();
    expect(await answers(s, code, 1)).toBe(true);
    expect(await answers(s, code, 2)).toBe(false);
    expect(await answers(s, code, 1)).toBe(true);
    expect(s.node.console.text.match(/has joined by invitation/g)).toHaveLength(1);
    for (let time = 0; time < 4; time++) expect(await answers(s, code, 1)).toBe(true);
    // The sixteen bytes of its own are drawn anew each time, to the last one.
    const drawn = s.wire.of(WELCOME).map(({ data }) => data.subarray(NONCE_AT + 16, NONCE_AT + 32));
    for (let at = 0; at < 16; at++)
      expect(new Set(drawn.map((bytes) => bytes[at])).size, `byte ${at}`).toBeGreaterThan(1);
    const [first, second] = s.wire.of(WELCOME);
    for (const { data, to } of [first!, second!]) {
      expect(to).toBe("10.0.2.119");
      expect(data).toHaveLength(224);
      expect(isOf(first!, code)).toBe(true);
      // It names the session that asked, and its packet.
      expect(Buffer.from(data.subarray(88, 96)).toString("hex")).toBe("0200000001000000");
      const plain = data
        .subarray(160)
        .map((byte, at) => byte ^ cipherOf(keyOfCode(code, CIPHER), data.subarray(128, 160))[at]!);
      expect(Buffer.from(plain.subarray(32)).toString("hex")).toBe(LINE.trim().split(" ")[1]);
      expect(Buffer.from(plain.subarray(0, 32)).toString("latin1")).toBe("seed-1".padEnd(32, "\0"));
    }
  });

  thoroughly("has one invitation open: a new one replaces it, and another key ends it", async () => {
    const { s, code, invite } = await inviting();
    const next = await invite();
    expect(next).not.toBe(code);
    expect(await answers(s, code, 1)).toBe(false);
    expect(await answers(s, next, 1)).toBe(true);
    const third = await invite();
    expect(await answers(s, third, 2)).toBe(true);
    const last = await invite();
    await s.node.enter("cloud key rotate", /^The cluster seed-1 has a new key\.$/m, { within: "5s" });
    expect(await answers(s, last, 3)).toBe(false);
  });

  thoroughly("gives nobody its key while it joins another cluster, whose code others have too", async () => {
    const { s } = await inviting();
    s.node.type(`cloud join ${CODE}\n`);
    await s.lab.until(() => s.wire.of(JOIN)[0], "it does not ask");
    expect(await answers(s, CODE, 1)).toBe(false);
    await s.lab.advance("6s");
    expect(await answers(s, CODE, 1)).toBe(false);
  });

  thoroughly("is answered by no view: a code makes nobody a member", async () => {
    const { s, code } = await inviting();
    await s.lab.advance("1s");
    expect(await answers(s, code, 1)).toBe(true);
    await s.lab.advance("1s");
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(1);
    expect(s.wire.of(VIEW).at(-1)!.data).toHaveLength(152);
  });
});
