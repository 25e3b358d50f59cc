# Every count that netstat shows, in one table: what came, what was refused and why. A packet that is dropped anywhere
# in asm/net has its line here, so that nothing is lost without a trace.

.include "macros.inc"

.data
.balign 4

# A count and the text that netstat shows beside it.
.macro COUNTER name:req, text:req
    .global count_\name
count_\name:
    .long   0
    .pushsection .rodata.str, "a", @progbits
.Ltext\@: .asciz "\text"
    .popsection
    .long   .Ltext\@
.endm

.global net_counters
net_counters:
    COUNTER ether_short, "ether  frames too short"
    COUNTER ether_own, "ether  own frames that came back"
    COUNTER ether_type, "ether  frames of unknown type"
    COUNTER ether_down, "ether  frames while the interface was down"
    COUNTER packet_memory, "packets not built: out of memory"
    COUNTER arp_received, "arp    packets received"
    COUNTER arp_malformed, "arp    malformed"
    COUNTER arp_requests, "arp    requests sent"
    COUNTER arp_replies, "arp    replies sent"
    COUNTER arp_conflicts, "arp    address conflicts seen"
    COUNTER arp_defences, "arp    announcements in defence"
    COUNTER arp_unreachable, "arp    packets given up: no answer"
    COUNTER arp_full, "arp    packets given up: queue or table full"
    COUNTER ip_received, "ip     packets received"
    COUNTER ip_malformed, "ip     malformed"
    COUNTER ip_checksum, "ip     wrong checksum"
    COUNTER ip_fragments, "ip     fragments dropped"
    COUNTER ip_source, "ip     impossible source address"
    COUNTER ip_foreign, "ip     not for this machine"
    COUNTER ip_protocol, "ip     unknown protocol"
    COUNTER ip_sent, "ip     packets sent"
    COUNTER ip_no_route, "ip     packets without a route"
    COUNTER icmp_received, "icmp   messages received"
    COUNTER icmp_malformed, "icmp   malformed or wrong checksum"
    COUNTER icmp_echoes, "icmp   echo requests answered"
    COUNTER icmp_replies, "icmp   echo replies received"
    COUNTER icmp_stray, "icmp   echo replies that nobody waits for"
    COUNTER icmp_unreachables, "icmp   port unreachable sent"
    COUNTER icmp_errors, "icmp   errors received"
    COUNTER icmp_other, "icmp   other types"
    COUNTER igmp_malformed, "igmp   malformed or wrong checksum"
    COUNTER igmp_queries, "igmp   queries received"
    COUNTER igmp_reports, "igmp   reports sent"
    COUNTER udp_received, "udp    datagrams received"
    COUNTER udp_malformed, "udp    malformed"
    COUNTER udp_checksum, "udp    wrong checksum"
    COUNTER udp_no_port, "udp    nobody listens at the port"
    COUNTER udp_full, "udp    socket queue full"
    COUNTER udp_sent, "udp    datagrams sent"
    COUNTER tcp_received, "tcp    segments received"
    COUNTER tcp_malformed, "tcp    malformed"
    COUNTER tcp_checksum, "tcp    wrong checksum"
    COUNTER tcp_group, "tcp    not from one machine to this one alone"
    COUNTER tcp_options, "tcp    options whose length lies"
    COUNTER tcp_sent, "tcp    segments sent"
    COUNTER tcp_opened, "tcp    connections opened"
    COUNTER tcp_accepted, "tcp    connections accepted"
    COUNTER tcp_retransmitted, "tcp    segments sent again"
    COUNTER tcp_expired, "tcp    retransmissions after a timeout"
    COUNTER tcp_recoveries, "tcp    fast recoveries"
    COUNTER tcp_timeouts, "tcp    connections given up: no answer"
    COUNTER tcp_resets_sent, "tcp    resets sent"
    COUNTER tcp_resets, "tcp    connections reset by the other side"
    COUNTER tcp_challenges, "tcp    challenge acknowledgements sent"
    COUNTER tcp_challenges_held, "tcp    challenge acknowledgements held back"
    COUNTER tcp_paws, "tcp    segments with an old timestamp"
    COUNTER tcp_outside, "tcp    segments outside the window"
    COUNTER tcp_unsent, "tcp    acknowledgements of what was not sent"
    COUNTER tcp_early, "tcp    segments that came early"
    COUNTER tcp_twice, "tcp    segments that came twice"
    COUNTER tcp_late, "tcp    segments with data for a closed socket"
    COUNTER tcp_shrunk, "tcp    segments made smaller for the path"
    COUNTER tcp_strays, "tcp    ICMP errors about nothing that is on its way"
    COUNTER tcp_cookies_sent, "tcp    SYN cookies sent"
    COUNTER tcp_cookies_good, "tcp    SYN cookies that came back"
    COUNTER tcp_cookies_bad, "tcp    SYN cookies that were none"
    COUNTER tcp_overflow, "tcp    connections refused: queue full"
    COUNTER tcp_full, "tcp    connections refused: table full"
    COUNTER tcp_memory, "tcp    bytes refused: out of memory"
    COUNTER dhcp_sent, "dhcp   messages sent"
    COUNTER dhcp_received, "dhcp   messages accepted"
    COUNTER dhcp_malformed, "dhcp   malformed or foreign"
    COUNTER dhcp_declined, "dhcp   offered address was in use"
    COUNTER cloud_received, "cloud  packets received"
    COUNTER cloud_malformed, "cloud  malformed"
    COUNTER cloud_foreign, "cloud  of another port, version or magic"
    COUNTER cloud_own, "cloud  with this node's own id"
    COUNTER cloud_other, "cloud  of an open cluster in a keyed one, or the reverse"
    COUNTER cloud_forged, "cloud  forged, or made with another key"
    COUNTER cloud_replayed, "cloud  heard before"
    COUNTER cloud_unproven, "cloud  of a boot that is not known to be the present one"
    COUNTER cloud_full, "cloud  from nodes that the table has no room for"
    COUNTER cloud_sent, "cloud  packets sent"
    COUNTER cloud_reboots, "cloud  requests to reboot"
.global net_counters_end
net_counters_end:
