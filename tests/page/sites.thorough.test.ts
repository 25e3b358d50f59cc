/** Sites on the page: islands behind gateways, a link that holds them, and time that goes back with them. */
import { expect, test } from "vitest";
import { decodeRun } from "../../src/lab/run-link.ts";
import { STORIES } from "../../src/page/stories.ts";
import { ask, digestIn, emu, goTo, runTo, until, withBrowser } from "./browser.ts";

test(
  "two clusters at sites see each other, as their story says, and a link of it ends in Node at its digest",
  { timeout: 400_000 },
  (context) =>
    withBrowser(context, async ({ page, address, errors }) => {
      await page.goto(`${address}?story=sites`);
      await until(page, "state.sites.length === 2");
      await runTo(page, 14_000_000_000);
      const digest = await ask(page, { kind: "digest" });
      const link = await ask(page, { kind: "link" });
      expect(await page.locator("[data-site=berlin]").textContent()).toMatch(
        /berlin\s*cluster berlin\s*port-restricted gateway 198\.51\.100\.1\s*⇄ lagos/,
      );
      expect(await page.locator(".site .card").count()).toBe(4);
      const console = (): Promise<unknown> => page.evaluate("qure.consoles.get(0)");
      expect(await console()).toMatch(/^lagos +2 .* heard \d s ago/m);
      await runTo(page, 26_000_000_000);
      expect(await console()).toMatch(/^lagos +1 .* heard \d s ago/m);
      await goTo(page, 14_000_000_000);
      expect(await ask(page, { kind: "digest" })).toBe(digest);
      expect(decodeRun(link).sites).toBe(STORIES.find(({ id }) => id === "sites")!.sites);
      expect(digestIn(emu("--replay", link))).toBe(digest);
      expect(errors).toEqual([]);
    }),
);
