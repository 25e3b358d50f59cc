/** NAT-PMP (RFC 6886) and PCP (RFC 6887) as requests and answers, and what gateways say that is not so. */
import { describe, expect, test } from "vitest";
import type { PortMappingConfig } from "../../../emulator/ether/wide/port-mapping.ts";
import { addressNumber } from "../../../emulator/ether/wide/wide-net.ts";
import { SECOND_NS, type Site, type Station, World } from "./wide-world.ts";

const PUBLIC = "198.51.100.7";
const ROUTER = "192.168.1.1:5351";
const CLIENT = [192, 168, 1, 100];
const WAIT_NS = 100e6;
const be16 = (value: number): number[] => [value >> 8, value & 0xff];
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value & 0xffff)];

/** RFC 6886, 3.3: UDP is 1, TCP 2. */
const pmpMap = (opcode: number, inside: number, outside: number, seconds: number): Uint8Array =>
  Uint8Array.of(0, opcode, 0, 0, ...be16(inside), ...be16(outside), ...be32(seconds));
const PMP_ADDRESS = Uint8Array.of(0, 0);

interface PcpWish {
  readonly seconds: number;
  readonly inside: number;
  readonly outside?: number;
  readonly nonce?: number;
  readonly client?: readonly number[];
  readonly protocol?: number;
  readonly version?: number;
  readonly opcode?: number;
}

/** RFC 6887, 7.1 and 11.1. */
const pcpMap = (wish: PcpWish): Uint8Array =>
  Uint8Array.of(
    ...[wish.version ?? 2, wish.opcode ?? 1, 0, 0, ...be32(wish.seconds)],
    ...[...new Array<number>(10).fill(0), 0xff, 0xff, ...(wish.client ?? CLIENT)],
    ...new Array<number>(12).fill(wish.nonce ?? 7),
    ...[wish.protocol ?? 17, 0, 0, 0, ...be16(wish.inside), ...be16(wish.outside ?? 0)],
    ...[...new Array<number>(10).fill(0), 0xff, 0xff, 0, 0, 0, 0],
  );

interface Asked {
  readonly world: World;
  readonly site: Site;
  readonly station: Station;
  /** The answer, and the port that it came from. */
  ask(message: Uint8Array): { readonly bytes: number[]; readonly from: string } | null;
  /** Whether host 1 gets through to the station by a port. */
  reaches(port: number): boolean;
}

function asking(config: Partial<PortMappingConfig> = {}): Asked {
  const world = new World();
  const site = world.site("port-restricted", PUBLIC, { portMapping: { natPmp: true, pcp: true, ...config } });
  const station = site.station("192.168.1.100");
  return {
    world,
    site,
    station,
    ask(message) {
      station.heard.length = 0;
      station.say(40000, ROUTER, message);
      world.pass(WAIT_NS);
      const [answer] = station.heard;
      return answer ? { bytes: [...answer.text].map((letter) => letter.charCodeAt(0)), from: answer.from } : null;
    },
    reaches(port) {
      station.heard.length = 0;
      world.hosts[0]!.say(7000, `${PUBLIC}:${port}`, "call");
      world.pass(WAIT_NS);
      return station.heard.length === 1;
    },
  };
}

describe("NAT-PMP", () => {
  test("says the public address and for how long it has known its mappings", () => {
    const { ask, world } = asking();
    world.pass(5 * SECOND_NS);
    expect(ask(PMP_ADDRESS)!.bytes).toEqual([0, 128, 0, 0, ...be32(5), 198, 51, 100, 7]);
  });

  test("gives a port, gives another where that is taken, and takes it back", () => {
    const { ask, reaches, site, world } = asking();
    expect(reaches(8000)).toBe(false);
    expect(ask(pmpMap(1, 20818, 8000, 3600))!.bytes.slice(8)).toEqual([...be16(20818), ...be16(8000), ...be32(3600)]);
    expect(reaches(8000)).toBe(true);
    const other = site.station("192.168.1.101");
    other.say(40000, ROUTER, pmpMap(1, 20818, 8000, 3600));
    world.pass(WAIT_NS);
    expect(other.heard[0]!.text.slice(10, 12)).toBe("\x1f\x41");
    expect(ask(pmpMap(1, 20818, 8000, 0))!.bytes.slice(2, 4)).toEqual([0, 0]);
    expect(reaches(8000)).toBe(false);
    expect(reaches(8001)).toBe(false);
  });

  test("a mapping ends with its time, unless it is asked for again", () => {
    const { ask, reaches, world } = asking();
    ask(pmpMap(1, 20818, 8000, 100));
    world.pass(60 * SECOND_NS);
    ask(pmpMap(1, 20818, 8000, 100));
    world.pass(60 * SECOND_NS);
    expect(reaches(8000)).toBe(true);
    world.pass(60 * SECOND_NS);
    expect(reaches(8000)).toBe(false);
  });

  test.each([
    ["another version", Uint8Array.of(9, 0), [0, 128, 0, 1]],
    ["another operation", Uint8Array.of(0, 9), [0, 137, 0, 5]],
  ])("refuses %s", (_what, message, beginning) => {
    expect(asking({ pcp: false }).ask(message)!.bytes.slice(0, 4)).toEqual(beginning);
  });

  test("says nothing to an answer, or to a piece of a request", () => {
    const { ask } = asking();
    expect(ask(Uint8Array.of(0, 128, 0, 0))).toBeNull();
    expect(ask(Uint8Array.of(0, 1, 0, 0))).toBeNull();
  });
});

describe("PCP", () => {
  test("gives a port with its address, and takes it back from whoever has the nonce", () => {
    const { ask, reaches } = asking();
    const { bytes } = ask(pcpMap({ seconds: 3600, inside: 20818, outside: 8000 }))!;
    expect(bytes.slice(0, 8)).toEqual([2, 0x81, 0, 0, ...be32(3600)]);
    expect(bytes.slice(40)).toEqual([
      ...be16(20818),
      ...be16(8000),
      ...new Array(10).fill(0),
      255,
      255,
      198,
      51,
      100,
      7,
    ]);
    expect(reaches(8000)).toBe(true);
    expect(ask(pcpMap({ seconds: 0, inside: 20818, nonce: 8 }))!.bytes[3]).toBe(2);
    expect(reaches(8000)).toBe(true);
    expect(ask(pcpMap({ seconds: 0, inside: 20818 }))!.bytes[3]).toBe(0);
    expect(reaches(8000)).toBe(false);
  });

  test.each([
    ["a client that says it is another", { client: [192, 168, 1, 101] }, 12],
    ["a protocol without ports", { protocol: 47 }, 9],
    ["an operation that is not there", { opcode: 9 }, 4],
    ["no port", { inside: 0 }, 3],
  ])("refuses %s", (_what, wish, result) => {
    const { ask, site } = asking();
    expect(ask(pcpMap({ seconds: 60, inside: 20818, ...wish }))!.bytes[3]).toBe(result);
    expect(site.router.translation.forwards).toEqual([]);
  });

  test("is refused in NAT-PMP's words by a gateway that has only that", () => {
    expect(
      asking({ pcp: false })
        .ask(pcpMap({ seconds: 60, inside: 1 }))!
        .bytes.slice(0, 4),
    ).toEqual([0, 129, 0, 1]);
  });
});

describe("a gateway that lies", () => {
  test("grants and lists what is dead", () => {
    const { ask, reaches, site } = asking({ lies: { deadMappings: true } });
    expect(ask(pmpMap(1, 20818, 8000, 3600))!.bytes[3]).toBe(0);
    expect(site.router.portMapping!.granted).toHaveLength(1);
    expect(reaches(8000)).toBe(false);
  });

  test("forgets every ten minutes; to ask again does not help, to delete and ask does", () => {
    const { ask, reaches, world } = asking({ lies: { forgetsEveryNs: 600 * SECOND_NS } });
    ask(pmpMap(1, 20818, 8000, 7200));
    expect(reaches(8000)).toBe(true);
    world.pass(600 * SECOND_NS);
    ask(pmpMap(1, 20818, 8000, 7200));
    expect(reaches(8000)).toBe(false);
    ask(pmpMap(1, 20818, 8000, 0));
    ask(pmpMap(1, 20818, 8000, 7200));
    expect(reaches(8000)).toBe(true);
  });

  test("answers from another port", () => {
    expect(asking({ lies: { answersFromPort: 40001 } }).ask(PMP_ADDRESS)!.from).toBe("192.168.1.1:40001");
  });

  test("names another public address", () => {
    const { ask } = asking({ lies: { publicAddress: addressNumber("10.1.2.3") } });
    expect(ask(PMP_ADDRESS)!.bytes.slice(8)).toEqual([10, 1, 2, 3]);
  });

  test("loses all with its power, and its clock begins again", () => {
    const { ask, reaches, site, world } = asking();
    ask(pmpMap(1, 20818, 8000, 7200));
    world.pass(50 * SECOND_NS);
    site.router.reboot(world.network.nowNs);
    world.pass(3 * SECOND_NS);
    expect(reaches(8000)).toBe(false);
    expect(ask(PMP_ADDRESS)!.bytes.slice(4, 8)).toEqual(be32(3));
  });
});
