/**
 * How a service address goes from one member to another, or does not (docs/protocols/cluster.md, "Service addresses"):
 * by goodbyes and requests, past other machines, and past a holder that stood still.
 */
import { describe, expect, test } from "vitest";
import {
  arpBytes,
  ETHERTYPE_ARP,
  ethernetFrame,
  get16,
  parseArp,
  parseIpv4,
  sameBytes,
} from "../../emulator/ether/packet.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import {
  founded,
  HIGH,
  HIGHEST,
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
import { BYE, PROBE, type Said } from "./cluster-wire.ts";
import {
  ADDRESS,
  HOLD,
  hands,
  holding,
  holds,
  isBefore,
  live,
  MOVE,
  NEXT_MS,
  PROBE_MS,
  RELEASE,
  SILENCE_MS,
} from "./holder-scene.ts";

const TEXT = ADDRESS.join(".");
const HEALTH_MS = 100;
const GRACE_MS = 500;
const CHECK_MS = 20;
const REFUSALS = 10;
const LEASE_MS = 250;
const GIVEN_UP = /10\.0\.2\.50 is given up/;

const targetOf = (data: Uint8Array): string => Buffer.from(data.subarray(128, 136)).toString("hex");
const member = (last: number): string => `525400fffe0000${last.toString(16)}`;
/** The member that is first in the row for the address. */
const firstOf = (ids: readonly string[]): string => ids.reduce((best, id) => (isBefore(id, best) ? id : best));

/** The node has handed the address to LOW, which says that it holds it. */
async function lost(others: readonly string[] = []): Promise<Awaited<ReturnType<typeof holding>>> {
  const found = await holding();
  await live(found.s, [LOW, ...others], 200);
  holds(found.s, LOW);
  await found.s.node.waitFor(GIVEN_UP);
  return found;
}

/** LOW goes on to hold it for so long. */
async function held(s: Scene, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 90) {
    holds(s, LOW);
    await live(s, [LOW], 90);
  }
}

/** Another machine, which is no member and answers for the address while it is there. */
function neighbour(s: Scene): { isThere: boolean } {
  const state = { isThere: true };
  const mac = Uint8Array.of(2, 0, 0, 0, 9, 9);
  s.lab.plug("neighbour").answer((frame) => {
    const arp = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
    if (!state.isThere || arp?.operation !== 1 || !sameBytes(arp.targetIp, parseIpv4(TEXT))) return [];
    const reply = {
      operation: 2,
      senderMac: mac,
      senderIp: arp.targetIp,
      targetMac: arp.senderMac,
      targetIp: arp.senderIp,
    };
    return [ethernetFrame(arp.senderMac, mac, ETHERTYPE_ARP, arpBytes(reply))];
  });
  return state;
}

describe("a holder that leaves", () => {
  test.each(
    rowsOf<[string, string[]]>(
      [
        ["the first of three by id", [member(0x61), member(0x62), member(0x63)]],
        ["another of three", [member(0x64), member(0x65), member(0x66)]],
        ["one of many", Array.from({ length: 12 }, (_, index) => member(0x70 + index))],
      ],
      1,
    ),
  )("gives the address to the first in the row: %s", async (_which, ids) => {
    const { s } = await holding();
    await live(s, ids, 300);
    await s.node.waitFor(PROMPT);
    const fromMs = nowMs(s);
    s.node.type("cloud stop\n");
    const { atMs } = await says(s, BYE);
    const releases = s.wire.of(RELEASE, fromMs);
    expect(releases).toHaveLength(1);
    expect(targetOf(releases[0]!.data)).toBe(firstOf(ids));
    expect([...releases[0]!.data.subarray(136)]).toEqual([...ADDRESS, 0, 0, 0, 0]);
    expect(releases[0]!.to).toBe("239.255.81.82");
    expect(releases[0]!.atMs).toBeLessThanOrEqual(atMs);
    await s.lab.advance("200ms");
    expect(s.node.console.text.match(/10\.0\.2\.50 is given up/g)).toHaveLength(1);
    expect(s.wire.of(HOLD, atMs)).toHaveLength(0);
  });

  thoroughly("names nobody where nobody else lives", async () => {
    const { s } = await holding();
    await s.node.waitFor(PROMPT);
    s.node.type("cloud stop\n");
    await says(s, BYE);
    expect(s.wire.of(RELEASE)).toHaveLength(0);
    expect(s.node.console.text).toMatch(GIVEN_UP);
  });

  thoroughly("gives each of its addresses away, which it named together before", async () => {
    const { s } = await holding();
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud address add 10.0.2.51", PROMPT);
    await s.node.waitFor(/10\.0\.2\.51 is here now/);
    await s.lab.advance("200ms");
    expect([...s.wire.of(HOLD).at(-1)!.data.subarray(128)]).toEqual([10, 0, 2, 50, 10, 0, 2, 51]);
    await live(s, [HIGH], 200);
    const fromMs = nowMs(s);
    s.node.type("cloud stop\n");
    await says(s, BYE);
    const released = s.wire.of(RELEASE, fromMs).map(({ data }) => [targetOf(data), data[139]]);
    expect(released).toEqual([
      [HIGH, 50],
      [HIGH, 51],
    ]);
  });
});

describeThoroughly("of several addresses that another one says it holds", () => {
  const both = [...ADDRESS, 10, 0, 2, 51];
  const says = (s: Scene, id: string, addresses: readonly number[]): void =>
    s.wire.say({ ...report(id, 1, SELF), kind: HOLD, rest: Uint8Array.from(addresses) });

  /** The node holds two. */
  async function holdingTwo(): Promise<Awaited<ReturnType<typeof holding>>> {
    const found = await holding();
    await found.s.node.waitFor(PROMPT);
    await found.s.node.enter("cloud address add 10.0.2.51", PROMPT);
    await found.s.node.waitFor(/10\.0\.2\.51 is here now/);
    await live(found.s, [LOW, HIGH], 200);
    return found;
  }

  test("a member gives up each that it holds too, when the other's id is lower", async () => {
    const { s } = await holdingTwo();
    says(s, LOW, [10, 0, 2, 60, ...both]);
    await s.lab.advance("20ms");
    for (const last of [50, 51]) expect(s.node.console.text).toContain(`cluster: 10.0.2.${last} is given up\n`);
    const fromMs = nowMs(s);
    for (let time = 0; time < 4; time++) {
      says(s, LOW, both);
      await live(s, [HIGH], 80);
    }
    expect(s.wire.of(HOLD, fromMs)).toHaveLength(0);
    await s.node.waitFor(PROMPT);
    expect(await outputAmong(s.node, "cloud address")).toBe(
      "10.0.2.50 mask 255.255.255.0 held by stranger\n10.0.2.51 mask 255.255.255.0 held by stranger\n",
    );
  });

  test("it keeps the other ones", async () => {
    const { s } = await holdingTwo();
    says(s, LOW, [10, 0, 2, 51]);
    await s.lab.advance("120ms");
    expect([...s.wire.of(HOLD).at(-1)!.data.subarray(128)]).toEqual([...ADDRESS]);
    expect(s.node.console.text).not.toMatch(GIVEN_UP);
  });

  test("it goes on with all when the other's id is higher", async () => {
    const { s, arp } = await holdingTwo();
    const fromMs = nowMs(s);
    says(s, HIGH, both);
    await s.lab.advance("25ms");
    expect(arp.filter(({ kind, atMs }) => kind === "announcement" && atMs >= fromMs)).toHaveLength(1);
    expect([...s.wire.of(HOLD, fromMs)[0]!.data.subarray(128)]).toEqual(both);
    expect(s.node.console.text).not.toContain("is given up");
  });

  test("the silence of each counts from when it was heard last", async () => {
    const { s, arp } = await holdingTwo();
    says(s, LOW, both);
    await live(s, [LOW], 100);
    says(s, LOW, [10, 0, 2, 51]);
    const lastMs = nowMs(s) - 100;
    await live(s, [LOW], 250);
    const asked = arp.find(({ kind, atMs }) => kind === "probe" && atMs > lastMs)!;
    expect(asked.atMs - lastMs).toBeGreaterThanOrEqual(SILENCE_MS - TICK_MS);
    expect(asked.atMs - lastMs).toBeLessThan(SILENCE_MS + NEXT_MS + 3 * TICK_MS);
    expect(s.node.console.text.match(/10\.0\.2\.51 is here now/g)).toHaveLength(1);
  });
});

describeThoroughly("asked to move the address", () => {
  thoroughly("a holder keeps it for itself, and says nothing of other addresses", async () => {
    const { s, said } = await holding();
    await live(s, [HIGH], 200);
    const fromMs = nowMs(s);
    hands(s, MOVE, HIGH, SELF);
    const rest = new Uint8Array(16);
    rest.set(idBytes(HIGH));
    rest.set([10, 0, 2, 60], 8);
    s.wire.say({ ...report(HIGH, 1, SELF), kind: MOVE, rest });
    await live(s, [HIGH], 300);
    expect(s.wire.of(RELEASE)).toHaveLength(0);
    expect(said(HOLD, fromMs).length).toBeGreaterThan(2);
    expect(s.node.console.text).not.toMatch(GIVEN_UP);
  });

  thoroughly("one that does not hold it does nothing", async () => {
    const { s } = await lost();
    hands(s, MOVE, LOW, HIGH);
    await held(s, 180);
    expect(s.wire.of(RELEASE)).toHaveLength(0);
  });
});

describeThoroughly("named as the one to take it", () => {
  /** The node, after it was told so by somebody: when it has first asked for the address since. */
  async function asksAfter(s: Scene, arp: { atMs: number; kind: string }[], act: () => void): Promise<number | null> {
    const fromMs = nowMs(s);
    act();
    await live(s, [LOW, HIGH], 100);
    const first = arp.find(({ atMs, kind }) => kind === "probe" && atMs >= fromMs);
    return first ? first.atMs - fromMs : null;
  }

  thoroughly("by its holder it takes it; by somebody else only when no holder was heard for 210 ms", async () => {
    const { s, arp } = await lost([HIGH]);
    await held(s, 180);
    expect(await asksAfter(s, arp, () => hands(s, RELEASE, HIGH, SELF))).toBeNull();
    holds(s, LOW);
    expect(await asksAfter(s, arp, () => hands(s, RELEASE, LOW, SELF))).toBeLessThan(3 * TICK_MS);
    await s.node.waitFor(/10\.0\.2\.50 is here now/, { within: "100ms" });
  });

  thoroughly("by somebody else it waits for that one, when the holder was silent for 210 ms", async () => {
    const ahead = Array.from({ length: 24 }, (_, index) => member(0x70 + index)).filter((id) => isBefore(id, SELF));
    const { s, arp } = await lost(ahead.slice(0, 2));
    const others = [HIGH, ...ahead.slice(0, 2)];
    await live(s, others, 150);
    hands(s, RELEASE, HIGH, SELF); // too early
    await live(s, others, 80);
    const fromMs = nowMs(s);
    hands(s, RELEASE, HIGH, SELF);
    await live(s, others, 60);
    const [first] = arp.filter(({ atMs, kind }) => kind === "probe" && atMs >= fromMs - 50);
    expect(first!.atMs - fromMs).toBeLessThan(3 * TICK_MS);
  });

  thoroughly("while it holds it, it goes on", async () => {
    const { s, arp, said } = await holding();
    await live(s, [HIGH], 200);
    const fromMs = nowMs(s);
    hands(s, RELEASE, HIGH, SELF);
    hands(s, RELEASE, HIGH, HIGH);
    await live(s, [HIGH], 500);
    expect(arp.filter(({ atMs, kind }) => kind === "probe" && atMs >= fromMs)).toEqual([]);
    expect(said(HOLD, fromMs).length).toBeGreaterThanOrEqual(4);
  });
});

describeThoroughly("after a holder's silence a member waits", () => {
  /** How long it waits for LOW, which held it, in ms. */
  async function waits(
    { s, arp }: Awaited<ReturnType<typeof holding>>,
    others: readonly string[],
    mostMs: number,
  ): Promise<number> {
    holds(s, LOW);
    const lastMs = nowMs(s);
    await live(s, [LOW, ...others], mostMs);
    return arp.find(({ atMs, kind }) => kind === "probe" && atMs > lastMs)!.atMs - lastMs;
  }

  test.each([5, 6, 7, 9])("for six members before it in the row at most: %i are", async (count) => {
    const ahead = Array.from({ length: 60 }, (_, index) => member(0x70 + index)).filter((id) => isBefore(id, SELF));
    expect(ahead.length).toBeGreaterThanOrEqual(9);
    const others = ahead.slice(0, count);
    const ms = await waits(await lost(others), others, 1100);
    const expected = SILENCE_MS + NEXT_MS * Math.min(count, 6);
    expect(ms).toBeGreaterThanOrEqual(expected - TICK_MS);
    expect(ms).toBeLessThan(expected + 2 * TICK_MS);
  });

  test("for none that is behind it, or has held it last", async () => {
    const behind = Array.from({ length: 24 }, (_, index) => member(0x70 + index)).filter((id) => !isBefore(id, SELF));
    const ms = await waits(await lost(behind.slice(0, 4)), behind.slice(0, 4), 400);
    expect(ms).toBeGreaterThanOrEqual(SILENCE_MS - TICK_MS);
    expect(ms).toBeLessThan(SILENCE_MS + 2 * TICK_MS);
  });

  test("100 ms longer for each step of its bad health", async () => {
    const found = await lost();
    const { s } = found;
    for (let step = 1; step <= 2; step++) {
      await live(s, [LOW], 200);
      const fromMs = nowMs(s);
      await s.lab.until(() => s.wire.of(PROBE, fromMs).length >= 6, "it was not asked so often");
      s.wire.say(report(LOW, 1, SELF));
      await s.lab.advance("20ms");
      holds(s, LOW);
      await live(s, [LOW], 50);
      const ms = await waits(found, [], 600);
      expect(ms).toBeGreaterThanOrEqual(SILENCE_MS + step * HEALTH_MS - TICK_MS);
      expect(ms).toBeLessThan(SILENCE_MS + step * HEALTH_MS + 2 * TICK_MS);
      holds(s, LOW);
    }
  });

  test("half a second more when it has just come back", async () => {
    const { s, arp } = await lost();
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("100ms");
    const fromMs = nowMs(s);
    await s.node.enter("cloud start", PROMPT);
    const sinceMs = nowMs(s);
    await s.lab.advance("1200ms");
    const first = arp.find(({ atMs, kind }) => kind === "probe" && atMs > fromMs)!;
    expect(first.atMs - fromMs).toBeGreaterThanOrEqual(GRACE_MS + SILENCE_MS - 6 * TICK_MS);
    expect(first.atMs - sinceMs).toBeLessThan(GRACE_MS + SILENCE_MS + 2 * TICK_MS);
  });
});

describeThoroughly("an address that another machine has", () => {
  test("is asked for again and again, after ten times in vain it says so, once, and takes it when that one goes", async () => {
    const s = await founded();
    const other = neighbour(s);
    await s.node.waitFor(PROMPT);
    await s.node.enter(`cloud address add ${TEXT}`, PROMPT);
    const asked: number[] = [];
    s.lab.plug("listener").answer((frame) => {
      const arp = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
      if (arp?.operation === 1 && sameBytes(arp.targetIp, parseIpv4(TEXT))) asked.push(nowMs(s));
      return [];
    });
    const said = /^cluster: 10\.0\.2\.50 cannot be held: another machine has it, or this one$/gm;
    const times = (): number => s.node.console.text.match(said)?.length ?? 0;
    await s.lab.advance("1800ms");
    expect(times()).toBe(0);
    await s.lab.advance("1200ms");
    expect(times()).toBe(1);
    // Each claim ends with its first probe, which is answered.
    const begun = asked.filter((atMs, index) => index === 0 || atMs - asked[index - 1]! > 100);
    expect(begun.length).toBeGreaterThan(REFUSALS);
    for (const [index, atMs] of begun.slice(1).entries()) {
      expect(atMs - begun[index]!).toBeGreaterThanOrEqual(SILENCE_MS - TICK_MS);
      expect(atMs - begun[index]!).toBeLessThan(SILENCE_MS + 2 * PROBE_MS + 2 * TICK_MS);
    }
    await s.lab.advance("5s");
    expect(times()).toBe(1);
    expect(s.wire.of(HOLD)).toHaveLength(0);
    other.isThere = false;
    await s.node.waitFor(/10\.0\.2\.50 is here now/, { within: "400ms" });
    // It is counted anew from then on.
    other.isThere = true;
    s.wire.say(report(LOW, 1, SELF));
    await s.lab.advance("20ms");
    holds(s, LOW);
    await s.node.waitFor(GIVEN_UP);
    await s.lab.advance("1500ms");
    expect(times()).toBe(1);
    await s.lab.advance("2s");
    expect(times()).toBe(2);
  });
});

describeThoroughly("a holder that stood still for longer than its lease", () => {
  test.each([
    ["asks twice, and goes on where nobody answers", false],
    ["gives the address up when somebody has it", true],
  ])("%s", async (_what, isTaken) => {
    const { s, arp, said } = await holding();
    await s.lab.advance("300ms");
    const other = neighbour(s);
    other.isThere = isTaken;
    s.node.freeze("400ms");
    await s.lab.advance("400ms");
    const fromMs = nowMs(s);
    await s.lab.advance("250ms");
    const checks = arp.filter(({ atMs, kind }) => kind === "probe" && atMs >= fromMs);
    if (isTaken) expect(s.node.console.text).toMatch(GIVEN_UP);
    else {
      expect(checks).toHaveLength(2);
      expect(checks[1]!.atMs - checks[0]!.atMs).toBeGreaterThanOrEqual(CHECK_MS);
      expect(checks[1]!.atMs - checks[0]!.atMs).toBeLessThan(CHECK_MS + 2 * TICK_MS);
      // It says that it holds as soon as it knows.
      const [first] = said(HOLD, fromMs);
      expect(first! - checks[1]!.atMs).toBeGreaterThanOrEqual(CHECK_MS);
      expect(first! - checks[1]!.atMs).toBeLessThan(CHECK_MS + 2 * TICK_MS);
      expect(s.node.console.text).not.toMatch(GIVEN_UP);
    }
  });

  test("yields to whoever holds it, whatever the ids are", async () => {
    const { s } = await holding();
    await live(s, [HIGH], 200);
    s.node.freeze("400ms");
    await s.lab.advance("390ms");
    holds(s, HIGH);
    await s.node.waitFor(GIVEN_UP, { within: "60ms" });
  });

  test("one that stood still for less goes on without asking", async () => {
    const { s, arp } = await holding();
    await s.lab.until(() => s.wire.of(HOLD, nowMs(s) - 5)[0], "it says nothing");
    s.node.freeze(`${LEASE_MS - 60}ms`);
    const fromMs = nowMs(s);
    await s.lab.advance("500ms");
    expect(arp.filter(({ atMs, kind }) => kind === "probe" && atMs >= fromMs)).toEqual([]);
  });
});

describeThoroughly("cloud address", () => {
  const list = (s: Scene): Promise<string> => outputAmong(s.node, "cloud address list");

  thoroughly("says who holds an address, and that nobody does when its holder is silent or unknown", async () => {
    const { s } = await holding();
    await s.node.waitFor(PROMPT);
    expect(await list(s)).toBe("10.0.2.50 mask 255.255.255.0 held here\n");
    await live(s, [LOW], 200);
    holds(s, LOW);
    await s.lab.advance("20ms");
    const said: string[] = [];
    for (let ms = 0; ms < 180; ms += 60) {
      if (ms > 0) holds(s, LOW);
      said.push(await list(s));
    }
    expect(new Set(said)).toEqual(new Set(["10.0.2.50 mask 255.255.255.0 held by stranger\n"]));
    // It is probed for 80 ms before it is held again.
    holds(s, LOW);
    await s.lab.advance("225ms");
    expect(await list(s)).toBe("10.0.2.50 mask 255.255.255.0 held by nobody that is heard\n");
  });

  thoroughly(
    "move asks all, and says where the address is when it is heard there, or after a second that it is not",
    async () => {
      const { s } = await lost([HIGH]);
      s.wire.say({ ...report(LOWEST, 1, SELF) });
      await held(s, 90);
      await s.node.waitFor(PROMPT);
      const fromMs = nowMs(s);
      s.node.type("cloud address move 10.0.2.50 10.0.2.99; echo status $?\n");
      const asked = await says(s, MOVE);
      expect(asked.to).toBe("239.255.81.82");
      expect(targetOf(asked.data)).toBe(HIGH);
      expect([...asked.data.subarray(136)]).toEqual([...ADDRESS, 0, 0, 0, 0]);
      await held(s, 180);
      expect(s.node.console.text).not.toMatch(/^status/m);
      const more: Said = { ...report(HIGH, 1, SELF), kind: HOLD, rest: Uint8Array.from(ADDRESS) };
      s.wire.say(more);
      await s.node.waitFor(/^10\.0\.2\.50 mask 255\.255\.255\.0 held by stranger\nstatus 0$/m, { within: "60ms" });
      expect(s.wire.of(MOVE, fromMs)).toHaveLength(1);
      await s.node.waitFor(PROMPT);
      const againMs = nowMs(s);
      s.node.type("cloud address move 10.0.2.50 10.0.2.97; echo status $?\n");
      const failed = /^cluster: it did not move\nstatus 1$/m;
      for (let ms = 0; ms < 1700 && !failed.test(s.node.console.text); ms += 20) {
        if (ms % 80 === 0) s.wire.say(more);
        if (ms % 200 === 0) s.wire.say(report(LOW, 1, SELF));
        await s.lab.advance("20ms");
      }
      expect(s.node.console.text).toMatch(failed);
      const tookMs = nowMs(s) - againMs;
      expect(tookMs).toBeGreaterThanOrEqual(1000);
      expect(tookMs).toBeLessThan(1700);
    },
  );

  thoroughly(
    "add takes eight, with the mask that is typed or that of the interface, and changes those that there are",
    async () => {
      const { s } = await holding();
      await s.node.waitFor(PROMPT);
      const said = (command: string): Promise<string> =>
        outputAmong(s.node, `cloud address ${command}; echo status $?`);
      for (let last = 51; last <= 57; last++) {
        const mask = last % 2 === 0 ? "" : " 255.255.0.0";
        const shared = last === 57 ? " shared" : "";
        await said(`add 10.0.2.${last}${mask}${shared}`);
        await s.lab.advance("300ms");
      }
      expect(await said("add 10.0.2.58")).toBe("cluster: there can be 8 service addresses\nstatus 1\n");
      expect(await said("add 10.0.2.52 shared")).toMatch(/status 0\n$/);
      expect(await said("add 10.0.2.53 255.255.255.128")).toMatch(/status 0\n$/);
      await s.lab.advance("300ms");
      const mask = (last: number): string =>
        last === 53 ? "255.255.255.128" : last > 50 && last % 2 === 1 ? "255.255.0.0" : "255.255.255.0";
      const rows = Array.from({ length: 8 }, (_, index) => 50 + index).map(
        (last) => `10.0.2.${last} mask ${mask(last)} ${last === 52 || last === 57 ? "shared by 1, " : ""}held here\n`,
      );
      expect(await list(s)).toBe(rows.join(""));
      const further = await outputAmong(s.node, "ifconfig");
      for (const last of [50, 51, 57]) expect(further).toContain(`further 10.0.2.${last} mask ${mask(last)} `);
      expect([...s.wire.of(HOLD).at(-1)!.data.subarray(128)]).toEqual(
        Array.from({ length: 8 }, (_, index) => [10, 0, 2, 50 + index]).flat(),
      );
      expect(await said("remove 10.0.2.53")).toMatch(/status 0\n$/);
      await s.lab.advance("200ms");
      expect(await list(s)).not.toContain("10.0.2.53");
      expect(s.node.console.text).toMatch(/10\.0\.2\.53 is given up/);
      expect(s.wire.of(HOLD).at(-1)!.data).toHaveLength(128 + 7 * 4);
      expect(await said("add 10.0.2.58")).toMatch(/status 0\n$/);
    },
  );

  thoroughly("move of an address that is here hands it over, or keeps it", async () => {
    const { s } = await holding();
    await live(s, [HIGH, HIGHEST], 500);
    await s.node.waitFor(PROMPT);
    expect(await outputAmong(s.node, "cloud address move 10.0.2.50 qure-1; echo status $?")).toBe(
      "10.0.2.50 mask 255.255.255.0 held here\nstatus 0\n",
    );
    s.node.type("cloud address move 10.0.2.50 10.0.2.100; echo status $?\n");
    const released = await says(s, RELEASE);
    expect(targetOf(released.data)).toBe(HIGHEST);
    s.wire.say({ ...report(HIGHEST, 1, SELF), kind: HOLD, rest: Uint8Array.from(ADDRESS) });
    await s.node.waitFor(/^10\.0\.2\.50 mask 255\.255\.255\.0 held by stranger\nstatus 0$/m, { within: "60ms" });
    expect(s.wire.of(MOVE)).toHaveLength(0);
  });
});
