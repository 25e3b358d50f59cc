/** What the page says of frames: tshark reads the same in those of a cluster, and nothing in a frame breaks it. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PcapngWriter } from "../../emulator/ether/capture.ts";
import { Random } from "../../emulator/state/random.ts";
import { CLUSTER_PORT } from "../../src/wire/cluster.ts";
import { decodeFrame, summarize } from "../../src/wire/frame.ts";
import type { Layer } from "../../src/wire/layer.ts";
import { WIDE_PORT } from "../../src/wire/wide.ts";
import { requireOracle, withFolder } from "../oracle.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf } from "../setup/tier.ts";
import { boot, CLOUD, images } from "../system/images.ts";

/** tshark's names of the protocols that the page has a layer for. */
const LAYERS: Readonly<Record<string, string>> = {
  eth: "Ethernet",
  arp: "ARP",
  ip: "IPv4",
  icmp: "ICMP",
  igmp: "IGMP",
  udp: "UDP",
  tcp: "TCP",
  dhcp: "DHCP",
  dns: "DNS",
  mdns: "DNS",
};
/** Fields that both have: layer, name there, tshark's name. */
const FIELDS = [
  ["Ethernet", "from", "eth.src"],
  ["Ethernet", "to", "eth.dst"],
  ["ARP", "sender's protocol address", "arp.src.proto_ipv4"],
  ["ARP", "target's protocol address", "arp.dst.proto_ipv4"],
  ["IPv4", "from", "ip.src"],
  ["IPv4", "to", "ip.dst"],
  ["IPv4", "time to live", "ip.ttl"],
  ["UDP", "from port", "udp.srcport"],
  ["UDP", "to port", "udp.dstport"],
  ["TCP", "from port", "tcp.srcport"],
  ["TCP", "to port", "tcp.dstport"],
  ["TCP", "sequence", "tcp.seq"],
  ["TCP", "acknowledges", "tcp.ack"],
  ["ICMP", "sequence", "icmp.seq"],
  ["IGMP", "type", "igmp.type"],
] as const;

/** The first frames of two machines that found a cluster, look for each other's names, and talk. */
async function frames(): Promise<Uint8Array[]> {
  const lab = boot({ nodes: [{ cdrom: images().iso }, { cdrom: images().iso }] });
  const found: Uint8Array[] = [];
  lab.cluster.network.onFrame = (_link, sender, _sentNs, _arrivalNs, bytes) => {
    if (sender === 0) found.push(bytes.slice());
  };
  await lab.until(
    () => lab.nodes.every(({ console }) => /peers 1/.test(console.text) && CLOUD.test(console.text)),
    "no cluster",
    { within: "60s" },
  );
  const [first] = lab.nodes;
  await first!.enter("ping 10.0.2.2", /10\.0\.2\.2/);
  await first!.enter("host no-such-name", /no-such-name/);
  await first!.enter("wget http://10.0.2.2/nothing", /\S/);
  lab.cluster.runUntil(lab.nowNs + 3e9);
  lab.close();
  return found;
}

function fieldOf(layers: readonly Layer[], layer: string, field: string): string {
  const fields = layers.find(({ title }) => title === layer)?.fields ?? [];
  return fields.find(([name]) => name === field)?.[1] ?? "";
}

thoroughly("layers, addresses, ports and numbers are those that tshark reads", async (context) => {
  const tshark = requireOracle("tshark", context);
  const captured = await frames();
  const rows = withFolder((folder) => {
    const path = join(folder, "frames.pcapng");
    const parts: Uint8Array[] = [];
    const writer = new PcapngWriter((bytes) => void parts.push(bytes.slice()), 0);
    const number = writer.addInterface("all");
    captured.forEach((bytes, index) => void writer.write(number, 1000 * index, bytes));
    writeFileSync(path, Buffer.concat(parts));
    const names = ["frame.protocols", ...FIELDS.map(([, , name]) => name)].flatMap((name) => ["-e", name]);
    const options = ["-o", "tcp.relative_sequence_numbers:FALSE", "-E", "occurrence=f"];
    const output = execFileSync(tshark, ["-r", path, "-T", "fields", ...options, ...names], { encoding: "utf8" });
    return output
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
  });
  expect(rows.length).toBe(captured.length);
  const seen = new Set<string>();
  captured.forEach((bytes, index) => {
    const [protocols, ...values] = rows[index]!;
    const layers = decodeFrame(bytes);
    const titles = layers.map(({ title }) => title).filter((title) => Object.values(LAYERS).includes(title));
    // An error by ICMP quotes the datagram that it is about; a second version of a protocol is named after the first.
    const expected = protocols!
      .replace(/:icmp:.*/, ":icmp")
      .split(":")
      .flatMap((name) => LAYERS[name] ?? [])
      .filter((title, at, all) => title !== all[at - 1]);
    expect(titles, `frame ${index}`).toEqual(expected);
    for (const title of layers.map((layer) => layer.title)) seen.add(title);
    FIELDS.forEach(([layer, field, name], column) => {
      if (titles.includes(layer))
        expect(fieldOf(layers, layer, field), `${name} of frame ${index}`).toBe(values[column]);
    });
  });
  expect([...seen].sort()).toEqual(expect.arrayContaining(["ARP", "DHCP", "DNS", "ICMP", "IGMP", "TCP", "UDP"]));
});

const cases = casesOf("wire/decode");

test(`random frames, cut and changed, end in layers whose fields lie in them: ${cases.title}`, () => {
  const types = [0x0800, 0x0806, 0x86dd, 0x1234];
  const ports = [67, 53, 5353, CLUSTER_PORT, WIDE_PORT];
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    const bytes = Uint8Array.from({ length: random.below(200) }, () => random.below(256));
    const view = new DataView(bytes.buffer);
    if (bytes.length > 40 && random.chance(90)) {
      view.setUint16(12, random.pick(types));
      bytes[14] = 0x45;
      bytes[23] = random.pick([1, 2, 6, 17]);
      view.setUint16(36, random.pick(ports));
      if (random.chance(80)) view.setUint16(20, 0);
    }
    const layers = decodeFrame(bytes);
    expect(summarize(layers).text, cases.repeat(seed)).not.toBe("");
    for (const { fields } of layers)
      for (const [name, , offset, length] of fields)
        expect(offset + length, `${name}; ${cases.repeat(seed)}`).toBeLessThanOrEqual(bytes.length);
  }
});

test.each([
  [[0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0], "10.0.2.77 asks who listens to any group"],
  [[0x11, 100, 0, 0, 224, 0, 0, 251], "10.0.2.77 asks who listens to 224.0.0.251"],
  [[0x16, 0, 0, 0, 224, 0, 0, 251], "10.0.2.77 listens to 224.0.0.251"],
  [[0x17, 0, 0, 0, 224, 0, 0, 251], "10.0.2.77 leaves 224.0.0.251"],
  [
    [0x22, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0, 0, 224, 0, 0, 251, 3, 0, 0, 0, 239, 1, 2, 3],
    "10.0.2.77 joins 224.0.0.251, leaves 239.1.2.3",
  ],
  [
    // Its first record has a word of auxiliary data and a source, and it counts more records than it has.
    [0x22, 0, 0, 0, 0, 0, 0, 9, 1, 1, 0, 1, 224, 0, 0, 251, 10, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 239, 1, 2, 3],
    "10.0.2.77 does not listen to 224.0.0.251, listens to 239.1.2.3",
  ],
])("a message of IGMP says of its groups: %j", (message, text) => {
  const header = [0x45, 0, 0, 20 + message.length, 0, 0, 0, 0, 1, 2, 0, 0, 10, 0, 2, 77, 224, 0, 0, 22];
  const frame = Uint8Array.of(...new Array(12).fill(0), 8, 0, ...header, ...message);
  expect(summarize(decodeFrame(frame))).toEqual({ protocol: "IGMP", text });
});
