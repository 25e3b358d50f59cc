/**
 * Views that say nothing new, which a member drops before it looks at their codes (docs/protocols/cluster.md, "Identity
 * and trust"): which are such, and that none of them can be said again later.
 */
import { expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { HIGH, HIGHEST, hello, LOW, LOWEST, report, type Scene, SELF, says, view } from "./agreement-scene.ts";
import { BYE, type Said, VIEW } from "./cluster-wire.ts";
import { Counts } from "./packet-wire.ts";
import { type Entry, ERA, LEFT, MEMBER, member, NAMED, NOBODY, OFFLINE, tell, type Words } from "./view-scene.ts";

const SPARED = "cloud views that say nothing new";
const OLD = "cloud heard before";
const UNKNOWN = "cloud of a boot that is not known to be the present one";
const ROLL = 16;
const HISTORY_KEPT = 64;
const CODES = 32;
const SILENT = { echo: NOBODY };

interface Spare {
  readonly s: Scene;
  readonly all: readonly Entry[];
  /** The coordinator says that its view is this node's, and the node hears that. */
  confirm(): Promise<void>;
  /** By how much counts rise while something is said. */
  rises(act: () => void, ...names: readonly string[]): Promise<number[]>;
}

/** A member beside LOW; LOWEST coordinates. */
async function scene(): Promise<Spare> {
  const { s, self, coordinator } = await member();
  const other = { id: LOW, name: "stranger" };
  const all = [self, coordinator, other];
  tell(s, { all, entries: [other] });
  await s.lab.advance("10ms");
  const counts = new Counts(s.node);
  return {
    s,
    all,
    confirm: async () => {
      tell(s, { all });
      await s.lab.advance("4ms");
    },
    rises: async (act, ...names) => {
      const before = counts.read();
      act();
      await s.lab.advance("3ms");
      const after = counts.read();
      return names.map((name) => after.get(name)! - before.get(name)!);
    },
  };
}

type Change = Partial<Words>;
const entry = (more: Partial<Entry>): Change => ({ entries: [{ id: LOW, name: "stranger", ...more }] });
const said = (more: Partial<Said>): Change => ({ more: { ...SILENT, ...more } });

/** What is different of a view, and whether it is dropped unseen. */
const VIEWS: readonly (readonly [what: string, change: Change, spare: boolean])[] = [
  ["is all the node knows", {}, true],
  ["answers the node", { more: {} }, false],
  ["answers another", said({ echo: HIGH }), true],
  ["names a member", entry({}), true],
  ["names a stranger", entry({ id: HIGH, state: NAMED }), true],
  [
    "names a stranger behind a member",
    {
      entries: [
        { id: LOW, name: "stranger" },
        { id: HIGH, state: NAMED },
      ],
    },
    true,
  ],
  ["names the node", entry({ id: SELF }), false],
  ["names the node behind a member", { entries: [{ id: LOW, name: "stranger" }, { id: SELF }] }, false],
  ["names one who differs from it in a half", entry({ id: `${SELF.slice(0, 8)}fea4ca00`, state: NAMED }), true],
  ["names one who differs in the other", entry({ id: `02000000${SELF.slice(8)}`, state: NAMED }), true],
  ["names one who has died", entry({ state: OFFLINE }), false],
  [
    "names one who has left, behind a member",
    {
      entries: [
        { id: LOW, name: "stranger" },
        { id: HIGH, state: LEFT },
      ],
    },
    false,
  ],
  ["names one who joins again", entry({ state: 1 }), false],
  ["calls the roll", said({ flags: ROLL }), false],
  ["has another digest", { digest: 5 }, false],
  ["has a number that is not soon to come: it would be waited for", said({ sequence: 5000 }), false],
  ["has other values", said({ values: { number: 1, digest: 0 } }), false],
  ["has values of another digest", said({ values: { number: 0, digest: 1 } }), false],
  ["has another history", said({ history: { number: 1, digest: 0 } }), false],
  ["has a history of another digest", said({ history: { number: 0, digest: 1 } }), false],
  ["has no history on its disk either", said({ flags: HISTORY_KEPT }), true],
];

test("a view is dropped unseen only where the node knows all that it says", async () => {
  const wrong: string[] = [];
  const spare = await scene();
  for (const [what, change, isSpare] of rowsOf(VIEWS, 8)) {
    await spare.confirm();
    await spare.confirm();
    const { all } = spare;
    const [spared] = await spare.rises(() => tell(spare.s, { all, more: SILENT, ...change }), SPARED);
    if (spared !== (isSpare ? 1 : 0)) wrong.push(what);
    // What it was led to ask or to believe is over.
    tell(spare.s, { all, entries: [{ id: LOW, name: "stranger" }] });
    await spare.s.lab.advance("300ms");
  }
  expect(wrong).toEqual([]);
});

thoroughly("a view of more members than the node has is looked at, whatever its digest", async () => {
  const spare = await scene();
  await spare.confirm();
  const own = spare.s.wire.heard.at(-1)!;
  expect(own.state).toBe(MEMBER);
  const { all, s } = spare;
  const sum = (): Words => ({ all, more: SILENT });
  expect(await spare.rises(() => tell(s, sum()), SPARED)).toEqual([1]);
  const fewer = all.slice(0, 2);
  expect(await spare.rises(() => tell(s, { all: fewer, more: SILENT }), SPARED)).toEqual([0]);
});

describeThoroughly("a view is looked at", () => {
  thoroughly("when none was looked at for 100 ms", async () => {
    const { s, all, confirm, rises } = await scene();
    await confirm();
    await s.lab.advance("80ms");
    expect(await rises(() => tell(s, { all, more: SILENT }), SPARED)).toEqual([1]);
    await s.lab.advance("25ms");
    expect(await rises(() => tell(s, { all, more: SILENT }), SPARED)).toEqual([0]);
    expect(await rises(() => tell(s, { all, more: SILENT }), SPARED)).toEqual([1]);
  });

  thoroughly("while a hello waits for the coordinator's answer", async () => {
    const { s, all, confirm, rises } = await scene();
    await confirm();
    s.wire.say({ ...hello(HIGH), ...SILENT });
    await s.lab.advance("5ms");
    expect(await rises(() => tell(s, { all, more: SILENT }), SPARED)).toEqual([0]);
    expect(await rises(() => tell(s, { all, more: SILENT }), SPARED)).toEqual([1]);
  });

  thoroughly("when 32 were dropped in a row, of which none is new any more then", async () => {
    const { s, all, confirm, rises } = await scene();
    await confirm();
    const many = (count: number) => (): void => {
      for (let time = 0; time < count; time++) tell(s, { all, more: SILENT });
    };
    expect(await rises(many(CODES), SPARED, OLD)).toEqual([CODES, 0]);
    expect(await rises(many(1), SPARED, OLD)).toEqual([0, 0]);
    await confirm();
    expect(await rises(many(CODES + 8), SPARED, OLD)).toEqual([CODES + 7, 0]);
  });

  thoroughly("of another session of the coordinator, but for one that it is about to ask anyway", async () => {
    const { s, all, confirm, rises } = await scene();
    await confirm();
    const other = { ...SILENT, session: HIGH };
    expect(await rises(() => tell(s, { all, more: other }), SPARED, UNKNOWN)).toEqual([0, 1]);
    expect(await rises(() => tell(s, { all, more: other }), SPARED, UNKNOWN)).toEqual([1, 0]);
    // Another one takes the place of who is asked.
    expect(await rises(() => tell(s, { all, more: { ...SILENT, session: LOW } }), SPARED, UNKNOWN)).toEqual([0, 1]);
    expect(await rises(() => tell(s, { all, more: other }), SPARED, UNKNOWN)).toEqual([0, 1]);
  });
});

describeThoroughly("after views of a coordinator were dropped", () => {
  /** One that is dropped, with a number that nothing which follows comes to. */
  async function dropped(): Promise<Spare & { again: () => Promise<number[]> }> {
    const spare = await scene();
    const { s, all, confirm, rises } = spare;
    await confirm();
    const late = (): void => tell(s, { all, more: { ...SILENT, sequence: 1000 } });
    expect(await rises(late, SPARED)).toEqual([1]);
    return { ...spare, again: () => rises(late, SPARED, OLD, UNKNOWN) };
  }

  thoroughly("those of its next boots are dropped too, and what was said in one before is not believed", async () => {
    const { s, all, rises, again } = await dropped();
    const [self, coordinator, other] = all as readonly [Entry, Entry, Entry];
    // More than there are coordinators of which anything is kept.
    for (let age = 2; age < 8; age++) {
      const boot = { age, session: `${age}`.repeat(16) };
      const next = [self, { ...coordinator, ...boot }, other];
      await s.lab.advance("300ms"); // it is proven by a number that the node has given since it heard the one before
      for (let time = 0; time < 2; time++) {
        tell(s, { all: next, more: boot });
        await s.lab.advance("4ms");
      }
      const late = { ...SILENT, ...boot, sequence: 1000 };
      expect(await rises(() => tell(s, { all: next, more: late }), SPARED, UNKNOWN)).toEqual([1, 0]);
    }
    expect(await again()).toEqual([0, 1, 0]);
  });

  thoroughly("those of another coordinator are dropped too, and none of the first is new again", async () => {
    const { s, all, rises, again } = await dropped();
    s.wire.say({ ...report(LOWEST, ERA), kind: BYE, sequence: 900 });
    const [self, , other] = all as readonly [Entry, Entry, Entry];
    const left = [self, other];
    const own = { id: LOW };
    for (let time = 0; time < 2; time++) {
      tell(s, { all: left, more: own });
      await s.lab.advance("4ms");
    }
    for (let time = 0; time < 2; time++)
      expect(await rises(() => tell(s, { all: left, more: { ...SILENT, ...own } }), SPARED)).toEqual([1]);
    expect(await again()).toEqual([0, 1, 0]);
  });
});

describeThoroughly("a view that was dropped", () => {
  /** The next number of the coordinator. */
  const next = (s: Scene): number => {
    s.wire.say({ ...report(LOWEST, ERA), sequence: 1 }); // too old to be heard
    return 1000 + s.wire.heard.length;
  };

  thoroughly("counts as heard once a later packet of its session is believed, and so do all before that", async () => {
    const { s, all, confirm, rises } = await scene();
    await confirm();
    const first = next(s);
    const view =
      (sequence: number, more: Partial<Said> = SILENT) =>
      (): void =>
        tell(s, { all, more: { ...more, sequence } });
    expect(await rises(view(first), SPARED)).toEqual([1]);
    expect(await rises(view(first + 2), SPARED)).toEqual([1]);
    expect(await rises(view(first + 1), SPARED)).toEqual([1]);
    // Until then, who says it to a node that would look at it is told apart by its code; another one is new.
    await s.lab.advance("110ms");
    expect(await rises(view(first + 1), SPARED, OLD)).toEqual([0, 1]);
    expect(await rises(view(first + 1, {}), SPARED, OLD)).toEqual([0, 0]);
    expect(await rises(view(first + 3, {}), SPARED, OLD)).toEqual([0, 0]);
    for (const sequence of [first, first + 1, first + 2]) expect(await rises(view(sequence, {}), OLD)).toEqual([1]);
    expect(await rises(view(first - 5, {}), OLD)).toEqual([1]);
    expect(await rises(view(first + 4, {}), OLD)).toEqual([0]);
  });
});

describeThoroughly("a coordinator", () => {
  thoroughly("looks at every view: it has to hear who else coordinates", async () => {
    const { s, rises } = await scene();
    s.wire.say({ ...report(LOWEST, ERA), kind: BYE });
    await says(s, VIEW);
    const own: Said = { ...view(HIGHEST, ERA, LOWEST), ...SILENT };
    for (let time = 0; time < 3; time++) expect(await rises(() => s.wire.say(own), SPARED, UNKNOWN)).toEqual([0, 1]);
  });
});
