/**
 * Debian's 32-bit kernel and a node of ours on one switch, each as client and as server of the other: Linux's stack and
 * busybox' tools are the judges. tshark judges what went over the wire.
 */
import { afterAll, describe, expect, type TestContext, test } from "vitest";
import { NO_TROUBLE, type Trouble } from "../../emulator/ether/trouble.ts";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { atLength } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { PROMPT } from "../system/images.ts";
import { output } from "../system/output.ts";
import { complaintsAbout } from "../system/tshark.ts";
import { LINUX_PROMPT, linuxShell } from "./linux.ts";
import { FILE_BYTES, Neighbours } from "./neighbours.ts";

const [LINUX, OURS] = ["10.9.0.1", "10.9.0.2"];

interface Pair {
  readonly lab: LabCluster;
  readonly linux: LabNode;
  readonly ours: LabNode;
  /** What a command prints there. */
  readonly inLinux: (line: string) => Promise<string>;
  readonly inOurs: (line: string) => Promise<string>;
  /** What passed Linux' cable so far, as a pcapng file. */
  readonly captured: () => Uint8Array;
}

// pcapng: each cable is an interface, and a frame passes both.
const ENHANCED_PACKET = 6;
const viewOf = (block: Uint8Array): DataView => new DataView(block.buffer, block.byteOffset);
const isPacket = (block: Uint8Array): boolean => viewOf(block).getUint32(0, true) === ENHANCED_PACKET;
const isOfLinux = (block: Uint8Array): boolean => !isPacket(block) || viewOf(block).getUint32(8, true) === 0;

let scene: Neighbours | null = null;
let pieces: Uint8Array[] = [];
afterAll(() => scene?.lab.close());

/** Both, booted, without a gateway; neither has an address, and each has a disk or a folder to serve. */
async function pair(context: TestContext): Promise<Pair> {
  scene ??= await Neighbours.make(
    context,
    async ({ nodes: [linux, ours] }) => {
      await linuxShell(linux!)("httpd -h /www; sleep 3");
      await output(ours!, "set http.root /a");
    },
    { capture: (block) => void (isOfLinux(block) && pieces.push(block.slice())) },
  );
  scene.begin();
  // What is no packet is the head of the file.
  pieces = pieces.filter((block) => !isPacket(block));
  const { lab, linux, ours } = scene;
  return {
    lab,
    linux,
    ours,
    inLinux: linuxShell(linux, { within: "600s" }),
    inOurs: (line) => output(ours, line),
    captured: () => new Uint8Array(Buffer.concat(pieces)),
  };
}

/** Both with addresses that were typed. */
async function neighbours(context: TestContext): Promise<Pair> {
  const both = await pair(context);
  await both.inLinux(`ip addr add ${LINUX}/24 dev eth0`);
  await both.inOurs(`ifconfig eth0 ${OURS} 255.255.255.0`);
  // Ours probes and announces its address first (RFC 5227).
  await both.lab.advance("8s");
  return both;
}

/** Whether what ours keeps at /a/numbers is Linux' file: it is fetched from there. */
async function expectNumbers({ inLinux }: Pair): Promise<void> {
  const fetched = await inLinux(`rm -f /back; wget -q -O /back http://${OURS}/numbers`);
  expect(fetched).toContain("status-0");
  expect(await inLinux("cmp /back /www/numbers")).toContain("status-0");
}

const WGET_END = `\nwget: ${FILE_BYTES} bytes\n`;
const SLOW = { timeout: 600_000 };

describe("Linux beside ours", () => {
  test("ARP, echoes in one frame and in pieces, traceroute, closed ports", SLOW, async (context) => {
    const { inLinux, inOurs, captured } = await neighbours(context);
    expect(await inOurs(`ping -c 3 ${LINUX}`)).toContain("3 sent, 3 received");
    expect(await inOurs(`ping -c 3 -s 4000 ${LINUX}`)).toMatch(/4008 bytes[\s\S]*3 sent, 3 received/);
    expect(await inLinux(`ping -c 3 ${OURS}`)).toContain("3 packets received");
    expect(await inLinux(`ping -c 3 -s 4000 ${OURS}`)).toMatch(/4008 bytes[\s\S]*3 packets received/);
    expect(await inLinux(`arping -c 2 -I eth0 ${OURS}`)).toContain("Received 2 response");
    expect(await inLinux(`traceroute ${OURS}`)).toMatch(/^ 1 {2}10\.9\.0\.2 \(10\.9\.0\.2\) {2}[\d.]+ ms/m);
    expect(await inOurs(`traceroute ${LINUX}`)).toMatch(/1 {2}10\.9\.0\.1, the machine itself/);
    expect(await inOurs(`wget http://${LINUX}:81/`)).toMatch(/refused/);
    expect(await inLinux(`wget http://${OURS}:81/`)).toMatch(/Connection refused/);
    const { complaints, found } = await complaintsAbout(captured(), "icmp.type == 0", context);
    expect(complaints).toBe("");
    expect(found).toBeGreaterThanOrEqual(12);
  });

  test("ours serves Linux: pages, parts of files, names, TFTP, a shell by telnet", SLOW, async (context) => {
    const { inLinux, inOurs, captured } = await neighbours(context);
    expect(await inLinux(`wget -q -O - http://${OURS}/status`)).toMatch(/^address 10\.9\.0\.2/m);
    expect(await inLinux(`wget -q -O - 'http://${OURS}/?IP'`)).toContain(LINUX);
    expect(await inLinux(`wget -q http://${OURS}/missing`)).toMatch(/404[\s\S]*status-1/);
    await inOurs("seq 2000 > /a/lines");
    expect(
      await inLinux(`seq 2000 > /all; head -c 3000 /all > /part; wget -c -O /part http://${OURS}/lines`),
    ).toContain("status-0");
    expect(await inLinux("cmp /all /part")).toContain("status-0");
    for (const line of ["SOA ns.home.example hostmaster.home.example 7 3600 600 86400 60", "A 10.0.2.9"])
      await inOurs(`dns add home.example 600 ${line}`);
    await inOurs("dns on");
    expect(await inLinux(`nslookup home.example ${OURS}`)).toMatch(/Address: 10\.0\.2\.9/);
    await inOurs("tftp-server /a &");
    expect(await inLinux(`tftp -g -r lines -l /got ${OURS}; cmp /all /got`)).toContain("status-0");
    await inOurs("telnet on open");
    const session = `(sleep 1; echo cat /a/lines; sleep 3; echo exit; sleep 1) | telnet ${OURS}`;
    expect(await inLinux(`${session} | tr -d '\\r' | grep -c '^[0-9][0-9]*$'`)).toMatch(/^2000\s+status-0/m);
    const { complaints } = await complaintsAbout(captured(), "tcp", context);
    expect(complaints).toBe("");
  });

  test("nc talks both ways, whoever calls", SLOW, async (context) => {
    const both = await neighbours(context);
    const { lab, linux, ours, inLinux, inOurs } = both;
    for (const [server, client] of [
      [linux, ours],
      [ours, linux],
    ] as const) {
      const call = (node: LabNode): string => (node === linux ? `nc ${OURS} 5000` : `nc ${LINUX} 5000`);
      server.type(server === linux ? "nc -l -p 5000\n" : "nc -l 5000\n");
      await lab.advance("1s");
      client.type(`${call(client)}\n`);
      await lab.advance("1s");
      for (const [from, to] of [
        [server, client],
        [client, server],
      ] as const) {
        from.type(`said by ${from.name}\n`);
        await to.waitFor(`said by ${from.name}`);
      }
      client.send(Uint8Array.of(4));
      if (server === linux) linux.send(Uint8Array.of(4));
      await linux.waitFor(LINUX_PROMPT);
      await ours.waitFor(PROMPT);
    }
    ours.type("nc -l 5000 > /a/numbers\n");
    await lab.advance("1s");
    expect(await inLinux(`nc ${OURS} 5000 < /www/numbers`)).toContain("status-0");
    expect(await inOurs("ls /a")).toContain("numbers");
    await expectNumbers(both);
  });

  const TROUBLES: readonly (readonly [name: string, trouble: Partial<Trouble>])[] = [
    ["an undisturbed cable", {}],
    ["10 % lost", { lostPercent: 10 }],
    ["frames that overtake", { reorderedPercent: 10, reorderedNs: 2_000_000 }],
    ["frames that come twice", { duplicatedPercent: 10 }],
    ["wrong bits", { corruptedPercent: 1 }],
    [
      "all of it",
      { lostPercent: 2, reorderedPercent: 5, reorderedNs: 1_000_000, duplicatedPercent: 5, corruptedPercent: 1 },
    ],
  ];
  test.for(rowsOf(TROUBLES, [0, 2]))(
    "a mebibyte arrives intact, there and back: %s",
    SLOW,
    async ([, trouble], context) => {
      const both = await neighbours(context);
      const { lab, linux, inOurs } = both;
      for (const way of ["in", "out"] as const) lab.cluster.setTrouble(linux.index, way, { ...NO_TROUBLE, ...trouble });
      expect(await inOurs(`wget http://${LINUX}/numbers > /a/numbers`)).toContain(WGET_END);
      await expectNumbers(both);
    },
  );

  atLength("a dozen transfers at once, both ways", SLOW, async (context) => {
    const both = await neighbours(context);
    const { linux, ours, inLinux, inOurs } = both;
    await inOurs(`wget http://${LINUX}/numbers > /a/numbers`);
    linux.type(`for i in $(seq 10); do wget -q -O - http://${OURS}/numbers | md5sum & done; wait; echo all-done\n`);
    ours.type(`wget -q http://${LINUX}/numbers & wget -q http://${LINUX}/numbers\n`);
    const [sums] = await linux.waitFor(/[\s\S]*^all-done/m, { within: "600s" });
    expect(new Set(sums.match(/^[0-9a-f]{32}/gm)).size).toBe(1);
    expect(sums.match(/^[0-9a-f]{32}/gm)).toHaveLength(10);
    await ours.waitFor(/(wget: 1048576 bytes[\s\S]*){2}/);
    await inLinux("true");
  });

  test("ours lends Linux an address", SLOW, async (context) => {
    const { lab, inLinux, inOurs } = await pair(context);
    await inOurs(`ifconfig eth0 ${OURS} 255.255.255.0`);
    await lab.advance("8s");
    await inOurs("dhcp-server 10.9.0.50 10 &");
    await lab.advance("5s");
    expect(await inLinux("udhcpc -i eth0 -n -q -f -s /leased 2>&1")).toMatch(/lease of 10\.9\.0\.2: 10\.9\.0\.5\d/);
    expect(await inLinux(`ping -c 2 ${OURS}`)).toContain("2 packets received");
  });

  test("Linux lends ours an address", SLOW, async (context) => {
    const { lab, ours, inLinux, inOurs } = await pair(context);
    const lines = [
      "start 10.9.0.20",
      "end 10.9.0.20",
      "interface eth0",
      `option router ${LINUX}`,
      "option subnet 255.255.255.0",
      "lease_file /leases",
    ];
    await inLinux(`ip addr add ${LINUX}/24 dev eth0; touch /leases`);
    await inLinux(`printf '${lines.join("\\n")}\\n' > /conf; udhcpd -S /conf`);
    await inOurs("ifconfig eth0 dhcp");
    await lab.until(() => ours.console.text.includes("10.9.0.20"), "no address came", { within: "60s" });
    expect(await inOurs("ifconfig")).toMatch(
      /address 10\.9\.0\.20 mask 255\.255\.255\.0 by DHCP\n *router 10\.9\.0\.1/,
    );
    expect(await inOurs(`ping -c 2 ${LINUX}`)).toContain("2 received");
    expect(await inLinux("ping -c 2 10.9.0.20")).toContain("2 packets received");
  });
});
