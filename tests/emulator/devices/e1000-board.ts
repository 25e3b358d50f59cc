/** A board with an 82540EM, for tests that drive it by its registers: the card's rings and buffers, and its cable. */
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { TestBoard } from "./harness.ts";

export const MAC = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);
const BAR = 0xfebc0000;
export const TX_RING = 0x10000;
export const RX_RING = 0x11000;
export const BUFFERS = 0x20000;

export let cable: CableEnd;
export let machine: TestBoard;

export const read = (register: number): number => machine.board.readMmio(BAR + register, 4) >>> 0;
export const write = (register: number, value: number): void => machine.board.writeMmio(BAR + register, 4, value >>> 0);
export const view = (): DataView => new DataView(machine.memory.buffer);
export const sent = (): Uint8Array[] => cable.takeOutgoing().map(({ frame }) => frame);

/** A card on a board of its own, its windows open: before each test. */
export function setUp(): void {
  cable = new CableEnd("eth0");
  machine = new TestBoard({ network: [{ macAddress: MAC, port: cable }] });
  machine.run("outl cf8 80001810; outl cfc febc0000; outl cf8 80001814; outl cfc c000; outl cf8 80001804; outw cfc 7");
}

export function frame(destination: readonly number[], size = 100, fill = 0x5a): Uint8Array {
  const bytes = new Uint8Array(size).fill(fill);
  bytes.set(destination);
  bytes.set([2, 0, 0, 0, 0, 9], 6);
  bytes.set([0x08, 0x00], 12);
  return bytes;
}

export function arrive(bytes: Uint8Array): void {
  cable.deliver([{ timeNs: machine.time.nowNs + 10, frame: bytes }]);
  machine.time.advance(100);
}

/** A legacy transmit descriptor. Command: 0Bh is EOP, IFCS, RS. */
export function txDescriptor(index: number, address: number, length: number, command = 0x0b): void {
  const at = TX_RING + index * 16;
  view().setUint32(at, address, true);
  view().setUint32(at + 4, 0, true);
  view().setUint32(at + 8, (length | (command << 24)) >>> 0, true);
  view().setUint32(at + 12, 0, true);
}

export function startTransmitter(descriptors = 8): void {
  write(0x3800, TX_RING);
  write(0x3808, descriptors * 16);
  write(0x3810, 0);
  write(0x3818, 0);
  write(0x400, 0x0a);
}

/** Buffers of 2 KiB each; the tail gives all descriptors but one. */
export function startReceiver(descriptors = 8, control = 0x04008002): void {
  for (let index = 0; index < descriptors; index++) {
    view().setUint32(RX_RING + index * 16, BUFFERS + index * 2048, true);
    view().setUint32(RX_RING + index * 16 + 4, 0, true);
    view().setUint32(RX_RING + index * 16 + 8, 0, true);
    view().setUint32(RX_RING + index * 16 + 12, 0, true);
  }
  write(0x2800, RX_RING);
  write(0x2808, descriptors * 16);
  write(0x2810, 0);
  write(0x2818, descriptors - 1);
  write(0x100, control);
}

export const length = (index: number): number => view().getUint16(RX_RING + index * 16 + 8, true);
export const status = (index: number): number => machine.memory[RX_RING + index * 16 + 12]!;
