/** What survives a reload: the run with its checkpoints, at once; and what is said where that cannot be. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { rowsOf } from "../setup/tier.ts";
import { ask, goTo, runTo, send, until, withBrowser } from "./browser.ts";

const HERE_NS = 3_400_000_000;
const END_NS = 4_500_000_000;

/** A run of which much is to be found again: a cable, a file on a disk, a moment that is not the end. Its digests. */
async function makeRun(page: Page, address: string, parameters: string): Promise<{ here: string; end: string }> {
  await page.goto(`${address}?nodes=2${parameters}`);
  await until(page, "state.nowNs > 0");
  await send(page, { kind: "pause" });
  await runTo(page, 2_200_000_000);
  await send(page, { kind: "act", word: "unplug", node: 1, values: [] });
  await send(page, { kind: "act", word: "type", node: 0, values: ["echo kept > /net/kept; sync\r"] });
  await runTo(page, END_NS);
  const end = await ask(page, { kind: "digest" });
  await goTo(page, HERE_NS);
  return { here: await ask(page, { kind: "digest" }), end };
}

test.for(rowsOf([1, 2], [0, 1]))(
  "a reload is at the same instruction with the same digest, disks and the way back too, %i workers",
  (workers, context) =>
    withBrowser(context, async ({ page, address, errors }) => {
      const { here, end } = await makeRun(page, address, `&workers=${workers}`);
      const marks = await page.evaluate("qure.marks.length");
      const { checkpointBytes } = (await page.evaluate("qure.state")) as { checkpointBytes: number };
      await page.reload();
      await until(page, `!state.isSeeking && state.nowNs === ${HERE_NS} && state.endNs === ${END_NS}`);
      expect(await ask(page, { kind: "digest" })).toBe(here);
      // Not repeated: what the way back holds has come with it.
      expect(await page.evaluate("qure.note")).toBeNull();
      expect(await page.evaluate("qure.state.checkpointBytes")).toBeGreaterThan(checkpointBytes / 2);
      expect(await page.evaluate("qure.marks.length")).toBe(marks);
      expect(await page.evaluate("qure.state.actions.map(({ word }) => word)")).toEqual(["unplug", "type"]);
      await goTo(page, END_NS);
      expect(await ask(page, { kind: "digest" })).toBe(end);
      await send(page, { kind: "inspect", node: 0, what: "disk" });
      await page.waitForFunction("qure.disk?.entries.some(({ path }) => path.endsWith('/kept'))");
      expect(errors).toEqual([]);
    }),
);

/** Puts something else into the files in which runs are kept, while no page has them open. */
async function spoil(page: Page, address: string, change: string): Promise<void> {
  await page.goto(`${address}icon.svg`);
  await page.evaluate(`(async () => {
    const folder = await navigator.storage.getDirectory();
    for (const name of ["run 0", "run 1"]) {
      const handle = await folder.getFileHandle(name, { create: true });
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      const changed = (${change})(bytes);
      const stream = await handle.createWritable();
      await stream.write(changed);
      await stream.close();
    }
  })()`);
}

test.for(
  rowsOf(
    [
      { what: "another version", change: "(b) => { b[8] = 99; return b; }", why: "another version of this page" },
      { what: "one cut short in its first record", change: "(b) => b.slice(0, 500)", why: "damaged" },
      { what: "one that is gone", change: "() => new Uint8Array(0)", why: "there is nothing of it" },
      {
        what: "one whose first bytes were changed",
        change: "(b) => { b.fill(7, 20, 4000); return b; }",
        why: "damaged",
      },
    ],
    [0, 1],
  ),
)("of $what the page says so, and repeats the run to the same digest", ({ change, why }, context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const { here } = await makeRun(page, address, "");
    await spoil(page, address, change);
    await page.goto(`${address}?nodes=1`);
    await until(page, "state.nowNs > 0");
    await page.click("text=New run");
    await page.click("text=Go on with the run of before");
    await until(page, `!state.isSeeking && state.nowNs === ${HERE_NS}`);
    expect(await page.locator(".banner").first().textContent()).toMatch(
      new RegExp(`^The run is repeated from its beginning: .*${why}`),
    );
    expect(await ask(page, { kind: "digest" })).toBe(here);
    expect(errors).toEqual([]);
  }),
);
