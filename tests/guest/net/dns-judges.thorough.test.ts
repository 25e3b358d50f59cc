/** BIND's nsupdate and dig change a node's zone and copy it, with and without keys, by UDP and by TCP. */
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { get16, put16 } from "../../../emulator/ether/packet.ts";
import { openPort } from "../../../src/index.ts";
import { requireOracle, type SkippableContext } from "../../oracle.ts";
import { atLength } from "../../setup/thoroughly.ts";
import { withAddress } from "../../system/booted.ts";
import { inState, PROMPT } from "../../system/images.ts";
import { output } from "../../system/output.ts";
import { digAt, rows } from "./dig.ts";
import { PacketScene, PEER, udp } from "./packet-wire.ts";

const SECRET = Buffer.from("thirty-two bytes that are secret").toString("base64");
const OTHER = Buffer.from("thirty-two bytes of another kind").toString("base64");
const SECONDS_1900_TO_1970 = 2208988800;

interface Scene {
  readonly s: PacketScene;
  /** Ports of this host that lead to the node's port 53. */
  readonly udpPort: number;
  readonly tcpPort: number;
  /** Runs a program while the node runs; what it prints. */
  readonly run: (program: string, args: readonly string[], input?: string) => Promise<string>;
}

/** Gives the node the time of this host: signatures of other programs have that. */
async function setClock(s: PacketScene): Promise<void> {
  s.answer = (frame) => {
    if (frame[23] !== 17 || get16(frame, 36) !== 123) return [];
    const data = new Uint8Array(48);
    data.set([0x24, 2, 6, 0xe9]);
    data.set(frame.subarray(42 + 40, 42 + 48), 24);
    const seconds = Math.floor(Date.now() / 1000) + SECONDS_1900_TO_1970;
    for (const at of [32, 40]) {
      put16(data, at, Math.floor(seconds / 65536) & 0xffff);
      put16(data, at + 2, seconds & 0xffff);
    }
    put16(data, 6, 0x100);
    put16(data, 10, 0x200);
    return [udp({ source: 123, port: get16(frame, 34), data })(s.facts)];
  };
  expect(await output(s.node, `ntp ${PEER} 0 far`)).toMatch(/stratum 2/);
  s.answer = () => [];
}

async function scene(): Promise<Scene> {
  const lab = await inState("serves a zone for BIND's programs", async () => {
    const booted = await withAddress();
    const lines = [
      "dns add home.example 600 SOA ns.home.example hostmaster.home.example 7 3600 600 86400 60",
      "dns add home.example 600 NS ns.home.example",
      "dns add ns.home.example 600 A 10.0.2.15",
      "dns add sub.home.example 600 NS ns.sub.home.example",
      "dns add ns.sub.home.example 600 A 10.0.0.53",
      "dns add own.home.example 600 SOA ns.home.example hostmaster.home.example 1 3600 600 86400 60",
      "dns add x.own.home.example 600 A 10.0.0.54",
      `dns key judge.key ${SECRET}`,
      "dns on",
    ];
    for (const line of lines) await booted.nodes[0]!.enter(line, PROMPT);
    return booted;
  });
  const s = new PacketScene(lab);
  await setClock(s);
  lab.realtime = true;
  onTestFinished(() => lab.close());
  const tcpPort = (await openPort(lab, "0:53")).ports[0]!;
  const udpPort = (await openPort(lab, "udp:0:53")).ports[0]!;
  const run: Scene["run"] = async (program, args, input = "") => {
    const child = spawn(program, args, { stdio: [input === "" ? "ignore" : "pipe", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream!.on("data", (piece) => (text += String(piece)));
    child.stdin?.end(input);
    let isOver = false;
    void once(child, "close").then(() => (isOver = true));
    await lab.until(() => isOver, `${program} did not end`, { within: "60s" });
    return text.replace(/[\t ]+/g, " ");
  };
  return { s, udpPort, tcpPort, run };
}

/** What nsupdate says. */
const change = (
  { run, udpPort, tcpPort }: Scene,
  lines: readonly string[],
  { secret = SECRET, key = "judge.key", isTcp = false }: { secret?: string; key?: string; isTcp?: boolean } = {},
): Promise<string> => {
  const script = [
    `server 127.0.0.1 ${isTcp ? tcpPort : udpPort}`,
    "zone home.example",
    ...(secret ? [`key hmac-sha256:${key} ${secret}`] : []),
    ...lines,
    "send",
    "",
  ];
  return run("nsupdate", ["-t", "20", ...(isTcp ? ["-v"] : [])], script.join("\n"));
};

const look = ({ run, udpPort }: Scene, ...args: readonly string[]): Promise<string> =>
  run("dig", ["@127.0.0.1", "-p", String(udpPort), "+tries=1", "+time=20", "+norecurse", ...args]);

const copy = ({ run, tcpPort }: Scene, ...args: readonly string[]): Promise<string> =>
  run("dig", ["@127.0.0.1", "-p", String(tcpPort), "+tries=1", "+time=20", "+norecurse", ...args, "AXFR"]);

test("nsupdate changes a zone, and dig believes its signatures", async (context) => {
  requireOracle("nsupdate", context);
  requireOracle("dig", context);
  const made = await scene();
  expect(await change(made, ["update add new.home.example 77 A 10.1.1.1"])).toBe("");
  const signed = await look(made, "-y", `hmac-sha256:judge.key:${SECRET}`, "new.home.example", "A");
  expect(signed).toMatch(/status: NOERROR/);
  expect(signed).toMatch(/TSIG PSEUDOSECTION/);
  expect(signed).not.toMatch(/WARNING|Couldn't verify|malformed/i);
  expect(rows(signed)).toContain("new.home.example. 77 IN A 10.1.1.1");
  // By TCP, with prerequisites, several types at once.
  const many = [
    "prereq yxdomain new.home.example",
    "prereq nxrrset new.home.example TXT",
    "prereq yxrrset new.home.example A 10.1.1.1",
    'update add new.home.example 60 TXT "a b" c',
    "update add new.home.example 60 AAAA 2001:db8::1",
    "update add new.home.example 60 MX 5 mail.home.example",
    "update add _a._tcp.new.home.example 60 SRV 1 2 80 new.home.example",
    "update delete new.home.example A",
  ];
  expect(await change(made, many, { isTcp: true })).toBe("");
  expect(rows(await look(made, "new.home.example", "TXT"))).toContain('new.home.example. 60 IN TXT "a b" "c"');
  expect(rows(await look(made, "new.home.example", "AAAA"))).toContain("new.home.example. 60 IN AAAA 2001:db8::1");
  expect(rows(await look(made, "new.home.example", "MX"))).toContain("new.home.example. 60 IN MX 5 mail.home.example.");
  expect(rows(await look(made, "_a._tcp.new.home.example", "SRV"))).toContain(
    "_a._tcp.new.home.example. 60 IN SRV 1 2 80 new.home.example.",
  );
  expect(await look(made, "new.home.example", "A")).toMatch(/ANSWER: 0/);
  expect(await look(made, "home.example", "SOA")).toMatch(/ 9 3600 600 86400 60/);
  expect(await change(made, many)).toMatch(/YXRRSET|NXRRSET/);
  // Nobody else changes anything.
  expect(await change(made, ["update delete ns.home.example A"], { secret: "" })).toMatch(/REFUSED/);
  expect(await change(made, ["update delete ns.home.example A"], { secret: OTHER })).toMatch(/BADSIG/);
  expect(await change(made, ["update delete ns.home.example A"], { key: "other.key" })).toMatch(/BADKEY/);
  expect(await look(made, "ns.home.example", "A")).toMatch(/ANSWER: 1/);
});

test("dig copies a zone when the settings let it, in messages that are signed when it has a key", async (context) => {
  requireOracle("nsupdate", context);
  requireOracle("dig", context);
  const made = await scene();
  expect(await copy(made, "home.example")).toMatch(/Transfer failed/);
  await made.s.node.enter(`set dns.transfer "10.9.9.9 any"`, PROMPT);
  const whole = await copy(made, "home.example");
  expect(whole).toMatch(/XFR size: 6 records/);
  expect(rows(whole).map((row) => row.split(" ").slice(0, 4).join(" "))).toEqual([
    "home.example. 600 IN SOA",
    "home.example. 600 IN NS",
    "ns.home.example. 600 IN A",
    "sub.home.example. 600 IN NS",
    "ns.sub.home.example. 600 IN A",
    "home.example. 600 IN SOA",
  ]);
  // Of a zone below it that is served here too, its servers and where they are lead there.
  for (const record of ["own.home.example 600 NS x.own.home.example", "y.own.home.example 600 A 10.0.0.55"])
    await made.s.node.enter(`dns add ${record}`, PROMPT);
  const cut = rows(await copy(made, "home.example")).filter((row) => / own\.|^(x|y)?\.?own\./.test(row));
  expect(cut.sort()).toEqual([
    "own.home.example. 600 IN NS x.own.home.example.",
    "x.own.home.example. 600 IN A 10.0.0.54",
  ]);
  expect(await copy(made, "own.home.example")).toMatch(/XFR size: 5 records/);
  await made.s.node.enter("dns del own.home.example", PROMPT);
  expect(await copy(made, "ns.home.example")).toMatch(/Transfer failed/);
  expect(await look(made, "+notcp", "home.example", "AXFR")).toMatch(/Transfer failed|NOTIMP|failed/);
  // More than one message: every one is signed, the later ones after those before (RFC 8945, 5.3.1).
  for (let batch = 0; batch < 10; batch++) {
    const lines = Array.from(
      { length: 14 },
      (_, index) => `update add t${batch}-${index}.home.example 60 TXT ${"x".repeat(200)}`,
    );
    expect(await change(made, lines, { isTcp: true })).toBe("");
  }
  await made.s.node.enter("set dns.transfer key", PROMPT);
  expect(await copy(made, "home.example")).toMatch(/Transfer failed/);
  const signed = await copy(made, "-y", `hmac-sha256:judge.key:${SECRET}`, "home.example");
  expect(signed).toMatch(/XFR size: 146 records \(messages [3-9],/);
  expect(signed).not.toMatch(/WARNING|Couldn't verify|malformed|Transfer failed/i);
  expect(rows(signed).filter((row) => row.includes(" TXT "))).toHaveLength(140);
  // Copies leave no memory behind, those that are broken off neither.
  await made.s.lab.advance("1s");
  await output(made.s.node, "mem mark");
  await copy(made, "-y", `hmac-sha256:judge.key:${SECRET}`, "home.example");
  await copy(made, "-y", `hmac-sha256:judge.key:${OTHER}`, "home.example");
  await made.s.lab.advance("1s");
  const leaks = (await output(made.s.node, "mem leaks")).split("\n");
  expect(leaks.filter((line) => /dns|malloc|stream/.test(line))).toEqual([]);
  await made.s.node.enter("set dns.transfer 10.9.9.9", PROMPT);
  expect(await copy(made, "home.example")).toMatch(/Transfer failed/);
});

test("other algorithms and codes that are cut off are told apart", async (context) => {
  requireOracle("dig", context);
  const made = await scene();
  const by = (algorithm: string): Promise<string> =>
    look(made, "-y", `${algorithm}:judge.key:${SECRET}`, "ns.home.example", "A");
  expect(await by("hmac-sha256")).toMatch(/NOERROR/);
  expect(await by("hmac-sha512")).toMatch(/NOTAUTH[\s\S]*BADKEY/);
  expect(await by("hmac-sha1")).toMatch(/NOTAUTH[\s\S]*BADKEY/);
  expect(await by("hmac-sha256-128")).toMatch(/NOTAUTH[\s\S]*BADTRUNC/);
});

const ZONE_OF_NAMED = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n";

/** Starts BIND's named; its port. Its zone, if it is not another one, is parent.example, which the key may change. */
async function named(
  path: string,
  zone: string = `zone "parent.example" { type primary; file "zone"; allow-update { key "judge.key"; }; };`,
  content = ZONE_OF_NAMED,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "qure-named-"));
  const port = await freePort();
  writeFileSync(join(folder, "zone"), content);
  writeFileSync(
    join(folder, "named.conf"),
    `options { directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none;
  session-keyfile none; recursion no; dnssec-validation no; };
controls { };
key "judge.key" { algorithm hmac-sha256; secret "${SECRET}"; };
${zone}
`,
  );
  await running(path, ["-g", "-c", join(folder, "named.conf")], folder, / running$/m);
  return port;
}

/** Starts PowerDNS, with a database of its own; its port. Its zone is parent.example, which the key may change. */
async function powerDns(path: string, util: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "qure-pdns-"));
  const port = await freePort();
  writeFileSync(
    join(folder, "pdns.conf"),
    [
      "launch=lmdb",
      `lmdb-filename=${folder}/zones`,
      "local-address=127.0.0.1",
      `local-port=${port}`,
      "dnsupdate=yes",
      `socket-dir=${folder}`,
      "",
    ].join("\n"),
  );
  const orders = [
    "create-zone parent.example ns.parent.example",
    "add-record parent.example ns A 60 127.0.0.1",
    `import-tsig-key judge.key hmac-sha256 ${SECRET}`,
    "set-meta parent.example TSIG-ALLOW-DNSUPDATE judge.key",
    "set-meta parent.example ALLOW-DNSUPDATE-FROM 127.0.0.0/8",
  ];
  for (const order of orders) execFileSync(util, [`--config-dir=${folder}`, ...order.split(" ")], { stdio: "pipe" });
  await running(path, [`--config-dir=${folder}`], folder, /Done launching threads/);
  return port;
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  await new Promise<void>((closed) => socket.close(() => closed()));
  return port;
}

/** Starts a server that runs until the test ends, and its folder with it; over when it has said that it is there. */
async function running(path: string, args: readonly string[], folder: string, said: RegExp): Promise<void> {
  const child = spawn(path, args);
  onTestFinished(async () => {
    child.kill();
    await once(child, "close");
    rmSync(folder, { recursive: true, force: true });
  });
  let text = "";
  await new Promise<void>((isThere, failed) => {
    child.once("close", () => failed(new Error(text)));
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (piece) => {
        text += String(piece);
        if (said.test(text)) isThere();
      });
  });
}

/** What the node asks its neighbour at PEER is asked at a port of this host. */
function relayTo(s: PacketScene, port: number): void {
  const relay = createSocket("udp4").bind(0, "127.0.0.1");
  onTestFinished(() => void relay.close());
  let asker = 0;
  relay.on("message", (data) => s.plug.send(udp({ source: 53, port: asker, data: Uint8Array.from(data) })(s.facts)));
  s.answer = (frame) => {
    if (frame[23] !== 17 || get16(frame, 36) !== 53) return [];
    asker = get16(frame, 34);
    relay.send(frame.slice(42, 34 + get16(frame, 38)), port, "127.0.0.1");
    return [];
  };
}

/** Looks at what `dns` shows until it has that, for twenty seconds. */
async function shows({ s }: Scene, wanted: string): Promise<void> {
  let shown = "";
  for (let second = 0; second < 20; second++) {
    shown = await output(s.node, "dns");
    if (shown.includes(wanted)) return;
    await s.lab.advance("1s");
  }
  expect(shown).toContain(wanted);
}

test("a node keeps its name and address in a zone of BIND's named", async (context) => {
  const port = await named(requireOracle("named", context));
  requireOracle("dig", context);
  const made = await scene();
  const { s } = made;
  relayTo(s, port);
  const atNamed = (name: string): Promise<string> =>
    made.run("dig", ["@127.0.0.1", "-p", String(port), "+short", "+tries=1", `${name}.parent.example`, "A"]);
  await s.node.enter(`dns register ${PEER} parent.example judge.key`, PROMPT);
  await shows(made, `register qure-1.parent.example at ${PEER}: entered`);
  expect(await atNamed("qure-1")).toBe(`${s.facts.address}\n`);
  // Another name is entered too; another key is refused, and an answer that is not signed counts for nothing.
  await s.node.enter("hostname other", PROMPT);
  await shows(made, `register other.parent.example at ${PEER}: entered`);
  expect(await atNamed("other")).toBe(`${s.facts.address}\n`);
  expect(await atNamed("qure-1")).toBe("");
  await s.node.enter(`dns key judge.key ${OTHER}`, PROMPT);
  await s.node.enter(`dns register ${PEER} parent.example judge.key`, PROMPT);
  await shows(made, "the answer is not signed with the key");
  await s.node.enter(`dns register ${PEER} elsewhere.example other.key`, PROMPT);
  await shows(made, "no such key");
  await s.node.enter("dns register off", PROMPT);
  await s.lab.advance("3s");
  expect(await output(s.node, "dns")).not.toContain("register");
});

/** The clock of a PC that has none. */
const WITHOUT_A_CLOCK = "date -s 2001-02-03 04:05:06";

const PARENTS = [
  {
    name: "BIND",
    clock: [WITHOUT_A_CLOCK],
    start: (context: SkippableContext) => named(requireOracle("named", context)),
  },
  {
    name: "PowerDNS",
    // It refuses what has another time, and does not tell its own.
    clock: [],
    start: (context: SkippableContext) =>
      powerDns(requireOracle("pdns_server", context), requireOracle("pdnsutil", context)),
  },
] as const;

test.for(PARENTS)(
  "a cluster keeps its domain in a zone of $name, and is found through it",
  async ({ start, clock }, context) => {
    requireOracle("dig", context);
    const port = await start(context);
    const made = await scene();
    const { s } = made;
    relayTo(s, port);
    const service = "10.0.2.200";
    for (const line of ["dns del home.example", "dns off", ...clock, `cloud address add ${service}`])
      await s.node.enter(line, PROMPT);
    await s.node.enter("cloud set dns.domain cloud.parent.example", PROMPT);
    await s.node.enter(`cloud set dns.parent "${PEER} parent.example judge.key"`, PROMPT);
    await shows(made, `register cloud.parent.example at ${PEER}: entered`);
    expect(await output(s.node, "dns")).toMatch(/s ago, 10\.0\.2\.200, until it is taken out/);
    const atNamed = (...args: readonly string[]): Promise<string> =>
      made.run("dig", ["@127.0.0.1", "-p", String(port), "+tries=1", "+norecurse", ...args]);
    const referral = rows(await atNamed("www.cloud.parent.example", "A"));
    expect(referral).toEqual([
      "cloud.parent.example. 60 IN NS ns.cloud.parent.example.",
      `ns.cloud.parent.example. 60 IN A ${service}`,
    ]);
    const there = { address: service, mac: s.facts.mac } as typeof s.facts;
    expect(rows(await digAt(s, there, "qure-1.cloud.parent.example", "A"))).toEqual([
      `qure-1.cloud.parent.example. 5 IN A ${s.facts.address}`,
    ]);
    // Only addresses, of the name and all below it; the servers are gone then. And nothing is left when it is unset.
    await s.node.enter(`cloud set dns.parent "${PEER} parent.example judge.key addresses"`, PROMPT);
    await s.lab.advance("5s");
    const addresses = rows(await atNamed("www.cloud.parent.example", "A"));
    expect(addresses[0]).toEqual(`www.cloud.parent.example. 60 IN A ${service}`);
    expect(await atNamed("+short", "cloud.parent.example", "NS")).toBe("");
    await s.node.enter("cloud set dns.parent", PROMPT);
    await s.lab.advance("5s");
    for (const name of ["", "www.", "ns."])
      expect(await atNamed(`${name}cloud.parent.example`, "A")).toMatch(/NXDOMAIN/);
    expect(await output(s.node, "dns")).not.toContain("register");
  },
);

test("BIND's named keeps a copy of a node's zone, and asks for changes", async (context) => {
  const path = requireOracle("named", context);
  requireOracle("nsupdate", context);
  const made = await scene();
  await made.s.node.enter("set dns.transfer key", PROMPT);
  await openPort(made.s.lab, `udp:${made.tcpPort}:53`);
  const port = await named(
    path,
    `zone "home.example" { type secondary; file "copy"; masterfile-format text; min-refresh-time 1; max-refresh-time 1;
  primaries port ${made.tcpPort} { 127.0.0.1 key "judge.key"; }; };`,
  );
  const copied = async (name: string, type: string, wanted: string): Promise<void> => {
    let said = "";
    for (let second = 0; second < 40 && !said.includes(wanted); second++) {
      said = await made.run("dig", ["@127.0.0.1", "-p", String(port), "+short", "+tries=1", name, type]);
      await made.s.lab.advance("500ms");
    }
    expect(said).toContain(wanted);
  };
  await copied("ns.home.example", "A", "10.0.2.15");
  expect(await change(made, ["update add new.home.example 60 A 10.1.1.1"])).toBe("");
  await copied("new.home.example", "A", "10.1.1.1");
});

/** Updates, each after those before it. */
const UPDATES: readonly (readonly string[])[] = [
  ["update add a.home.example 60 A 10.1.0.1", "update add a.home.example 60 A 10.1.0.2"],
  ["update add a.home.example 30 A 10.1.0.3"],
  ["update add a.home.example 30 A 10.1.0.3"],
  ["update add a.home.example 60 CNAME ns.home.example"],
  ["update add c.home.example 60 CNAME ns.home.example"],
  ["update add c.home.example 60 CNAME a.home.example"],
  ["update add c.home.example 60 A 10.1.0.4"],
  ["update delete c.home.example CNAME", "update add c.home.example 60 A 10.1.0.4"],
  ["update add home.example 60 CNAME a.home.example"],
  ["update delete home.example"],
  ["update delete home.example NS"],
  ["update delete home.example SOA"],
  ["update delete home.example NS ns.home.example"],
  ["update add home.example 60 NS a.home.example"],
  ["update delete home.example NS ns.home.example"],
  ["update add home.example 60 NS ns.home.example", "update delete home.example NS a.home.example"],
  ["update delete home.example NS ns.home.example", "update add home.example 60 NS a.home.example"],
  ["update add home.example 600 SOA ns.home.example hostmaster.home.example 3 1 2 3 4"],
  ["update add home.example 600 SOA ns.home.example hostmaster.home.example 1000 1 2 3 4"],
  [
    "update add home.example 600 SOA ns.home.example hostmaster.home.example 2000 3600 600 86400 60",
    "update add d.home.example 60 A 10.1.0.5",
  ],
  ["update add e.home.example 60 SOA ns.home.example hostmaster.home.example 9 1 2 3 4"],
  ["update delete nothing.home.example"],
  ["update delete a.home.example A 10.9.9.9"],
  ["update add b.home.example 60 A 10.1.0.5", "update add b.home.example 60 TXT x"],
  ["update delete b.home.example A"],
  ['update add t.home.example 60 TXT "one" "two"', 'update add t.home.example 60 TXT "One" "two"'],
  ['update delete t.home.example TXT "one" "two"'],
  ["update add \\046x.home.example 60 TXT x"],
  ["update add *.w.home.example 60 A 10.1.0.7"],
  ["update add m.home.example 60 MX 5 A.Home.example"],
  ["update delete m.home.example MX 5 a.home.example"],
  ["update add x.elsewhere.example 60 A 10.1.0.8"],
  ["prereq nxdomain d.home.example", "update add f.home.example 60 A 10.1.0.9"],
  ["prereq yxdomain w.home.example", "update add f.home.example 60 A 10.1.0.9"],
  ["prereq yxrrset d.home.example A", "update add f.home.example 60 A 10.1.0.9"],
  ["prereq yxrrset d.home.example A 10.1.0.5", "update delete f.home.example"],
  ["prereq yxrrset d.home.example A 10.1.0.6", "update delete d.home.example"],
  ["prereq nxrrset d.home.example A", "update delete d.home.example"],
  ["prereq yxdomain d.elsewhere.example", "update delete d.home.example"],
  ["prereq yxrrset m.home.example MX", "update delete d.home.example"],
  ["update add g.home.example 60 NS a.home.example", "update add h.g.home.example 60 A 10.1.0.9"],
  ["update add g.home.example 60 SRV 1 2 3 A.home.example", "update add p.home.example 60 PTR g.home.example"],
];

atLength("updates end as at BIND's named, and leave the same zone", async (context) => {
  const path = requireOracle("named", context);
  requireOracle("nsupdate", context);
  const made = await scene();
  for (const line of ["dns del own.home.example", "set dns.transfer any"]) await made.s.node.enter(line, PROMPT);
  const all = async (port: number): Promise<string[]> => {
    const said = await made.run("dig", ["@127.0.0.1", "-p", String(port), "+tries=1", "home.example", "AXFR"]);
    return rows(said)
      .map((row) => row.toLowerCase())
      .sort();
  };
  const port = await named(
    path,
    `zone "home.example" { type primary; file "zone"; allow-update { key "judge.key"; }; allow-transfer { any; }; };`,
    [...new Set(await all(made.tcpPort)), ""].join("\n"),
  );
  expect(await all(port)).toEqual(await all(made.tcpPort));
  for (const lines of UPDATES) {
    const said = await change(made, lines);
    expect([lines, said]).toEqual([lines, await change({ ...made, udpPort: port }, lines)]);
    expect([lines, await all(made.tcpPort)]).toEqual([lines, await all(port)]);
  }
});
