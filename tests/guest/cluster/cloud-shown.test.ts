/** What `cloud` and its actions print of a node among strangers, to the letter, and with which status they end. */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { atPrompt } from "../../system/booted.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import {
  founded,
  HIGH,
  HIGHEST,
  hello,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  sceneOf,
  TICK_MS,
  view,
} from "./agreement-scene.ts";
import { BYE, HELLO, REPORT } from "./cluster-wire.ts";
import { eventBytes, JOINED } from "./history-wire.ts";

const JOIN = 13;
const EVENTS = 15;
const HEAD = "NODE            ADDRESS         ID                ERA  AGE REV STATE   SEEN\n";
const OPEN =
  "open cluster: whoever is on this network can join and change it (cloud key new NAME); 0 packets were refused\n";
const DISKLESS = "in memory only: hda0: no such device\n";

const said = (s: Scene, command: string): Promise<string> => outputAmong(s.node, command);
/** A row, but for when that node was heard. */
const row = (address: string, id: string, era: number, age: number, revision: number, state: string): string =>
  `${"stranger".padEnd(16)}${address.padEnd(16)}${id} ${String(era).padStart(4)} ${String(age).padStart(4)} ${String(revision).padStart(3)} ${state.padEnd(7)} `;
const own = (era: number, age: number, state: string): string =>
  `${"qure-1".padEnd(16)}${"10.0.2.15".padEnd(16)}${SELF} ${String(era).padStart(4)} ${String(age).padStart(4)} 1000 ${state.padEnd(7)} here\n`;

describe("cloud", () => {
  test("shows a coordinator and the others by id, with their state, and when each was heard", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    expect(await said(s, "cloud; echo status $?")).toBe(
      `${OPEN}era 1, founded by ${SELF}, here since age 1; 0 other nodes are alive\n${DISKLESS}${HEAD}${own(1, 1, "member")}status 0\n`,
    );
    s.wire.say({ ...report(HIGH, 1, SELF), age: 3, revision: 70 });
    s.wire.say({ ...report(LOW, 1, SELF), age: 12, revision: 1234 });
    s.wire.say({ ...report(HIGHEST, 1, SELF), age: 77777 });
    const heardMs = nowMs(s);
    await s.lab.advance("100ms");
    s.wire.say({ ...report(LOW, 1, SELF), age: 12, revision: 1234, kind: BYE });
    const leftMs = nowMs(s);
    await s.lab.advance("1500ms");
    s.wire.say({ ...report(HIGH, 1, SELF), age: 3, revision: 70 });
    await s.lab.advance("1s");
    s.wire.say({ ...report(HIGH, 1, SELF), age: 3, revision: 70 });
    const lastMs = nowMs(s);
    await s.lab.advance("230ms");
    const [shown, ageMs] = [await said(s, "cloud"), nowMs(s)];
    const rows = shown.split("\n").slice(4, -1);
    const seen = rows.slice(1).map((text) => Number(/ (\d+\.\d) s$/.exec(text)![1]));
    expect(rows.map((text) => text.replace(/\d+\.\d s$/, ""))).toEqual([
      own(1, 1, "member").trimEnd(),
      row("10.0.2.97", LOW, 1, 12, 1234, "left"),
      row("10.0.2.99", HIGH, 1, 3, 70, "member"),
      row("10.0.2.100", HIGHEST, 1, 77777, 1, "offline"),
    ]);
    for (const [index, atMs] of [leftMs, lastMs, heardMs].entries()) {
      expect(seen[index]! * 1000).toBeLessThanOrEqual(ageMs - atMs);
      expect(seen[index]! * 1000).toBeGreaterThan(ageMs - atMs - 700);
    }
    expect(shown).toContain("; 1 other node is alive\n");
  });

  thoroughly("knows for how long a node is gone that left twenty minutes ago", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("100ms");
    s.wire.say({ ...report(HIGH, 1, SELF), kind: BYE });
    const leftMs = nowMs(s);
    await s.lab.advance("1200s");
    const [shown, ageMs] = [await said(s, "cloud"), nowMs(s)];
    const seen = Number(/ left +(\d+\.\d) s$/m.exec(shown)![1]);
    expect(seen * 1000).toBeLessThanOrEqual(ageMs - leftMs);
    expect(seen * 1000).toBeGreaterThan(ageMs - leftMs - 700);
  });

  thoroughly("of a member shows whom the coordinator vouches for as seen when it said so last", async () => {
    const s = await scene();
    await says(s, HELLO);
    s.wire.say({ ...view(LOWEST, 5), members: [HIGH] });
    await says(s, REPORT);
    await s.node.waitFor(PROMPT);
    for (let time = 0; time < 15; time++) {
      s.wire.say(view(LOWEST, 5));
      await s.lab.advance("100ms");
    }
    // The view that is not its own confirms nothing: HIGH was heard of once, and is asked for.
    const [, seconds] = /^another .* member +(\d+\.\d) s$/m.exec(await said(s, "cloud"))!;
    expect(Number(seconds)).toBeGreaterThan(1);
    expect(await said(s, "cloud")).toMatch(/^stranger +10\.0\.2\.98 .* member +0\.\d s$/m);
    expect(await said(s, "cloud")).toMatch(
      /^era 5, founded by 0200000000000062, here since age 1; 2 other nodes are alive$/m,
    );
  });

  thoroughly("says that the node waits, joins, or is silent", async () => {
    const s = sceneOf(await atPrompt());
    expect(await said(s, "cloud")).toMatch(
      /^waiting\nin memory only: .*\nNODE .*\nqure .* 0\.0\.0\.0 .* waiting here\n$/m,
    );
    await s.lab.until(() => /^cloud: \S+ \S+ joining/m.test(s.node.console.text), "it does not join");
    expect(await said(s, "cloud")).toContain(`\njoining\n${DISKLESS}${HEAD}${own(0, 1, "joining")}`);
    const t = await founded();
    await t.node.waitFor(PROMPT);
    expect(await said(t, "cloud stop; echo status $?")).toBe("status 0\n");
    expect(await said(t, "cloud")).toContain(
      `0 other nodes are alive\nstopped: this node is silent (cloud start)\n${DISKLESS}`,
    );
    expect(await said(t, "cloud register; echo status $?")).toMatch(
      /^cluster: hello could not be sent: .+\nstatus 1\n$/,
    );
    expect(await said(t, "cloud start; echo status $?")).toBe("status 0\n");
    expect(await said(t, "cloud")).not.toContain("stopped");
  });

  thoroughly("counts what was refused: forged, of another kind of cluster, heard before, and not proven", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("20ms");
    const refused = async (): Promise<number> =>
      Number(/; (\d+) packets? (?:was|were) refused/.exec(await said(s, "cloud"))![1]);
    expect(await refused()).toBe(0);
    s.wire.say({ ...report(HIGH, 1, SELF), sequence: 1 });
    await s.lab.advance("10ms");
    expect(await refused()).toBe(1);
    s.wire.say({ ...view(LOW, 1, SELF), echo: "0".repeat(16) });
    await s.lab.advance("10ms");
    expect(await refused()).toBe(2);
    s.wire.changeKey(`other ${"12".repeat(32)}`);
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("10ms");
    expect(await refused()).toBe(3);
  });
});

describeThoroughly("actions", () => {
  test("end with the status 0 when they did what was asked", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    for (const action of [
      "status",
      "register",
      "address",
      "get",
      "history",
      "nodes",
      "events",
      "graph",
      "key",
      "start",
      "stop",
    ])
      expect(await said(s, `cloud ${action}; echo status $?`), action).toMatch(/^status 0\n$/m);
    // In pages of the screen.
    s.node.type("cloud help; echo status $?\n");
    await s.node.waitFor(/-- more/);
    s.node.type("q");
    await s.node.waitFor(/status 0\n/);
    expect(await said(s, "cloud init; echo status $?")).toBe(
      `cluster: node ${SELF}, age 1, in memory only: hda0: no such device\nstatus 1\n`,
    );
  });

  test("register says hello to all, as what the node is", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    const fromMs = nowMs(s);
    await said(s, "cloud register");
    expect(s.wire.of(HELLO, fromMs)).toMatchObject([
      { state: 2, era: 1, id: SELF, founder: SELF, to: "239.255.81.82" },
    ]);
  });

  test("register says why nothing can be sent", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    for (const [before, why] of [
      ["filter add drop out udp", "not permitted"],
      ["filter clear; cloud stop", "no route to this address"],
    ])
      expect(await said(s, `${before}; cloud register; echo status $?`)).toBe(
        `cluster: hello could not be sent: ${why}\nstatus 1\n`,
      );
  });

  test("key shows, draws, takes and forgets a key", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    expect(await said(s, "cloud key; echo status $?")).toBe(`${OPEN}status 0\n`);
    const drawn = await said(s, "cloud key new home; echo status $?");
    expect(drawn).toMatch(/^cluster home, with a key; 0 packets were refused\n[0-9a-f]{64}\nstatus 0\n$/);
    const again = await said(s, "cloud key new home; echo status $?");
    expect(again.split("\n")[1]).not.toBe(drawn.split("\n")[1]);
    // All bytes of a key are drawn: of five none stays the same.
    const keys = [drawn, again];
    for (let time = 0; time < 3; time++) keys.push(await said(s, "cloud key new home"));
    const bytes = keys.map((text) => Buffer.from(text.split("\n")[1]!, "hex"));
    for (let at = 0; at < 32; at++) expect(new Set(bytes.map((key) => key[at])).size).toBeGreaterThan(1);
    const key = "0123456789abcdefABCDEF0123456789".repeat(2);
    const name = "n".repeat(31);
    expect(await said(s, `cloud key set ${name} ${key}; echo status $?`)).toBe(
      `cluster ${name}, with a key; 0 packets were refused\n${key.toLowerCase()}\nstatus 0\n`,
    );
    expect(await said(s, `cloud key new ${"n".repeat(32)}; echo status $?`)).toBe(
      "cluster: expected a name of up to 31 printable characters, and a key of 64 hexadecimal digits\nstatus 1\n",
    );
    expect(await said(s, `cloud key set home ${key}0; echo status $?`)).toMatch(
      /^cluster: expected a name[^\n]*\nstatus 1\n$/,
    );
    // What is no word of it changes nothing, whatever follows.
    for (const words of [
      `take other ${key}`,
      `set other ${key} more`,
      "set other",
      "new",
      "new other more",
      "rotate now",
    ])
      expect(await said(s, `cloud key ${words}; echo status $?`), words).toMatch(/^ +cloud key forget .*\nstatus 1$/m);
    expect(await said(s, "cloud key")).toContain(`cluster ${name}, with`);
    expect(await said(s, "cloud key")).toContain(`${key.toLowerCase()}\n`);
    expect(await said(s, "cloud key forget; echo status $?")).toBe(`${OPEN}status 0\n`);
  });

  test("join asks every half second for five seconds, and no longer", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    const fromMs = nowMs(s);
    s.node.type("cloud join 0123-4567-89AB-cdef; echo status $?\n");
    await s.node.waitFor(
      /^cluster: nobody who has given this code in the last ten minutes answers, or it was used before\nstatus 1$/m,
      { within: "10s" },
    );
    const asked = s.wire.of(JOIN, fromMs);
    expect(asked).toHaveLength(10);
    expect(asked.every(({ to, data }) => to === "239.255.81.82" && data.length === 144)).toBe(true);
    expect(new Set(asked.map(({ data }) => Buffer.from(data.subarray(128)).toString("hex"))).size).toBe(1);
    for (const [index, { atMs }] of asked.slice(1).entries()) {
      expect(atMs - asked[index]!.atMs).toBeGreaterThanOrEqual(500);
      expect(atMs - asked[index]!.atMs).toBeLessThan(500 + 2 * TICK_MS);
    }
    expect(nowMs(s) - asked[9]!.atMs).toBeGreaterThanOrEqual(500);
    await s.lab.advance("2s");
    expect(s.wire.of(JOIN, fromMs)).toHaveLength(10);
  });
});

describeThoroughly("the history", () => {
  /** The node hears of so many events in one go, in packets of 18 or fewer. */
  function tell(s: Scene, from: number, count: number, members = 1, name = "someone"): void {
    for (let first = from; first < from + count; first += 18) {
      const numbers = Array.from({ length: Math.min(18, from + count - first) }, (_, index) => first + index);
      const events = numbers.map((number) =>
        eventBytes({ era: 1, number, kind: JOINED, subject: HIGH, after: number, detail: number, members, name }),
      );
      s.wire.say({ ...report(LOW, 1, SELF), kind: EVENTS, rest: Buffer.concat(events) });
    }
  }

  const member = async (): Promise<Scene> => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    s.wire.say(report(LOW, 1, SELF));
    await s.lab.advance("300ms");
    return s;
  };

  test("counts the events of an era, however many they are", async () => {
    const s = await member();
    for (let part = 0; part < 10; part++) {
      tell(s, 100 + part * 18, 18);
      await s.lab.advance("20ms");
    }
    const [, line] = (await said(s, "cloud history")).split("\n");
    const events = (await said(s, "cloud events")).match(/^\S+ \S+ {2}1\.\d+ /gm)!;
    expect(events.length).toBeGreaterThan(180);
    expect(Number(/ (\d+)$/.exec(line!)![1])).toBe(events.length);
  });

  test("shows clusters of more than fifty members in fifty columns", async () => {
    const s = await member();
    for (const [index, members] of [100, 60, 3, 1, 99].entries()) {
      tell(s, 100 + index, 1, members);
      await s.lab.advance("10ms");
    }
    const bars = (await said(s, "cloud graph")).split("\n").slice(1, 6);
    expect(bars.map((line) => line.slice(19))).toEqual(
      [100, 60, 3, 1, 99].map(
        (members) => ` ${"1".padStart(4)} ${String(members).padStart(6)} ${"#".repeat(Math.floor(members / 2))}`,
      ),
    );
  });

  test("of one event is on another member's disk only when another one says so", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    expect(await said(s, "cloud events")).toBe("");
    await s.lab.advance("700ms");
    const shown = await said(s, "cloud events");
    expect(shown).toMatch(
      /^\S+ \S+ {2}1\.1 {2}qure-1 founded the era, age 1, revision 1000 {2}\(1 online\)\nThe last of them are not known to be on another member's disk\.\n$/,
    );
  });

  test("of one whose name is not known says that it is a node", async () => {
    const s = await member();
    tell(s, 100, 1, 2, "");
    await s.lab.advance("20ms");
    expect(await said(s, "cloud events")).toMatch(/ {2}1\.100 {2}a node joined, age 100, revision 0 {2}\(2 online\)$/m);
  });

  test("is shown as it comes until Ctrl-C, the latest events where more come than are kept for that", async () => {
    const s = await member();
    s.node.type("cloud events -f\n");
    await s.lab.advance("1s");
    tell(s, 100, 1);
    await s.node.waitFor(/ 1\.100 {2}someone joined/, { within: "100ms" });
    tell(s, 200, 90);
    await s.lab.advance("3s");
    const numbers = [...s.node.console.text.matchAll(/ 1\.(2\d\d) {2}someone joined/g)].map(([, number]) =>
      Number(number),
    );
    expect(numbers.slice(-30)).toEqual(Array.from({ length: 30 }, (_, index) => 260 + index));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    s.node.type("\x03");
    await s.node.waitFor(PROMPT);
    tell(s, 400, 1);
    await s.lab.advance("100ms");
    expect(s.node.console.text).not.toContain(" 1.400 ");
    expect(await said(s, "cloud events | grep 1.400")).toContain(" 1.400  someone joined");
  });
});

thoroughly("hello of somebody who joins is no row of cloud: a member it is later", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  s.wire.say(hello(LOW));
  await s.lab.advance("100ms");
  expect(await said(s, "cloud")).not.toContain("stranger");
});
