/**
 * Datagrams and pings by way of the host: what a guest sends comes out of it, and what comes back reaches the guest.
 */
import { expect, test } from "vitest";
import { Gateway } from "../../../emulator/ether/gateway.ts";
import type { DatagramHandler, HostNetwork } from "../../../emulator/ether/nat/host-network.ts";
import type { Nat } from "../../../emulator/ether/nat/nat.ts";
import {
  ETHERTYPE_IPV4,
  ethernetFrame,
  type Ipv4Packet,
  ipv4Bytes,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  udpBytes,
} from "../../../emulator/ether/packet.ts";

const [GUEST, HOST, FAR] = ["10.0.2.15", "10.0.2.2", "192.0.2.7"].map(parseIpv4) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const GUEST_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);
const GATEWAY_MAC = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);

/** A gateway with a way out, the host's networks as a list of what went there, and a guest that hears. */
class Scene {
  nowNs = 1e9;
  readonly gateway = new Gateway();
  readonly heard: Ipv4Packet[] = [];
  /** What the host was asked to send: "address:port text", or "ping address bytes". */
  readonly outside: string[] = [];
  readonly handlers: DatagramHandler[] = [];
  isAnswered = true;
  readonly nat: Nat;

  constructor() {
    const { outside, handlers } = this;
    const now = (): number => this.nowNs;
    const host: HostNetwork = {
      nameServer: null,
      connect: () => {
        throw new Error("no connection was asked for");
      },
      datagrams: (handler) => {
        handlers.push(handler);
        const name = `socket ${handlers.length}`;
        return {
          send: (bytes, address, port) => void outside.push(`${name}: ${address.join(".")}:${port} ${bytes}`),
          close: () => void outside.push(`${name} closed`),
        };
      },
      ping: (address, dataBytes) => {
        outside.push(`ping ${address.join(".")} ${dataBytes}`);
        return Promise.resolve(this.isAnswered);
      },
    };
    this.nat = this.gateway.openNat(host, {
      get nowNs() {
        return now();
      },
      send: (frame) => this.#hear(frame),
    });
  }

  #hear(frame: Uint8Array): void {
    const packet = parseIpv4Packet(frame.subarray(14));
    if (packet !== null) this.heard.push(packet);
  }

  send(protocol: number, destination: Uint8Array, payload: Uint8Array): void {
    const packet = ipv4Bytes({ source: GUEST, destination, protocol, payload }, 1);
    const frame = ethernetFrame(GATEWAY_MAC, GUEST_MAC, ETHERTYPE_IPV4, packet);
    this.gateway.receive(0, this.nowNs, frame, (_port, reply) => this.#hear(reply));
  }

  datagram(destination: Uint8Array, destinationPort: number, ...data: number[]): void {
    const datagram = { sourcePort: 4000, destinationPort, data: Uint8Array.from(data) };
    this.send(PROTOCOL_UDP, destination, udpBytes(GUEST, destination, datagram));
  }

  /** What the guest has heard since it was asked last: from where, to which port, what. */
  taken(): string[] {
    return this.heard.splice(0).map((packet) => {
      const { sourcePort, destinationPort, data } = parseUdp(packet)!;
      return `${packet.source.join(".")}:${sourcePort} > ${packet.destination.join(".")}:${destinationPort} ${data}`;
    });
  }
}

test("a datagram leaves by a socket of the host, and answers of those who were written to reach the guest's port", () => {
  const scene = new Scene();
  scene.datagram(FAR, 53, 1, 2, 3);
  scene.datagram(HOST, 7, 4);
  expect(scene.outside).toEqual(["socket 1: 192.0.2.7:53 1,2,3", "socket 1: 127.0.0.1:7 4"]);
  const [answer] = scene.handlers as [DatagramHandler];
  answer(Uint8Array.of(9, 8), FAR, 53);
  answer(Uint8Array.of(7), Uint8Array.of(127, 0, 0, 1), 7);
  expect(scene.taken()).toEqual(["192.0.2.7:53 > 10.0.2.15:4000 9,8", "10.0.2.2:7 > 10.0.2.15:4000 7"]);
  answer(Uint8Array.of(6), FAR, 54);
  answer(Uint8Array.of(6), Uint8Array.of(192, 0, 2, 8), 53);
  expect(scene.taken()).toEqual([]);
  expect(scene.nat.counters).toMatchObject({ flows: 1, refused: 0, dropped: 0 });
});

test("what fits no frame is refused; a frame's worth is not", () => {
  const scene = new Scene();
  scene.datagram(FAR, 53);
  scene.handlers[0]!(new Uint8Array(1473), FAR, 53);
  expect([scene.taken().length, scene.nat.counters.refused]).toEqual([0, 1]);
  scene.handlers[0]!(new Uint8Array(1472), FAR, 53);
  expect([scene.taken().length, scene.nat.counters.refused]).toEqual([1, 1]);
});

test("a flow that nobody uses for two minutes is closed", () => {
  const scene = new Scene();
  scene.datagram(FAR, 53, 1);
  scene.nowNs += 119e9;
  scene.handlers[0]!(Uint8Array.of(9), FAR, 53);
  scene.nowNs += 119e9;
  scene.nat.tick();
  expect(scene.outside).toEqual(["socket 1: 192.0.2.7:53 1"]);
  scene.nowNs += 1e9;
  scene.nat.tick();
  expect(scene.outside.slice(1)).toEqual(["socket 1 closed"]);
  expect(scene.nat.counters.flows).toBe(0);
  scene.handlers[0]!(Uint8Array.of(9), FAR, 53);
  expect(scene.taken()).toHaveLength(1);
});

test("a datagram for a forwarded port comes from a port of the router's, whose answers go back to where it came from", () => {
  const scene = new Scene();
  scene.gateway.nat!.heard(GUEST, GUEST_MAC);
  const [answers, others]: [string[], string[]] = [[], []];
  const forward = (port: number, list: string[], ...data: number[]): void =>
    scene.nat.forwardDatagram(
      () => GUEST,
      69,
      { address: FAR, port },
      Uint8Array.from(data),
      (bytes) => void list.push(String(bytes)),
    );
  forward(1000, answers, 1);
  forward(2000, others, 2);
  forward(1000, answers, 3);
  const heard = scene.taken();
  const [first, second] = [0, 1].map((at) => Number(heard[at]!.split(/[: ]/)[1])) as [number, number];
  expect(heard).toEqual([
    `10.0.2.2:${first} > 10.0.2.15:69 1`,
    `10.0.2.2:${second} > 10.0.2.15:69 2`,
    `10.0.2.2:${first} > 10.0.2.15:69 3`,
  ]);
  expect(first).not.toBe(second);
  scene.datagram(HOST, second, 5);
  scene.datagram(HOST, first, 6);
  expect([answers, others]).toEqual([["6"], ["5"]]);
});

test.each([true, false])("a ping goes out by the host and is answered only when it was: %s", async (isAnswered) => {
  const scene = new Scene();
  scene.isAnswered = isAnswered;
  // Type 8, code 0, checksum, identifier, number, five bytes of data.
  const request = Uint8Array.of(8, 0, 0xdc, 0xc4, 0x12, 0x34, 0, 1, 1, 2, 3, 4, 5);
  scene.send(PROTOCOL_ICMP, FAR, request);
  expect(scene.outside).toEqual(["ping 192.0.2.7 5"]);
  expect([scene.heard.length, scene.nat.counters.pings]).toEqual([0, 1]);
  await Promise.resolve();
  expect(scene.nat.counters.pings).toBe(0);
  expect(scene.heard.map(({ source, payload }) => [source.join("."), payload[0], ...payload.subarray(4)])).toEqual(
    isAnswered ? [["192.0.2.7", 0, 0x12, 0x34, 0, 1, 1, 2, 3, 4, 5]] : [],
  );
});

test.each([
  ["its checksum", [0x41, 0x42, 0x43], 0x511c],
  ["FFFFh for a checksum of 0", [0xd5, 0x60], 0xffff],
])("a datagram has %s (RFC 768)", (_name, data, checksum) => {
  const bytes = udpBytes(HOST, GUEST, { sourcePort: 53, destinationPort: 0x1234, data: Uint8Array.from(data) });
  expect([...bytes]).toEqual([0, 53, 0x12, 0x34, 0, 8 + data.length, checksum >> 8, checksum & 0xff, ...data]);
});
