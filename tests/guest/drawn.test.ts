/**
 * What a node draws (docs/protocols/cluster.md, "Freshness", and cluster-key.md): sessions, private numbers, keys and
 * seeds, all of them to their last byte.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { addressOf, founded, type Scene } from "./agreement-scene.ts";
import { nodeObject, objectOf, remembering } from "./remembering-scene.ts";

const SESSION_BYTES = 8;
const NUMBER_BYTES = 32;
const TIMES = 5;
/** So many draws of one bit are alike by chance once in 8,192 kernels. */
const OPEN_TIMES = 14;

const read = ({ node }: Scene, name: string, bytes: number): Uint8Array =>
  node.readMemory(addressOf(name), bytes).slice();

/** Places at which all of these are the same. */
const fixed = (drawn: readonly Uint8Array[]): number[] =>
  [...drawn[0]!.keys()].filter((at) => drawn.every((bytes) => bytes[at] === drawn[0]![at]));

const hasBit = (drawn: readonly Uint8Array[], bit: number): Set<boolean> =>
  new Set(drawn.map(([first]) => (first! & bit) !== 0));

test("sessions, and the numbers that they follow from, are drawn anew for each key", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const [sessions, keys, numbers]: [Uint8Array[], Uint8Array[], Uint8Array[]] = [[], [], []];
  for (let time = 0; time < TIMES; time++) {
    const said = await outputAmong(s.node, "cloud key new home");
    keys.push(Buffer.from(/^([0-9a-f]{64})$/m.exec(said)![1]!, "hex"));
    const session = read(s, "trust_session", SESSION_BYTES);
    sessions.push(session);
    numbers.push(read(s, "trust_private", NUMBER_BYTES));
    // It is the beginning of the digest of the public number, with bit 0 set: all other bits are as they were drawn.
    const digest = createHash("sha256")
      .update(read(s, "trust_public", NUMBER_BYTES))
      .digest();
    digest[0]! |= 1;
    expect(Buffer.from(session).toString("hex")).toBe(digest.subarray(0, SESSION_BYTES).toString("hex"));
  }
  expect(fixed(sessions)).toEqual([]);
  expect(fixed(keys)).toEqual([]);
  expect(fixed(numbers)).toEqual([]);
  expect([...hasBit(sessions, 1)]).toEqual([true]);
});

thoroughly("sessions of an open cluster are drawn too, and are never 0", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const sessions: Uint8Array[] = [];
  for (let time = 0; time < OPEN_TIMES; time++) {
    await outputAmong(s.node, "cloud key forget");
    sessions.push(read(s, "trust_session", SESSION_BYTES));
    // Nothing behind it is drawn.
    expect([...read(s, "trust_confirmed", 4)]).toEqual([0, 0, 0, 0]);
  }
  expect(fixed(sessions)).toEqual([]);
  expect([...hasBit(sessions, 1)]).toEqual([true]);
  expect(hasBit(sessions, 2).size).toBe(2);
});

thoroughly("the seed for the next boot is drawn at each", async () => {
  const seeds: Uint8Array[] = [];
  for (const name of ["a", "bc", "def"]) {
    const s = await remembering({ cluster_node: nodeObject({ era: 4, age: 8, name }) });
    const kept = objectOf(s, "cluster_node")!;
    seeds.push(kept.subarray(76, 108));
    expect(kept.subarray(108)).toEqual(new Uint8Array(68));
  }
  expect(fixed([...seeds, new Uint8Array(NUMBER_BYTES).fill(0x5e)])).toEqual([]);
});

thoroughly("what a key was typed or given with is wiped", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  await outputAmong(s.node, "cloud key new home");
  expect(read(s, "key_parsed", 32)).toEqual(new Uint8Array(32));
  expect(Buffer.from(read(s, "trust_secret", 32)).equals(Buffer.alloc(32))).toBe(false);
  await outputAmong(s.node, "cloud key forget");
  expect(read(s, "trust_secret", 32)).toEqual(new Uint8Array(32));
});
