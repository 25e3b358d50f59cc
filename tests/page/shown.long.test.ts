/**
 * What the page shows is a function of the moment: the same whether it was played to, dragged to, reloaded or linked.
 */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { ask, goTo, runTo, until, withBrowser } from "./browser.ts";

const MOMENTS = 12;
const END_NS = 16_000_000_000;
/** Of one that is reloaded or opened from a link. */
const ONE_NS = 5_500_000_000;

/** All that is read of the machines, their cables and their screens. */
async function shown(page: Page): Promise<unknown> {
  return page.evaluate(`new Promise((resolve) => {
    // Drawn in the next picture after the state came.
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
      const texts = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent);
      const classes = (selector) => [...document.querySelectorAll(selector)].map((element) => element.getAttribute("class"));
      resolve({
        headline: texts(".headline strong, .headline > span"),
        caption: texts(".caption p"),
        table: texts(".table td"),
        cards: texts(".card .role, .card .card-foot, .card strong"),
        looks: classes(".card, .card .lamp, .card .cable"),
        screens: [...qure.screenTexts],
        consoles: [...qure.consoles],
      });
    }, 30)));
  })`);
}

test("a moment shows the same when it is dragged to, in any order, as when it was played to", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    // Roles, addresses and an address that moves from one machine to another.
    await page.goto(`${address}?story=address`);
    await until(page, "state.nowNs > 0");
    await goTo(page, 0);
    const random = new Random(3);
    const drawn = Array.from({ length: MOMENTS }, () => 1000 * random.below(END_NS / 1000));
    const times = [...drawn, ONE_NS].sort((a, b) => a - b);
    const played = new Map<number, unknown>();
    const frames = new Map<number, unknown>();
    const framesNow =
      "qure.frames.filter(({ cable }) => cable === 0).slice(-200).map(({ id, sentNs }) => [id, sentNs])";
    for (const timeNs of times) {
      await runTo(page, timeNs);
      played.set(timeNs, await shown(page));
      frames.set(timeNs, await page.evaluate(framesNow));
    }
    await runTo(page, END_NS);
    const order = [...drawn, ONE_NS].sort((a, b) => (a % 7919) - (b % 7919));
    for (const timeNs of order) {
      await goTo(page, timeNs);
      expect(await shown(page), `at ${timeNs} ns`).toEqual(played.get(timeNs));
      expect(await page.evaluate(framesNow), `frames at ${timeNs} ns`).toEqual(frames.get(timeNs));
    }
    await goTo(page, ONE_NS);
    const link = await ask(page, { kind: "link" });
    await page.reload();
    await until(page, `!state.isSeeking && state.nowNs === ${ONE_NS}`);
    expect(await page.evaluate("qure.note")).toBeNull();
    expect(await shown(page), "reloaded").toEqual(played.get(ONE_NS));
    await page.goto("about:blank");
    await page.goto(`${address}?1#r=${link.replace(/^r=/, "")}`);
    await page.locator(".banner.good").waitFor({ timeout: 60_000 });
    expect(await shown(page), "linked").toEqual({ ...(played.get(ONE_NS) as object), caption: [] });
    expect(errors).toEqual([]);
  }));
