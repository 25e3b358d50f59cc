/**
 * A split virtqueue in the layout of the legacy interface: descriptor table, available ring and used ring in one run of
 * guest memory. Source: Virtual I/O Device (VIRTIO) 1.1, 2.6 (split virtqueues) and 2.6.2 (legacy layout).
 *
 * The guest's side is not trusted: an index beyond the ring, a chain with a loop or a descriptor outside memory breaks
 * the queue, which then does nothing until the device is reset (as QEMU's, `virtio_error`).
 */

import type { DmaMemory } from "../bus/bus.ts";
import { holds } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

const PAGE_BYTES = 4096;
const DESCRIPTOR_BYTES = 16;
const DESCRIPTOR_NEXT = 1;
const DESCRIPTOR_WRITE = 2;
/** Flag of the available ring: the driver polls. */
const AVAILABLE_NO_INTERRUPT = 1;
const RING_HEADER_BYTES = 4;
const USED_ENTRY_BYTES = 8;
const END_OF_MEMORY = 0x100000000;

interface Segment {
  readonly address: number;
  readonly sizeBytes: number;
}

/** Buffers that the driver has chained: what the device reads, then what it writes. */
export class DescriptorChain {
  /** The descriptor that it begins with, by which it is given back. */
  readonly head: number;
  readonly readableBytes: number;
  readonly writableBytes: number;
  readonly #memory: DmaMemory;
  readonly #readable: readonly Segment[];
  readonly #writable: readonly Segment[];

  constructor(memory: DmaMemory, head: number, readable: readonly Segment[], writable: readonly Segment[]) {
    this.#memory = memory;
    this.head = head;
    this.#readable = readable;
    this.#writable = writable;
    const total = (segments: readonly Segment[]): number => segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.readableBytes = total(readable);
    this.writableBytes = total(writable);
  }

  /** Fills `target` with what the driver wrote at `offset`; returns how many bytes there were. */
  read(offset: number, target: Uint8Array): number {
    return this.#move(this.#readable, offset, target, (address, part) => this.#memory.read(address, part));
  }

  /** Puts `source` at `offset` of what the driver reads; returns how many bytes there was room for. */
  write(offset: number, source: Uint8Array): number {
    return this.#move(this.#writable, offset, source, (address, part) => this.#memory.write(address, part));
  }

  #move(
    segments: readonly Segment[],
    offset: number,
    bytes: Uint8Array,
    transfer: (address: number, part: Uint8Array) => void,
  ): number {
    let done = 0;
    let start = 0;
    for (const { address, sizeBytes } of segments) {
      const within = offset + done - start;
      if (within < sizeBytes) {
        const count = Math.min(sizeBytes - within, bytes.length - done);
        if (count === 0) break;
        transfer(address + within, bytes.subarray(done, done + count));
        done += count;
      }
      start += sizeBytes;
    }
    return done;
  }
}

export class Virtqueue implements Stateful {
  /** Descriptors, a power of two. The legacy interface has no way to change it. */
  readonly size: number;
  readonly #memory: DmaMemory;
  readonly #word = new Uint8Array(2);
  readonly #descriptor = new Uint8Array(DESCRIPTOR_BYTES);
  /** Where it begins, in pages of 4 KiB; 0: the driver has not set it up. */
  #page = 0;
  /** How many chains have been taken, and given back, modulo 65536. */
  #taken = 0;
  #returned = 0;
  #broken = false;

  constructor(memory: DmaMemory, size: number) {
    this.#memory = memory;
    this.size = size;
    holds(size > 0 && (size & (size - 1)) === 0, "virtqueue", "its size is no power of two");
  }

  reset(): void {
    this.#page = 0;
    this.#taken = 0;
    this.#returned = 0;
    this.#broken = false;
  }

  get page(): number {
    return this.#page;
  }

  set page(page: number) {
    this.#page = page;
    this.#broken = page * PAGE_BYTES + this.#usedOffset + this.#usedBytes > END_OF_MEMORY;
  }

  /** The driver has broken its rules. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether `take` would find something. */
  get hasAvailable(): boolean {
    return this.#page !== 0 && !this.#broken && this.#availableIndex() !== this.#taken;
  }

  /** The next chain that the driver has made available, or null. */
  take(): DescriptorChain | null {
    if (!this.hasAvailable) return null;
    if (((this.#availableIndex() - this.#taken) & 0xffff) > this.size) return this.#break();
    const chain = this.chainAt(this.#read16(this.#available + RING_HEADER_BYTES + 2 * (this.#taken % this.size)));
    this.#taken = (this.#taken + 1) & 0xffff;
    return chain;
  }

  /** The chain that was taken last is left where it was: the device cannot use it. */
  putBack(): void {
    holds(this.#page !== 0, "virtqueue", "a chain is put back before there is a queue");
    this.#taken = (this.#taken - 1) & 0xffff;
  }

  /** The chain that begins with this descriptor: for a device that comes back to one which it has taken. */
  chainAt(head: number): DescriptorChain | null {
    const readable: Segment[] = [];
    const writable: Segment[] = [];
    const descriptor = this.#descriptor;
    const view = new DataView(descriptor.buffer);
    for (let index = head, left = this.size; ; left--) {
      if (index >= this.size || left === 0) return this.#break();
      this.#memory.read(this.#base + index * DESCRIPTOR_BYTES, descriptor);
      const address = view.getUint32(0, true);
      const sizeBytes = view.getUint32(8, true);
      const flags = view.getUint16(12, true);
      const isWritable = (flags & DESCRIPTOR_WRITE) !== 0;
      // What the device reads comes first (2.6.4.2).
      if (view.getUint32(4, true) !== 0 || address + sizeBytes > END_OF_MEMORY || sizeBytes === 0) return this.#break();
      if (!isWritable && writable.length > 0) return this.#break();
      (isWritable ? writable : readable).push({ address, sizeBytes });
      if (!(flags & DESCRIPTOR_NEXT)) return new DescriptorChain(this.#memory, head, readable, writable);
      index = view.getUint16(14, true);
    }
  }

  /** Gives a chain back, with so many bytes written. Returns whether the driver wants an interrupt. */
  give(head: number, writtenBytes: number): boolean {
    holds(head >= 0 && head < this.size, "virtqueue", "a chain is given back that none was");
    holds(this.#page !== 0, "virtqueue", "a chain is given back before there is a queue");
    const entry = new Uint8Array(USED_ENTRY_BYTES);
    const view = new DataView(entry.buffer);
    view.setUint32(0, head, true);
    view.setUint32(4, writtenBytes, true);
    const used = this.#base + this.#usedOffset;
    this.#memory.write(used + RING_HEADER_BYTES + USED_ENTRY_BYTES * (this.#returned % this.size), entry);
    this.#returned = (this.#returned + 1) & 0xffff;
    this.#memory.write(used + 2, Uint8Array.of(this.#returned & 0xff, this.#returned >> 8));
    return !(this.#read16(this.#available) & AVAILABLE_NO_INTERRUPT);
  }

  #break(): null {
    this.#broken = true;
    return null;
  }

  #read16(address: number): number {
    this.#memory.read(address, this.#word);
    return this.#word[0]! | (this.#word[1]! << 8);
  }

  #availableIndex(): number {
    return this.#read16(this.#available + 2);
  }

  get #base(): number {
    return this.#page * PAGE_BYTES;
  }

  get #available(): number {
    return this.#base + this.size * DESCRIPTOR_BYTES;
  }

  /** The used ring begins with a page of its own. Each ring ends with a word for event indices. */
  get #usedOffset(): number {
    const end = this.size * DESCRIPTOR_BYTES + RING_HEADER_BYTES + 2 * this.size + 2;
    return Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
  }

  get #usedBytes(): number {
    return RING_HEADER_BYTES + USED_ENTRY_BYTES * this.size + 2;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("virtqueue", 1);
    this.#page = visitor.u32(this.#page);
    this.#taken = visitor.u16(this.#taken);
    this.#returned = visitor.u16(this.#returned);
    this.#broken = visitor.bool(this.#broken);
  }
}
