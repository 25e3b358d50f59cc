/** What the gateway does not answer, byte by byte: each field that RFC 826, 791, 768, 792 and 2131 fix, wrong once. */
import { describe, expect, test } from "vitest";
import { DhcpServer } from "../../../emulator/ether/dhcp-server.ts";
import { internetChecksum, onesSum } from "../../../emulator/ether/internet-checksum.ts";
import { parseArp, parseIpv4, parseIpv4Packet, parseUdp, put16, sameBytes } from "../../../emulator/ether/packet.ts";
import { Switch } from "../../../emulator/ether/switch.ts";

function server(): DhcpServer {
  return new DhcpServer({
    ...{ server: parseIpv4("10.0.2.2"), subnetMask: parseIpv4("255.255.255.0"), router: parseIpv4("10.0.2.2") },
    ...{ dns: parseIpv4("10.0.2.3"), firstAddress: parseIpv4("10.0.2.15"), addresses: 3, leaseSeconds: 1000 },
    hostNames: new Map(),
  });
}

/** A message of a client with these options after the cookie. */
function message(client: number, options: readonly number[], length = 300): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, client]);
  bytes.set([2, 0, 0, 0, 0, client], 28);
  bytes.set([0x63, 0x82, 0x53, 0x63, ...options], 236);
  return bytes;
}

const DISCOVER = [53, 1, 1, 255];
const request = (last: number, ...more: readonly number[]): number[] => [53, 1, 3, 50, 4, 10, 0, 2, last, ...more, 255];
/** Kind of the answer and the address in it, or what is wrong with it. */
function answer(dhcp: DhcpServer, bytes: Uint8Array, seconds = 0): string {
  const reply = dhcp.handle(bytes, seconds * 1e9)?.message;
  return reply === undefined ? "nothing" : `${reply[242]} ${reply[16]}.${reply[17]}.${reply[18]}.${reply[19]}`;
}

describe("DHCP", () => {
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = message(1, DISCOVER);
    bytes[at] = value;
    return bytes;
  };

  test.each([
    ["a reply", changed(0, 2)],
    ["hardware that is not Ethernet", changed(1, 2)],
    ["an address that has not six bytes", changed(2, 5)],
    ["cookie, byte 0", changed(236, 0)],
    ["cookie, byte 1", changed(237, 0)],
    ["cookie, byte 2", changed(238, 0)],
    ["cookie, byte 3", changed(239, 0)],
    ["no options at all", message(1, DISCOVER).subarray(0, 240)],
    ["shorter than its fixed part", message(1, DISCOVER).subarray(0, 239)],
    ["an option that has no length", Uint8Array.of(...message(1, []).subarray(0, 240), 53, 1, 1, 12)],
    ["an option that goes beyond the end", Uint8Array.of(...message(1, []).subarray(0, 240), 53, 1, 1, 12, 2, 65)],
    ["a type after the end option", message(1, [255, ...DISCOVER])],
    ["a type that does not exist", message(1, [53, 1, 9, 255])],
    ["another server's", message(1, [53, 1, 1, 54, 4, 10, 0, 2, 9, 255])],
  ])("nothing for %s", (_name, bytes) => {
    expect(answer(server(), bytes)).toBe("nothing");
  });

  test("an option that ends with the message is read; padding is skipped", () => {
    expect(answer(server(), Uint8Array.of(...message(1, []).subarray(0, 240), 0, 0, 53, 1, 1))).toBe("2 10.0.2.15");
    expect(answer(server(), Uint8Array.of(...message(1, []).subarray(0, 240), 53, 1, 1, 12, 1, 65))).toBe(
      "2 10.0.2.15",
    );
    expect(answer(server(), message(1, [53, 1, 1, 54, 4, 10, 0, 2, 2, 255]))).toBe("2 10.0.2.15");
  });

  test("which address: one's own, the one that is asked for if it is free, a fresh one, the one expired longest ago", () => {
    const dhcp = server();
    const asks = (client: number, last: number, seconds: number): string =>
      answer(dhcp, message(client, [53, 1, 1, 50, 4, 10, 0, 2, last, 255]), seconds);
    expect(asks(1, 16, 0)).toBe("2 10.0.2.16");
    expect(asks(1, 15, 1)).toBe("2 10.0.2.16");
    expect(asks(2, 16, 1)).toBe("2 10.0.2.15");
    expect(asks(3, 14, 2)).toBe("2 10.0.2.17");
    expect(asks(4, 18, 3)).toBe("nothing");
    expect(asks(4, 18, 60)).toBe("2 10.0.2.16");
    expect(asks(5, 18, 61)).toBe("2 10.0.2.15");
    expect(asks(6, 17, 62)).toBe("2 10.0.2.17");
  });

  test("an offer is for a minute, a lease for its time, and a new offer does not shorten it", () => {
    const dhcp = server();
    expect(answer(dhcp, message(1, request(15)), 0)).toBe("5 10.0.2.15");
    expect(answer(dhcp, message(1, DISCOVER), 500)).toBe("2 10.0.2.15");
    expect(answer(dhcp, message(2, request(15)), 999)).toBe("6 0.0.0.0");
    expect(answer(dhcp, message(2, request(15)), 1000)).toBe("5 10.0.2.15");
    expect(answer(dhcp, message(1, request(14)), 0)).toBe("6 0.0.0.0");
    expect(answer(dhcp, message(1, request(18)), 0)).toBe("6 0.0.0.0");
    expect(answer(dhcp, message(1, request(17)), 0)).toBe("5 10.0.2.17");
  });

  test("only its holder declines or gives back an address", () => {
    const dhcp = server();
    expect(answer(dhcp, message(1, request(15)))).toBe("5 10.0.2.15");
    const released = (client: number): Uint8Array => {
      const bytes = message(client, [53, 1, 7, 255]);
      bytes.set([10, 0, 2, 15], 12);
      return bytes;
    };
    expect(answer(dhcp, released(2), 1)).toBe("nothing");
    expect(answer(dhcp, message(2, request(15)), 2)).toBe("6 0.0.0.0");
    expect(answer(dhcp, released(1), 3)).toBe("nothing");
    expect(answer(dhcp, message(2, request(15)), 3)).toBe("5 10.0.2.15");
    expect(answer(dhcp, message(2, [53, 1, 4, 50, 4, 10, 0, 2, 15, 255]), 4)).toBe("nothing");
    expect(answer(dhcp, message(2, request(15)), 3603)).toBe("6 0.0.0.0");
    expect(answer(dhcp, message(2, request(15)), 3604)).toBe("5 10.0.2.15");
  });
});

describe("packets", () => {
  const ARP = [0, 1, 8, 0, 6, 4, 0, 1, ...new Array<number>(20).fill(7)];
  test.each([0, 1, 2, 3, 4, 5])("ARP: byte %i is fixed", (at) => {
    expect(parseArp(Uint8Array.from(ARP))).not.toBeNull();
    expect(parseArp(Uint8Array.from(ARP).fill(9, at, at + 1))).toBeNull();
  });
  test("ARP: 28 bytes", () => {
    expect(parseArp(Uint8Array.from(ARP).subarray(0, 27))).toBeNull();
    expect(parseArp(Uint8Array.of(...ARP, 0))).not.toBeNull();
  });

  /** A datagram to port 7 with two bytes of data; `change` comes before the header's checksum. */
  function datagram(change: (bytes: Uint8Array) => void = () => {}, options = 0): Uint8Array {
    const header = 20 + options;
    const bytes = new Uint8Array(header + 10);
    bytes.set([0x40 | (header / 4), 0, 0, bytes.length, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2]);
    bytes.set([0, 9, 0, 7, 0, 10, 0, 0, 65, 66], header);
    change(bytes);
    put16(bytes, 10, internetChecksum(bytes, 0, header));
    return bytes;
  }

  test.each<[string, Uint8Array]>([
    ["another version", datagram((bytes) => bytes.fill(0x65, 0, 1))],
    ["a header of 16 bytes", datagram((bytes) => bytes.fill(0x44, 0, 1))],
    ["a length below the header's", datagram((bytes) => bytes.fill(19, 3, 4))],
    ["a length beyond the frame", datagram((bytes) => bytes.fill(31, 3, 4))],
    ["more fragments", datagram((bytes) => bytes.fill(0x20, 6, 7))],
    ["a later fragment", datagram((bytes) => bytes.fill(1, 7, 8))],
    ["19 bytes", datagram().subarray(0, 19)],
    ["a wrong checksum", datagram().fill(63, 8, 9)],
  ])("IPv4: %s", (_name, bytes) => {
    expect(parseIpv4Packet(bytes)).toBeNull();
  });

  test("IPv4: a header of 16 bytes whose checksum is right", () => {
    const bytes = datagram((header) => header.fill(0x44, 0, 1));
    put16(bytes, 10, 0);
    put16(bytes, 10, internetChecksum(bytes, 0, 16));
    expect(parseIpv4Packet(bytes)).toBeNull();
  });

  test("IPv4: with options, with bytes after it, not to be fragmented, empty", () => {
    expect(parseIpv4Packet(datagram(() => {}, 4))!.payload.length).toBe(10);
    expect(parseIpv4Packet(Uint8Array.of(...datagram(), 0, 0, 0))!.payload.length).toBe(10);
    expect(parseIpv4Packet(datagram((bytes) => bytes.fill(0x40, 6, 7)))).not.toBeNull();
    expect(parseIpv4Packet(datagram((bytes) => bytes.fill(20, 3, 4)))!.payload.length).toBe(0);
  });

  test("UDP: length, and a checksum if there is one", () => {
    const parsed = (change: (bytes: Uint8Array) => void): unknown => parseUdp(parseIpv4Packet(datagram(change))!);
    expect(parsed(() => {})).toEqual({ sourcePort: 9, destinationPort: 7, data: Uint8Array.of(65, 66) });
    expect(parsed((bytes) => bytes.fill(7, 25, 26))).toBeNull();
    expect(parsed((bytes) => bytes.fill(11, 25, 26))).toBeNull();
    expect(parsed((bytes) => bytes.fill(8, 25, 26))).toEqual({
      sourcePort: 9,
      destinationPort: 7,
      data: new Uint8Array(0),
    });
    expect(parsed((bytes) => bytes.fill(27, 3, 4))).toBeNull();
    // Pseudo header, header and data: the sum of all words is FFFFh.
    const sum = onesSum(Uint8Array.of(10, 0, 2, 15, 10, 0, 2, 2, 0, 17, 0, 10, 0, 9, 0, 7, 0, 10, 65, 66), 0, 20);
    expect(parsed((bytes) => put16(bytes, 26, ~sum & 0xffff))).not.toBeNull();
    expect(parsed((bytes) => put16(bytes, 26, (~sum + 1) & 0xffff))).toBeNull();
  });

  test("checksums of odd lengths, and with carries", () => {
    expect(onesSum(Uint8Array.of(1, 2, 3), 0, 3)).toBe(0x0402);
    expect(onesSum(Uint8Array.of(1, 2, 3, 9), 0, 3)).toBe(0x0402);
    expect(onesSum(Uint8Array.of(0xff, 0xff, 0, 2), 0, 4)).toBe(2);
    expect(onesSum(Uint8Array.of(9, 1, 2, 9), 1, 3)).toBe(0x0102);
    expect(internetChecksum(Uint8Array.of(1, 2), 0, 2)).toBe(0xfefd);
  });

  test.each(["10.0.2", "10.0.2.256", "10.0.2.-1", "10.0.2.1.5", "10.0.2.x", "10.0.2.1.", "1.5.2.2.2"])(
    "%s is no address",
    (text) => {
      expect(() => parseIpv4(text)).toThrow(RangeError);
    },
  );
  test("an address is four bytes", () => {
    expect(sameBytes(parseIpv4("0.255.1.2"), Uint8Array.of(0, 255, 1, 2))).toBe(true);
    expect(sameBytes(parseIpv4("0.255.1.2"), Uint8Array.of(0, 255, 1))).toBe(false);
  });
});

describe("switch", () => {
  const LINK_LOCAL = [0x01, 0x80, 0xc2, 0, 0, 0x0f];
  function ports(destination: readonly number[], length = 60): number[] {
    const hub = new Switch();
    for (let port = 0; port < 3; port++) hub.addPort();
    const frame = new Uint8Array(length);
    frame.set(destination);
    const sent: number[] = [];
    hub.receive(0, 0, frame, (port) => void sent.push(port));
    return sent;
  }
  test("addresses of a link stay on it; each of their bytes counts", () => {
    expect(ports(LINK_LOCAL)).toEqual([]);
    for (let at = 0; at < 6; at++)
      expect(ports(LINK_LOCAL.map((byte, index) => (index === at ? byte + 0x20 : byte)))).toEqual([1, 2]);
    expect(ports([0x01, 0x80, 0xc2, 0, 0, 0x10])).toEqual([1, 2]);
    expect(ports([2, 0, 0, 0, 0, 1], 14)).toEqual([1, 2]);
    expect(ports([2, 0, 0, 0, 0, 1], 13)).toEqual([]);
  });
});
