/** Programs of Debian's that our machines talk to, in a Linux guest: what `tests/systems/fetch` leaves in `peers`. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SkippableContext } from "../oracle.ts";
import type { RootFile } from "./linux.ts";
import { packageFile, systemsFolder } from "./packages.ts";

const encoder = new TextEncoder();
/** The bus that Avahi's programs talk over; nobody is kept from anything. */
const BUS = `<busconfig><type>system</type><listen>unix:path=/run/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
`;
/** What dhclient calls, and what it then writes down. */
const LEASE_SCRIPT = `#!/bin/sh
echo "$reason $new_ip_address $new_subnet_mask $new_domain_name_servers $new_dhcp_lease_time" >> /lease.log
case $reason in
  BOUND) ip addr add $new_ip_address/24 dev eth0 ;;
  RELEASE) ip addr flush dev eth0 ;;
esac
exit 0
`;

/** Where files of a folder of `peers` go in the guest. */
const PLACES = { bin: "bin", lib: "lib", rsyslog: "rsyslog", nmap: "nmap" } as const;

const TEXTS: Readonly<Record<string, string>> = {
  "etc/passwd": ["root:x:0:0::/root:/bin/sh", "nobody:x:99:99::/:/bin/sh", "avahi:x:98:98::/:/bin/sh", ""].join("\n"),
  "etc/group": ["root:x:0:", "nogroup:x:99:", "avahi:x:98:", ""].join("\n"),
  "etc/hosts": "127.0.0.1 localhost\n",
  "etc/bus.conf": BUS,
  "etc/avahi.conf": [
    "[server]\nuse-ipv6=no\nallow-interfaces=eth0",
    "[publish]\npublish-hinfo=no\npublish-workstation=no\n",
  ].join("\n"),
  "etc/chrony.conf": "local stratum 3\nallow all\ncmdport 0\nbindcmdaddress /\npidfile /run/chronyd.pid\n",
  "etc/ntp.conf": "server 127.127.1.0\nfudge 127.127.1.0 stratum 4\ntos orphan 6\n",
  "etc/rsyslog.conf": [
    'module(load="imudp")',
    'input(type="imudp" port="514")',
    'template(name="T" type="string" string="%pri% %hostname% %app-name% %procid% %protocol-version% %msg%\\n")',
    '*.* action(type="omfile" file="/said.log" template="T")\n',
  ].join("\n"),
  "lease-script": LEASE_SCRIPT,
};

/** All of them, as files of the guest's root. */
export function peerFiles(context: SkippableContext): RootFile[] {
  packageFile("peers/bin/nmap", "nmap:i386 and others", context);
  const folders = [
    "etc",
    "lib",
    "rsyslog",
    "nmap",
    "tmp",
    "run",
    "run/avahi-daemon",
    "var",
    "var/lib",
    "var/lib/chrony",
  ];
  const programs = Object.entries(PLACES).flatMap(([from, to]) =>
    readdirSync(join(systemsFolder, "peers", from)).map(
      (name): RootFile => [`${to}/${name}`, packageFile(`peers/${from}/${name}`, "", context)],
    ),
  );
  return [
    ...folders.map((name): RootFile => [name, null]),
    ...programs,
    ...Object.entries(TEXTS).map(([path, text]): RootFile => [path, encoder.encode(text)]),
  ];
}

/**
 * What a guest needs for a VXLAN device: iproute2 and the kernel's modules, in the order in which they are inserted.
 */
export function vxlanFiles(context: SkippableContext): RootFile[] {
  const libraries = ["bpf.so.1", "elf.so.1", "mnl.so.0", "bsd.so.0", "cap.so.2", "c.so.6", "md.so.0", "z.so.1"];
  const names = ["bin/ip", "lib/ld-linux.so.2", ...libraries.map((name) => `lib/lib${name}`)];
  const files = names.map((name): RootFile => [name, packageFile(`peers/${name}`, "iproute2:i386", context)]);
  const modules = readdirSync(join(systemsFolder, "vxlan")).sort();
  return [
    ["lib", null],
    ["vxlan", null],
    ...files,
    ...modules.map(
      (name): RootFile => [`vxlan/${name}`, packageFile(`vxlan/${name}`, "linux-image-686:i386", context)],
    ),
  ];
}
