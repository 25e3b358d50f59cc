/** `netdump`: what an interface takes in and sends is in a file that tshark reads, and nobody else is held up by it. */
import { expect, test } from "vitest";
import { ETHERTYPE_IPV4, ethernetFrame } from "../../emulator/ether/packet.ts";
import {
  arp,
  echo,
  filler,
  icmp,
  ip,
  join,
  PacketScene,
  PEER_MAC,
  pieces,
  tcp,
  udp,
} from "../guest/net/packet-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { inState } from "./images.ts";
import { outputAmong } from "./output.ts";
import { complaintsAbout } from "./tshark.ts";
import { nodeWithVolume } from "./volume.ts";

const HEAD_BYTES = 24;
const RECORD_BYTES = 16;

async function scene(): Promise<PacketScene> {
  return new PacketScene(
    await inState("a volume for netdump", async () => {
      const lab = await nodeWithVolume([]);
      await outputAmong(lab.nodes[0]!, "service stop cluster");
      return lab;
    }),
  );
}

/** The bytes of a file, as the shell's dump shows them. */
async function bytesOf(s: PacketScene, path: string): Promise<Uint8Array> {
  const rows = (await outputAmong(s.node, `hexdump ${path}`)).matchAll(/^[0-9a-f]{8} {2}((?:[0-9a-f]{2} *)+)/gm);
  return Uint8Array.from(
    [...rows].flatMap(([, bytes]) => bytes!.trim().split(/ +/)).map((byte) => Number.parseInt(byte, 16)),
  );
}

thoroughly("frames that come and go are in the file, with their times, and tshark reads them", async (context) => {
  const s = await scene();
  s.node.type("netdump /a/frames eth0\n");
  await s.lab.advance("200ms");
  for (let number = 0; number < 3; number++) {
    s.plug.send(icmp(echo(7, number, new Uint8Array(100 + number)))(s.facts));
    await s.lab.advance("100ms");
  }
  s.node.type("\x03");
  await s.node.waitFor(/^\d+ frames, 0 lost$/m);
  const file = await bytesOf(s, "/a/frames");
  const view = new DataView(file.buffer);
  expect(
    [0, 4, 6, 20].map((at) => (at < 4 || at === 20 ? view.getUint32(at, true) : view.getUint16(at, true))),
  ).toEqual([0xa1b2c3d4, 2, 4, 1]);
  const times: number[] = [];
  for (let at = HEAD_BYTES; at < file.length; at += RECORD_BYTES + view.getUint32(at + 8, true))
    times.push(view.getUint32(at, true) + view.getUint32(at + 4, true) / 1e6);
  expect(times).toEqual([...times].sort());
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(0.19);
  expect(times.at(-1)! - times[0]!).toBeLessThan(0.6);
  expect(await complaintsAbout(file, "icmp.type == 8 || icmp.type == 0", context)).toEqual({
    complaints: "",
    found: 6,
  });
});

test("it ends at Ctrl-C, there is one at a time, and nothing is left of it", async () => {
  const s = await scene();
  const before = await outputAmong(s.node, "handles");
  s.node.type("netdump /a/frames &\n");
  await s.lab.advance("200ms");
  expect(await outputAmong(s.node, "netdump /a/other")).toMatch(/netdump: in use/);
  expect(await outputAmong(s.node, "netdump /none/x eth9")).toMatch(/^netdump: /);
  expect(await outputAmong(s.node, "netdump /a/x eth0 1 2")).toMatch(/^usage: netdump /);
  expect(await outputAmong(s.node, "netdump /a/x eth0 0")).toMatch(/^usage: netdump /);
  s.node.type("kill %1\n");
  await s.node.waitFor(/^\d+ frames, 0 lost$/m);
  expect(await outputAmong(s.node, "handles")).toBe(before);
  s.node.type("netdump /a/frames\n");
  await s.lab.advance("200ms");
  s.node.type("\x03");
  await s.node.waitFor(/^\d+ frames, 0 lost$/m);
  s.node.type("netdump /a/frames eth0 2\n");
  await s.lab.advance("200ms");
  for (let number = 0; number < 3; number++) s.plug.send(icmp(echo(7, number, new Uint8Array(8)))(s.facts));
  await s.node.waitFor(/^2 frames, 0 lost$/m);
  expect(await outputAmong(s.node, "netdump /none/x")).toMatch(/^netdump: /);
  expect(await outputAmong(s.node, "handles")).toBe(before);
});

thoroughly("a flood fills its memory and no more: what was lost is counted, and the node answers", async () => {
  const s = await scene();
  s.node.type("netdump /a/frames\n");
  await s.lab.advance("200ms");
  s.node.slowDisk(1000); // what is written waits, so its memory fills
  for (let batch = 0; batch < 40; batch++) {
    for (let number = 0; number < 50; number++) s.plug.send(icmp(echo(8, number, new Uint8Array(1400)))(s.facts));
    await s.lab.advance("20ms");
  }
  s.node.slowDisk(1);
  await s.lab.advance("5s");
  s.node.type("\x03");
  await s.node.waitFor(/^\d+ frames, \d+ lost$/m);
  const [, kept, lost] = /^(\d+) frames, (\d+) lost$/m.exec(s.node.console.text)!;
  expect(Number(kept)).toBeGreaterThan(80);
  expect(Number(lost)).toBeGreaterThan(0);
  expect(await outputAmong(s.node, "mem check")).toMatch(/all headers agree/);
});

test("without a file there is a line for each frame", async () => {
  const s = await scene();
  const from = s.node.console.text.length;
  s.node.type("netdump - eth0\n");
  await s.lab.advance("200ms");
  const head = [0x45, 0, 0, 40, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 2, 77, 10, 0, 2, 15];
  const frames = [
    arp({ operation: 1, target: "10.0.2.99" }),
    arp({ operation: 2 }),
    icmp(echo(7, 1, filler(30)), { to: "10.0.2.99" }),
    udp({ port: 9, data: filler(5) }, { to: "10.0.2.99" }),
    tcp({ port: 81, flags: 0x12, sequence: 0xfffffffe, acknowledgement: 5, data: filler(3) }, { to: "10.0.2.99" }),
    tcp({ port: 81, flags: 0x3f, offset: 15 }, { to: "10.0.2.99" }),
    ip({ protocol: 2, payload: Uint8Array.of(0x11, 20, 0, 0, 0, 0, 0, 0), to: "224.0.0.1" }),
    ip({ protocol: 89, payload: filler(24), options: [1, 1, 1, 0], to: "10.0.2.99" }),
    ip({ protocol: 17, payload: filler(4), to: "10.0.2.99" }),
    ...pieces(17, filler(40), 24, { to: "10.0.2.99" }),
    // Of a type that nobody knows, then IPv4 whose header is cut, or says that it is, or more than there is.
    () => ethernetFrame(s.facts.mac, PEER_MAC, 0x88cc, filler(46)),
    () => ethernetFrame(s.facts.mac, PEER_MAC, ETHERTYPE_IPV4, Uint8Array.of(0x45)),
    () => ethernetFrame(s.facts.mac, PEER_MAC, ETHERTYPE_IPV4, join([0x44], head.slice(1), filler(40))),
    () => ethernetFrame(s.facts.mac, PEER_MAC, ETHERTYPE_IPV4, join(head.with(2, 9), filler(40))),
    () => ethernetFrame(s.facts.mac, PEER_MAC, ETHERTYPE_IPV4, join(head.with(3, 19), filler(40))),
  ];
  for (const frame of frames) {
    s.plug.send(frame(s.facts));
    await s.lab.advance("2ms");
  }
  s.node.type("\x03");
  await s.node.waitFor(/^\d+ frames, 0 lost$/m);
  // The node's own groups are told of at any time.
  const lines = [...s.node.console.text.slice(from).matchAll(/^\d\d:\d\d:\d\d\.\d{6} (?!10\.0\.2\.15 > )(.*)$/gm)].map(
    ([, line]) => line!,
  );
  const mac = [...s.facts.mac].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  const plain = `02:00:00:00:00:77 > ${mac} type`;
  expect(lines).toEqual([
    "ARP who has 10.0.2.99? asks 10.0.2.77 at 02:00:00:00:00:77",
    "ARP 10.0.2.77 is at 02:00:00:00:00:77",
    "10.0.2.77 > 10.0.2.99 ICMP type 8, code 0, 38 bytes",
    "10.0.2.77:5000 > 10.0.2.99:9 UDP 5 bytes",
    "10.0.2.77:6000 > 10.0.2.99:81 TCP SA 4294967294, acknowledges 5, window 65535, 3 bytes",
    "10.0.2.77:6000 > 10.0.2.99:81 TCP FSRPAU 0, acknowledges 0, window 65535, 0 bytes",
    "10.0.2.77 > 224.0.0.1 IGMP type 17, code 20, 8 bytes",
    "10.0.2.77 > 10.0.2.99 protocol 89, 24 bytes at 0",
    "10.0.2.77 > 10.0.2.99 protocol 17, 4 bytes at 0",
    "10.0.2.77 > 10.0.2.99 protocol 17, 24 bytes at 0",
    "10.0.2.77 > 10.0.2.99 protocol 17, 16 bytes at 24",
    `${plain} 88cc, 46 bytes`,
    `${plain} 0800, 46 bytes`,
    `${plain} 0800, 60 bytes`,
    `${plain} 0800, 60 bytes`,
    `${plain} 0800, 60 bytes`,
  ]);
});
