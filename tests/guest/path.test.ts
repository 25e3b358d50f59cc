/**
 * Paths that take less than Ethernet's (RFC 1191): errors about what the node has sent, and nothing else, make them so.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { withAddress } from "../system/booted.ts";
import { PROMPT } from "../system/images.ts";
import { echo, filler, icmp, icmpBytes, PacketScene, PEER, udp } from "./packet-wire.ts";

const LIFETIME = "600s";
const QUESTION = 3000;
const WHOLE = "icmp NODE > 10.0.2.77 echo reply id 7 seq 1 1000 bytes";
/** How 1,000 bytes come back where the path takes 768, and 576. */
const OF_768 = ["piece NODE > 10.0.2.77 0+744 more", "piece NODE > 10.0.2.77 744+264"];
const OF_576 = ["piece NODE > 10.0.2.77 0+552 more", "piece NODE > 10.0.2.77 552+456"];

/** Says that the path of the packet in a frame takes `mtu` bytes. */
const takes = (mtu: number, frame: Uint8Array) =>
  icmp(icmpBytes(3, 4, [0, 0, mtu >> 8, mtu & 255], frame.slice(14, 42)));

/** How the node sends an echo of 1,000 bytes back. */
const tries = async (s: PacketScene, replies: readonly string[]): Promise<void> =>
  expect(await s.run({ name: "", send: [icmp(echo(7, 1, filler(1000)))], replies })).toEqual([]);

/** The frame of a datagram that the node sends, by `line`, to the peer, which does not answer. */
async function sent(s: PacketScene, line: string, protocol: number): Promise<Uint8Array> {
  s.frames.length = 0;
  s.node.type(`${line}\n`);
  return await s.lab.until(() => s.frames.find((frame) => frame[23] === protocol), `${line} sends nothing`);
}

thoroughly("an error about an echo request makes the path smaller, never larger, for ten minutes", async () => {
  const s = new PacketScene(await withAddress());
  await s.greet();
  const ping = await sent(s, `ping -c 1 ${PEER}`, 1);
  const counts = ["ip paths that take less"];
  expect(await s.run({ name: "", send: [takes(768, ping)], counts })).toEqual([]);
  await s.node.waitFor(PROMPT);
  await tries(s, OF_768);
  // The conversation is over; one that goes on is not believed when it says more, or less than any path has.
  expect(await s.run({ name: "", send: [takes(600, ping)] })).toEqual([]);
  await tries(s, OF_768);
  const later = await sent(s, `ping -c 1 ${PEER}`, 1);
  expect(await s.run({ name: "", send: [takes(1024, later)] })).toEqual([]);
  await s.node.waitFor(PROMPT);
  await tries(s, OF_768);
  const last = await sent(s, `ping -c 1 ${PEER}`, 1);
  expect(await s.run({ name: "", send: [takes(0, last)], counts })).toEqual([]);
  await tries(s, OF_576);
  await s.lab.advance(LIFETIME);
  await tries(s, [WHOLE]);
});

test("an error about a datagram counts for the socket that sent it", async () => {
  const s = new PacketScene(await withAddress());
  await s.greet();
  const invented = udp(
    { source: QUESTION, port: QUESTION, data: filler(8) },
    { from: s.facts.address, to: PEER },
  )(s.facts);
  expect(await s.run({ name: "", send: [takes(600, invented)] })).toEqual([]);
  await tries(s, [WHOLE]);
  await s.node.enter(`set dns.server ${PEER}`, PROMPT);
  const question = await sent(s, "host path.example", 17);
  expect(await s.run({ name: "", send: [takes(768, question)], counts: ["ip paths that take less"] })).toEqual([]);
  await tries(s, OF_768);
});
