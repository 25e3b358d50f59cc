/**
 * The weaknesses of small stacks that were made public as Ripple20, AMNESIA:33, NUMBER:JACK, NAME:WRECK, INFRA:HALT and
 * NUCLEUS:13: 97 rows, each with what a stranger sends, and what has to come of it here: no fault, no byte sent that
 * was not meant, a count. A row that cannot apply says why.
 */
import { BROADCAST_MAC, ethernetFrame } from "../../emulator/ether/packet.ts";
import { ACK, type Answer, GOOD, OFFER } from "./dhcp-wire.ts";
import { nameBytes } from "./dns-wire.ts";
import {
  arp,
  echo,
  type Frame,
  filler,
  icmp,
  icmpBytes,
  ip,
  join,
  type PacketCase,
  PEER_MAC,
  pieces,
  tcp,
  udp,
} from "./packet-wire.ts";
import { OPEN } from "./tcp-rows.ts";

export interface Weakness {
  readonly cve: string;
  /** What was wrong there. */
  readonly weakness: string;
  readonly frames?: Omit<PacketCase, "name" | "counts"> & { readonly counts: readonly string[] };
  /** What happens in a connection (tcp-wire.ts). */
  readonly segments?: readonly string[];
  /** What a DHCP server says when it is asked (dhcp-wire.ts), and whether the node has its address then. */
  readonly lease?: { readonly answer: Answer; readonly isTaken: boolean };
  /** Records of an answer of the DNS, and the count of them in its head. */
  readonly answer?: { readonly records: readonly number[]; readonly count?: number; readonly questions?: number };
  /** A request to the HTTP server, and what the status of its answer begins with; null when none is due. */
  readonly http?: { readonly request: string; readonly status: string | null };
  /** What the node draws, and nobody may guess. */
  readonly unpredictable?: "sequence" | "question";
  /** Why it cannot apply. */
  readonly inapplicable?: string;
}

const MALFORMED = ["ip malformed"] as const;
const IPV6 = "there is no IPv6: its frames are counted as of unknown type";
const FTP = "there is no FTP server";
const ICMP = 1;
const TCP = 6;
const TFTP_PORT = 69;
const SYN = 2;
const NO_PROTOCOL = ["ip unknown protocol"] as const;
const OPTIONS_LIE = ["tcp options whose length lies"] as const;

/** A record of an answer whose name is the question's, with `data` said to be `length` bytes. */
const record = (data: readonly number[], length = data.length, type = 1): number[] => [
  ...[0xc0, 12, 0, type, 0, 1, 0, 0, 0, 9, length >> 8, length & 255],
  ...data,
];
const named = (name: readonly number[]): number[] => [...name, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 6, 6, 6, 6];

/** A message to the TFTP server (RFC 1350): the kind, and text in which 0 stands as \0. */
const tftp = (kind: number, text: string): Frame =>
  udp({
    port: TFTP_PORT,
    data: join(
      [0, kind],
      [...text].map((sign) => sign.charCodeAt(0)),
    ),
  });
/** An ERROR with "not a name of a file here". */
const TFTP_REFUSES = "udp NODE > 10.0.2.77 69 > 5000 30 bytes";

/** Bytes that follow the options of a DHCP message instead of their end. */
const lies = (type: number, ...raw: readonly number[]): NonNullable<Weakness["lease"]> => ({
  answer: { type, raw },
  isTaken: false,
});

/** Rows that the same class of weakness has under several numbers. */
const each = (cves: readonly string[], weakness: string, rest: Omit<Weakness, "cve" | "weakness">): Weakness[] =>
  cves.map((cve) => ({ cve, weakness, ...rest }));

const RIPPLE20: readonly Weakness[] = [
  {
    cve: "CVE-2020-11896",
    weakness: "a tunnelled packet in fragments that is longer than the outer one says",
    frames: {
      send: pieces(4, filler(64), 32, { id: 700 }),
      replies: ["icmp NODE > 10.0.2.77 no protocol, quoting 28 bytes"],
      counts: NO_PROTOCOL,
    },
  },
  { cve: "CVE-2020-11897", weakness: "IPv6 headers out of bounds", inapplicable: IPV6 },
  {
    cve: "CVE-2020-11898",
    weakness: "a tunnelled packet shorter than its header says leaks memory through ICMP",
    frames: {
      send: [ip({ protocol: 4, payload: Uint8Array.of(0x4f, 0, 0, 60) })],
      replies: ["icmp NODE > 10.0.2.77 no protocol, quoting 24 bytes"],
      counts: NO_PROTOCOL,
    },
  },
  { cve: "CVE-2020-11899", weakness: "IPv6 to groups read out of bounds", inapplicable: IPV6 },
  {
    cve: "CVE-2020-11900",
    weakness: "a tunnelled packet is freed twice",
    frames: {
      send: [ip({ protocol: 4, payload: filler(0) })],
      replies: ["icmp NODE > 10.0.2.77 no protocol, quoting 20 bytes"],
      counts: NO_PROTOCOL,
    },
  },
  {
    cve: "CVE-2020-11901",
    weakness: "lengths of names and records of the DNS are believed",
    answer: { records: record([6, 6, 6, 6], 400) },
  },
  {
    cve: "CVE-2020-11902",
    weakness: "IPv6 tunnelled in IPv4 is read out of bounds",
    frames: {
      send: [ip({ protocol: 41, payload: filler(7) })],
      replies: ["icmp NODE > 10.0.2.77 no protocol, quoting 27 bytes"],
      counts: NO_PROTOCOL,
    },
  },
  {
    cve: "CVE-2020-11903",
    weakness: "DHCP options are read past the end",
    lease: lies(ACK, 12, 255, 65),
  },
  {
    cve: "CVE-2020-11904",
    weakness: "the size of memory for a long packet overflows",
    frames: { send: [icmp(filler(1480), { fragment: 0x1fff, id: 701 })], counts: MALFORMED },
  },
  { cve: "CVE-2020-11905", weakness: "DHCPv6 is read out of bounds", inapplicable: IPV6 },
  {
    cve: "CVE-2020-11906",
    weakness: "a frame without payload makes a length negative",
    frames: { send: [({ mac }) => ethernetFrame(mac, PEER_MAC, 0x0800, filler(0))], counts: MALFORMED },
  },
  {
    cve: "CVE-2020-11907",
    weakness: "a TCP header longer than the segment makes a length negative",
    frames: { send: [tcp({ port: 80, flags: SYN, offset: 15 })], counts: ["tcp malformed"] },
  },
  {
    cve: "CVE-2020-11908",
    weakness: "a name in DHCP has no end",
    lease: { answer: { type: OFFER, options: [...GOOD, [12, 65, 66, 67, 68]], raw: [] }, isTaken: true },
  },
  {
    cve: "CVE-2020-11909",
    weakness: "an IPv4 header longer than the packet makes a length negative",
    frames: { send: [ip({ protocol: ICMP, payload: filler(0), version: 0x4f, length: 20 })], counts: MALFORMED },
  },
  {
    cve: "CVE-2020-11910",
    weakness: "an ICMP error that quotes too little is read out of bounds",
    frames: { send: [icmp(icmpBytes(3, 4, [0, 0, 2, 0], filler(4)))], counts: ["icmp malformed or wrong checksum"] },
  },
  {
    cve: "CVE-2020-11911",
    weakness: "an ICMP address mask reply changes the interface",
    frames: { send: [icmp(icmpBytes(18, 0, [0, 0, 0, 0], Uint8Array.of(255, 0, 0, 0)))], counts: ["icmp other types"] },
  },
  {
    cve: "CVE-2020-11912",
    weakness: "TCP options that are cut off are read out of bounds",
    frames: {
      send: [tcp({ port: 9, flags: SYN, options: [1, 1, 5, 34] })],
      replies: ["tcp NODE > 10.0.2.77 9 > 6000 R. ack 1"],
      counts: OPTIONS_LIE,
    },
  },
  { cve: "CVE-2020-11913", weakness: "IPv6 is read out of bounds", inapplicable: IPV6 },
  {
    cve: "CVE-2020-11914",
    weakness: "ARP with longer addresses than it holds is read out of bounds",
    frames: {
      send: [
        arp({
          operation: 1,
          change: (bytes) => {
            bytes[4] = 255;
            bytes[5] = 255;
            return bytes;
          },
        }),
      ],
      counts: ["arp malformed"],
    },
  },
];

const AMNESIA33: readonly Weakness[] = [
  ...each(["CVE-2020-13984", "CVE-2020-13985", "CVE-2020-13986"], "IPv6 extension headers without end", {
    inapplicable: IPV6,
  }),
  {
    cve: "CVE-2020-13987",
    weakness: "the checksum of UDP covers as many bytes as its header says",
    frames: { send: [udp({ port: 4000, data: filler(4), length: 60_000 })], counts: ["udp malformed"] },
  },
  {
    cve: "CVE-2020-13988",
    weakness: "the length of a TCP option makes the position overflow",
    frames: {
      send: [tcp({ port: 9, flags: SYN, options: [2, 255, 0, 0] })],
      replies: ["tcp NODE > 10.0.2.77 9 > 6000 R. ack 1"],
      counts: OPTIONS_LIE,
    },
  },
  {
    cve: "CVE-2020-17437",
    weakness: "an urgent pointer past the data makes a length negative",
    segments: [...OPEN, "< PU. 1:5 ack 1 urg 65535", "> . 1:1 ack 5", "< R 5:5"],
  },
  {
    cve: "CVE-2020-17438",
    weakness: "the offset of a fragment leads past the buffer",
    frames: { send: [icmp(filler(64), { fragment: 0x3fff, id: 702 })], counts: MALFORMED },
  },
  {
    cve: "CVE-2020-17439",
    weakness: "an answer of the DNS that nobody asked for is believed",
    unpredictable: "question",
  },
  { cve: "CVE-2020-17440", weakness: "a name of the DNS has no end", answer: { records: [3, 119, 119, 119] } },
  ...(
    [
      ["CVE-2020-17441", "the length of an IPv6 packet"],
      ["CVE-2020-17442", "the length of IPv6 hop-by-hop options"],
      ["CVE-2020-17443", "the length of an ICMPv6 echo"],
      ["CVE-2020-17444", "the length of IPv6 headers"],
      ["CVE-2020-17445", "the length of IPv6 destination options"],
    ] as const
  ).map(([cve, weakness]) => ({ cve, weakness: `${weakness} is believed`, inapplicable: IPV6 })),
  { cve: "CVE-2020-17467", weakness: "a name of LLMNR has no end", inapplicable: "there is no LLMNR" },
  ...each(["CVE-2020-17468", "CVE-2020-17469"], "IPv6 options and fragments", { inapplicable: IPV6 }),
  { cve: "CVE-2020-17470", weakness: "numbers of DNS questions can be guessed", unpredictable: "question" },
  { cve: "CVE-2020-24334", weakness: "the count of answers is believed", answer: { records: [], count: 65_535 } },
  {
    cve: "CVE-2020-24335",
    weakness: "a pointer in a name leads past the message",
    answer: { records: named([0xff, 0xff]) },
  },
  {
    cve: "CVE-2020-24336",
    weakness: "the length of a record's data is believed",
    answer: { records: record([6], 65_535) },
  },
  {
    cve: "CVE-2020-24337",
    weakness: "a TCP option of length 0 is read for ever",
    frames: {
      send: [tcp({ port: 9, flags: SYN, options: [8, 0, 1, 1] })],
      replies: ["tcp NODE > 10.0.2.77 9 > 6000 R. ack 1"],
      counts: OPTIONS_LIE,
    },
  },
  {
    cve: "CVE-2020-24338",
    weakness: "a name grows past its buffer by pointers",
    answer: { records: named([...Array.from({ length: 5 }, () => [63, ...new Uint8Array(63).fill(97)]).flat(), 0]) },
  },
  { cve: "CVE-2020-24339", weakness: "a label is longer than the message", answer: { records: [63, 97, 97] } },
  {
    cve: "CVE-2020-24340",
    weakness: "more answers are counted than there are",
    answer: { records: record([6, 6]).slice(0, 8), count: 9 },
  },
  {
    cve: "CVE-2020-24341",
    weakness: "a TCP option at the end has no length",
    frames: {
      send: [tcp({ port: 9, flags: SYN, options: [1, 1, 1, 2] })],
      replies: ["tcp NODE > 10.0.2.77 9 > 6000 R. ack 1"],
      counts: OPTIONS_LIE,
    },
  },
  { cve: "CVE-2020-24383", weakness: "a name of mDNS has no end", answer: { records: [1] } },
  { cve: "CVE-2020-25107", weakness: "a name without end in an answer", answer: { records: [2, 97] } },
  { cve: "CVE-2020-25108", weakness: "the length of an answer's data is believed", answer: { records: record([], 4) } },
  { cve: "CVE-2020-25109", weakness: "the count of questions is believed", answer: { records: [], questions: 65_535 } },
  { cve: "CVE-2020-25110", weakness: "the length of a label is believed", answer: { records: [62] } },
  {
    cve: "CVE-2020-25111",
    weakness: "a name longer than its buffer is copied",
    answer: {
      records: named(
        Array.from({ length: 127 }, () => [1, 97])
          .flat()
          .concat([1, 97, 1, 97, 0]),
      ),
    },
  },
  { cve: "CVE-2020-25112", weakness: "the length of ICMPv6 is believed", inapplicable: IPV6 },
];

const NUMBER_JACK: readonly Weakness[] = each(
  [
    ...["CVE-2020-27213", "CVE-2020-27630", "CVE-2020-27631", "CVE-2020-27632", "CVE-2020-27633"],
    ...["CVE-2020-27634", "CVE-2020-27635", "CVE-2020-27636", "CVE-2020-28388"],
  ],
  "initial sequence numbers can be guessed",
  { unpredictable: "sequence" },
);

const NAME_WRECK: readonly Weakness[] = [
  {
    cve: "CVE-2016-20009",
    weakness: "pointers in names overflow the stack",
    answer: { records: named([0xc0, 12, 0xc0, 12]).slice(0, 3) },
  },
  {
    cve: "CVE-2020-7461",
    weakness: "pointers in a list of domains of DHCP",
    lease: { answer: { options: [...GOOD, [119, 0xc0, 0, 0xc0, 2]] }, isTaken: true },
  },
  {
    cve: "CVE-2020-15795",
    weakness: "labels overflow the buffer of a name",
    answer: { records: named([0x7f, ...new Uint8Array(63), 0]) },
  },
  { cve: "CVE-2020-27009", weakness: "the offset of a pointer is believed", answer: { records: named([0xfe, 0]) } },
  { cve: "CVE-2020-27736", weakness: "a name has no end", answer: { records: nameBytes("www.example").slice(0, -1) } },
  {
    cve: "CVE-2020-27737",
    weakness: "counts and lengths of an answer are believed",
    answer: { records: record([6, 6, 6, 6], 5) },
  },
  { cve: "CVE-2020-27738", weakness: "a pointer leads to itself", answer: { records: named([0xc0, 29]) } },
  { cve: "CVE-2021-25677", weakness: "numbers and ports of DNS questions can be guessed", unpredictable: "question" },
  { cve: "NetX", weakness: "pointers lead to each other for ever", answer: { records: named([1, 97, 0xc0, 29]) } },
];

const INFRA_HALT: readonly Weakness[] = [
  { cve: "CVE-2020-25926", weakness: "numbers of DNS questions can be guessed", unpredictable: "question" },
  {
    cve: "CVE-2020-25927",
    weakness: "the count of answers is believed",
    answer: { records: record([6, 6, 6]).slice(0, 11), count: 3 },
  },
  {
    cve: "CVE-2020-25928",
    weakness: "the length of an answer's data is believed",
    answer: { records: record([6, 6, 6], 4) },
  },
  {
    cve: "CVE-2020-25767",
    weakness: "a pointer in a name leads out of the message",
    answer: { records: named([0xc4, 0]) },
  },
  {
    cve: "CVE-2020-27565",
    weakness: "a wrong request stops the web server",
    http: { request: "\u0001\u0002\u0003\n\n", status: "HTTP/1.1 4" },
  },
  {
    cve: "CVE-2020-35683",
    weakness: "ICMP is as long as the IP header says",
    frames: { send: [icmp(echo(7, 1, filler(8)), { length: 1400 })], counts: MALFORMED },
  },
  {
    cve: "CVE-2020-35684",
    weakness: "TCP is as long as the IP header says",
    frames: { send: [tcp({ port: 9, flags: SYN }, { length: 30 })], counts: ["tcp malformed"] },
  },
  { cve: "CVE-2020-35685", weakness: "initial sequence numbers can be guessed", unpredictable: "sequence" },
  {
    cve: "CVE-2021-31226",
    weakness: "a long path overflows the web server's buffer",
    http: { request: `GET /${"a".repeat(3000)} HTTP/1.1\n\n`, status: "HTTP/1.1 414" },
  },
  {
    cve: "CVE-2021-31227",
    weakness: "a negative Content-Length overflows a buffer",
    http: { request: "POST / HTTP/1.1\nHost: node\nContent-Length: -1\n\nxxxx", status: "HTTP/1.1 400" },
  },
  { cve: "CVE-2021-31228", weakness: "ports of DNS questions can be guessed", unpredictable: "question" },
  {
    cve: "CVE-2021-31400",
    weakness: "an urgent pointer without data stops the machine",
    segments: [...OPEN, "< U. 1:1 ack 1 urg 1", "silence 50", "< P. 1:5 ack 1", "> . 1:1 ack 5", "< R 5:5"],
  },
  {
    cve: "CVE-2021-31401",
    weakness: "the length of TCP is made negative by that of IP",
    frames: { send: [ip({ protocol: TCP, payload: filler(10) })], counts: ["tcp malformed"] },
  },
  {
    cve: "CVE-2021-36762",
    weakness: "a file name of TFTP has no end",
    frames: {
      send: [tftp(1, "kernel"), tftp(1, "kernel\0octet"), tftp(1, "a".repeat(1400))],
      replies: [TFTP_REFUSES],
      counts: ["udp datagrams received"],
    },
  },
];

const NUCLEUS13: readonly Weakness[] = [
  {
    cve: "CVE-2021-31344",
    weakness: "an echo with options is answered to another machine",
    frames: {
      send: [icmp(echo(7, 1, filler(8)), { options: [131, 7, 4, 10, 0, 2, 78] })],
      counts: ["ip options that lie, or source routes"],
    },
  },
  {
    cve: "CVE-2021-31345",
    weakness: "the length of UDP is believed",
    frames: { send: [udp({ port: 4000, data: filler(4), length: 512 })], counts: ["udp malformed"] },
  },
  {
    cve: "CVE-2021-31346",
    weakness: "the length of ICMP is believed, and memory answered",
    frames: { send: [icmp(echo(7, 1, filler(8)), { length: 65_535 })], counts: MALFORMED },
  },
  {
    cve: "CVE-2021-31881",
    weakness: "the vendor's options in a DHCP offer are read past the end",
    lease: lies(OFFER, 43, 200, 1),
  },
  {
    cve: "CVE-2021-31882",
    weakness: "the list of name servers in a DHCP ACK is read past the end",
    lease: lies(ACK, 6, 254, 1, 2),
  },
  {
    cve: "CVE-2021-31883",
    weakness: "the vendor's options in a DHCP ACK are read past the end",
    lease: lies(ACK, 43, 255),
  },
  {
    cve: "CVE-2021-31884",
    weakness: "a host name of DHCP has no end",
    lease: { answer: { type: ACK, options: [...GOOD, [12, 97, 98, 99]], raw: [] }, isTaken: true },
  },
  {
    cve: "CVE-2021-31885",
    weakness: "TFTP gives what is not asked for",
    frames: {
      send: [
        ...[0, 3, 4, 5, 6, 255].flatMap((kind) => [tftp(kind, ""), tftp(kind, "\0\0kernel\0octet\0")]),
        tftp(1, "../boot/kernel\0octet\0"),
      ],
      replies: [TFTP_REFUSES],
      counts: ["udp datagrams received"],
    },
  },
  { cve: "CVE-2021-31886", weakness: "a long USER overflows", inapplicable: FTP },
  { cve: "CVE-2021-31887", weakness: "a long PWD overflows", inapplicable: FTP },
  { cve: "CVE-2021-31888", weakness: "a long MKD overflows", inapplicable: FTP },
  {
    cve: "CVE-2021-31889",
    weakness: "a SACK option of a wrong length makes a length negative",
    segments: [
      "< S 0:0 win 65535 mss 1460 sackOK",
      "> S. 0:0 ack 1",
      "< P. 1:20 ack 1 data GET /?IP HTTP/1.0\\n\\n",
      "> P. 1:149 ack 20",
      "> F. 149:149 ack 20",
      "< . 20:20 ack 1 raw 5,3,0,0",
      "< . 20:20 ack 150",
      "< R 20:20",
    ],
  },
  {
    cve: "CVE-2021-31890",
    weakness: "a TCP segment to all makes a length negative",
    frames: {
      send: [tcp({ port: 80, flags: SYN }, { to: "255.255.255.255", mac: BROADCAST_MAC })],
      counts: ["tcp not from one machine to this one alone"],
    },
  },
];

/** Rows by the name of their disclosure, with how many it has. */
export const DISCLOSURES: ReadonlyMap<string, { readonly rows: readonly Weakness[]; readonly count: number }> = new Map(
  [
    ["Ripple20", { rows: RIPPLE20, count: 19 }],
    ["AMNESIA:33", { rows: AMNESIA33, count: 33 }],
    ["NUMBER:JACK", { rows: NUMBER_JACK, count: 9 }],
    ["NAME:WRECK", { rows: NAME_WRECK, count: 9 }],
    ["INFRA:HALT", { rows: INFRA_HALT, count: 14 }],
    ["NUCLEUS:13", { rows: NUCLEUS13, count: 13 }],
  ],
);
