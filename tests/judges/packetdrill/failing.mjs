/**
 * The scripts that do not pass, by archive, with the reason. scripts/packetdrill.mjs fails when another one does not,
 * and when one of these does: then it comes off the list.
 */

const MTU = "it wants an interface with a larger MTU than Ethernet's";
const DIALECT = "it has a word of FreeBSD's dialect that the judge's parser does not know";

const because = (reason, ...names) => names.map((name) => [`${name}.pkt`, reason]);

export const FAILING = {
  freebsd: new Map([
    ...because(
      MTU,
      "snd-syn/snd-syn-mss-inherited-from-mtu-9000-ipv4",
      "snd-syn/snd-syn-mss-inherited-from-mtu-65535-ipv4",
    ),
    ...because(
      DIALECT,
      "snd-syn/snd-syn-without-options-ipv4",
      "socket-api/setsockopt/socket-api-setsockopt-ttl-passive-ipv4",
    ),
  ]),
  google: new Map([
    ...because("it counts what Linux's own records take of a buffer", "tcp_info/tcp-info-sndbuf-limited"),
    ...because(
      "it wants PSH in other segments of a window than here, where each window's last has it",
      "cubic/cubic-rto-ss-ca-cwnd-bump",
    ),
    ...because(
      "its time without an acknowledgement begins when the interface refuses the data again, here when they are sent",
      "user_timeout/user-timeout-probe",
    ),
  ]),
};
