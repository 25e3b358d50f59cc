// Takes the pictures of the page in README and docs, with Debian's Chromium: node scripts/page-pictures.mjs, after npm run page.

import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const FOLDER = "dist/page";
const OUT = "docs/pictures";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const SIZE = { width: 1180, height: 720 };

/** Pictures: what is opened, the virtual time, and what is done before the picture is taken. */
const PICTURES = [
  { name: "page", address: "?story=coordinator", atNs: 7.1e9, prepare: async () => {} },
  {
    name: "page-cable",
    address: "",
    atNs: 2.4e9,
    prepare: async (page) => {
      await page.click(".card[data-node='1'] .face");
      await page.click("#tab-Cable");
      await page.locator(".frames tbody button", { hasText: "view of" }).first().click();
    },
  },
  {
    name: "page-messages",
    address: "",
    atNs: 2.6e9,
    prepare: (page) => page.getByRole("button", { name: "Messages" }).click(),
    isDark: true,
  },
];

const server = createServer(async ({ url }, response) => {
  const path = new URL(url, "http://localhost").pathname.replace(/^\/$/, "/index.html");
  try {
    const body = await readFile(join(FOLDER, path));
    response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
await mkdir(OUT, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu"],
});
for (const { name, address, atNs, prepare, isDark } of PICTURES) {
  const page = await browser.newPage({ viewport: SIZE, bypassCSP: true, colorScheme: isDark ? "dark" : "light" });
  await page.goto(`http://localhost:${server.address().port}/${address}`);
  const until = (expression) =>
    page.waitForFunction(`globalThis.qure?.state && (() => { const { state } = qure; return ${expression}; })()`);
  await until("state.nowNs > 0");
  await page.evaluate(`qure.send({ kind: "seek", timeNs: ${atNs} })`);
  await until(`!state.isSeeking && state.nowNs === ${atNs}`);
  await prepare(page);
  await page.waitForTimeout(900);
  await page.screenshot({ path: join(OUT, `${name}.png`) });
  process.stdout.write(`${join(OUT, `${name}.png`)}\n`);
  await page.close();
}
await browser.close();
server.close();
