/**
 * The board: it makes the chips of an i440FX/PIIX PC, wires them, and is the bus that the processor sees. The map of
 * ports, interrupts and PCI slots is in docs/board.md and follows QEMU's `-M pc`.
 */

import {
  type BoardConfig,
  type CharacterPort,
  DEBUG_CONSOLE,
  LPT1,
  NIC_MODELS,
  type NicModel,
  SERIAL_PORTS,
  type SerialPort,
  SOUND_CARDS,
  USUAL_SERIAL_PORTS,
} from "./board-config.ts";
import { AddressSpace } from "./bus/address-space.ts";
import type { AccessBytes, DmaMemory, PortHandler, ProcessorBus, VideoMemory, WindowFactory, Wire } from "./bus/bus.ts";
import type { PortLatches } from "./bus/port-latches.ts";
import { Counters } from "./debug/counters.ts";
import { Ac97 } from "./devices/ac97.ts";
import { AhciController } from "./devices/ahci.ts";
import { PORTS as AHCI_PORTS } from "./devices/ahci-registers.ts";
import { ApicBus, type ProcessorPins } from "./devices/apic-bus.ts";
import { AtaDisk } from "./devices/ata-disk.ts";
import { AtapiCd } from "./devices/atapi-cd.ts";
import { cmosContents } from "./devices/cmos-layout.ts";
import { CoprocessorError } from "./devices/coprocessor-error.ts";
import { DmaControllers } from "./devices/dma8237.ts";
import { makeDrives } from "./devices/drives.ts";
import { E1000, type E1000Wires } from "./devices/e1000.ts";
import { Fdc82077 } from "./devices/fdc82077.ts";
import { FloppyDrive } from "./devices/floppy-drive.ts";
import { FirmwareConfiguration } from "./devices/fw-cfg.ts";
import { HPET_ADDRESS, HPET_BYTES, Hpet } from "./devices/hpet.ts";
import { HostBridge, type SetShadow } from "./devices/i440fx.ts";
import { IdeChannel, IdeController } from "./devices/ide.ts";
import type { IdeDrive } from "./devices/ide-drive.ts";
import { IO_APIC_ADDRESS, IO_APIC_BYTES, type IoApicView } from "./devices/io-apic.ts";
import { KeyboardController } from "./devices/keyboard-controller.ts";
import { LOCAL_APIC_ADDRESS, LOCAL_APIC_BYTES, type LocalApic } from "./devices/local-apic.ts";
import { Ne2000 } from "./devices/ne2000.ts";
import { ParallelPort } from "./devices/parallel-port.ts";
import { PciBus } from "./devices/pci.ts";
import { Pcnet } from "./devices/pcnet.ts";
import { InterruptControllers, type PicView } from "./devices/pic.ts";
import { IsaBridge } from "./devices/piix3.ts";
import { PowerManagement } from "./devices/piix4-pm.ts";
import { Pit8254 } from "./devices/pit.ts";
import { Ps2Keyboard } from "./devices/ps2-keyboard.ts";
import { Ps2Mouse } from "./devices/ps2-mouse.ts";
import type { RemovableDrive } from "./devices/removable-drive.ts";
import { Rtc146818 } from "./devices/rtc.ts";
import { Rtl8139 } from "./devices/rtl8139.ts";
import { SataDisk } from "./devices/sata-disk.ts";
import { SB16_PORTS, Sb16 } from "./devices/sb16.ts";
import { sb16Place } from "./devices/sb16-mixer.ts";
import type { SoundOutput } from "./devices/sound-clock.ts";
import {
  debugConsolePort,
  debugExitPort,
  FastA20Port,
  LatchPort,
  NmiStatusPort,
  ResetControlPort,
} from "./devices/system-control.ts";
import { Uart16550 } from "./devices/uart.ts";
import { Vga, VIDEO_WINDOW, VIDEO_WINDOW_BYTES } from "./devices/vga.ts";
import { VgaPciFunction } from "./devices/vga-pci.ts";
import { VirtioBlk } from "./devices/virtio-blk.ts";
import { VirtioNet } from "./devices/virtio-net.ts";
import { SharedLine } from "./devices/wire.ts";
import { MediumFaults } from "./disk/faulty.ts";
import type { Stateful, StateVisitor } from "./state/state.ts";
import type { Clock } from "./time/clock.ts";

/** Sees what the processor reads from devices and writes to them, after it has happened. */
export interface BusProbe {
  port(port: number, sizeBytes: AccessBytes, value: number, write: boolean): void;
  mmio(physicalAddress: number, sizeBytes: AccessBytes, value: number, write: boolean): void;
}

export interface InterruptControllersView {
  readonly master: PicView;
  readonly slave: PicView;
  readonly io: IoApicView;
  /** By the processor's number; none where the processor has none. */
  readonly local: readonly LocalApic[];
}

type NetworkCard = E1000 | Rtl8139 | VirtioNet | Ne2000 | Pcnet;
type CardParts = [name: string, windows: WindowFactory, clock: Clock, wires: E1000Wires];

/** A boot ROM is for the card that firmware's and QEMU's ROMs drive. */
const CARD_MAKERS: Readonly<Record<NicModel, (...parts: CardParts) => NetworkCard>> = {
  e1000: (...parts) => new E1000(...parts),
  rtl8139: (...parts) => new Rtl8139(...parts),
  virtio: (...parts) => new VirtioNet(...parts),
  ne2k_pci: (...parts) => new Ne2000(...parts),
  pcnet: (...parts) => new Pcnet(...parts),
};

/** What the board asks of the machine. */
export interface BoardHost {
  tickNs: number;
  clock: Clock;
  dma: DmaMemory;
  video: VideoMemory;
  setShadow: SetShadow;
  processors: ProcessorPins;
  /** The A20M# and IGNNE# pins. */
  setA20(open: boolean): void;
  setIgnoreNumericError(level: boolean): void;
  requestReset(reason: string): void;
  powerOff(): void;
  /** The guest has written to the debug exit port. */
  exit(status: number): void;
  characterOutput(port: CharacterPort, byte: number): void;
  soundOutput: SoundOutput;
  log(line: string): void;
  /** Where ports that only remember their last byte lie, if the processor writes them by itself. */
  latches?: PortLatches;
}

const FIRST_NETWORK_SLOT = 3;
const MAX_NETWORK_CARDS = 16;
const MAX_VIRTIO_DISKS = 8;
const IDE_NAMES = ["ide0 master", "ide0 slave", "ide1 master", "ide1 slave"] as const;
const SCI_IRQ = 9;
/** The one interrupt that comes in at another input of the I/O APIC, where its own is not connected. */
const TIMER_IRQ = 0;
const TIMER_INPUT = 2;
/**
 * Values at the APM command port by which an operating system takes the hardware over into ACPI mode, and gives it
 * back.
 */
const ACPI_ENABLE = 0xf1;
const ACPI_DISABLE = 0xf0;

export class Board implements ProcessorBus, Stateful {
  readonly vga: Vga;
  readonly keyboard = new Ps2Keyboard();
  readonly mouse = new Ps2Mouse();
  readonly uarts: readonly Uart16550[];
  readonly networkCards: readonly NetworkCard[];
  readonly power: PowerManagement;
  #probe: BusProbe | null = null;
  readonly #counters: Counters;
  readonly #host: BoardHost;
  readonly #space: AddressSpace;
  readonly #irqs: readonly SharedLine[];
  readonly #pics: InterruptControllers;
  readonly #apics: ApicBus;
  readonly #pit: Pit8254;
  readonly #rtc: Rtc146818;
  readonly #hpet: Hpet | null;
  readonly #keyboardController: KeyboardController;
  readonly #dma: DmaControllers;
  readonly #fdc: Fdc82077;
  readonly #parallelPort: ParallelPort | null;
  readonly #pci = new PciBus();
  readonly #drives: readonly (IdeDrive | null)[];
  /** Of all its disks. */
  readonly mediumFaults = new MediumFaults();
  readonly #virtioDisks: readonly VirtioBlk[];
  /** By the port of the AHCI adapter. */
  readonly #sataDrives: readonly (IdeDrive | null)[];
  readonly #soundBlaster: Sb16 | null;
  readonly #coprocessorError: CoprocessorError;
  readonly configuration: FirmwareConfiguration | null;
  readonly #latches: readonly (Stateful & { reset?(): void })[];
  #resetNs = 0;

  /** The board must be reset before it is used, once the processor's pins in `host` are connected. */
  constructor(config: BoardConfig, host: BoardHost, counters = new Counters()) {
    this.#host = host;
    this.#counters = counters;
    const { clock } = host;
    const space = (this.#space = new AddressSpace((line) => host.log(line)));
    const hasApic = config.apics !== 0;
    const pics = (this.#pics = new InterruptControllers({
      set: (level) => {
        if (hasApic) this.#apics.setExternal(level);
        else host.processors.setInterruptRequest(level, 0);
      },
    }));
    const apics = (this.#apics = new ApicBus(config.apics ?? 1, clock, {
      pins: host.processors,
      acknowledgeExternal: () => pics.acknowledge(),
    }));
    if (hasApic) {
      space.claimMemory(LOCAL_APIC_ADDRESS, LOCAL_APIC_BYTES, apics.window);
      space.claimMemory(IO_APIC_ADDRESS, IO_APIC_BYTES, apics.io);
    }
    this.#irqs = Array.from({ length: 16 }, (_, number) => {
      const inputs = [pics.irq(number), apics.io.input(number === TIMER_IRQ ? TIMER_INPUT : number)] as const;
      const set = (level: boolean): void => {
        if (level) counters.irqs[number]!++;
        for (const input of inputs) input.set(level);
      };
      return new SharedLine({ set });
    });
    space.claimPorts(0x20, 2, pics.master);
    space.claimPorts(0xa0, 2, pics.slave);
    space.claimPorts(0x4d0, 2, pics.elcrPorts);

    const [timerIrq, clockIrq] = [this.#irq(0), this.#irq(8)];
    this.#hpet =
      config.hpet === false
        ? null
        : new Hpet(clock, timerIrq, clockIrq, [this.#irq(0), this.#irq(8)], apics.io.input(TIMER_INPUT));
    if (this.#hpet) space.claimMemory(HPET_ADDRESS, HPET_BYTES, this.#hpet);
    this.#pit = new Pit8254(clock, this.#hpet?.timerOutput ?? timerIrq);
    space.claimPorts(0x40, 4, this.#pit);
    const nmiStatus = new NmiStatusPort(clock, this.#pit);
    space.claimPorts(0x61, 1, nmiStatus);

    const ide = IDE_NAMES.map((_, index) => config.ide[index] ?? null);
    const drives = makeDrives(ide, (index) => IDE_NAMES[index]!, AtaDisk, clock, this.mediumFaults);
    this.#drives = drives;
    const floppies = (config.floppies ?? []).map((backend) => (backend ? new FloppyDrive(backend) : null));
    this.#rtc = new Rtc146818(
      clock,
      this.#hpet?.clockOutput ?? clockIrq,
      config.rtcStartSeconds,
      cmosContents({
        ramBytes: config.ramBytes,
        processors: Math.max(1, config.apics ?? 1),
        disks: drives.map((drive) => (drive instanceof AtaDisk ? drive.sectors : null)),
        floppyKinds: floppies.map((drive) => drive?.kind ?? 0),
        bootOrder: config.bootOrder ?? defaultBootOrder(config),
      }),
    );
    space.claimPorts(0x70, 2, this.#rtc);

    const setA20 = (open: boolean): void => host.setA20(open);
    this.#keyboardController = new KeyboardController(
      clock,
      {
        irq1: this.#irq(1),
        irq12: this.#irq(12),
        setA20,
        requestReset: () => host.requestReset("keyboard controller"),
      },
      this.keyboard,
      this.mouse,
    );
    this.keyboard.onOutput = this.mouse.onOutput = () => this.#keyboardController.deviceReady();
    space.claimPorts(0x60, 1, this.#keyboardController.dataPort);
    space.claimPorts(0x64, 1, this.#keyboardController.commandPort);
    const fastA20 = new FastA20Port({ setA20, requestReset: () => host.requestReset("port 92h") });
    space.claimPorts(0x92, 1, fastA20);

    for (const { ports } of SERIAL_PORTS) space.claimPorts(ports, 8, EMPTY_PLACE);
    this.uarts = SERIAL_PORTS.slice(0, config.serialPorts ?? USUAL_SERIAL_PORTS).map(({ name, ports, irq }, index) => {
      const output = (byte: number): void => host.characterOutput(index as SerialPort, byte);
      const uart = new Uart16550(clock, name, this.#irq(irq), output);
      space.claimPorts(ports, 8, uart);
      return uart;
    });
    this.#parallelPort = config.parallelPort
      ? new ParallelPort(clock, "LPT1", this.#irq(7), (byte) => host.characterOutput(LPT1, byte))
      : null;
    space.claimPorts(0x378, 3, this.#parallelPort ?? EMPTY_PLACE);

    this.#dma = new DmaControllers(host.dma);
    space.claimPorts(0x00, 16, this.#dma.bytePorts);
    space.claimPorts(0xc0, 32, this.#dma.wordPorts);
    space.claimPorts(0x81, 15, this.#dma.pagePorts);
    this.#fdc = new Fdc82077(clock, this.#irq(6), this.#dma.channel(2), floppies);
    space.claimPorts(0x3f0, 6, this.#fdc.ports);
    space.claimPorts(0x3f7, 1, this.#fdc.inputPorts);

    this.vga = new Vga(clock, host.video);
    space.claimPorts(0x3b0, 0x0c, this.vga);
    space.claimPorts(0x3c0, 0x20, offsetBy(this.vga, 0x10));
    space.claimPorts(0x1ce, 3, this.vga.dispi.ports, 2);
    space.claimMemory(VIDEO_WINDOW, VIDEO_WINDOW_BYTES, this.vga.window);

    const resetControl = new ResetControlPort(() => host.requestReset("port CF9h"));
    space.claimPorts(0xcf8, 1, this.#pci.addressPort, 4);
    space.claimPorts(0xcf9, 1, resetControl);
    space.claimPorts(0xcfc, 4, this.#pci.dataPorts, 4);
    const bridge = new IsaBridge(space, this.#connectPirqs());
    this.power = new PowerManagement(space, clock, { sci: this.#irq(SCI_IRQ), powerOff: () => host.powerOff() });
    this.#pci.plug(0, 0, new HostBridge(space, host.setShadow));
    this.#pci.plug(1, 0, bridge);
    this.#pci.plug(1, 1, new IdeController(space, this.#makeChannels(drives)));
    this.#pci.plug(1, 3, this.power);
    this.#pci.plug(2, 0, new VgaPciFunction(space, this.vga.dispi.frameBuffer, config.videoRom ?? null));
    this.networkCards = this.#makeNetworkCards(config, bridge);
    this.#virtioDisks = this.#makeVirtioDisks(config, bridge);
    this.#sataDrives = this.#makeSataDrives(config, bridge);
    this.#soundBlaster = this.#makeSoundCards(config, bridge);

    this.#coprocessorError = new CoprocessorError(this.#irq(13), (level) => host.setIgnoreNumericError(level));
    space.claimPorts(0xf0, 1, this.#coprocessorError);
    const postCode = new LatchPort("POST code", undefined, host.latches?.claim(0x80));
    const apmStatus = new LatchPort("APM status", undefined, host.latches?.claim(0xb3));
    const apmControl = new LatchPort("APM control", (value) => {
      if (value === ACPI_ENABLE || value === ACPI_DISABLE) this.power.setSciEnabled(value === ACPI_ENABLE);
    });
    space.claimPorts(0x80, 1, postCode);
    space.claimPorts(0xb2, 1, apmControl);
    space.claimPorts(0xb3, 1, apmStatus);
    space.claimPorts(
      0xf4,
      4,
      debugExitPort((status) => host.exit(status)),
      4,
    );
    this.configuration = config.settings?.length ? new FirmwareConfiguration(config.settings) : null;
    if (this.configuration) space.claimPorts(0x510, 2, this.configuration.ports, 2);
    const debugConsole = debugConsolePort((byte) => host.characterOutput(DEBUG_CONSOLE, byte));
    space.claimPorts(0x402, 1, debugConsole);
    space.claimPorts(0xe9, 1, debugConsole);
    this.#latches = [nmiStatus, fastA20, resetControl, postCode, apmControl, apmStatus, this.#coprocessorError];
  }

  #irq(number: number): Wire {
    return this.#irqs[number]!.connect();
  }

  /** An output for each of the four PIRQs on each IRQ. */
  #connectPirqs(): Wire[] {
    return Array.from({ length: 64 }, (_, index) => this.#irq(index & 15));
  }

  #makeChannels(drives: readonly (IdeDrive | null)[]): [IdeChannel, IdeChannel] {
    const channel = (first: number, irq: number, command: number, control: number): IdeChannel => {
      const made = new IdeChannel(drives.slice(first, first + 2), this.#irq(irq), this.#host.dma);
      this.#space.claimPorts(command, 1, made.dataPort, 4);
      this.#space.claimPorts(command + 1, 7, made.taskFilePorts);
      this.#space.claimPorts(control, 1, made.controlPort);
      return made;
    };
    return [channel(0, 14, 0x1f0, 0x3f6), channel(2, 15, 0x170, 0x376)];
  }

  #makeNetworkCards(config: BoardConfig, bridge: IsaBridge): NetworkCard[] {
    if (config.network.length > MAX_NETWORK_CARDS) throw new RangeError(`more than ${MAX_NETWORK_CARDS} network cards`);
    return config.network.map(({ macAddress, port, bootRom }, index) => {
      const slot = FIRST_NETWORK_SLOT + index;
      const { clock, dma } = this.#host;
      const wires = {
        dma,
        interrupt: bridge.interruptPin(slot, 1),
        port,
        macAddress,
        bootRom: bootRom ?? config.nicRom ?? null,
      };
      const card = CARD_MAKERS[config.nic ?? NIC_MODELS[0]](`eth${index}`, this.#space, clock, wires);
      this.#pci.plug(slot, 0, card);
      port.plugIn(clock, card);
      return card;
    });
  }

  #makeVirtioDisks({ virtioDisks = [], network }: BoardConfig, bridge: IsaBridge): VirtioBlk[] {
    if (virtioDisks.length > MAX_VIRTIO_DISKS) throw new RangeError(`more than ${MAX_VIRTIO_DISKS} virtio disks`);
    return virtioDisks.map((backend, index) => {
      const slot = FIRST_NETWORK_SLOT + network.length + index;
      const wires = { dma: this.#host.dma, interrupt: bridge.interruptPin(slot, 1) };
      const medium = this.mediumFaults.wrap(backend);
      const disk = new VirtioBlk(`virtio${index}`, this.#space, this.#host.clock, wires, medium);
      this.#pci.plug(slot, 0, disk);
      return disk;
    });
  }

  #makeSataDrives({ ahci = [], virtioDisks = [], network }: BoardConfig, bridge: IsaBridge): (IdeDrive | null)[] {
    if (ahci.length > AHCI_PORTS) throw new RangeError(`more than ${AHCI_PORTS} drives at an AHCI adapter`);
    const { clock, dma } = this.#host;
    const drives = makeDrives(ahci, (port) => `sata${port}`, SataDisk, clock, this.mediumFaults);
    if (drives.length > 0) {
      const slot = FIRST_NETWORK_SLOT + network.length + virtioDisks.length;
      const wires = { dma, interrupt: bridge.interruptPin(slot, 1) };
      this.#pci.plug(slot, 0, new AhciController("ahci0", this.#space, clock, wires, drives));
    }
    return drives;
  }

  /** Returns the one that is no PCI function. */
  #makeSoundCards({ sound = [], ahci, virtioDisks = [], network }: BoardConfig, bridge: IsaBridge): Sb16 | null {
    const { clock, dma, soundOutput } = this.#host;
    const places = SOUND_CARDS.map((model) => sound.findIndex((card) => card.model === model));
    if (places.filter((place) => place >= 0).length < sound.length)
      throw new RangeError("a machine has one sound card of a model");
    const [pciCard = -1, isaCard = -1] = places;
    if (pciCard >= 0) {
      const slot = FIRST_NETWORK_SLOT + network.length + virtioDisks.length + (ahci?.length ? 1 : 0);
      const wires = {
        dma,
        interrupt: bridge.interruptPin(slot, 1),
        output: (rateHertz: number, samples: Int16Array) => soundOutput(pciCard, rateHertz, samples),
      };
      this.#pci.plug(slot, 0, new Ac97("AC97", this.#space, clock, wires));
    }
    if (isaCard < 0) return null;
    const place = sb16Place(sound[isaCard]!);
    const card = new Sb16(clock, "SB16", place, {
      interrupt: this.#irq(place.irq),
      narrow: this.#dma.channel(place.dma),
      wide: this.#dma.channel(place.dma16),
      output: (rateHertz, samples) => soundOutput(isaCard, rateHertz, samples),
    });
    this.#space.claimPorts(place.iobase, SB16_PORTS, card);
    return card;
  }

  /** The drives whose medium can be changed, by QEMU's names; those at the AHCI adapter by their ports. */
  get removableDrives(): ReadonlyMap<string, RemovableDrive> {
    const drives = new Map<string, RemovableDrive>();
    for (const [index, drive] of this.#drives.entries())
      if (drive instanceof AtapiCd) drives.set(`ide${index >> 1}-cd${index & 1}`, drive);
    for (const [port, drive] of this.#sataDrives.entries())
      if (drive instanceof AtapiCd) drives.set(`ahci0-cd${port}`, drive);
    for (const [index, drive] of this.#fdc.drives.entries()) if (drive) drives.set(`floppy${index}`, drive);
    return drives;
  }

  /** All drives take this many times as long from now on; at least 1. */
  slowDrives(factor: number): void {
    for (const drive of [...this.#drives, ...this.#virtioDisks, ...this.#sataDrives])
      if (drive) drive.slowness = factor;
  }

  /** Somebody puts the clock on the board forward. */
  shiftClock(seconds: number): void {
    this.#rtc.shift(seconds);
  }

  /** The registers of the interrupt controllers, for debuggers. */
  get interruptControllers(): InterruptControllersView {
    const { master, slave } = this.#pics;
    return { master: master.view, slave: slave.view, io: this.#apics.io.view, local: this.#apics.local };
  }

  /** What is on the PCI bus. */
  get pciFunctions(): PciBus["functions"] {
    return this.#pci.functions;
  }

  get probe(): BusProbe | null {
    return this.#probe;
  }

  set probe(probe: BusProbe | null) {
    this.#probe = probe;
    this.vga.isWatched = probe !== null;
    this.#host.latches?.watch("probe", probe !== null);
  }

  /** What a debugger sees of the memory of a device: of the VGA's. */
  peek(physicalAddress: number): number | null {
    const offset = physicalAddress - VIDEO_WINDOW;
    return offset >= 0 && offset < VIDEO_WINDOW_BYTES ? this.vga.peek(offset) : null;
  }

  /** The board's reset line: all chips but the processor. */
  reset(): void {
    this.#resetNs = this.#host.clock.nowNs;
    this.#pci.reset();
    this.#hpet?.reset();
    this.#pit.reset();
    this.#rtc.reset();
    this.#keyboardController.reset();
    for (const uart of this.uarts) uart.reset();
    this.#parallelPort?.reset();
    this.#soundBlaster?.reset();
    this.vga.reset();
    this.#dma.reset();
    this.#fdc.reset();
    for (const latch of this.#latches) latch.reset?.();
    this.configuration?.reset();
    this.#apics.reset();
    this.#pics.reset();
    this.#host.setA20(true);
  }

  readPort(port: number, sizeBytes: AccessBytes): number {
    this.#counters.portReads++;
    const value = this.#space.readPort(port, sizeBytes);
    this.probe?.port(port, sizeBytes, value, false);
    return value;
  }

  readPortRun(port: number, sizeBytes: AccessBytes, target: Uint8Array): number {
    // A probe sees each access.
    const lengthBytes = this.probe ? 0 : this.#space.readPortRun(port, sizeBytes, target);
    this.#counters.portReads += lengthBytes / sizeBytes;
    return lengthBytes;
  }

  isSteadyPort(port: number): boolean {
    // A probe sees each access.
    return !this.probe && this.#space.isSteadyPort(port);
  }

  writePort(port: number, sizeBytes: AccessBytes, value: number): void {
    this.#counters.portWrites++;
    this.#space.writePort(port, sizeBytes, value);
    this.probe?.port(port, sizeBytes, value, true);
  }

  readMmio(physicalAddress: number, sizeBytes: AccessBytes): number {
    this.#counters.mmioReads++;
    const value = this.#space.readMmio(physicalAddress, sizeBytes);
    this.probe?.mmio(physicalAddress, sizeBytes, value, false);
    return value;
  }

  writeMmio(physicalAddress: number, sizeBytes: AccessBytes, value: number): void {
    this.#counters.mmioWrites++;
    this.#space.writeMmio(physicalAddress, sizeBytes, value);
    this.probe?.mmio(physicalAddress, sizeBytes, value, true);
  }

  // A probe sees each access.
  readMmioRun(physicalAddress: number, sizeBytes: AccessBytes, target: Uint8Array): boolean {
    if (this.probe || !this.#space.readMmioRun(physicalAddress, sizeBytes, target)) return false;
    this.#counters.mmioReads += target.length / sizeBytes;
    return true;
  }

  writeMmioRun(physicalAddress: number, sizeBytes: AccessBytes, source: Uint8Array): boolean {
    if (this.probe || !this.#space.writeMmioRun(physicalAddress, sizeBytes, source)) return false;
    this.#counters.mmioWrites += source.length / sizeBytes;
    return true;
  }

  readTimestamp(): number {
    return Math.floor((this.#host.clock.nowNs - this.#resetNs) / this.#host.tickNs);
  }

  acknowledgeInterrupt(): number {
    return this.apic === null ? this.#pics.acknowledge() : this.apic.acknowledge();
  }

  /** The local APIC of the processor that runs. */
  get apic(): LocalApic | null {
    return this.#apics.local.length === 0 ? null : this.#apics.running;
  }

  /** Someone presses the button for a non-maskable interrupt. */
  pulseNmi(): void {
    if (this.apic === null) this.#host.processors.raiseNmi(0);
    else this.#apics.pulseNmi();
  }

  setNumericError(level: boolean): void {
    this.#coprocessorError.set(level);
  }

  shutdown(report: string): void {
    this.#host.log(report);
    this.#host.requestReset("triple fault");
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("board", 7);
    this.mediumFaults.visitState(visitor);
    this.#resetNs = visitor.integer(this.#resetNs);
    for (const irq of this.#irqs) irq.assume(visitor.integer(irq.levels));
    for (const latch of this.#latches) latch.visitState(visitor);
    this.#hpet?.visitState(visitor);
    this.#pit.visitState(visitor);
    this.#rtc.visitState(visitor);
    this.#keyboardController.visitState(visitor);
    for (const uart of this.uarts) uart.visitState(visitor);
    this.#parallelPort?.visitState(visitor);
    this.#soundBlaster?.visitState(visitor);
    this.vga.visitState(visitor);
    this.#dma.visitState(visitor);
    this.#fdc.visitState(visitor);
    this.#pci.visitState(visitor);
    this.#pics.visitState(visitor);
    this.#apics.visitState(visitor);
    this.configuration?.visitState(visitor);
  }
}

/** Where systems look for a device that is not there: that is nothing to tell people of. */
const EMPTY_PLACE: PortHandler = { readPort: () => 0xff, writePort: () => {} };

/** As QEMU's: what comes first is what is most likely meant when it is there. */
function defaultBootOrder(config: BoardConfig): string {
  const network = config.nicRom || config.network.some(({ bootRom }) => bootRom !== undefined) ? "n" : "";
  return `c${config.floppies?.some((backend) => backend !== null) ? "a" : ""}d${network}`;
}

/** A handler whose range begins `distance` ports into another one's. */
function offsetBy(handler: PortHandler, distance: number): PortHandler {
  return {
    readPort: (offset, sizeBytes) => handler.readPort(offset + distance, sizeBytes),
    writePort: (offset, sizeBytes, value) => handler.writePort(offset + distance, sizeBytes, value),
  };
}
