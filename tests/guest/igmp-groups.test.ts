/**
 * Groups that come and go, as a router on the wire sees it (RFC 3376, RFC 2236): with the interface, with programs that
 * listen to one, with the network. What a node says to queries is in igmp.test.ts.
 */
import { describe, expect, test } from "vitest";
import { internetChecksum } from "../../emulator/ether/internet-checksum.ts";
import { ETHERTYPE_IPV4, ethernetFrame, get16, parseIpv4, put16 } from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { boot, CLOUD, inState, isoWithGuests, PROMPT } from "../system/images.ts";

const ROUTER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
const ROUTER = "10.0.2.77";
const ALL_HOSTS = "224.0.0.1";
const MDNS = "224.0.0.251";
const CLUSTER = "239.255.81.82";
/** Of the program `hear`. */
const HEARD = "239.1.2.3";
const ROUTER_ALERT = [0x94, 4, 0, 0];
const QUERY = 0x11;
const REPORT = 0x16;

/** A message of the node, in a word or two; of version 3 one for each record. */
interface Said {
  readonly atMs: number;
  readonly to: string;
  readonly text: string;
}

const RECORDS = ["", "is include", "is exclude", "to include", "to exclude"];
const OLDER: Readonly<Record<number, string>> = { 0x12: "report 1", 0x16: "report 2", 0x17: "leave" };

const groupAt = (bytes: Uint8Array, at: number): string => bytes.slice(at, at + 4).join(".");

/** What a message says: `what: group`, for each of its records. */
function recordsOf(message: Uint8Array): readonly string[] {
  const older = OLDER[message[0]!];
  if (older !== undefined) return [`${older}: ${groupAt(message, 4)}`];
  expect(message[0]).toBe(0x22);
  expect(message.length).toBe(8 + 8 * get16(message, 6));
  const texts: string[] = [];
  for (let at = 8; at < message.length; at += 8) {
    expect([...message.subarray(at + 1, at + 4)]).toEqual([0, 0, 0]); // no auxiliary data, no sources
    texts.push(`${RECORDS[message[at]!]}: ${groupAt(message, at + 4)}`);
  }
  return texts;
}

interface Scene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  /** What the node has said since the last look. */
  said(): readonly Said[];
  texts(): readonly string[];
  /** Sends a message of IGMP, to `to`. */
  send(message: readonly number[], to?: string): void;
}

async function scene(): Promise<Scene> {
  const lab = await inState("with groups", async () => {
    const booted = boot({ nodes: [{ cdrom: await isoWithGuests() }] });
    await booted.nodes[0]!.waitFor(CLOUD, { within: "20s" });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.advance("12s");
    return booted;
  });
  const node = lab.nodes[0]!;
  const plug = lab.plug("router");
  const heard: Said[] = [];
  plug.answer((frame) => {
    if (get16(frame, 12) !== ETHERTYPE_IPV4 || frame[23] !== 2) return [];
    // TTL, precedence and option of each message (RFC 3376 section 4).
    expect([frame[14], frame[15], frame[22], ...frame.slice(34, 38)]).toEqual([0x46, 0xc0, 1, ...ROUTER_ALERT]);
    const message = frame.slice(38, 14 + get16(frame, 16));
    expect(internetChecksum(message, 0, message.length)).toBe(0);
    for (const text of recordsOf(message)) heard.push({ atMs: lab.nowNs / 1e6, to: groupAt(frame, 30), text });
    return [];
  });
  const said = (): readonly Said[] => heard.splice(0);
  const send = (message: readonly number[], to = ALL_HOSTS): void => {
    const bytes = Uint8Array.from(message);
    put16(bytes, 2, internetChecksum(bytes, 0, bytes.length));
    const header = Uint8Array.of(0x46, 0xc0, 0, 24 + bytes.length, 0, 0, 0, 0, 1, 2, 0, 0, ...parseIpv4(ROUTER));
    const packet = Uint8Array.of(...header, ...parseIpv4(to), ...ROUTER_ALERT, ...bytes);
    put16(packet, 10, internetChecksum(packet, 0, 24));
    const [, b, c, d] = parseIpv4(to);
    plug.send(ethernetFrame(Uint8Array.of(1, 0, 0x5e, b! & 127, c!, d!), ROUTER_MAC, ETHERTYPE_IPV4, packet));
  };
  return { lab, node, said, send, texts: () => said().map(({ text }) => text) };
}

/** A query of version 3; of the older ones are its first eight bytes. */
function query(tenths: number, group = "0.0.0.0", { robustness = 2, sources = [] as string[] } = {}): number[] {
  return [
    ...older(tenths, group),
    robustness,
    125,
    0,
    sources.length,
    ...sources.flatMap((source) => [...parseIpv4(source)]),
  ];
}

const older = (tenths: number, group = "0.0.0.0"): number[] => [QUERY, tenths, 0, 0, ...parseIpv4(group)];

/** Starts the program, which is the shell's job of that number, and waits until it listens. */
async function hear(node: LabNode): Promise<void> {
  await node.enter("hear &", /hear: listens/);
  await node.waitFor(PROMPT);
}

const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text);

describe("version 3", () => {
  test("all groups are told twice within a second when the interface comes up", async () => {
    const { lab, node, said } = await scene();
    await node.enter("ifdown eth0", PROMPT);
    await node.enter("ifup eth0", PROMPT);
    await lab.advance("15s");
    const all = said();
    for (const group of [MDNS, CLUSTER]) {
      const ours = all.filter(({ text }) => text === `to exclude: ${group}`);
      expect(ours).toHaveLength(2);
      expect(ours[1]!.atMs - ours[0]!.atMs).toBeGreaterThan(0);
      expect(ours[1]!.atMs - ours[0]!.atMs).toBeLessThan(1100);
    }
    expect(all).toHaveLength(4);
    expect(new Set(all.map(({ to }) => to))).toEqual(new Set(["224.0.0.22"]));
  });

  test("a query for all is answered by one report of all, within its time", async () => {
    const { lab, said, send } = await scene();
    send(query(20));
    const asked = lab.nowNs / 1e6;
    await lab.advance("10s");
    const answer = said();
    expect(answer.map(({ text }) => text).sort()).toEqual([`is exclude: ${MDNS}`, `is exclude: ${CLUSTER}`]);
    expect(answer[0]!.atMs).toBe(answer[1]!.atMs);
    expect(answer[0]!.to).toBe("224.0.0.22");
    expect(answer[0]!.atMs - asked).toBeLessThan(2100);
  });
});

describe("joining and leaving", () => {
  test("are told as often as the querier wants", async () => {
    const { lab, node, texts, send } = await scene();
    for (const robustness of [1, 5, 0]) {
      send(query(0, "0.0.0.0", { robustness }));
      await lab.advance("100ms");
      texts();
      await hear(node);
      await lab.advance("8s");
      expect(texts()).toEqual(times(robustness || 2, `to exclude: ${HEARD}`));
      await node.enter("kill hear", PROMPT);
      await lab.advance("8s");
      expect(texts()).toEqual(times(robustness || 2, `to include: ${HEARD}`));
    }
  });

  test("of a group that several listen to are told of the first and of the last", async () => {
    const { lab, node, texts } = await scene();
    await hear(node);
    await hear(node);
    await lab.advance("2s");
    expect(texts()).toEqual(times(2, `to exclude: ${HEARD}`));
    await node.enter("kill %1", PROMPT);
    await lab.advance("2s");
    expect(texts()).toEqual([]);
    await node.enter("kill %2", PROMPT);
    await lab.advance("2s");
    expect(texts()).toEqual(times(2, `to include: ${HEARD}`));
  });

  test("a group that was left is not answered for, and whoever joins it anew is told of", async () => {
    const { lab, node, texts, send } = await scene();
    const robustness = 7;
    send(query(0, "0.0.0.0", { robustness }));
    await hear(node);
    await node.enter("kill hear", PROMPT);
    send(query(0, HEARD, { robustness }), HEARD);
    send(query(0, "0.0.0.0", { robustness }));
    await lab.advance("50ms");
    expect(texts().filter((text) => text === `is exclude: ${HEARD}`)).toEqual([]);
    await hear(node);
    await lab.advance("8s");
    const last = texts();
    expect(last.slice(-7)).toEqual(times(7, `to exclude: ${HEARD}`));
    send(query(0, HEARD), HEARD);
    await lab.advance("50ms");
    expect(texts()).toEqual([`is exclude: ${HEARD}`]);
  });

  test("a network that is stopped leaves its groups", async () => {
    const { lab, node, texts } = await scene();
    await node.enter("service stop network", PROMPT);
    await lab.advance("2s");
    expect([...texts()].sort()).toEqual([`to include: ${MDNS}`, `to include: ${CLUSTER}`]);
  });
});

describe("older queriers", () => {
  test("version 2: each group is reported to itself, and left to all routers", async () => {
    const { lab, node, said, texts, send } = await scene();
    send(older(20));
    await lab.advance("2100ms");
    const answers = said();
    expect(answers.map(({ text, to }) => `${text} ${to}`).sort()).toEqual([
      `report 2: ${MDNS} ${MDNS}`,
      `report 2: ${CLUSTER} ${CLUSTER}`,
    ]);
    expect(answers[0]!.atMs).not.toBe(answers[1]!.atMs);
    await hear(node);
    await lab.advance("11s");
    expect(texts()).toEqual(times(2, `report 2: ${HEARD}`));
    await node.enter("kill hear", PROMPT);
    await lab.advance("11s");
    expect(said().map(({ text, to }) => `${text} ${to}`)).toEqual([`leave: ${HEARD} 224.0.0.2`]);
    send(query(10, MDNS), MDNS); // of version 3: answered as before, while the older one counts
    await lab.advance("1100ms");
    expect(texts()).toEqual([`report 2: ${MDNS}`]);
  });

  test("version 2: who hears another's report says nothing", async () => {
    const { lab, node, texts, send } = await scene();
    send(older(100));
    send([REPORT, 0, 0, 0, ...parseIpv4(MDNS)], MDNS);
    await lab.advance("11s");
    expect(texts()).toEqual([`report 2: ${CLUSTER}`]);
    // Nor does he tell of joining any more, when another does.
    await hear(node);
    await lab.advance("30ms");
    send([REPORT, 0, 0, 0, ...parseIpv4(HEARD)], HEARD);
    await lab.advance("11s");
    expect(texts()).toEqual([`report 2: ${HEARD}`]);
  });

  test("version 1: reports have its type, and leaving is not told", async () => {
    const { lab, node, texts, send } = await scene();
    send(older(0));
    await lab.advance("11s");
    expect([...texts()].sort()).toEqual([`report 1: ${MDNS}`, `report 1: ${CLUSTER}`]);
    await hear(node);
    await lab.advance("11s");
    expect(texts()).toEqual(times(2, `report 1: ${HEARD}`));
    await node.enter("kill hear", PROMPT);
    await lab.advance("11s");
    expect(texts()).toEqual([]);
    send(older(10)); // the older of both counts
    await lab.advance("1100ms");
    expect([...texts()].sort()).toEqual([`report 1: ${MDNS}`, `report 1: ${CLUSTER}`]);
  });
});
