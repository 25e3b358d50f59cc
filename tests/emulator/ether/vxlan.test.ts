/** Frames in VXLAN datagrams, and what is left to a card that is not there. */
import { expect, test } from "vitest";
import { internetChecksum, onesSum } from "../../../emulator/ether/internet-checksum.ts";
import { ACK, PROTOCOL_TCP, PSH, parseSegment, segmentBytes } from "../../../emulator/ether/nat/segment.ts";
import { finishOffloads } from "../../../emulator/ether/offload.ts";
import { frameFromOutside } from "../../../emulator/ether/outlet.ts";
import {
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_ICMP,
  parseIpv4,
  parseIpv4Packet,
  put16,
} from "../../../emulator/ether/packet.ts";
import { VxlanTable, vxlanDatagram, vxlanFrame } from "../../../emulator/ether/vxlan.ts";
import { Random } from "../../../emulator/state/random.ts";

const FROM = parseIpv4("10.0.2.100");
const TO = parseIpv4("10.0.2.15");
const [FIRST, SECOND, BROADCAST] = [1, 2, 0xff].map((byte) => new Uint8Array(6).fill(byte === 0xff ? 0xff : 2 * byte));

function tcpFrame(data: Uint8Array): Uint8Array {
  const payload = segmentBytes(FROM, TO, {
    sourcePort: 5000,
    destinationPort: 7,
    sequence: 0xffff_fff0,
    acknowledgment: 9,
    flags: ACK | PSH,
    window: 500,
    mss: null,
    shift: null,
    data,
  });
  const packet = ipv4Bytes({ source: FROM, destination: TO, protocol: PROTOCOL_TCP, payload }, 0xffff);
  return ethernetFrame(FIRST!, SECOND!, ETHERTYPE_IPV4, packet);
}

test("a frame goes through a datagram; datagrams of other networks, cut ones and ones without a number are nothing", () => {
  const frame = tcpFrame(Uint8Array.of(1, 2, 3));
  const datagram = vxlanDatagram(0x123456, frame);
  expect([...datagram.subarray(0, 8)]).toEqual([8, 0, 0, 0, 0x12, 0x34, 0x56, 0]);
  expect(vxlanFrame(0x123456, datagram)).toEqual(frame);
  expect(vxlanFrame(0x123457, datagram)).toBeNull();
  for (let bytes = 0; bytes < 8; bytes++) expect(vxlanFrame(0x123456, datagram.subarray(0, bytes))).toBeNull();
  expect(vxlanFrame(0x123456, Uint8Array.of(0, ...datagram.subarray(1)))).toBeNull();
});

test("what is for one station goes to the peer that it was heard from, the rest to all", () => {
  const table = new VxlanTable(3);
  const to = (destination: Uint8Array, source: Uint8Array): Uint8Array => ethernetFrame(destination, source, 0, FROM);
  expect(table.peersFor(to(FIRST!, SECOND!))).toEqual([0, 1, 2]);
  table.heard(1, to(BROADCAST!, FIRST!));
  expect(table.peersFor(to(FIRST!, SECOND!))).toEqual([1]);
  table.heard(2, to(BROADCAST!, FIRST!));
  expect(table.peersFor(to(FIRST!, SECOND!))).toEqual([2]);
  expect(table.peersFor(to(BROADCAST!, SECOND!))).toEqual([0, 1, 2]);
  table.heard(0, to(FIRST!, BROADCAST!));
  expect(table.peersFor(to(BROADCAST!, SECOND!))).toEqual([0, 1, 2]);
});

test("each byte of a station's address counts", () => {
  const from = (source: Uint8Array): Uint8Array => ethernetFrame(BROADCAST!, source, 0, FROM);
  const to = (destination: Uint8Array): Uint8Array => ethernetFrame(destination, FIRST!, 0, FROM);
  for (let at = 0; at < 6; at++) {
    const table = new VxlanTable(3);
    const other = FIRST!.slice();
    other[at]! ^= 0x80;
    table.heard(1, from(FIRST!));
    expect(table.peersFor(to(other))).toEqual([0, 1, 2]);
    table.heard(2, from(other));
    expect([table.peersFor(to(FIRST!)), table.peersFor(to(other))]).toEqual([[1], [2]]);
  }
});

test("a checksum that was left to hardware is completed, and no other one is touched", () => {
  const whole = tcpFrame(new Uint8Array(100).fill(7));
  expect(finishOffloads(whole.slice())).toEqual([whole]);
  const left = whole.slice();
  const tcp = 34;
  const length = get16(left, 16) - 20;
  put16(left, tcp + 16, onesSum(Uint8Array.of(...FROM, ...TO, 0, PROTOCOL_TCP, length >> 8, length & 0xff), 0, 12));
  expect(finishOffloads(left)).toEqual([whole]);
  const wrong = whole.slice();
  wrong[tcp + 16]! ^= 0x55;
  expect(finishOffloads(wrong.slice())).toEqual([wrong]);
  // An echo request whose number is what a UDP datagram's field would say, had its checksum been left to hardware.
  const payload = Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 0, 1, 2);
  put16(payload, 6, onesSum(Uint8Array.of(...FROM, ...TO, 0, PROTOCOL_ICMP, 0, payload.length), 0, 12));
  put16(payload, 2, internetChecksum(payload, 0, payload.length));
  const echo = ethernetFrame(
    FIRST!,
    SECOND!,
    ETHERTYPE_IPV4,
    ipv4Bytes({ source: FROM, destination: TO, protocol: PROTOCOL_ICMP, payload }, 7),
  );
  expect(finishOffloads(echo.slice())).toEqual([echo]);
});

test("a segment longer than a frame becomes frames with their own numbers and checksums", () => {
  const random = new Random(1, "segment");
  const data = Uint8Array.from({ length: 20_000 }, () => random.below(256));
  const pieces = finishOffloads(tcpFrame(data));
  expect(pieces.every(({ length }) => length <= 1514)).toBe(true);
  const segments = pieces.map((piece) => parseSegment(parseIpv4Packet(piece.subarray(14))!)!);
  expect(Buffer.concat(segments.map((segment) => segment.data)).equals(data)).toBe(true);
  let next = 0xffff_fff0;
  for (const { sequence, data: piece } of segments) {
    expect(sequence).toBe(next);
    next = (next + piece.length) >>> 0;
  }
  expect(segments.map(({ flags }) => flags & PSH)).toEqual(
    segments.map((_, at) => (at === segments.length - 1 ? PSH : 0)),
  );
  expect(pieces.map((piece) => get16(piece, 18))).toEqual(pieces.map((_, at) => (0xffff + at) & 0xffff));
});

test("frames that lie about themselves are left alone", () => {
  const random = new Random(2, "offload");
  const whole = tcpFrame(new Uint8Array(3000));
  for (let round = 0; round < 3000; round++) {
    const frame = whole.slice(0, random.below(whole.length));
    for (let change = 0; change < 4 && frame.length > 0; change++)
      frame[random.below(Math.min(60, frame.length))] = random.below(256);
    for (const piece of finishOffloads(frame)) frameFromOutside(piece);
  }
  expect(internetChecksum(whole, 14, 34)).toBe(0);
});
