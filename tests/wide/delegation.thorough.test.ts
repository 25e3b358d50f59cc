/**
 * A domain in three steps: BIND has the zone, a cluster a part of it, and another cluster a part of that. BIND runs in
 * a network namespace of this host, on the first site's switch by VXLAN.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openWay } from "../../src/index.ts";
import { rows } from "../guest/net/dig.ts";
import { oracle, requireOracle } from "../oracle.ts";
import { cdOf } from "../system/signed-images.ts";
import { delegateOf, FORWARDED, link, MUTE, SERVICE, said, worldOf } from "./worlds.ts";

const NAMESPACE = `qure-names-${process.pid}`;
const [OUR_END, THEIR_END] = [1, 2].map((host) => `10.231.${process.pid % 250}.${host}`) as [string, string];
const VXLAN = `vxlan,vni=45,local=${OUR_END},remote=${THEIR_END}`;
const BIND = "192.168.1.53";
const [PARENT, HOME, DEN] = ["198.51.100.1", "198.51.100.2", "198.51.100.3"] as const;
const SECRET = Buffer.from("thirty-two bytes that are secret").toString("base64");
const NAMES = ["udp", "tcp"].map((protocol) => `${protocol}:53:${SERVICE}:53`);
const folder = mkdtempSync(join(tmpdir(), "qure-names-"));
let hasNamespace = false;

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

beforeAll(() => {
  if (!oracle("ip")) return;
  const [ours, theirs] = [`qg${process.pid}`, `qh${process.pid}`];
  const inside = (...words: readonly string[]): void => ip("-n", NAMESPACE, ...words);
  try {
    ip("netns", "add", NAMESPACE);
    ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", NAMESPACE);
    ip("address", "add", `${OUR_END}/30`, "dev", ours);
    ip("link", "set", ours, "up");
    inside("address", "add", `${THEIR_END}/30`, "dev", theirs);
    inside("link", "set", theirs, "up");
    inside("link", "set", "lo", "up");
    inside(..."link add lan0 type vxlan id 45 dstport 4789".split(" "), "local", THEIR_END, "remote", OUR_END);
    inside("address", "add", `${BIND}/24`, "dev", "lan0");
    inside("link", "set", "lan0", "up");
    inside("route", "add", "default", "via", "192.168.1.1");
    hasNamespace = true;
  } catch {
    // Not root, or a kernel without namespaces or VXLAN.
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

const ELSEWHERE = "198.51.100.99";

/** Runs a program in the namespace until the test is over; resolves to what it has printed when it ends. */
function runInside(...words: readonly string[]): Promise<string> {
  const child = spawn("ip", ["netns", "exec", NAMESPACE, ...words], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const over = once(child, "close").then(() => text);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await over;
  });
  return over;
}

function startBind(named: string): void {
  writeFileSync(
    join(folder, "zone"),
    `$TTL 60\n@ SOA ns hostmaster 1 60 60 600 5\n@ NS ns\nns A ${PARENT}\n* A ${ELSEWHERE}\n`,
  );
  const config = join(folder, "named.conf");
  writeFileSync(
    config,
    [
      `options { directory "${folder}"; listen-on { ${BIND}; }; listen-on-v6 { none; }; recursion yes;`,
      `  allow-recursion { any; }; dnssec-validation no; pid-file "${folder}/pid"; session-keyfile none; };`,
      `controls {}; key home.key { algorithm hmac-sha256; secret "${SECRET}"; };`,
      `zone parent.example { type primary; file "${folder}/zone"; journal "${folder}/journal";`,
      "  update-policy { grant home.key subdomain home.parent.example. ANY; }; };",
    ].join("\n"),
  );
  void runInside(named, "-g", "-n", "1", "-c", config);
}

test("BIND leads to a cluster, that to the one below it", { timeout: 300_000 }, async (context) => {
  const named = requireOracle("named", context);
  const dig = requireOracle("dig", context);
  if (!hasNamespace) context.skip("a namespace with VXLAN needs root and the kernel's help");
  const cdrom = cdOf();
  const there = await worldOf(
    [
      { name: "provider", nodes: 0, forwards: [`udp:53:${BIND}:53`], portMapping: MUTE },
      { name: "home", nodes: 1, forwards: [FORWARDED, ...NAMES], portMapping: MUTE },
      { name: "den", nodes: 1, forwards: [FORWARDED, ...NAMES], portMapping: MUTE },
    ],
    () => ({ cdrom }),
  );
  const { lab } = there;
  onTestFinished(() => lab.close());
  const [home, den] = [delegateOf(there, "home"), delegateOf(there, "den")];
  expect(await link(there, "home", "den", HOME)).toContain("linked with");
  // Before a minute is over they publish no kernel.
  await lab.advance("75s");
  startBind(named);
  lab.realtime = true;
  await openWay(lab, VXLAN);
  for (const line of [
    `dns key home.key ${SECRET} nobody.invalid`,
    `dns key den.key ${SECRET} den.home.parent.example`,
    "cloud set dns.domain home.parent.example",
    'cloud set service.www "tcp 80"',
    `cloud set dns.parent "${PARENT} parent.example home.key"`,
  ])
    await said(home, line);
  for (const line of [
    `dns key den.key ${SECRET} nobody.invalid`,
    "cloud set dns.domain den.home.parent.example",
    'cloud set service.www "tcp 80"',
    `cloud set dns.parent "${HOME} home.parent.example den.key"`,
  ])
    await said(den, line);
  for (const node of [home, den]) {
    for (let time = 0; time < 20 && !/ entered \d+ s ago/.test(await said(node, "cloud public")); time++)
      await lab.advance("2s");
    expect(await said(node, "cloud public")).toMatch(/ entered \d+ s ago/);
  }
  const found = async (name: string, type = "A"): Promise<readonly string[]> => {
    const text = runInside(dig, `@${BIND}`, name, type, "+tries=1", "+time=20", "+noall", "+answer");
    let isOver = false;
    void text.then(() => (isOver = true));
    await lab.until(() => isOver, `dig ${name}`, { within: "30s" });
    return rows((await text).replace(/[\t ]+/g, " ")).sort();
  };
  const [below, lowest] = ["home.parent.example", "den.home.parent.example"];
  const is = (name: string, seconds: number, ...addresses: readonly string[]): readonly string[] =>
    addresses.map((address) => `${name}. ${seconds} IN A ${address}`);
  for (const [name, seconds, ...addresses] of [
    ["anything.parent.example", 60, ELSEWHERE],
    [`www.${below}`, 5, HOME],
    [`a.b.www.${below}`, 5, HOME],
    [lowest, 5, DEN],
    [`www.${lowest}`, 5, DEN],
    [`a.b.www.${lowest}`, 5, DEN],
    [`x.qure-2.${lowest}`, 5, DEN],
    [`clusters.${below}`, 5, HOME, DEN],
    [`clusters.${lowest}`, 5, HOME, DEN],
    [`download.${below}`, 5, HOME, DEN],
    [`download.${lowest}`, 5, HOME, DEN],
  ] as const)
    expect(await found(name), name).toEqual(is(name, seconds, ...addresses));
  // A cluster's own wildcard is below its services alone, and the parent's ends where the cluster begins.
  expect(await found(`nothing.${lowest}`)).toEqual([]);
  expect(await found(`nothing.${below}`)).toEqual([]);
  const service = `_www._tcp.${lowest}`;
  expect(await found(service, "SRV")).toEqual([`${service}. 5 IN SRV 0 1 80 qure-2.${lowest}.`]);
  // What the lowest one entered goes with its lease. Nobody else reaches the other one, which is named no more.
  den.powerOff();
  lab.realtime = false;
  await lab.advance("50s");
  const shown = await said(home, "dns");
  expect(shown).not.toMatch(/^(clusters|download)\./m);
  expect(shown).toContain(`${lowest} 60 NS`);
  await lab.advance("80s");
  expect(await said(home, "dns")).not.toContain(`${lowest} 60`);
});
