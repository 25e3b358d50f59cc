/**
 * Options of sockets that show on the wire: window scale, segment size, acknowledgements without delay, ends of
 * records, what more follows, the time without progress.
 */
import { expect, test } from "vitest";
import type { LabCluster } from "../../src/index.ts";
import { boot, CLOUD, inState, isoWith, PROMPT } from "../system/images.ts";
import { play, tcpScene } from "./tcp-scene.ts";

const PORT = 7001;
/** Ten segments, the first window. The last of them is pushed, as nothing may follow it. */
const BURST = Array.from({ length: 10 }, (_, number) => {
  const from = 1 + number * 1088;
  return `> ${number === 9 ? "P." : "."} ${from}:${from + 1088} ack 1`;
});

const SOURCES = {
  options: "tests/guest/stream-options.s",
  more: "tests/guest/stream-more.s",
  limits: "tests/guest/stream-limits.s",
} as const;

/** A node on which one of these programs serves. */
const serving = (name: keyof typeof SOURCES): Promise<LabCluster> =>
  inState(`stream-${name} serves`, async () => {
    const iso = await isoWith(SOURCES[name], `asm/programs/stream-${name}.s`);
    const booted = boot({ nodes: [{ cdrom: iso }] });
    await booted.nodes[0]!.waitFor(CLOUD, { within: "20s" });
    await booted.advance("5s");
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.nodes[0]!.enter(`stream-${name} &`, new RegExp(`stream-${name}: ready`));
    return booted;
  });

test("an acknowledgement that moves on and tells of losses begins the recovery (RFC 6675, 2)", async () => {
  const segments = Array.from({ length: 10 }, (_, number) => `${1 + number * 1100}:${1101 + number * 1100}`);
  await play(
    tcpScene(await serving("options")),
    [
      "< S 0:0 win 65535 mss 1460 sackOK wscale 7",
      "> S. 0:0 ack 1 mss 1100 wscale 8 sackOK",
      "< . 1:1 ack 1 win 500",
      ...segments.map((range, number) => `> ${number === 9 ? "P." : "."} ${range} ack 1`),
      "< . 1:1 ack 1101 win 500 sack 3301:4401 6601:11001",
      `> . ${segments[1]} ack 1`,
      `> . ${segments[2]} ack 1`,
      "wait 1",
      "< R 1:1",
    ],
    3100,
    PORT,
  );
});

test("a listener's options go over to its connections, a burst is pushed, and a reset has timestamps", async () => {
  await play(
    tcpScene(await serving("options")),
    [
      "< S 0:0 win 65535 mss 1460 wscale 7 ts 1000:0",
      "> S. 0:0 ack 1 mss 1100 wscale 8 ts *:1000",
      "< . 1:1 ack 1 win 500 ts 1001:last",
      ...BURST,
      "< . 1:1001 ack 1 win 500 ts 1002:last",
      "> . 10881:10881 ack 1001",
      "< . 1001:2001 ack 1 win 500 ts 1002:last",
      "> . 10881:10881 ack 2001",
      "< . 2001:3001 ack 1 win 500 ts 1002:last",
      "> . 10881:10881 ack 3001",
      // The fourth acknowledgement may be late: it goes with the rest, which nothing holds back.
      "< . 3001:4001 ack 10881 win 500 ts 1003:last",
      ...Array.from({ length: 8 }, (_, number) => `> . ${10881 + number * 1088}:${11969 + number * 1088} ack 4001`),
      "wait 1",
      "< . 4001:4001 ack 19585 win 500 ts 1003:last",
      // Records share no segment. One that another follows need not wait for what is on its way; the last one does.
      "> P. 19585:20001 ack 4001",
      "> P. 20001:20101 ack 4001",
      "< . 4001:4001 ack 20101 win 500 ts 1004:last",
      "> P. 20101:20151 ack 4001",
      // Sent again, they are what they were.
      "wait 190",
      "> P. 20101:20151 ack 4001",
      "< . 4001:4001 ack 20151 win 500 ts 1005:last",
      "wait 500",
      "> R. 20151:20151 ack 4001 ts *:1005",
    ],
    3000,
    PORT,
  );
});

test("what more follows waits for it, but not for ever, and no progress for three seconds ends the connection", async () => {
  await play(
    tcpScene(await serving("more")),
    [
      "< S 0:0 win 65535 mss 1460",
      "> S. 0:0 ack 1",
      "< . 1:1 ack 1",
      "silence 40",
      "> P. 1:151 ack 1",
      "< . 1:1 ack 151",
      "silence 300",
      "> P. 151:181 ack 1",
      "wait 2900",
      ...["200", "600", "1400"].map(() => "> . 151:181 ack 1"),
      "silence 50",
      "> R. 181:181 ack 1",
    ],
    3200,
    7002,
  );
});

test("what a listener's connections inherit: limits of both buffers, and how long they wait for progress", async () => {
  const scene = tcpScene(await serving("limits"));
  const opening = ["< S 0:0 win 65535 mss 1000", "> S. 0:0 ack 1 win 9000", "< . 1:1 ack 1"];
  const records = (from: number, to: number): string[] =>
    Array.from({ length: (to - from) / 10 }, (_, at) => `> P. ${from + at * 10}:${from + at * 10 + 10} ack 1`);
  await play(
    scene,
    [
      ...opening,
      // Ends of records are kept until they are acknowledged, sixteen at most; sent again, they are what they were.
      ...records(1, 201),
      "> P. 201:241 ack 1",
      "silence 150",
      ...records(1, 161),
      "> P. 161:241 ack 1",
      "< P. 1:11 ack 241",
      "> P. 241:291 ack 11",
      "> P. 291:351 ack 11",
      "says stream-limits: marked",
      "< R 11:11",
    ],
    3300,
    7003,
  );
  expect(scene.lab.nodes[0]!.console.text).not.toMatch(/is wrong/);
  await play(
    scene,
    [
      ...opening,
      // Three and a half segments of room are four.
      ...["> . 1:1001 ack 1", "> . 1001:2001 ack 1", "> . 2001:3001 ack 1", "> P. 3001:4001 ack 1", "silence 10"],
      // The call's last bytes of 4,096 go, then as much of the next call's as there is room for.
      ...["< . 1:1 ack 2001", "> P. 4001:4097 ack 1", "> . 4097:5097 ack 1", "> P. 5097:6001 ack 1", "silence 10"],
      "< R 1:1",
    ],
    3301,
    7003,
  );
  // Three pieces that came tell as much of a loss as three segments do, two do not (RFC 6675, 4).
  await play(
    scene,
    [
      ...["< S 0:0 win 65535 mss 1000 sackOK", "wait 20", "> S. 0:0 ack 1 win 9000", "< . 1:1 ack 1"],
      ...[...records(1, 151), "wait 20", "< . 1:1 ack 1 sack 11:21 31:41", "silence 2"],
      // What is lost is short enough to go at once, where there is room for a segment.
      ...["< . 1:1 ack 1 sack 11:21 31:41 51:61", "> . 1:11 ack 1", "> . 21:31 ack 1", "> . 41:51 ack 1", "silence 2"],
      "< R 1:1",
    ],
    3302,
    7003,
  );
});
