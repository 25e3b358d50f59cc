/**
 * The switch joined with real ones: a Linux host in a network namespace over VXLAN, another emulator, and QEMU's
 * machines. tshark judges what went over the wire.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { type LabCluster, type LabNode, openPort, openWay, planFaults } from "../../src/index.ts";
import { oracle, requireOracle } from "../oracle.ts";
import { atLength } from "../setup/thoroughly.ts";
import { LINUX_PROMPT, linuxIso, linuxShell } from "../systems/linux.ts";
import { vxlanFiles } from "../systems/peers.ts";
import { boot, CLOUD, images, inState, isoWith, PROMPT } from "./images.ts";

const NAMESPACE = `qure-${process.pid}`;
/** A network of this process alone: what an interrupted run left does not matter. */
const [OUR_END, THEIR_END] = [1, 2].map((host) => `10.231.${process.pid % 250}.${host}`) as [string, string];
const GUEST_SIDE = "10.0.2.100";
let folder: string;
let hasNamespace = false;

/** As root, or not at all. */
function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-lan-"));
  if (!oracle("ip")) return;
  const [ours, theirs] = [`qa${process.pid}`, `qb${process.pid}`];
  const inside = (...words: readonly string[]): void => ip("-n", NAMESPACE, ...words);
  try {
    ip("netns", "add", NAMESPACE);
    ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", NAMESPACE);
    ip("address", "add", `${OUR_END}/30`, "dev", ours);
    ip("link", "set", ours, "up");
    inside("address", "add", `${THEIR_END}/30`, "dev", theirs);
    inside("link", "set", theirs, "up");
    inside("link", "set", "lo", "up");
    const vxlan = ["type", "vxlan", "id", "42", "local", THEIR_END, "remote", OUR_END, "dstport", "4789"];
    inside("link", "add", "qure0", ...vxlan);
    inside("address", "add", `${GUEST_SIDE}/24`, "dev", "qure0");
    inside("link", "set", "qure0", "up");
    hasNamespace = true;
  } catch {
    // Not root, or a kernel without namespaces or VXLAN.
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  // The cable goes with the namespace.
  if (oracle("ip")) {
    try {
      ip("netns", "delete", NAMESPACE);
    } catch {
      // It was never there.
    }
  }
});

/** Booted nodes, from now on at the pace of this host. */
async function booted(count: number, seed: number): Promise<LabCluster> {
  const lab = await inState(`${count} nodes, seed ${seed}`, async () => {
    const cdrom = await isoWith("tests/system/reflector.s", "asm/shell/reflector.s");
    const made = boot({ nodes: Array.from({ length: count }, () => ({ cdrom })), seed });
    for (const node of made.nodes) {
      await node.waitFor(CLOUD, { within: "40s" });
      await node.waitFor(PROMPT);
    }
    return made;
  });
  lab.realtime = true;
  onTestFinished(() => lab.close());
  return lab;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly text: string;
}

/** Runs a program while the clusters run. */
async function run(labs: readonly LabCluster[], words: readonly string[], input?: Uint8Array): Promise<Ended> {
  const child = spawn(words[0]!, words.slice(1), { stdio: ["pipe", "pipe", "pipe"] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => err.push(bytes));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  let ended: Ended | null = null;
  child.on("close", (status) => {
    ended = { status, stdout: Buffer.concat(out), text: Buffer.concat([...out, ...err]).toString("latin1") };
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const isOver = (): boolean => ended !== null;
  await Promise.all(labs.map((lab) => lab.until(isOver, `${words.join(" ")} did not end`, { within: "400s" })));
  return ended!;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function inside(...words: readonly string[]): string[] {
  return ["ip", "netns", "exec", NAMESPACE, ...words];
}

/**
 * Starts Avahi in the namespace with a bus of its own, so that it meets neither the host's nor another test's; gives
 * what tells clients where the bus is.
 */
function startAvahi(bus: string, avahi: string): string {
  const [busFile, avahiFile, socket] = ["bus.conf", "avahi.conf", "bus"].map((name) => join(folder, name));
  const open =
    '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>';
  const listening = `<listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>`;
  writeFileSync(busFile!, `<busconfig>${listening}${open}</busconfig>\n`);
  const section = { server: ["use-ipv6=no", "allow-interfaces=qure0"], publish: ["publish-hinfo=no"] };
  const text = Object.entries(section).map(([name, lines]) => [`[${name}]`, ...lines].join("\n"));
  writeFileSync(avahiFile!, `${text.join("\n")}\n`);
  const environment = `DBUS_SYSTEM_BUS_ADDRESS=unix:path=${socket}`;
  const daemon = [avahi, "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", avahiFile].join(" ");
  // Its process id has a fixed place, which is the namespace's own here.
  const script = `mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon
    ${bus} --config-file=${busFile} --nofork --nopidfile & until [ -S ${socket} ]; do sleep 0.1; done; exec ${daemon}`;
  const child = spawn("ip", inside("env", environment, "unshare", "-m", "sh", "-c", script).slice(1), {
    stdio: "ignore",
    detached: true,
  });
  onTestFinished(() => {
    process.kill(-child.pid!, "SIGKILL");
  });
  return environment;
}

function needNamespace(context: TestContext): void {
  if (!hasNamespace) context.skip("no network namespaces, or not root");
}

async function addressOf(node: LabNode): Promise<string> {
  return CLOUD.exec(node.console.text)![2]!;
}

/**
 * What tshark has to say against a capture; empty when it has nothing. Outer checksums are the card's work, which a
 * capture at a virtual cable is ahead of.
 */
function complaints(tshark: string, capture: string): string {
  const wrong = "_ws.malformed || _ws.expert.severity == error";
  return execFileSync(tshark, ["-r", capture, "-Y", wrong], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

const VXLAN = `vxlan,vni=42,local=${OUR_END},remote=${THEIR_END}`;

describe("a Linux host over VXLAN", () => {
  test("pings, asks a guest's web server, and is asked", { timeout: 300_000 }, async (context) => {
    needNamespace(context);
    const [curl, ping, tshark] = ["curl", "ping", "tshark"].map((name) => requireOracle(name, context));
    const lab = await booted(2, 1);
    await openWay(lab, VXLAN);
    const address = await addressOf(lab.nodes[0]!);
    const capture = join(folder, "vxlan.pcapng");
    const catcher = spawn("ip", inside(tshark!, "-i", "any", "-f", "udp port 4789", "-w", capture).slice(1), {
      stdio: "ignore",
    });
    onTestFinished(() => void catcher.kill());
    await lab.advance("3s");
    const pinged = await run([lab], inside(ping!, "-c", "3", "-W", "2", address));
    expect(pinged.text).toMatch(/3 received/);
    const asked = await run([lab], inside(curl!, "-sS", "--max-time", "20", `http://${address}/status.json`));
    expect(asked.text).toMatch(/"qure-1"/);
    lab.nodes[1]!.type(`ping -c 2 ${GUEST_SIDE}\n`);
    await lab.nodes[1]!.waitFor(/2 received/, { within: "10s" });
    await lab.advance("1s");
    catcher.kill("SIGINT");
    await lab.advance("1s");
    expect(complaints(tshark!, capture)).toBe("");
    const frames = execFileSync(tshark!, ["-r", capture, "-Y", "vxlan.vni == 42"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(frames.split("\n").length).toBeGreaterThan(10);
  });

  test("asks what people ask a network: arping, traceroute, nmap", { timeout: 300_000 }, async (context) => {
    needNamespace(context);
    const [arping, traceroute, nmap] = ["arping", "traceroute", "nmap"].map((name) => requireOracle(name, context));
    const lab = await booted(2, 1);
    await openWay(lab, VXLAN);
    const address = await addressOf(lab.nodes[0]!);
    const found = await run([lab], inside(arping!, "-c", "2", "-I", "qure0", address));
    expect(found.text).toMatch(/(52:54:00:[0-9a-f:]{8})[\s\S]*\1/i);
    const traced = await run([lab], inside(traceroute!, "-n", "-w", "2", "-q", "1", "-m", "4", address));
    expect(traced.text).toMatch(new RegExp(`^ *1 +${address.replaceAll(".", "\\.")} `, "m"));
    const tcp = await run([lab], inside(nmap!, "-n", "-Pn", "-sS", "-p", "7,80,81", "--max-retries", "4", address));
    expect(tcp.text.match(/^\d+\/tcp +\S+/gm)).toEqual(["7/tcp  open", "80/tcp open", "81/tcp closed"]);
    const udp = await run([lab], inside(nmap!, "-n", "-Pn", "-sU", "-p", "7,9", "--max-retries", "4", address));
    expect(udp.text).toMatch(/^7\/udp +open/m);
    expect(udp.text).toMatch(/^9\/udp +closed/m);
  });

  test("finds each machine's web page by DNS-SD: avahi-browse", { timeout: 300_000 }, async (context) => {
    needNamespace(context);
    const [bus, avahi, browse, tshark] = ["dbus-daemon", "avahi-daemon", "avahi-browse", "tshark"].map((name) =>
      requireOracle(name, context),
    );
    const lab = await booted(2, 1);
    await openWay(lab, VXLAN);
    const capture = join(folder, "mdns.pcapng");
    const catcher = spawn("ip", inside(tshark!, "-i", "qure0", "-f", "udp port 5353", "-w", capture).slice(1), {
      stdio: "ignore",
    });
    onTestFinished(() => void catcher.kill());
    const environment = startAvahi(bus!, avahi!);
    /** What is found, when it is as many machines; the daemon wants its time to start. */
    const browsed = async (...words: readonly string[]): Promise<string[]> => {
      let found: string[] = [];
      for (let tries = 0; tries < 20 && found.length !== lab.nodes.length; tries++) {
        await lab.advance("1s");
        const { text } = await run([lab], inside("env", environment, browse!, "-p", "-r", "-k", "-t", ...words));
        found = text.split("\n").filter((line) => line.startsWith("="));
      }
      return found.sort();
    };
    const addresses = await Promise.all(lab.nodes.map(addressOf));
    const pages = addresses.map((address, place) => {
      const name = `qure-${place + 1}`;
      return `=;qure0;IPv4;${name};_http._tcp;local;${name}.local;${address};80;"path=/status"`;
    });
    expect(await browsed("_http._tcp")).toEqual(pages);
    expect(await browsed("-a")).toEqual(pages);

    // A machine that gets another name says goodbye to the old one.
    const [first] = lab.nodes;
    first!.type("hostname renamed\n");
    await first!.waitFor(/renamed:/, { within: "10s" });
    await lab.advance("5s");
    const names = (await browsed("_http._tcp")).map((line) => line.split(";")[3]);
    expect(names).toEqual(["qure-2", "renamed"]);

    catcher.kill("SIGINT");
    await lab.advance("1s");
    expect(complaints(tshark!, capture)).toBe("");
  });

  test.for([
    ["nothing wrong", [], 10 << 20],
    ["1 % loss", ["lose 1 1%"], 2 << 20],
    ["10 % loss", ["lose 1 10%"], 256 << 10],
    ["reordering", ["reorder 1 10% 500us"], 2 << 20],
    ["duplication", ["duplicate 1 10%"], 2 << 20],
    ["corruption", ["corrupt 1 1%"], 1 << 20],
  ] as const)(
    "sends bytes to a guest and gets them back, with %s",
    { timeout: 600_000 },
    async ([, faults, count], context) => {
      needNamespace(context);
      const nc = requireOracle("nc", context);
      const lab = await booted(2, 1);
      await openWay(lab, VXLAN);
      const address = await addressOf(lab.nodes[0]!);
      planFaults(
        lab,
        faults.map((fault) => `${lab.nowNs}ns ${fault}`),
      );
      const bytes = Buffer.alloc(count);
      for (let at = 0; at < bytes.length; at += 4) bytes.writeInt32LE(Math.imul(at + 1, 0x9e3779b1), at);
      const back = await run([lab], inside(nc, "-N", address, "7"), bytes);
      expect(hashOf(back.stdout)).toBe(hashOf(bytes));
    },
  );
});

atLength(
  "a Linux guest of another emulator joins by its own VXLAN device, through NAT",
  {
    timeout: 600_000,
  },
  async (context) => {
    const far = await inState("Linux with VXLAN", async () => {
      const cdrom = linuxIso("console=ttyS0 quiet", context, vxlanFiles(context));
      const made = boot({ nodes: [{ name: "linux", cdrom, ramBytes: 96 << 20 }] });
      const [linux] = made.nodes;
      await linux!.waitFor(LINUX_PROMPT, { within: "200s" });
      const lines = [
        "for module in /e1000.ko /vxlan/*; do insmod $module; done; ip link set eth0 up",
        "ip addr add 10.0.2.99/32 dev eth0; ip route add 10.0.2.2 dev eth0",
        // By its path: the shell has an applet of that name.
        "/bin/ip link add vx type vxlan id 42 remote 10.0.2.2 dstport 4789 dev eth0",
        `ip addr add ${GUEST_SIDE}/24 dev vx`,
      ];
      for (const line of lines) expect(await linuxShell(linux!)(line)).toContain("status-0");
      return made;
    });
    onTestFinished(() => far.close());
    far.realtime = true;
    const near = await booted(2, 5);
    await openWay(far, "user");
    const { ports } = await openPort(far, "udp:127.0.0.1:0-10.0.2.99:4789");
    // The guest's device sends to its own port's number at the host, which is the port of the way here.
    await openWay(near, `vxlan,vni=42,local=127.0.0.1:4789,remote=127.0.0.1:${ports[0]}`);
    const addresses = await Promise.all(near.nodes.map(addressOf));
    let isOver = false;
    const beside = near.until(() => isOver, "Linux did not come to an end", { within: "500s" });
    const inLinux = linuxShell(far.nodes[0]!, { within: "100s" });
    expect(await inLinux("ip link set vx up")).toContain("status-0");
    for (const address of addresses) {
      expect(await inLinux(`ping -c 3 ${address}`)).toContain("3 packets received");
      expect(await inLinux(`arping -c 2 -I vx ${address}`)).toContain("Received 2 response");
      expect(await inLinux(`wget -q -O - http://${address}/status`)).toContain(`address ${address}`);
    }
    near.nodes[0]!.type(`ping -c 2 ${GUEST_SIDE}\n`);
    await far.until(() => /2 received/.test(near.nodes[0]!.console.text), "Linux did not answer", { within: "30s" });
    isOver = true;
    await beside;
  },
);

test("a machine of another emulator, joined by VXLAN, is a member of the cluster", { timeout: 300_000 }, async () => {
  const first = await booted(2, 1);
  const second = boot({ nodes: [{ cdrom: images().iso, name: "far" }], seed: 2, gateway: false, realtime: true });
  onTestFinished(() => second.close());
  const [a, b] = [27891, 27892].map((port) => `127.0.0.1:${port}`);
  await openWay(first, `vxlan,vni=7,local=${a},remote=${b}`);
  await openWay(second, `vxlan,vni=7,local=${b},remote=${a}`);
  const see = (lab: LabCluster, pattern: RegExp): Promise<unknown> =>
    lab.until(() => lab.nodes.every(({ console: { text } }) => pattern.test(text)), `no ${pattern}`, { within: "60s" });
  let joined = 0;
  const stay = async (lab: LabCluster): Promise<void> => {
    await see(lab, /^cloud: .* peers 2\s*$/m);
    joined++;
    await lab.until(() => joined === 2, "the other cluster did not join", { within: "60s" });
  };
  await Promise.all([stay(first), stay(second)]);
});

test.for<readonly [string, string, readonly [string, string?]]>([
  [
    "dgram",
    "dgram,local=127.0.0.1:27901,remote=127.0.0.1:27902",
    [
      "dgram,id=lan,local.type=inet,local.host=127.0.0.1,local.port=27902,remote.type=inet,remote.host=127.0.0.1,remote.port=27901",
    ],
  ],
  [
    "stream",
    "stream,listen=127.0.0.1:27903",
    ["stream,id=lan,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=27903"],
  ],
  ["socket", "socket,listen=127.0.0.1:27904", ["socket,id=lan,connect=127.0.0.1:27904"]],
  ["socket, with an RTL8139,", "socket,listen=127.0.0.1:27905", ["socket,id=lan,connect=127.0.0.1:27905", "rtl8139"]],
  [
    "socket, with a virtio card,",
    "socket,listen=127.0.0.1:27906",
    ["socket,id=lan,connect=127.0.0.1:27906", "virtio-net-pci"],
  ],
])(
  "a machine in QEMU joins by -netdev %s and is a member of the cluster",
  { timeout: 300_000 },
  async ([, way, [netdev, card = "e1000"]], context) => {
    const qemu = requireOracle("qemu-system-i386", context);
    const lab = await booted(2, 1);
    await openWay(lab, way);
    const iso = join(folder, "qure.iso");
    writeFileSync(iso, images().iso);
    const log = join(folder, "qemu.log");
    const child = spawn(
      qemu,
      ["-M", "pc", "-m", "32", "-display", "none", "-monitor", "none", "-serial", `file:${log}`, "-cdrom", iso].concat([
        "-netdev",
        netdev!,
        "-device",
        `${card},netdev=lan,mac=52:54:00:77:77:77`,
      ]),
      { stdio: "ignore" },
    );
    onTestFinished(() => void child.kill());
    await lab.until(
      () => lab.nodes.every(({ console: { text } }) => /^cloud: .* peers 2\s*$/m.test(text)),
      "no third member",
      { within: "120s" },
    );
    expect(readFileSync(log, "latin1")).toMatch(/cloud: \S+ 10\.0\.2\.\d+ /);
  },
);

test("three machines in QEMU, by streams and datagrams, and two here are one cluster", {
  timeout: 400_000,
}, async (context) => {
  const qemu = requireOracle("qemu-system-i386", context);
  const lab = await booted(2, 1);
  await openWay(lab, "stream,listen=127.0.0.1:27911");
  await openWay(lab, "dgram,local=127.0.0.1:27912,remote=127.0.0.1:27913");
  const iso = join(folder, "five.iso");
  writeFileSync(iso, images().iso);
  const stream = "stream,id=lan,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=27911";
  const datagrams = [
    "dgram,id=lan,local.type=inet,local.host=127.0.0.1,local.port=27913",
    "remote.type=inet,remote.host=127.0.0.1,remote.port=27912",
  ].join(",");
  const logs = [stream, stream, datagrams].map((netdev, index) => {
    const log = join(folder, `five-${index}.log`);
    const parts = `-M pc -m 32 -display none -monitor none -serial file:${log} -cdrom ${iso} -netdev ${netdev}`;
    const card = `-device e1000,netdev=lan,mac=52:54:00:77:77:0${index}`;
    const child = spawn(qemu, `${parts} ${card}`.split(" "), { stdio: "ignore" });
    onTestFinished(() => void child.kill());
    return log;
  });
  const all = /^cloud: .* peers 4\s*$/m;
  const isThere = (log: string): boolean => existsSync(log) && all.test(readFileSync(log, "latin1"));
  await lab.until(
    () => lab.nodes.every(({ console: { text } }) => all.test(text)) && logs.every(isThere),
    "no cluster of five",
    { within: "180s" },
  );
});
