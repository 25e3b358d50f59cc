/**
 * How a node agrees with others on their era, as strangers on the wire see it: when it says hello, when it founds a
 * cluster, and what it makes of each packet that it hears.
 */
import { describe, expect, test } from "vitest";
import { SparseDisk } from "../../src/index.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { atPrompt } from "../system/booted.ts";
import { boot, DISK_BYTES, images, inState, PROMPT } from "../system/images.ts";
import {
  addressOf,
  bye,
  cloud,
  ERA_AGE,
  ERA_MAXIMUM,
  greeting,
  HIGH,
  HIGHEST,
  hello,
  idBytes,
  isIn,
  joins,
  LOW,
  LOWEST,
  OFFSET_COMPANY,
  OFFSET_FOUNDER,
  remember,
  rememberEra,
  report,
  SAME_HEAD,
  type Scene,
  SELF,
  says,
  scene,
  sceneOf,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import {
  ALONE,
  ASK,
  BYE,
  EVENTS,
  HELLO,
  type Heard,
  JOINING,
  MEMBER,
  OPEN,
  PROBE,
  REPORT,
  type Said,
  VIEW,
} from "./cluster-wire.ts";

/** The session of a stranger's later boot. */
const LATER = "7777777777777777";

describe("a node that hears nobody", () => {
  test("says hello four times a second, and founds a cluster after a second and a half", async () => {
    const s = await scene();
    const begunMs = s.lab.nowNs / 1e6;
    const first = await says(s, VIEW);
    const hellos = s.wire.of(HELLO);
    // The moment is drawn; at once would be a draw that is not made.
    expect(hellos[0]!.atMs - begunMs).toBeGreaterThan(TICK_MS);
    expect(hellos[0]!.atMs - begunMs).toBeLessThan(100 + 2 * TICK_MS);
    for (const [index, { atMs }] of hellos.slice(1).entries()) {
      expect(atMs - hellos[index]!.atMs).toBeGreaterThanOrEqual(250);
      expect(atMs - hellos[index]!.atMs).toBeLessThan(250 + 1.5 * TICK_MS);
    }
    expect(hellos[0]).toMatchObject({ state: JOINING, era: 0, age: 1, id: SELF, founder: "0".repeat(16) });
    expect(first).toMatchObject({ state: MEMBER, era: 1, founder: SELF, members: 1, to: "239.255.81.82" });
    expect(first.atMs - begunMs).toBeGreaterThanOrEqual(1500);
    expect(first.atMs - begunMs).toBeLessThan(1500 + 1.5 * TICK_MS);
    expect(hellos).toHaveLength(6);
    await s.lab.advance("3s");
    expect(s.wire.of(HELLO)).toHaveLength(6);
    expect(await cloud(s)).toBe(isIn(1, SELF, 1));
  });

  thoroughly("founds in the era after the one that it knows", async () => {
    const s = await scene();
    rememberEra(s.node, 41);
    expect((await says(s, HELLO)).era).toBe(41);
    expect(await says(s, VIEW)).toMatchObject({ era: 42, founder: SELF });
  });

  test.each([
    [ERA_MAXIMUM - 1, ERA_MAXIMUM],
    [ERA_MAXIMUM, ERA_MAXIMUM],
  ])("that knows era %i founds era %i: eras end", async (known, founded) => {
    const s = await scene();
    rememberEra(s.node, known);
    expect((await says(s, VIEW)).era).toBe(founded);
  });

  test("says nothing, and founds nothing, after `cloud stop`", async () => {
    const s = await scene();
    await says(s, HELLO);
    s.node.type("cloud stop\n");
    await s.lab.until(() => s.wire.of(BYE).length > 0, "no bye was said");
    const fromMs = s.lab.nowNs / 1e6;
    await s.lab.advance("3s");
    expect(s.wire.heard.filter(({ atMs }) => atMs > fromMs)).toEqual([]);
    expect(await cloud(s)).toBe("joining");
  });
});

describeThoroughly("a hello is needless", () => {
  /** Whether the node says its third hello, when strangers say things so long before it. */
  async function isSaid(said: readonly { readonly ms: number; readonly packet: Said }[], era = 0): Promise<boolean> {
    const s = await scene();
    if (era > 0) rememberEra(s.node, era);
    const dueMs = (await says(s, HELLO)).atMs + 2 * (250 + TICK_MS);
    for (const { ms, packet } of said) {
      // A little after the clock's step.
      await until(s, dueMs - ms + 2);
      s.wire.say(packet);
    }
    await until(s, dueMs + 2);
    return s.wire.of(HELLO, dueMs - 2).length > 0;
  }

  test.each([
    ["a lower node has just said one", false, 0, [{ ms: 100, packet: hello(LOW) }]],
    ["that was 290 ms ago", false, 0, [{ ms: 290, packet: hello(LOW) }]],
    ["but not when it was 300 ms ago", true, 0, [{ ms: 300, packet: hello(LOW) }]],
    ["not after a higher node's", true, 0, [{ ms: 100, packet: hello(HIGH) }]],
    ["when the other knows the same era", false, 5, [{ ms: 100, packet: hello(LOW, 5) }]],
    ["when it knows a later one", false, 5, [{ ms: 100, packet: hello(LOW, 6) }]],
    ["not when it knows an earlier one", true, 5, [{ ms: 100, packet: hello(LOW, 4) }]],
    [
      "when the second of two lower nodes says it all",
      false,
      5,
      [
        { ms: 100, packet: hello(LOWEST, 4) },
        { ms: 90, packet: hello(LOW, 5) },
      ],
    ],
    [
      "when only the first of two was heard lately",
      false,
      0,
      [
        { ms: 400, packet: hello(LOW) },
        { ms: 100, packet: hello(LOWEST) },
      ],
    ],
    [
      "when only the second was",
      false,
      0,
      [
        { ms: 400, packet: hello(LOWEST) },
        { ms: 100, packet: hello(LOW) },
      ],
    ],
    [
      "not when the lower node has said bye",
      true,
      0,
      [
        { ms: 100, packet: hello(LOW) },
        { ms: 50, packet: bye(LOW) },
      ],
    ],
  ] as const)("%s", async (_name, said, era, packets) => {
    expect(await isSaid(packets, era)).toBe(said);
  });
});

describeThoroughly("who founds", () => {
  /**
   * Says hellos so long before the node's window ends: when the node founds, in ms after that, and what it says then.
   */
  async function founds(
    said: readonly { readonly ms: number; readonly packet: Said }[],
    era = 0,
  ): Promise<{ lateMs: number; view: Heard }> {
    const s = await scene();
    if (era > 0) rememberEra(s.node, era);
    const endMs = s.lab.nowNs / 1e6 + 1500 + TICK_MS - 1;
    for (const { ms, packet } of said) {
      await until(s, endMs - ms + 2);
      s.wire.say(packet);
    }
    const view = await says(s, VIEW);
    return { lateMs: view.atMs - endMs, view };
  }

  test.each([
    ["a higher node does not keep it", [{ ms: 100, packet: hello(HIGH) }]],
    ["nor one that is higher in its last bytes", [{ ms: 100, packet: hello("525400fffea4cb01") }]],
    [
      "nor a lower one that left",
      [
        { ms: 200, packet: hello(LOW) },
        { ms: 100, packet: bye(LOW) },
      ],
    ],
    ["nor a lower one that was silent for a second", [{ ms: 1000, packet: hello(LOW) }]],
  ] as const)("%s", async (_name, said) => {
    expect((await founds(said)).lateMs).toBeLessThan(2 * TICK_MS);
  });

  test.each([
    ["a lower node", 100, [{ ms: 100, packet: hello(LOW) }]],
    ["one that is lower in its last byte", 100, [{ ms: 100, packet: hello(SAME_HEAD) }]],
    ["one that it heard 990 ms ago", 990, [{ ms: 990, packet: hello(LOW) }]],
    [
      "a lower node that was heard after a higher one",
      100,
      [
        { ms: 120, packet: hello(HIGH) },
        { ms: 100, packet: hello(LOW) },
      ],
    ],
    [
      "the second of two",
      100,
      [
        { ms: 300, packet: hello(LOWEST) },
        { ms: 200, packet: bye(LOWEST) },
        { ms: 100, packet: hello(LOW) },
      ],
    ],
  ] as const)("%s keeps it until a second after its hello", async (_name, ms, said) => {
    const { lateMs, view } = await founds(said);
    expect(lateMs).toBeGreaterThanOrEqual(1000 - ms);
    // It looks again when it says hello.
    expect(lateMs).toBeLessThan(1000 - ms + 250 + 2 * TICK_MS);
    expect(view).toMatchObject({ era: 1, founder: SELF });
  });

  test.each([
    ["its own", 9, [{ ms: 100, packet: hello(HIGH, 7) }], 10],
    ["that of one who joins too", 3, [{ ms: 100, packet: hello(HIGH, 7) }], 8],
    [
      "the largest of several",
      0,
      [
        { ms: 120, packet: hello(HIGH, 4) },
        { ms: 110, packet: hello(HIGHEST, 6) },
      ],
      7,
    ],
    [
      "the largest, though it came first",
      0,
      [
        { ms: 120, packet: hello(HIGH, 6) },
        { ms: 110, packet: hello(HIGHEST, 4) },
      ],
      7,
    ],
    ["not that of one who was silent for a second", 3, [{ ms: 1000, packet: hello(HIGH, 7) }], 4],
    ["that of one who spoke 990 ms ago", 3, [{ ms: 990, packet: hello(HIGH, 7) }], 8],
    [
      "not that of one who left",
      3,
      [
        { ms: 120, packet: hello(HIGH, 7) },
        { ms: 110, packet: bye(HIGH) },
      ],
      4,
    ],
  ] as const)("the era follows %s", async (_name, known, said, era) => {
    expect((await founds(said, known)).view).toMatchObject({ era, founder: SELF });
  });
});

describeThoroughly("a node that had company in its last era", () => {
  test.each([
    ["and hears nobody founds its era alone", ALONE, []],
    ["is not alone when another joins", 0, [{ ms: 100, packet: hello(HIGH) }]],
    [
      "nor when the second that it hears does",
      0,
      [
        { ms: 120, packet: hello(HIGH) },
        { ms: 110, packet: hello(HIGHEST) },
        { ms: 100, packet: bye(HIGH) },
      ],
    ],
    ["is alone when the other was silent for a second", ALONE, [{ ms: 1000, packet: hello(HIGH) }]],
  ] as const)("%s", async (_name, flag, said) => {
    const s = await scene();
    rememberEra(s.node, 4);
    remember(s.node, OFFSET_COMPANY, Uint8Array.of(1, 0, 0, 0));
    const endMs = s.lab.nowNs / 1e6 + 1500 + TICK_MS - 1;
    for (const { ms, packet } of said) {
      await until(s, endMs - ms + 2);
      s.wire.say(packet);
    }
    const first = await says(s, VIEW);
    expect(first).toMatchObject({ era: 5, founder: SELF });
    expect(first.flags & ALONE).toBe(flag);
  });
});

describe("a joining node", () => {
  test.each(
    rowsOf(
      [
        ["a view", 3, view(HIGH, 5, LOWEST), isIn(5, LOWEST)],
        ["a report", 3, report(HIGH, 5, LOWEST), isIn(5, LOWEST)],
        ["a member's hello", 3, greeting(HIGH, 5, LOWEST), isIn(5, LOWEST)],
        ["a view in its own era", 5, view(LOW, 5, HIGHEST), isIn(5, HIGHEST, ERA_AGE)],
        ["a view in an earlier era", 8, view(LOW, 5, HIGHEST), isIn(8, HIGHEST, ERA_AGE)],
      ] as const,
      3,
    ),
  )("becomes a member by %s", async (_name, known, packet, expected) => {
    const s = await scene();
    rememberEra(s.node, known);
    await says(s, HELLO);
    s.wire.say(packet);
    await s.lab.advance("100ms");
    expect(await cloud(s)).toBe(expected);
    const hellos = s.wire.of(HELLO).length;
    await s.lab.advance("600ms");
    expect(s.wire.of(HELLO)).toHaveLength(hellos);
  });

  test.each([
    ["a joining node's hello", hello(HIGH, 5)],
    ["a member's bye", { ...report(LOW, 5), kind: BYE }],
  ] as const)("stays so after %s", async (_name, packet) => {
    const s = await scene();
    await says(s, HELLO);
    s.wire.say(packet);
    await s.lab.advance("100ms");
    expect(await cloud(s)).toBe("joining");
  });

  test("reports to the one whose view it took", async () => {
    const s = await scene();
    await says(s, HELLO);
    const atMs = s.lab.nowNs / 1e6;
    s.wire.say(view(LOW, 5, HIGHEST));
    const first = await says(s, REPORT);
    expect(first).toMatchObject({ state: MEMBER, era: 5, founder: HIGHEST, to: "10.0.2.97" });
    expect(first.atMs - atMs).toBeLessThan(100 + 2 * TICK_MS);
    // It names the session that it answers: so the coordinator knows that this is no recording.
    for (const { data } of s.wire.of(REPORT))
      expect(data.subarray(88, 96)).toEqual(Uint8Array.of(...idBytes(LOW).subarray(0, 4), 1, 0, 0, 0));
    expect(s.wire.of(VIEW)).toHaveLength(0);
  });

  thoroughly("that became a member by a report waits 850 ms for a coordinator, then is one", async () => {
    const s = await scene();
    await says(s, HELLO);
    const atMs = s.lab.nowNs / 1e6;
    s.wire.say(report(LOW, 5, HIGHEST));
    const first = await says(s, VIEW, "6s");
    expect(first).toMatchObject({ era: 5, founder: HIGHEST });
    expect(first.atMs - atMs).toBeGreaterThanOrEqual(840);
    expect(first.atMs - atMs).toBeLessThan(850 + 2 * TICK_MS);
    expect(s.wire.of(REPORT)).toHaveLength(0);
  });
});

describe("a member that coordinates", () => {
  /** The node founded a cluster in era 5 with `founder`; the views that follow a new coordinator are over. */
  async function member(founder: string): Promise<Scene> {
    const lab = await inState("coordinates in era 5", async () => {
      const founding = await joins();
      rememberEra(founding.nodes[0]!, 4);
      await founding.nodes[0]!.waitFor(/^cloud: \S+ \S+ era 5 /m);
      await founding.advance("560ms");
      return founding;
    });
    const s = sceneOf(lab);
    remember(s.node, OFFSET_FOUNDER, idBytes(founder));
    s.wire.present = Buffer.from(s.node.readMemory(addressOf("trust_session"), 8)).toString("hex");
    return s;
  }

  /** What the node says within 200 ms after hearing a packet. */
  async function answersTo(s: Scene, packet: Said): Promise<Heard[]> {
    const fromMs = s.lab.nowNs / 1e6;
    s.wire.say(packet);
    await s.lab.advance("200ms");
    return s.wire.heard.filter(({ atMs, kind }) => atMs > fromMs && kind !== PROBE && kind !== EVENTS);
  }

  test.each(
    rowsOf(
      [
        ["in a higher era", SELF, report(HIGH, 6, HIGHEST), isIn(6, HIGHEST)],
        ["by a lower founder", SELF, report(HIGH, 5, LOWEST), isIn(5, LOWEST)],
        ["by one that is lower in its last bytes", SELF, report(HIGH, 5, SAME_HEAD), isIn(5, SAME_HEAD)],
        [
          "by one that is lower in its first bytes",
          SELF,
          report(HIGH, 5, "515400fffea4caff"),
          isIn(5, "515400fffea4caff"),
        ],
      ] as const,
      2,
    ),
  )("goes on under a better name: %s", async (_name, founder, packet, expected) => {
    const s = await member(founder);
    const answers = await answersTo(s, packet);
    expect(await cloud(s)).toBe(expected);
    const [, era, name] = /era (\d+), founded by (\S+),/.exec(expected)!;
    expect(answers[0]).toMatchObject({ kind: VIEW, era: Number(era), founder: name });
  });

  test("follows the coordinator whose view has a better name", async () => {
    const s = await member(SELF);
    const answers = await answersTo(s, view(HIGH, 6, HIGHEST));
    expect(await cloud(s)).toBe(isIn(6, HIGHEST));
    // It is the coordinator, and the next in the ring.
    for (const { kind, to } of answers) expect({ kind, to }).toEqual({ kind: REPORT, to: "10.0.2.99" });
    await s.lab.advance("600ms");
    expect(s.wire.of(VIEW, answers[0]!.atMs)).toEqual([]);
  });

  test.each(
    rowsOf(
      [
        ["a lower era", report(HIGH, 4, LOWEST)],
        ["a higher founder", report(HIGH, 5, HIGHEST)],
        ["a view in a lower era", view(LOW, 4, LOWEST)],
        ["a view with a higher founder", view(LOW, 5, HIGHEST)],
        ["a joining node's hello, whatever it knows", hello(LOW, 9)],
        ["a hello in its own cluster", greeting(HIGH, 5, SELF)],
      ] as const,
      2,
    ),
  )("answers %s, each time", async (_name, packet) => {
    const s = await member(SELF);
    for (let time = 1; time <= 2; time++) {
      const answers = await answersTo(s, packet);
      expect(answers.map(({ kind, era, founder }) => ({ kind, era, founder }))).toEqual([
        { kind: VIEW, era: 5, founder: SELF },
      ]);
    }
    expect(await cloud(s)).toBe(isIn(5, SELF));
  });

  thoroughly("says nothing when it hears a report in its own cluster again, or a bye", async () => {
    const s = await member(SELF);
    expect(await answersTo(s, report(HIGH, 5, SELF))).toMatchObject([{ kind: VIEW, members: 2 }]);
    expect(await answersTo(s, report(HIGH, 5, SELF))).toEqual([]);
    expect(await answersTo(s, { ...report(HIGH, 5, SELF), kind: BYE })).toMatchObject([{ kind: VIEW, members: 1 }]);
    expect(await answersTo(s, { ...report(HIGH, 5, SELF), kind: BYE })).toEqual([]);
  });

  test("sends all of its view to a member that asks, and to no stranger", async () => {
    const s = await member(SELF);
    await answersTo(s, report(HIGH, 5, SELF));
    expect(await answersTo(s, { ...report(HIGH, 5, SELF), flags: ASK })).toMatchObject([
      { kind: VIEW, to: "10.0.2.99" },
    ]);
    await answersTo(s, report(LOW, 4, LOW));
    expect(await answersTo(s, { ...report(LOW, 4, LOW), flags: ASK })).toMatchObject([
      { kind: VIEW, to: "239.255.81.82" },
    ]);
  });

  thoroughly("yields to a lower coordinator of the same name, and answers a higher one", async () => {
    const s = await member(SELF);
    await answersTo(s, view(HIGH, 5, SELF));
    expect(await answersTo(s, view(HIGH, 5, SELF))).toMatchObject([{ kind: VIEW, founder: SELF }]);
    // It reports to the next in the ring, too, whose MAC address its id tells.
    expect(await answersTo(s, view(LOW, 5, SELF))).toMatchObject([
      { kind: REPORT, to: "10.0.2.99" },
      { kind: REPORT, to: "10.0.2.97" },
    ]);
  });

  thoroughly("vouches for nobody of its old cluster under a new name", async () => {
    const s = await member(SELF);
    expect(await answersTo(s, report(HIGH, 5, SELF))).toMatchObject([{ kind: VIEW, members: 2 }]);
    const answers = await answersTo(s, report(LOW, 6, LOWEST));
    expect(answers[0]).toMatchObject({ kind: VIEW, era: 6, members: 2 });
  });

  thoroughly("makes nothing of a name that was founded alone, unless it is its own", async () => {
    const s = await member(SELF);
    const alone = { ...report(HIGH, 9, HIGHEST), flags: ALONE };
    expect(await answersTo(s, alone)).toMatchObject([{ kind: VIEW, era: 5, founder: SELF }]);
    expect(await cloud(s)).toBe(isIn(5, SELF));
    expect(await answersTo(s, { ...report(LOW, 5, SELF), flags: ALONE })).toMatchObject([{ kind: VIEW, members: 2 }]);
    // What it heard of them does not change what it makes of others.
    await answersTo(s, report(HIGH, 6, HIGHEST));
    expect(await cloud(s)).toBe(isIn(6, HIGHEST));
  });

  test("goes on under its own name, that it founded alone, beside one that says it is not alone", async () => {
    const s = await scene();
    rememberEra(s.node, 4);
    remember(s.node, OFFSET_COMPANY, Uint8Array.of(1, 0, 0, 0));
    expect((await says(s, VIEW)).flags & ALONE).toBe(ALONE);
    expect(await answersTo(s, view(HIGH, 5, SELF))).toMatchObject([{ kind: VIEW, era: 5, founder: SELF }]);
    expect(await cloud(s)).toBe(isIn(5, SELF));
  });

  test("believes a boot that was proven to it, though a coordinator lists an earlier one", async () => {
    const s = await member(SELF);
    await answersTo(s, report(HIGH, 5, SELF));
    await answersTo(s, { ...report(HIGH, 5, SELF), session: LATER });
    await answersTo(s, { ...view(LOW, 5, SELF), members: [HIGH] });
    await answersTo(s, { ...view(HIGH, 6, HIGHEST), session: LATER });
    expect(await cloud(s)).toBe(isIn(6, HIGHEST));
  });

  test("so it does when a list told it of that boot first, which has spoken to it since", async () => {
    const s = await member(SELF);
    await answersTo(s, report(HIGH, 5, SELF));
    await answersTo(s, { ...view(LOW, 5, SELF), members: [`${HIGH} ${LATER}`] });
    await answersTo(s, { ...report(HIGH, 5, SELF), session: LATER });
    await answersTo(s, { ...view(LOW, 5, SELF), members: [HIGH] });
    await answersTo(s, { ...view(HIGH, 6, HIGHEST), session: LATER });
    expect(await cloud(s)).toBe(isIn(6, HIGHEST));
  });

  thoroughly("does not give its name up for one who leaves", async () => {
    const s = await member(SELF);
    await answersTo(s, { ...report(LOW, 9, LOWEST), kind: BYE });
    expect(await cloud(s)).toBe(isIn(5, SELF));
  });
});

thoroughly(
  "era and founder are on disk before the node names them, and are not written again for the same cluster",
  async () => {
    const lab = await inState("no address yet, with a disk", async () => {
      const disk = new SparseDisk(DISK_BYTES, {});
      const booted = boot({ nodes: [{ cdrom: images().iso, disk }] });
      const node = booted.nodes[0]!;
      await node.waitFor(PROMPT);
      await node.enter("fdisk hda init", /Are you sure\? Type 'Yes' if so: $/);
      await node.enter("Yes", /Are you really sure\? Type 'Yes' if so: $/);
      await node.enter("Yes", PROMPT, { within: "120s" });
      await node.enter("mkfs -t oofs hda0", PROMPT);
      await node.enter("reboot", /QuRe loader: .* of drive 80h/);
      await node.waitFor(PROMPT);
      return booted;
    });
    const s = sceneOf(lab);
    const known = await says(s, HELLO);
    expect(known).toMatchObject({ flags: OPEN, era: 0 });
    s.wire.say(view(LOW, 5, HIGHEST));
    await lab.until(() => s.wire.heard.at(-1)!.era === 5, "the era was not taken");
    s.node.powerOff();
    await lab.advance("1ms"); // what it had just said arrives
    s.node.powerOn();
    await s.node.waitFor(PROMPT);
    const from = s.wire.heard.length;
    await lab.until(() => s.wire.heard.length > from, "no hello was said");
    expect(s.wire.heard.at(-1)).toMatchObject({ kind: HELLO, state: JOINING, era: 5, age: known.age + 1 });
    // From here on a write takes seconds: a name that is on disk already needs none.
    s.node.slowDisk(10_000);
    s.wire.say(view(LOW, 5, HIGHEST));
    await lab.advance("500ms");
    expect(await cloud(s)).toBe(isIn(5, HIGHEST, known.age));
    const before = Buffer.from((s.node.disk as SparseDisk).content());
    const reports = s.wire.of(REPORT).length;
    s.wire.say(view(LOWEST, 5, LOWEST));
    await lab.advance("200ms");
    expect(
      s.wire
        .of(REPORT)
        .slice(reports)
        .filter(({ to }) => to === "10.0.2.98"),
    ).toEqual([]);
    await lab.advance("300ms");
    expect(await cloud(s)).toBe(isIn(5, HIGHEST, known.age));
    s.node.slowDisk(1);
    await lab.advance("10s");
    s.wire.say(view(LOW, 5, LOWEST));
    await lab.advance("500ms");
    expect(await cloud(s)).toBe(isIn(5, LOWEST, known.age));
    expect(before.equals((s.node.disk as SparseDisk).content())).toBe(false);
  },
);

test("a node without an address decides nothing", async () => {
  const s = sceneOf(await atPrompt());
  s.wire.say(report(LOW, 5));
  await s.lab.advance("20ms");
  expect(await cloud(s)).toBe("waiting");
  expect((await says(s, HELLO)).state).toBe(JOINING);
});
