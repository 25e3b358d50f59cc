/**
 * Parts of a cluster that were cut off while the key was replaced (docs/protocols/cluster-key.md, "Who was away"): who
 * has not rebooted is given the key, whoever else has; and nobody stays behind without being told.
 */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf } from "../setup/tier.ts";
import { agreeApart, cut, fateOf, keyAt, membersWithKey, type Parts, reboot, rotate } from "./cluster-parts.ts";

test("of two that were cut off the one that has not rebooted is given the key, though the other coordinates it", async () => {
  const parts = await membersWithKey(4);
  const [first, second, third, fourth] = parts.nodes as [LabNode, LabNode, LabNode, LabNode];
  cut(parts, [first, second]);
  await agreeApart(parts, [first, second], [third, fourth]);
  await reboot(parts, first);
  await agreeApart(parts, [first, second]);
  await rotate(third);
  await rotate(fourth);
  cut(parts, null);
  await parts.lab.until(() => keyAt(second) === keyAt(fourth), "it is not given the key", { within: "20s" });
  await agreeApart(parts, [second, third, fourth]);
  await first.waitFor(/^cluster: the key was replaced while this node was away/m, { within: "20s" });
});

thoroughly("of four of nine that are cut off, with the lowest rebooted, the others are given the key", async () => {
  const parts = await membersWithKey(9);
  const [away, rest] = [parts.nodes.slice(0, 4), parts.nodes.slice(4)];
  cut(parts, away);
  await agreeApart(parts, away, rest);
  await reboot(parts, away[0]!);
  await agreeApart(parts, away);
  await rotate(rest[2]!);
  cut(parts, null);
  const given = [...away.slice(1), ...rest];
  await agreeApart(parts, given);
  expect(new Set(given.map(keyAt)).size).toBe(1);
  await away[0]!.waitFor(/^cluster: the key was replaced while this node was away/m, { within: "20s" });
});

/** A part is cut off; nodes of both reboot, and the key is replaced, in an order that is drawn. */
async function drawn(parts: Parts, random: Random) {
  const staying = [...parts.nodes];
  const away = Array.from({ length: 1 + random.below(2) }, () => staying.splice(random.below(staying.length), 1)[0]!);
  const rebooted = new Set<LabNode>();
  const story: string[] = [];
  const restart = async (part: readonly LabNode[]): Promise<void> => {
    const some = part.filter(() => random.chance(30));
    for (const node of some) rebooted.add(node);
    story.push(`${some.map(({ name }) => name).join(" and ") || "nobody"} reboots`);
    if (some.length > 0) await reboot(parts, ...some);
    await agreeApart(parts, part);
  };
  story.push(`${away.map(({ name }) => name).join(" and ")} cut off`);
  cut(parts, away);
  await agreeApart(parts, away, staying);
  for (let rotations = 1 + random.below(3); rotations > 0; rotations--) {
    await restart(away);
    if (random.chance(50)) await restart(staying);
    const giver = random.pick(staying);
    story.push(`${giver.name} replaces the key`);
    await rotate(giver);
    await parts.lab.advance("2s");
  }
  cut(parts, null);
  return { rebooted, staying, story: story.join(", ") };
}

const cases = casesOf("system/cluster-away");

thoroughly(
  `whatever reboots and is cut off nobody stays behind without a word, ${cases.title}`,
  async () => {
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const parts = await membersWithKey(5, true);
      const { rebooted, staying, story } = await drawn(parts, new Random(seed));
      await parts.lab.advance("40s");
      const key = keyAt(staying[0]!);
      const isKnown = staying.some((member) => !rebooted.has(member));
      for (const node of parts.nodes) {
        const fate = fateOf(node, key);
        const where = `${node.name} after: ${story}; ${cases.repeat(seed)}`;
        expect(fate, where).not.toBe("captive");
        if (staying.includes(node) || (isKnown && !rebooted.has(node))) expect(fate, where).toBe("member");
      }
    }
  },
  300_000,
);
