/** The parts that an observer makes of coordinators' views, one view after the other. */
import { expect, test } from "vitest";
import { Views } from "../../src/cloud/views.ts";
import { LEFT, NAMED } from "../../src/wire/cluster-layout.ts";
import type { Entry, Head } from "../../src/wire/cluster-packet.ts";
import { A, B, bye, C, D, entry, head, NOBODY, report, sessionOf, view } from "./said.ts";

const OFFLINE = 3;
const JOINING = 1;
const LAST = "f".repeat(16);
const LARGE = 40;
const idAt = (index: number): string => `${(0x100 + index).toString(16)}${"0".repeat(13)}`;

class Scene {
  readonly views = new Views();
  nowMs = 0;
  /** Sessions that count as those of boots that are over. */
  readonly past = new Set<string>();

  says(of: Head, told: readonly Entry[], all: readonly Entry[], range?: readonly [string, string]): this {
    this.views.take(view(of, told, all, range), this.nowMs, ({ session }) => !this.past.has(session));
    return this;
  }

  wait(ms: number): this {
    this.nowMs += ms;
    this.views.tick(this.nowMs);
    return this;
  }

  /** Coordinators, whom each counts, and whether that is all: `a:abc`, `a:ab?`. */
  get shown(): string {
    const part = ([id, { members, isWhole }]: [string, { members: ReadonlyMap<string, unknown>; isWhole: boolean }]) =>
      `${id[0]}:${[...members.keys()]
        .sort()
        .map((one) => one[0])
        .join("")}${isWhole ? "" : "?"}`;
    return [...this.views.parts].map(part).join(" ");
  }
}

test("members are those that a view names, until it says otherwise", () => {
  const scene = new Scene();
  expect(scene.says(head(A), [], []).shown).toBe("a:a");
  expect(scene.says(head(A), [entry(B), entry(C)], [entry(B), entry(C)]).shown).toBe("a:abc");
  for (const state of [OFFLINE, LEFT, JOINING]) {
    expect(scene.says(head(A), [entry(C, { state })], [entry(B)]).shown).toBe("a:ab");
    expect(scene.says(head(A), [entry(C)], [entry(B), entry(C)]).shown).toBe("a:abc");
  }
  // Told that somebody speaks now: that is no member.
  expect(scene.says(head(A), [entry(D, { state: NAMED })], [entry(B), entry(C)]).shown).toBe("a:abc");
});

test("who leaves is out though the digest does not tell yet", () => {
  const scene = new Scene().says(head(A), [entry(B), entry(C)], [entry(B), entry(C)]);
  scene.views.take(
    { ...view(head(A), [entry(C, { state: LEFT })], []), fields: { members: 9, digest: 9, from: NOBODY, to: NOBODY } },
    0,
    () => true,
  );
  expect(scene.shown).toBe("a:ab?");
});

test("what an entry says of the coordinator, and of boots that are over, does not count", () => {
  const scene = new Scene().says(head(A), [entry(B)], [entry(B)]);
  expect(scene.says(head(A), [entry(A, { state: OFFLINE })], [entry(B)]).shown).toBe("a:ab");
  scene.past.add(sessionOf(C, 1));
  expect(scene.says(head(A), [entry(C)], [entry(B), entry(C)]).shown).toBe("a:ab?");
  expect(scene.says(head(A), [entry(B, { state: OFFLINE, session: sessionOf(C, 1) })], []).shown).toBe("a:a");
});

test("a range has all members in it, and takes out who is not", () => {
  const scene = new Scene().says(head(B), [entry(A), entry(C), entry(D)], [entry(A), entry(C), entry(D)]);
  const missed = { members: 9, digest: 9 };
  const tells = (told: readonly Entry[], from: string, to: string): string => {
    const said = view(head(B), told, [], [from, to]);
    scene.views.take({ ...said, fields: { ...said.fields, ...missed } }, 0, () => true);
    return scene.shown;
  };
  expect(tells([entry(D)], C, LAST)).toBe("b:abcd?");
  expect(tells([], C, D)).toBe("b:abc?");
  expect(tells([entry(A)], NOBODY, B)).toBe("b:abc?");
  expect(tells([], NOBODY, LAST)).toBe("b:b?");
});

test("whom it has only heard of completes a part by number and digest, and nobody else does", () => {
  const scene = new Scene().says(head(A), [entry(B), entry(C)], [entry(B), entry(C)]);
  scene.says(head(A), [entry(C, { state: OFFLINE })], [entry(B)]);
  // That it is back was missed; that B is gone, too.
  expect(scene.says(head(A), [], [entry(B), entry(C)]).shown).toBe("a:abc");
  expect(scene.says(head(A), [], [entry(C)]).shown).toBe("a:ac");
  expect(scene.says(head(A), [], [entry(C, { name: "other" })]).shown).toBe("a:ac?");
  expect(scene.says(head(A), [], [entry(D)]).shown).toBe("a:ac?");
});

test("a part is whole by number and digest, not by one of them", () => {
  const scene = new Scene().says(head(A), [entry(B)], [entry(B)]);
  const { fields, ...said } = view(head(A), [], [entry(B)]);
  for (const wrong of [{ members: 3 }, { members: 1 }, { digest: fields.digest ^ 1 }]) {
    scene.views.take({ ...said, fields: { ...fields, ...wrong } }, 0, () => true);
    expect(scene.shown).toBe("a:ab?");
  }
});

test("in a large cluster one more or one less is found, and not two", () => {
  const many = Array.from({ length: LARGE }, (_, index) => entry(idAt(index)));
  const scene = new Scene().says(head(LAST), many, many);
  const size = (): number => scene.views.parts.get(LAST)!.members.size;
  const isWhole = (): boolean => scene.views.parts.get(LAST)!.isWhole;
  scene.says(head(LAST), [], many.slice(1));
  expect([size(), isWhole()]).toEqual([LARGE, true]);
  scene.says(head(LAST), [], many);
  expect([size(), isWhole()]).toEqual([LARGE + 1, true]);
  scene.says(head(LAST), [], many.slice(2));
  expect([size(), isWhole()]).toEqual([LARGE + 1, false]);
  scene.says(head(LAST), [], many.with(3, entry(idAt(3), { name: "other" })));
  expect([size(), isWhole()]).toEqual([LARGE + 1, false]);
});

test("a member that reports completes the part of whom it reports to, while that is not whole", () => {
  const scene = new Scene().says(head(A), [], [entry(B)]);
  expect(scene.shown).toBe("a:a?");
  scene.views.hear(report(head(B)), head(A).address);
  expect(scene.shown).toBe("a:ab");
  // Now nobody is missing; and whoever is of another name, or has only begun to join, is none of it.
  scene.views.hear(report(head(C)), head(A).address);
  expect(scene.shown).toBe("a:ab");
  scene.says(head(A), [], [entry(B), entry(D)]);
  // What the coordinator says of itself it says in views.
  scene.views.hear(report(head(A, { name: "other" })), head(A).address);
  expect(scene.views.members().get(A)!.entry.name).toBe("node-a");
  for (const more of [{ era: 2 }, { founder: B }, { state: JOINING }])
    scene.views.hear(report(head(C, more)), head(A).address);
  expect(scene.shown).toBe("a:ab?");
});

test("where there are two parts of one name a report counts for the one that it goes to", () => {
  const scene = new Scene().says(head(A), [], [entry(C)]).says(head(B), [], [entry(C)]);
  scene.views.hear(report(head(C)), head(D).address);
  expect(scene.shown).toBe("a:a? b:b?");
  scene.views.hear(report(head(C)), head(B).address);
  expect(scene.shown).toBe("a:a? b:bc");
});

test("who says bye is gone at once, but not by the bye of another boot", () => {
  const scene = new Scene().says(head(A), [entry(B), entry(C)], [entry(B), entry(C)]);
  scene.views.hear(bye(head(B, { session: sessionOf(B, 2) })), head(A).address);
  expect(scene.shown).toBe("a:abc");
  scene.views.hear(bye(head(B)), head(A).address);
  expect(scene.shown).toBe("a:ac?");
});

test("a coordinator that is silent is dead, and whom it knew are known for as long as somebody may take over", () => {
  const scene = new Scene().says(head(A), [entry(B), entry(C)], [entry(B), entry(C)]);
  expect(scene.wait(849).shown).toBe("a:abc");
  expect(scene.wait(1).shown).toBe("a:bc?");
  expect(scene.wait(5149).shown).toBe("a:bc?");
  expect(scene.wait(1).shown).toBe("");
});

test("a large cluster's coordinator may be silent for longer", () => {
  const many = Array.from({ length: LARGE }, (_, index) => entry(idAt(index)));
  const scene = new Scene().says(head(LAST), many, many);
  const lives = (): boolean => scene.views.parts.get(LAST)!.members.has(LAST);
  expect([scene.wait(1640) && lives(), scene.wait(20) && lives()]).toEqual([true, false]);
});

test("a coordinator alone that is silent leaves nothing", () => {
  expect(new Scene().says(head(A), [], []).wait(860).shown).toBe("");
});

test("whoever takes over has the members of the one before, which goes when it is silent", () => {
  const scene = new Scene().says(head(A), [entry(B), entry(C)], [entry(B), entry(C)]);
  scene.wait(500).says(head(B), [], [entry(A), entry(C)]);
  expect(scene.shown).toBe("a:abc b:abc");
  scene.wait(300).says(head(B), [entry(A, { state: OFFLINE })], [entry(C)]);
  expect(scene.shown).toBe("a:abc b:bc");
  expect(scene.wait(60).shown).toBe("b:bc");
});

test("whoever takes over from one that said bye has its members, and the other part ends", () => {
  const scene = new Scene().says(head(A), [entry(B), entry(C)], [entry(B), entry(C)]);
  scene.views.hear(bye(head(A)), "239.255.81.82");
  expect(scene.shown).toBe("a:bc?");
  expect(scene.says(head(B), [], [entry(C)]).shown).toBe("b:bc");
});

test("a coordinator of another name has nobody yet; so has one that moves to another name", () => {
  const scene = new Scene().says(head(A), [entry(B)], [entry(B)]);
  expect(scene.says(head(B, { era: 2 }), [], [entry(C)]).shown).toBe("a:ab b:b?");
  expect(scene.says(head(A, { era: 2, founder: B }), [], []).shown).toBe("a:a b:b?");
});

test("a coordinator that has rebooted, and coordinates again, has the members of the part in which it was", () => {
  const scene = new Scene().says(head(A), [entry(C)], [entry(C)]);
  const again = { session: sessionOf(A, 2), age: 2 };
  scene.says(head(B), [entry(A, again), entry(D)], [entry(A, again), entry(D)]);
  expect(scene.says(head(A, again), [], [entry(B), entry(D)]).shown).toBe("a:abd b:abd");
});

test("a coordinator that has rebooted, and founds its era anew, has nobody", () => {
  const scene = new Scene().says(head(A), [entry(B)], [entry(B)]);
  expect(scene.says(head(A, { session: sessionOf(A, 2), age: 2 }), [], [entry(C)]).shown).toBe("a:a?");
});

test("of two parts that have a node the one that named it later is shown", () => {
  const scene = new Scene().says(head(A), [entry(C)], [entry(C)]);
  scene.says(head(B), [entry(C, { name: "later" })], [entry(C, { name: "later" })]);
  const shown = (): unknown => {
    const { entry: one, part } = scene.views.members().get(C)!;
    return [one.name, part.coordinator];
  };
  expect(shown()).toEqual(["later", B]);
  scene.says(head(A), [entry(C)], [entry(C)]);
  expect(shown()).toEqual(["node-c", A]);
});

test("time in which an observer did not run counts for nobody's silence", () => {
  const scene = new Scene().says(head(A), [entry(B)], [entry(B)]).wait(300);
  scene.nowMs += 60_000;
  scene.views.thaw(scene.nowMs, 60_000);
  expect(scene.wait(549).shown).toBe("a:ab");
  expect(scene.wait(1).shown).toBe("a:b?");
  // What came before the observer noticed counts from when it came.
  scene.says(head(A), [], [entry(B)]);
  scene.views.thaw(scene.nowMs, 60_000);
  expect(scene.wait(849).shown).toBe("a:ab");
  expect(scene.wait(1).shown).toBe("a:b?");
});

test("a coordinator is heard for as long as its views come", () => {
  const scene = new Scene().says(head(A), [], []);
  const { views } = scene;
  expect(views.isHeard(sessionOf(A), 1199)).toBe(true);
  expect(views.isHeard(sessionOf(A), 1200)).toBe(false);
  expect(views.isHeard(sessionOf(B), 0)).toBe(false);
});

test("coordinators are bounded, and so are their members", () => {
  const scene = new Scene();
  for (let index = 0; index < 20; index++) scene.says(head(idAt(index)), [], []);
  expect(scene.views.parts.size).toBe(16);
  const one = new Scene();
  for (let index = 0; index < 1100; index += 10)
    one.says(
      head(A),
      Array.from({ length: 10 }, (_, more) => entry(idAt(index + more))),
      [],
    );
  expect(one.views.parts.get(A)!.members.size).toBe(1024);
});

test("the version changes with what is shown, and with nothing else", () => {
  const scene = new Scene();
  const rises = (step: () => void): boolean => {
    const before = scene.views.version;
    step();
    return scene.views.version !== before;
  };
  expect(rises(() => scene.says(head(A), [entry(B)], [entry(B)]))).toBe(true);
  expect(rises(() => scene.says(head(A, { sequence: 2 }), [entry(B, { sequence: 7 })], [entry(B)]))).toBe(false);
  expect(rises(() => scene.says(head(A), [entry(B, { name: "other" })], [entry(B, { name: "other" })]))).toBe(true);
  expect(rises(() => scene.says(head(A), [], [entry(D)]))).toBe(true);
  expect(rises(() => scene.wait(100))).toBe(false);
  expect(rises(() => scene.views.hear(bye(head(B)), head(A).address))).toBe(true);
  expect(rises(() => scene.wait(7000))).toBe(true);
});
