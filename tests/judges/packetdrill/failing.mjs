/**
 * The scripts that do not pass, by archive, with the reason. scripts/packetdrill.mjs fails when another one does not, and
 * when one of these does: then it comes off the list.
 */

const LINK = "it sends segments of 2,000 to 10,000 bytes; the link takes frames of 1,514";
const RECOVERY =
  "it wants RACK-TLP's timers (RFC 8985), or PRR's sending (RFC 6937) after CUBIC's 0.7; ours is RFC 6675";
const MORE = "it wants MSG_MORE, which sockets here do not have";
const OPENING =
  "after an acknowledgement of ten segments Linux opens the congestion window by ten; ours by two (RFC 3465, 2.3)";
const STAMPS = "SO_TIMESTAMPING";
const MTU = "it wants an interface with a larger MTU than Ethernet's";
const DIALECT = "it has a word of FreeBSD's dialect that the judge's parser does not know";
const CLOSED =
  "the judge has no addresses for a socket that neither listens nor connects: it sends from 0.0.0.0 to 0.0.0.0";
const REOPENED = "a SYN beyond the old connection opens it anew (RFC 9293, 3.6.1, allows it); it wants that refused";

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
      "rcv-icmp/rcv-icmp-hard-error-ttl-exceeded-ipv4",
      "snd-syn/snd-syn-without-options-ipv4",
      "socket-api/setsockopt/socket-api-setsockopt-ttl-passive-ipv4",
    ),
    ...because(
      CLOSED,
      "state-event-engine/rcv-fin-ack-closed/rcv-fin-ack-without-data-closed-ipv4",
      "state-event-engine/rcv-fin-closed/rcv-fin-without-data-closed-ipv4",
      "state-event-engine/rcv-syn-ack-closed/rcv-syn-ack-without-data-closed-ipv4",
      "state-event-engine/rcv-syn-closed/rcv-syn-without-data-closed-ipv4",
    ),
    ...because(
      REOPENED,
      "state-event-engine/rcv-syn-time-wait/rcv-syn-time-wait-using-shutdown-left-edge-secure-ipv4",
      "state-event-engine/rcv-syn-time-wait/rcv-syn-time-wait-using-shutdown-outside-right-secure-ipv4",
    ),
  ]),
  google: new Map([
    ...because(LINK, "blocking/blocking-read", "gro/gro-mss-option", "inq/client", "inq/server"),
    ...because(
      RECOVERY,
      "fast_recovery/prr-ss-10pkt-lost-1",
      "fast_recovery/prr-ss-30pkt-lost-1_4-11_16",
      "fast_recovery/prr-ss-30pkt-lost1_4",
      "fast_retransmit/fr-4pkt-fack-last-byte",
      "fast_retransmit/fr-4pkt-fack-last-mss",
      "sack/sack-shift-sacked-2-6-8-3-9-nofack",
      "sack/sack-shift-sacked-7-3-4-8-9-fack",
      "sack/sack-shift-sacked-7-5-6-8-9-fack",
      "shutdown/shutdown-rdwr-send-queue-ack-close",
      "shutdown/shutdown-rdwr-write-queue-close",
    ),
    ...because(OPENING, "eor/no-coalesce-retrans", "eor/no-coalesce-subsequent"),
    ...because(MORE, "nagle/sendmsg_msg_more", "nagle/sockopt_cork_nodelay"),
    ...because(STAMPS, "timestamping/client-only-last-byte", "timestamping/partial", "timestamping/server"),
    ...because("it wants PSH each half window, as Linux marks it", "sack/sack-route-refresh-ip-tos"),
    ...because("TCP_NOTSENT_LOWAT", "notsent_lowat/notsent-lowat-setsockopt"),
    ...because("TCP_USER_TIMEOUT, and TLP's first repetition", "user_timeout/user_timeout"),
    ...because("it counts what Linux's own records take of a buffer", "tcp_info/tcp-info-sndbuf-limited"),
    ...because(
      "data that comes after the program has ended its receiving is not given to it",
      "shutdown/shutdown-rd-wr-close",
    ),
    ...because(
      "an acknowledgement of what was never sent is answered, as RFC 9293, 3.10.7.4, wants",
      "ts_recent/invalid_ack",
    ),
    ...because(
      "the agent takes no addresses; those of programs are judged by tests/guest/sockets.s",
      "syscall_bad_arg/syscall-invalid-buf-ptr",
    ),
  ]),
};
