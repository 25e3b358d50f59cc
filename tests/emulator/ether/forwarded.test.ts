/** Connections that the host forwards to a guest: the guest is asked for, called, and refused, as a machine would. */
import { expect, test } from "vitest";
import { Gateway } from "../../../emulator/ether/gateway.ts";
import type { HostStream } from "../../../emulator/ether/nat/host-network.ts";
import { ACK, PROTOCOL_TCP, parseSegment, RST, SYN, segmentBytes } from "../../../emulator/ether/nat/segment.ts";
import {
  arpBytes,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  udpBytes,
} from "../../../emulator/ether/packet.ts";
import { ipv4Payload, isHeaderRight, isPayloadRight } from "../../../emulator/ether/transport-checksum.ts";

const [GUEST, HOST] = ["10.0.2.15", "10.0.2.2"].map(parseIpv4) as [Uint8Array, Uint8Array];
const GUEST_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);

class Program implements HostStream {
  readonly pendingBytes = 0;
  readonly said: string[] = [];
  write(bytes: Uint8Array): void {
    this.said.push(`write ${bytes}`);
  }
  end(): void {
    this.said.push("end");
  }
  reset(): void {
    this.said.push("reset");
  }
  pause(): void {}
  resume(): void {}
}

/** A gateway with a way out, and what the guest's cable carries, as text. */
class Scene {
  readonly gateway = new Gateway();
  readonly heard: string[] = [];
  readonly nat = this.gateway.openNat(
    {
      nameServer: null,
      connect: () => {
        throw new Error("nobody was to be called");
      },
      datagrams: () => {
        throw new Error("no socket was asked for");
      },
      ping: () => Promise.resolve(false),
    },
    { nowNs: 0, send: (frame) => this.#hear(frame) },
  );

  #hear(frame: Uint8Array): void {
    if (get16(frame, 12) === ETHERTYPE_ARP) {
      this.heard.push(`who has ${parseArp(frame.subarray(14))!.targetIp.join(".")}`);
      return;
    }
    const segment = parseSegment(parseIpv4Packet(frame.subarray(14))!)!;
    const { sourcePort, destinationPort, flags, acknowledgment } = segment;
    this.heard.push(`${flags} from ${sourcePort} to ${destinationPort} ack ${acknowledgment}`);
  }

  #send(type: number, payload: Uint8Array): void {
    const frame = ethernetFrame(Uint8Array.of(0x52, 0x55, 10, 0, 2, 2), GUEST_MAC, type, payload);
    this.gateway.receive(0, 0, frame, (_port, answer) => this.#hear(answer));
  }

  /** The guest says who it is. */
  announce(): void {
    const [senderMac, senderIp] = [GUEST_MAC, GUEST];
    this.#send(ETHERTYPE_ARP, arpBytes({ operation: 2, senderMac, senderIp, targetMac: GUEST_MAC, targetIp: HOST }));
  }

  segment(destinationPort: number, flags: number, sequence: number, acknowledgment: number): void {
    const segment = { sourcePort: 80, destinationPort, flags, sequence, acknowledgment, window: 1000 };
    const payload = segmentBytes(GUEST, HOST, { ...segment, mss: null, shift: null, data: new Uint8Array(0) });
    this.#send(ETHERTYPE_IPV4, ipv4Bytes({ source: GUEST, destination: HOST, protocol: PROTOCOL_TCP, payload }, 1));
  }

  datagram(destinationPort: number): void {
    const payload = udpBytes(GUEST, HOST, { sourcePort: 9, destinationPort, data: Uint8Array.of(1) });
    this.#send(ETHERTYPE_IPV4, ipv4Bytes({ source: GUEST, destination: HOST, protocol: PROTOCOL_UDP, payload }, 1));
  }
}

test("a connection from outside waits until the guest is known, and calls it from a port of the router's", () => {
  const scene = new Scene();
  const program = new Program();
  const events = scene.nat.forwardStream(() => GUEST, 80, program);
  expect(events).not.toBeNull();
  expect(scene.heard.splice(0)).toEqual(["who has 10.0.2.15"]);
  scene.announce();
  expect(scene.heard.splice(0)).toEqual([`${SYN} from 49153 to 80 ack 0`]);
  expect(scene.nat.forwardStream(() => GUEST, 80, new Program())).not.toBeNull();
  expect(scene.heard.splice(0)).toEqual([`${SYN} from 49154 to 80 ack 0`]);
  expect(scene.nat.counters.streams).toBe(2);
  scene.segment(49153, RST | ACK, 0, 64_001);
  expect(program.said).toEqual(["reset"]);
  expect(scene.heard).toEqual([]);
});

test("a guest without an address cannot be reached, and what belongs to no connection is refused", () => {
  const scene = new Scene();
  scene.announce();
  expect(scene.nat.forwardStream(() => null, 80, new Program())).toBeNull();
  scene.segment(49153, ACK, 5, 77);
  scene.segment(49153, RST, 5, 77);
  expect(scene.heard.splice(0)).toEqual([`${RST} from 49153 to 80 ack 0`]);
  scene.datagram(0);
  expect(scene.nat.counters).toMatchObject({ streams: 0, dropped: 1 });
});

test("the checksums of a frame are looked at where there are some", () => {
  const payload = udpBytes(GUEST, HOST, { sourcePort: 9, destinationPort: 7, data: Uint8Array.of(1, 2, 3) });
  const packet = ipv4Bytes({ source: GUEST, destination: HOST, protocol: PROTOCOL_UDP, payload }, 1);
  const frame = ethernetFrame(GUEST_MAC, GUEST_MAC, ETHERTYPE_IPV4, packet);
  expect(ipv4Payload(frame)).toEqual({ start: 34, end: 45 });
  expect([isHeaderRight(frame, 34), isPayloadRight(frame, 34, 45)]).toEqual([true, true]);
  const changed = (at: number, byte: number): Uint8Array => {
    const other = frame.slice();
    other[at] = byte;
    return other;
  };
  expect([isHeaderRight(changed(22, 1), 34), isPayloadRight(changed(44, 9), 34, 45)]).toEqual([false, false]);
  // A fragment, another protocol, one that is cut off, and a datagram without a checksum have none to be looked at.
  expect(isPayloadRight(changed(20, 0x20), 34, 45)).toBeNull();
  expect(isPayloadRight(changed(23, 47), 34, 45)).toBeNull();
  expect(isPayloadRight(frame, 34, frame.length + 1)).toBeNull();
  expect(isPayloadRight(frame, 34, 41)).toBeNull();
  const without = changed(40, 0);
  without[41] = 0;
  expect(isPayloadRight(without, 34, 45)).toBeNull();
  expect([ipv4Payload(frame.subarray(0, 33)), ipv4Payload(changed(13, 6)), ipv4Payload(changed(14, 0x44))]).toEqual([
    null,
    null,
    null,
  ]);
  expect([ipv4Payload(changed(14, 0x65)), ipv4Payload(changed(14, 0x46))]).toEqual([null, { start: 38, end: 45 }]);
});
