/** The rule by which members of one name find different ones (docs/protocols/cluster.md, "Names"), in all orders. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";

const STEP_MS = 50;
const FIRM_MS = 3000;
const END_MS = 40_000;
/** By whether the claim is firm, then by whether an elder one has the name. */
const YIELDS_MS = [
  [3000, 500],
  [Number.POSITIVE_INFINITY, 10_000],
] as const;

/** A member, the elder the earlier in the row. */
interface Member {
  /** When it is there under the name that all have at first. */
  readonly fromMs: number;
  /** How much later it sees what others do. */
  readonly lateMs: number;
}

/** All members, from the first of them on: their names in the end, and who took another one, in order. */
function story(members: readonly Member[]): { readonly names: readonly string[]; readonly yielded: readonly number[] } {
  const names = members.map(({ fromMs }) => [{ atMs: fromMs, name: "web" }]);
  const met = members.map(() => ({ eldest: -1, sinceMs: 0, isFirm: false }));
  const yielded: number[] = [];
  const nameAt = (of: number, atMs: number): string | undefined =>
    names[of]!.findLast((change) => change.atMs <= atMs)?.name;
  for (let nowMs = 0; nowMs < END_MS; nowMs += STEP_MS) {
    for (const [index, { lateMs }] of members.entries()) {
      const own = nameAt(index, nowMs);
      const state = met[index]!;
      if (own === undefined) continue;
      const seen = members.map((_, of) => (of === index ? undefined : nameAt(of, nowMs - lateMs)));
      const eldest = seen.indexOf(own);
      if (eldest !== state.eldest) {
        const sinceMs = nowMs - names[index]!.at(-1)!.atMs;
        met[index] = { eldest, sinceMs: nowMs, isFirm: sinceMs >= FIRM_MS };
      }
      const elders = seen.filter((name, of) => name === own && of < index).length;
      const patience = YIELDS_MS[met[index]!.isFirm ? 1 : 0][elders > 0 ? 1 : 0];
      if (eldest < 0 || nowMs - met[index]!.sinceMs < patience) continue;
      let number = Math.max(2, elders + 1);
      while (seen.includes(`web-${number}`)) number++;
      names[index]!.push({ atMs: nowMs + STEP_MS, name: `web-${number}` });
      met[index] = { eldest: -1, sinceMs: 0, isFirm: false };
      yielded.push(index);
    }
  }
  return { names: members.map((_, of) => nameAt(of, END_MS)!), yielded };
}

const product = <T>(count: number, of: readonly T[]): T[][] =>
  count === 0 ? [[]] : product(count - 1, of).flatMap((row) => of.map((one) => [...row, one]));
const FROM_MS = [0, 100, 1000, 2900, 3100, 6000, 15_000];
const membersOf = (count: number, lates: readonly number[]): Member[][] =>
  product(
    count,
    FROM_MS.flatMap((fromMs) => lates.map((lateMs) => ({ fromMs, lateMs }))),
  ).filter((members) => members.some(({ fromMs }) => fromMs === 0));

test("of two members one takes another name, once: never the one that has long had it", () => {
  for (const members of membersOf(2, [0, 200, 1000])) {
    const { names, yielded } = story(members);
    expect(new Set(names).size, JSON.stringify(members)).toBe(2);
    expect(yielded, JSON.stringify(members)).toHaveLength(1);
    const [first, second] = members as [Member, Member];
    const apartMs = second.fromMs - first.fromMs;
    // What an observer sees late it takes for newer than it is.
    if (Math.abs(apartMs) >= FIRM_MS + 1000) expect(yielded, JSON.stringify(members)).toEqual([apartMs > 0 ? 1 : 0]);
    if (Math.abs(apartMs) < FIRM_MS - 1000) expect(yielded, JSON.stringify(members)).toEqual([1]);
  }
});

thoroughly("three members, and those that see each other late, have three names in the end, after few tries", () => {
  for (const members of [...membersOf(3, [0, 1000]), ...membersOf(2, [100, 4000])]) {
    const { names, yielded } = story(members);
    expect(new Set(names).size, JSON.stringify(members)).toBe(members.length);
    expect(yielded.length, JSON.stringify(members)).toBeLessThanOrEqual(4);
  }
});
