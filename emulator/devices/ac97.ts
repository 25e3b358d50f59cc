/**
 * The AC'97 audio controller of Intel's 82801AA (ICH, 8086:2415) with a codec: mixer registers behind one I/O window,
 * behind the other those of three bus masters (PCM in, PCM out, microphone) and of the link. Source: Intel, 82801AA
 * data sheet (290655), chapter 13. Nobody is at the inputs, so what is recorded is silence. The codec is always ready.
 */
import type { AccessBytes, DmaMemory, PortHandler, WindowFactory, Wire } from "../bus/bus.ts";
import type { StateVisitor } from "../state/state.ts";
import type { Clock } from "../time/clock.ts";
import { Ac97Codec, type Converter } from "./ac97-codec.ts";
import { Ac97Stream, STREAM_BYTES, type StreamWires } from "./ac97-stream.ts";
import { PciFunction } from "./pci.ts";

const MIXER_PORTS = 1024;
const BUS_MASTER_PORTS = 256;

const GLOB_CNT = 0x2c;
const GLOB_STA = 0x30;
const CAS = 0x34;

/** Global control: GPI interrupt, cold reset when low, warm reset, the link is off, interrupts by those that wake. */
const COLD_RESET_NOT = 0x02;
const CONTROL_BITS = 0x3b;
/** Global status: the codec is ready, and two bits that are the guest's. */
const PRIMARY_READY = 0x0100;
const STATUS_BITS = 0x30000;

interface StreamShape {
  readonly name: string;
  readonly converter: Converter;
  readonly frameSamples: number;
  /** Its bit of the global status. */
  readonly interrupt: number;
  readonly plays: boolean;
}

/** In the order of their registers. */
const STREAMS: readonly StreamShape[] = [
  { name: "PCM in", converter: "adc", frameSamples: 2, interrupt: 0x20, plays: false },
  { name: "PCM out", converter: "front", frameSamples: 2, interrupt: 0x40, plays: true },
  { name: "microphone", converter: "microphone", frameSamples: 1, interrupt: 0x80, plays: false },
];

export interface Ac97Wires {
  readonly dma: DmaMemory;
  readonly interrupt: Wire;
  /** Takes what is played; see `SoundOutput`. */
  readonly output: (rateHertz: number, samples: Int16Array) => void;
}

export class Ac97 extends PciFunction {
  readonly #wires: Ac97Wires;
  readonly #codec = new Ac97Codec();
  readonly #streams: readonly Ac97Stream[];
  #control = 0;
  #status = 0;
  /** Somebody has taken the codec, and not accessed it yet. */
  #isTaken = false;

  constructor(name: string, windows: WindowFactory, clock: Clock, wires: Ac97Wires) {
    const identity = { vendor: 0x8086, device: 0x2415, revision: 1, classCode: 0x040100, interruptPin: 1 };
    super(name, identity, windows);
    this.#wires = wires;
    this.#streams = STREAMS.map(
      (shape) => new Ac97Stream(clock, `${name} ${shape.name}`, shape.frameSamples, this.#streamWires(shape)),
    );
    this.addIoBar(0, MIXER_PORTS, this.#mixerPorts);
    this.addIoBar(1, BUS_MASTER_PORTS, this.#busMasterPorts);
    this.set16(0x06, 0x0280);
    this.sealConfig();
    this.#resetRegisters();
  }

  override reset(): void {
    super.reset();
    this.#resetRegisters();
  }

  #resetRegisters(): void {
    this.#control = 0;
    this.#status = 0;
    this.#isTaken = false;
    this.#codec.reset();
    for (const stream of this.#streams) stream.resetHard();
    this.#updateInterrupt();
  }

  #streamWires({ converter, plays }: StreamShape): StreamWires {
    const { dma } = this.#wires;
    const descriptor = new Uint8Array(8);
    const view = new DataView(descriptor.buffer);
    return {
      mayMove: () => this.busMasterEnabled,
      readDescriptor: (physicalAddress) => {
        if (this.busMasterEnabled) dma.read(physicalAddress, descriptor);
        else descriptor.fill(0);
        return [view.getUint32(0, true), view.getUint32(4, true)];
      },
      move: (physicalAddress, samples) => {
        if (plays) this.#play(physicalAddress, samples);
        else dma.write(physicalAddress, new Uint8Array(2 * samples));
      },
      rateHertz: () => this.#codec.rateHertz(converter),
      changed: () => this.#updateInterrupt(),
    };
  }

  #play(physicalAddress: number, count: number): void {
    const bytes = new Uint8Array(2 * count);
    this.#wires.dma.read(physicalAddress, bytes);
    const view = new DataView(bytes.buffer);
    // Half a frame at the end of a buffer has nothing on the right.
    const samples = new Int16Array(count + (count & 1));
    for (let index = 0; index < count; index++) samples[index] = view.getInt16(2 * index, true);
    this.#codec.attenuate(samples);
    this.#wires.output(this.#codec.rateHertz("front"), samples);
  }

  #updateInterrupt(): void {
    this.#wires.interrupt.set(this.#streams.some(({ isInterrupting }) => isInterrupting));
  }

  #sync(): void {
    for (const stream of this.#streams) stream.sync();
  }

  /** Registers of the codec are words; other accesses free the codec, and that is all. */
  readonly #mixerPorts: PortHandler = {
    readPort: (offset, sizeBytes) => {
      this.#isTaken = false;
      return sizeBytes === 2 ? this.#codec.read(offset) : 0xffffffff >>> (32 - 8 * sizeBytes);
    },
    writePort: (offset, sizeBytes, value) => {
      this.#isTaken = false;
      if (sizeBytes !== 2) return;
      // What has left by now was played at the rate and as loud as before.
      this.#sync();
      if (this.#codec.write(offset, value)) for (const stream of this.#streams) stream.rateChanged();
    },
  };

  readonly #busMasterPorts: PortHandler = {
    readPort: (offset, sizeBytes) => this.#readBusMaster(offset, sizeBytes),
    writePort: (offset, sizeBytes, value) => this.#writeBusMaster(offset, sizeBytes, value),
  };

  #readBusMaster(offset: number, sizeBytes: AccessBytes): number {
    this.#sync();
    if (offset === CAS && sizeBytes === 1) {
      const wasTaken = this.#isTaken;
      this.#isTaken = true;
      return Number(wasTaken);
    }
    if (sizeBytes === 4 && offset === GLOB_CNT) return this.#control;
    if (sizeBytes === 4 && offset === GLOB_STA) return this.#globalStatus;
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) value |= (this.#readByte(offset + byte) ?? 0xff) << (8 * byte);
    return value >>> 0;
  }

  #readByte(offset: number): number | null {
    return this.#streams[Math.floor(offset / STREAM_BYTES)]?.read(offset % STREAM_BYTES) ?? null;
  }

  get #globalStatus(): number {
    return STREAMS.reduce(
      (status, { interrupt }, index) => (this.#streams[index]!.isInterrupting ? status | interrupt : status),
      this.#status | PRIMARY_READY,
    );
  }

  #writeBusMaster(offset: number, sizeBytes: AccessBytes, value: number): void {
    this.#sync();
    if (offset === GLOB_CNT && sizeBytes === 4) {
      // The rising of the reset line does nothing; a warm reset is over at once.
      if (this.#control & ~value & COLD_RESET_NOT) this.#resetCold();
      this.#control = value & CONTROL_BITS;
    } else if (offset === GLOB_STA && sizeBytes === 4) this.#status = (this.#status | value) & STATUS_BITS;
    else
      for (let byte = 0; byte < sizeBytes; byte++) {
        const at = offset + byte;
        this.#streams[Math.floor(at / STREAM_BYTES)]?.write(at % STREAM_BYTES, (value >>> (8 * byte)) & 0xff);
      }
  }

  #resetCold(): void {
    this.#codec.reset();
    for (const stream of this.#streams) stream.rateChanged();
  }

  override visitState(visitor: StateVisitor): void {
    super.visitState(visitor);
    visitor.part("AC'97", 1);
    this.#control = visitor.u8(this.#control);
    this.#status = visitor.u32(this.#status);
    this.#isTaken = visitor.bool(this.#isTaken);
    this.#codec.visitState(visitor);
    for (const stream of this.#streams) stream.visitState(visitor);
  }
}
