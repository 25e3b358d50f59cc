/**
 * Requests to reboot (docs/protocols/cluster.md): which the node obeys, what it answers, and how `cloud reboot all`
 * goes from one member to the next.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { Counts } from "../net/packet-wire.ts";
import {
  addressOf,
  founded,
  HIGH,
  idBytes,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  TICK_MS,
} from "./agreement-scene.ts";
import { BYE, HEADER_BYTES, type Heard, type Said } from "./cluster-wire.ts";
import { foundedWithKey } from "./keyed-node.ts";

const REBOOT = 5;
const REBOOT_ANSWER = 6;
const [REBOOTS, REFUSED, STALE] = [0, 1, 2] as const;
const NUMBER = 0x01020304;
/** In the object cluster_node. */
const [VARIABLE_AT, VARIABLE_BYTES] = [68, 8];

const dwordOf = ({ data }: Heard, at: number): number => new DataView(data.buffer, data.byteOffset).getUint32(at, true);

interface Target {
  readonly id?: string;
  readonly era?: number;
  readonly age?: number;
}

/** HIGH asks somebody to reboot: the node itself where nothing else is said. */
function request({ id = SELF, era = 1, age = 1 }: Target = {}): Said {
  const rest = new Uint8Array(16);
  rest.set(idBytes(id));
  const fields = new DataView(rest.buffer);
  fields.setUint32(8, era, true);
  fields.setUint32(12, age, true);
  return { ...report(HIGH, 1, SELF), kind: REBOOT, request: NUMBER, rest };
}

/** A node that has a member beside it, and a value of the variable cloud.reboot; null: none was typed. */
async function target(isOpen: boolean, allowed: string | null): Promise<Scene> {
  const s = isOpen ? await founded() : await foundedWithKey();
  s.wire.appear(HIGH);
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("300ms");
  await s.node.waitFor(PROMPT);
  if (allowed !== null) await s.node.enter(`set cloud.reboot ${allowed}`, PROMPT);
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("20ms");
  return s;
}

/** What the user typed, what is asked, and what becomes of it. */
const ASKED: readonly (readonly [string, boolean, string | null, Target, number])[] = [
  ["refused in an open cluster", true, null, {}, REFUSED],
  ["refused there where the user said no", true, "no", {}, REFUSED],
  ["refused there where the user said neither", true, "yess", {}, REFUSED],
  ["obeyed there where the user said yes", true, "yes", {}, REBOOTS],
  ["not taken with another era", true, "yes", { era: 2 }, STALE],
  ["not taken with another age", true, "yes", { age: 2 }, STALE],
  ["refused before its era is looked at", true, "no", { era: 2 }, REFUSED],
  ["obeyed where there is a key", false, null, {}, REBOOTS],
  ["obeyed there where the user said neither", false, "noo", {}, REBOOTS],
  ["refused there where the user said no", false, "no", {}, REFUSED],
  ["not taken there with another era", false, null, { era: 0x101 }, STALE],
  ["not taken there with another age", false, null, { age: 0x10001 }, STALE],
];

describe("a request to reboot", () => {
  test.each(rowsOf(ASKED, 1))("is %s", async (_what, isOpen, allowed, who, result) => {
    const s = await target(isOpen, allowed);
    const counts = new Counts(s.node);
    const before = counts.read().get("cloud requests to reboot")!;
    s.wire.say(request(who));
    const answer = await says(s, REBOOT_ANSWER);
    expect(answer.to).toBe("10.0.2.99");
    expect(dwordOf(answer, 20)).toBe(NUMBER);
    expect(Buffer.from(answer.data.subarray(88, 92)).toString("hex")).toBe(HIGH.slice(0, 8));
    expect([...answer.data.subarray(HEADER_BYTES)]).toEqual([...idBytes(HIGH), result, 0, 0, 0, 0, 0, 0, 0]);
    expect(counts.read().get("cloud requests to reboot")! - before).toBe(1);
    const said =
      result === REBOOTS ? "rebooting, as stranger 10.0.2.99 asked" : "refused to reboot for stranger 10.0.2.99";
    await s.node.waitFor(`cluster: ${said}\n`, { within: "50ms" });
    if (result === REBOOTS) {
      expect((await says(s, BYE)).atMs).toBeGreaterThanOrEqual(answer.atMs);
      await s.node.waitFor(/QuRe loader/, { within: "2s" });
    } else {
      await s.lab.advance("300ms");
      expect(s.wire.of(BYE)).toHaveLength(0);
    }
  });

  thoroughly("to another node is nothing to this one", async () => {
    const s = await target(true, "yes");
    const counts = new Counts(s.node);
    const before = counts.read().get("cloud requests to reboot")!;
    for (const id of [LOW, "525400fffea4ca00", "535400fffea4caff"]) s.wire.say(request({ id }));
    await s.lab.advance("200ms");
    expect(s.wire.of(REBOOT_ANSWER)).toHaveLength(0);
    expect(counts.read().get("cloud requests to reboot")).toBe(before);
  });
});

thoroughly("what the user says is kept with the node, unless it is too long to be yes or no", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const kept = async (command: string): Promise<string> => {
    await s.node.enter(command, PROMPT);
    await s.lab.advance("500ms");
    const bytes = s.node.readMemory(addressOf("node") + VARIABLE_AT, VARIABLE_BYTES);
    return Buffer.from(bytes).toString("latin1").replace(/\0+$/, "");
  };
  expect(await kept("set cloud.reboot surely!!")).toBe("");
  expect(await kept("set cloud.reboot perhaps")).toBe("perhaps");
  expect(await kept("set cloud.reboot certainly")).toBe("perhaps");
  expect(await kept("set cloud.reboot no")).toBe("no");
  expect(await kept("set cloud.reboot yes")).toBe("yes");
  expect(await kept("set cloud.reboot")).toBe("");
});

describeThoroughly("cloud reboot all", () => {
  const addresses = new Map([
    [LOWEST, "10.0.2.98"],
    [LOW, "10.0.2.97"],
    [HIGH, "10.0.2.99"],
  ]);

  /** The node among three members, which live; it was told to have all reboot. */
  async function begun(): Promise<{
    s: Scene;
    live: (ms: number, ids?: readonly string[]) => Promise<void>;
    sessions: Map<string, string>;
  }> {
    const s = await founded();
    const sessions = new Map([...addresses.keys()].map((id) => [id, id]));
    for (const id of addresses.keys()) s.wire.appear(id);
    const live = async (ms: number, ids: readonly string[] = [...addresses.keys()]): Promise<void> => {
      for (let left = ms; left > 0; left -= 100) {
        if (left % 200 === 0) for (const id of ids) s.wire.say({ ...report(id, 1, SELF), session: sessions.get(id)! });
        await s.lab.advance("100ms");
      }
    };
    await live(600);
    await s.node.waitFor(PROMPT);
    s.node.type("cloud reboot all; echo status $?\n");
    return { s, live, sessions };
  }

  const asked = (s: Scene): string[] => [...new Set(s.wire.of(REBOOT).map(({ to }) => to))];

  function answers(s: Scene, id: string, result: number, session: string): void {
    const rest = new Uint8Array(16);
    rest.set(idBytes(SELF));
    rest[8] = result;
    const number = dwordOf(s.wire.of(REBOOT).at(-1)!, 20);
    s.wire.say({ ...report(id, 1, SELF), session, kind: REBOOT_ANSWER, request: number, rest });
  }

  test("asks one after the other, by id, each when the one before is a member in another boot, and goes last", async () => {
    const { s, live, sessions } = await begun();
    const done: string[] = [];
    for (const [id, address] of addresses) {
      await s.lab.until(() => asked(s).includes(address), `${id} is not asked`, { within: "400ms" });
      done.push(address);
      expect(asked(s)).toEqual(done);
      answers(s, id, REBOOTS, sessions.get(id)!);
      await s.node.waitFor("stranger reboots\n", { within: "50ms" });
      const others = [...addresses.keys()].filter((other) => other !== id);
      // It lives on for a while, says goodbye, and is away.
      await live(400);
      s.wire.say({ ...report(id, 1, SELF), session: sessions.get(id)!, kind: BYE });
      await live(1000, others);
      expect(asked(s)).toEqual(done);
      sessions.set(id, `99999999999999${id.slice(-2)}`);
      await live(200);
      await s.node.waitFor("stranger is back\n", { within: "120ms" });
    }
    await s.node.waitFor("now this node\n", { within: "400ms" });
    await says(s, BYE);
    await s.node.waitFor(/QuRe loader/, { within: "2s" });
  });

  test("ends with the first that refuses: the others stay as they are", async () => {
    const { s, live } = await begun();
    await s.lab.until(() => asked(s).length > 0, "nobody is asked", { within: "400ms" });
    answers(s, LOWEST, REFUSED, LOWEST);
    await s.node.waitFor(/^stranger refuses: its variable cloud\.reboot does not allow it\nstatus 1$/m, {
      within: "80ms",
    });
    await live(500);
    expect(asked(s)).toEqual(["10.0.2.98"]);
  });

  test("ends with the first that is not back within a minute", async () => {
    const { s, live } = await begun();
    await s.lab.until(() => asked(s).length > 0, "nobody is asked", { within: "400ms" });
    answers(s, LOWEST, REBOOTS, LOWEST);
    const fromMs = nowMs(s);
    // It lives, and in the same boot.
    await live(59_800);
    expect(s.node.console.text).not.toContain("come back");
    await live(400);
    expect(s.node.console.text).toMatch(
      /^cluster: stranger does not come back; the others stay as they are\nstatus 1$/m,
    );
    expect(nowMs(s) - fromMs).toBeLessThan(60_000 + 40 * TICK_MS);
    expect(asked(s)).toEqual(["10.0.2.98"]);
  });

  test("asks three times whoever does not answer, each 700 ms, and ends", async () => {
    const { s, live } = await begun();
    await live(2600);
    const times = s.wire.of(REBOOT).map(({ atMs }) => atMs);
    expect(times).toHaveLength(3);
    for (const [index, atMs] of times.slice(1).entries()) {
      expect(atMs - times[index]!).toBeGreaterThanOrEqual(700);
      expect(atMs - times[index]!).toBeLessThan(700 + 2 * TICK_MS);
    }
    expect(s.node.console.text).toMatch(/^stranger does not answer\nstatus 1$/m);
  });
});

thoroughly("cloud reboot says by its status whether the node reboots", async () => {
  const s = await founded();
  s.wire.say(report(HIGH, 1, SELF));
  await s.lab.advance("300ms");
  await s.node.waitFor(PROMPT);
  expect(await outputAmong(s.node, "cloud reboot 10.0.2.98; echo status $?")).toBe(
    "cluster: no other node that is alive has the name or address 10.0.2.98\nstatus 1\n",
  );
});

thoroughly("a name is that of the one member that lives and has it; an address is one member's", async () => {
  const s = await founded();
  for (const id of [LOW, HIGH]) s.wire.appear(id);
  const asked = async (target: string): Promise<string[]> => {
    for (const id of [HIGH, ...living]) s.wire.say(report(id, 1, SELF));
    await s.lab.advance("60ms");
    const fromMs = nowMs(s);
    const said = await outputAmong(s.node, `cloud reboot ${target}`);
    return s.wire.of(REBOOT, fromMs).length === 0
      ? [said]
      : [...new Set(s.wire.of(REBOOT, fromMs).map(({ to }) => to))];
  };
  let living: readonly string[] = [LOW];
  await s.node.waitFor(PROMPT);
  expect((await asked("stranger"))[0]).toContain("several nodes have this name: give an address");
  expect(await asked("10.0.2.99")).toEqual(["10.0.2.99"]);
  expect(await asked("10.0.2.97")).toEqual(["10.0.2.97"]);
  living = [];
  s.wire.say({ ...report(LOW, 1, SELF), kind: BYE });
  await s.lab.advance("20ms");
  expect(await asked("stranger")).toEqual(["10.0.2.99"]);
  for (const target of [
    "10.0.2.97",
    "strange",
    "strangers",
    "0.0.0.0",
    "qure-1",
    "10.0.2.15",
    "10.0.2.99x",
    "10.0.2.99.1",
  ])
    expect((await asked(target))[0]).toContain(
      `cluster: no other node that is alive has the name or address ${target}\n`,
    );
});
