/**
 * Of those that agreed last, with this node's own vote, who is put out does not count (docs/protocols/cluster-key.md).
 */
import { expect, test } from "vitest";
import { PROMPT } from "../system/images.ts";
import { HIGH, HIGHEST, LOW, SELF } from "./agreement-scene.ts";
import { regionDigest } from "./cluster-wire.ts";
import { OFFER_KEY } from "./key-scene.ts";
import { foundedWithKey, live, Member } from "./keyed-node.ts";
import {
  ballotBytes,
  DISKLESS,
  joined,
  NOTHING,
  numberBytes,
  OFFER,
  PREPARE,
  PROMISE,
  regionOf,
  VALUES,
  VOTED,
} from "./values-scene.ts";

const FEW = "cluster: most of the members that agreed last are not here (cloud get)";

test("a node that has voted refuses to put out one of the two of three that are here", async () => {
  const s = await foundedWithKey();
  const low = new Member(s, LOW, 3);
  const high = new Member(s, HIGH, 4);
  await s.node.waitFor(PROMPT);
  for (const member of [low, high, low, high]) {
    s.wire.say({ ...member.said, flags: DISKLESS });
    await s.lab.advance("20ms");
  }
  const region = regionOf({ colour: "blue" }, [LOW, SELF, HIGHEST]);
  const ballot = joined(numberBytes(1), ballotBytes([3, LOW]));
  low.say(PREPARE, ballot, { flags: DISKLESS });
  await s.lab.advance("30ms");
  low.say(OFFER, joined(ballot, NOTHING, region), { flags: DISKLESS });
  await s.lab.advance("30ms");
  expect([PROMISE, VOTED].map((kind) => low.told(kind).length)).toEqual([1, 1]);
  low.say(VALUES, region, { flags: DISKLESS, values: { number: 1, digest: regionDigest(region) } });
  await live(s, [low, high], 200);
  s.node.type("cloud expel 10.0.2.97\n");
  const isOffered = (): boolean => s.wire.of(OFFER_KEY).length > 0;
  await live(s, [low, high], 2000, () => isOffered() || s.node.console.text.includes(FEW));
  expect([s.node.console.text.includes(FEW), isOffered()]).toEqual([true, false]);
});
