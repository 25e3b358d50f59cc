/**
 * The parts of the board, one row each: how it is made and wired, and where it stands in the saved state. The map of
 * ports, interrupts and PCI slots is in docs/board.md and follows QEMU's `-M pc`.
 *
 * Parts are made in the order of the rows, and reset in the opposite one: what a line leads to is cleared last.
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
import type { AddressSpace } from "./bus/address-space.ts";
import type { DmaMemory, PortHandler, VideoMemory, WindowFactory, Wire } from "./bus/bus.ts";
import type { PortLatches } from "./bus/port-latches.ts";
import type { Counters } from "./debug/counters.ts";
import { cmosContents } from "./devices/clock/cmos-layout.ts";
import { HPET_ADDRESS, HPET_BYTES, Hpet } from "./devices/clock/hpet.ts";
import { Pit8254 } from "./devices/clock/pit.ts";
import { Rtc146818 } from "./devices/clock/rtc.ts";
import { CoprocessorError } from "./devices/coprocessor-error.ts";
import { DmaControllers } from "./devices/dma8237.ts";
import { FirmwareConfiguration } from "./devices/fw-cfg.ts";
import { HostBridge, type SetShadow } from "./devices/i440fx.ts";
import { KeyboardController } from "./devices/input/keyboard-controller.ts";
import { Ps2Keyboard } from "./devices/input/ps2-keyboard.ts";
import { Ps2Mouse } from "./devices/input/ps2-mouse.ts";
import { ApicBus, type ProcessorPins } from "./devices/interrupt/apic-bus.ts";
import { InterruptLines, TIMER_INPUT } from "./devices/interrupt/interrupt-lines.ts";
import { IO_APIC_ADDRESS, IO_APIC_BYTES } from "./devices/interrupt/io-apic.ts";
import { LOCAL_APIC_ADDRESS, LOCAL_APIC_BYTES } from "./devices/interrupt/local-apic.ts";
import { InterruptControllers } from "./devices/interrupt/pic.ts";
import { E1000, type E1000Wires } from "./devices/network/e1000.ts";
import { Ne2000 } from "./devices/network/ne2000.ts";
import { Pcnet } from "./devices/network/pcnet.ts";
import { Rtl8139 } from "./devices/network/rtl8139.ts";
import { VirtioNet } from "./devices/network/virtio-net.ts";
import { ParallelPort } from "./devices/parallel-port.ts";
import { PciBus } from "./devices/pci.ts";
import { IsaBridge } from "./devices/piix3.ts";
import { PowerManagement } from "./devices/piix4-pm.ts";
import { Ac97 } from "./devices/sound/ac97.ts";
import { SB16_PORTS, Sb16 } from "./devices/sound/sb16.ts";
import { sb16Place } from "./devices/sound/sb16-mixer.ts";
import type { SoundOutput } from "./devices/sound/sound-clock.ts";
import { AhciController } from "./devices/storage/ahci.ts";
import { PORTS as AHCI_PORTS } from "./devices/storage/ahci-registers.ts";
import { AtaDisk } from "./devices/storage/ata-disk.ts";
import { DriveBays, IDE_NAMES, makeDrives } from "./devices/storage/drives.ts";
import { Fdc82077 } from "./devices/storage/fdc82077.ts";
import { FloppyDrive } from "./devices/storage/floppy-drive.ts";
import { IdeChannel, IdeController } from "./devices/storage/ide.ts";
import { SataDisk } from "./devices/storage/sata-disk.ts";
import { VirtioBlk } from "./devices/storage/virtio-blk.ts";
import {
  debugConsolePort,
  debugExitPort,
  FastA20Port,
  LatchPort,
  NmiStatusPort,
  ResetControlPort,
} from "./devices/system-control.ts";
import { Uart16550 } from "./devices/uart.ts";
import { Vga, VIDEO_WINDOW, VIDEO_WINDOW_BYTES } from "./devices/video/vga.ts";
import { VgaPciFunction } from "./devices/video/vga-pci.ts";
import type { MediumFaults } from "./disk/faulty.ts";
import { broken } from "./state/invariant.ts";
import type { StateVisitor } from "./state/state.ts";
import type { Clock } from "./time/clock.ts";

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

/** What stands on the board. Functions of the PCI bus are reset and visited by it, drives by their controllers. */
export type Part = object & { reset?(): void; visitState?(visitor: StateVisitor): void };
type Class<Made> = abstract new (...args: never[]) => Made;

/** The parts that are there, in the order in which they were made. */
export class PartList {
  readonly #parts: Part[] = [];

  add(part: Part): void {
    this.#parts.push(part);
  }

  all<Made>(type: Class<Made>): Made[] {
    return this.#parts.filter((part): part is Part & Made => part instanceof type);
  }

  find<Made>(type: Class<Made>): Made | null {
    return this.all(type)[0] ?? null;
  }

  /** A part that every board has, made by a row before. */
  the<Made>(type: Class<Made>): Made {
    return this.find(type) ?? broken("board", `there is no ${type.name} yet`);
  }
}

/** What a part is made with. */
export interface Wiring {
  readonly config: BoardConfig;
  readonly host: BoardHost;
  readonly clock: Clock;
  readonly space: AddressSpace;
  readonly parts: PartList;
  readonly faults: MediumFaults;
  readonly counters: Counters;
  /** One more output at an interrupt line. Which one it is shows in the saved state. */
  irq(number: number): Wire;
  /** Puts a function into the next PCI slot that is free; `make` is given the slot's INTA#. */
  plug<Made extends Parameters<PciBus["plug"]>[2]>(make: (interrupt: Wire) => Made): Made;
}

export interface PartRow {
  /**
   * Its place in the saved state, from 1; 0 where something else visits it. Files that people have are in this order: a
   * new part comes last.
   */
  readonly state: number;
  /** Makes it, or several, or none. */
  make(on: Wiring): Part | readonly Part[] | null;
}

const MAX_NETWORK_CARDS = 16;
const MAX_VIRTIO_DISKS = 8;
const SCI_IRQ = 9;
/**
 * Values at the APM command port by which an operating system takes the hardware over into ACPI mode, and gives it
 * back.
 */
const ACPI_ENABLE = 0xf1;
const ACPI_DISABLE = 0xf0;

/** Where systems look for a device that is not there: that is nothing to tell people of. */
const EMPTY_PLACE: PortHandler = { readPort: () => 0xff, writePort: () => {} };

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

export const PARTS: readonly PartRow[] = [
  // Interrupts.
  { state: 20, make: makeInterruptControllers },
  {
    state: 1,
    make: ({ parts, counters }) =>
      new InterruptLines(parts.the(InterruptControllers), parts.the(ApicBus).io, counters.irqs),
  },
  // Time.
  {
    state: 9,
    make: ({ config, clock, space, parts, irq }) => {
      if (config.hpet === false) return null;
      const hpet = new Hpet(clock, irq(0), irq(8), [irq(0), irq(8)], parts.the(ApicBus).io.input(TIMER_INPUT));
      space.claimMemory(HPET_ADDRESS, HPET_BYTES, hpet);
      return hpet;
    },
  },
  {
    state: 10,
    make: ({ clock, space, parts, irq }) => {
      const pit = new Pit8254(clock, parts.find(Hpet)?.timerOutput ?? irq(0));
      space.claimPorts(0x40, 4, pit);
      return pit;
    },
  },
  {
    state: 2,
    make: ({ clock, space, parts }) => {
      const port = new NmiStatusPort(clock, parts.the(Pit8254));
      space.claimPorts(0x61, 1, port);
      return port;
    },
  },
  { state: 0, make: makeDriveBays },
  {
    state: 11,
    make: ({ config, clock, space, parts, irq }) => {
      const output = parts.find(Hpet)?.clockOutput ?? irq(8);
      const rtc = new Rtc146818(clock, output, config.rtcStartSeconds, cmosOf(config, parts.the(DriveBays)));
      space.claimPorts(0x70, 2, rtc);
      return rtc;
    },
  },
  // Keyboard, mouse, and the lines of A20.
  { state: 0, make: () => [new Ps2Keyboard(), new Ps2Mouse()] },
  { state: 12, make: makeKeyboardController },
  {
    state: 3,
    make: ({ host, space }) => {
      const setA20 = (open: boolean): void => host.setA20(open);
      const port = new FastA20Port({ setA20, requestReset: () => host.requestReset("port 92h") });
      space.claimPorts(0x92, 1, port);
      return port;
    },
  },
  // Lines to the outside.
  { state: 13, make: makeUarts },
  {
    state: 14,
    make: ({ config, clock, host, space, irq }) => {
      space.claimPorts(0x378, 3, EMPTY_PLACE);
      if (!config.parallelPort) return null;
      const port = new ParallelPort(clock, "LPT1", irq(7), (byte) => host.characterOutput(LPT1, byte));
      space.claimPorts(0x378, 3, port);
      return port;
    },
  },
  // Diskettes.
  {
    state: 17,
    make: ({ host, space }) => {
      const dma = new DmaControllers(host.dma);
      space.claimPorts(0x00, 16, dma.bytePorts);
      space.claimPorts(0xc0, 32, dma.wordPorts);
      space.claimPorts(0x81, 15, dma.pagePorts);
      return dma;
    },
  },
  {
    state: 18,
    make: ({ clock, space, parts, irq }) => {
      const fdc = new Fdc82077(clock, irq(6), parts.the(DmaControllers).channel(2), parts.the(DriveBays).floppies);
      space.claimPorts(0x3f0, 6, fdc.ports);
      space.claimPorts(0x3f7, 1, fdc.inputPorts);
      return fdc;
    },
  },
  // The screen.
  {
    state: 16,
    make: ({ clock, host, space }) => {
      const vga = new Vga(clock, host.video);
      space.claimPorts(0x3b0, 0x0c, vga);
      space.claimPorts(0x3c0, 0x20, offsetBy(vga, 0x10));
      space.claimPorts(0x1ce, 3, vga.dispi.ports, 2);
      space.claimMemory(VIDEO_WINDOW, VIDEO_WINDOW_BYTES, vga.window);
      return vga;
    },
  },
  // The PCI bus and its functions; the bus visits them in the order in which they are plugged in.
  {
    state: 19,
    make: ({ space }) => {
      const pci = new PciBus();
      space.claimPorts(0xcf8, 1, pci.addressPort, 4);
      space.claimPorts(0xcfc, 4, pci.dataPorts, 4);
      return pci;
    },
  },
  {
    state: 4,
    make: ({ host, space }) => {
      const port = new ResetControlPort(() => host.requestReset("port CF9h"));
      space.claimPorts(0xcf9, 1, port);
      return port;
    },
  },
  { state: 0, make: makeChipset },
  { state: 0, make: makeNetworkCards },
  { state: 0, make: makeVirtioDisks },
  { state: 0, make: makeAhci },
  { state: 0, make: makeAc97 },
  { state: 15, make: makeSb16 },
  // The small ports.
  {
    state: 8,
    make: ({ host, space, irq }) => {
      const part = new CoprocessorError(irq(13), (level) => host.setIgnoreNumericError(level));
      space.claimPorts(0xf0, 1, part);
      return part;
    },
  },
  {
    state: 5,
    make: ({ host, space }) => {
      const port = new LatchPort("POST code", undefined, host.latches?.claim(0x80));
      space.claimPorts(0x80, 1, port);
      return port;
    },
  },
  {
    state: 7,
    make: ({ host, space }) => {
      const port = new LatchPort("APM status", undefined, host.latches?.claim(0xb3));
      space.claimPorts(0xb3, 1, port);
      return port;
    },
  },
  {
    state: 6,
    make: ({ space, parts }) => {
      const power = parts.the(PowerManagement);
      const port = new LatchPort("APM control", (value) => {
        if (value === ACPI_ENABLE || value === ACPI_DISABLE) power.setSciEnabled(value === ACPI_ENABLE);
      });
      space.claimPorts(0xb2, 1, port);
      return port;
    },
  },
  {
    state: 0,
    make: ({ host, space }) => {
      const exit = debugExitPort((status) => host.exit(status));
      space.claimPorts(0xf4, 4, exit, 4);
      const debugConsole = debugConsolePort((byte) => host.characterOutput(DEBUG_CONSOLE, byte));
      space.claimPorts(0x402, 1, debugConsole);
      space.claimPorts(0xe9, 1, debugConsole);
      return null;
    },
  },
  {
    state: 21,
    make: ({ config, space }) => {
      if (!config.settings?.length) return null;
      const configuration = new FirmwareConfiguration(config.settings);
      space.claimPorts(0x510, 2, configuration.ports, 2);
      return configuration;
    },
  },
];

/** The 8259s and the APICs: the output of the first is an input of the others where there are any. */
function makeInterruptControllers({ config, clock, host, space }: Wiring): readonly Part[] {
  const hasApic = config.apics !== 0;
  const pics = new InterruptControllers({
    set: (level) => {
      if (hasApic) apics.setExternal(level);
      else host.processors.setInterruptRequest(level, 0);
    },
  });
  const apics = new ApicBus(config.apics ?? 1, clock, {
    pins: host.processors,
    acknowledgeExternal: () => pics.acknowledge(),
  });
  if (hasApic) {
    space.claimMemory(LOCAL_APIC_ADDRESS, LOCAL_APIC_BYTES, apics.window);
    space.claimMemory(IO_APIC_ADDRESS, IO_APIC_BYTES, apics.io);
  }
  space.claimPorts(0x20, 2, pics.master);
  space.claimPorts(0xa0, 2, pics.slave);
  space.claimPorts(0x4d0, 2, pics.elcrPorts);
  return [pics, apics];
}

function makeDriveBays({ config, clock, faults }: Wiring): Part {
  const ide = IDE_NAMES.map((_, index) => config.ide[index] ?? null);
  const drives = makeDrives(ide, (index) => IDE_NAMES[index]!, AtaDisk, clock, faults);
  const floppies = (config.floppies ?? []).map((backend) => (backend ? new FloppyDrive(backend) : null));
  return new DriveBays(drives, floppies);
}

function cmosOf(config: BoardConfig, { ide, floppies }: DriveBays): ReturnType<typeof cmosContents> {
  return cmosContents({
    ramBytes: config.ramBytes,
    processors: Math.max(1, config.apics ?? 1),
    disks: ide.map((drive) => (drive instanceof AtaDisk ? drive.sectors : null)),
    floppyKinds: floppies.map((drive) => drive?.kind ?? 0),
    bootOrder: config.bootOrder ?? defaultBootOrder(config),
  });
}

/** As QEMU's: what comes first is what is most likely meant when it is there. */
function defaultBootOrder(config: BoardConfig): string {
  const network = config.nicRom || config.network.some(({ bootRom }) => bootRom !== undefined) ? "n" : "";
  return `c${config.floppies?.some((backend) => backend !== null) ? "a" : ""}d${network}`;
}

function makeKeyboardController({ clock, host, space, parts, irq }: Wiring): Part {
  const [keyboard, mouse] = [parts.the(Ps2Keyboard), parts.the(Ps2Mouse)];
  const lines = {
    irq1: irq(1),
    irq12: irq(12),
    setA20: (open: boolean): void => host.setA20(open),
    requestReset: () => host.requestReset("keyboard controller"),
  };
  const controller = new KeyboardController(clock, lines, keyboard, mouse);
  keyboard.onOutput = mouse.onOutput = () => controller.deviceReady();
  space.claimPorts(0x60, 1, controller.dataPort);
  space.claimPorts(0x64, 1, controller.commandPort);
  return controller;
}

function makeUarts({ config, clock, host, space, irq }: Wiring): readonly Part[] {
  for (const { ports } of SERIAL_PORTS) space.claimPorts(ports, 8, EMPTY_PLACE);
  return SERIAL_PORTS.slice(0, config.serialPorts ?? USUAL_SERIAL_PORTS).map(({ name, ports, irq: number }, index) => {
    const output = (byte: number): void => host.characterOutput(index as SerialPort, byte);
    const uart = new Uart16550(clock, name, irq(number), output);
    space.claimPorts(ports, 8, uart);
    return uart;
  });
}

/** Slots 0 to 2: the bridges, the IDE controller, power management and the display adapter. */
function makeChipset({ config, clock, host, space, parts, irq }: Wiring): readonly Part[] {
  const pci = parts.the(PciBus);
  const channel = (first: number, number: number, command: number, control: number): IdeChannel => {
    const made = new IdeChannel(parts.the(DriveBays).ide.slice(first, first + 2), irq(number), host.dma);
    space.claimPorts(command, 1, made.dataPort, 4);
    space.claimPorts(command + 1, 7, made.taskFilePorts);
    space.claimPorts(control, 1, made.controlPort);
    return made;
  };
  // An output for each of the four PIRQs on each IRQ.
  const pirqs = Array.from({ length: 64 }, (_, index) => irq(index & 15));
  const bridge = new IsaBridge(space, pirqs);
  const power = new PowerManagement(space, clock, { sci: irq(SCI_IRQ), powerOff: () => host.powerOff() });
  pci.plug(0, 0, new HostBridge(space, host.setShadow));
  pci.plug(1, 0, bridge);
  pci.plug(1, 1, new IdeController(space, [channel(0, 14, 0x1f0, 0x3f6), channel(2, 15, 0x170, 0x376)]));
  pci.plug(1, 3, power);
  pci.plug(2, 0, new VgaPciFunction(space, parts.the(Vga).dispi.frameBuffer, config.videoRom ?? null));
  return [bridge, power];
}

function makeNetworkCards({ config, clock, host, space, plug }: Wiring): readonly Part[] {
  if (config.network.length > MAX_NETWORK_CARDS) throw new RangeError(`more than ${MAX_NETWORK_CARDS} network cards`);
  return config.network.map(({ macAddress, port, bootRom = config.nicRom ?? null }, index) => {
    const card = plug((interrupt) => {
      const wires = { dma: host.dma, interrupt, port, macAddress, bootRom };
      return CARD_MAKERS[config.nic ?? NIC_MODELS[0]](`eth${index}`, space, clock, wires);
    });
    port.plugIn(clock, card);
    return card;
  });
}

function makeVirtioDisks({
  config: { virtioDisks = [] },
  clock,
  host,
  space,
  parts,
  faults,
  plug,
}: Wiring): readonly Part[] {
  if (virtioDisks.length > MAX_VIRTIO_DISKS) throw new RangeError(`more than ${MAX_VIRTIO_DISKS} virtio disks`);
  const disks = virtioDisks.map((backend, index) => {
    const medium = faults.wrap(backend);
    return plug((interrupt) => new VirtioBlk(`virtio${index}`, space, clock, { dma: host.dma, interrupt }, medium));
  });
  parts.the(DriveBays).virtio = disks;
  return disks;
}

function makeAhci({ config: { ahci = [] }, clock, host, space, parts, faults, plug }: Wiring): Part | null {
  if (ahci.length > AHCI_PORTS) throw new RangeError(`more than ${AHCI_PORTS} drives at an AHCI adapter`);
  if (ahci.length === 0) return null;
  const drives = makeDrives(ahci, (port) => `sata${port}`, SataDisk, clock, faults);
  parts.the(DriveBays).sata = drives;
  return plug((interrupt) => new AhciController("ahci0", space, clock, { dma: host.dma, interrupt }, drives));
}

/** The place of a card among those of the machine; null where there is none. @throws RangeError */
function soundPlace({ sound = [] }: BoardConfig, wanted: (typeof SOUND_CARDS)[number]): number | null {
  const places = SOUND_CARDS.map((model) => sound.findIndex((card) => card.model === model));
  if (places.filter((place) => place >= 0).length < sound.length)
    throw new RangeError("a machine has one sound card of a model");
  const place = places[SOUND_CARDS.indexOf(wanted)]!;
  return place < 0 ? null : place;
}

function makeAc97({ config, clock, host, space, plug }: Wiring): Part | null {
  const place = soundPlace(config, "AC97");
  if (place === null) return null;
  const output: (rateHertz: number, samples: Int16Array) => void = (...played) => host.soundOutput(place, ...played);
  return plug((interrupt) => new Ac97("AC97", space, clock, { dma: host.dma, interrupt, output }));
}

function makeSb16({ config, clock, host, space, parts, irq }: Wiring): Part | null {
  const place = soundPlace(config, "sb16");
  if (place === null) return null;
  const at = sb16Place(config.sound![place]!);
  const dma = parts.the(DmaControllers);
  const card = new Sb16(clock, "SB16", at, {
    interrupt: irq(at.irq),
    narrow: dma.channel(at.dma),
    wide: dma.channel(at.dma16),
    output: (rateHertz, samples) => host.soundOutput(place, rateHertz, samples),
  });
  space.claimPorts(at.iobase, SB16_PORTS, card);
  return card;
}

/** A handler whose range begins `distance` ports into another one's. */
function offsetBy(handler: PortHandler, distance: number): PortHandler {
  return {
    readPort: (offset, sizeBytes) => handler.readPort(offset + distance, sizeBytes),
    writePort: (offset, sizeBytes, value) => handler.writePort(offset + distance, sizeBytes, value),
  };
}
