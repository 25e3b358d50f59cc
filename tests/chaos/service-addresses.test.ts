/** Who answers for which shared address, judged by ARP frames as machines might send them. */
import { beforeAll, expect, test } from "vitest";
import {
  arpBytes,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseIpv4,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { notHeld, oneHolder } from "../../src/chaos/qure/service-addresses.ts";
import { kernelLayout } from "../../src/chaos/setup.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { World } from "../../src/chaos/world.ts";
import { CLUSTER_PORT } from "../../src/wire/cluster.ts";
import { KIND, RELEASE, SERVICE } from "../../src/wire/cluster-layout.ts";
import { images } from "../system/images.ts";
import { clusterStage } from "./images.ts";

const MS = 1e6;
const SHARED = parseIpv4("10.0.2.9");
const ITS_MAC = Uint8Array.of(2, 0x51, ...SHARED);
const SOMEBODY = Uint8Array.of(2, 0, 0, 0, 0, 7);

let stage: Stage;
beforeAll(async () => {
  stage = await clusterStage(3);
});

function answer(mac = ITS_MAC): Uint8Array {
  const arp = { operation: 2, senderMac: mac, senderIp: SHARED, targetMac: SOMEBODY, targetIp: parseIpv4("10.0.2.7") };
  return ethernetFrame(SOMEBODY, mac, ETHERTYPE_ARP, arpBytes(arp));
}

function release(): Uint8Array {
  const packet = new Uint8Array(144);
  packet.set(new TextEncoder().encode("QRCL"));
  packet[KIND] = RELEASE;
  packet.set(SHARED, SERVICE);
  const [source, destination] = [parseIpv4("10.0.2.15"), parseIpv4("239.255.81.82")];
  const payload = udpBytes(source, destination, {
    sourcePort: CLUSTER_PORT,
    destinationPort: CLUSTER_PORT,
    data: packet,
  });
  const ip = ipv4Bytes({ source, destination, protocol: PROTOCOL_UDP, payload }, 1);
  return ethernetFrame(SOMEBODY, SOMEBODY, ETHERTYPE_IPV4, ip);
}

/** What the invariant says of frames: who sends them, how long after the run began, and what. */
function judged(...frames: readonly (readonly [cable: number, atMs: number, bytes: Uint8Array])[]): (string | null)[] {
  stage.rewind();
  const world = new World(stage.lab);
  const watch = oneHolder(kernelLayout(images().kernelElf)).watch(world);
  return frames.map(([cable, atMs, bytes]) => {
    const sentNs = world.startNs + atMs * MS;
    return watch.frame!({ cable, toSwitch: true, sentNs, arrivalNs: sentNs, bytes });
  });
}

test("two that answer within 100 ms are a fault, and none when there is longer between them", () => {
  expect(judged([0, 5000, answer()], [1, 5090, answer()])).toEqual([
    null,
    "qure-1 and qure-2 both answer for 10.0.2.9 within 90 ms",
  ]);
  expect(judged([0, 5000, answer()], [1, 5110, answer()])).toEqual([null, null]);
});

test("machines that have just come to hear each other are given time", () => {
  expect(judged([0, 500, answer()], [1, 501, answer()])).toEqual([null, null]);
});

test("who says that it gives the address up is followed at once, and may not answer after that", () => {
  expect(judged([0, 5000, answer()], [0, 5001, release()], [1, 5004, answer()])).toEqual([null, null, null]);
  expect(judged([0, 5000, answer()], [0, 5001, release()], [1, 5004, answer()], [0, 5005, answer()])[3]).toBe(
    "qure-2 and qure-1 both answer for 10.0.2.9 within 1 ms",
  );
});

test("an answer with another MAC address than the shared address's is a fault", () => {
  expect(judged([0, 5000, answer(SOMEBODY)])).toEqual([
    "qure-1 answers for 10.0.2.9 with the MAC address 02:00:00:00:00:07",
  ]);
});

test("machines that are well hold each address once, and it is missed when its holder is gone", () => {
  stage.rewind();
  const world = new World(stage.lab);
  const layout = kernelLayout(images().kernelElf);
  const of = (by: readonly number[]): string | null => notHeld(world, layout, by);
  expect(of(world.living)).toBeNull();
  expect(world.living.map((gone) => of(world.living.filter((index) => index !== gone)))).toContainEqual(
    expect.stringMatching(/^0 nodes hold 10\.0\.2\./),
  );
});
