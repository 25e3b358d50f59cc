/** Marks on the bar of time: what happened stands where it happened, once, whichever way one came there. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { STORIES } from "../../src/page/stories.ts";
import { goTo, known, runTo, send, until, withBrowser } from "./browser.ts";

interface Shown {
  readonly kind: string;
  readonly title: string;
  /** Where it stands, in parts of the bar. */
  readonly place: number;
}

async function marks(page: Page): Promise<Shown[]> {
  const shown = (await page.locator(".marks .mark").evaluateAll(
    (elements) =>
      (elements as unknown as { className: string; title: string; style: { left: string } }[]).map((element) => ({
        kind: element.className.replace(/^mark /, ""),
        title: element.title,
        place: Number.parseFloat(element.style.left) / 100,
      })),
    null,
  )) as Shown[];
  return shown.sort((a, b) => a.place - b.place || a.title.localeCompare(b.title));
}

const titles = (shown: readonly Shown[], kind: string): string[] =>
  shown.filter((mark) => mark.kind === kind).map(({ title }) => title.replace(/^\S+ (?:s )?/, ""));

test("who joined, who was missed, where an address moved and what was done stand on the bar, once", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const { endNs, actions } = STORIES.find(({ id }) => id === "address")!;
    await page.goto(`${address}?story=address`);
    await until(page, "state.nowNs > 0");
    await goTo(page, endNs);
    const shown = await marks(page);
    expect(titles(shown, "joined").sort()).toEqual([
      "qure-1 is a member in era 1",
      "qure-2 is a member in era 1",
      "qure-3 is a member in era 1",
      // After its power came back.
      "qure-3 is a member in era 1",
    ]);
    expect(titles(shown, "died").sort()).toEqual([
      "qure-1 misses one: 1 others are left",
      "qure-2 misses one: 1 others are left",
    ]);
    const moves = shown.filter(({ kind }) => kind === "moved");
    expect(moves.map(({ title }) => title)).toEqual([
      expect.stringMatching(/ qure-3 holds 10\.0\.2\.100$/),
      expect.stringMatching(/ qure-[12] holds 10\.0\.2\.100$/),
    ]);
    const done = shown.filter(({ kind }) => kind === "action");
    expect(done.map(({ place }) => place)).toEqual(actions.map(({ atNs }) => expect.closeTo(atNs / endNs, 6)));
    // The address moved, and its holder was missed, soon after the power was cut, and before it came back.
    for (const { place } of [moves[1]!, ...shown.filter(({ kind }) => kind === "died")]) {
      expect(place).toBeGreaterThan(actions[1]!.atNs / endNs);
      expect(place).toBeLessThan(actions[1]!.atNs / endNs + 1.5e9 / endNs);
    }
    for (const timeNs of [5e9, 0, 13e9]) {
      await goTo(page, timeNs);
      await goTo(page, endNs);
      expect(await marks(page), `back to ${timeNs} ns`).toEqual(shown);
    }
    expect(errors).toEqual([]);
  }));

test("a panic stands on the bar, and the first difference between the future with it and the one without", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?nodes=2`);
    await until(page, "state.agreed");
    await send(page, { kind: "pause" });
    await until(page, "!state.isRunning");
    const fromNs = 1e9 * Math.ceil((await known(page))!.nowNs / 1e9);
    await runTo(page, fromNs);
    await send(page, { kind: "act", word: "type", node: 0, values: ["crash panic\r"] });
    await runTo(page, fromNs + 2e9);
    const [panic, ...others] = (await marks(page)).filter(({ kind }) => kind === "panic");
    expect(others).toEqual([]);
    expect(panic!.title).toMatch(/ qure-1 PANIC: as the user wished$/);
    const partNs = fromNs - 1e6;
    await goTo(page, partNs);
    await send(page, { kind: "act", word: "type", node: 1, values: ["cloud\r"] });
    await until(page, "state.branches.length === 1");
    await runTo(page, fromNs + 2e9);
    const [differs] = (await marks(page)).filter(({ kind }) => kind === "differs");
    expect(differs!.title).toMatch(/ here it first shows that this is not A: /);
    const { differsNs, spanNs } = (await page.evaluate(
      "({ differsNs: qure.state.branches[0].differsNs, spanNs: Math.max(5e9, qure.state.endNs) })",
    )) as { differsNs: number; spanNs: number };
    expect(differsNs).toBeGreaterThan(partNs);
    expect(differs!.place).toBeCloseTo(differsNs / spanNs, 6);
    expect(differs!.place).toBeLessThanOrEqual(panic!.place);
    // The panic's mark belongs to the future in which it happens.
    expect((await marks(page)).filter(({ kind }) => kind === "panic")).toEqual([]);
    await page.selectOption(".branches select", "0");
    await until(page, "state.actions.length === 1 && state.actions[0].node === 0 && !state.isSeeking");
    await goTo(page, fromNs + 2e9);
    expect((await marks(page)).filter(({ kind }) => kind === "panic")).toEqual([panic]);
    expect(errors).toEqual([]);
  }));
