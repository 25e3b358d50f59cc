// Takes the pictures of the page in README and docs, and makes the animation, with Debian's Chromium: node
// scripts/page-pictures.mjs [NAME...], after npm run page.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";
import { workshopCommand } from "./command.mjs";

const [named] = workshopCommand(
  "node scripts/page-pictures.mjs",
  "takes the pictures of the page for README and docs, after npm run page",
  "page-cable",
)
  .argument("[names...]", "pictures; all of them when none is named")
  .parse().processedArgs;
const FOLDER = "dist/page";
const OUT = "docs/pictures";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const SIZE = { width: 1180, height: 720 };

/** Pictures: what is opened, the virtual time, and what is done before the picture is taken. */
const PICTURES = [
  { name: "page-first", address: "", atNs: 2.4e9, prepare: async () => {} },
  {
    name: "page-cable",
    address: "",
    atNs: 2.4e9,
    prepare: async (page) => {
      await page.click(".card[data-node='1'] .face");
      await page.click("#tab-Cable");
      await page.locator(".frames tbody button", { hasText: "view of" }).first().click();
      await page.evaluate("document.querySelector('.frames .list').scrollLeft = 0");
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

/** A minute of a story in a few seconds: pictures at these virtual times, each shown for so long. */
const ANIMATION = {
  name: "page-story",
  address: "?story=coordinator",
  scale: 0.7,
  quality: 34,
  frames: [
    ...[0.05, 0.3, 0.9, 2.1, 2.4, 3.9].map((seconds) => [seconds, 550]),
    [4.02, 1400],
    [6, 900],
    [7.7, 1200],
    [14.1, 900],
    ...[14.6, 16].map((seconds) => [seconds, 600]),
    [18.5, 2200],
  ],
};

/** A chunk of a WebP file: name, length, content, a zero to an even length. */
function chunk(name, content) {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function uint24(value) {
  return Buffer.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff);
}

/**
 * Pictures of one size as an animation that begins anew at its end: WebP Container Specification (RFC 9649, section
 * 2.7), whose frames are the picture chunks of whole files.
 */
function animatedWebp(pictures) {
  // Width and height are in the head of each picture (RFC 6386, 9.1).
  const first = pictures[0].bytes;
  const head = first.indexOf("VP8 ", 12, "latin1") + 8 + 6;
  const [width, height] = [first.readUInt16LE(head) & 0x3fff, first.readUInt16LE(head + 2) & 0x3fff];
  const size = Buffer.concat([uint24(width - 1), uint24(height - 1)]);
  const frames = pictures.map(({ bytes, milliseconds }) => {
    const at = bytes.indexOf("VP8 ", 12, "latin1");
    const picture = bytes.subarray(at, at + 8 + bytes.readUInt32LE(at + 4));
    const place = Buffer.concat([uint24(0), uint24(0), size, uint24(milliseconds), Buffer.of(2)]);
    return chunk("ANMF", Buffer.concat([place, picture, Buffer.alloc(picture.length % 2)]));
  });
  const hasAnimation = Buffer.of(2, 0, 0, 0);
  const body = Buffer.concat([
    Buffer.from("WEBP"),
    chunk("VP8X", Buffer.concat([hasAnimation, size])),
    chunk("ANIM", Buffer.alloc(6)),
    ...frames,
  ]);
  return chunk("RIFF", body);
}

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
const isWanted = ({ name }) => named.length === 0 || named.includes(name);

/** A page with a run in it. */
async function open(address, viewport, isDark) {
  const page = await browser.newPage({ viewport, bypassCSP: true, colorScheme: isDark ? "dark" : "light" });
  await page.goto(`http://localhost:${server.address().port}/${address}`);
  await holds(page, "state.nowNs > 0");
  return page;
}

function holds(page, expression) {
  return page.waitForFunction(`globalThis.qure?.state && (() => { const { state } = qure; return ${expression}; })()`);
}

async function goTo(page, atNs) {
  await page.evaluate(`qure.send({ kind: "seek", timeNs: ${atNs} })`);
  await holds(page, `!state.isSeeking && state.nowNs === ${atNs}`);
}

for (const { name, address, atNs, prepare, isDark } of PICTURES.filter(isWanted)) {
  const page = await open(address, SIZE, isDark);
  await goTo(page, atNs);
  await prepare(page);
  await page.waitForTimeout(900);
  await page.screenshot({ path: join(OUT, `${name}.png`) });
  process.stdout.write(`${join(OUT, `${name}.png`)}\n`);
  await page.close();
}
if (isWanted(ANIMATION)) {
  const { name, address, scale, quality, frames } = ANIMATION;
  const clip = { x: 0, y: 0, ...SIZE, scale };
  const page = await open(address, SIZE, false);
  const session = await page.context().newCDPSession(page);
  const pictures = [];
  for (const [seconds, milliseconds] of frames) {
    // Dots of frames are seen while time passes: a little before the moment, and on to it.
    const timeNs = Math.round(seconds * 1e9);
    await goTo(page, Math.max(0, timeNs - 20e6));
    await page.evaluate(`qure.send({ kind: "runTo", timeNs: ${timeNs} })`);
    await holds(page, `!state.isRunning && state.nowNs >= ${timeNs}`);
    await page.waitForTimeout(200);
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality, clip });
    pictures.push({ bytes: Buffer.from(data, "base64"), milliseconds });
  }
  const file = join(OUT, `${name}.webp`);
  const bytes = animatedWebp(pictures);
  await writeFile(file, bytes);
  process.stdout.write(`${file}, ${bytes.length} bytes\n`);
}
await browser.close();
server.close();
