/**
 * A node that has replaced the key of its cluster, among members on the wire; and who speaks under the replaced one.
 */
import { expect } from "vitest";
import { PROMPT } from "../system/images.ts";
import { HIGH, idBytes, LOW, nowMs, type Scene } from "./agreement-scene.ts";
import { BYE, HEADER_BYTES } from "./cluster-wire.ts";
import { GIVE, HAVE, NONCE_BYTES, OFFER_KEY, proofOf, SHOW, TURN } from "./key-scene.ts";
import { CLUSTER, foundedWithKey, KEY_LINE, live, Member } from "./keyed-node.ts";

/** Offers to those who were away are at least so far apart. */
export const OFFER_MS = 200;
const GROUP = "239.255.81.82";

export interface Turned {
  readonly s: Scene;
  readonly low: Member;
  readonly high: Member;
  /** That counts now, and its line. */
  readonly key: Buffer;
  readonly line: string;
}

export const leaves = (_s: Scene, low: Member): void => low.s.wire.say({ ...low.said, kind: BYE });

/** A member takes the key that the node offers, and says so: the key. */
export async function take(member: Member, offer: Buffer): Promise<Buffer> {
  const nonce = offer.subarray(0, NONCE_BYTES);
  const before = member.told(GIVE).length;
  member.say(SHOW, Buffer.concat([nonce, member.numbers.shown]));
  const given = await member.s.lab.until(() => member.told(GIVE)[before], "it is not given the key", {
    within: "300ms",
  });
  const seal = member.numbers.seal(offer.subarray(NONCE_BYTES), false, nonce);
  const { key } = seal.open(Buffer.from(given.data.subarray(HEADER_BYTES)))!;
  member.say(HAVE, Buffer.concat([nonce, proofOf(key, nonce, idBytes(member.id))]));
  return key;
}

/** The node replaces the key by a command, and all of these take it: what key it is. */
export async function replaced(
  s: Scene,
  command: string,
  takers: readonly Member[],
  present: readonly Member[] = takers,
): Promise<Buffer> {
  await s.node.waitFor(PROMPT);
  const fromMs = nowMs(s);
  s.node.type(`${command}\n`);
  const isOffered = (): boolean => takers.every((member) => member.told(OFFER_KEY, fromMs).length > 0);
  await live(s, present, 2500, isOffered);
  expect(isOffered(), "the key is not offered to all").toBe(true);
  let key: Buffer = Buffer.alloc(0);
  for (const member of takers)
    key = await take(member, Buffer.from(member.told(OFFER_KEY, fromMs).at(-1)!.data.subarray(HEADER_BYTES)));
  await live(s, takers, 3000, () => s.wire.of(TURN, fromMs).length > 0);
  expect(s.wire.of(TURN, fromMs).length).toBeGreaterThan(0);
  s.wire.changeKey(lineOf(key));
  await live(s, takers, 200);
  return key;
}

export const lineOf = (key: Uint8Array): string => `${CLUSTER} ${Buffer.from(key).toString("hex")}`;

/** The node has given HIGH a new key, by this command, and uses it; LOW was a member when that began. */
export async function turned(command: string, before: (s: Scene, low: Member) => void = () => {}): Promise<Turned> {
  const s = await foundedWithKey();
  const [low, high] = [new Member(s, LOW, 0x41), new Member(s, HIGH, 0x40)];
  for (const member of [low, high]) member.live();
  await s.lab.advance("100ms");
  before(s, low);
  await s.lab.advance("50ms");
  const key = await replaced(s, command, [high], before === leaves ? [high] : [low, high]);
  return { s, low, high, key, line: lineOf(key) };
}

/** Says something under a key that was replaced. What the node says of it to this member alone, or to the group. */
export async function answers(
  { s, high, line }: Pick<Turned, "s" | "high" | "line">,
  member: Member,
  say: () => void,
  under = KEY_LINE,
): Promise<Set<number>> {
  const fromMs = nowMs(s);
  s.wire.changeKey(under);
  say();
  await s.lab.advance("40ms");
  s.wire.changeKey(line);
  high.live();
  await s.lab.advance("20ms");
  const kinds = s.wire.heard.filter(
    ({ atMs, to, kind }) => atMs >= fromMs && (to === member.address || (to === GROUP && kind === OFFER_KEY)),
  );
  return new Set(kinds.map(({ kind }) => kind));
}

/** The last offer to all who were away. */
export function offered({ s }: Pick<Turned, "s">): Buffer {
  return Buffer.from(
    s.wire
      .of(OFFER_KEY)
      .findLast(({ to }) => to === GROUP)!
      .data.subarray(HEADER_BYTES),
  );
}
