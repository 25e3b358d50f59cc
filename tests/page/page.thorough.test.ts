/** The page as a person meets it: stories, images, links, the keyboard, the way without a network. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { decodeRun } from "../../src/lab/run-link.ts";
import { STORIES } from "../../src/page/stories.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { atLength } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { root } from "../system/images.ts";
import { ask, axe, digestIn, emu, goTo, linkIn, runTo, send, until, withBrowser } from "./browser.ts";

/** With all that the service worker keeps. */
const MOST_BYTES = 1_000_000;
/** When thirty machines have been one cluster for some time, and how long they are watched then. */
const RESTED_NS = 4e9;
const IDLE_NS = 2e9;
const SENTENCE = /^[A-ZÄÖÜa-z0-9].{10,}/;

test("a first visit loads less than a megabyte, shows three machines at once and a cluster soon after", (context) =>
  withBrowser(context, async ({ page, address, errors, sentBytes }) => {
    const startMs = performance.now();
    await page.goto(address);
    await page.locator(".card").nth(2).waitFor();
    const firstMs = performance.now() - startMs;
    await until(page, "state.agreed");
    const agreedMs = performance.now() - startMs;
    const bytes = sentBytes();
    process.stdout.write(
      `${(bytes / 1000).toFixed(0)} kB; first screen after ${firstMs.toFixed(0)} ms, agreed after ${agreedMs.toFixed(0)} ms\n`,
    );
    expect(bytes).toBeLessThan(MOST_BYTES);
    await page.locator(".headline strong", { hasText: "3 of 3 PCs agree: one cluster, era 1" }).waitFor();
    expect(errors).toEqual([]);
  }));

atLength("thirty machines become one cluster and go on", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const startMs = performance.now();
    await page.goto(`${address}?nodes=30`);
    await until(page, "state.agreed");
    const agreedMs = performance.now() - startMs;
    await runTo(page, RESTED_NS);
    const restedMs = performance.now();
    await runTo(page, RESTED_NS + IDLE_NS);
    const idleMs = performance.now() - restedMs;
    process.stdout.write(
      `30 machines: agreed after ${(agreedMs / 1000).toFixed(1)} s, then ${(IDLE_NS / 1e6 / idleMs).toFixed(1)} times real time\n`,
    );
    await page.locator(".headline strong", { hasText: "30 of 30 PCs agree: one cluster, era 1" }).waitFor();
    expect(errors).toEqual([]);
  }),
);

test.for(
  rowsOf(
    STORIES.filter(({ endNs, sites }) => endNs > 0 && sites === undefined),
    [0, 1],
  ),
)("the story $id comes to its end", ({ id, endNs, captions, nodes, actions }, context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?story=${id}`);
    await until(page, "state.nowNs > 0");
    for (const { atNs, text } of captions) {
      await goTo(page, atNs);
      await page.locator(".caption p", { hasText: text }).waitFor();
    }
    await goTo(page, endNs);
    await page.locator(".headline strong", { hasText: `${nodes} of ${nodes} PCs agree` }).waitFor();
    expect(await page.locator(".card .role", { hasText: "coordinates" }).count()).toBe(1);
    const added = actions.flatMap(({ values }) => /cloud address add (\S+)/.exec(String(values[0]))?.[1] ?? []);
    expect(await page.locator(".card .held").allTextContents()).toEqual(added.map((held) => `holds ${held}`));
    expect(errors).toEqual([]);
  }),
);

test("the story assembly: a mistake is shown at its line, and a changed line is booted", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?story=assembly`);
    await page.locator(".cm-content", { hasText: "Where the kernel begins" }).waitFor({ timeout: 60_000 });
    const text = readFileSync(join(root, "asm/kernel/entry.s"), "utf8");
    const editor = page.locator(".cm-content");
    await editor.fill(text.replace(/^(\s*)PRINTF +"QuRe revision.*$/m, "$1mov eax, [ebx+"));
    await page.getByRole("button", { name: "Build and boot" }).click();
    const diagnostic = page.locator(".diagnostics .error").first();
    await diagnostic.waitFor({ timeout: 120_000 });
    const [, line] = /^asm\/kernel\/entry\.s:(\d+):\d+ error: /.exec((await diagnostic.textContent())!)!;
    expect(text.split("\n")[Number(line) - 1]).toContain("QuRe revision");
    await diagnostic.getByRole("button").click();
    await page.locator(".cm-activeLine", { hasText: "mov eax, [ebx+" }).waitFor();
    await editor.fill(text.replace("QuRe revision", "QuRe as I like it"));
    await page.getByRole("button", { name: "Build and boot" }).click();
    await page.waitForFunction("globalThis.qure.consoles.get(0)?.includes('QuRe as I like it')", null, {
      timeout: 120_000,
    });
    await until(page, "state.agreed");
    expect(errors).toEqual([]);
  }));

atLength("links and images that are none end in a sentence", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const random = new Random(9);
    const whole = linkIn(emu("--nodes", "1", "--for", "1ms", "--link"));
    const links = Array.from({ length: 8 }, () => {
      const at = 2 + random.below(whole.length - 2);
      return `${whole.slice(0, at)}${random.pick([..."AZaz09-_%!"])}${whole.slice(at + random.below(4))}`;
    }).filter((link) => link !== whole);
    for (const link of links) {
      await page.goto(`${address}?${random.u32()}#${link}`);
      expect(await page.getByRole("alert").textContent()).toMatch(SENTENCE);
    }
    await page.goto(`${address}?nodes=1`);
    await until(page, "state.nowNs > 0");
    for (let round = 0; round < 4; round++) {
      const bytes = Buffer.from(Uint8Array.from({ length: random.below(200_000) }, () => random.below(256)));
      if (random.chance(50) && bytes.length > 512) bytes.writeUInt16LE(0xaa55, 510);
      await page.evaluate("qure.problem = null; qure.state = null");
      await page.setInputFiles(".file input", {
        name: `random-${round}.img`,
        mimeType: "application/octet-stream",
        buffer: bytes,
      });
      await page.waitForFunction("qure.problem !== null || (qure.state && qure.state.isForeign)");
      const problem = (await page.evaluate("qure.problem")) as string | null;
      if (problem !== null) expect(problem).toMatch(SENTENCE);
    }
    await page.evaluate("qure.problem = null; qure.state = null");
    await page.setInputFiles(".file input", {
      name: "a.qcow2",
      mimeType: "application/octet-stream",
      buffer: Buffer.from("QFI\xfb\0\0\0\x03", "latin1"),
    });
    await page.waitForFunction("qure.problem !== null");
    expect(await page.evaluate("qure.problem")).toContain("convert it: qemu-img convert -O raw a.qcow2 a.img");
    expect(errors).toEqual([]);
  }),
);

test("the tasks of a machine are those that its own ps lists, with what they wait for", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(address);
    await until(page, "state.agreed");
    await send(page, { kind: "pause" });
    await until(page, "!state.isRunning");
    await send(page, { kind: "inspect", node: 0, what: "tasks" });
    await send(page, { kind: "act", word: "type", node: 0, values: ["ps\r"] });
    await runTo(page, ((await page.evaluate("qure.state.endNs")) as number) + 200_000_000);
    await page.waitForFunction("/ps\\n[^]*shell\\n/.test(qure.consoles.get(0)) && qure.tasks?.tasks.length > 0");
    const listed = String(await page.evaluate("qure.consoles.get(0)"))
      .split("ps\n")
      .at(-1)!;
    const rows = [...listed.matchAll(/^ *(\d+) +(\w+)(?: +\d+){5} +(\w[\w ]*)$/gm)].map(
      ([, id, , name]) => `${id} ${name}`,
    );
    const { tasks } = (await page.evaluate("qure.tasks")) as {
      tasks: { id: number; name: string; waitsFor: string }[];
    };
    // A task may have ended since, but none is here that ps did not know.
    expect(tasks.length).toBeGreaterThan(4);
    for (const { id, name } of tasks) expect(rows).toContain(`${id} ${name}`);
    expect(tasks.find(({ name }) => name === "shell")).toMatchObject({ state: "waiting", waitsFor: "console_keys" });
    await page.click(".card[data-node='0'] .face");
    await page.getByRole("tab", { name: "Tasks" }).click();
    await page.locator(".tasks td", { hasText: "console_keys" }).waitFor();
    expect(errors).toEqual([]);
  }));

test("a cable's frames are listed, filtered, taken apart to the byte, and saved for tshark", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const tshark = requireOracle("tshark", context);
    await page.goto(`${address}?nodes=2`);
    await until(page, "state.agreed");
    await send(page, { kind: "pause" });
    await until(page, "!state.isRunning");
    await page.click(".card[data-node='1'] .face");
    await page.getByRole("tab", { name: "Cable" }).click();
    const rows = page.locator(".frames tbody tr");
    const all = await rows.count();
    expect(all).toBeGreaterThan(20);
    await page.fill(".frames input", "dhcp");
    const protocols = await rows.locator("td:nth-child(3)").allTextContents();
    expect(protocols.length).toBeGreaterThan(1);
    expect(new Set(protocols)).toEqual(new Set(["DHCP"]));
    await rows.first().getByRole("button").click();
    const titles = await page.locator(".layers summary strong").allTextContents();
    expect(titles).toEqual(["Ethernet", "IPv4", "UDP", "DHCP"]);
    await page
      .locator(".layers dl > div")
      .filter({ hasText: /^from port/ })
      .hover();
    const pointed = await page.locator(".hex .in").allTextContents();
    expect(pointed.map((byte) => Number.parseInt(byte, 16))).toEqual([0, expect.toBeOneOf([67, 68])]);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Save as pcapng")]);
    expect(download.suggestedFilename()).toBe("qure-2.pcapng");
    const packets = execFileSync(tshark, ["-r", await download.path(), "-T", "fields", "-e", "frame.protocols"], {
      encoding: "utf8",
    });
    // The list shows the last two hundred; the file has all that the page remembers.
    expect(packets.trimEnd().split("\n").length).toBeGreaterThanOrEqual(all);
    expect(packets).toMatch(/:dhcp$/m);
    expect(errors).toEqual([]);
  }));

atLength("time steps by an event, a frame and a millisecond, and passes at the speed that is chosen", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?nodes=2`);
    await until(page, "state.agreed");
    await send(page, { kind: "pause" });
    await until(page, "!state.isRunning");
    const stepped = async (name: string): Promise<{ ns: number; frames: number }> => {
      const read = async (): Promise<[number, number]> =>
        (await page.evaluate("[qure.state.nowNs, qure.state.frames]")) as [number, number];
      const [fromNs, before] = await read();
      await page.locator(".steps").getByRole("button", { name }).click();
      await until(page, `!state.isRunning && state.nowNs > ${fromNs}`);
      const [toNs, after] = await read();
      return { ns: toNs - fromNs, frames: after - before };
    };
    expect((await stepped("1 ms")).ns).toBe(1_000_000);
    const event = await stepped("event");
    // An idle machine has its PIT to serve, at least 18 times a second.
    expect(event.ns).toBeLessThan(60_000_000);
    expect((await stepped("frame")).frames).toBeGreaterThan(0);
    for (const speed of ["0.01", "100"]) {
      await page.selectOption(".speed select", speed);
      await page.getByRole("button", { name: "Play" }).click();
      await until(page, `state.isRunning && state.speed === ${speed}`);
      await page.getByRole("button", { name: "Pause" }).click();
      await until(page, "!state.isRunning");
    }
    expect(errors).toEqual([]);
  }),
);

test("a kernel that is dropped boots, to the digest of the command line", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const kernel = Buffer.concat([
      Buffer.of(0x8c, 0xc8, 0xb8, 0x4b, 0x0e, 0xcd, 0x10, 0xf4, 0xeb, 0xfd),
      Buffer.alloc(1000),
    ]);
    await page.goto(`${address}?nodes=1`);
    await until(page, "state.nowNs > 0");
    await page.setInputFiles(".file input", { name: "k.com", mimeType: "application/octet-stream", buffer: kernel });
    await until(page, "state.isForeign");
    await runTo(page, 1_000_000_000);
    const link = await ask(page, { kind: "link" });
    const found = withFolder((folder) => {
      writeFileSync(join(folder, "k.com"), kernel);
      return digestIn(emu("--kernel", join(folder, "k.com"), "--replay", link));
    });
    expect(found).toBe(decodeRun(link).digest);
    await page.waitForFunction("globalThis.qure.screenTexts.get(0)?.join(' ').includes('k.com, starts')");
    expect(errors).toEqual([]);
  }));

atLength("under a policy that lets workers compile nothing, the page interprets and says so", (context) =>
  withBrowser(
    context,
    async ({ page, address }) => {
      // A worker has the policy that it comes with, not the page's.
      await page.route("**/worker.js", async (route) => {
        const response = await route.fetch();
        const headers = { ...response.headers(), "content-security-policy": "script-src 'self' blob:" };
        await route.fulfill({ response, headers });
      });
      const output = emu("--nodes", "1", "--until", "cloud", "--link");
      await page.goto(`${address}#${linkIn(output)}`);
      const banner = page.locator(".banner.good");
      await banner.waitFor({ timeout: 120_000 });
      expect(await banner.getAttribute("data-digest")).toBe(digestIn(output));
      expect(await page.locator(".banner:not(.good)").textContent()).toMatch(
        /^This page may not compile code \(.*Content Security Policy.*\): the machines are interpreted/i,
      );
    },
    {},
    { bypassCSP: false },
  ),
);

atLength("a run of more machines than a browser has memories for ends in a sentence", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const output = emu("--nodes", "130", "--for", "1us", "--link");
    await page.goto(`${address}#${linkIn(output)}`);
    expect(await page.getByRole("alert").textContent()).toMatch(
      /^there is no room for one more machine's memory .*: this program can hold no more machines$/,
    );
    expect(errors).toEqual([]);
  }),
);

atLength("a story can be left at any moment, to do something else", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.goto(`${address}?story=coordinator`);
    await until(page, "state.nowNs > 0");
    await goTo(page, 3_500_000_000);
    await page.getByRole("button", { name: "leave the story" }).click();
    await page.locator(".caption").waitFor({ state: "detached" });
    await page.click(".card[data-node='2'] .face");
    await page.click('.toolbox [data-word="unplug"]');
    await until(page, "state.branches.length === 1");
    const future = page.locator(".branches option", { hasText: /^A: from 0:03\.500 cut 2, power 2/ });
    await future.waitFor({ state: "attached" });
    await page.selectOption(".speed select", "Infinity");
    await page.getByRole("button", { name: "Play" }).click();
    await until(page, "state.nowNs > 8e9");
    expect(await page.evaluate("qure.state.nodes.map(({ isOn }) => isOn)")).toEqual([true, true, true]);
    expect(errors).toEqual([]);
  }),
);

test("after the first visit the page opens without the network", (context) =>
  withBrowser(context, async ({ page, context: browser, address }) => {
    await page.goto(address);
    await page.evaluate("navigator.serviceWorker.ready");
    await page.waitForFunction("navigator.serviceWorker.controller !== null", null, { timeout: 60_000 });
    await browser.setOffline(true);
    await page.reload();
    await until(page, "state.endNs >= 0");
    // A reload stands where the page stood.
    await runTo(page, 5_000_000_000);
    await until(page, "state.agreed");
  }));

test.for(rowsOf(["light", "dark"] as const, [0, 1]))(
  "nothing stands in the way of anyone, %s: axe finds nothing",
  (colorScheme, context) =>
    withBrowser(context, async ({ page, address }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.goto(address);
      await until(page, "state.agreed");
      await send(page, { kind: "pause" });
      await page.addScriptTag({ content: axe() });
      const look = async (): Promise<string[]> => {
        const { violations } = (await page.evaluate("axe.run()")) as {
          violations: { id: string; nodes: { html: string }[] }[];
        };
        return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
      };
      expect(await look()).toEqual([]);
      await page.click(".card[data-node='0'] .face");
      for (const tab of ["Console", "Cable", "Processor", "Tasks", "Disk"]) {
        await page.getByRole("tab", { name: tab }).click();
        expect(await look(), tab).toEqual([]);
      }
      await page.getByRole("button", { name: "Messages" }).click();
      expect(await look(), "Messages").toEqual([]);
      await page.click("text=Share this moment");
      expect(await look(), "the link").toEqual([]);
    }),
);

atLength("the frame that the documentation shows runs in a page of another origin", (context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    const [frame = ""] = /<iframe [\s\S]*?<\/iframe>/.exec(readFileSync(join(root, "docs/page.md"), "utf8")) ?? [];
    await page.setContent(frame.replace("http://localhost:8086/", address));
    const inside = page.frameLocator("iframe");
    await inside.locator(".caption h2", { hasText: "A split" }).waitFor();
    await inside.locator(".headline strong", { hasText: "4 of 4 PCs agree" }).waitFor({ timeout: 120_000 });
    expect(await inside.getByText("New run").isVisible()).toBe(false);
    expect(errors).toEqual([]);
  }),
);

test.for(
  rowsOf(
    [
      { name: "a telephone", width: 360, height: 740 },
      { name: "a wide screen", width: 2560, height: 1200 },
    ],
    [0, 1],
  ),
)("$name has room for everything: nothing is wider, and axe finds nothing", ({ width, height }, context) =>
  withBrowser(context, async ({ page, address, errors }) => {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.goto(address);
    await until(page, "state.agreed");
    await send(page, { kind: "pause" });
    await page.addScriptTag({ content: axe() });
    const look = async (what: string): Promise<void> => {
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth"), what).toBeLessThanOrEqual(0);
      const found = (await page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id }) => id))",
      )) as string[];
      expect(found, what).toEqual([]);
    };
    await look("machines");
    for (const name of ["Play", "Share this moment"])
      expect(await page.getByRole("button", { name }).isVisible(), name).toBe(true);
    await page.click(".card[data-node='0'] .face");
    for (const tab of ["Console", "Cable", "Processor", "Tasks", "Disk"]) {
      await page.getByRole("tab", { name: tab }).click();
      await look(tab);
    }
    await page.getByRole("button", { name: "Messages" }).click();
    await look("Messages");
    expect(errors).toEqual([]);
  }),
);

atLength("who wants less motion sees no dots and no transitions", (context) =>
  withBrowser(context, async ({ page, address }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.goto(address);
    await until(page, "state.agreed");
    const painted = `(() => {
      const canvas = document.querySelector(".wires canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value !== 0);
    })()`;
    for (let look = 0; look < 5; look++) {
      expect(await page.evaluate(painted)).toBe(false);
      await page.waitForTimeout(100);
    }
    const moving = `[...document.querySelectorAll("*")].filter((element) => {
      const { animationName, transitionDuration } = getComputedStyle(element);
      return animationName !== "none" || transitionDuration.split(", ").some((time) => parseFloat(time) > 0.01);
    }).length`;
    expect(await page.evaluate(moving)).toBe(0);
  }),
);

/** What is painted over the cables, as one number that another picture changes. */
const PICTURE_OF_WIRES = `(() => {
  const canvas = document.querySelector(".wires canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, index) => (sum + value * (index % 65521)) % 2147483647, 0);
})()`;

atLength("frames move along the cables", (context) =>
  withBrowser(context, async ({ page, address }) => {
    await page.goto(address);
    await until(page, "state.agreed");
    await page.selectOption(".speed select", "0.1");
    const pictures = new Set<unknown>();
    while (pictures.size < 5) {
      pictures.add(await page.evaluate(PICTURE_OF_WIRES));
      await page.waitForTimeout(20);
    }
    expect(pictures.size).toBe(5);
  }),
);

atLength("the messages between the machines are strokes, and say what they are when they are pointed at", (context) =>
  withBrowser(context, async ({ page, address }) => {
    await page.goto(address);
    await until(page, "state.agreed");
    await send(page, { kind: "pause" });
    await until(page, "!state.isRunning");
    await page.getByRole("button", { name: "Messages" }).click();
    const canvas = page.getByRole("img", { name: /^[1-9]\d* messages in the last 2000 ms of virtual time$/ });
    const { width, height } = (await canvas.boundingBox())!;
    const said = new Set<string>();
    for (let x = 100; x < width && !said.has("Cluster"); x += 4) {
      await canvas.hover({ position: { x, y: height / 2 } });
      const text = await page.locator(".space-time .said").textContent();
      const [, what] = / (?:qure-\d|gateway) to (?:qure-\d|gateway): (\S+) \S/.exec(text!) ?? [];
      if (what) said.add(what);
    }
    expect([...said]).toContain("Cluster");
  }),
);

test("the keyboard alone reaches a machine, types there and leaves it", (context) =>
  withBrowser(context, async ({ page, address }) => {
    await page.goto(address);
    await until(page, "state.agreed");
    const focused = (): Promise<string> =>
      page.evaluate(
        "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''",
      ) as Promise<string>;
    const tabTo = async (label: RegExp): Promise<void> => {
      for (let presses = 0; presses < 80 && !label.test(await focused()); presses++) await page.keyboard.press("Tab");
      expect(await focused()).toMatch(label);
    };
    await tabTo(/^qure-1/);
    await page.keyboard.press("Enter");
    await tabTo(/^Keyboard of qure-1/);
    await page.keyboard.type("cloud");
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      "globalThis.qure.screenTexts.get(0)?.some((line) => line.includes('other nodes are alive'))",
      null,
      { timeout: 60_000 },
    );
    expect(await page.locator(".console pre").textContent()).toMatch("other nodes are alive");
    await page.keyboard.press("Escape");
    await tabTo(/^Pause$/);
  }));
