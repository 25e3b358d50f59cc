/** The log: what services print and what becomes of them, with levels, on the volume, in bounded size. */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { inState } from "./images.ts";
import { output } from "./output.ts";
import { nodeWithVolume } from "./volume.ts";

async function atPrompt(): Promise<LabNode> {
  const options = { isAlone: true, place: "/net" };
  const lab = await inState("log with files", () => nodeWithVolume(["mkdir /net/services"], options));
  return lab.nodes[0]!;
}

/** Lines of the log without date and time. */
const said = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, ""));

test("what services say has a level and a date, is kept on the volume, and is followed", async () => {
  const node = await atPrompt();
  await output(node, "echo 'program /bin/seq 2' > /net/services/count");
  await output(node, "echo 'program /bin/echo warning: it is warm' > /net/services/say");
  await output(node, "service start count; sleep 100; service start say; sleep 100");
  const all = said(await output(node, "log"));
  expect(all[0]).toBe("info    network: started");
  expect(all.slice(all.indexOf("info    count: started"))).toEqual([
    "info    count: started",
    "info    count: 1",
    "info    count: 2",
    "info    count: ended with status 0",
    "info    say: started",
    "warning say: warning: it is warm",
    "info    say: ended with status 0",
  ]);
  expect(said(await output(node, "log -l warning"))).toEqual(["warning say: warning: it is warm"]);
  expect(said(await output(node, "log count | tail -1"))).toEqual(["info    count: ended with status 0"]);
  expect(await output(node, "cat /net/log | wc")).toMatch(new RegExp(`^ +${all.length} `));
  expect(await output(node, "log -l loud")).toMatch(/^usage: log /);
  await output(node, "echo 'program /bin/sleep 200' > /net/services/later; service start later");
  node.type("log -f later\n");
  await node.waitFor(/later: ended with status 0/);
  expect(await output(node, "\x03echo after")).toMatch(/after\n$/);
});

thoroughly("the log keeps all lines in order, and at most two files of 64 KiB", async () => {
  const node = await atPrompt();
  await output(node, "echo 'program /bin/seq 4000' > /net/services/many; service start many; sleep 3000");
  const numbers = said(await output(node, "log many")).flatMap((line) => /^info {4}many: (\d+)$/.exec(line)?.[1] ?? []);
  expect(numbers.length).toBeGreaterThan(1000);
  expect(numbers).toEqual(Array.from(numbers, (_, index) => String(4000 - numbers.length + 1 + index)));
  for (const [, bytes] of (await output(node, "ls /net | grep log")).matchAll(/^file +(\d+) /gm)) {
    expect(Number(bytes)).toBeLessThan(80 * 1024);
  }
});
