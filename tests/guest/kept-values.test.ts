/**
 * Values and votes that a node's disk holds (docs/protocols/cluster-values.md, "On disk"): read at a boot, and written.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { HIGH, LOW, nowMs, report, SELF, says, TICK_MS } from "./agreement-scene.ts";
import { HELLO, type Heard, MEMBER, PROBE, regionDigest, VIEW } from "./cluster-wire.ts";
import { type Objects, objectOf, remembering } from "./remembering-scene.ts";
import {
  type Ballot,
  ballotBytes,
  joined,
  NOTHING,
  numberBytes,
  OFFER,
  PREPARE,
  PROMISE,
  regionOf,
  rest,
  TEXT_AT,
  VALUES,
  Values,
  VOTED,
} from "./values-scene.ts";

const VALUES_KEPT = 32;
const RECORD_BYTES = 1160;
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

interface Kept {
  readonly magic?: string;
  readonly version?: number;
  /** Bytes of the text. */
  readonly bytes?: number;
}

function padded(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  whole.set(joined(...parts));
  return whole;
}

/** The object cluster_values. */
function valuesObject(
  number: number,
  region: Uint8Array,
  { magic = "QRVL", version = 2, ...more }: Kept = {},
): Uint8Array {
  const { bytes = region.length - TEXT_AT } = more;
  const head = [text(magic), word(version), word(number), word(regionDigest(region)), word(bytes)];
  return padded([...head, region], 16 + RECORD_BYTES);
}

/** Version 1 had no region: its text begins at 20. */
function oldValues(number: number, region: Uint8Array): Uint8Array {
  const words = region.subarray(TEXT_AT);
  return padded([text("QRVL"), word(1), word(number), word(0), word(words.length), words], 20 + 1024);
}

interface Vote extends Kept {
  readonly number: number;
  readonly promised: Ballot;
  readonly vote?: Ballot;
  readonly region?: Uint8Array;
}

/** The object cluster_vote. */
function voteObject({ magic = "QRVO", version = 1, number, promised, vote = null, region, ...more }: Vote): Uint8Array {
  const { bytes = region ? region.length - TEXT_AT : 0 } = more;
  const head = [
    text(magic),
    word(version),
    word(3),
    word(number),
    ballotBytes(promised),
    ballotBytes(vote),
    word(bytes),
  ];
  return padded([...head, region ?? new Uint8Array(0)], 40 + RECORD_BYTES);
}

/** A node with these objects that has founded its cluster, and two members of it without a disk. */
async function withTwo(objects: Objects = {}): Promise<Values> {
  const s = await remembering(objects);
  await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  await s.lab.advance("600ms");
  const v = new Values(s);
  v.live();
  await s.lab.advance("100ms");
  v.live();
  return v;
}

const BLUE = regionOf({ colour: "blue", taste: "sweet and sour" });
const RED = regionOf({ colour: "red" });

describeThoroughly("values on a disk", () => {
  thoroughly("are those of the node at its next boot, and its packets say so", async () => {
    const s = await remembering({ cluster_values: valuesObject(7, BLUE) });
    const v = new Values(s);
    const { data, flags } = await says(s, HELLO);
    const fields = new DataView(data.buffer);
    expect([fields.getUint32(112, true), fields.getInt32(116, true)]).toEqual([7, regionDigest(BLUE)]);
    expect(flags & VALUES_KEPT).toBe(VALUES_KEPT);
    expect(await v.get("taste")).toBe("sweet and sour");
    expect(await v.get("")).toBe(
      "colour blue\ntaste sweet and sour\n" +
        `change 7; the next is agreed on by a majority of 3 members: ${LOW} qure-1 ${HIGH}`,
    );
    expect(s.node.console.text).not.toContain("damaged");
    await s.lab.advance("1s");
    expect(objectOf(s, "cluster_values")).toEqual(valuesObject(7, BLUE));
  });

  thoroughly("of version 1 are read, and nobody has agreed on them", async () => {
    const v = new Values(await remembering({ cluster_values: oldValues(7, BLUE) }));
    expect(await v.get("")).toBe(
      "colour blue\ntaste sweet and sour\nchange 7; the next is agreed on by a majority of 0 members:",
    );
  });

  thoroughly("of as many bytes as there may be are read", async () => {
    const most = regionOf(Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`n${index}`, "v".repeat(124)])));
    expect(most).toHaveLength(TEXT_AT + 1024);
    const v = new Values(await remembering({ cluster_values: valuesObject(7, most) }));
    expect(await v.get("n7")).toBe("v".repeat(124));
    expect((await v.get("")).split("\n")).toHaveLength(9);
  });

  const unsound = BLUE.slice();
  unsound[TEXT_AT + 1] = 0x20;
  const DAMAGED: readonly (readonly [string, Uint8Array])[] = [
    ["another magic", valuesObject(7, BLUE, { magic: "QRVM" })],
    ["version 0", valuesObject(7, BLUE, { version: 0 })],
    ["version 3", valuesObject(7, BLUE, { version: 3 })],
    ["more text than there may be", valuesObject(7, BLUE, { bytes: 1028 })],
    ["a name with a blank", valuesObject(7, unsound)],
    ["text whose length is odd", valuesObject(7, BLUE, { bytes: 13 })],
  ];
  test.each(rowsOf(DAMAGED, 0))("with %s are damaged, and none", async (_what, object) => {
    const v = new Values(await remembering({ cluster_values: object }));
    expect(v.s.node.console.text).toMatch(
      /^cluster: the object cluster_values on the disk is damaged; the others' counts$/m,
    );
    expect(await v.get("")).toBe("Nothing has been set (cloud set NAME VALUE).");
  });

  thoroughly("are replaced by newer ones: in memory first, then on disk, and then packets say so", async () => {
    const v = await withTwo({ cluster_values: valuesObject(7, RED) });
    const told = async (number: number, region: Uint8Array): Promise<Heard[]> => {
      const fromMs = nowMs(v.s);
      v.tell(HIGH, number, region);
      await v.s.lab.advance("20ms");
      v.s.wire.say({ ...report(HIGH, 1, SELF), kind: PROBE });
      await v.s.lab.advance("600ms");
      return v.s.wire.heard.filter(({ atMs }) => atMs > fromMs);
    };
    const said = await told(8, BLUE);
    const number = ({ data }: Heard): number => new DataView(data.buffer, data.byteOffset).getUint32(112, true);
    const newer = said.filter((heard) => number(heard) === 8);
    expect(newer.at(-1)!.flags & VALUES_KEPT).toBe(VALUES_KEPT);
    expect(newer[0]!.flags & VALUES_KEPT).toBe(0);
    expect(objectOf(v.s, "cluster_values")).toEqual(valuesObject(8, BLUE));
    await told(6, RED);
    expect(objectOf(v.s, "cluster_values")).toEqual(valuesObject(8, BLUE));
  });
});

describe("a vote on a disk", () => {
  const promise = (v: Values, id: string, ballot: Ballot): Promise<Heard[]> =>
    v.answers(() => v.prepare(id, 1, ballot), [PROMISE], 300);

  thoroughly("holds at the next boot: no lower ballot is promised, and what was voted for is told", async () => {
    const object = voteObject({ number: 1, promised: [9, LOW], vote: [9, LOW], region: BLUE });
    const v = await withTwo({ cluster_vote: object });
    expect((await promise(v, HIGH, [8, HIGH])).map(rest)).toEqual([
      joined(numberBytes(1), ballotBytes([9, LOW]), ballotBytes([9, LOW]), BLUE),
    ]);
    expect(objectOf(v.s, "cluster_vote")).toEqual(object);
  });

  thoroughly("that was only promised holds too", async () => {
    const v = await withTwo({ cluster_vote: voteObject({ number: 1, promised: [9, HIGH] }) });
    expect((await promise(v, LOW, [9, LOW])).map(rest)).toEqual([
      joined(numberBytes(1), ballotBytes([9, HIGH]), NOTHING),
    ]);
  });

  const vote: Vote = { number: 1, promised: [9, LOW], vote: [9, LOW], region: BLUE };
  const unsound = BLUE.slice();
  unsound[TEXT_AT + 1] = 0x20;
  const DAMAGED: readonly (readonly [string, Uint8Array])[] = [
    ["another magic", voteObject({ ...vote, magic: "QRVL" })],
    ["version 0", voteObject({ ...vote, version: 0 })],
    ["version 2", voteObject({ ...vote, version: 2 })],
    ["more text than there may be", voteObject({ ...vote, bytes: 1028 })],
    ["a name with a blank", voteObject({ ...vote, region: unsound })],
  ];
  test.each(rowsOf(DAMAGED, 0))("with %s is damaged, and none", async (_what, object) => {
    const v = await withTwo({ cluster_vote: object });
    expect(v.s.node.console.text).toMatch(
      /^cluster: the object cluster_vote on the disk is damaged; this node's votes are forgotten$/m,
    );
    expect((await promise(v, HIGH, [1, HIGH])).map(rest)).toEqual([
      joined(numberBytes(1), ballotBytes([1, HIGH]), NOTHING),
    ]);
  });

  /** Number, promised ballot, ballot of the vote, text and region of the object on the disk. */
  const kept = (v: Values, regionBytes = 0): Uint8Array =>
    objectOf(v.s, "cluster_vote")!.subarray(12, 44 + regionBytes);

  test("is there before it is told", async () => {
    const v = await withTwo();
    const fromMs = nowMs(v.s);
    v.prepare(HIGH, 1, [3, HIGH]);
    const promised = await v.s.lab.until(() => v.s.wire.of(PROMISE, fromMs)[0], "it promises nothing");
    expect(promised.to).toBe("10.0.2.99");
    expect(promised.atMs - fromMs).toBeGreaterThan(2 * TICK_MS);
    expect(kept(v)).toEqual(joined(numberBytes(1), ballotBytes([3, HIGH]), NOTHING, word(0)));
    v.offer(HIGH, 1, [3, HIGH], BLUE);
    const voted = await v.s.lab.until(() => v.s.wire.of(VOTED, fromMs)[0], "it votes for nothing");
    expect(rest(voted)).toEqual(joined(numberBytes(1), ballotBytes([3, HIGH])));
    const ballot = ballotBytes([3, HIGH]);
    expect(kept(v, BLUE.length)).toEqual(joined(numberBytes(1), ballot, ballot, word(BLUE.length - TEXT_AT), BLUE));
    // What is there already is said again at once.
    const againMs = nowMs(v.s);
    v.offer(HIGH, 1, [3, HIGH], BLUE);
    await v.s.lab.advance("20ms");
    expect(v.s.wire.of(VOTED, againMs).map(rest)).toEqual([rest(voted)]);
  });

  thoroughly("is not about another while it is written: who asks then is not heard, but for who goes on", async () => {
    const v = await withTwo();
    const fromMs = nowMs(v.s);
    v.prepare(HIGH, 1, [3, HIGH]);
    await v.s.lab.advance("10ms");
    v.prepare(LOW, 1, [9, LOW]);
    v.prepare(HIGH, 1, [10, HIGH]);
    // Another kind is heard of who is being answered, and of nobody else.
    v.offer(LOW, 1, [9, LOW], RED);
    await v.s.lab.advance("400ms");
    expect(v.s.wire.of(PROMISE, fromMs).map(rest)).toEqual([joined(numberBytes(1), ballotBytes([3, HIGH]), NOTHING)]);
    expect(v.s.wire.of(VOTED, fromMs)).toEqual([]);
    const nextMs = nowMs(v.s);
    v.prepare(HIGH, 1, [4, HIGH]);
    await v.s.lab.advance("10ms");
    v.offer(HIGH, 1, [4, HIGH], BLUE);
    await v.s.lab.advance("400ms");
    expect(v.s.wire.of(PROMISE, nextMs)).toEqual([]);
    expect(v.s.wire.of(VOTED, nextMs).map(rest)).toEqual([joined(numberBytes(1), ballotBytes([4, HIGH]))]);
  });

  thoroughly("of the node itself is on its disk before it offers what it wants", async () => {
    const v = await withTwo();
    v.s.node.type("cloud set colour blue\r");
    const { data } = await v.s.lab.until(() => v.s.wire.of(PREPARE)[0], "it asks nobody");
    const count = new DataView(data.buffer, data.byteOffset).getUint32(132, true);
    v.promise(HIGH, 1, [count, SELF]);
    await v.s.lab.until(() => v.s.wire.of(OFFER)[0], "it offers nothing");
    expect(kept(v).subarray(0, 16)).toEqual(joined(numberBytes(1), ballotBytes([count, SELF])));
    v.voted(HIGH, 1, [count, SELF]);
    await v.s.node.waitFor(/^colour is set\.$/m, { within: "1s" });
    expect(v.s.wire.of(VALUES)).not.toEqual([]);
    // The prompt says that it is on this disk too.
    const text = Buffer.from(objectOf(v.s, "cluster_values")!.subarray(20 + TEXT_AT)).toString("latin1");
    expect(text).toMatch(/^colour\0blue\0+$/);
  });
});
