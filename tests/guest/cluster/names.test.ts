/**
 * Which of two members of one name takes another, and when (docs/protocols/cluster.md, "Names"): a node among members
 * that are played, some of which lie.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { founded, HIGH, HIGHEST, hello, LOW, LOWEST, nowMs, report, type Scene, SELF } from "./agreement-scene.ts";

const EVERY_MS = 150;
const DISKLESS = 1;
const RENAMED = /^cluster: the member at (\S+) is called (\S+) too; this node is (\S+) until its next boot$/gm;
const KEEPS = /^cluster: the member at \S+ is called \S+ too; this node keeps the name \(hostname NAME\)$/m;

interface Member {
  readonly id: string;
  readonly name: string;
  readonly age?: number;
}

class Names {
  readonly s: Scene;
  constructor(s: Scene) {
    this.s = s;
  }

  /** These members live for so long, or until the node has taken another name. When it did, after how long. */
  async live(members: readonly Member[], ms: number): Promise<number | null> {
    const { s } = this;
    const begunMs = nowMs(s);
    const before = this.renamed.length;
    while (nowMs(s) < begunMs + ms) {
      for (const member of members) s.wire.say({ ...report(member.id, 1, SELF), ...member, flags: DISKLESS });
      await s.lab.advance(`${EVERY_MS}ms`);
      if (this.renamed.length > before) return nowMs(s) - begunMs;
    }
    return null;
  }

  /** What the node said of other names: whom it saw, which name it gave up, and which one it took. */
  get renamed(): string[][] {
    return [...this.s.node.console.text.matchAll(RENAMED)].map((match) => match.slice(1));
  }

  async called(): Promise<string> {
    return (await outputAmong(this.s.node, "hostname")).trim();
  }

  get keeps(): boolean {
    return KEEPS.test(this.s.node.console.text);
  }
}

/** A node that was given a name so long ago. */
async function named(name: string, forMs = 0): Promise<Names> {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const names = new Names(s);
  await outputAmong(s.node, `hostname ${name}`);
  await names.live([], forMs);
  return names;
}

/** Its claim, the other's id and age, and between what times it gives way; null: never. */
const CLAIMS: readonly [string, number, Member, readonly [number, number] | null][] = [
  ["new, to an elder one", 0, { id: LOW, name: "web" }, [400, 1600]],
  ["new, to a younger one", 0, { id: HIGH, name: "web" }, [2900, 4200]],
  ["firm, to an elder one", 5000, { id: LOW, name: "web" }, [9900, 11_200]],
  ["firm, to a younger one", 5000, { id: HIGH, name: "web" }, null],
  ["new, to one of a higher age and id", 0, { id: HIGH, name: "web", age: 9 }, [400, 1600]],
  ["firm, to one of another name", 5000, { id: LOW, name: "web-2" }, null],
];

test.each(rowsOf(CLAIMS, [2, 6]))("a claim that is %s", async (_what, forMs, member, expected) => {
  const names = await named("web", forMs);
  const tookMs = await names.live([member], expected === null ? 20_000 : expected[1]);
  if (expected === null) expect([tookMs, await names.called()]).toEqual([null, "web"]);
  else {
    expect(tookMs).toBeGreaterThan(expected[0]);
    expect(names.renamed).toEqual([[expect.any(String), "web", "web-2"]]);
    await names.live([member], 1200);
    expect(await names.called()).toBe("web-2");
    expect(await outputAmong(names.s.node, "cloud events")).toMatch(/ {2}web-2 joined, age /m);
  }
});

test("the number is the place among those of the name, or the next that is free", async () => {
  const names = await named("web");
  const members = [
    { id: LOWEST, name: "web" },
    { id: LOW, name: "web" },
    { id: HIGH, name: "web-3" },
    { id: HIGHEST, name: "web-5" },
  ];
  await names.live(members, 2000);
  expect(names.renamed).toEqual([[expect.any(String), "web", "web-4"]]);
});

thoroughly("a long name makes room for the number, and no sign is left before that", async () => {
  for (const [name, other] of [
    ["abcdefghijklmno", "abcdefghijklm-2"],
    ["abcdefghijkl-no", "abcdefghijkl-2"],
    ["a", "a-2"],
  ] as const) {
    const names = await named(name);
    await names.live([{ id: LOW, name }], 2000);
    expect(names.renamed).toEqual([[expect.any(String), name, other]]);
  }
  const names = await named("1234567890123-a");
  await names.live([{ id: LOW, name: "1234567890123-a" }], 2000);
  expect([names.renamed, names.keeps]).toEqual([[], true]);
});

thoroughly(
  "a member that takes each name of the node's chases it eight times, and a person may name it again",
  async () => {
    const names = await named("web");
    for (let times = 1; times <= 8; times++) {
      await names.live([{ id: LOW, name: await names.called() }], 15_000);
      expect(names.renamed).toHaveLength(times);
    }
    const last = await names.called();
    expect(await names.live([{ id: LOW, name: last }], 30_000)).toBe(null);
    expect([names.keeps, await names.called()]).toEqual([true, last]);
    await outputAmong(names.s.node, "hostname db");
    await names.live([{ id: LOW, name: "db" }], 3000);
    expect(await names.called()).toBe("db-2");
  },
);

thoroughly("whoever is no member takes no name away", async () => {
  const names = await named("web");
  const { s } = names;
  const name = "web";
  for (let times = 0; times < 40; times++) {
    // One whose session nobody has proved, and one that never joins.
    s.wire.say({ ...report(LOW, 1, SELF), name, echo: "0".repeat(16) });
    s.wire.say({ ...hello(LOWEST), name });
    await s.lab.advance("100ms");
  }
  expect([names.renamed, await names.called()]).toEqual([[], name]);
});

thoroughly(
  "the name is for this boot: what a person has typed is asked for again by a service that starts again",
  async () => {
    const names = await named("web");
    await names.live([{ id: LOW, name: "web" }], 2000);
    expect(await names.called()).toBe("web-2");
    await outputAmong(names.s.node, "service restart cluster");
    await names.s.lab.advance("3s");
    expect(await names.called()).toBe("web");
  },
);
