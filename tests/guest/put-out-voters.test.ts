/**
 * Who may replace a cluster's key (docs/protocols/cluster-key.md, "When it counts"): a majority of those that agreed
 * last.
 */
import { expect, test } from "vitest";
import { rowsOf } from "../setup/tier.ts";
import { PROMPT } from "../system/images.ts";
import { HIGH, HIGHEST, LOW, SELF } from "./agreement-scene.ts";
import { regionDigest } from "./cluster-wire.ts";
import { OFFER_KEY } from "./key-scene.ts";
import { foundedWithKey, live, Member } from "./keyed-node.ts";
import { regionOf, VALUES } from "./values-scene.ts";

const FEW = "cluster: most of the members that agreed last are not here (cloud get)";
const [AWAY, GONE] = [HIGHEST, "fe00000000000065"];

const ROWS: readonly (readonly [typed: string, voters: readonly string[], isRefused: boolean])[] = [
  ["cloud expel 10.0.2.97", [LOW, SELF, AWAY], true],
  ["cloud key rotate", [LOW, SELF, AWAY], false],
  ["cloud expel 10.0.2.97", [LOW, SELF], false],
  ["cloud expel 10.0.2.97", [LOW, SELF, HIGH], false],
  ["cloud expel 10.0.2.97", [SELF, AWAY, GONE], true],
  ["cloud expel 10.0.2.97", [LOW, SELF, HIGH, AWAY], false],
  ["cloud key rotate", [SELF, HIGH, AWAY, GONE], true],
];

test.each(rowsOf(ROWS, 1))("`%s` where %j have agreed is refused: %s", async (typed, voters, isRefused) => {
  const s = await foundedWithKey();
  const members = [new Member(s, LOW, 3), new Member(s, HIGH, 4)];
  await live(s, members, 200);
  await s.node.waitFor(PROMPT);
  const region = regionOf({ colour: "blue" }, voters);
  members[0]!.say(VALUES, region, { values: { number: 1, digest: regionDigest(region) } });
  await live(s, members, 400);
  s.node.type(`${typed}\n`);
  const isOffered = (): boolean => s.wire.of(OFFER_KEY).length > 0;
  await live(s, members, 2000, () => isOffered() || s.node.console.text.includes(FEW));
  expect([s.node.console.text.includes(FEW), isOffered()]).toEqual([isRefused, !isRefused]);
});
