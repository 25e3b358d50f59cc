/**
 * MiniUPnPd, which many home gateways run, as the gateway of a machine: in a network namespace of this host, on the
 * machine's switch by VXLAN, at the pace of this host. The delegate asks it for a port.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, type TestContext, test } from "vitest";
import { openWay } from "../../src/index.ts";
import { keyOfSeed } from "../../src/lab/cluster-key.ts";
import { oracle, requireOracle } from "../oracle.ts";
import { boot, CLOUD, images } from "../system/images.ts";
import { said } from "./worlds.ts";

const NAMESPACE = `qure-wide-${process.pid}`;
const [OUR_END, THEIR_END] = [1, 2].map((host) => `10.233.${process.pid % 250}.${host}`) as [string, string];
const VXLAN = `vxlan,vni=44,local=${OUR_END},remote=${THEIR_END}`;
const [GATEWAY, SERVICE] = ["192.168.7.1", "192.168.7.200"];
/** It refuses to work with an address of documents. */
const PUBLIC = "45.1.2.3";
const folder = mkdtempSync(join(tmpdir(), "qure-wide-"));
let hasNamespace = false;

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

beforeAll(() => {
  if (!oracle("ip")) return;
  const [ours, theirs] = [`qe${process.pid}`, `qf${process.pid}`];
  const inside = (...words: readonly string[]): void => ip("-n", NAMESPACE, ...words);
  try {
    ip("netns", "add", NAMESPACE);
    ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", NAMESPACE);
    ip("address", "add", `${OUR_END}/30`, "dev", ours);
    ip("link", "set", ours, "up");
    inside("address", "add", `${THEIR_END}/30`, "dev", theirs);
    inside("address", "add", `${PUBLIC}/24`, "dev", theirs);
    inside("link", "set", theirs, "up");
    inside("link", "set", "lo", "up");
    inside(..."link add lan0 type vxlan id 44 dstport 4789".split(" "), "local", THEIR_END, "remote", OUR_END);
    inside("address", "add", `${GATEWAY}/24`, "dev", "lan0");
    inside("link", "set", "lan0", "up");
    for (const [table, chain] of [
      ["nat", "MINIUPNPD"],
      ["nat", "MINIUPNPD-POSTROUTING"],
      ["filter", "MINIUPNPD"],
    ] as const)
      execFileSync("ip", ["netns", "exec", NAMESPACE, "iptables-legacy", "-t", table, "-N", chain], { stdio: "pipe" });
    hasNamespace = true;
  } catch {
    // Not root, or a kernel without namespaces, VXLAN or iptables.
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (!oracle("ip")) return;
  try {
    ip("netns", "delete", NAMESPACE);
  } catch {
    // It was never there.
  }
});

/** Runs a program in the namespace until the test is over. */
function runInside(...words: readonly string[]): void {
  const child = spawn("ip", ["netns", "exec", NAMESPACE, ...words], { stdio: "ignore" });
  const over = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await over;
  });
}

function startGateway(context: TestContext, byUpnp = false): string {
  const daemon = requireOracle("miniupnpd", context);
  const busybox = requireOracle("busybox", context);
  if (!hasNamespace) context.skip("a namespace with VXLAN and iptables needs root and the kernel's help");
  // Each daemon has files of its own: it does not start where the file says that one runs.
  const [leases, config, dhcp, pid] = ["leases", "config", "dhcp", "pid"].map((name) =>
    join(folder, `${name}-${byUpnp ? "upnp" : "pcp"}`),
  ) as [string, string, string, string];
  writeFileSync(leases, "");
  writeFileSync(
    config,
    [
      ...[`ext_ifname=qf${process.pid}`, `ext_ip=${PUBLIC}`, "listening_ip=lan0", "port=5000", "enable_upnp=yes"],
      ...[`enable_natpmp=${byUpnp ? "no" : "yes"}`, "secure_mode=yes", `lease_file=${leases}`],
      ...["uuid=00000000-0000-0000-0000-000000000001", "allow 1024-65535 0.0.0.0/0 1024-65535", ""],
    ].join("\n"),
  );
  writeFileSync(
    dhcp,
    [
      ...["start 192.168.7.100", "end 192.168.7.110", "interface lan0", `lease_file ${dhcp}.leases`],
      ...["option subnet 255.255.255.0", `option router ${GATEWAY}`, "option lease 600", `pidfile ${dhcp}.pid`, ""],
    ].join("\n"),
  );
  runInside(busybox, "udhcpd", "-f", dhcp);
  runInside(daemon, "-d", "-f", config, "-P", pid);
  return leases;
}

test.for([
  ["PCP", false],
  ["UPnP", true],
] as const)("MiniUPnPd gives the delegate a port by %s", { timeout: 300_000 }, async ([, byUpnp], context) => {
  const leases = startGateway(context, byUpnp);
  const lab = boot({ nodes: [{ cdrom: images().iso, key: keyOfSeed(1) }], gateway: false });
  onTestFinished(() => lab.close());
  lab.realtime = true;
  await openWay(lab, VXLAN);
  const [node] = lab.nodes;
  await node!.waitFor(CLOUD, { within: "90s" });
  await said(node!, `cloud address add ${SERVICE}`);
  await lab.advance("1s");
  expect(await said(node!, "cloud link invite")).toContain("cloud link join ");
  await lab.until(() => existsSync(leases) && readFileSync(leases, "utf8") !== "", "no port is leased", {
    within: "60s",
  });
  expect(readFileSync(leases, "utf8")).toMatch(new RegExp(`^UDP:20819:${SERVICE}:20819:`));
  await lab.advance("2s");
  expect(await said(node!, "cloud public")).toContain(
    `gateway ${GATEWAY} says that its port 20819 leads here, and that it is ${PUBLIC}\n`,
  );
});
