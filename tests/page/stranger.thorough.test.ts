/** The page to somebody who has never seen it: what to do first, menus, refusals, an edit that stays, no network. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { STORIES } from "../../src/page/stories.ts";
import { atLength } from "../setup/thoroughly.ts";
import { axe, send, until, withBrowser } from "./browser.ts";

const CONTENT = ".cm-content";

/** The source has come. */
async function opened(page: Page): Promise<void> {
  await page.locator(CONTENT, { hasText: "Where the kernel begins" }).waitFor({ timeout: 60_000 });
}

test("the first screen says what to do; menus close by themselves and give the focus back", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(address);
    await until(page, "state.nowNs > 0");
    expect(await page.locator(".tiles strong").allTextContents()).toEqual(STORIES.map(({ title }) => title));
    const open = page.locator(":popover-open");
    const menu = (name: string) => page.locator(".menu > button", { hasText: name });
    await menu("Stories").click();
    await open.waitFor();
    // A click elsewhere closes it; so does another menu, and Escape, after which the keyboard goes on from the button.
    await page.mouse.click(640, 700);
    expect(await open.count()).toBe(0);
    await menu("Stories").click();
    await menu("Legend").click();
    expect(await open.locator(".legend").count()).toBe(1);
    expect(await open.count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(await open.count()).toBe(0);
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Legend");
    await menu("Stories").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".caption h2", { hasText: STORIES[0]!.title }).waitFor();
    expect(await open.count()).toBe(0);
    expect(await page.locator(".tiles").count()).toBe(0);
    // Three tools, and the rest where it is asked for; the one that undoes takes the place of the one that was used.
    await page.click(".card[data-node='0'] .face");
    const tools = page.locator(".toolbox button:visible");
    expect(await tools.allTextContents()).toEqual(["Pull the cable", "Cut the power", "Reset"]);
    await tools.first().click();
    await until(page, "!state.nodes[0].isPlugged");
    await page.locator(".toolbox button:focus", { hasText: "Plug it in" }).waitFor();
    await page.click(".more summary");
    expect(await tools.count()).toBeGreaterThan(20);
    expect(errors).toEqual([]);
  }));

test("what is refused changes nothing: the run goes on under its name, a damaged link offers the start", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?nodes=1#r=damaged`);
    expect(await page.getByRole("alert").textContent()).toMatch(/^This link opens nothing: .*altered.* begin here\.$/);
    expect(await page.locator(".tiles button").count()).toBe(STORIES.length);
    await page.click("text=Boot three machines");
    await until(page, "state.nodes.length === 3 && state.nowNs > 0");
    expect(await page.evaluate("location.hash")).toBe("");
    expect(await page.getByRole("alert").count()).toBe(0);
    const headline = page.locator(".headline");
    for (const name of ["a.qcow2", "nothing.img"]) {
      const buffer = name === "a.qcow2" ? Buffer.from("QFI\xfb\0\0\0\x03", "latin1") : Buffer.alloc(9000);
      await page.setInputFiles(".file input", { name, mimeType: "application/octet-stream", buffer });
      await page.getByRole("alert").filter({ hasText: name }).waitFor();
      expect(await headline.textContent()).not.toContain(name);
      const { nowNs } = (await page.evaluate("qure.state")) as { nowNs: number };
      await until(page, `state.nowNs > ${nowNs} && state.nodes.length === 3`);
    }
    // A reload goes on with the run, and not with what was refused.
    await send(page, { kind: "pause" });
    await page.reload();
    await until(page, "!state.isSeeking && state.nowNs > 0 && state.nodes.length === 3");
    expect(await page.evaluate("qure.note")).toBeNull();
    expect(errors).toEqual([]);
  }));

atLength(
  "an edit is there after a reload, until it is taken back; without the network the editor opens, or says why not",
  (context) =>
    withBrowser(context, async ({ page, context: browser, address, errors }) => {
      await browser.route("**/editor.gz", (route) => route.abort());
      await page.goto(`${address}?story=assembly`);
      const problem = page.getByRole("alert");
      expect(await problem.textContent()).toMatch(/editor\.gz cannot be loaded: there is no network/);
      await browser.unroute("**/editor.gz");
      await problem.getByRole("button", { name: "Try again" }).click();
      await opened(page);
      expect(await problem.count()).toBe(0);
      expect(await page.locator(".cm-lineNumbers").textContent()).toMatch(/123/);
      await page.locator(CONTENT).press("Control+Home");
      await page.keyboard.type("mov eax, [ebx+");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Build and boot" }).click();
      await page.locator(".cm-lint-marker-error").waitFor({ timeout: 120_000 });
      // Another file and back.
      await page.selectOption(".editor select", "asm/kernel/panic.s");
      await page.locator(".source[data-path='asm/kernel/panic.s'] .cm-content").waitFor();
      await page.selectOption(".editor select", "asm/kernel/entry.s");
      await page.reload();
      await opened(page);
      await page.locator(CONTENT, { hasText: "mov eax, [ebx+" }).waitFor();
      await page.getByRole("button", { name: "Take back the changes" }).click();
      await page.locator(CONTENT, { hasNotText: "mov eax, [ebx+" }).waitFor();
      await page.evaluate("navigator.serviceWorker.ready.then(({ active }) => active.postMessage('keep the editor'))");
      await page.waitForFunction(
        "Promise.all(['editor.gz', 'builder.gz', 'builder.js', 'sources.gz'].map((name) => caches.match(name))).then((found) => found.every(Boolean))",
      );
      await browser.setOffline(true);
      await page.reload();
      await opened(page);
      expect(errors).toEqual([]);
    }),
);

atLength("at 320 pixels nothing leaves the screen, and axe finds nothing", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(address);
    await until(page, "state.agreed");
    await send(page, { kind: "pause" });
    await page.addScriptTag({ content: axe() });
    const look = async (what: string): Promise<void> => {
      const outside = (await page.evaluate(`[...document.querySelectorAll("body *")]
        .filter((element) => element.checkVisibility() && !element.closest(".scroll, .unseen, .hex, .cm-scroller, .marks"))
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
        .map((element) => element.outerHTML.slice(0, 80))`)) as string[];
      expect(outside, what).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), what).toBeLessThanOrEqual(0);
      const found = await page.evaluate("axe.run().then(({ violations }) => violations.map(({ id }) => id))");
      expect(found, what).toEqual([]);
    };
    await page.click(".table summary");
    await look("machines");
    for (const name of ["Stories", "New run", "Legend"]) {
      await page.locator(".menu > button", { hasText: name }).click();
      await look(name);
      await page.keyboard.press("Escape");
    }
    await page.click(".card[data-node='0'] .face");
    await page.click(".more summary");
    for (const tab of ["Console", "Cable", "Processor", "Tasks", "Disk"]) {
      await page.getByRole("tab", { name: tab }).click();
      await look(tab);
    }
    await page.getByRole("button", { name: "Messages" }).click();
    await look("Messages");
    await page.locator(".menu > button", { hasText: "Stories" }).click();
    await page.click("[data-story='assembly']");
    await page.getByRole("button", { name: "Machines" }).click();
    await opened(page);
    await look("editor");
    await page.emulateMedia({ colorScheme: "dark" });
    await look("editor, dark");
    expect(errors).toEqual([]);
  }),
);
