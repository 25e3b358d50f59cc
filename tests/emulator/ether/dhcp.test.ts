/**
 * Answers of the DHCP server byte by byte (RFC 2131, table 3), where they go, and what it remembers in a saved state.
 */
import { describe, expect, test } from "vitest";
import { DhcpServer } from "../../../emulator/ether/dhcp-server.ts";
import { parseIpv4 } from "../../../emulator/ether/packet.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { fieldsOf } from "./fields.ts";

const [DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM] = [1, 2, 3, 4, 5, 6, 7, 8];
const COOKIE = [0x63, 0x82, 0x53, 0x63];
const COOKIE_OFFSET = 236;

interface Settings {
  addresses?: number;
  names?: [string, string][];
  leaseSeconds?: number;
}

function server({ addresses = 3, names = [], leaseSeconds = 86_403 }: Settings = {}): DhcpServer {
  return new DhcpServer({
    ...{ server: parseIpv4("10.0.2.2"), subnetMask: parseIpv4("255.255.254.0"), router: parseIpv4("10.0.2.1") },
    ...{ dns: parseIpv4("10.0.2.3"), firstAddress: parseIpv4("10.0.2.254"), addresses, leaseSeconds },
    hostNames: new Map(names),
  });
}

/** A client's message; its number is the last byte of its address and of its transaction. */
interface Question {
  type: number | undefined;
  client?: number;
  flags?: readonly [number, number];
  current?: string;
  relay?: string;
  options?: readonly number[];
}

function question({
  type,
  client = 1,
  flags = [0, 0],
  current = "0.0.0.0",
  relay = "0.0.0.0",
  options = [],
}: Question): Uint8Array {
  const bytes = new Uint8Array(320);
  bytes.set([1, 1, 6, 7, 0xde, 0xad, 0xbe, client, 0x11, 0x22, ...flags, ...parseIpv4(current)]);
  bytes.set([0x55, 0x55, 0x55, 0x55, 0x66, 0x66, 0x66, 0x66, ...parseIpv4(relay)], 16);
  bytes.set([2, 0, 0, 0, 0xab, client, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 28);
  bytes.fill(0x99, 44, COOKIE_OFFSET);
  bytes.set([...COOKIE, ...(type === undefined ? [] : [53, 1, type]), ...options, 255], COOKIE_OFFSET);
  return bytes;
}

/** Fields of the answer that differ from those that every answer to `question` has. */
interface Answer {
  client?: number;
  flags?: readonly [number, number];
  current?: string;
  yours?: string;
  next?: string;
  relay?: string;
  options: readonly number[];
}

function answer({
  client = 1,
  flags = [0, 0],
  current = "0.0.0.0",
  yours = "0.0.0.0",
  next = "10.0.2.2",
  relay = "0.0.0.0",
  options,
}: Answer): number[] {
  const bytes = new Uint8Array(Math.max(300, 241 + options.length));
  bytes.set([2, 1, 6, 0, 0xde, 0xad, 0xbe, client, 0, 0, ...flags, ...parseIpv4(current), ...parseIpv4(yours)]);
  bytes.set([...parseIpv4(next), ...parseIpv4(relay)], 20);
  bytes.set([2, 0, 0, 0, 0xab, client, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 28);
  bytes.set([...COOKIE, ...options, 255], COOKIE_OFFSET);
  return Array.from(bytes);
}

const kind = (type: number): number[] => [53, 1, type, 54, 4, 10, 0, 2, 2];
const NETWORK = [1, 4, 255, 255, 254, 0, 3, 4, 10, 0, 2, 1, 6, 4, 10, 0, 2, 3];
/** 86403 s, half of them, seven eighths: 15183h, A8C1h, 12752h. */
const TIMES = [51, 4, 0, 1, 0x51, 0x83, 58, 4, 0, 0, 0xa8, 0xc1, 59, 4, 0, 1, 0x27, 0x52];
const asks = (address: string): number[] => [50, 4, ...parseIpv4(address)];

describe("answers", () => {
  test.each<[string, Question, string | null, Answer]>([
    [
      "an offer goes to the address that it offers",
      { type: DISCOVER },
      "10.0.2.254",
      { yours: "10.0.2.254", options: [...kind(OFFER), ...NETWORK, ...TIMES] },
    ],
    [
      "an address beyond a byte's end",
      { type: DISCOVER, client: 7, options: asks("10.0.3.0") },
      "10.0.3.0",
      { client: 7, yours: "10.0.3.0", options: [...kind(OFFER), ...NETWORK, ...TIMES] },
    ],
    [
      "broadcast, when the client asks for it; all flags come back",
      { type: DISCOVER, flags: [0x80, 0x01] },
      null,
      { flags: [0x80, 0x01], yours: "10.0.2.254", options: [...kind(OFFER), ...NETWORK, ...TIMES] },
    ],
    [
      "only the first flag asks for a broadcast",
      { type: DISCOVER, flags: [0x7f, 0xff] },
      "10.0.2.254",
      { flags: [0x7f, 0xff], yours: "10.0.2.254", options: [...kind(OFFER), ...NETWORK, ...TIMES] },
    ],
    [
      "an acknowledgement",
      { type: REQUEST, options: [...asks("10.0.2.255"), 54, 4, 10, 0, 2, 2] },
      "10.0.2.255",
      { yours: "10.0.2.255", options: [...kind(ACK), ...NETWORK, ...TIMES] },
    ],
    [
      "a renewal goes to the address that the client has, broadcast flag or not",
      { type: REQUEST, current: "10.0.2.255", flags: [0x80, 0] },
      "10.0.2.255",
      {
        flags: [0x80, 0],
        current: "10.0.2.255",
        yours: "10.0.2.255",
        options: [...kind(ACK), ...NETWORK, ...TIMES],
      },
    ],
    [
      "the option counts before the client's field",
      { type: REQUEST, current: "10.0.2.255", options: asks("10.0.2.254") },
      "10.0.2.255",
      { current: "10.0.2.255", yours: "10.0.2.254", options: [...kind(ACK), ...NETWORK, ...TIMES] },
    ],
    [
      "a refusal names the server and nothing else, to everyone",
      { type: REQUEST, current: "10.0.2.253" },
      null,
      { next: "0.0.0.0", options: kind(NAK) },
    ],
    ["a request for nothing", { type: REQUEST }, null, { next: "0.0.0.0", options: kind(NAK) }],
    [
      "an address of three bytes",
      { type: REQUEST, options: [50, 3, 10, 0, 2] },
      null,
      { next: "0.0.0.0", options: kind(NAK) },
    ],
    [
      "an address of five bytes",
      { type: REQUEST, options: [50, 5, 10, 0, 2, 254, 0] },
      null,
      { next: "0.0.0.0", options: kind(NAK) },
    ],
    [
      "information, and no times",
      { type: INFORM, current: "10.0.2.77" },
      "10.0.2.77",
      { current: "10.0.2.77", options: [...kind(ACK), ...NETWORK] },
    ],
    ["information for who has no address", { type: INFORM }, null, { options: [...kind(ACK), ...NETWORK] }],
    [
      "one byte of an address is enough",
      { type: INFORM, current: "0.0.0.1" },
      "0.0.0.1",
      { current: "0.0.0.1", options: [...kind(ACK), ...NETWORK] },
    ],
  ])("%s", (_name, asked, destination, expected) => {
    const reply = server().handle(question(asked), 0)!;
    expect(Array.from(reply.message)).toEqual(answer(expected));
    expect(reply.destination?.join(".") ?? null).toBe(destination);
    expect(reply.isForRelay).toBe(false);
  });

  test.each<[string, Question, Answer]>([
    [
      "an offer, though the client asks for a broadcast",
      { type: DISCOVER, flags: [0x80, 0], relay: "0.0.0.9" },
      { flags: [0x80, 0], yours: "10.0.2.254", options: [...kind(OFFER), ...NETWORK, ...TIMES] },
    ],
    [
      "a renewal",
      { type: REQUEST, current: "10.0.2.255", relay: "10.0.0.0" },
      { current: "10.0.2.255", yours: "10.0.2.255", options: [...kind(ACK), ...NETWORK, ...TIMES] },
    ],
    [
      "a refusal",
      { type: REQUEST, current: "10.0.2.253", relay: "10.0.2.16" },
      { next: "0.0.0.0", options: kind(NAK) },
    ],
  ])("to a relay goes %s", (_name, asked, expected) => {
    const reply = server().handle(question(asked), 0)!;
    expect(Array.from(reply.message)).toEqual(answer({ ...expected, relay: asked.relay! }));
    expect(reply.destination?.join(".")).toBe(asked.relay);
    expect(reply.isForRelay).toBe(true);
  });

  test.each([
    ["a type that does not exist", { type: 9 }],
    ["no type", { type: undefined }],
    ["a type for servers", { type: OFFER }],
    ["an address in use that nobody holds", { type: DECLINE, options: asks("10.0.2.254") }],
    ["an address given back", { type: RELEASE, current: "10.0.2.254" }],
  ])("none to %s", (_name, asked) => {
    expect(server().handle(question(asked), 0)).toBeNull();
  });

  test("a host's name, if it has one; 255 bytes at most, and the message grows", () => {
    const named = (name: string): number[] => {
      const dhcp = server({ names: [["02:00:00:00:ab:01", name]] });
      expect(dhcp.handle(question({ type: REQUEST, client: 2, current: "10.0.3.7" }), 0)!.message.length).toBe(300);
      return Array.from(dhcp.handle(question({ type: INFORM, current: "10.0.2.77" }), 0)!.message);
    };
    const options = (bytes: readonly number[]): number[] => [...kind(ACK), ...NETWORK, 12, bytes.length, ...bytes];
    expect(named("q1")).toEqual(answer({ current: "10.0.2.77", options: options([0x71, 0x31]) }));
    expect(named("é")).toEqual(answer({ current: "10.0.2.77", options: options([0xc3, 0xa9]) }));
    const longest = new Array<number>(255).fill(0x78);
    expect(named("x".repeat(255))).toEqual(answer({ current: "10.0.2.77", options: options(longest) }));
    expect(named("x".repeat(300))).toEqual(answer({ current: "10.0.2.77", options: options(longest) }));
  });

  test("times of four bytes", () => {
    const reply = server({ leaseSeconds: 0xfedc_ba98 }).handle(question({ type: DISCOVER }), 0)!;
    const expected = [51, 4, 0xfe, 0xdc, 0xba, 0x98, 58, 4, 0x7f, 0x6e, 0x5d, 0x4c, 59, 4, 0xdf, 0x01, 0x23, 0x45];
    expect(Array.from(reply.message.subarray(267, 285))).toEqual(expected);
  });
});

describe("options", () => {
  /** The fixed part with these bytes after the cookie, and nothing else. */
  const answered = (...options: readonly number[]): boolean =>
    server().handle(Uint8Array.of(...question({ type: undefined }).subarray(0, 240), ...options), 0) !== null;

  test.each<[string, readonly number[], boolean]>([
    ["one byte of padding", [0, 53, 1, 1, 255], true],
    ["padding at the end", [53, 1, 1, 0], true],
    ["the end ends them, whatever follows", [53, 1, 1, 255, 12, 200], true],
    ["an option of no bytes", [12, 0, 53, 1, 1], true],
    ["a type of no bytes", [53, 0], false],
    ["a length that is missing", [53, 1, 1, 12], false],
    ["the last byte is missing", [53, 1, 1, 12, 2, 65], false],
    ["the last byte is there", [53, 1, 1, 12, 2, 65, 66], true],
    ["this server", [53, 1, 1, 54, 4, 10, 0, 2, 2], true],
    ["this server, cut short", [53, 1, 1, 54, 3, 10, 0, 2], false],
  ])("%s", (_name, options, expected) => {
    expect(answered(...options)).toBe(expected);
  });
});

/** What a script of messages yields: each address with its kind, or "-". */
function story(dhcp: DhcpServer, steps: readonly (readonly [number, Question])[]): string[] {
  return steps.map(([seconds, asked]) => {
    const message = dhcp.handle(question(asked), seconds * 1e9)?.message;
    return message ? `${message[242]} ${message[18]}.${message[19]}` : "-";
  });
}

const discover = (client: number, address?: string): Question => ({
  type: DISCOVER,
  client,
  ...(address ? { options: asks(address) } : {}),
});
const take = (client: number, address: string): Question => ({ type: REQUEST, client, options: asks(address) });

describe("which address", () => {
  test("the one that expired longest ago, the first of equal ones", () => {
    const dhcp = server({ leaseSeconds: 100 });
    const steps = [
      ...([
        [20, take(1, "10.0.2.254")],
        [10, take(2, "10.0.2.255")],
        [0, take(3, "10.0.3.0")],
      ] as const),
      ...([
        [105, discover(4)],
        [125, discover(5)],
        [125, discover(6)],
        [125, discover(7)],
      ] as const),
      ...([
        [184, discover(7)],
        [185, discover(7)],
      ] as const),
    ];
    // 3.0 is the only one free at 105 s, and offered until 165 s.
    expect(story(dhcp, steps)).toEqual([
      ...["5 2.254", "5 2.255", "5 3.0", "2 3.0", "2 2.255", "2 2.254", "-"],
      ...["2 3.0", "2 3.0"],
    ]);
    const equal = server({ leaseSeconds: 100 });
    story(equal, [
      [0, take(1, "10.0.3.0")],
      [0, take(2, "10.0.2.254")],
      [0, take(3, "10.0.2.255")],
    ]);
    expect(
      story(equal, [
        [100, discover(4)],
        [100, discover(5)],
        [100, discover(6)],
      ]),
    ).toEqual([...["2 2.254", "2 2.255", "2 3.0"]]);
  });

  test("what is asked for, when its time is over, before fresh ones; never one in use", () => {
    const dhcp = server({ leaseSeconds: 100 });
    expect(
      story(dhcp, [
        ...([
          [0, take(1, "10.0.2.255")],
          [99, discover(2, "10.0.2.255")],
          [100, discover(3, "10.0.2.255")],
        ] as const),
        ...([
          [100, take(4, "10.0.2.255")],
          [160, take(4, "10.0.2.255")],
          [160, take(4, "10.0.3.1")],
        ] as const),
        ...([
          [160, take(4, "10.0.2.253")],
          [160, take(4, "10.0.3.0")],
        ] as const),
      ]),
    ).toEqual(["5 2.255", "2 2.254", "2 2.255", "6 0.0", "5 2.255", "6 0.0", "6 0.0", "5 3.0"]);
  });

  test("an offer does not shorten a lease, and renews an expired one for a minute", () => {
    const dhcp = server({ leaseSeconds: 100, addresses: 1 });
    expect(
      story(dhcp, [
        ...([
          [0, take(1, "10.0.2.254")],
          [10, discover(1)],
          [99, discover(2)],
          [100, discover(1)],
        ] as const),
        ...([
          [159, discover(2)],
          [160, discover(2)],
        ] as const),
      ]),
    ).toEqual(["5 2.254", "2 2.254", "-", "2 2.254", "-", "2 2.254"]);
  });

  test("an address that was declined is nobody's for an hour", () => {
    const dhcp = server({ addresses: 1 });
    expect(
      story(dhcp, [
        ...([
          [0, take(1, "10.0.2.254")],
          [1, { type: DECLINE, client: 2, options: asks("10.0.2.254") }],
        ] as const),
        ...([
          [2, discover(2)],
          [3, { type: DECLINE, client: 1, options: asks("10.0.2.254") }],
        ] as const),
        ...([
          [4, discover(1)],
          [3602, discover(1)],
          [3603, discover(2)],
        ] as const),
      ]),
    ).toEqual(["5 2.254", "-", "-", "-", "-", "-", "2 2.254"]);
  });

  test("each client identifier of a card has an address of its own; that of the card is the card's", () => {
    const dhcp = server({ addresses: 3 });
    const as = (...id: number[]): Question => ({ type: DISCOVER, options: [61, id.length, ...id] });
    const steps = [
      [0, discover(1)],
      [0, as(1, 2, 0, 0, 0, 0xab, 1)],
      [0, as(0, 2, 0, 0, 0, 0xab, 1, 1)],
      [0, as(0, 2, 0, 0, 0, 0xab, 1, 2)],
      [0, as(0, 2, 0, 0, 0, 0xab, 1, 3)],
      [0, as(7)],
    ] as const;
    expect(story(dhcp, steps)).toEqual(["2 2.254", "2 2.254", "2 2.255", "2 3.0", "-", "2 2.254"]);
  });

  test("an address is lent while a client holds it, and not while it is declined or beyond the pool", () => {
    const dhcp = server({ addresses: 1, leaseSeconds: 10 });
    const lent = (address: string, second: number): boolean => dhcp.hasLent(parseIpv4(address), second * 1e9);
    expect(lent("10.0.2.254", 0)).toBe(false);
    story(dhcp, [[0, take(1, "10.0.2.254")]]);
    expect([lent("10.0.2.254", 9), lent("10.0.2.254", 10)]).toEqual([true, false]);
    expect([lent("10.0.2.253", 0), lent("10.0.2.255", 0), lent("10.0.9.9", 0)]).toEqual([false, false, false]);
    story(dhcp, [[1, { type: DECLINE, client: 1, options: asks("10.0.2.254") }]]);
    expect(lent("10.0.2.254", 2)).toBe(false);
  });

  test("an address that was given back is its holder's again, or anybody's", () => {
    const dhcp = server({ addresses: 2 });
    const release = (client: number, current: string): Question => ({ type: RELEASE, client, current });
    expect(
      story(dhcp, [
        ...([
          [0, take(1, "10.0.2.254")],
          [1, release(1, "10.0.2.255")],
          [1, release(2, "10.0.2.254")],
        ] as const),
        ...([
          [2, take(2, "10.0.2.254")],
          [3, release(1, "10.0.2.254")],
          [3, release(1, "10.0.9.9")],
        ] as const),
        ...([
          [4, discover(1)],
          [5, release(1, "10.0.2.254")],
          [5, take(2, "10.0.2.254")],
        ] as const),
      ]),
    ).toEqual(["5 2.254", "-", "-", "6 0.0", "-", "-", "2 2.254", "-", "5 2.254"]);
  });
});

test("a second server's new clients get addresses from another place on, and then those before it", () => {
  const second = server({ addresses: 3 });
  second.firstNew = 1;
  const given = [1, 2, 3, 4].map((client) => {
    const reply = second.handle(question({ type: DISCOVER, client }), 0);
    return reply === null ? null : [...reply.message.subarray(16, 20)].join(".");
  });
  expect(given).toEqual(["10.0.2.255", "10.0.3.0", "10.0.2.254", null]);
});

test("leases survive in a saved state", () => {
  const dhcp = server({ leaseSeconds: 100 });
  story(dhcp, [
    [0, take(1, "10.0.2.254")],
    [7, take(2, "10.0.3.0")],
  ]);
  expect(fieldsOf(dhcp)).toEqual([
    "DHCP server 1",
    ...["bool true", "text 02:00:00:00:ab:01", "integer 100000000000"],
    "bool false",
    ...["bool true", "text 02:00:00:00:ab:02", "integer 107000000000"],
  ]);
  const writer = new StateWriter();
  dhcp.visitState(writer);
  const reader = new StateReader(writer.result());
  const copy = server({ leaseSeconds: 100 });
  // Of what it held before nothing stays.
  story(copy, [[0, take(3, "10.0.2.255")]]);
  copy.visitState(reader);
  reader.end();
  expect(fieldsOf(copy)).toEqual(fieldsOf(dhcp));
  expect(
    story(copy, [
      ...([
        [99, take(4, "10.0.2.254")],
        [99, take(4, "10.0.2.255")],
        [100, take(4, "10.0.2.254")],
      ] as const),
      ...([
        [106, take(4, "10.0.3.0")],
        [107, take(4, "10.0.3.0")],
      ] as const),
    ]),
  ).toEqual(["6 0.0", "5 2.255", "5 2.254", "6 0.0", "5 3.0"]);
});
