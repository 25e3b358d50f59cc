/** Processes in the background: they answer and go on, or say why not and are gone. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Background, startInBackground } from "../../src/host/background.ts";

const folder = mkdtempSync(join(tmpdir(), "qure-background-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const log = join(folder, "log");
const ready = join(folder, "ready");

const start = (script: string, more: Partial<Background<number>> = {}): Promise<number> =>
  startInBackground({
    args: ["-e", script],
    env: { ...process.env, READY: ready },
    log,
    withinMs: 60_000,
    ask: async (pid) => (existsSync(ready) ? pid! : null),
    ...more,
  });

async function isGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((next) => setTimeout(next, 10));
  }
}

test("one that answers goes on, and its words are at the end of the log", async () => {
  writeFileSync(log, "of an earlier one: error: no\n");
  const pid = await start("console.log('here'); fs.writeFileSync(process.env.READY, ''); setInterval(() => {}, 1e6)");
  process.kill(pid, "SIGKILL");
  await isGone(pid);
  rmSync(ready);
  expect(readFileSync(log, "utf8")).toBe("of an earlier one: error: no\nhere\n");
});

test.each([
  ["console.error('qure x: error: a is no folder'); process.exit(1)", "a is no folder"],
  ["process.exit(3)", "status 3"],
  ["process.kill(process.pid, 'SIGKILL')", "SIGKILL"],
])("one that ends says why: %s", async (script, wanted) => {
  await expect(start(script)).rejects.toMatchObject({ message: wanted, isMute: false });
});

test("one that finds another one to be first leaves the answer to that", async () => {
  let asked = 0;
  const answer = start("process.exit(0)", { mayYield: true, ask: async () => (++asked > 20 ? 7 : null) });
  expect(await answer).toBe(7);
});

test("one that stays mute is ended", async () => {
  let pid = 0;
  const mute = start("setInterval(() => {}, 1e6)", {
    withinMs: 1,
    ask: async (its) => ((pid = its!), null),
  });
  await expect(mute).rejects.toMatchObject({ message: expect.stringMatching(/does not answer after/), isMute: true });
  await isGone(pid);
});
