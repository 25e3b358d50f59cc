/**
 * How a node comes into a cluster while its disk is slow, and how it leaves one (docs/protocols/cluster.md, rules 1 to
 * 5): what it says meanwhile, which packet it takes in afterwards, whom it says bye to.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import {
  cloud,
  founded,
  HIGH,
  HIGHEST,
  hello,
  idBytes,
  isIn,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import {
  BYE,
  EVENTS,
  HEADER_BYTES,
  HELLO,
  type Heard,
  JOINING,
  MEMBER,
  PROBE,
  REPORT,
  type Said,
  VIEW,
} from "./cluster-wire.ts";
import { EVENT_BYTES, LEFT } from "./history-wire.ts";
import { nodeObject, objectOf, remembering } from "./remembering-scene.ts";

const ERA = 5;
/** An access to the disk takes 100 us at a factor of 1. */
const SLOW = 1000;
const GROUP = "239.255.81.82";

/** Era and founder on the disk. */
const kept = (s: Scene): string => {
  const bytes = objectOf(s, "cluster_node")!;
  return `${bytes[16]} ${Buffer.from(bytes.subarray(28, 36)).toString("hex")}`;
};

/** A joining node that knows era 3, whose disk is slow from now on. */
async function slow(): Promise<Scene> {
  const s = await remembering({ cluster_node: nodeObject({ era: 3, age: 8, eraAge: 5, founder: LOW }) });
  await says(s, HELLO);
  s.node.slowDisk(SLOW);
  return s;
}

/** The first that it says as a member. */
const enters = (s: Scene) =>
  s.lab.until(() => s.wire.heard.find(({ state }) => state === MEMBER), "it does not enter", { within: "20s" });

describeThoroughly("while a name is written", () => {
  thoroughly("a node says what it was; then it takes in the view that led it there", async () => {
    const s = await slow();
    const fromMs = nowMs(s);
    s.wire.say(view(LOW, ERA, HIGH));
    const first = await enters(s);
    expect(first.atMs - fromMs).toBeGreaterThan(300);
    expect(kept(s)).toBe(`5 ${HIGH}`);
    expect(first).toMatchObject({ kind: REPORT, era: ERA, founder: HIGH, to: "10.0.2.97" });
    const before = s.wire.heard.filter(({ atMs }) => atMs > fromMs && atMs < first.atMs);
    expect(before.length).toBeGreaterThan(0);
    for (const heard of before) expect(heard).toMatchObject({ kind: HELLO, state: JOINING, era: 3 });
    s.node.slowDisk(1);
    await s.lab.advance("100ms");
    expect(await cloud(s)).toBe(isIn(ERA, HIGH, 9));
  });

  const KEPT: readonly (readonly [what: string, said: readonly Said[], to: string | null])[] = [
    [
      "a view, whatever comes behind it",
      [view(LOW, ERA, HIGH), report(HIGHEST, ERA, HIGH), view(LOWEST, ERA, HIGH)],
      "10.0.2.97",
    ],
    ["a view that comes behind something else", [report(HIGHEST, ERA, HIGH), view(LOW, ERA, HIGH)], "10.0.2.97"],
    ["a report alone, which names no coordinator", [report(HIGHEST, ERA, HIGH)], null],
  ];
  for (const [what, said, to] of KEPT)
    thoroughly(`what is taken in afterwards is ${what}`, async () => {
      const s = await slow();
      for (const packet of said) {
        s.wire.say(packet);
        await s.lab.advance("20ms");
      }
      await s.lab.until(() => kept(s) === `5 ${HIGH}`, "it is not written", { within: "10s" });
      const fromMs = nowMs(s);
      s.node.slowDisk(1);
      await s.lab.advance("400ms");
      const reports = s.wire.of(REPORT, fromMs - 50).map((heard) => heard.to);
      if (to === null) expect(reports).toEqual([]);
      else expect(reports).toContain(to);
      expect(await cloud(s)).toBe(isIn(ERA, HIGH, 9));
    });
});

describe("who leaves", () => {
  test("alone writes that down and tells the group, then says bye to it, and nothing any more", async () => {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    await s.lab.advance("1500ms");
    const fromMs = nowMs(s);
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("1s");
    const said = s.wire.heard.filter(({ atMs, kind }) => atMs > fromMs && kind !== VIEW);
    expect(said.map(({ kind, to }) => [kind, to])).toEqual([
      [EVENTS, GROUP],
      [BYE, GROUP],
    ]);
    const event = said[0]!.data.subarray(HEADER_BYTES);
    expect(event).toHaveLength(EVENT_BYTES);
    expect([event[0], event[24], event[26]]).toEqual([1, LEFT, 1]);
    for (const at of [8, 16]) expect(event.slice(at, at + 8)).toEqual(idBytes(SELF));
    const byeMs = said[1]!.atMs;
    s.wire.say({ ...report(HIGH, 1, SELF), kind: PROBE });
    s.wire.say({ ...view(HIGH, 1, SELF), members: [SELF] });
    await s.lab.advance("1s");
    expect(s.wire.heard.filter(({ atMs }) => atMs > byeMs)).toEqual([]);
  });

  thoroughly("as a member says bye to its coordinator alone, and writes nothing down", async () => {
    const s = await scene();
    await says(s, HELLO);
    s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
    await says(s, REPORT);
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("500ms");
    const [bye, ...more] = s.wire.of(BYE);
    expect(bye).toMatchObject({ state: MEMBER, to: "10.0.2.98" });
    expect(Buffer.from(bye!.data.subarray(88, 92)).toString("hex")).toBe(LOWEST.slice(0, 8));
    expect(more).toEqual([]);
    expect(s.wire.of(EVENTS)).toEqual([]);
  });

  thoroughly("before it has said anything says no bye either; `cloud start` begins with a hello", async () => {
    const s = await scene();
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("3s");
    expect(s.wire.heard).toEqual([]);
    const fromMs = nowMs(s);
    await s.node.enter("cloud start", PROMPT);
    expect((await says(s, HELLO)).atMs - fromMs).toBeLessThan(30 * TICK_MS);
    // It listens for a whole window again.
    const first = await says(s, VIEW);
    expect(first.atMs - fromMs).toBeGreaterThanOrEqual(1500 - TICK_MS);
  });

  thoroughly("has a name that was typed just before on its disk", async () => {
    const s = await remembering({});
    await s.node.enter("hostname late; cloud stop", PROMPT);
    await s.lab.advance("1s");
    expect(objectOf(s, "cluster_node")!.subarray(36, 41)).toEqual(new TextEncoder().encode("late\0"));
  });
});

describeThoroughly("a joining node", () => {
  thoroughly("waits for lower ones for four seconds at most, whatever they say", async () => {
    const s = await scene();
    const begunMs = nowMs(s);
    for (let ms = 100; ms < 7000 && s.wire.of(VIEW).length === 0; ms += 100) {
      s.wire.say(hello(LOW));
      await until(s, begunMs + ms);
    }
    const [first] = s.wire.of(VIEW);
    expect(first!.atMs - begunMs).toBeGreaterThanOrEqual(5500 - TICK_MS);
    expect(first!.atMs - begunMs).toBeLessThan(5500 + 250 + 4 * TICK_MS);
  });

  thoroughly("says on the console what it is, at most each 200 ms", async () => {
    const s = await scene();
    expect(s.node.console.text).toMatch(/^cloud: qure-1 10\.0\.2\.15 joining age 1$/m);
    await says(s, HELLO);
    s.wire.say(view(LOWEST, ERA));
    await says(s, REPORT);
    const lines = (): string[] => s.node.console.text.match(/^cloud: .*peers \d+$/gm) ?? [];
    expect(lines()).toEqual([]);
    // The line of its joining is not 200 ms old.
    const times: number[] = [];
    for (let ms = 0; ms < 1500; ms += 10) {
      if (ms % 50 === 0 && ms < 1000)
        s.wire.say({ ...view(LOWEST, ERA), members: [`525400fffe0001${(ms / 50 + 16).toString(16)}`] });
      else if (ms % 200 === 0) s.wire.say(view(LOWEST, ERA));
      const before = lines().length;
      await s.lab.advance("10ms");
      if (lines().length > before) times.push(nowMs(s));
    }
    expect(times.length).toBeGreaterThanOrEqual(5);
    for (const [index, atMs] of times.slice(1).entries())
      expect(atMs - times[index]!).toBeGreaterThanOrEqual(200 - TICK_MS);
    expect(lines().at(-1)).toBe("cloud: qure-1 10.0.2.15 era 5 age 1 peers 21");
    const shown = lines().length;
    await s.node.enter("hostname other", /^cloud: other 10\.0\.2\.15 era 5 age 1 peers 21$/m, { within: "1s" });
    expect(lines()).toHaveLength(shown + 1);
  });
});

describeThoroughly("a node whose own address or cable changes", () => {
  /** The address that a packet says is its sender's. */
  const addressIn = ({ data }: Heard): string => data.subarray(84, 88).join(".");

  async function atPrompt(): Promise<Scene> {
    const s = await founded();
    await s.node.waitFor(PROMPT);
    return s;
  }

  test("packets and the line about the cluster say another address from the moment on that it is the node's", async () => {
    const s = await atPrompt();
    expect(addressIn(s.wire.of(VIEW).at(-1)!)).toBe("10.0.2.15");
    const fromMs = nowMs(s);
    await outputAmong(s.node, "ifconfig eth0 10.0.2.77 255.255.255.0");
    await s.node.waitFor(/^cloud: qure-1 10\.0\.2\.77 era 1 age 1 peers 0$/m, { within: "4s" });
    await s.lab.advance("500ms");
    const views = s.wire.of(VIEW, fromMs + 450);
    expect(views.length).toBeGreaterThan(0);
    expect(new Set(views.map(addressIn))).toEqual(new Set(["10.0.2.77"]));
    expect(new Set(views.map(({ era, session }) => `${era} ${session}`)).size).toBe(1);
  });

  thoroughly("a name that was typed stays when the address is another", async () => {
    const s = await atPrompt();
    await outputAmong(s.node, "hostname tortoise");
    await s.lab.advance("500ms");
    await outputAmong(s.node, "ifconfig eth0 10.0.2.77 255.255.255.0");
    await s.node.waitFor(/^cloud: tortoise 10\.0\.2\.77 era 1 age 1 peers 0$/m, { within: "4s" });
    expect(await outputAmong(s.node, "hostname")).toBe("tortoise\n");
  });

  thoroughly("a member without an address says nothing, and says so to who wants it to", async () => {
    const s = await atPrompt();
    await outputAmong(s.node, "ifconfig eth0 down");
    await s.lab.advance("50ms");
    const fromMs = nowMs(s);
    expect(await outputAmong(s.node, "cloud register; echo status $?")).toBe(
      "cluster: hello could not be sent: no route to this address\nstatus 1\n",
    );
    await s.lab.advance("900ms");
    expect(s.wire.heard.filter(({ atMs }) => atMs > fromMs)).toEqual([]);
  });

  thoroughly("what is started without a cable says hello when it has one, and nothing before that", async () => {
    const s = await atPrompt();
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("300ms");
    await outputAmong(s.node, "cloud stop");
    s.node.cut();
    await s.lab.advance("100ms");
    await outputAmong(s.node, "cloud start");
    await s.lab.advance("500ms");
    const pluggedMs = nowMs(s);
    expect(s.wire.heard.at(-1)!.kind).toBe(BYE);
    s.node.connect();
    const first = await s.lab.until(() => s.wire.heard.find(({ atMs }) => atMs > pluggedMs), "it says nothing");
    expect(first).toMatchObject({ kind: HELLO, to: "239.255.81.82" });
  });

  thoroughly(
    "the station that a view came from is known, though others were heard while the name was written",
    async () => {
      const s = await remembering({ cluster_node: nodeObject({ era: 3, age: 8, eraAge: 5, founder: LOW }) });
      await says(s, HELLO);
      s.node.slowDisk(500);
      s.wire.say(view(LOW, 5, HIGH));
      await s.lab.advance("20ms");
      s.wire.say(report(HIGHEST, 5, HIGH));
      await s.lab.until(() => objectOf(s, "cluster_node")![16] === 5, "it is not written", { within: "9s" });
      s.node.slowDisk(1);
      await s.lab.advance("150ms");
      expect(s.wire.of(REPORT).map(({ to }) => to)).toContain("10.0.2.97");
      expect(await outputAmong(s.node, "arp")).toMatch(/^10\.0\.2\.97 is at 02:00:00:00:00:61 /m);
    },
  );
});
