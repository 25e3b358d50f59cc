/** Whole frames that the gateway answers with, and those that it does not answer. */
import { describe, expect, test } from "vitest";
import { Gateway, type GatewayConfig } from "../../../emulator/ether/gateway.ts";
import { internetChecksum } from "../../../emulator/ether/internet-checksum.ts";
import { ipv4Bytes, parseIpv4, put16, udpBytes } from "../../../emulator/ether/packet.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { fieldsOf } from "./fields.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const GATEWAY = "52550a000202";
const EVERYONE = "ffffffffffff";
const ME = "0200000000aa";
/** What a frame gets in the address of its sender is where the answer goes, whatever ARP or DHCP say. */
const MY_ARP_ADDRESS = "0200000000bb";
const [ROUTER, NAME_SERVER, MINE] = ["0a000202", "0a000203", "0a00020f"];

/** What comes back, with the port where it does. */
function ask(gateway: Gateway, frame: Uint8Array, port = 0): string[] {
  const replies: string[] = [];
  gateway.receive(port, 0, frame, (to, reply) => void replies.push(`${to} ${hexOf(reply)}`));
  return replies;
}

const arp = (target: string, operation = "0001", to = EVERYONE, type = "0806"): Uint8Array =>
  bytesOf(`${to} ${ME} ${type} 0001 0800 06 04 ${operation} ${MY_ARP_ADDRESS} ${MINE} 000000000000 ${target}`);

describe("ARP", () => {
  test.each([
    ["the router", ROUTER],
    ["the name server", NAME_SERVER],
  ])("an answer for %s: the whole frame, out of the port of the question", (_name, address) => {
    const reply = `${ME} ${GATEWAY} 0806 0001 0800 06 04 0002 ${GATEWAY} ${address} ${MY_ARP_ADDRESS} ${MINE}`;
    expect(ask(new Gateway(), arp(address), 3)).toEqual([`3 ${reply.replaceAll(" ", "")}${"00".repeat(18)}`]);
    expect(ask(new Gateway(), arp(address, "0001", GATEWAY)).length).toBe(1);
  });

  test.each<[string, Uint8Array]>([
    ["a reply", arp(ROUTER, "0002")],
    ["another address", arp("0a000204")],
    ["a frame for someone else", arp(ROUTER, "0001", "52550a000203")],
    ["another protocol", arp(ROUTER, "0001", EVERYONE, "86dd")],
    ["27 bytes", arp(ROUTER).subarray(0, 41)],
    ["no payload", arp(ROUTER).subarray(0, 14)],
    ["half a header", arp(ROUTER).subarray(0, 13)],
    ["an address and nothing else", arp(ROUTER).subarray(0, 6)],
    ["nothing", new Uint8Array(0)],
  ])("no answer to %s", (_name, frame) => {
    expect(ask(new Gateway(), frame)).toEqual([]);
  });
});

function ipv4(destination: string, protocol: number, payload: Uint8Array, to = GATEWAY): Uint8Array {
  const packet = { source: bytesOf(MINE), destination: bytesOf(destination), protocol, payload };
  return Uint8Array.of(...bytesOf(`${to} ${ME} 0800`), ...ipv4Bytes(packet, 0x4321));
}

function echo(body: string, type = 8, code = 0): Uint8Array {
  const bytes = Uint8Array.of(type, code, 0, 0, ...bytesOf(body));
  put16(bytes, 2, internetChecksum(bytes, 0, bytes.length));
  return bytes;
}

describe("ping", () => {
  const BODY = "12340001010203";
  test("the whole answer, numbered", () => {
    const gateway = new Gateway();
    // Version, length, identification, time to live, protocol, checksum, addresses; type 0, checksum, body; padding.
    const expected = (identification: string, checksum: string): string =>
      [
        `0 ${ME}${GATEWAY}0800`,
        `4500001f${identification}00004001${checksum}0a0002030a00020f`,
        `0000e9c8${BODY}${"00".repeat(15)}`,
      ].join("");
    const request = ipv4(NAME_SERVER, 1, echo(BODY));
    expect(ask(gateway, request)).toEqual([expected("0001", "62cc")]);
    expect(ask(gateway, request)).toEqual([expected("0002", "62cb")]);
    expect(fieldsOf(gateway).slice(0, 3)).toEqual(["gateway 1", "bool true", "u16 2"]);
  });

  test("nothing but a header is enough", () => {
    expect(ask(new Gateway(), ipv4(ROUTER, 1, echo("00000000"))).length).toBe(1);
    expect(ask(new Gateway(), ipv4(ROUTER, 1, echo("00000000"), EVERYONE)).length).toBe(1);
  });

  test("identifications go around", () => {
    const gateway = new Gateway();
    const writer = new StateWriter();
    gateway.visitState(writer);
    class LastIdentification extends StateReader {
      override u16(): number {
        return super.u16() + 0xffff;
      }
    }
    gateway.visitState(new LastIdentification(writer.result()));
    expect(fieldsOf(gateway)[2]).toBe("u16 65535");
    ask(gateway, ipv4(ROUTER, 1, echo("00000000")));
    expect(fieldsOf(gateway)[2]).toBe("u16 0");
  });

  const wrong = echo("00000000");
  wrong[3]! ^= 1;
  test.each<[string, Uint8Array]>([
    ["seven bytes", ipv4(ROUTER, 1, echo("000000"))],
    ["an answer", ipv4(ROUTER, 1, echo("00000000", 0))],
    ["another type", ipv4(ROUTER, 1, echo("00000000", 13))],
    ["a wrong checksum", ipv4(ROUTER, 1, wrong)],
    ["someone else's address", ipv4("0a000204", 1, echo("00000000"))],
    ["everyone's address", ipv4("ffffffff", 1, echo("00000000"), EVERYONE)],
    ["another protocol", ipv4(ROUTER, 6, echo("00000000"))],
    ["IPv4 under another type", ipv4(ROUTER, 1, echo("00000000")).fill(0x86, 12, 13)],
    ["a cut header", ipv4(ROUTER, 1, echo("00000000")).subarray(0, 33)],
  ])("no answer to %s", (_name, frame) => {
    expect(ask(new Gateway(), frame)).toEqual([]);
  });
});

describe("DHCP over UDP", () => {
  function discover(type = 1, request = ""): Uint8Array {
    const data = new Uint8Array(300);
    data.set(bytesOf("01010600 11223344 0000 0000"));
    data.set(bytesOf(MY_ARP_ADDRESS), 28);
    data.set(bytesOf(`63825363 3501 0${type} ${request} ff`), 236);
    return data;
  }
  const asks = (address: string): Uint8Array => discover(3, `3204 ${hexOf(parseIpv4(address))}`);

  const datagramOf = (destination: string, data: Uint8Array, destinationPort: number): Uint8Array =>
    udpBytes(bytesOf(MINE), bytesOf(destination), { sourcePort: 68, destinationPort, data });

  function udp(destination: string, data: Uint8Array, destinationPort = 67): Uint8Array {
    return ipv4(destination, 17, datagramOf(destination, data, destinationPort), EVERYONE);
  }

  /** Ethernet's addresses, IP's addresses and UDP's header of the answer, then your address; "" when there is none. */
  function summary(gateway: Gateway, frame: Uint8Array): string {
    const reply = ask(gateway, frame)[0]?.slice(2) ?? "";
    const part = (from: number, to: number): string => reply.slice(from * 2, to * 2);
    return [part(0, 6), part(6, 14), part(23, 24), part(26, 34), part(34, 38), part(58, 62)].join(" ").trim();
  }

  const OFFER = `${MY_ARP_ADDRESS} ${GATEWAY}0800 11 ${ROUTER}0a00020f 00430044 0a00020f`;

  test.each([
    ["everyone", "ffffffff"],
    ["the network", "0a0002ff"],
    ["the router", ROUTER],
    ["the name server", NAME_SERVER],
  ])("a message to %s is answered by the router, to the address that it gives", (_name, destination) => {
    expect(summary(new Gateway(), udp(destination, discover()))).toBe(OFFER);
  });

  test("a broadcast goes to everyone", () => {
    const data = discover();
    data[10] = 0x80;
    const expected = `${EVERYONE} ${GATEWAY}0800 11 ${ROUTER}ffffffff 00430044 0a00020f`;
    expect(summary(new Gateway(), udp("ffffffff", data))).toBe(expected);
  });

  test("a relay is answered at its own port and address, by the machine that asked", () => {
    const data = discover();
    data.set(bytesOf("0a000210"), 24);
    data.fill(0x66, 28, 34);
    const expected = `${ME} ${GATEWAY}0800 11 ${ROUTER}0a000210 00430043 0a00020f`;
    expect(summary(new Gateway(), udp("ffffffff", data))).toBe(expected);
  });

  const cut = udp("ffffffff", discover());
  put16(cut, 38, 7); // UDP's length.
  test.each<[string, Uint8Array]>([
    ["another network", udp("0a00ffff", discover())],
    ["another host", udp("0a000204", discover())],
    ["another protocol", ipv4("ffffffff", 6, datagramOf("ffffffff", discover(), 67), EVERYONE)],
    ["another port", udp("ffffffff", discover(), 68)],
    ["a datagram shorter than its header", cut],
    ["a message that is none", udp("ffffffff", new Uint8Array(300))],
  ])("no answer to %s", (_name, frame) => {
    expect(summary(new Gateway(), frame)).toBe("");
  });

  /** Kind of the answer, its address and mask, and the time of the lease. */
  function lease(config: GatewayConfig, address: string): string {
    const reply = bytesOf(ask(new Gateway(config), udp("ffffffff", asks(address)))[0]!.slice(2));
    const data = reply.subarray(42);
    if (data[242] === 6) return "refused";
    return `${data.subarray(16, 20).join(".")} ${data.subarray(251, 255).join(".")} ${hexOf(data.subarray(267, 273))}`;
  }

  test.each<[string, GatewayConfig, string, string]>([
    ["the first address, a day", {}, "10.0.2.15", "10.0.2.15 255.255.255.0 330400015180"],
    ["the last one", { machines: 240 }, "10.0.2.254", "10.0.2.254 255.255.255.0 330400015180"],
    ["not the broadcast address", { machines: 240 }, "10.0.2.255", "refused"],
    ["another time", { leaseSeconds: 600 }, "10.0.2.15", "10.0.2.15 255.255.255.0 330400000258"],
    ["a large network", { machines: 241 }, "10.0.2.15", "10.0.2.15 255.255.0.0 330400015180"],
    ["its last address", { machines: 4000 }, "10.0.18.14", "10.0.18.14 255.255.0.0 330400015180"],
    ["no further", { machines: 4000 }, "10.0.18.15", "refused"],
  ])("%s", (_name, config, address, expected) => {
    expect(lease(config, address)).toBe(expected);
  });

  test("a large network has another broadcast address", () => {
    expect(summary(new Gateway({ machines: 241 }), udp("0a00ffff", discover()))).toBe(OFFER);
    expect(summary(new Gateway({ machines: 241 }), udp("0a0002ff", discover()))).toBe("");
  });

  test("a host's name belongs to its address", () => {
    const name = (hostNames: [string, string][]): boolean =>
      ask(new Gateway({ hostNames: new Map(hostNames) }), udp("ffffffff", discover()))[0]!.includes("0c046e6f6465");
    expect(name([["02:00:00:00:00:bb", "node"]])).toBe(true);
    expect(name([["02:00:00:00:00:aa", "node"]])).toBe(false);
    expect(name([])).toBe(false);
  });
});

test("ports are counted; a gateway that is switched off hears nothing, and that is saved", () => {
  const gateway = new Gateway();
  expect([gateway.name, gateway.addPort(), gateway.addPort(), gateway.addPort()]).toEqual(["gateway", 0, 1, 2]);
  gateway.enabled = false;
  expect(ask(gateway, arp(ROUTER))).toEqual([]);
  expect(fieldsOf(gateway).slice(0, 4)).toEqual(["gateway 1", "bool false", "u16 0", "DHCP server 1"]);
  expect(fieldsOf(gateway).length).toBe(4 + 240);
});
