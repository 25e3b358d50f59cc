/** A node that is about to found a cluster, among strangers on the wire who join, and who lie. */
import { expect, test } from "vitest";
import { internetChecksum } from "../../../emulator/ether/internet-checksum.ts";
import {
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  put16,
} from "../../../emulator/ether/packet.ts";
import { Counts } from "../net/packet-wire.ts";
import {
  HIGH,
  HIGHEST,
  hello,
  LOW,
  OFFSET_COMPANY,
  remember,
  rememberEra,
  report,
  SELF,
  says,
  scene,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import { ALONE, HELLO, VIEW } from "./cluster-wire.ts";

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

test("founds its era alone, after one with company, only until another member reports to it", async () => {
  const s = await scene();
  rememberEra(s.node, 4);
  remember(s.node, OFFSET_COMPANY, Uint8Array.of(1, 0, 0, 0));
  expect((await says(s, VIEW)).flags & ALONE).toBe(ALONE);
  await s.node.enter("cloud", /^alone: the others may still live in the last era/m);
  s.wire.say(report(HIGH, 5, SELF));
  const atMs = s.lab.nowNs / 1e6;
  await s.node.waitFor(/^cloud: .* era 5 age \d+ peers 1$/m);
  expect(s.wire.of(VIEW, atMs).at(-1)!.flags & ALONE).toBe(0);
});

test("reads no more than one view of whom it asks who that is, though its cable was out for a while", async () => {
  const s = await scene();
  s.node.cut();
  await s.lab.advance("900ms");
  s.node.connect();
  const joinedMs = s.lab.nowNs / 1e6;
  // While the card negotiates the window passes, and a lower node is heard that may found.
  for (let afterMs = 400; afterMs <= 800; afterMs += 100) {
    await until(s, joinedMs + afterMs);
    s.wire.say(hello(LOW));
  }
  const counts = new Counts(s.node);
  const before = counts.read();
  for (let time = 0; time < 2; time++) {
    s.wire.say({ ...view(HIGH, 5), echo: "0".repeat(16) });
    await s.lab.advance(TICK_MS * 1e6);
  }
  const after = counts.read();
  const rise = (name: string): number => after.get(name)! - before.get(name)!;
  expect(rise("cloud of a boot that is not known to be the present one")).toBe(1);
  expect(rise("cloud views that say nothing new")).toBe(1);
});
