/** Machines spread over workers, where the page's host isolates it: nothing of a run shows it. */
import { expect, test } from "vitest";
import { atLength } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { ask, digestIn, emu, goTo, linkIn, runTo, send, until, withBrowser } from "./browser.ts";

test.for(
  rowsOf(
    [
      { nodes: 3, workers: 2 },
      { nodes: 10, workers: 3 },
    ],
    [0, 1],
  ),
)("$nodes machines in $workers workers: a link of the command line ends at its digest", ({ nodes, workers }, context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const output = emu("--nodes", String(nodes), "--until", "cloud", "--link");
    await page.goto(`${address}?workers=${workers}#${linkIn(output)}`);
    const banner = page.locator("[data-digest]");
    await banner.waitFor({ timeout: 170_000 });
    expect(await banner.getAttribute("data-digest")).toBe(digestIn(output));
    await page.locator(".headline", { hasText: `${workers} workers` }).waitFor();
    expect(errors).toEqual([]);
  }),
);

atLength("time goes back and steps, machines are looked into, and one is added, in two workers as in one", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const seen: unknown[] = [];
    for (const workers of [1, 2]) {
      await page.goto(`${address}?nodes=2&workers=${workers}`);
      await until(page, `state.nowNs > 0 && state.workers === ${workers}`);
      await send(page, { kind: "pause" });
      await runTo(page, 2_500_000_000);
      await send(page, { kind: "act", word: "unplug", node: 1, values: [] });
      await runTo(page, 3_000_000_000);
      const last = await ask(page, { kind: "digest" });
      await goTo(page, 1_200_000_000);
      const middle = await ask(page, { kind: "digest" });
      const views: unknown[] = [];
      for (const node of [0, 1]) {
        await page.evaluate("Object.assign(qure, { processor: null, tasks: null, disk: null })");
        for (const what of ["processor", "tasks", "disk"]) {
          await send(page, { kind: "inspect", node, what });
          await page.waitForFunction(`qure.${what} !== null`);
          views.push(await page.evaluate(`qure.${what}`));
        }
      }
      const before = (await page.evaluate("qure.state.nodes[1].instructions")) as number;
      await send(page, { kind: "step", unit: "instruction", node: 1 });
      await until(page, `state.nodes[1].instructions === ${before} + 1`);
      await goTo(page, 3_000_000_000);
      expect(await ask(page, { kind: "digest" })).toBe(last);
      await send(page, { kind: "act", word: "add", node: 2, values: [] });
      await until(page, `state.nodes.length === 3 && state.workers === ${workers}`);
      await runTo(page, 3_300_000_000);
      const screens = await page.evaluate("[...qure.screenTexts].sort()");
      seen.push({ last, middle, views, screens, added: await ask(page, { kind: "digest" }) });
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(errors).toEqual([]);
  }),
);

test("a host that does not isolate the page gets one worker, and the page says why", (context) =>
  withBrowser(
    context,
    async ({ page, address }) => {
      await page.goto(`${address}?nodes=9&workers=2`);
      await until(page, "state.nowNs > 0");
      expect(await page.evaluate("crossOriginIsolated")).toBe(false);
      expect(await page.locator(".headline [title*='does not isolate']").textContent()).toBe("1 worker");
    },
    { isolate: false },
  ));
