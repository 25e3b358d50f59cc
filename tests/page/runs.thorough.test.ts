/** The page's runs are Node's: the same digests, whichever way they come about. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { ACTIONS } from "../../src/lab/actions.ts";
import { decodeRun } from "../../src/lab/run-link.ts";
import { atLength } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { ask, digestIn, emu, goTo, known, linkIn, runTo, send, until, withBrowser } from "./browser.ts";

const MOMENTS = 40;
const LONG_NS = 30e9;

test.for(
  rowsOf(
    [
      { nodes: 3, jit: "on" },
      { nodes: 3, jit: "off" },
    ],
    [0, 1],
  ),
)("$nodes machines, jit $jit: a link of the command line ends in the page at its digest", ({ nodes, jit }, context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const output = emu("--nodes", String(nodes), "--until", "cloud", "--link");
    await page.goto(`${address}?jit=${jit}#${linkIn(output)}`);
    const banner = page.locator("[data-digest]");
    await banner.waitFor({ timeout: 170_000 });
    expect(await banner.getAttribute("data-digest")).toBe(digestIn(output));
    expect(await banner.textContent()).toMatch("The same instruction, the same digest");
    expect((await known(page))!.agreed).toBe(true);
    expect(errors).toEqual([]);
  }),
);

atLength("each tool does what the command line does: a link of the page ends there at its digest", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?nodes=2`);
    await until(page, "state.nowNs > 0");
    await goTo(page, (await known(page))!.nowNs - 10_000_000 > 0 ? 1_000_000 : 0);
    await runTo(page, 3_000_000_000);
    await page.click(".card[data-node='1'] .face");
    let timeNs = 3_000_000_000;
    const words = [
      "block",
      "lose",
      "delay",
      "jitter",
      "reorder",
      "duplicate",
      "corrupt",
      "rate",
      "heal",
      "unplug",
      "plug",
      "slow",
      "fail",
      "full",
      "freeze",
      "button",
      "reset",
      "nmi",
      "cut",
      "power",
      "deaf",
      "hear",
      "clock",
      "copy",
      "flip",
      "unflushed",
      "older",
      "power",
      "eject",
      "mouse",
      "buttons",
    ];
    await page.click(".toolbox .more summary");
    for (const word of words) {
      await page.click(`.toolbox [data-word="${word}"]`);
      await runTo(page, (timeNs += 300_000_000));
    }
    await page.fill(".line input", "cloud");
    await page.click(".line button");
    await page.locator(".keys").press("h");
    await page.locator(".keys").press("Enter");
    await runTo(page, (timeNs += 200_000_000));
    await page.click("text=Add a machine");
    await until(page, "state.nodes.length === 3");
    await runTo(page, (timeNs += 3_000_000_000));
    await page.click("text=Share this moment");
    const digest = await page.locator("dialog [data-digest]").getAttribute("data-digest");
    const link = new URL(page.url()).hash.slice(1);
    const run = decodeRun(link);
    expect(new Set(run.actions.map(({ word }) => word))).toEqual(new Set(ACTIONS.map(({ word }) => word)));
    expect(link.length).toBeLessThan(2000);
    expect(digestIn(emu("--replay", link))).toBe(digest);
    expect(errors).toEqual([]);
  }),
);

atLength("any moment that is dragged to is as it was", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(address);
    await until(page, "state.nowNs > 0");
    await send(page, { kind: "pause" });
    await runTo(page, 3_000_000_000);
    await send(page, { kind: "act", word: "unplug", node: 2, values: [] });
    await runTo(page, 8_000_000_000);
    const random = new Random(5);
    const times = Array.from({ length: MOMENTS }, () => 1000 * random.below(8_000_000));
    const found = new Map<number, string>();
    const spent: number[] = [];
    for (const timeNs of times) {
      const startMs = performance.now();
      await goTo(page, timeNs);
      spent.push(performance.now() - startMs);
      found.set(timeNs, await ask(page, { kind: "digest" }));
    }
    await goTo(page, 8_000_000_000);
    const link = await ask(page, { kind: "link" });
    // One run of Node that goes straight through all of these moments.
    const { straight } = await import("./straight.ts");
    expect(Object.fromEntries(found)).toEqual(await straight(link, times));
    spent.sort((a, b) => a - b);
    process.stdout.write(
      `dragged back ${MOMENTS} times: ${spent[MOMENTS / 2]!.toFixed(0)} ms in the middle, ${spent.at(-1)!.toFixed(0)} ms at most\n`,
    );
    expect(errors).toEqual([]);
  }),
);

atLength("any moment of half a minute of three machines is reached at once", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(address);
    await until(page, "state.agreed");
    await runTo(page, LONG_NS);
    const last = await ask(page, { kind: "digest" });
    const random = new Random(6);
    const found = new Map<number, string>();
    const spent: number[] = [];
    const times = Array.from({ length: 8 }, () => 1e6 * random.below(LONG_NS / 1e6));
    // Each twice, from elsewhere; the moments of tests/lab/timeline.thorough.test.ts are counted in instructions.
    for (const timeNs of [...times, ...times]) {
      const startMs = performance.now();
      await goTo(page, timeNs);
      spent.push(performance.now() - startMs);
      const digest = await ask(page, { kind: "digest" });
      expect(found.get(timeNs) ?? digest, `${timeNs} ns`).toBe(digest);
      found.set(timeNs, digest);
    }
    await goTo(page, LONG_NS);
    expect(await ask(page, { kind: "digest" })).toBe(last);
    spent.sort((a, b) => a - b);
    const bytes = Number(await page.evaluate("qure.state.checkpointBytes"));
    process.stdout.write(
      `a moment of half a minute: ${spent[spent.length >> 1]!.toFixed(0)} ms in the middle, ${spent.at(-1)!.toFixed(0)} ms at most; checkpoints of ${(bytes / 1e6).toFixed(0)} MB\n`,
    );
    expect(errors).toEqual([]);
  }),
);

test("what is done at a moment that has a future begins another one, and the old one is kept", (context) =>
  withBrowser(context, async ({ page, address }) => {
    await page.goto(address);
    await until(page, "state.nowNs > 0");
    await runTo(page, 5_000_000_000);
    const first = await ask(page, { kind: "digest" });
    await goTo(page, 3_000_000_000);
    await send(page, { kind: "act", word: "cut", node: 0, values: [] });
    await until(page, "state.branches.length === 1");
    await runTo(page, 5_000_000_000);
    expect(await ask(page, { kind: "digest" })).not.toBe(first);
    // Without power its console says nothing more, and its frames do not come.
    const differsNs = Number(await page.evaluate("qure.state.branches[0].differsNs"));
    expect(differsNs).toBeGreaterThan(3_000_000_000);
    expect(differsNs).toBeLessThan(4_100_000_000);
    expect(await page.locator(".marks .differs").getAttribute("title")).toMatch(
      /^\d.* it first shows that this is not A: /,
    );
    await page.selectOption(".branches select", "0");
    await until(page, "state.actions.length === 0 && !state.isSeeking");
    await goTo(page, 5_000_000_000);
    expect(await ask(page, { kind: "digest" })).toBe(first);
    expect(await page.evaluate("qure.state.branches[0].differsNs")).toBe(differsNs);
  }));
