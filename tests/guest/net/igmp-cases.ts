/**
 * What a host says of its groups, by the section of RFC 3376 that says so. Each case begins with a node that has
 * reported its two groups: mDNS's and the cluster's.
 */
import { ALL_HOSTS, groupMac, type IgmpCase, igmp, older, query, queryBytes, type Step, times } from "./igmp-wire.ts";

const MDNS = "224.0.0.251";
const CLUSTER = "239.255.81.82";
const OTHER = "239.1.2.3";
const [QUERY, REPORT_V1, REPORT_V2] = [0x11, 0x12, 0x16];
const BOTH = [`is-exclude ${MDNS}, is-exclude ${CLUSTER} > 224.0.0.22`];
const ONE = [`is-exclude ${MDNS} > 224.0.0.22`];
const REPORTS_V2 = [MDNS, CLUSTER].map((group) => `report ${group} > ${group}`);
const REPORTS_V1 = [MDNS, CLUSTER].map((group) => `report of version 1 ${group} > ${group}`);
/** Behind a header of IPv4 with Router Alert. */
const MESSAGE_AT = 14 + 24;
const MALFORMED = "igmp malformed or wrong checksum";
const twice = (report: string): string[] => [report, report];
/** A query whose checksum does not cover its Max Resp Code. */
function spoiled(frame: Uint8Array): Uint8Array {
  const bytes = frame.slice();
  bytes[MESSAGE_AT + 1]! ^= 2;
  return bytes;
}
/** Nothing is reported for so many milliseconds. */
const quiet = (ms: number): Step => ({ hears: [], within: ms });

const QUERIES: readonly IgmpCase[] = [
  {
    name: "a query about all groups is answered with one report of all (5.2, rule 2)",
    steps: [
      { send: query({ code: 10 }) },
      { hears: BOTH, within: 1000, quiet: 3000 },
      { counts: "igmp queries received" },
    ],
  },
  {
    name: "a query about a group is answered with that one (5.2, rule 3)",
    steps: [{ send: query({ code: 10, group: MDNS }) }, { hears: ONE, within: 1000, quiet: 3000 }],
  },
  {
    name: "a query about a group may come to all hosts",
    steps: [{ send: query({ code: 10, group: MDNS }, ALL_HOSTS) }, { hears: ONE, within: 1000, quiet: 2000 }],
  },
  {
    name: "a query about a group that is not heard is not answered",
    steps: [{ send: query({ code: 10, group: OTHER }, ALL_HOSTS) }, quiet(3000)],
  },
  {
    name: "224.0.0.1 is never reported (5)",
    steps: [{ send: query({ code: 10, group: ALL_HOSTS }) }, quiet(3000)],
  },
  {
    name: "a query about sources of a group is answered with all of them",
    steps: [
      { send: query({ code: 10, group: MDNS, sources: ["10.0.2.9", "10.0.2.10"] }) },
      { hears: ONE, within: 1000, quiet: 3000 },
    ],
  },
  { name: "a time of 0 is at once", steps: [{ send: query({ code: 0 }) }, { hears: BOTH, within: 0, quiet: 500 }] },
  {
    name: "a query to the node's own address is taken (4.1.12)",
    steps: [
      { send: (node) => igmp(queryBytes({ code: 5 }), node.address, { mac: node.mac })(node) },
      { hears: BOTH, within: 500, quiet: 1000 },
    ],
  },
  {
    name: "an answer that is due sooner does for a second query about all groups (5.2, rule 1)",
    steps: [
      { send: query({ code: 10 }) },
      { send: query({ code: 255 }) },
      { hears: BOTH, within: 1000, quiet: 10_000 },
    ],
  },
  {
    name: "a second query about all groups that is to be answered sooner takes the place of the first (5.2, rule 2)",
    steps: [{ send: query({ code: 255 }) }, { send: query({ code: 1 }) }, { hears: BOTH, within: 100, quiet: 10_000 }],
  },
  {
    name: "an answer about all groups that is due sooner does for a query about one (5.2, rule 1)",
    steps: [
      { send: query({ code: 1 }) },
      { send: query({ code: 255, group: MDNS }) },
      { hears: BOTH, within: 100, quiet: 10_000 },
    ],
  },
  {
    name: "an answer about a group does not do for a query about all (5.2, rule 2)",
    steps: [
      { send: query({ code: 1, group: MDNS }) },
      { send: query({ code: 20 }) },
      { hears: [...ONE, ...BOTH], within: 2000, quiet: 2000 },
    ],
  },
  {
    name: "two queries about a group are answered once, at the earlier time (5.2, rule 4)",
    steps: [
      { send: query({ code: 255, group: MDNS }) },
      { send: query({ code: 1, group: MDNS, sources: ["10.0.2.9"] }) },
      { hears: ONE, within: 100, quiet: 10_000 },
    ],
  },
  {
    name: "reports of others stop no answer (7.2.2)",
    steps: [
      { send: query({ code: 10, group: MDNS }) },
      { send: older(REPORT_V2, 0, MDNS) },
      { send: older(REPORT_V1, 0, MDNS) },
      { hears: ONE, within: 1000, quiet: 2000 },
    ],
  },
  {
    name: "what is behind the sources covers the checksum and nothing else (4.1.10)",
    steps: [
      { send: igmp(Uint8Array.of(...queryBytes({ code: 5 }), 1, 2, 3, 4, 5), ALL_HOSTS) },
      { hears: BOTH, within: 500, quiet: 1000 },
    ],
  },
];

/** Max Resp Codes of 128 and more, and the tenths of a second that they mean (4.1.1). */
const TIMES: readonly IgmpCase[] = (
  [
    [127, 127],
    [0x80, 128],
    [0x8f, 248],
    [0xa3, 608],
    [0xff, 31744],
  ] as const
).map(([code, tenths]) => ({
  name: `Max Resp Code ${code} is ${tenths} tenths of a second (4.1.1)`,
  steps: [{ send: query({ code }) }, { hears: BOTH, within: tenths * 100, quiet: 1000 }],
}));

const DELAYS: readonly IgmpCase[] = [
  {
    name: "an answer takes its time (5.2)",
    steps: [{ send: query({ code: 0xa3 }) }, quiet(100), { hears: BOTH, within: 60_800 }],
  },
];

const HOSTILE: readonly IgmpCase[] = [
  ...(
    [
      ["one source that is not there", queryBytes({ code: 1, group: MDNS, count: 1 })],
      ["65,535 sources in a query with one", queryBytes({ code: 1, group: MDNS, sources: ["10.0.2.9"], count: 65535 })],
      ["16,384 sources, whose bytes are 0 in 16 bits", queryBytes({ code: 1, count: 16384 })],
      ["the half of a source", queryBytes({ code: 1, sources: ["10.0.2.9"] }).subarray(0, 14)],
      ["nine bytes", queryBytes({ code: 1 }).subarray(0, 9)],
      ["eleven bytes", queryBytes({ code: 1 }).subarray(0, 11)],
      ["seven bytes", queryBytes({ code: 1 }).subarray(0, 7)],
      ["four bytes", queryBytes({ code: 1 }).subarray(0, 4)],
      ["no byte", new Uint8Array(0)],
    ] as const
  ).map(([what, bytes]) => ({
    name: `a query with ${what} is malformed (7.1)`,
    steps: [{ send: igmp(bytes, ALL_HOSTS) }, quiet(1000), { counts: MALFORMED }],
  })),
  {
    name: "a wrong checksum makes a query malformed",
    steps: [
      {
        send: (node) => spoiled(query({ code: 1 })(node)),
      },
      quiet(1000),
      { counts: MALFORMED },
    ],
  },
  ...["255.255.255.255", "10.0.2.255"].map((to) => ({
    name: `a query to ${to} is not taken (4.1.12)`,
    steps: [
      { send: igmp(queryBytes({ code: 1 }), to, { mac: Uint8Array.of(255, 255, 255, 255, 255, 255) }) },
      quiet(1000),
      { counts: MALFORMED },
    ],
  })),
  {
    name: "a query to a group that is not heard is not taken",
    steps: [
      { send: igmp(queryBytes({ code: 1 }), OTHER, { mac: groupMac(ALL_HOSTS) }) },
      quiet(1000),
      { counts: "ip not for this machine" },
    ],
  },
  {
    name: "a report of another group than it is sent to is malformed",
    steps: [{ send: older(REPORT_V2, 0, OTHER, MDNS) }, quiet(100), { counts: MALFORMED }],
  },
  {
    name: "messages for routers are passed over",
    steps: [
      ...[0x13, 0x14, 0x17, 0x22, 0x30, 0xff].map((type) => ({ send: older(type, 0, MDNS) })),
      quiet(1000),
      { send: query({ code: 5 }) },
      { hears: BOTH, within: 500, quiet: 1000 },
    ],
  },
];

const CHANGES: readonly IgmpCase[] = [
  {
    name: "a group that is left is said twice, and so is one that is joined (5.1)",
    steps: [
      { type: "service stop cluster" },
      { hears: twice(`to-include ${CLUSTER} > 224.0.0.22`), within: 1000, quiet: 3000 },
      { send: query({ code: 5 }) },
      { hears: ONE, within: 500, quiet: 1000 },
      { type: "service start cluster" },
      { hears: twice(`to-exclude ${CLUSTER} > 224.0.0.22`), within: 2000, quiet: 3000 },
      { send: query({ code: 5 }) },
      { hears: BOTH, within: 500, quiet: 1000 },
    ],
  },
  {
    name: "groups are left when the network stops, and joined when it starts again",
    steps: [
      { type: "service stop cluster" },
      { wait: 3000 },
      { type: "service stop network" },
      { hears: [`to-include ${MDNS} > 224.0.0.22`], within: 100, quiet: 3000 },
      { type: "service start network" },
      { hears: twice(`to-exclude ${MDNS} > 224.0.0.22`), within: 20_000, quiet: 3000 },
    ],
  },
  ...[1, 2, 3, 7].map((robustness) => ({
    name: `a querier's robustness of ${robustness} is how often a change is said (4.1.6)`,
    steps: [
      { send: query({ code: 1, robustness }) },
      { hears: BOTH, within: 100 },
      { type: "service stop cluster" },
      { hears: times(robustness, `to-include ${CLUSTER} > 224.0.0.22`), within: robustness * 1000, quiet: 3000 },
    ],
  })),
  {
    name: "a robustness of 0 is the usual one (8.1)",
    steps: [
      { send: query({ code: 1, robustness: 5 }) },
      { send: query({ code: 1, robustness: 0 }) },
      { hears: BOTH, within: 100 },
      { type: "service stop cluster" },
      { hears: twice(`to-include ${CLUSTER} > 224.0.0.22`), within: 1000, quiet: 3000 },
    ],
  },
];

const OLDER: readonly IgmpCase[] = [
  {
    name: "a query of version 2 is answered in version 2, each group for itself (7.2.1)",
    steps: [{ send: older(QUERY, 10) }, { hears: REPORTS_V2, within: 1000, quiet: 3000 }],
  },
  {
    name: "a query of version 1 is answered in version 1 within ten seconds (7.2.1)",
    steps: [{ send: older(QUERY, 0) }, { hears: REPORTS_V1, within: 10_000, quiet: 3000 }],
  },
  {
    name: "a query of version 1 is about all groups, whatever it says (RFC 1112)",
    steps: [{ send: older(QUERY, 0, OTHER, ALL_HOSTS) }, { hears: REPORTS_V1, within: 10_000, quiet: 3000 }],
  },
  {
    name: "Max Resp Time of version 2 is no floating point (RFC 2236, 2.2)",
    steps: [{ send: older(QUERY, 255) }, { hears: REPORTS_V2, within: 25_500, quiet: 3000 }],
  },
  {
    name: "a query of version 2 about one group does not change the version (7.2.1)",
    steps: [{ send: older(QUERY, 10, MDNS) }, { hears: ONE, within: 1000, quiet: 2000 }],
  },
  {
    name: "while there is a querier of version 2, one of version 3 is answered in version 2 (7.2.1)",
    steps: [
      { send: older(QUERY, 1) },
      { hears: REPORTS_V2, within: 100 },
      { send: query({ code: 10 }) },
      { hears: REPORTS_V2, within: 1000, quiet: 2000 },
      { send: query({ code: 10, group: CLUSTER }) },
      { hears: REPORTS_V2.slice(1), within: 1000, quiet: 2000 },
    ],
  },
  {
    name: "while there is a querier of version 1, one of version 2 is answered in version 1 (7.2.1)",
    steps: [
      { send: older(QUERY, 0) },
      { hears: REPORTS_V1, within: 10_000 },
      { send: older(QUERY, 10) },
      { hears: REPORTS_V1, within: 1000, quiet: 2000 },
    ],
  },
  {
    name: "a querier of version 2 counts for 260 seconds (8.12)",
    steps: [
      { send: older(QUERY, 1) },
      { hears: REPORTS_V2, within: 100 },
      { wait: 258_000 },
      { send: query({ code: 1 }) },
      { hears: REPORTS_V2, within: 100 },
      { wait: 3000 },
      { send: query({ code: 1 }) },
      { hears: BOTH, within: 100, quiet: 1000 },
    ],
  },
  {
    name: "a querier of version 1 counts for 260 seconds, then one of version 2 that was heard since (7.2.1)",
    steps: [
      { send: older(QUERY, 0) },
      { wait: 200_000 },
      { send: older(QUERY, 1) },
      { hears: REPORTS_V1, within: 100 },
      { wait: 61_000 },
      { send: query({ code: 1 }) },
      { hears: REPORTS_V2, within: 100 },
      { wait: 200_000 },
      { send: query({ code: 1 }) },
      { hears: BOTH, within: 100, quiet: 1000 },
    ],
  },
  {
    name: "with a robustness of 7, an older querier counts for 885 seconds (8.12)",
    steps: [
      { send: query({ code: 1, robustness: 7 }) },
      { hears: BOTH, within: 100 },
      { send: older(QUERY, 1) },
      { hears: REPORTS_V2, within: 100 },
      { wait: 883_000 },
      { send: query({ code: 1 }) },
      { hears: REPORTS_V2, within: 100 },
      { wait: 3000 },
      { send: query({ code: 1 }) },
      { hears: BOTH, within: 100 },
    ],
  },
  {
    name: "answers that are to come are not given when the version changes (7.2.1)",
    steps: [
      { send: query({ code: 200 }) },
      { send: query({ code: 200, group: MDNS }) },
      { send: older(QUERY, 1) },
      { hears: REPORTS_V2, within: 100, quiet: 60_000 },
      { send: older(QUERY, 255) },
      { send: older(QUERY, 0) },
      { hears: REPORTS_V1, within: 10_000, quiet: 30_000 },
    ],
  },
  {
    name: "changes that are to be said again are not when the version changes (7.2.1)",
    steps: [
      { send: query({ code: 1, robustness: 7 }) },
      { hears: BOTH, within: 100 },
      { type: "service stop cluster" },
      { send: older(QUERY, 1) },
      { wait: 200 },
      quiet(10_000),
      { type: "service start cluster" },
      { hears: times(7, REPORTS_V2[1]!), within: 70_000, quiet: 11_000 },
    ],
  },
  {
    name: "another host's report does for ours in version 2 (RFC 2236, 3)",
    steps: [
      { send: older(QUERY, 100) },
      { send: older(REPORT_V2, 0, MDNS) },
      { hears: REPORTS_V2.slice(1), within: 10_000, quiet: 3000 },
    ],
  },
  {
    name: "and in version 1",
    steps: [
      { send: older(QUERY, 0) },
      { send: older(REPORT_V1, 0, MDNS) },
      { hears: REPORTS_V1.slice(1), within: 10_000, quiet: 3000 },
    ],
  },
  {
    name: "in version 2 that a group was left is said once, to the routers (RFC 2236, 3)",
    steps: [
      { send: older(QUERY, 1) },
      { hears: REPORTS_V2, within: 100 },
      { type: "service stop cluster" },
      { hears: [`leave ${CLUSTER} > 224.0.0.2`], within: 100, quiet: 12_000 },
      { type: "service start cluster" },
      { hears: twice(REPORTS_V2[1]!), within: 11_000, quiet: 11_000 },
    ],
  },
  {
    name: "in version 1 nobody says that he leaves (RFC 1112)",
    steps: [
      { send: older(QUERY, 0) },
      { hears: REPORTS_V1, within: 10_000 },
      { type: "service stop cluster" },
      quiet(12_000),
      { send: older(QUERY, 0) },
      { hears: REPORTS_V1.slice(0, 1), within: 10_000, quiet: 3000 },
    ],
  },
  {
    name: "a query of version 2 that nobody summed up changes nothing",
    steps: [
      {
        send: (node) => spoiled(older(QUERY, 1)(node)),
      },
      quiet(1000),
      { counts: MALFORMED },
      { send: query({ code: 1 }) },
      { hears: BOTH, within: 100 },
    ],
  },
];

export const IGMP_CASES: readonly IgmpCase[] = [...QUERIES, ...TIMES, ...DELAYS, ...HOSTILE, ...CHANGES, ...OLDER];
