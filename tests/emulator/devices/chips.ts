/** The chips with their cases: what all tests of registers go through. */
import type { BoardConfig } from "../../../emulator/board-config.ts";
import { BytesDisk, SparseDisk } from "../../../emulator/disk/disk.ts";
import { CableEnd } from "../../../emulator/ether/cable-end.ts";
import { ac97Cases } from "./ac97-cases.ts";
import { ahciCases, ahciContentCases } from "./ahci-cases.ts";
import { ioApicCases, localApicCases } from "./apic-cases.ts";
import { atapiCases, dvdCases, trayCases } from "./atapi-cases.ts";
import { dispiCases } from "./dispi-cases.ts";
import { dmaCases, dmaTransferCases } from "./dma-cases.ts";
import { e1000Cases } from "./e1000-cases.ts";
import { changedDisketteCases, fdcCases, protectedDisketteCases } from "./fdc-cases.ts";
import { fwCfgCases } from "./fw-cfg-cases.ts";
import { hpetCases } from "./hpet-cases.ts";
import { ideCases, largeDriveCases } from "./ide-cases.ts";
import { keyboardCases } from "./keyboard-cases.ts";
import { ne2000Cases } from "./ne2000-cases.ts";
import { parallelCases } from "./parallel-cases.ts";
import { pciCases } from "./pci-cases.ts";
import { pcnetCases } from "./pcnet-cases.ts";
import { picCases } from "./pic-cases.ts";
import { pitCases } from "./pit-cases.ts";
import { rtcCases } from "./rtc-cases.ts";
import { rtl8139Cases } from "./rtl8139-cases.ts";
import { sb16Cases } from "./sb16-cases.ts";
import type { Case } from "./script.ts";
import { systemCases } from "./system-cases.ts";
import { furtherUartCases, uartCases } from "./uart-cases.ts";
import { vgaCases } from "./vga-cases.ts";
import { virtioCases } from "./virtio-cases.ts";
import { virtioNetCases } from "./virtio-net-cases.ts";

export interface Chip {
  readonly name: string;
  readonly cases: readonly Case[];
  /** The board that its cases are for. */
  readonly config: () => Partial<BoardConfig>;
  /** QEMU's options for the same board; null: it has none. */
  readonly inQemu: readonly string[] | null;
}

/** The 82540EM's cases need one; it is in QEMU's slot 3, too. */
const MAC = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);
const bare = (): Partial<BoardConfig> => ({});
const withCard = (): Partial<BoardConfig> => ({ network: [{ macAddress: MAC, port: new CableEnd("eth0") }] });

const withFastCard = (): Partial<BoardConfig> => ({ ...withCard(), nic: "rtl8139" });
const withNe2000 = (): Partial<BoardConfig> => ({ ...withCard(), nic: "ne2k_pci" });
const withPcnet = (): Partial<BoardConfig> => ({ ...withCard(), nic: "pcnet" });
const withVirtioCard = (): Partial<BoardConfig> => ({ ...withCard(), nic: "virtio" });

/** Each byte of a sector or block has a value of its own place. */
function filled(bytes: number, unit: number): SparseDisk {
  const disk = new SparseDisk(bytes);
  const content = new Uint8Array(unit);
  for (let at = 0; at < Math.min(bytes, 64 * unit); at += unit) {
    for (let byte = 0; byte < unit; byte++) content[byte] = (at / unit) * 7 + byte;
    disk.write(at, content);
  }
  return disk;
}

/** Two disks at the primary channel, a CD as the master of the secondary one. */
const withDrives = (): Partial<BoardConfig> => ({
  ide: [
    { kind: "disk", medium: filled(20_000 * 512, 512) },
    { kind: "disk", medium: filled(4_032 * 512, 512) },
    { kind: "cd", medium: filled(64 * 2048, 2048) },
    null,
  ],
});

/** Diskettes of 1440 and of 720 KiB. */
const withDiskettes = (): Partial<BoardConfig> => ({
  floppies: [filled(1440 * 1024, 512), filled(720 * 1024, 512)],
});

const withProtectedDiskette = (): Partial<BoardConfig> => ({
  floppies: [
    new BytesDisk(
      Uint8Array.from({ length: 18 * 512 }, (_, at) => (at >> 9) * 7 + at),
      1440 * 1024,
    ),
    null,
  ],
});

/** A disk whose sectors 32 bits cannot count, a DVD of 360001 blocks with something in its last one, the largest CD. */
function withLargeDrives(): Partial<BoardConfig> {
  const dvd = new SparseDisk(360_001 * 2048);
  dvd.write(360_000 * 2048, Uint8Array.of(0x6f, 0x6b));
  return {
    ide: [
      { kind: "disk", medium: new SparseDisk((2 ** 32 + 5) * 512) },
      null,
      { kind: "cd", medium: dvd },
      { kind: "cd", medium: new SparseDisk(360_000 * 2048) },
    ],
  };
}

const VIRTIO_SECTORS = 0x2abc;
const withVirtioDisk = (): Partial<BoardConfig> => ({ virtioDisks: [filled(VIRTIO_SECTORS * 512, 512)] });

/** Blank, and with contents: a disk at port 0 of an AHCI adapter, a CD drive at port 1. */
const SATA_DISK_BYTES = 20_000 * 512;
const SATA_CD_BYTES = 64 * 2048;
const withSataDrives = (): Partial<BoardConfig> => ({
  ahci: [
    { kind: "disk", medium: filled(SATA_DISK_BYTES, 512) },
    { kind: "cd", medium: filled(SATA_CD_BYTES, 2048) },
  ],
});
const withBlankSataDrives = (): Partial<BoardConfig> => ({
  ahci: [
    { kind: "disk", medium: new SparseDisk(SATA_DISK_BYTES) },
    { kind: "cd", medium: new SparseDisk(SATA_CD_BYTES) },
  ],
});

const withSetting = (): Partial<BoardConfig> => ({ settings: [{ name: "opt/a", text: "xy" }] });

const withAllPorts = (): Partial<BoardConfig> => ({ serialPorts: 4, parallelPort: true });

const withAc97 = (): Partial<BoardConfig> => ({ sound: [{ model: "AC97" }] });
const withSb16 = (): Partial<BoardConfig> => ({ sound: [{ model: "sb16" }] });

/** A board with everything that it can have. */
export const complete = (): Partial<BoardConfig> => ({
  ...withSetting(),
  ...withDrives(),
  ...withDiskettes(),
  network: [{ macAddress: MAC, port: new CableEnd("eth0"), bootRom: Uint8Array.of(0x55, 0xaa, 1) }],
  virtioDisks: [filled(VIRTIO_SECTORS * 512, 512)],
  ...withSataDrives(),
  videoRom: Uint8Array.of(0x55, 0xaa, 2),
  ...withAllPorts(),
  sound: [{ model: "sb16" }, { model: "AC97" }],
});

const QEMU_BARE = ["-net", "none"];
/** Its first serial port is there anyhow. */
const QEMU_ALL_PORTS = [
  ...QEMU_BARE,
  ...["-serial", "-serial", "-serial", "-parallel"].flatMap((port) => [port, "null"]),
];
const withCardInQemu = (model: string): readonly string[] => [
  ...["-netdev", "user,id=net", "-device"],
  `${model},netdev=net,mac=52:54:00:12:34:56,addr=3,romfile=`,
];
/** Virtio without MSI-X, which moves the device's registers once it is on, and without the modern interface. */
const QEMU_VIRTIO_DISK = [
  ...QEMU_BARE,
  ...["-blockdev", `driver=null-co,size=${VIRTIO_SECTORS * 512},read-zeroes=on,node-name=medium`],
  ...["-device", "virtio-blk-pci,drive=medium,addr=3,disable-modern=on,vectors=0"],
];

const QEMU_AHCI = [
  ...QEMU_BARE,
  ...["-blockdev", `driver=null-co,size=${SATA_DISK_BYTES},read-zeroes=on,node-name=disk`],
  ...["-blockdev", `driver=null-co,size=${SATA_CD_BYTES},read-zeroes=on,node-name=cd`],
  ...["-device", "ich9-ahci,id=ahci,addr=3", "-device", "ide-hd,bus=ahci.0,drive=disk"],
  ...["-device", "ide-cd,bus=ahci.1,drive=cd"],
];

const QEMU_AC97 = [
  ...QEMU_BARE,
  ...["-audiodev", "wav,id=sound,path=/dev/null", "-device", "AC97,audiodev=sound,addr=3"],
];

const QEMU_SB16 = [...QEMU_BARE, "-audiodev", "wav,id=sound,path=/dev/null", "-device", "sb16,audiodev=sound"];

export const CHIPS: readonly Chip[] = [
  { name: "8259A", cases: picCases, config: bare, inQemu: QEMU_BARE },
  { name: "HPET", cases: hpetCases, config: bare, inQemu: [] },
  { name: "local APIC", cases: localApicCases, config: bare, inQemu: null },
  { name: "I/O APIC", cases: ioApicCases, config: bare, inQemu: QEMU_BARE },
  { name: "8254", cases: pitCases, config: bare, inQemu: QEMU_BARE },
  { name: "MC146818", cases: rtcCases, config: bare, inQemu: QEMU_BARE },
  { name: "8042", cases: keyboardCases, config: bare, inQemu: QEMU_BARE },
  { name: "16550A", cases: uartCases, config: bare, inQemu: QEMU_BARE },
  { name: "16550A, four", cases: furtherUartCases, config: withAllPorts, inQemu: QEMU_ALL_PORTS },
  { name: "parallel port", cases: parallelCases, config: withAllPorts, inQemu: QEMU_ALL_PORTS },
  { name: "VGA", cases: vgaCases, config: bare, inQemu: QEMU_BARE },
  { name: "display interface", cases: dispiCases, config: bare, inQemu: QEMU_BARE },
  { name: "8237A", cases: dmaCases, config: bare, inQemu: QEMU_BARE },
  { name: "8237A with a diskette", cases: dmaTransferCases, config: withDiskettes, inQemu: null },
  { name: "82077AA", cases: fdcCases, config: withDiskettes, inQemu: null },
  { name: "82077AA, protected", cases: protectedDisketteCases, config: withProtectedDiskette, inQemu: null },
  { name: "PCI", cases: pciCases, config: bare, inQemu: QEMU_BARE },
  { name: "board", cases: systemCases, config: bare, inQemu: QEMU_BARE },
  { name: "IDE", cases: ideCases, config: withDrives, inQemu: null },
  { name: "ATAPI", cases: atapiCases, config: withDrives, inQemu: null },
  { name: "ATAPI, changed", cases: trayCases, config: withDrives, inQemu: null },
  { name: "82077AA, changed", cases: changedDisketteCases, config: withDiskettes, inQemu: null },
  { name: "large drives", cases: [...largeDriveCases, ...dvdCases], config: withLargeDrives, inQemu: null },
  { name: "virtio disk", cases: virtioCases, config: withVirtioDisk, inQemu: QEMU_VIRTIO_DISK },
  { name: "AHCI", cases: ahciCases, config: withBlankSataDrives, inQemu: QEMU_AHCI },
  { name: "AHCI with contents", cases: ahciContentCases, config: withSataDrives, inQemu: null },
  { name: "AC97", cases: ac97Cases, config: withAc97, inQemu: QEMU_AC97 },
  { name: "SB16", cases: sb16Cases, config: withSb16, inQemu: QEMU_SB16 },
  { name: "fw_cfg", cases: fwCfgCases, config: withSetting, inQemu: null },
  { name: "82540EM", cases: e1000Cases, config: withCard, inQemu: withCardInQemu("e1000") },
  { name: "RTL8139", cases: rtl8139Cases, config: withFastCard, inQemu: withCardInQemu("rtl8139") },
  { name: "NE2000", cases: ne2000Cases, config: withNe2000, inQemu: withCardInQemu("ne2k_pci") },
  { name: "PCnet", cases: pcnetCases, config: withPcnet, inQemu: withCardInQemu("pcnet") },
  {
    name: "virtio network card",
    cases: virtioNetCases,
    config: withVirtioCard,
    inQemu: withCardInQemu("virtio-net-pci,disable-modern=on,vectors=0"),
  },
];
