/**
 * A virtio disk (1AF4:1001). Source: Virtual I/O Device (VIRTIO) 1.1, 5.2.
 *
 * It does one request after the other, and takes as long as an IDE disk with DMA: what a guest gains is that there is
 * little to say and that requests can wait in a row.
 */
import type { WindowFactory } from "../../bus/bus.ts";
import type { BlockBackend } from "../../disk/block.ts";
import type { StateVisitor } from "../../state/state.ts";
import type { Clock, Timer } from "../../time/clock.ts";
import { VirtioPciDevice, type VirtioWires } from "../virtio-pci.ts";
import type { DescriptorChain } from "../virtqueue.ts";
import { defaultGeometry } from "./ata-disk.ts";

const SECTOR_BYTES = 512;
const QUEUE_SIZE = 256;
/** A request beyond this is refused: the guest could ask for more than there is time to move. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Bytes of a request that are moved at a time. */
const CHUNK_BYTES = 64 * 1024;
const HEADER_BYTES = 16;
const SERIAL_BYTES = 20;

const FEATURE_SEGMENTS = 1 << 2;
const FEATURE_GEOMETRY = 1 << 4;
const FEATURE_READ_ONLY = 1 << 5;
const FEATURE_BLOCK_SIZE = 1 << 6;
const FEATURE_FLUSH = 1 << 9;

const REQUEST_READ = 0;
const REQUEST_WRITE = 1;
const REQUEST_FLUSH = 4;
const REQUEST_SERIAL = 8;

const STATUS_OK = 0;
const STATUS_ERROR = 1;
const STATUS_UNSUPPORTED = 2;

/** As an IDE drive's (ide-drive.ts): time until the medium answers, and of a byte. */
const MEDIUM_NS = 100_000;
const BYTE_NS = 10;
const NO_REQUEST = 0xffffffff;

/** The device's registers: capacity in sectors, most segments, geometry, bytes of a block. */
function configOf(sectors: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(sectors), true);
  view.setUint32(12, QUEUE_SIZE - 2, true);
  const { cylinders, heads, sectors: trackSectors } = defaultGeometry(sectors);
  view.setUint16(16, cylinders, true);
  bytes[18] = heads;
  bytes[19] = trackSectors;
  view.setUint32(20, SECTOR_BYTES, true);
  return bytes;
}

export class VirtioBlk extends VirtioPciDevice {
  readonly sectors: number;
  /** How many times as long as it should it takes: as `IdeDrive.slowness`. */
  slowness = 1;
  readonly #backend: BlockBackend;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #serial: string;
  /** The descriptor with which the request in work begins. */
  #head = NO_REQUEST;

  constructor(name: string, windows: WindowFactory, clock: Clock, wires: VirtioWires, backend: BlockBackend) {
    const sectors = Math.floor(backend.sizeBytes / SECTOR_BYTES);
    const identity = {
      kind: 2,
      classCode: 0x010000,
      features:
        FEATURE_SEGMENTS |
        FEATURE_GEOMETRY |
        FEATURE_BLOCK_SIZE |
        FEATURE_FLUSH |
        (backend.readOnly ? FEATURE_READ_ONLY : 0),
      queueSizes: [QUEUE_SIZE],
      config: configOf(sectors),
    } as const;
    super(name, identity, windows, wires);
    this.sectors = sectors;
    this.#backend = backend;
    this.#clock = clock;
    this.#serial = `VD${sectors.toString(16).toUpperCase().padStart(10, "0")}`;
    this.#timer = clock.timer(name, () => this.#finish());
  }

  protected override resetDevice(): void {
    // The constructor of the transport resets nothing, so the timer is there.
    this.#timer.disarm();
    this.#head = NO_REQUEST;
  }

  protected override notified(): void {
    if (this.#head === NO_REQUEST) this.#begin();
  }

  #begin(): void {
    const chain = this.queues[0]!.take();
    if (chain === null) return;
    this.#head = chain.head;
    const bytes = Math.min(MOST_BYTES, Math.max(0, chain.readableBytes + chain.writableBytes - HEADER_BYTES - 1));
    this.#timer.arm(this.#clock.nowNs + (MEDIUM_NS + bytes * BYTE_NS) * this.slowness);
  }

  #finish(): void {
    const head = this.#head;
    this.#head = NO_REQUEST;
    if (!this.isRunning) return;
    const chain = this.queues[0]!.chainAt(head);
    if (chain === null) return;
    // A request without room for its status can be given back, and says nothing.
    const statusAt = chain.writableBytes - 1;
    const { status, writtenBytes } = this.#execute(chain, Math.max(0, statusAt));
    if (statusAt >= 0) chain.write(statusAt, Uint8Array.of(status));
    this.give(0, head, writtenBytes + (statusAt >= 0 ? 1 : 0));
    this.#begin();
  }

  /** Does a request with so many bytes of room for what is read. */
  #execute(chain: DescriptorChain, roomBytes: number): { status: number; writtenBytes: number } {
    const header = new Uint8Array(HEADER_BYTES);
    const failed = (status: number): { status: number; writtenBytes: number } => ({ status, writtenBytes: 0 });
    if (chain.read(0, header) < HEADER_BYTES) return failed(STATUS_ERROR);
    const view = new DataView(header.buffer);
    const sector = view.getUint32(8, true) + view.getUint32(12, true) * 0x100000000;
    try {
      switch (view.getUint32(0, true)) {
        case REQUEST_READ:
          return this.#read(chain, sector, roomBytes);
        case REQUEST_WRITE:
          return failed(this.#write(chain, sector));
        case REQUEST_FLUSH:
          this.#backend.flush();
          return failed(STATUS_OK);
        case REQUEST_SERIAL: {
          const serial = new Uint8Array(SERIAL_BYTES);
          for (let index = 0; index < this.#serial.length; index++) serial[index] = this.#serial.charCodeAt(index);
          return { status: STATUS_OK, writtenBytes: chain.write(0, serial.subarray(0, roomBytes)) };
        }
        default:
          return failed(STATUS_UNSUPPORTED);
      }
    } catch {
      return failed(STATUS_ERROR); // The host cannot do it.
    }
  }

  #has(sector: number, bytes: number): boolean {
    return bytes <= MOST_BYTES && bytes % SECTOR_BYTES === 0 && sector + bytes / SECTOR_BYTES <= this.sectors;
  }

  #read(chain: DescriptorChain, sector: number, bytes: number): { status: number; writtenBytes: number } {
    if (!this.#has(sector, bytes)) return { status: STATUS_ERROR, writtenBytes: 0 };
    for (let done = 0; done < bytes; done += CHUNK_BYTES) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - done));
      this.#backend.read(sector * SECTOR_BYTES + done, chunk);
      chain.write(done, chunk);
    }
    return { status: STATUS_OK, writtenBytes: bytes };
  }

  #write(chain: DescriptorChain, sector: number): number {
    const bytes = chain.readableBytes - HEADER_BYTES;
    if (this.#backend.readOnly || !this.#has(sector, bytes)) return STATUS_ERROR;
    for (let done = 0; done < bytes; done += CHUNK_BYTES) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - done));
      chain.read(HEADER_BYTES + done, chunk);
      this.#backend.write(sector * SECTOR_BYTES + done, chunk);
    }
    // A driver that does not know how to flush counts on a disk without a cache (5.2.6.2).
    if (!(this.features & FEATURE_FLUSH)) this.#backend.flush();
    return STATUS_OK;
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("virtio disk", 1);
    this.#head = visitor.u32(this.#head);
    this.slowness = visitor.u32(this.slowness);
  }
}
