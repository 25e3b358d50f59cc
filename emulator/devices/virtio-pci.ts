/**
 * Virtio devices on the PCI bus, by the legacy interface: a window of ports in base address register 0, interrupts by
 * INTA#. Source: Virtual I/O Device (VIRTIO) 1.1, 4.1.4.8 (registers), 3.1 (initialisation), 2.6 (virtqueues).
 *
 * Why the legacy interface: each transitional device has it, QEMU's and other hypervisors' on a PC's board among them
 * unless somebody turns it off, all drivers that we know of know it, and it is a dozen ports instead of capabilities
 * with windows of 64 bits. A function here is as QEMU's with `disable-modern=on,vectors=0`.
 */
import type { AccessBytes, DmaMemory, PortHandler, WindowFactory, Wire } from "../bus/bus.ts";
import type { StateVisitor } from "../state/state.ts";
import { PciFunction } from "./pci.ts";
import { Virtqueue } from "./virtqueue.ts";

const VENDOR = 0x1af4;
/** The first of the transitional devices' ids; the second is a disk's. */
const FIRST_DEVICE = 0x1000;

const HOST_FEATURES = 0;
const GUEST_FEATURES = 4;
const QUEUE_ADDRESS = 8;
const QUEUE_SIZE = 12;
const QUEUE_SELECT = 14;
const QUEUE_NOTIFY = 16;
const DEVICE_STATUS = 18;
const INTERRUPT_STATUS = 19;
const DEVICE_CONFIG = 20;
/** More queues than any device has: what QUEUE_SELECT takes. */
const MOST_QUEUES = 1024;

const STATUS_DRIVER_OK = 4;
const STATUS_NEEDS_RESET = 64;
const INTERRUPT_QUEUE = 1;
const INTERRUPT_CONFIG = 2;

/** VIRTIO_F_* of legacy devices that concern the transport. */
const FEATURE_BAD = 0x40000000;

/** What kind of device it is. */
export interface VirtioIdentity {
  /** 1 network card, 2 disk (VIRTIO 1.1, 5); also the subsystem id. */
  readonly kind: 1 | 2;
  /** PCI class, subclass and programming interface. */
  readonly classCode: number;
  /** Feature bits that it offers. */
  readonly features: number;
  /** Descriptors of each of its queues. */
  readonly queueSizes: readonly number[];
  /** What its part of the registers holds at power on, from offset 20 on. */
  readonly config: Uint8Array;
}

export interface VirtioWires {
  readonly dma: DmaMemory;
  readonly interrupt: Wire;
  readonly bootRom?: Uint8Array | null;
}

export abstract class VirtioPciDevice extends PciFunction {
  protected readonly queues: readonly Virtqueue[];
  /** The device's own registers. */
  protected readonly deviceConfig: Uint8Array;
  readonly #interrupt: Wire;
  readonly #hostFeatures: number;
  readonly #powerOnConfig: Uint8Array;
  #guestFeatures = 0;
  #selected = 0;
  #status = 0;
  #interruptStatus = 0;

  constructor(name: string, identity: VirtioIdentity, windows: WindowFactory, wires: VirtioWires) {
    const { kind, classCode, features, queueSizes, config } = identity;
    super(
      name,
      { vendor: VENDOR, device: FIRST_DEVICE + kind - 1, revision: 0, classCode, subsystem: kind, interruptPin: 1 },
      windows,
    );
    this.#interrupt = wires.interrupt;
    this.#hostFeatures = features;
    this.#powerOnConfig = config.slice();
    this.deviceConfig = config.slice();
    this.queues = queueSizes.map((size) => new Virtqueue(wires.dma, size));
    const ports: PortHandler = {
      readPort: (offset, sizeBytes) => this.#readRegister(offset, sizeBytes),
      writePort: (offset, sizeBytes, value) => this.#writeRegister(offset, sizeBytes, value),
    };
    let windowBytes = 32;
    while (windowBytes < DEVICE_CONFIG + config.length) windowBytes *= 2;
    this.addIoBar(0, windowBytes, ports);
    if (wires.bootRom) this.addExpansionRom(wires.bootRom);
    this.sealConfig();
  }

  /** The driver says that a queue has something for the device. */
  protected abstract notified(queue: number): void;

  /** What the device had begun is forgotten. The queues are reset already. */
  protected abstract resetDevice(): void;

  /** The driver has written a register of the device's own. The registers of most devices take nothing. */
  protected writeDeviceConfig(_offset: number, _sizeBytes: AccessBytes, _value: number): void {}

  /** Feature bits that both sides know. */
  protected get features(): number {
    return this.#guestFeatures;
  }

  /** Whether the driver has said that it is ready, and the device may use the bus. */
  protected get isRunning(): boolean {
    return (this.#status & STATUS_DRIVER_OK) !== 0 && this.busMasterEnabled;
  }

  /** Gives a chain of a queue back to the driver, with so many bytes written. */
  protected give(queue: number, head: number, writtenBytes: number): void {
    if (this.queues[queue]!.give(head, writtenBytes)) this.#raise(INTERRUPT_QUEUE);
  }

  /** The device's own registers have changed by themselves. */
  protected configChanged(): void {
    if (this.#status & STATUS_DRIVER_OK) this.#raise(INTERRUPT_QUEUE | INTERRUPT_CONFIG);
  }

  /** The device has forgotten all that the driver has told it, and tells it so by an interrupt (2.1.1). */
  protected needReset(): void {
    const isDriven = (this.#status & STATUS_DRIVER_OK) !== 0;
    this.deviceConfig.set(this.#powerOnConfig);
    this.#resetVirtio();
    this.#status = STATUS_NEEDS_RESET;
    if (isDriven) this.#raise(INTERRUPT_QUEUE | INTERRUPT_CONFIG);
  }

  override reset(): void {
    super.reset();
    this.deviceConfig.set(this.#powerOnConfig);
    this.#resetVirtio();
  }

  #resetVirtio(): void {
    this.#guestFeatures = 0;
    this.#selected = 0;
    this.#status = 0;
    this.#interruptStatus = 0;
    for (const queue of this.queues) queue.reset();
    this.#interrupt.set(false);
    this.resetDevice();
  }

  #raise(causes: number): void {
    this.#interruptStatus |= causes;
    this.#interrupt.set(true);
  }

  /** As on QEMU's devices, the transport's registers answer at their first byte only, whatever the width. */
  #readRegister(offset: number, sizeBytes: AccessBytes): number {
    if (offset < DEVICE_CONFIG) return (this.#readTransport(offset) & (0xffffffff >>> (32 - 8 * sizeBytes))) >>> 0;
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++)
      value |= (this.deviceConfig[offset - DEVICE_CONFIG + byte] ?? 0xff) << (8 * byte);
    return value >>> 0;
  }

  #readTransport(offset: number): number {
    const queue = this.queues[this.#selected];
    switch (offset) {
      case HOST_FEATURES:
        return this.#hostFeatures;
      case GUEST_FEATURES:
        return this.#guestFeatures;
      case QUEUE_ADDRESS:
        return queue?.page ?? 0;
      case QUEUE_SIZE:
        return queue?.size ?? 0;
      case QUEUE_SELECT:
        return this.#selected;
      case DEVICE_STATUS:
        return this.#status;
      case INTERRUPT_STATUS: {
        const causes = this.#interruptStatus;
        this.#interruptStatus = 0;
        this.#interrupt.set(false);
        return causes;
      }
      default:
        return 0xffffffff;
    }
  }

  #writeRegister(offset: number, sizeBytes: AccessBytes, value: number): void {
    switch (offset) {
      case GUEST_FEATURES:
        // A driver that sets this bit sets all that it reads: it wants none (4.1.4.8 has it reserved).
        this.#guestFeatures = value & FEATURE_BAD ? 0 : (value & this.#hostFeatures) >>> 0;
        return;
      case QUEUE_ADDRESS: {
        if (value === 0) return this.#resetVirtio();
        const queue = this.queues[this.#selected];
        if (queue !== undefined) queue.page = value >>> 0;
        return;
      }
      case QUEUE_SELECT:
        if (value < MOST_QUEUES) this.#selected = value;
        return;
      case QUEUE_NOTIFY:
        if (value < this.queues.length && this.isRunning) this.notified(value);
        return;
      case DEVICE_STATUS:
        this.#status = value & 0xff;
        if (this.#status === 0) this.#resetVirtio();
        return;
      default:
        if (offset >= DEVICE_CONFIG) this.writeDeviceConfig(offset - DEVICE_CONFIG, sizeBytes, value);
    }
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("virtio", 1);
    visitor.bytes(this.deviceConfig);
    this.#guestFeatures = visitor.u32(this.#guestFeatures);
    this.#selected = visitor.u16(this.#selected);
    this.#status = visitor.u8(this.#status);
    this.#interruptStatus = visitor.u8(this.#interruptStatus);
    for (const queue of this.queues) queue.visitState(visitor);
  }
}
