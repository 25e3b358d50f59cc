/** Ways out of the emulator: guests that reach programs of this host, and programs of this host that reach guests. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { PROTOCOL_TCP, SYN, segmentBytes } from "../../emulator/ether/nat/segment.ts";
import { ETHERTYPE_IPV4, ethernetFrame, ipv4Bytes, parseIpv4 } from "../../emulator/ether/packet.ts";
import { Random } from "../../emulator/state/random.ts";
import { type LabCluster, openPort, openWay, parseForward, parseWay } from "../../src/index.ts";
import { requireOracle } from "../oracle.ts";
import { atLength, thoroughly } from "../setup/thoroughly.ts";
import { asMember } from "./booted.ts";
import { boot, CLOUD, inState, isoWith, PROMPT } from "./images.ts";

/** Booted nodes that reflect what comes, from now on at the pace of this host, run until the test ends. */
async function reflectors(count = 1): Promise<LabCluster> {
  const lab = await inState(`${count} reflectors`, async () => {
    const cdrom = await isoWith("tests/system/reflector.s", "asm/shell/reflector.s");
    const booted = boot({ nodes: Array.from({ length: count }, () => ({ cdrom })) });
    for (const node of booted.nodes) {
      await node.waitFor(CLOUD, { within: "20s" });
      await node.waitFor(PROMPT);
    }
    return booted;
  });
  lab.realtime = true;
  onTestFinished(() => lab.close());
  return lab;
}

/** Lets the cluster run until `work` is done. */
async function meanwhile<Result>(lab: LabCluster, work: Promise<Result>): Promise<Result> {
  let isOver = false;
  const done = work.finally(() => (isOver = true));
  done.catch(() => {});
  await lab.until(() => isOver, "the host did not come to an end", { within: "300s" });
  return done;
}

function randomBytes(count: number): Uint8Array {
  const random = new Random(1, "ways");
  const bytes = new Uint8Array(count);
  const words = new Uint32Array(bytes.buffer, 0, count >> 2);
  for (let at = 0; at < words.length; at++) words[at] = random.below(2 ** 32);
  return bytes;
}

function hashOf(...pieces: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Sends all of it to a port of this host, and gives the hash of what came back. */
function reflected(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash("sha256");
    const socket = createConnection({ port, host: "127.0.0.1" }, () => socket.end(bytes));
    socket.on("data", (piece) => hash.update(piece));
    socket.on("end", () => resolve(hash.digest("hex")));
    socket.on("error", reject);
  });
}

/** A SYN of a stranger's to a port of the host, by the gateway. */
function synFrame(fromPort: number, toPort: number): Uint8Array {
  const [from, to] = [parseIpv4("10.0.2.200"), parseIpv4("10.0.2.2")];
  const payload = segmentBytes(from, to, {
    sourcePort: fromPort,
    destinationPort: toPort,
    sequence: 1,
    acknowledgment: 0,
    flags: SYN,
    window: 1000,
    mss: null,
    shift: null,
    data: new Uint8Array(0),
  });
  const packet = ipv4Bytes({ source: from, destination: to, protocol: PROTOCOL_TCP, payload }, 1);
  return ethernetFrame(Uint8Array.of(0x52, 0x55, ...to), Uint8Array.of(2, 0, 0, 0, 0, 0x66), ETHERTYPE_IPV4, packet);
}

const BYTES = 1 << 20;
const MANY_BYTES = 16 << 20;

async function forwardedBytes(count: number): Promise<void> {
  const lab = await reflectors();
  const { ports } = await openPort(lab, "0:7");
  const bytes = randomBytes(count);
  expect(await meanwhile(lab, reflected(ports[0]!, bytes))).toBe(hashOf(bytes));
}

thoroughly("what a program sends to a forwarded port comes back from the guest as it was", () => forwardedBytes(BYTES));
thoroughly("16 MiB there and back", { timeout: 600_000 }, () => forwardedBytes(MANY_BYTES));

thoroughly("what a program says to a guest that has connected to it comes back as it was", async () => {
  const lab = await reflectors();
  await openWay(lab, "user");
  const bytes = randomBytes(BYTES);
  const back = new Promise<string>((resolve) => {
    const hash = createHash("sha256");
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.end(bytes);
      socket.on("data", (piece) => hash.update(piece));
      socket.on("end", () => resolve(hash.digest("hex")));
    });
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1", () =>
      lab.nodes[0]!.type(`reflect 10.0.2.2 ${(server.address() as AddressInfo).port}\n`),
    );
  });
  expect(await meanwhile(lab, back)).toBe(hashOf(bytes));
  await lab.nodes[0]!.waitFor(`reflected ${BYTES} bytes`);
});

thoroughly(
  "curl asks a guest's web server by a forwarded port, and a guest's wget asks a server of this host",
  async (context) => {
    const curl = requireOracle("curl", context);
    const lab = await reflectors();
    const { ports } = await openWay(lab, "user,hostfwd=tcp:127.0.0.1:0-:80");
    const url = `http://127.0.0.1:${ports[0]}/status.json`;
    const { stdout } = await meanwhile(lab, promisify(execFile)(curl, ["-sS", "--max-time", "20", url, url]));
    expect(stdout).toMatch(/"qure-1"[\s\S]*"qure-1"/);

    const server = createHttpServer(({ url, socket }, response) => {
      if (url === "/page") response.end("a page of the host\n");
      else socket.end("HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 100\r\n\r\nhalf a page");
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    await lab.nodes[0]!.enter(`wget http://10.0.2.2:${port}/page`, /a page of the host/);
    await lab.nodes[0]!.enter(
      `wget http://10.0.2.2:${port}/half`,
      /half a page[\s\S]*11 bytes\n.* ended before the page did/,
    );
    server.close();
    await lab.nodes[0]!.waitFor(PROMPT);
    await lab.nodes[0]!.enter(`wget http://10.0.2.2:${port}/page`, /refused/);
  },
);

thoroughly("datagrams to a forwarded port are answered to each of those who sent them", async () => {
  const lab = await reflectors(2);
  const { ports } = await openPort(lab, "udp:0:2:7");
  const askers = ["first", "second"].map((text) => {
    const socket = createSocket("udp4");
    onTestFinished(() => void socket.close());
    const answer = new Promise<string>((resolve) => socket.once("message", (bytes) => resolve(String(bytes))));
    socket.send(text, ports[0]!, "127.0.0.1");
    return answer;
  });
  expect(await meanwhile(lab, Promise.all(askers))).toEqual(["first", "second"]);
});

test("a guest's ping leaves by the host's", async (context) => {
  requireOracle("ping", context);
  const address = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  if (address === undefined) return context.skip("this host has no address but the loopback");
  const lab = await asMember();
  lab.realtime = true;
  onTestFinished(() => lab.close());
  await openWay(lab, "user");
  await lab.nodes[0]!.enter(`ping -c 1 ${address}`, /1 received/);
});

atLength(
  "a stranger's SYNs fill the table of connections and nothing else; a connection that was there goes on",
  async () => {
    const lab = await reflectors();
    const { ports } = await openPort(lab, "0:7");
    const socket = createConnection(ports[0]!, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    let heard = "";
    socket.on("data", (bytes) => (heard += String(bytes)));
    socket.write("before ");
    await lab.until(() => heard === "before ", "no echo", { within: "5s" });
    const server = createServer((stranger) => stranger.on("error", () => {}));
    onTestFinished(() => void server.close());
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const plug = lab.plug("stranger");
    for (let port = 1; port <= 3000; port++) {
      plug.send(synFrame(port, (server.address() as AddressInfo).port));
      if (port % 100 === 0) await lab.advance("1ms");
    }
    await lab.advance("50ms");
    const { streams, refused } = lab.cluster.gateway.nat!.counters;
    expect(streams).toBeLessThanOrEqual(1024);
    expect(refused).toBeGreaterThan(1000);
    socket.write("after");
    await lab.until(() => heard === "before after", "no echo", { within: "5s" });
    // Nobody completes them: they end. That is the network's time, which need not be waited for.
    lab.realtime = false;
    await lab.until(() => lab.cluster.gateway.nat!.counters.streams === 1, "half-open connections stayed", {
      within: "120s",
    });
  },
);

test.each([
  ["8080:80", { protocol: "tcp", host: "127.0.0.1", port: 8080, to: 0, toPort: 80 }],
  ["8080:2:80", { protocol: "tcp", host: "127.0.0.1", port: 8080, to: 1, toPort: 80 }],
  ["udp:5353:53", { protocol: "udp", host: "127.0.0.1", port: 5353, to: 0, toPort: 53 }],
  ["0.0.0.0:8080:3:80", { protocol: "tcp", host: "0.0.0.0", port: 8080, to: 2, toPort: 80 }],
  ["tcp::8080-:80", { protocol: "tcp", host: "127.0.0.1", port: 8080, to: 0, toPort: 80 }],
  [
    "hostfwd=udp:127.0.0.2:69-10.0.2.16:69",
    { protocol: "udp", host: "127.0.0.2", port: 69, to: "10.0.2.16", toPort: 69 },
  ],
])("--forward %s", (text, forward) => expect(parseForward(text)).toEqual(forward));

test.each([
  ["80", "80: write HOSTPORT:PORT, HOSTPORT:NODE:PORT, or tcp:[ADDRESS]:HOSTPORT-[ADDRESS]:PORT"],
  ["99999:80", "99999:80: 99999 is not a port, 0 to 65535"],
  ["8080:0", "8080:0: 0 is not a port, 1 to 65535"],
  ["8080:x:80", "8080:x:80: x is not the number of a machine"],
  ["300.1.1.1:8080:80", "300.1.1.1:8080:80: 300.1.1.1 is not an IPv4 address"],
])("--forward %s is refused with a sentence", (text, message) => expect(() => parseForward(text)).toThrow(message));

const LOOPBACK = "127.0.0.1";
test.each([
  [
    "vxlan,vni=42,local=10.9.0.1,remote=10.9.0.2,remote=10.9.0.3:8472",
    {
      kind: "vxlan",
      vni: 42,
      local: { host: "10.9.0.1", port: 4789 },
      remotes: [
        { host: "10.9.0.2", port: 4789 },
        { host: "10.9.0.3", port: 8472 },
      ],
    },
  ],
  [
    "dgram,id=n1,local.type=inet,local.host=127.0.0.1,local.port=5001,remote.type=inet,remote.host=localhost,remote.port=5002",
    { kind: "dgram", local: { host: LOOPBACK, port: 5001 }, remote: { host: LOOPBACK, port: 5002 } },
  ],
  [
    "socket,udp=127.0.0.1:5001,localaddr=127.0.0.1:5002",
    { kind: "dgram", local: { host: LOOPBACK, port: 5002 }, remote: { host: LOOPBACK, port: 5001 } },
  ],
  ["stream,listen=:5000", { kind: "stream", isServer: true, place: { host: LOOPBACK, port: 5000 } }],
  [
    "stream,server=on,addr.type=unix,addr.path=/tmp/lan",
    { kind: "stream", isServer: true, place: { path: "/tmp/lan" } },
  ],
  ["socket,connect=127.0.0.1:5000", { kind: "stream", isServer: false, place: { host: LOOPBACK, port: 5000 } }],
])("--netdev %s", (text, way) => expect(parseWay(text)).toEqual(way));

test.each([
  ["tap", "tap: tap is none of user, vxlan, dgram, stream, socket"],
  ["vxlan,remote=10.9.0.2", "vni=NUMBER is missing"],
  ["vxlan,vni=42", "remote=ADDRESS[:PORT] is missing"],
  ["vxlan,vni=16777216,remote=10.9.0.2", "vni is 0 to 16777215"],
  ["dgram,local=127.0.0.1:1,remote=/tmp/x", "remote is ADDRESS:PORT: datagrams go by UDP only"],
  ["stream,listen=:1,connect=:2", "write listen= or connect="],
  ["user,restrict=on", "restrict means nothing here"],
  ["dgram,local=:1,local=:2,remote=:3", "local is there twice"],
])("--netdev %s is refused with a sentence", (text, message) => expect(() => parseWay(text)).toThrow(message));

thoroughly("ways out want real time, a gateway, a machine to lead to, and no snapshot", async () => {
  const lab = await reflectors();
  await expect(openPort(lab, "0:9:80")).rejects.toThrow("there is no machine 9 to forward to");
  expect(() => lab.save()).toThrow("the host's network is plugged into the switch");
  lab.realtime = false;
  await expect(openPort(lab, "0:80")).rejects.toThrow("needs a cluster in real time");
  const alone = boot({ nodes: [{}], gateway: false, realtime: true });
  await expect(openWay(alone, "user")).rejects.toThrow("a network without gateway has no way to the host's");
});
