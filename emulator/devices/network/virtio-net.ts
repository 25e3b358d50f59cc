/**
 * A virtio network card (1AF4:1000). Source: Virtual I/O Device (VIRTIO) 1.1, 5.1.
 *
 * It moves frames, adds up checksums of TCP and UDP, and cuts what is sent into segments of TCP for IPv4; one pair of
 * queues. A frame for which the driver has left no buffer is lost, as the card has no memory of its own. There is no
 * other segmentation, and no merged buffers, VLANs or announcements; a cable is noticed after 1 ms.
 */
import type { AccessBytes, WindowFactory } from "../../bus/bus.ts";
import { internetChecksum } from "../../ether/internet-checksum.ts";
import { put16 } from "../../ether/packet.ts";
import type { EthernetFrame, EthernetPort, EthernetReceiver } from "../../ether/port.ts";
import { ipv4Payload, isPayloadRight } from "../../ether/transport-checksum.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { VirtioPciDevice, type VirtioWires } from "../virtio-pci.ts";
import type { DescriptorChain } from "../virtqueue.ts";
import { segmentFrame } from "./segmentation.ts";

const RECEIVE = 0;
const SEND = 1;
const COMMAND = 2;
const QUEUE_SIZES = [256, 256, 64];

/** The card puts checksums into what it sends; it says which it has found right. */
const FEATURE_SUMS = 1 << 0;
const FEATURE_SUMMED = 1 << 1;
const FEATURE_MAC = 1 << 5;
/** The card cuts a packet into segments of TCP for IPv4. */
const FEATURE_CUTS = 1 << 11;
const FEATURE_STATUS = 1 << 16;
const FEATURE_COMMANDS = 1 << 17;
const FEATURE_FILTER = 1 << 18;
/** A chain's layout says nothing: VIRTIO_F_ANY_LAYOUT. */
const FEATURE_ANY_LAYOUT = 1 << 27;

/** The device's registers: address, status. */
const MAC_BYTES = 6;
const STATUS_AT = 6;
const CONFIG_BYTES = 8;
const STATUS_LINK = 1;

/**
 * Before each frame; without merged buffers and in the legacy interface (5.1.6.1). Flags; how a packet is to be cut up,
 * with the bytes of its headers and of a segment; then of a checksum that is to be put in from which byte of the frame
 * on is added up, and how far from there the sum goes.
 */
const HEADER_BYTES = 10;
const FLAGS_AT = 0;
const CUT_AT = 1;
const CUT_HEADERS_AT = 2;
const CUT_BYTES_AT = 4;
const SUM_FROM_AT = 6;
const SUM_OFFSET_AT = 8;
const FLAG_UNSUMMED = 1;
const FLAG_SUMMED = 2;
/** Values of the byte at CUT_AT: no segments, or such of TCP for IPv4. */
const CUT_NONE = 0;
const CUT_TCP = 1;
const SHORTEST_FRAME = 14;
const LONGEST_FRAME = 1518;
/** Ethernet's header, and the longest packet of IPv4. */
const LONGEST_PACKET = 14 + 65535;
const IP_AT = 14;
const IP_CHECKSUM_AT = IP_AT + 10;
const TCP_HEADER_BYTES = 20;
const TCP_CHECKSUM_OFFSET = 16;

/** Commands, class and command in one (5.1.6.5). */
const SET_PROMISCUOUS = 0x0000;
const SET_ALL_GROUPS = 0x0001;
const SET_ADDRESSES = 0x0100;
const COMMAND_BYTES = 2;
const OK = 0;
const REFUSED = 1;
/** Addresses that the card knows; with more of a kind it takes all of that kind. */
const MOST_ADDRESSES = 64;

/** Time from a notification until the frames are handed to the wire. */
const TRANSMIT_NS = 2_000;
/** Until the card notices that its link has changed. */
const LINK_NS = 1_000_000;

export interface VirtioNetWires extends VirtioWires {
  readonly port: EthernetPort;
  readonly macAddress: Uint8Array;
}

/** Addresses in a row; null for more than the card knows. */
type Addresses = Uint8Array | null;

export class VirtioNet extends VirtioPciDevice implements EthernetReceiver {
  readonly #clock: Clock;
  readonly #port: EthernetPort;
  readonly #macAddress: Uint8Array;
  readonly #transmitTimer: Timer;
  readonly #linkTimer: Timer;
  #promiscuous = true;
  #allGroups = false;
  #stations: Addresses = new Uint8Array(0);
  #groups: Addresses = new Uint8Array(0);

  constructor(name: string, windows: WindowFactory, clock: Clock, wires: VirtioNetWires) {
    const config = new Uint8Array(CONFIG_BYTES);
    config.set(wires.macAddress);
    const features =
      FEATURE_SUMS |
      FEATURE_SUMMED |
      FEATURE_MAC |
      FEATURE_CUTS |
      FEATURE_STATUS |
      FEATURE_COMMANDS |
      FEATURE_FILTER |
      FEATURE_ANY_LAYOUT;
    super(name, { kind: 1, classCode: 0x020000, features, queueSizes: QUEUE_SIZES, config }, windows, wires);
    this.#clock = clock;
    this.#port = wires.port;
    this.#macAddress = wires.macAddress;
    this.#transmitTimer = clock.timer(`${name} transmit`, () => this.#transmit());
    this.#linkTimer = clock.timer(`${name} link`, () => {
      this.#readLink();
      this.configChanged();
    });
  }

  protected override resetDevice(): void {
    // The constructor of the transport resets nothing, so the timers are there.
    this.#transmitTimer.disarm();
    this.#linkTimer.disarm();
    this.deviceConfig.set(this.#macAddress);
    this.#readLink();
    this.#promiscuous = true;
    this.#allGroups = false;
    this.#stations = new Uint8Array(0);
    this.#groups = new Uint8Array(0);
  }

  /** It wants to be reset (2.1, DEVICE_NEEDS_RESET), and has forgotten all that it was told. */
  becomeAnother(): void {
    this.needReset();
  }

  #readLink(): void {
    this.deviceConfig[STATUS_AT] = this.#port.linkUp ? STATUS_LINK : 0;
  }

  /** The driver may give the card another address (5.1.4.2, legacy interface). */
  protected override writeDeviceConfig(offset: number, sizeBytes: AccessBytes, value: number): void {
    for (let byte = 0; byte < sizeBytes && offset + byte < MAC_BYTES; byte++)
      this.deviceConfig[offset + byte] = value >>> (8 * byte);
  }

  protected override notified(queue: number): void {
    if (queue === COMMAND) this.#takeCommands();
    else if (queue === SEND && this.#transmitTimer.deadlineNs === Infinity)
      this.#transmitTimer.arm(this.#clock.nowNs + TRANSMIT_NS);
  }

  /** Sends what waits. */
  #transmit(): void {
    if (!this.isRunning) return;
    for (let chain = this.queues[SEND]!.take(); chain !== null; chain = this.queues[SEND]!.take()) {
      const sizeBytes = chain.readableBytes - HEADER_BYTES;
      if (sizeBytes >= SHORTEST_FRAME && sizeBytes <= LONGEST_PACKET) {
        const header = new Uint8Array(HEADER_BYTES);
        chain.read(0, header);
        const packet = new Uint8Array(sizeBytes);
        chain.read(HEADER_BYTES, packet);
        const view = new DataView(header.buffer);
        for (const frame of framesOf(packet, view, this.features)) {
          if (this.features & FEATURE_SUMS) putChecksum(frame, view);
          this.#port.transmit(frame);
        }
      }
      this.give(SEND, chain.head, 0);
    }
  }

  receive(frame: EthernetFrame): void {
    if (!this.isRunning || !this.#accepts(frame)) return;
    const chain = this.queues[RECEIVE]!.take();
    if (chain === null) return;
    const sizeBytes = HEADER_BYTES + frame.length;
    if (sizeBytes > chain.writableBytes) {
      this.queues[RECEIVE]!.putBack();
      return;
    }
    const header = new Uint8Array(HEADER_BYTES);
    if (this.features & FEATURE_SUMMED && isSummedRight(frame)) header[FLAGS_AT] = FLAG_SUMMED;
    chain.write(0, header);
    chain.write(HEADER_BYTES, frame);
    this.give(RECEIVE, chain.head, sizeBytes);
  }

  linkChanged(_up: boolean): void {
    // The cable is pulled between two runs of the machine: the interrupt is an event of its own.
    this.#linkTimer.arm(this.#clock.nowNs + LINK_NS);
  }

  /** The filter of a card that was told what is for it; at the beginning everything is. */
  #accepts(frame: EthernetFrame): boolean {
    if (this.#promiscuous) return true;
    const address = frame.subarray(0, MAC_BYTES);
    if ((address[0]! & 1) === 0)
      return isAmong(address, this.deviceConfig.subarray(0, MAC_BYTES)) || isAmong(address, this.#stations);
    return this.#allGroups || address.every((byte) => byte === 0xff) || isAmong(address, this.#groups);
  }

  /** Commands are done while the driver notifies the card of them, as on QEMU's: drivers wait in a loop. */
  #takeCommands(): void {
    for (let chain = this.queues[COMMAND]!.take(); chain !== null; chain = this.queues[COMMAND]!.take()) {
      const answer = this.#execute(chain) ? OK : REFUSED;
      this.give(COMMAND, chain.head, chain.write(0, Uint8Array.of(answer)));
    }
  }

  #execute(chain: DescriptorChain): boolean {
    const bytes = new Uint8Array(COMMAND_BYTES + 1);
    const count = chain.read(0, bytes);
    if (count < COMMAND_BYTES) return false;
    const command = (bytes[0]! << 8) | bytes[1]!;
    if (command === SET_ADDRESSES) return this.#setAddresses(chain);
    if (count !== bytes.length || (command !== SET_PROMISCUOUS && command !== SET_ALL_GROUPS)) return false;
    const isOn = bytes[COMMAND_BYTES] !== 0;
    if (command === SET_PROMISCUOUS) this.#promiscuous = isOn;
    else this.#allGroups = isOn;
    return true;
  }

  #setAddresses(chain: DescriptorChain): boolean {
    const stations = addressesAt(chain, COMMAND_BYTES);
    const groups = stations && addressesAt(chain, stations.endsAt);
    if (!groups) return false;
    this.#stations = stations.addresses;
    this.#groups = groups.addresses;
    return true;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("virtio network card", 1);
    this.#promiscuous = visitor.bool(this.#promiscuous);
    this.#allGroups = visitor.bool(this.#allGroups);
    this.#stations = visitAddresses(visitor, this.#stations);
    this.#groups = visitAddresses(visitor, this.#groups);
  }
}

/**
 * The frames that a packet is cut into (5.1.6.2), without the checksums of TCP, which must have been left to the card.
 * What is no packet of TCP for IPv4 where the header says so, or would make frames that are too long, is none.
 */
function framesOf(packet: Uint8Array<ArrayBuffer>, header: DataView, features: number): Uint8Array[] {
  const cut = features & FEATURE_CUTS ? header.getUint8(CUT_AT) : CUT_NONE;
  if (cut === CUT_NONE) return packet.length <= LONGEST_FRAME ? [packet] : [];
  const headerBytes = header.getUint16(CUT_HEADERS_AT, true);
  const segmentBytes = header.getUint16(CUT_BYTES_AT, true);
  const start = header.getUint16(SUM_FROM_AT, true);
  const isTcp = header.getUint16(SUM_OFFSET_AT, true) === TCP_CHECKSUM_OFFSET && start > IP_CHECKSUM_AT + 1;
  if (cut !== CUT_TCP || !isTcp || !(header.getUint8(FLAGS_AT) & FLAG_UNSUMMED)) return [];
  if (headerBytes < start + TCP_HEADER_BYTES || headerBytes > packet.length) return [];
  if (segmentBytes === 0 || headerBytes + segmentBytes > LONGEST_FRAME) return [];
  const field = start + TCP_CHECKSUM_OFFSET;
  // The pseudo header's sum is that of the whole; each segment's own length comes instead.
  const sum = ((packet[field]! << 8) | packet[field + 1]!) + (~(packet.length - start) & 0xffff);
  put16(packet, field, (sum & 0xffff) + (sum >>> 16));
  const frames = segmentFrame(packet, {
    ipStart: IP_AT,
    ipOffset: IP_CHECKSUM_AT,
    ipEnd: start - 1,
    payloadStart: start,
    payloadOffset: field,
    payloadEnd: 0,
    isTcp: true,
    isIpv4: true,
    headerBytes,
    segmentBytes,
  });
  for (const frame of frames) {
    put16(frame, IP_CHECKSUM_AT, 0);
    put16(frame, IP_CHECKSUM_AT, internetChecksum(frame, IP_AT, start));
  }
  return frames;
}

/** Puts in the checksum that the header before a frame asks for, if its place is in the frame (5.1.6.2). */
function putChecksum(frame: Uint8Array, header: DataView): void {
  if (!(header.getUint8(FLAGS_AT) & FLAG_UNSUMMED)) return;
  const start = header.getUint16(SUM_FROM_AT, true);
  const field = start + header.getUint16(SUM_OFFSET_AT, true);
  // 0 would say that there is none (RFC 768).
  if (field + 2 <= frame.length) put16(frame, field, internetChecksum(frame, start, frame.length) || 0xffff);
}

function isSummedRight(frame: Uint8Array): boolean {
  const payload = ipv4Payload(frame);
  return payload !== null && isPayloadRight(frame, payload.start, payload.end) === true;
}

function isAmong(address: Uint8Array, addresses: Addresses): boolean {
  if (addresses === null) return true;
  for (let at = 0; at < addresses.length; at += MAC_BYTES)
    if (address.every((byte, index) => byte === addresses[at + index])) return true;
  return false;
}

/** A number and so many addresses, in a command; null when they are not there. */
function addressesAt(chain: DescriptorChain, at: number): { addresses: Addresses; endsAt: number } | null {
  const number = new Uint8Array(4);
  if (chain.read(at, number) < number.length) return null;
  const count = new DataView(number.buffer).getUint32(0, true);
  const first = at + number.length;
  const endsAt = first + count * MAC_BYTES;
  if (endsAt > chain.readableBytes) return null;
  if (count > MOST_ADDRESSES) return { addresses: null, endsAt };
  const addresses = new Uint8Array(count * MAC_BYTES);
  chain.read(first, addresses);
  return { addresses, endsAt };
}

function visitAddresses(visitor: StateVisitor, addresses: Addresses): Addresses {
  const isKnown = visitor.bool(addresses !== null);
  const kept = visitor.blob(addresses ?? new Uint8Array(0));
  return isKnown ? kept : null;
}
