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
    COUNTER dhcp_sent, "dhcp   messages sent"
    COUNTER dhcp_received, "dhcp   messages accepted"
    COUNTER dhcp_malformed, "dhcp   malformed or foreign"
    COUNTER dhcp_declined, "dhcp   offered address was in use"
    COUNTER cloud_received, "cloud  packets received"
    COUNTER cloud_malformed, "cloud  malformed"
    COUNTER cloud_foreign, "cloud  of another port, version or magic"
    COUNTER cloud_own, "cloud  with this node's own id"
    COUNTER cloud_full, "cloud  from nodes that the table has no room for"
    COUNTER cloud_sent, "cloud  packets sent"
    COUNTER cloud_reboots, "cloud  requests to reboot"
.global net_counters_end
net_counters_end:
