/** A node that is about to found a cluster, among strangers on the wire who join, and who lie. */
import { expect, test } from "vitest";
import { internetChecksum } from "../../emulator/ether/internet-checksum.ts";
import {
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  put16,
} from "../../emulator/ether/packet.ts";
import { HIGH, HIGHEST, hello, LOW, says, scene, until } from "./agreement-scene.ts";
import { HELLO, VIEW } from "./cluster-wire.ts";

/** Of an ICMP message: type 3, code 3 (RFC 792). */
const PORT_UNREACHABLE = [3, 3, 0, 0, 0, 0, 0, 0];
const QUOTED_BYTES = 28;

/** What a stranger answers who says that nobody listens where the frame goes. */
function refusal(frame: Uint8Array): Uint8Array[] {
  const isDatagram = get16(frame, 12) === ETHERTYPE_IPV4 && frame[14 + 9] === PROTOCOL_UDP;
  if (!isDatagram) return [];
  const payload = Uint8Array.of(...PORT_UNREACHABLE, ...frame.subarray(14, 14 + QUOTED_BYTES));
  put16(payload, 2, internetChecksum(payload, 0, payload.length));
  const [mac, address] = [frame.slice(6, 12), frame.slice(26, 30)];
  const packet = { source: Uint8Array.of(10, 0, 2, 99), destination: address, protocol: PROTOCOL_ICMP, payload };
  return [ethernetFrame(mac, Uint8Array.of(2, 0, 0, 0, 0, 99), ETHERTYPE_IPV4, ipv4Bytes(packet, 1))];
}

test("goes on when somebody says that nobody listens where its packets go", async () => {
  const s = await scene();
  let refused = 0;
  s.lab.plug("liar").answer((frame) => {
    const answer = refusal(frame);
    refused += answer.length;
    return answer;
  });
  await says(s, VIEW);
  expect(s.wire.of(HELLO)).toHaveLength(6);
  await s.lab.advance("3s");
  expect(refused).toBeGreaterThan(6);
  expect(s.node.console.text).not.toContain("the daemon ends");
});

test("waits for the lowest of all that join, whichever of them was heard first", async () => {
  const s = await scene();
  const begunMs = s.lab.nowNs / 1e6;
  for (let afterMs = 100; afterMs <= 2500; afterMs += 250) {
    await until(s, begunMs + afterMs);
    for (const id of [HIGHEST, HIGH, LOW]) s.wire.say(hello(id));
  }
  expect(s.wire.of(VIEW)).toEqual([]);
});
