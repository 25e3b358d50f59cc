/** TCP at its edges as a peer on the wire sees it: cases run one after the other on one node. */
import { expect, test } from "vitest";
import { shared } from "../../setup/shared.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { withLongFile } from "./long-file.ts";
import { TCP_EDGE_CASES } from "./tcp-edge-cases.ts";
import { ANSWERED, ASK_LONG, OPEN, sent } from "./tcp-rows.ts";
import { play, type TcpScene, tcpScene, themesOf } from "./tcp-scene.ts";
import { type Segment, TcpPeer } from "./tcp-wire.ts";

const FIRST_PORT = 6500;
const ECHO_PORT = 5001;

const scene = shared(async () => {
  const made = tcpScene(await withLongFile());
  await play(made, [`$ echo-server ${ECHO_PORT} &`, "says echo-server: ready"], 1, 1);
  return made;
});

test.each(themesOf(TCP_EDGE_CASES, FIRST_PORT))("$theme", async ({ cases }) => {
  for (const one of cases) await play(await scene(), one.rows, one.ownPort, one.port, one.name);
});

/** A peer that keeps what comes. */
class Keeper extends TcpPeer {
  readonly bytes: number[] = [];
  first = 0;

  override hear(segment: Segment): void {
    super.hear(segment);
    if (segment.flags.includes("S")) this.first = segment.sequence;
    else
      for (const [at, byte] of segment.data.entries())
        this.bytes[((segment.sequence - this.first) | 0) - 1 + at] = byte;
  }
}

/** Letters that do not come again in the same order for long. */
const LETTERS = Array.from({ length: 150_000 }, (_, at) => String.fromCharCode(97 + ((at * 7 + (at >> 7)) % 26))).join(
  "",
);
const PIECES = [1460, 1, 700, 1459, 1023, 1024, 1025, 3, 1460, 1460] as const;

test("what goes through both rings comes back as it was, whatever lies where they end", async () => {
  const { lab, plug, node, peers } = await scene();
  const port = FIRST_PORT - 1;
  const peer = new Keeper(lab, plug, node, port, ECHO_PORT);
  peers.set(port, peer);
  peer.send("S 0:0 win 65535 mss 1460");
  expect(await peer.expect("S. 0:0 ack 1")).toBe("S. 0:0 ack 1");
  let from = 0;
  for (let round = 0; from < LETTERS.length; round++) {
    const ranges = PIECES.slice(0, 4 + (round % 7)).map((size) => [from, Math.min((from += size), LETTERS.length)]);
    // In every second round the last piece comes first.
    for (const [start, end] of round % 2 === 0 ? ranges : ranges.reverse())
      peer.send(`P. ${start! + 1}:${end! + 1} ack ${peer.bytes.length + 1} data ${LETTERS.slice(start, end)}`);
    await lab.advance("4ms");
  }
  for (let tries = 0; tries < 20 && peer.bytes.length < LETTERS.length; tries++) {
    peer.send(`. ${LETTERS.length + 1}:${LETTERS.length + 1} ack ${peer.bytes.length + 1}`);
    await lab.advance("50ms");
  }
  const back = String.fromCharCode(...peer.bytes.slice(0, 100_000)) + String.fromCharCode(...peer.bytes.slice(100_000));
  expect(back.length).toBe(LETTERS.length);
  expect(
    back === LETTERS,
    `the first wrong byte is ${[...back].findIndex((letter, at) => letter !== LETTERS[at])}`,
  ).toBe(true);
  peers.delete(port);
});

/** Numbers by which the node's first ones grow in a millisecond (RFC 9293, 3.4.1). */
const NUMBERS_A_MS = 250;
const MIDDLE = 0x80000000;
const LATEST_MS = 150_000;

/** Ports whose connections begin so many numbers before the middle of the circle, and when, the soonest first. */
async function portsBeforeMiddle(made: TcpScene, before: number): Promise<{ port: number; atNs: number }[]> {
  const { lab, plug, node, peers } = made;
  const found: { port: number; atNs: number }[] = [];
  for (let port = 30_000; found.length < CIRCLE_CASES.length && port < 38_000; port++) {
    const peer = new Keeper(lab, plug, node, port, 80);
    peers.set(port, peer);
    peer.send("S 0:0");
    await peer.expect("S. 0:0 ack 1");
    peer.send("R 1:1");
    peers.delete(port);
    const waitMs = (MIDDLE - before - peer.first) / NUMBERS_A_MS;
    if (waitMs > 30_000 && waitMs < LATEST_MS) found.push({ port, atNs: lab.nowNs + waitMs * 1e6 });
  }
  return found.sort((a, b) => a.atNs - b.atNs);
}

const SACKED = ["< S 0:0 win 65535 mss 1000 sackOK", "wait 20", "> S. 0:0 ack 1", "< . 1:1 ack 1"] as const;
const WINDOW = [...SACKED, ASK_LONG, ...sent(1, 10001, 1000, 21, "P.")] as const;

const CIRCLE_CASES: readonly (readonly string[])[] = [
  // Every second segment is lost.
  [
    ...[...WINDOW, "wait 20", "< . 21:21 ack 1 sack 1001:2001 3001:4001 5001:6001", ...sent(1, 1001, 1000, 21)],
    ...["> . 2001:3001 ack 21", "> . 4001:5001 ack 21", "wait 5", "< . 21:21 ack 2001 sack 3001:4001 5001:10001"],
    ...[...sent(10001, 15001, 1000, 21), "wait 3", "< . 21:21 ack 13001", ...sent(15001, 20001, 1000, 21)],
  ],
  // A timeout, and what shows that it was not needed.
  [
    ...[...WINDOW, "silence 35", "> . 10001:11001 ack 21", "silence 150", "> . 1:1001 ack 21", "< . 21:21 ack 1001"],
    ...["> . 11001:12001 ack 21", "> P. 12001:13001 ack 21", "< . 21:21 ack 6001", ...sent(13001, 19001, 1000, 21)],
  ],
  // Small windows, one of them closed.
  [
    ...["< S 0:0 win 4500 mss 1000", "> S. 0:0 ack 1", "< . 1:1 ack 1 win 4500"],
    ...[ASK_LONG.replace(" data", " win 4500 data"), ...sent(1, 4001, 1000, 21, "P."), "silence 20"],
    ...["< . 21:21 ack 2001 win 4500", "> . 4001:5001 ack 21", "> P. 5001:6001 ack 21", "silence 20"],
  ],
];

thoroughly("numbers of the node's pass the middle of their circle like all others", async () => {
  const made = await scene();
  const ports = await portsBeforeMiddle(made, 5_500);
  expect(ports.length).toBe(CIRCLE_CASES.length);
  for (const [number, { port, atNs }] of ports.entries()) {
    await made.lab.advance(`${Math.max(0, Math.round((atNs - made.lab.nowNs) / 1e6))}ms`);
    await play(made, [...CIRCLE_CASES[number]!, "wait 1", "< R 21:21"], port, 80, `circle ${number}`);
  }
});

/** What the node waits for an answer, in ms: each time twice as long, a minute at most (RFC 6298, 5.5). */
const WAITS_MS = [...Array.from({ length: 9 }, (_, tries) => 200 * 2 ** tries), ...Array<number>(4).fill(60_000)];

/** Pauses, after each of which the node says the same again. */
const again = (tries: number, row: string): string[] => WAITS_MS.slice(0, tries).flatMap((ms) => [`pause ${ms}`, row]);

thoroughly("who does not answer for five minutes is given up, with a reset (RFC 9293, 3.8.3)", async () => {
  await play(
    await scene(),
    [
      ...[...OPEN, "< P. 1:6 ack 1", "> P. 1:6 ack 6", ...again(12, "> P. 1:6 ack 6")],
      ...[`pause ${WAITS_MS[12]}`, "> R. 6:6 ack 6", "< . 6:6 ack 1", "> R 1:1"],
    ],
    FIRST_PORT - 2,
    ECHO_PORT,
  );
});

thoroughly("two minutes are enough when no socket names the connection any more", async () => {
  const rows = [...ANSWERED, ...again(9, "> FP. 1:149 ack 20"), "pause 17000", "> R. 150:150 ack 20"];
  await play(await scene(), rows, FIRST_PORT - 3, 80);
});
