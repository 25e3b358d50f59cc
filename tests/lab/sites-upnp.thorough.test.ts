/**
 * MiniUPnPc, by which most programs ask gateways for ports, asks the gateway of a site: from a network namespace of
 * this host, on the site's switch by VXLAN, at the pace of this host.
 */
import { execFileSync, spawn } from "node:child_process";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openWay } from "../../src/index.ts";
import { oracle, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { boot, images } from "../system/images.ts";

const NAMESPACE = `qure-upnp-${process.pid}`;
const [OUR_END, THEIR_END] = [1, 2].map((host) => `10.232.${process.pid % 250}.${host}`) as [string, string];
const VXLAN = `vxlan,vni=43,local=${OUR_END},remote=${THEIR_END}`;
const CLIENT = "192.168.1.50";
let hasNamespace = false;

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

beforeAll(() => {
  if (!oracle("ip")) return;
  const [ours, theirs] = [`qc${process.pid}`, `qd${process.pid}`];
  const inside = (...words: readonly string[]): void => ip("-n", NAMESPACE, ...words);
  try {
    ip("netns", "add", NAMESPACE);
    ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", NAMESPACE);
    ip("address", "add", `${OUR_END}/30`, "dev", ours);
    ip("link", "set", ours, "up");
    inside("address", "add", `${THEIR_END}/30`, "dev", theirs);
    inside("link", "set", theirs, "up");
    inside("link", "set", "lo", "up");
    inside(..."link add lan0 type vxlan id 43 dstport 4789".split(" "), "local", THEIR_END, "remote", OUR_END);
    inside("address", "add", `${CLIENT}/24`, "dev", "lan0");
    inside("link", "set", "lan0", "up");
    inside("route", "add", "default", "via", "192.168.1.1");
    hasNamespace = true;
  } catch {
    // Not root, or a kernel without namespaces or VXLAN.
  }
});

afterAll(() => {
  if (!oracle("ip")) return;
  try {
    ip("netns", "delete", NAMESPACE);
  } catch {
    // It was never there.
  }
});

/** It takes the addresses of documents, which sites have otherwise, for those of a gateway that is not connected. */
const PUBLIC = "45.1.2.3";
const TITLE = "upnpc finds IGD:%i, maps ports, lists them and takes them back";

test.for(rowsOf([1, 2] as const, [0, 1]))(TITLE, { timeout: 300_000 }, async (igd, context) => {
  const upnpc = requireOracle("upnpc", context);
  if (!hasNamespace) context.skip("a namespace with VXLAN needs root and the kernel's help");
  const world = { sites: [{ nodes: 1, publicAddress: PUBLIC, portMapping: { igd } }] };
  const lab = boot({ nodes: [{ cdrom: images().iso }], world });
  onTestFinished(() => lab.close());
  lab.realtime = true;
  await openWay(lab, VXLAN);
  const run = async (...words: readonly string[]): Promise<string> => {
    const child = spawn("ip", ["netns", "exec", NAMESPACE, upnpc, "-m", "lan0", ...words]);
    onTestFinished(() => void child.kill("SIGKILL"));
    let text = "";
    let isOver = false;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (text += bytes.toString()));
    child.on("close", () => (isOver = true));
    await lab.until(() => isOver, `upnpc ${words.join(" ")} did not end`, { within: "120s" });
    return text;
  };
  const status = await run("-s");
  expect(status).toContain("desc: http://192.168.1.1:5000/rootDesc.xml");
  expect(status).toContain("Local LAN ip address : 192.168.1.50");
  expect(status).toContain(`ExternalIPAddress = ${PUBLIC}`);
  expect(status).toContain("Connection Type : IP_Routed");
  const added = await run("-e", "a cluster", "-a", CLIENT, "20818", "8000", "UDP", "3600");
  expect(added).toMatch(
    /external 45\.1\.2\.3:8000 UDP is redirected to internal 192\.168\.1\.50:20818 \(duration=3\d+\)/,
  );
  expect(lab.cluster.world!.routers[0]!.translation.forwards.map(({ port }) => port)).toEqual([8000]);
  expect(await run("-l")).toMatch(/UDP +8000->192\.168\.1\.50:20818 +'a cluster' '' 3\d+/);
  expect(await run("-a", "192.168.1.51", "1", "8000", "UDP")).toContain(`failed with code ${igd === 1 ? 718 : 606}`);
  if (igd === 2) {
    expect(await run("-L")).toMatch(/UDP +8000->192\.168\.1\.50:20818 +'a cluster' '' 3\d+/);
    expect(await run("-n", CLIENT, "20819", "8000", "UDP", "3600")).toMatch(/external 45\.1\.2\.3:\d+ UDP/);
    expect(await run("-N", "8000", "9000", "UDP")).not.toContain("failed");
  } else expect(await run("-d", "8000", "UDP")).toContain("UPNP_DeletePortMapping() returned : 0");
  expect(lab.cluster.world!.routers[0]!.translation.forwards).toEqual([]);
});
