/**
 * Debian's own programs in a Linux guest beside a node of ours, in virtual time: scanners and clients that judge it,
 * and the servers that it asks. What the wire carried is judged by tests/systems/linux-peer.thorough.test.ts.
 */
import { afterAll, expect, type TestContext, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { output } from "../system/output.ts";
import { linuxShell } from "./linux.ts";
import { Neighbours } from "./neighbours.ts";

const [LINUX, OURS] = ["10.9.0.1", "10.9.0.2"];
const SLOW = { timeout: 600_000 };

interface Pair {
  readonly lab: LabCluster;
  readonly ours: LabNode;
  readonly inLinux: (line: string) => Promise<string>;
  readonly inOurs: (line: string) => Promise<string>;
}

let scene: Neighbours | null = null;
afterAll(() => scene?.lab.close());

/** Both, booted, with addresses that were typed, and a volume on ours. */
async function neighbours(context: TestContext): Promise<Pair> {
  scene ??= await Neighbours.make(context, async (lab) => {
    const [linux, ours] = lab.nodes;
    await linuxShell(linux!)(`ip addr add ${LINUX}/24 dev eth0; hostname linux`);
    await output(ours!, `ifconfig eth0 ${OURS} 255.255.255.0`);
    // Ours probes and announces its address first (RFC 5227).
    await lab.advance("12s");
    await output(ours!, "hostname ours");
    await lab.advance("5s");
  });
  scene.begin();
  const { lab, linux, ours } = scene;
  return { lab, ours, inLinux: linuxShell(linux, { within: "300s" }), inOurs: (line) => output(ours, line) };
}

test("nmap finds what is open, and numbers that nobody guesses", SLOW, async (context) => {
  const { inLinux, inOurs } = await neighbours(context);
  const nmap = `nmap --datadir /nmap -n -Pn --max-retries 3`;
  const ports = await inLinux(`${nmap} -sS -sU -p T:79-81,U:9,5353 ${OURS}`);
  expect(ports.match(/^\d+\/\w+ +\S+/gm)?.map((row) => row.replace(/ +/, " "))).toEqual([
    "79/tcp closed",
    "80/tcp open",
    "81/tcp closed",
    "9/udp closed",
    "5353/udp open",
  ]);
  const system = await inLinux(`${nmap} -v -O --max-os-tries 1 -p 79-80 ${OURS}`);
  expect(system).toMatch(/Network Distance: 1 hop/);
  expect(Number(/TCP Sequence Prediction: Difficulty=(\d+)/.exec(system)?.[1])).toBeGreaterThan(240);
  expect(system).toMatch(/IP ID Sequence Generation: All zeros/);
  expect(await inOurs("mem check")).toMatch(/all headers agree/);
});

test("curl is served by thirty connections at once without a wait", SLOW, async (context) => {
  const { inLinux, inOurs } = await neighbours(context);
  await inOurs("seq 20000 > /a/lines; set http.root /a");
  const said = await inLinux(
    `curl -s -Z --parallel-max 30 -o '/got#1' -w '%{http_code} %{time_total}\\n' 'http://${OURS}/lines?[1-40]' 2>/dev/null`,
  );
  const answers = [...said.matchAll(/^(\d+) ([\d.]+)/gm)].map(([, code, time]) => [code, Number(time) < 8]);
  expect(answers).toEqual(Array.from({ length: 40 }, () => ["200", true]));
  expect(await inLinux("cat /got* | wc -l")).toMatch(/^800000\s/m);
});

test("dhclient gets a lease of ours, renews it and gives it back", SLOW, async (context) => {
  const { lab, inLinux, inOurs } = await neighbours(context);
  await inOurs("dhcp-server 10.9.0.50 10 120 &");
  await lab.advance("5s");
  const files = "-sf /lease-script -lf /run/leases -pf /run/dhclient";
  const got = await inLinux(`ip addr flush dev eth0; dhclient -v ${files} eth0`);
  expect(got).toMatch(/DHCPACK of 10\.9\.0\.50 from 10\.9\.0\.2\s+bound to 10\.9\.0\.50 -- renewal in \d\d seconds/);
  await lab.advance("130s");
  expect(await inLinux(`ping -c 1 ${OURS}`)).toContain("1 packets received");
  expect(await inLinux(`dhclient -v -r ${files} eth0`)).toContain("DHCPRELEASE of 10.9.0.50 on eth0 to 10.9.0.2");
  expect(await inLinux("cat /lease.log")).toMatch(
    /PREINIT\s+BOUND 10\.9\.0\.50 255\.255\.255\.0 10\.9\.0\.2 120\s+(RENEW 10\.9\.0\.50 255\.255\.255\.0 10\.9\.0\.2 120\s+){2}RELEASE/,
  );
});

test("dnsmasq lends ours an address and answers for names, or refuses", SLOW, async (context) => {
  const { lab, ours, inLinux, inOurs } = await neighbours(context);
  const options = [
    "--conf-file=/dev/null --user=root --pid-file=/run/dnsmasq --dhcp-leasefile=/run/leases --no-resolv",
    "--dhcp-range=10.9.0.100,10.9.0.100,2m --host-record=big.lan,10.9.9.1 --cname=alias.lan,big.lan",
  ];
  await inLinux(`dnsmasq ${options.join(" ")}`);
  await inOurs("ifconfig eth0 dhcp");
  await lab.until(() => ours.console.text.includes("10.9.0.100"), "no address came", { within: "60s" });
  expect(await inOurs("host alias.lan")).toBe("alias.lan has address 10.9.9.1\n");
  expect(await inOurs("host elsewhere.example")).toBe("host: elsewhere.example: the name server does not say\n");
  await lab.advance("130s");
  expect(await inOurs("ifconfig")).toMatch(/10\.9\.0\.100 mask 255\.255\.255\.0 by DHCP[\s\S]*lease 120 s, \d\d s old/);
});

test("chronyd tells ours the time, rsyslogd reads its messages", SLOW, async (context) => {
  const { lab, inLinux, inOurs } = await neighbours(context);
  await inLinux("date -s '2026-01-01 00:12:00'; chronyd -u root -f /etc/chrony.conf; sleep 8");
  expect(await inOurs(`ntp ${LINUX} 0; date`)).toMatch(/stratum 3\nThu 2026-01-01 00:12:\d\d\n/);
  await inLinux("rsyslogd -f /etc/rsyslog.conf -M /rsyslog -i /run/rsyslogd; sleep 1");
  await inOurs(`set syslog.server ${LINUX}`);
  await lab.advance("2s");
  expect(await inLinux("cat /said.log")).toMatch(/^30 ours network - 1 started\s/m);
});

test("ntpd is not believed before it knows the time itself, and then tells it", SLOW, async (context) => {
  const { lab, inLinux, inOurs } = await neighbours(context);
  await inLinux("date -s '2026-01-01 00:12:00'; ntpd -c /etc/ntp.conf -p /run/ntpd.pid");
  await lab.advance("3s");
  expect(await inOurs(`ntp ${LINUX} 0`)).toBe(`warning: ${LINUX} does not know the time itself\n`);
  // It believes its own clock after some looks at it, a minute apart.
  let said = "";
  for (let turn = 0; turn < 20 && !said.includes("stratum"); turn++) {
    await lab.advance("30s");
    said = await inOurs(`ntp ${LINUX} 0; date`);
  }
  expect(said).toMatch(/stratum [56]\nThu 2026-01-01 00:(1[2-9]|2\d):\d\d\n/);
});

test("Avahi finds ours, is found, and keeps its name", SLOW, async (context) => {
  const { lab, inLinux, inOurs } = await neighbours(context);
  await inLinux(
    "export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus; dbus-daemon --config-file=/etc/bus.conf --fork --nopidfile",
  );
  await inLinux("avahi-daemon -D --no-drop-root --no-chroot --no-rlimits -f /etc/avahi.conf; sleep 5");
  const browse = "avahi-browse -p -r -t -k _http._tcp | grep =";
  expect(await inLinux(browse)).toContain(`=;eth0;IPv4;ours;_http._tcp;local;ours.local;${OURS};80;"path=/status"`);
  expect(await inOurs("host linux.local")).toBe(`linux.local has address ${LINUX}\n`);
  await inOurs("hostname linux");
  await lab.advance("8s");
  expect(await inLinux(browse)).toContain(`=;eth0;IPv4;linux-2;_http._tcp;local;linux-2.local;${OURS};80;`);
});
