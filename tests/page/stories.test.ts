/** Stories are read while they run: a minute each, and no sentence goes by faster than people read. */
import { expect, test } from "vitest";
import { Rogue } from "../../src/chaos/qure/sites/rogue.ts";
import { keyOfCluster } from "../../src/lab/cluster-key.ts";
import { keysOfSites, worldOf } from "../../src/lab/sites.ts";
import { STORIES } from "../../src/page/stories.ts";
import { readSites } from "../../src/plan/sites.ts";

/** A quick reader's. */
const CHARACTERS_A_SECOND = 20;

test.for(STORIES.filter(({ endNs }) => endNs > 0))(
  "the story $id takes a minute, and each sentence stays as long as it takes to read",
  ({ captions, endNs, actions }) => {
    const seconds = captions.map(
      ({ atNs, speed }, index) => ((captions[index + 1]?.atNs ?? endNs) - atNs) / 1e9 / speed,
    );
    const sum = seconds.reduce((total, one) => total + one, 0);
    expect(sum).toBeGreaterThan(50);
    expect(sum).toBeLessThan(75);
    captions.forEach(({ text }, index) => {
      expect(text.length / seconds[index]!, text).toBeLessThan(CHARACTERS_A_SECOND);
    });
    // Who does something is told of at that moment.
    for (const { atNs } of actions)
      expect(
        captions.some((caption) => Math.abs(caption.atNs - atNs) <= 1e6),
        `${atNs} ns`,
      ).toBe(true);
  },
);

test.for(STORIES.filter(({ sites }) => sites !== undefined))(
  "the story $id has sites as a file of --sites has them, and clusters that know each other's numbers",
  ({ sites, nodes, seed, actions }) => {
    const world = readSites("sites", new TextEncoder().encode(sites!));
    expect(worldOf(world, nodes).siteOf).toHaveLength(nodes);
    const keys = [...new Set(keysOfSites(world, seed))];
    expect(keys).toEqual(world.sites.map(({ cluster }) => keyOfCluster(cluster!, seed)));
    const typed = actions.map(({ values }) => values.join()).join("");
    for (const key of keys) {
      const [name] = key!.split(" ");
      const other = keys.find((one) => one !== key)!;
      expect(typed).toContain(`link.${name} "${new Rogue(key!, other).publicDigits} `);
    }
  },
);
