/**
 * Service addresses that a node learns from the questions of its router (docs/protocols/address.md, "Learned
 * addresses"): how often, over which time, about what, and by whom they must be asked.
 */
import { expect, test } from "vitest";
import { ETHERTYPE_ARP, formatIpv4, get16, parseArp } from "../../emulator/ether/packet.ts";
import type { LabPlug } from "../../src/index.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { asMember } from "../system/booted.ts";
import { inState, PROMPT } from "../system/images.ts";
import { outputAmong } from "../system/output.ts";
import { LOW, nowMs, report, type Scene, SELF, sceneOf, TICK_MS, until, view } from "./agreement-scene.ts";
import { arp } from "./packet-wire.ts";

const ROUTER = "10.0.2.2";
const MAC = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);
const HERE = { mac: new Uint8Array(6), address: "0.0.0.0" };
const TARGET = "10.0.2.77";
const PROBE_MS = 500;

class Lan {
  readonly s: Scene;
  /** When the node asked for an address itself. */
  readonly probes: { readonly atMs: number; readonly target: string }[] = [];
  readonly #plug: LabPlug;

  constructor(s: Scene) {
    this.s = s;
    this.#plug = s.lab.plug("router");
    this.#plug.answer((frame) => {
      const heard = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
      if (heard?.operation === 1 && formatIpv4(heard.senderIp) === "0.0.0.0")
        this.probes.push({ atMs: nowMs(s), target: formatIpv4(heard.targetIp) });
      return [];
    });
  }

  /** Somebody says something by ARP. */
  say(operation: number, sender: string, target: string): void {
    this.#plug.send(arp({ operation, sender, senderMac: MAC, target })(HERE));
  }

  /** The router asks for an address at these moments from now on, in ms, or others say other things. */
  async asked(
    moments: readonly (number | readonly [ms: number, operation: number, sender: string, target: string])[],
  ): Promise<void> {
    const fromMs = nowMs(this.s);
    for (const moment of moments) {
      const [ms, operation, sender, target] = typeof moment === "number" ? [moment, 1, ROUTER, TARGET] : moment;
      await until(this.s, fromMs + ms);
      this.say(operation, sender, target);
    }
    await this.s.lab.advance("2s");
  }

  learned(): string[] {
    return [
      ...this.s.node.console.text.matchAll(
        /^cluster: the router asks for (\S+), and nobody has it: it is a service address from now on$/gm,
      ),
    ].map(([, address]) => address!);
  }
}

/** A node, alone, that learns addresses where the mask is one. */
async function learning(mask = "255.255.255.0", route = ""): Promise<Lan> {
  const lab = await inState(`learns ${mask}${route}`, async () => {
    const alone = await asMember();
    const node = alone.nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter(`cloud auto-answer ${mask}`, PROMPT);
    if (route) await node.enter(`route add ${route}`, PROMPT);
    await alone.advance("200ms");
    return alone;
  });
  return new Lan(sceneOf(lab));
}

const OFTEN = [0, 1000, 2000, 3010];

test("an address is probed three times, half a second apart, and then a service address with the interface's mask", async () => {
  const lan = await learning("255.255.0.0");
  const fromMs = nowMs(lan.s);
  await lan.asked(OFTEN);
  expect(lan.learned()).toEqual([TARGET]);
  const probes = lan.probes.filter(({ target, atMs }) => target === TARGET && atMs < fromMs + 3010 + 3 * PROBE_MS);
  expect(probes[0]!.atMs - fromMs).toBeGreaterThanOrEqual(3010 - TICK_MS);
  expect(probes[0]!.atMs - fromMs).toBeLessThan(3010 + 2 * TICK_MS);
  for (const [index, { atMs }] of probes.slice(1, 3).entries()) {
    expect(atMs - probes[index]!.atMs).toBeGreaterThanOrEqual(PROBE_MS - TICK_MS);
    expect(atMs - probes[index]!.atMs).toBeLessThan(PROBE_MS + 2 * TICK_MS);
  }
  expect(probes.length).toBeGreaterThanOrEqual(3);
  expect(await outputAmong(lan.s.node, `cloud get address.${TARGET}; cloud auto-answer`)).toBe(
    "255.255.255.0\nAddresses with the mask 255.255.0.0 that the router asks for in vain become service addresses.\n",
  );
});

type Moments = Parameters<Lan["asked"]>[0];
const about = (target: string, sender = ROUTER): Moments => OFTEN.map((ms) => [ms, 1, sender, target] as const);

interface Case {
  readonly what: string;
  readonly moments: Moments;
  readonly learned: boolean;
  readonly mask?: string;
  readonly route?: string;
}

const learned = (what: string, moments: Moments, mask?: string, route?: string): Case => ({
  what,
  moments,
  learned: true,
  ...(mask && { mask }),
  ...(route && { route }),
});
const not = (...row: Parameters<typeof learned>): Case => ({ ...learned(...row), learned: false });

const CASES: readonly Case[] = [
  not("four questions in less than three seconds", [0, 1000, 2000, 2970]),
  learned("a fifth after these three seconds", [0, 1000, 2000, 2970, 3020]),
  not("three questions", [0, 1500, 3100]),
  learned("questions with pauses of nearly ten seconds", [0, 9970, 19_940, 29_910]),
  not("a pause of ten seconds", [0, 1000, 2000, 12_020]),
  learned("a pause of ten seconds, and then enough", [0, 12_000, 13_000, 14_000, 15_020]),
  not(
    "the router's answers",
    OFTEN.map((ms) => [ms, 2, ROUTER, TARGET] as const),
  ),
  not("an answer of who has it", [...OFTEN.slice(0, 3), [2500, 2, TARGET, ROUTER], 3010]),
  not("a question of who has it", [...OFTEN.slice(0, 3), [2500, 1, TARGET, "10.0.2.3"], 3010]),
  not("an answer while it is probed", [...OFTEN, [3300, 2, TARGET, ROUTER]]),
  not("an answer before the last probe is over", [...OFTEN, [4400, 2, TARGET, ROUTER]]),
  learned("a probe by another", [...OFTEN.slice(0, 3), [2500, 1, "0.0.0.0", TARGET], 3010]),
  learned("words of others", [...OFTEN.slice(0, 3), [2500, 2, "10.0.2.78", ROUTER], 3010]),
  not("questions of nobody", about(TARGET, "0.0.0.0")),
  not("questions of another", about(TARGET, "10.0.2.3")),
  learned("questions of a gateway", about(TARGET, "10.0.2.3"), "255.255.255.0", "0.0.0.0 0.0.0.0 10.0.2.3"),
  not(
    "questions of a gateway to elsewhere",
    about(TARGET, "10.0.2.3"),
    "255.255.255.0",
    "10.7.0.0 255.255.0.0 10.0.2.3",
  ),
  not("the subnet's address", about("10.0.2.0")),
  not("the subnet's broadcast address", about("10.0.2.255")),
  learned("the first address", about("10.0.2.1")),
  learned("the last", about("10.0.2.254")),
  not("the node's own", about("10.0.2.15")),
  not("a group's", about("224.0.0.9")),
  not("the next subnet", about("10.0.3.77"), "255.255.0.0"),
  learned("the last within a narrower mask", about("10.0.2.14"), "255.255.255.240"),
  not("the next behind it", about("10.0.2.16"), "255.255.255.240"),
];

const NAMED = CASES.map((row) => [row.what, row] as const);
test.each(rowsOf(NAMED, 0))("of %s an address is learned only as the page says", async (_what, row) => {
  const lan = await learning(row.mask, row.route);
  await lan.asked(row.moments);
  expect(lan.learned()).toHaveLength(row.learned ? 1 : 0);
});

describeThoroughly("what is counted", () => {
  /** The router asks for each of these, one right after the other. */
  const round = (lan: Lan, lasts: readonly number[]): void => {
    for (const last of lasts) lan.say(1, ROUTER, `10.0.2.${last}`);
  };
  const all = Array.from({ length: 8 }, (_, index) => 100 + index);

  test("are eight addresses at once", async () => {
    const lan = await learning();
    for (let time = 0; time < 5; time++) {
      round(lan, all);
      await lan.s.lab.advance("1s");
    }
    await lan.s.lab.advance("20s");
    expect(lan.learned().sort()).toEqual(all.map((last) => `10.0.2.${last}`));
    // There is room for no more.
    await lan.asked(OFTEN);
    expect(lan.learned()).toHaveLength(8);
  });

  test("gives the place of the address that was asked for longest ago to a ninth", async () => {
    const lan = await learning();
    for (let time = 0; time < 3; time++) {
      round(lan, [104, ...all.filter((last) => last !== 104)]);
      await lan.s.lab.advance("1s");
    }
    round(lan, [77]);
    await lan.s.lab.advance("100ms");
    round(
      lan,
      all.filter((last) => last !== 104),
    );
    await lan.s.lab.advance("20s");
    expect(lan.learned().sort()).toEqual(all.filter((last) => last !== 104).map((last) => `10.0.2.${last}`));
  });
});

thoroughly("a place that is free again is taken before any other", async () => {
  const lan = await learning();
  const lasts = Array.from({ length: 8 }, (_, index) => 100 + index);
  for (let time = 0; time < 3; time++) {
    for (const last of lasts) lan.say(1, ROUTER, `10.0.2.${last}`);
    await lan.s.lab.advance("1s");
  }
  lan.say(2, "10.0.2.107", ROUTER); // it has this address
  lan.say(1, ROUTER, TARGET);
  await lan.s.lab.advance("100ms");
  for (const last of lasts.slice(0, 7)) lan.say(1, ROUTER, `10.0.2.${last}`);
  await lan.s.lab.advance("15s");
  expect(lan.learned().sort()).toEqual(lasts.slice(0, 7).map((last) => `10.0.2.${last}`));
});

describeThoroughly("who acts", () => {
  test("is the coordinator alone; a member that becomes one does so at the next question", async () => {
    const lan = await learning();
    const { s } = lan;
    s.wire.say({ ...view(LOW, 1, SELF), members: [SELF] });
    const speak = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 200) {
        s.wire.say({ ...view(LOW, 1, SELF), members: [SELF] });
        await s.lab.advance("200ms");
      }
    };
    await speak(400);
    for (let time = 0; time < 5; time++) {
      lan.say(1, ROUTER, TARGET);
      await speak(1000);
    }
    await speak(2000);
    expect(lan.learned()).toEqual([]);
    s.wire.say({ ...report(LOW, 1, SELF), kind: 4 });
    await s.lab.advance("100ms");
    lan.say(1, ROUTER, TARGET);
    await s.lab.advance("3s");
    expect(lan.learned()).toEqual([TARGET]);
  });

  test("is nobody once `off` was said, nor for an address that is one already", async () => {
    const lan = await learning();
    await lan.asked(OFTEN);
    await lan.s.lab.advance("1s");
    await lan.asked(OFTEN);
    expect(lan.learned()).toEqual([TARGET]);
    expect(await outputAmong(lan.s.node, "cloud auto-answer off; echo status $?; cloud auto-answer")).toMatch(
      /status 0\nNo service addresses are learned \(cloud auto-answer NETMASK\)\.\n$/,
    );
    await lan.asked(about("10.0.2.78"));
    expect(lan.learned()).toEqual([TARGET]);
  });
});

thoroughly("what is typed as a mask is one, or refused", async () => {
  const { s } = await learning();
  for (const [typed, answer] of [
    ["255.0.255.0", "cluster: 255.0.255.0 is not a mask, nor the word off\nstatus 1\n"],
    ["255.255.255.0x", "cluster: 255.255.255.0x is not a mask, nor the word off\nstatus 1\n"],
    ["of", "cluster: of is not a mask, nor the word off\nstatus 1\n"],
    ["255.255.255.128", "status 0\n"],
  ] as const)
    expect(await outputAmong(s.node, `cloud auto-answer ${typed}; echo status $?`), typed).toBe(answer);
  expect(await outputAmong(s.node, "cloud get auto-answer")).toBe("255.255.255.128\n");
  expect(await outputAmong(s.node, "cloud auto-answer")).toContain("mask 255.255.255.128 that");
});
