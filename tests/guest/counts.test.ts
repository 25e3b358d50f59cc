/**
 * What is refused, bounded or sent again is counted: cases of TCP once more, and crowds that come up against a bound.
 */
import { expect, test } from "vitest";
import { shared } from "../setup/shared.ts";
import { withAddress } from "../system/booted.ts";
import { PROMPT } from "../system/images.ts";
import { nameBytes, nodeThatAsks } from "./dns-wire.ts";
import { withLongFile } from "./long-file.ts";
import { Counts, type Frame, filler, join, PacketScene, udp } from "./packet-wire.ts";
import { TCP_CASES, type TcpCase } from "./tcp-cases.ts";
import { TCP_EDGE_CASES } from "./tcp-edge-cases.ts";
import { TCP_LOSS_CASES } from "./tcp-loss-cases.ts";
import { ANSWERED, ASK, ASK_LONG, OPEN } from "./tcp-rows.ts";
import { play, tcpScene } from "./tcp-scene.ts";
import { TcpPeer } from "./tcp-wire.ts";

/** Ports of programs that take ten connections and let eight wait; the services' own have others give way instead. */
const ECHOES = [5001, 5002, 5003] as const;

const scene = shared(async () => {
  const made = tcpScene(await withLongFile());
  for (const port of ECHOES) await play(made, [`$ echo-server ${port} &`, "says echo-server: ready"], 1, 1);
  return { made, counts: new Counts(made.lab.nodes[0]!) };
});

const cases = [TCP_CASES, TCP_EDGE_CASES, TCP_LOSS_CASES].flatMap((table) => Object.values(table).flat());
/** So long, and much less, may nobody be in the way of what is to end. */
const CLOSED_WINDOW_MS = 400_000;
/** Of the file in what answers ASK_LONG. */
const LONG_BYTES = 61_440;
let ownPort = 7000;

/** By how much counts of TCP rise while a case is played. */
async function rises({ port = 80, rows, name }: TcpCase, wanted: readonly string[]): Promise<Record<string, number>> {
  const { made, counts } = await scene();
  const before = counts.read();
  await play(made, rows, ownPort++, port, name);
  await made.lab.advance("2ms"); // What the case said last is heard.
  const after = counts.read();
  return Object.fromEntries(wanted.map((count) => [count, after.get(`tcp ${count}`)! - before.get(`tcp ${count}`)!]));
}

const KNOWN: readonly (readonly [name: string, counts: Readonly<Record<string, number>>])[] = [
  ["a SYN for a port where nobody listens is reset", { "resets sent": 1 }],
  ["options that the SYN has are answered", { "connections reset by the other side": 1 }],
  ["an option of length 0 ends the options", { "options whose length lies": 1 }],
  ["a wrong checksum is not answered", { "wrong checksum": 1 }],
  ["a segment beyond the window is acknowledged and dropped", { "segments outside the window": 1 }],
  ["an early segment is acknowledged at once, with the number that is missing", { "segments that came early": 1 }],
  ["what comes twice is told (RFC 2883)", { "segments that came twice": 1 }],
  ["an old timestamp is acknowledged and dropped (PAWS)", { "segments with an old timestamp": 1 }],
  ["a SYN in a connection is challenged", { "connections accepted": 1, "challenge acknowledgements sent": 2 }],
  ["ten challenges a second are enough", { "challenge acknowledgements held back": 1 }],
  ["what is sent soon answers it, and many of them at once", { "acknowledgements of what was not sent": 4 }],
  [
    "an answer that is not acknowledged is sent again, later and later",
    { "segments sent again": 3, "retransmissions after a timeout": 3 },
  ],
  ["one of 576 makes segments of 536", { "segments made smaller for the path": 1 }],
  [
    "an end that went again though it had come counts as said (RFC 3522)",
    { "retransmissions that were not needed": 1 },
  ],
  ["three segments beyond it, and a segment is lost at once", { "fast recoveries": 1 }],
];

test.each(KNOWN)("%s, and counted", async (name, wanted) => {
  const one = cases.find((found) => found.name === name)!;
  expect(await rises(one, Object.keys(wanted))).toEqual(wanted);
});

const OWN: readonly (readonly [name: string, rows: readonly string[], counts: Readonly<Record<string, number>>])[] = [
  [
    "a connection that is never made",
    [
      ...["< S 0:0 mss 300", "> S. 0:0 ack 1", "wait 31000", ...Array<string>(5).fill("> S. 0:0 ack 1")],
      ...["wait 32000", "> R. 1:1 ack 1"],
    ],
    { "connections given up: no answer": 1 },
  ],
  [
    "an ICMP error about what is not on its way",
    [...OPEN, "icmp 3:4 501 mtu 600", "silence 20", "< R 1:1"],
    { "ICMP errors about nothing that is on its way": 1 },
  ],
  [
    "data for a socket that is closed",
    [...ANSWERED, "< P. 20:30 ack 150", "> R 150:150"],
    { "segments with data for a closed socket": 1 },
  ],
  [
    "a crowd's cookies, the one that came back, and the one that was none",
    [
      ...["crowd 40", "wait 20", "< S 0:0 win 65535 mss 1460", "> S. 0:0 ack 1", "< . 1:1 ack 2", "> R 2:2"],
      ...["< . 1:1 ack 1", ASK, "> P. 1:149 ack 20", "> F. 149:149 ack 20", "< R 20:20"],
    ],
    { "SYN cookies sent": 8, "SYN cookies that came back": 1, "SYN cookies that were none": 1 },
  ],
];

test.each(OWN)("%s: counted", async (name, rows, wanted) => {
  expect(await rises({ name, rows }, Object.keys(wanted))).toEqual(wanted);
});

test("connections beyond those that may wait are refused and counted; those that were there go on", async () => {
  const { made, counts } = await scene();
  await made.lab.advance("70s");
  const { lab, plug, node, peers } = made;
  const full = (): number => counts.read().get("tcp connections refused: queue full")!;
  const before = full();
  const all = Array.from({ length: 40 }, (_, at) => new TcpPeer(lab, plug, node, 9000 + at, ECHOES[0]));
  for (const [at, peer] of all.entries()) {
    peers.set(9000 + at, peer);
    peer.send("S 0:0 win 65535 mss 1460");
    expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
    peer.send(". 1:1 ack 1");
  }
  await lab.advance("20ms");
  expect(full()).toBeGreaterThan(before);
  all[0]!.send("P. 1:6 ack 1");
  expect(await all[0]!.expect("P. 1:6 ack 6")).toBe("P. 1:6 ack 6");
  for (const [at, peer] of all.entries()) peer.send(at === 0 ? "R 6:6" : "R 1:1");
  peers.clear();
});

/** Acknowledges what the node sends, a segment after the other, up to its end. Where that begins. */
async function endOf(peer: TcpPeer): Promise<number> {
  for (let [at, silences] = [1, 0]; silences < 4; ) {
    const [, flags, from, to] = /^(\S+) (\d+):(\d+)/.exec(await peer.expect(". 1:1")) ?? [];
    if (from === undefined) silences++;
    else if (Number(from) <= at) at = Math.max(at, Number(to));
    if (flags?.includes("F") && Number(to) === at) return at;
    peer.send(`. 21:21 ack ${at}`);
  }
  throw new Error("the node does not go on");
}

test("who takes nothing of an answer, and says that he is there, is given up when nobody names the connection", async () => {
  const { lab, plug, node, peers } = tcpScene(await withAddress());
  const counts = new Counts(lab.nodes[0]!);
  const peer = new TcpPeer(lab, plug, node, 13_000, 80);
  peers.set(13_000, peer);
  const before = counts.read().get("tcp connections given up: no answer")!;
  peer.send("S 0:0 win 0 mss 1460");
  expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
  peer.send(ASK.slice(2).replace("ack 1", "ack 1 win 0"));
  const sinceNs = lab.nowNs;
  let said = "";
  while (!said.startsWith("R") && lab.nowNs - sinceNs < CLOSED_WINDOW_MS * 1e6) {
    said = await peer.expect(". 1:1");
    if (said !== "nothing") peer.send(". 20:20 ack 1 win 0");
  }
  expect(said).toMatch(/^R/);
  expect((lab.nowNs - sinceNs) / 1e6).toBeGreaterThan(120_000);
  expect(counts.read().get("tcp connections given up: no answer")! - before).toBe(1);
});

test("bytes that there is no memory for are refused and counted; those who were there go on", async () => {
  const { made, counts } = await scene();
  await made.lab.advance("70s");
  const { lab, plug, node, peers } = made;
  const refused = (): number => counts.read().get("tcp bytes refused: out of memory")!;
  const before = refused();
  const portOf = (at: number): number => (at < 2 ? 80 : ECHOES[at % ECHOES.length]!);
  const all = Array.from({ length: 44 }, (_, at) => new TcpPeer(lab, plug, node, 12_000 + at, portOf(at)));
  for (const [at, peer] of all.entries()) {
    peers.set(12_000 + at, peer);
    peer.send("S 0:0 win 65535 mss 1460");
    expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
    peer.send(". 1:1 ack 1");
    if (at < 2) continue;
    // A byte near the window's end: there is to be room for all that comes before it, too.
    peer.send("P. 65000:65001 ack 1");
    expect(await peer.expect(". 1:1 ack 1")).toBe(". 1:1 ack 1");
  }
  expect(refused()).toBeGreaterThan(before);
  all[0]!.send(ASK.slice(2));
  expect(await all[0]!.expect("P. 1:149 ack 20")).toBe("P. 1:149 ack 20");
  all[1]!.send(ASK_LONG.slice(2));
  expect(await endOf(all[1]!)).toBeGreaterThan(LONG_BYTES);
  for (const peer of all) peer.send("R 20:20");
  peers.clear();
});

test("datagrams that nobody reads wait up to a bound, and the others are counted", async () => {
  const s = new PacketScene(await withAddress());
  const unread = udp({ source: 67, port: 68, data: filler(8) });
  const send = Array.from({ length: 600 }, (_, at) => (at % 20 === 0 ? [unread, 2] : [unread])).flat();
  expect(await s.run({ name: "", send, counts: ["udp socket queue full"] })).toEqual([]);
});

test("questions that are passed on wait up to a bound, and the others are refused and counted", async () => {
  const s = await nodeThatAsks();
  await s.node.enter("dns on", PROMPT);
  const question = (id: number): Uint8Array =>
    join([0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes(`n${id}.far.example`), [0, 1, 0, 1]);
  const from = ["10.0.2.77", "10.0.2.78", "10.0.2.79"] as const;
  const ask = (id: number): Frame => udp({ port: 53, data: question(id) }, { from: from[id % 2 === 0 ? 1 : 2]! });
  const send = Array.from({ length: 40 }, (_, id) => [ask(id), 1]).flat();
  const before = s.counts.read();
  await s.run({ name: "", send });
  const after = s.counts.read();
  const [passed, refused] = ["dns questions passed on", "dns questions refused: too many wait"].map(
    (count) => after.get(count)! - before.get(count)!,
  );
  expect([passed, refused]).toEqual([32, 8]);
});
