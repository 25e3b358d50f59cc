/**
 * What `cloud init`, `cloud start` and `cloud key` do where there is nothing to do, or something is on the disk
 * already.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { founded, HIGH, LOW, nowMs, report, SELF, says, TICK_MS } from "./agreement-scene.ts";
import { HELLO, VIEW } from "./cluster-wire.ts";
import { nodeObject, objectOf, remembering } from "./remembering-scene.ts";

const KEY = new Uint8Array(32).fill(0x33);
const NODE = { era: 4, age: 8, eraAge: 5, founder: LOW };
const LINE = `cluster: node ${SELF}, era 5, age 9, on disk\n`;

describeThoroughly("cloud init", () => {
  test.each([
    ["says who the node is where its disk is in use already", {}, ""],
    [
      "says that a key is on the disk",
      { cluster: "home", key: KEY },
      "cluster: the key on this disk counts after a reboot\n",
    ],
  ])("%s", async (_what, more, said) => {
    const s = await remembering({ cluster_node: nodeObject({ ...NODE, ...more }) });
    await s.lab.until(() => /^cloud: \S+ \S+ era 5 /m.test(s.node.console.text), "it founds nothing");
    await s.lab.advance("300ms");
    const before = objectOf(s, "cluster_node");
    for (let time = 0; time < 2; time++)
      expect(await outputAmong(s.node, "cloud init; echo status $?")).toBe(`${LINE}${said}status 0\n`);
    expect(objectOf(s, "cluster_node")).toEqual(before);
    expect(await outputAmong(s.node, "cloud")).toContain("\nera 5, founded by ");
  });
});

describe("cloud start", () => {
  test("says nothing to the others where the node takes part already", async () => {
    const s = await founded();
    s.wire.say(report(HIGH, 1, SELF));
    await s.node.waitFor(PROMPT);
    const fromMs = nowMs(s);
    for (let time = 0; time < 2; time++)
      expect(await outputAmong(s.node, "cloud start; echo status $?")).toBe("status 0\n");
    await s.lab.advance("200ms");
    expect(s.wire.of(HELLO, fromMs)).toEqual([]);
    expect(s.wire.of(VIEW, fromMs).every(({ members }) => members === 2)).toBe(true);
  });

  thoroughly("says hello at once, once, and has the node coordinate after a second without an answer", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("500ms");
    const fromMs = nowMs(s);
    await s.node.enter("cloud start", PROMPT);
    await s.node.enter("cloud start", PROMPT);
    const hello = await says(s, HELLO);
    expect(hello.atMs - fromMs).toBeLessThan(30 * TICK_MS);
    const first = await s.lab.until(() => s.wire.of(VIEW, fromMs)[0], "it does not coordinate", { within: "3s" });
    const [said] = s.wire.of(HELLO, fromMs);
    expect(first.atMs - said!.atMs).toBeGreaterThanOrEqual(1000 - TICK_MS);
    expect(first.atMs - said!.atMs).toBeLessThan(1000 + 5 * TICK_MS);
  });
});

describeThoroughly("another cluster's key", () => {
  test("leaves no keyring on the disk of a node that was never given a key", async () => {
    const s = await remembering({ cluster_node: nodeObject({ ...NODE, cluster: "homestead", key: KEY }) });
    await s.lab.until(() => /^cloud: \S+ \S+ era 5 /m.test(s.node.console.text), "it founds nothing");
    await s.node.enter(`cloud key set other ${"5a".repeat(32)}`, PROMPT);
    await s.lab.advance("1s");
    // Of a longer name nothing is left.
    expect(Buffer.from(objectOf(s, "cluster_node")!.subarray(108, 140)).toString("latin1")).toBe(
      "other".padEnd(32, "\0"),
    );
    expect(objectOf(s, "cluster_node")!.subarray(140, 172)).toEqual(new Uint8Array(32).fill(0x5a));
    expect(objectOf(s, "cluster_keyring")).toBeNull();
  });
});
