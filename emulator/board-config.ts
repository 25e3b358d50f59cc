/** What a board is made of: what every machine has, and what some have. */
import type { ModelName } from "./cpu/model.ts";
import type { SettingFile } from "./devices/fw-cfg.ts";
import type { Sb16Place } from "./devices/sound/sb16-mixer.ts";
import type { BlockBackend } from "./disk/block.ts";
import type { CableEnd } from "./ether/cable-end.ts";

/** COM1 to COM4, where IBM and those after it put them; COM1 and COM3 share an interrupt, and COM2 and COM4. */
export const SERIAL_PORTS = [
  { name: "COM1", ports: 0x3f8, irq: 4 },
  { name: "COM2", ports: 0x2f8, irq: 3 },
  { name: "COM3", ports: 0x3e8, irq: 4 },
  { name: "COM4", ports: 0x2e8, irq: 3 },
] as const;
export const USUAL_SERIAL_PORTS = 2;
export const MOST_SERIAL_PORTS = SERIAL_PORTS.length;
export type SerialPort = 0 | 1 | 2 | 3;
export const LPT1 = 4;
/** Ports E9h and 402h. */
export const DEBUG_CONSOLE = 5;
/** Where characters leave the machine: COM1 to COM4 by their number from 0, the printer, or the debug console. */
export type CharacterPort = SerialPort | typeof LPT1 | typeof DEBUG_CONSOLE;
export const CHARACTER_PORTS = 6;

/** A drive, whatever its medium is: itself, or what names it. A CD drive may begin without a CD. */
export type Drive<Medium> =
  | { readonly kind: "disk"; readonly medium: Medium }
  | { readonly kind: "cd"; readonly medium: Medium | null };
export type DriveConfig = Drive<BlockBackend>;

/** Network cards, by QEMU's names. */
export const NIC_MODELS = ["e1000", "rtl8139", "virtio", "ne2k_pci", "pcnet"] as const;
export type NicModel = (typeof NIC_MODELS)[number];

/** Sound cards, by QEMU's names. */
export const SOUND_CARDS = ["AC97", "sb16"] as const;

/** Where a Sound Blaster is: USUAL_SB16_PLACE, but for what is said here. */
export type SoundCardConfig = { readonly model: "AC97" } | ({ readonly model: "sb16" } & Partial<Sb16Place>);

export interface NetworkCardConfig {
  macAddress: Uint8Array;
  port: CableEnd;
  /** A PXE boot ROM. */
  bootRom?: Uint8Array;
}

export interface BoardConfig {
  ramBytes: number;
  /** Processors with a local APIC; 0 for one that has none. 1 when absent. */
  apics?: number;
  /** Primary master, primary slave, secondary master, secondary slave. */
  ide: readonly (DriveConfig | null)[];
  /** Diskettes in the drives A and B, of a size that diskettes have (devices/floppy-drive.ts). */
  floppies?: readonly (BlockBackend | null)[];
  /** Where firmware looks for a system, in QEMU's letters: a diskette, c disk, d CD, n network. */
  bootOrder?: string;
  /** At most 16; they take the PCI slots from 3 up. */
  network: readonly NetworkCardConfig[];
  /** Their model; e1000 when absent. */
  nic?: NicModel;
  /** Their expansion ROM, such as a PXE ROM for this model, for those that have none of their own. */
  nicRom?: Uint8Array;
  /** Virtio disks, in the PCI slots after the network cards: at most 8. */
  virtioDisks?: readonly BlockBackend[];
  /** Drives at the ports of an AHCI adapter, in the PCI slot after those: at most 6. Without any there is none. */
  ahci?: readonly (DriveConfig | null)[];
  /** What the real-time clock shows at virtual time 0: seconds since 1970, UTC. */
  rtcStartSeconds: number;
  /** A video BIOS, for the expansion ROM of the display adapter. Not needed by firmware that programs a VGA itself. */
  videoRom?: Uint8Array;
  /** What the guest can read of its configuration; without any there is no such device. */
  settings?: readonly SettingFile[];
  /** There is a high precision event timer; true when absent. */
  hpet?: boolean;
  /** How many serial ports, 2 to MOST_SERIAL_PORTS; 2 when absent. */
  serialPorts?: number;
  /** There is a parallel port, LPT1, with a printer; false when absent. */
  parallelPort?: boolean;
  /** Sound cards, one of each model at the most; an AC97 is in the PCI slot after the AHCI adapter. */
  sound?: readonly SoundCardConfig[];
}

/** Parts that a few numbers and texts describe, which snapshots hold. */
const PLAIN_PARTS = [
  "bootOrder",
  "nic",
  "settings",
  "processor",
  "processors",
  "hpet",
  "serialPorts",
  "parallelPort",
  "sound",
] as const;
export type PlainParts = Pick<BoardParts, (typeof PLAIN_PARTS)[number]>;

/** Parts with media and ROMs, whatever stands for these. */
export interface StoredParts<Medium, Rom> {
  /** What takes the place of the machine's own disk and CD, when it is there. */
  readonly ide?: readonly (Drive<Medium> | null)[];
  readonly floppies?: readonly (Medium | null)[];
  readonly virtioDisks?: readonly Medium[];
  readonly ahci?: readonly (Drive<Medium> | null)[];
  readonly nicRom?: Rom;
  readonly videoRom?: Rom;
}

/** What a machine of a cluster may have beyond its disk, CD and network card. */
export type BoardParts = StoredParts<BlockBackend, Uint8Array> &
  Pick<BoardConfig, "bootOrder" | "settings" | "nic" | "hpet" | "serialPorts" | "parallelPort" | "sound"> & {
    /** What is in the socket; DEFAULT_MODEL when absent. */
    processor?: ModelName;
    /** How many processors; 1 when absent. */
    processors?: number;
  };

/** Something else for each medium and ROM: `disk` for what can be written, `cd` for what cannot. @throws RangeError */
export function mapStored<Medium, Rom, OtherMedium, OtherRom>(
  { ide, floppies, virtioDisks, ahci, nicRom, videoRom }: StoredParts<Medium, Rom>,
  to: { disk(medium: Medium): OtherMedium; cd(medium: Medium): OtherMedium; rom(rom: Rom): OtherRom },
): StoredParts<OtherMedium, OtherRom> {
  const drive = (drive: Drive<Medium> | null): Drive<OtherMedium> | null => {
    if (drive === null) return null;
    if (drive.kind === "disk") return { kind: "disk", medium: to.disk(drive.medium) };
    if (drive.kind === "cd") return { kind: "cd", medium: drive.medium === null ? null : to.cd(drive.medium) };
    throw new RangeError(`a drive of kind ${(drive as Drive<Medium>).kind}: expected "disk" or "cd"`);
  };
  return {
    ...(ide ? { ide: ide.map(drive) } : {}),
    ...(floppies ? { floppies: floppies.map((floppy) => (floppy === null ? null : to.disk(floppy))) } : {}),
    ...(virtioDisks ? { virtioDisks: virtioDisks.map((disk) => to.disk(disk)) } : {}),
    ...(ahci ? { ahci: ahci.map(drive) } : {}),
    ...(nicRom === undefined ? {} : { nicRom: to.rom(nicRom) }),
    ...(videoRom === undefined ? {} : { videoRom: to.rom(videoRom) }),
  };
}

/** The plain ones among some parts, always in one order. */
export function plainParts(parts: PlainParts): PlainParts {
  return Object.fromEntries(PLAIN_PARTS.flatMap((name) => (parts[name] === undefined ? [] : [[name, parts[name]]])));
}
