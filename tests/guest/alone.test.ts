/**
 * Eras that are founded alone, and disks that are older than the cluster knows (docs/protocols/cluster.md, rules 2, 3
 * and 5, "An older disk"): what is on the disk meanwhile and afterwards.
 */
import { expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import {
  cloud,
  HIGH,
  HIGHEST,
  idBytes,
  isIn,
  LOW,
  LOWEST,
  report,
  type Scene,
  SELF,
  says,
  view,
} from "./agreement-scene.ts";
import {
  ALONE,
  BYE,
  ENTRY_BYTES,
  HEADER_BYTES,
  HELLO,
  JOINING,
  MEMBER,
  REPORT,
  type Said,
  VIEW,
  VIEW_BYTES,
} from "./cluster-wire.ts";
import { nodeObject, objectOf, remembering, resting, saveOn } from "./remembering-scene.ts";

/** Era, age, age of the era, founder and company on the disk. */
function kept(s: Scene): { era: number; age: number; eraAge: number; founder: string; company: number } {
  const bytes = objectOf(s, "cluster_node")!;
  const fields = new DataView(bytes.buffer, bytes.byteOffset);
  const [era, age, eraAge] = [16, 20, 24].map((at) => fields.getUint32(at, true)) as [number, number, number];
  const founder = Buffer.from(bytes.subarray(28, 36)).toString("hex");
  return { era, age, eraAge, founder, company: fields.getUint32(172, true) };
}

const BEFORE = { era: 4, age: 8, eraAge: 3, founder: LOW, company: 1 };

/** A node that had company in era 4, and has founded era 5 alone. */
async function alone(): Promise<Scene> {
  const s = await remembering({ cluster_node: nodeObject(BEFORE) });
  const first = await says(s, VIEW);
  expect([first.era, first.founder, first.flags & ALONE]).toEqual([5, SELF, ALONE]);
  await s.lab.advance("600ms");
  expect(kept(s)).toEqual({ ...BEFORE, age: 9 });
  return s;
}

test("an era that was founded alone is on the disk from when another joins it", async () => {
  const s = await alone();
  s.wire.say(report(HIGH, 5, SELF));
  await s.lab.advance("400ms");
  expect(kept(s)).toEqual({ era: 5, age: 9, eraAge: 9, founder: SELF, company: 1 });
  await s.lab.advance("500ms");
  expect(s.wire.of(VIEW).at(-1)!.flags & ALONE).toBe(0);
  expect(await cloud(s)).toBe(isIn(5, SELF, 9));
});

describeThoroughly("an era that was founded alone is given up", () => {
  test.each([
    [
      "for the last one, where the others still live in it",
      report(HIGH, 4, LOW),
      isIn(4, LOW, 3),
      { era: 4, eraAge: 3, founder: LOW },
    ],
    ["for that era of another name", report(HIGH, 4, HIGH), isIn(4, HIGH, 3), { era: 4, eraAge: 3, founder: HIGH }],
    [
      "for an earlier one, under the era that is on the disk",
      report(HIGH, 2, HIGH),
      isIn(4, HIGH, 3),
      { era: 4, eraAge: 3, founder: HIGH },
    ],
    ["for a later one", report(HIGH, 7, HIGH), isIn(7, HIGH, 9), { era: 7, eraAge: 9, founder: HIGH }],
    ["for the same of another founder", report(HIGH, 5, HIGH), isIn(5, HIGH, 9), { era: 5, eraAge: 9, founder: HIGH }],
  ] as const)("%s", async (_what, said, expected, disk) => {
    const s = await alone();
    s.wire.say(said);
    await s.lab.advance("600ms");
    expect(await cloud(s)).toBe(expected);
    expect(kept(s)).toEqual({ ...disk, age: 9, company: 1 });
    expect(s.wire.heard.at(-1)!.flags & ALONE).toBe(0);
  });

  test("for a better one that was founded alone too, in memory only", async () => {
    const s = await alone();
    s.wire.say({ ...report(HIGH, 6, HIGH), flags: ALONE });
    await s.lab.advance("50ms");
    expect(await cloud(s)).toBe(isIn(6, HIGH, 9));
    s.wire.say({ ...report(LOW, 5, LOW), flags: ALONE });
    await s.lab.advance("50ms");
    expect(await cloud(s)).toBe(isIn(6, HIGH, 9));
  });

  test("when the service is started again, which is no boot", async () => {
    const s = await alone();
    await s.node.enter("service stop cluster", PROMPT);
    await s.node.enter("service start cluster", new RegExp(`^cluster: node ${SELF}, era 4, age 9, on disk$`, "m"));
    expect(kept(s)).toEqual({ ...BEFORE, age: 9 });
  });
});

thoroughly("an era has had company from when another is a member, on the disk too, whoever leaves then", async () => {
  const s = await remembering({});
  await s.lab.until(() => s.wire.of(VIEW).find(({ state }) => state === MEMBER), "it founds nothing");
  await s.lab.advance("600ms");
  expect(kept(s)).toEqual({ era: 1, age: 1, eraAge: 1, founder: SELF, company: 0 });
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("400ms");
  expect(kept(s)).toEqual({ era: 1, age: 1, eraAge: 1, founder: SELF, company: 1 });
  s.wire.say({ ...report(HIGH, 1, SELF), kind: BYE });
  await s.lab.advance("400ms");
  expect(kept(s).company).toBe(1);
});

describeThoroughly("a disk that is an older copy", () => {
  const OLDER = (age: number): string =>
    `cluster: this disk is an older copy: the cluster knows later boots, and this node goes on at age ${age}`;

  /** A joining node in its fourth boot in era 5. */
  async function fourth(): Promise<Scene> {
    const s = await remembering({ cluster_node: nodeObject({ era: 5, age: 3, eraAge: 2, founder: LOW }) });
    await says(s, HELLO);
    return s;
  }

  /** LOWEST coordinates, and names the node as a stranger of this age. */
  function names(s: Scene, age: number, session = s.wire.heard.at(-1)!.session): Said {
    const rest = new Uint8Array(VIEW_BYTES - HEADER_BYTES + ENTRY_BYTES);
    rest[0] = 2;
    const entry = rest.subarray(VIEW_BYTES - HEADER_BYTES);
    entry.set(idBytes(SELF));
    entry[8] = age;
    entry[17] = 5;
    entry.set([10, 0, 2, 15], 20);
    entry.set(idBytes(session), 56);
    return { ...view(LOWEST, 5, LOW), rest };
  }

  test.each([
    [0, null],
    [3, null],
    [4, 5],
    [9, 10],
  ])("of a node in its fourth boot, of which age %i is known, goes on at age %s", async (known, age) => {
    const s = await fourth();
    s.wire.say(names(s, known));
    await s.lab.advance("500ms");
    expect(kept(s).age).toBe(age ?? 4);
    expect(s.node.console.text.includes("older copy")).toBe(age !== null);
    if (age !== null) expect(s.node.console.text).toContain(OLDER(age));
    expect(s.wire.of(REPORT).at(-1)!.age).toBe(age ?? 4);
    // It is said once.
    s.wire.say(names(s, known));
    await s.lab.advance("300ms");
    expect(s.node.console.text.split("older copy")).toHaveLength(age === null ? 1 : 2);
  });

  test("is known by a report too, that names this boot; of another boot's age nothing follows", async () => {
    const s = await fourth();
    s.wire.say(view(LOWEST, 5, LOW));
    await says(s, REPORT);
    s.wire.say({ ...report(HIGHEST, 5, LOW), request: 7, echo: LOWEST });
    s.wire.say({ ...report(HIGH, 5, LOW), request: 3 });
    await s.lab.advance("300ms");
    expect(kept(s).age).toBe(4);
    s.wire.say({ ...report(HIGH, 5, LOW), request: 6 });
    await s.lab.advance("400ms");
    expect(s.node.console.text).toContain(OLDER(7));
    expect(kept(s)).toMatchObject({ era: 5, age: 7, eraAge: 2 });
  });
});

thoroughly(
  "an age that a boot has said to nobody is another boot's, also when its service was started again",
  async () => {
    const s = await resting();
    saveOn(s.node.disk!, { cluster_node: nodeObject({ era: 5, age: 3, eraAge: 2, founder: LOW }) });
    s.node.type("service start cluster; service stop cluster; service start cluster\n");
    await says(s, HELLO);
    expect(s.wire.heard.map(({ sequence, age }) => [sequence, age])).toEqual([[1, 4]]);
    s.wire.say(view(LOWEST, 5, LOW));
    await says(s, REPORT);
    s.wire.say({ ...report(HIGH, 5, LOW), request: 4 });
    await s.lab.advance("400ms");
    expect(s.node.console.text).toContain("this node goes on at age 5\n");
    expect(kept(s).age).toBe(5);
  },
);

thoroughly(
  "an era in which another joins while it is founded is not founded alone, and on the disk before it is said",
  async () => {
    const s = await remembering({ cluster_node: nodeObject(BEFORE) });
    await says(s, HELLO);
    await s.lab.advance("900ms");
    s.wire.say({ kind: HELLO, state: JOINING, era: 2, id: HIGH, echo: "0".repeat(16) });
    const first = await says(s, VIEW);
    expect([first.era, first.founder, first.flags & ALONE]).toEqual([5, SELF, 0]);
    expect(kept(s)).toEqual({ era: 5, age: 9, eraAge: 9, founder: SELF, company: 0 });
  },
);
