/** The pointer over the picture of a foreign system is the machine's mouse from a click on until Escape. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { decodeRun } from "../../src/lab/run-link.ts";
import { withFolder } from "../oracle.ts";
import { guest } from "../systems/guest.ts";
import { ask, digestIn, emu, send, until, withBrowser } from "./browser.ts";

const DISKETTE_BYTES = 1440 << 10;

/** What the guest has counted: to the right, downwards, and buttons. */
async function shown(page: Page): Promise<readonly number[]> {
  const text = (await page.evaluate("(qure.screenTexts.get(0) ?? []).join(' ')")) as string;
  const words = /mouse (\w{4}) (\w{4}) (\w{4})/.exec(text)?.slice(1) ?? [];
  const [right = 0, up = 0, buttons = 0] = words.map((word) => (Number.parseInt(word, 16) << 16) >> 16);
  return [right, 0 - up, buttons];
}

const untilShown = (page: Page, condition: string): Promise<unknown> =>
  page.waitForFunction(
    `(() => {
      const found = /mouse (\\w{4}) (\\w{4}) (\\w{4})/.exec((qure.screenTexts.get(0) ?? []).join(" "));
      if (!found) return false;
      const [right, up, buttons] = found.slice(1).map((word) => (parseInt(word, 16) << 16) >> 16);
      return ${condition};
    })()`,
    null,
    { polling: 20 },
  );

const isLocked = (page: Page): Promise<boolean> => page.evaluate("document.pointerLockElement !== null");

test("moves, presses and turns the wheel, until Escape", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const bytes = Buffer.alloc(DISKETTE_BYTES);
    bytes.set(guest("tests/guest/programs/pointer.s"));
    await page.goto(`${address}?nodes=1`);
    await until(page, "state.nowNs > 0");
    await page.setInputFiles(".file input", { name: "mouse.flp", mimeType: "application/octet-stream", buffer: bytes });
    await until(page, "state.isForeign");
    await page.locator(".card .face").first().click();
    const box = page.locator(".keys");
    await box.waitFor();
    await send(page, { kind: "play", speed: 1 });
    await untilShown(page, "true");
    const place = (await box.boundingBox())!;
    const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
    // Without a click the pointer is the page's.
    await page.mouse.move(x, y);
    await page.mouse.move(x + 5, y + 5);
    expect(await shown(page)).toEqual([0, 0, 0]);
    await page.mouse.down();
    await page.mouse.up();
    await page.waitForFunction("document.pointerLockElement !== null");
    // The page learns of the lock by an event after it is held, and only then passes the pointer on.
    await box.getByText("pointer and keys go to this machine; Esc leaves").waitFor();
    await page.mouse.move(x + 45, y + 25, { steps: 4 });
    await untilShown(page, "right > 20 && up < -10");
    await page.mouse.down({ button: "right" });
    await untilShown(page, "buttons === 2");
    await page.mouse.down();
    await untilShown(page, "buttons === 3");
    await page.mouse.up();
    await page.mouse.up({ button: "right" });
    await untilShown(page, "buttons === 0");
    await page.mouse.wheel(0, 300);
    await until(page, "state.actions.some(({ word, values }) => word === 'mouse' && values[2] === '3')");
    // Held buttons are let go of with the pointer.
    await page.mouse.down();
    await untilShown(page, "buttons === 1");
    await page.keyboard.press("Escape");
    await untilShown(page, "buttons === 0");
    expect(await isLocked(page)).toBe(false);
    await page.mouse.up();
    const before = await shown(page);
    await page.mouse.move(x - 100, y - 50, { steps: 4 });
    await send(page, { kind: "pause" });
    await until(page, "!state.isRunning");
    expect(await shown(page)).toEqual(before);
    // It is a part of the run, and not of the bar of time.
    expect(await page.evaluate("qure.marks.some(({ text }) => /mouse|buttons/.test(text))")).toBe(false);
    const link = await ask(page, { kind: "link" });
    withFolder((folder) => {
      writeFileSync(join(folder, "mouse.flp"), bytes);
      const output = emu("--fda", join(folder, "mouse.flp"), "--replay", link);
      expect(digestIn(output)).toBe(decodeRun(link).digest);
    });
    expect(errors).toEqual([]);
  }));

test("stays the page's over a machine of QuRe, which has no mouse", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?nodes=1`);
    await until(page, "state.nowNs > 0");
    await page.locator(".card .face").first().click();
    const box = page.locator(".keys");
    await box.click();
    await box.getByText("keys go to this machine; Esc leaves", { exact: true }).waitFor();
    expect(await isLocked(page)).toBe(false);
    expect(errors).toEqual([]);
  }));
