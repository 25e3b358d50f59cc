/** What the DHCP client says, and when: every message field by field, over a lease's whole life (RFC 2131). */
import { describe, expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { atPrompt } from "../../system/booted.ts";
import {
  ACK,
  type Answer,
  DECLINE,
  DhcpServer,
  DISCOVER,
  GOOD,
  instead,
  type Message,
  NAK,
  OFFER,
  OFFERED,
  type Options,
  REQUEST,
  SERVER,
  without,
} from "./dhcp-wire.ts";

/** Letters of a name that the node takes; a server may say more. */
const HOSTNAME_MAXIMUM = 15;
/** A wait's end may come so much later: a random part, and two steps of the node's clock. */
const LATER_MS = 120;
const WANTED: Options = [
  [55, 1, 3, 6, 12, 51, 58, 59],
  [57, 1500 >> 8, 1500 & 255],
];
const ASKS_OFFERED = [50, 10, 9, 8, 7] as const;
/** The node's card as a client, and other clients of that. */
const MAC = [0x52, 0x54, 0, 0xa4, 0xca, 0xff] as const;
const CARD = [61, 1, ...MAC] as const;
const other = (number: number): Options[number] => [61, 0, ...MAC, number];
const ASKS_SERVER = [54, 10, 9, 8, 1] as const;

interface Scene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly server: DhcpServer;
}

/** A node without an address, which has not asked for one yet, and a server. */
async function scene(reply: (message: Message) => readonly Answer[]): Promise<Scene> {
  const lab = await atPrompt({ gateway: false });
  return { lab, node: lab.nodes[0]!, server: new DhcpServer(lab, reply) };
}

/** Waits for the line that names the node's address. */
async function address({ node }: Scene): Promise<string> {
  return (await node.waitFor(/eth0: address (.*)\n/, { within: "60s" }))[1]!.trim();
}

const byDhcp = (name: string): string => `${name}/24 by DHCP`;
const right = (): Answer[] => [{}];
/** Answers a kind of message so, all others rightly. */
const answering =
  (type: number, ...answers: Answer[]) =>
  (message: Message): readonly Answer[] =>
    message.type === type ? answers : message.type === DECLINE ? [] : right();
/** A lease of 200 s, renewed at 100 and rebound at 150 s. */
const SHORT: Options = [...instead(51, 0, 0, 0, 200), [58, 0, 0, 0, 100], [59, 0, 0, 0, 150]];

describe("a message", () => {
  test("that asks anybody for an address is a DISCOVER, that takes an offer a REQUEST", async () => {
    const s = await scene(right);
    expect(await address(s)).toBe(byDhcp(OFFERED));
    const [discover, request] = s.server.heard as [Message, Message];
    expect(s.server.heard).toHaveLength(2);
    expect(discover.options).toEqual([[53, DISCOVER], CARD, ...WANTED]);
    expect(request.options).toEqual([[53, REQUEST], CARD, ASKS_OFFERED, ASKS_SERVER, ...WANTED]);
    expect(request.xid).toBe(discover.xid);
    for (const { bytes, seconds, from, to, toAll } of [discover, request]) {
      expect({ seconds, from, to, toAll }).toEqual({ seconds: 0, from: "0.0.0.0", to: "255.255.255.255", toAll: true });
      expect([...bytes.subarray(0, 4)]).toEqual([1, 1, 6, 0]);
      // Flags, and the addresses of client, server and relay.
      expect(bytes.subarray(10, 28).every((byte) => byte === 0)).toBe(true);
      expect([...bytes.subarray(28, 34)]).toEqual([...s.lab.cluster.macAddresses[0]!]);
      expect(bytes.subarray(34, 236).every((byte) => byte === 0)).toBe(true);
      expect([...bytes.subarray(236, 240)]).toEqual([99, 130, 83, 99]);
      expect(bytes).toHaveLength(300);
    }
    expect(s.server.probes).toEqual([OFFERED]);
  });

  thoroughly("to a server that is silent is sent three times, and says since when the client asks", async () => {
    const s = await scene(() => []);
    expect(await address(s)).toMatch(/^169\.254\..* link-local$/);
    expect(s.server.heard.map(({ type, seconds }) => [type, seconds])).toEqual([
      [DISCOVER, 0],
      [DISCOVER, 1],
      [DISCOVER, 3],
    ]);
    // Later it tries again, whatever address it has.
    await s.lab.until(() => s.server.heard.length === 6, "it did not ask again", { within: "30s" });
    const asked = s.server.heard.slice(3);
    expect(asked.map(({ seconds }) => seconds)).toEqual([0, 1, 3]);
    // An answer that is sent to an address which it has not is not taken now.
    expect(s.server.heard.map(({ bytes }) => bytes[10])).toEqual([0, 0, 0, 0x80, 0x80, 0x80]);
    expect(new Set(s.server.heard.map(({ xid }) => xid)).size).toBe(2);
    for (const { from, options } of asked)
      expect({ from, options }).toEqual({ from: "0.0.0.0", options: [[53, DISCOVER], CARD, ...WANTED] });
    for (const [index, wait] of [1000, 2000].entries()) {
      const waited = asked[index + 1]!.atMs - asked[index]!.atMs;
      expect(waited).toBeGreaterThanOrEqual(wait);
      expect(waited).toBeLessThan(wait + LATER_MS);
    }
  });

  thoroughly("that takes an offer is sent twice, then all begins again, three times", async () => {
    const s = await scene(answering(REQUEST));
    expect(await address(s)).toMatch(/^169\.254\./);
    const types = s.server.heard.map(({ type }) => type);
    expect(types).toEqual([1, 2, 3].flatMap(() => [DISCOVER, REQUEST, REQUEST]));
    for (const round of [0, 3, 6]) {
      const [first, again] = s.server.heard.slice(round + 1, round + 3) as [Message, Message];
      expect(again.atMs - first.atMs).toBeGreaterThanOrEqual(1000);
      expect(again.atMs - first.atMs).toBeLessThan(1000 + LATER_MS);
      expect(again.xid).toBe(first.xid);
      const next = s.server.heard[round + 3];
      if (!next) continue;
      expect(next.atMs - again.atMs).toBeGreaterThanOrEqual(2000);
      expect(next.atMs - again.atMs).toBeLessThan(2000 + LATER_MS);
      expect(next.xid).not.toBe(first.xid);
      // It would like to have what it was offered before.
      expect(next.options).toEqual([[53, DISCOVER], CARD, ASKS_OFFERED, ...WANTED]);
    }
  });

  thoroughly("that is refused begins anew at once, three times", async () => {
    const s = await scene(answering(REQUEST, { type: NAK, options: [[54, 10, 9, 8, 1]] }));
    expect(await address(s)).toMatch(/^169\.254\./);
    expect(s.server.heard.map(({ type }) => type)).toEqual([1, 2, 3].flatMap(() => [DISCOVER, REQUEST]));
    // Once it asks whether anybody has the address.
    expect(s.server.heard[5]!.atMs - s.server.heard[0]!.atMs).toBeLessThan(400);
  });

  test("passes over an offer that another machine has, as another client of the card", async () => {
    const s = await scene(({ options }) => {
      const number = options.find(([code]) => code === 61)![8] ?? 0;
      return [{ address: `10.9.8.${7 + number}`, options: SHORT }];
    });
    s.server.taken = OFFERED;
    expect(await address(s)).toBe(byDhcp("10.9.8.8"));
    await s.lab.until(() => s.server.heard.length === 4, "it was not renewed", { within: "110s" });
    const asks = [50, 10, 9, 8, 8] as const;
    expect(s.server.heard.map(({ options }) => options)).toEqual([
      [[53, DISCOVER], CARD, ...WANTED],
      [[53, DISCOVER], other(1), ...WANTED],
      [[53, REQUEST], other(1), asks, ASKS_SERVER, ...WANTED],
      [[53, REQUEST], other(1), ...WANTED],
    ]);
    expect(s.server.probes).toEqual([OFFERED, "10.9.8.8"]);
  });

  thoroughly("declines the address of a server that knows cards alone, and asks again ten seconds later", async () => {
    const s = await scene((message) => (message.type === DECLINE ? [] : right()));
    s.server.taken = OFFERED;
    await s.lab.until(() => s.server.of(DISCOVER).length === 3, "no third DISCOVER", { within: "30s" });
    const types = s.server.heard.map(({ type }) => type).slice(0, 5);
    expect(types).toEqual([DISCOVER, DISCOVER, REQUEST, DECLINE, DISCOVER]);
    const [decline] = s.server.of(DECLINE) as [Message];
    expect(decline.options).toEqual([[53, DECLINE], other(1), ASKS_OFFERED, ASKS_SERVER]);
    expect({ from: decline.from, to: decline.to }).toEqual({ from: "0.0.0.0", to: "255.255.255.255" });
    expect([...decline.bytes.subarray(12, 16)]).toEqual([0, 0, 0, 0]);
    const again = s.server.of(DISCOVER)[2]!;
    expect(again.atMs - decline.atMs).toBeGreaterThanOrEqual(10_000);
    expect(again.options).toEqual([[53, DISCOVER], other(1), ...WANTED]);
    await s.node.enter("netstat -a", / [12] {2}dhcp +offered address was in use/);
  });

  thoroughly("whose every offer another machine has leaves the node with a link-local address", async () => {
    const s = await scene((message) => {
      s.server.taken = `10.9.8.${10 + s.server.heard.length}`;
      return message.type === DISCOVER ? [{ address: s.server.taken }] : [];
    });
    expect(await address(s)).toMatch(/^169\.254\./);
    expect(s.server.heard.map(({ options }) => options[1])).toEqual([CARD, other(1), other(2)]);
  });
});

describe("a lease", () => {
  thoroughly("is renewed with its server at half its time, for the address that it has", async () => {
    const s = await scene((message) => (message.type === DISCOVER ? right() : [{ options: SHORT }]));
    expect(await address(s)).toBe(byDhcp(OFFERED));
    await s.lab.until(() => s.server.heard.length === 4, "it was not renewed twice", { within: "220s" });
    const [, first, ...renewals] = s.server.heard as [Message, Message, ...Message[]];
    for (const [index, renewal] of renewals.entries()) {
      expect({ from: renewal.from, to: renewal.to, toAll: renewal.toAll }).toEqual({
        from: OFFERED,
        to: SERVER,
        toAll: false,
      });
      expect(renewal.options).toEqual([[53, REQUEST], CARD, ...WANTED]);
      expect([...renewal.bytes.subarray(12, 16)]).toEqual([10, 9, 8, 7]);
      expect(renewal.seconds).toBe(0);
      const before = index === 0 ? first : renewals[index - 1]!;
      expect(renewal.xid).not.toBe(before.xid);
      expect(renewal.atMs - before.atMs).toBeGreaterThanOrEqual(100_000);
      expect(renewal.atMs - before.atMs).toBeLessThan(100_100);
    }
  });

  thoroughly("that its server does not renew is asked of all, and ends", async () => {
    const s = await scene((message) =>
      message.type === DISCOVER ? right() : message.from === "0.0.0.0" ? [{ options: SHORT }] : [],
    );
    expect(await address(s)).toBe(byDhcp(OFFERED));
    await s.node.waitFor(/eth0: gives up address 10\.9\.8\.7/, { within: "220s" });
    const asked = s.server.heard.filter(({ from }) => from === OFFERED);
    const rebound = asked.filter(({ toAll }) => toAll);
    expect(asked.filter(({ to }) => to === SERVER).length).toBeGreaterThanOrEqual(2);
    expect(rebound.length).toBeGreaterThanOrEqual(2);
    for (const message of rebound) {
      expect(message.to).toBe("255.255.255.255");
      expect(message.options).toEqual([[53, REQUEST], CARD, ...WANTED]);
      expect([...message.bytes.subarray(12, 16)]).toEqual([10, 9, 8, 7]);
      expect(message.atMs - s.server.heard[1]!.atMs).toBeGreaterThanOrEqual(150_000);
    }
    expect(rebound[1]!.seconds).toBe(1);
  });

  thoroughly("that is refused later is given up", async () => {
    const s = await scene((message) =>
      message.from === "0.0.0.0" ? [{ options: SHORT }] : [{ type: NAK, options: [[54, 10, 9, 8, 1]] }],
    );
    await address(s);
    await s.node.waitFor(/eth0: gives up address 10\.9\.8\.7/, { within: "110s" });
  });

  thoroughly("is that of the ACK where the OFFER said something else", async () => {
    const s = await scene(answering(REQUEST, { address: "10.9.8.66", options: SHORT }));
    expect(await address(s)).toBe(byDhcp("10.9.8.66"));
    await s.lab.until(() => s.server.heard.length === 3, "it was not renewed", { within: "110s" });
    expect([...s.server.heard[2]!.bytes.subarray(12, 16)]).toEqual([10, 9, 8, 66]);
  });

  test("keeps nothing of an earlier message", async () => {
    // The OFFER names a router, a name and a mask; the ACK does not.
    const s = await scene((message) =>
      message.type === DISCOVER
        ? [{ options: [...instead(1, 255, 255, 0, 0), [12, 97, 98, 99]] }]
        : [{ options: GOOD.filter(([code]) => code !== 1 && code !== 3) }],
    );
    expect(await address(s)).toBe(byDhcp(OFFERED));
    expect((await s.node.waitFor(/cloud: (\S+) /))[1]).not.toBe("abc");
    await s.node.enter("ifconfig", /10\.9\.8\.7/);
    expect(s.node.console.text).not.toContain("router 10.9.8.1");
  });
});

/** An answer to every message: its options, and the address that the node then has. */
const believed = async (answer: Answer): Promise<boolean> =>
  (await address(await scene(() => [answer]))) === byDhcp(OFFERED);

const zeros = (count: number): readonly number[] => new Array<number>(count).fill(0);

describe("options", () => {
  test.each(
    rowsOf<[string, Answer]>(
      [
        ["two routers", { options: instead(3, 10, 9, 8, 1, 10, 9, 8, 2) }],
        ["something after the end", { raw: [255, 54, 250, 1] }],
        ["the server in the name field", { options: without(54), inName: [[54, 10, 9, 8, 1]] }],
        [
          "the server in the name field, the lease in the file field",
          { options: [[1, 255, 255, 255, 0]], inName: [[54, 10, 9, 8, 1]], inFile: [[51, 0, 0, 14, 16]] },
        ],
        [
          "the server at the end of the name field",
          {
            options: without(54),
            inName: [
              [43, ...zeros(56)],
              [54, 10, 9, 8, 1],
            ],
          },
        ],
        [
          "the server at the end of the file field, where the cookie follows",
          {
            options: without(54),
            inFile: [
              [43, ...zeros(120)],
              [54, 10, 9, 8, 1],
            ],
            bytes: [[236, 99]],
          },
        ],
        ["an unknown one without a value", { options: [[224], ...GOOD] }],
        ["no end, but padding", { raw: [0, 0] }],
      ],
      3,
    ),
  )("are believed with %s", async (_name, answer) => {
    expect(await believed(answer)).toBe(true);
  });

  test.each(
    rowsOf<[string, Answer]>(
      [
        ["comes from another port", { port: 68 }],
        ["has a mask of five bytes", { options: instead(1, 255, 255, 255, 0, 0) }],
        ["has a mask of three bytes", { options: instead(1, 255, 255, 255) }],
        ["has a router of five bytes", { options: instead(3, 10, 9, 8, 1, 1) }],
        ["has a router of six bytes", { options: instead(3, 10, 9, 8, 1, 1, 1) }],
        ["has no router in that option", { options: instead(3) }],
        ["has a type of two bytes", { options: [[53, OFFER, OFFER], ...GOOD] }],
        ["has an empty name", { options: [...GOOD, [12]] }],
        ["has an option that goes beyond its end", { raw: [200, 255] }],
        [
          "has an option without a length at its end",
          { raw: Array.from({ length: 33 }, (_, at) => (at < 32 ? 0 : 200)) },
        ],
        ["offers no machine's address", { address: "224.0.0.7" }],
        ["has an error in its file field", { inFile: [[1, 255, 255, 255]] }],
        ["has an error in its name field", { inName: [[1, 255, 255, 255]] }],
        ["has an option that goes beyond its name field", { inName: [[43, ...zeros(63)]] }],
        ["has an option that goes beyond its file field", { inFile: [[43, ...zeros(127)]], bytes: [[236, 99]] }],
        ["is of no known type", { type: 40 }],
        ["acknowledges what was not asked for", { type: ACK }],
      ],
      3,
    ),
  )("of an answer that %s are not believed", async (_name, answer) => {
    expect(await believed(answer)).toBe(false);
  });

  test("that come late, or out of turn, do not count as malformed, and others do", async () => {
    const s = await scene((message) =>
      message.type === DISCOVER ? [{ type: ACK }, { type: 40 }, { port: 1067 }, {}] : right(),
    );
    await address(s);
    const rows = await s.node.enter("netstat -a", /(\d+) {2}dhcp +messages sent\n.* (\d+) {2}dhcp.*\n.* (\d+) {2}dhcp/);
    expect(rows.slice(1, 4)).toEqual(["2", "2", "2"]);
  });
});

describe("a host name", () => {
  const text = (name: string): readonly [number, ...number[]] => [12, ...new TextEncoder().encode(name)];

  test.each(
    rowsOf(
      [
        ["node-7", "node-7"],
        ["azAZ09", "azAZ09"],
        ["first.example.org", "first"],
        ["a".repeat(40), "a".repeat(HOSTNAME_MAXIMUM)],
        ["a".repeat(31), "a".repeat(HOSTNAME_MAXIMUM)],
      ],
      3,
    ),
  )("%s names the node %s", async (name, shown) => {
    const s = await scene(() => [{ options: [...GOOD, text(name)] }]);
    expect((await s.node.waitFor(/cloud: (\S+) /, { within: "10s" }))[1]).toBe(shown);
  });

  thoroughly("ends at a NUL", async () => {
    const s = await scene(() => [{ options: [...GOOD, [12, 97, 98, 0, 99]] }]);
    expect((await s.node.waitFor(/cloud: (\S+) /, { within: "10s" }))[1]).toBe("ab");
  });

  test.each(rowsOf([..."/:@[`{_ "], 1))("with the character %s is passed over", async (character) => {
    const s = await scene(() => [{ options: [...GOOD, text(`ab${character}c`)] }]);
    expect(await address(s)).toBe(byDhcp(OFFERED));
    expect((await s.node.waitFor(/cloud: (\S+) /, { within: "10s" }))[1]).not.toMatch(/^ab/);
  });
});
