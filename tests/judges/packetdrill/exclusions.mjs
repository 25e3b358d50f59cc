/**
 * What of packetdrill's archives is judged: what is left out and why, and what is taken out of a script before it runs.
 * Left out are Fast Open, TCP over UDP, IPv6, zero-copy, splice and epoll, PSP, and scripts that choose another setting
 * than the usual one (a sysctl), or a congestion control. CUBIC is the usual one, so what is about it is judged; and a
 * queue of the interface or a route is no sysctl. Assertions on Linux's tcp_info are cut out; the rest of the script
 * runs.
 */

export const ARCHIVES = {
  freebsd: { folder: "freebsd-tcp-testsuite", options: [], flags: [] },
  google: {
    folder: "packetdrill/gtests/net/tcp",
    options: ["--tolerance_usecs=25000", "--define=CMSG_LEVEL_IP=SOL_IP", "--define=CMSG_TYPE_RECVERR=IP_RECVERR"],
    flags: ["linux"],
  },
};

/** FreeBSD's usual settings: a script that sets one of them to this chooses nothing. */
const FREEBSD_USUAL = {
  "net.inet.tcp.sack.enable": 1,
  "net.inet.tcp.recvspace": 65536,
  "net.inet.tcp.sendspace": 32768,
  "net.inet.tcp.hostcache.purgenow": 1,
  "net.inet.tcp.ecn.enable": 2,
  "net.inet.tcp.rfc1323": 1,
  "net.inet.tcp.blackhole": 0,
  "kern.ipc.maxsockbuf": 2097152,
  "net.inet.tcp.insecure_rst": 0,
  "net.inet.tcp.insecure_syn": 0,
  "net.inet.tcp.rexmit_drop_options": 0,
  "net.inet.tcp.rexmit_slop": 200,
  "net.inet.tcp.rexmit_initial": 1000,
  "net.inet.tcp.drop_synfin": 0,
  "net.inet.tcp.syncookies": 1,
  "net.inet.tcp.syncookies_only": 0,
  "net.inet.tcp.delacktime": 40,
  "net.inet.tcp.keepinit": 75000,
  "net.inet.tcp.keepintvl": 75000,
  "net.inet.tcp.keepcnt": 8,
  "net.inet.tcp.icmp_may_rst": 1,
  "net.inet.tcp.path_mtu_discovery": 1,
  "net.inet.tcp.mssdflt": 536,
};

const BY_NAME = [
  [/fast-?open/, "Fast Open"],
  [/tcp-over-udp/, "TCP over UDP"],
  [/zerocopy/, "zero-copy"],
  [/splice/, "splice"],
  [/epoll/, "epoll"],
  [/psp/, "PSP"],
  [/ipv6|v6/, "IPv6"],
];

const BY_TEXT = [
  [/MSG_ZEROCOPY|SO_ZEROCOPY/, "zero-copy"],
  [/MSG_FASTOPEN|TCP_FASTOPEN|fast_?open|\bFO\b/, "Fast Open"],
  [/epoll_/, "epoll"],
  [/splice\(/, "splice"],
  [/TCP_CONGESTION/, "a congestion control"],
  [/ip_version=ipv6/, "IPv6"],
  [/set_sysctls\.py|sysctl -q/, "another setting than the usual one"],
];

export function excludedBecause(archive, name, text) {
  for (const [pattern, reason] of BY_NAME) if (pattern.test(name)) return reason;
  for (const [pattern, reason] of BY_TEXT) if (pattern.test(text)) return reason;
  if (archive === "freebsd")
    for (const [, setting, value] of text.matchAll(/sysctl -w ([\w.]+)=(\d+)/g))
      if (FREEBSD_USUAL[setting] !== Number(value)) return "another setting than the usual one";
  return null;
}

/** The shell commands that mean something here: a file of zeroes for sendfile, and an interface that sends nothing. */
const COMMANDS = /^.*(\/bin\/dd .* of=\/tmp\/testfile|tc qdisc .* pfifo limit 0).*$/m;

/**
 * The script as it runs: shell commands but those in COMMANDS do nothing, embedded Python is cut out. Where FreeBSD's
 * dialect has a part for the standard and one for FreeBSD, the standard's is taken; its name for an ICMP code that is 0
 * is left out. A file that the script makes in /tmp is made in the folder `place`.
 */
export function prepared(text, place) {
  return text
    .replace(/(icmp time_exceeded) ttl_exceeded_in_transit/g, "$1")
    .replace(/^#ifdef STANDARD\n([\s\S]*?)^#endif.*\n/gm, "$1")
    .replace(/^#ifdef FreeBSD\n[\s\S]*?^#endif.*\n/gm, "")
    .replace(/%\{[\s\S]*?\}%/g, "`true`")
    .replace(/`[^`]*`/g, (commands) => `\`${COMMANDS.exec(commands.slice(1, -1))?.[0].trim() ?? "true"}\``)
    .replaceAll("/tmp/testfile", `${place}/testfile`);
}
