/** `info pci` and `query-pci`: what is on the bus. */

import type { Board } from "../../emulator/board.ts";
import { hex } from "../../emulator/debug/hex.ts";

/** Base class and subclass in words, as QEMU has them (PCI Code and ID Assignment Specification). */
const CLASSES: ReadonlyMap<number, string> = new Map([
  [0x0100, "SCSI controller"],
  [0x0101, "IDE controller"],
  [0x0106, "SATA controller"],
  [0x0200, "Ethernet controller"],
  [0x0300, "VGA controller"],
  [0x0401, "Audio controller"],
  [0x0600, "Host bridge"],
  [0x0601, "ISA bridge"],
  [0x0680, "Bridge"],
]);
const PINS = ["", "A", "B", "C", "D"];
/** What stands for the address of a window that is nowhere. */
const NOWHERE = 2n ** 64n - 1n;
const PREFETCHABLE = 8;

interface Region {
  readonly bar: number;
  readonly type: "io" | "memory";
  readonly address: bigint;
  readonly size: number;
  readonly prefetch: boolean;
}

interface Plugged {
  readonly slot: number;
  readonly number: number;
  readonly vendor: number;
  readonly device: number;
  readonly subsystemVendor: number;
  readonly subsystem: number;
  readonly classNumber: number;
  readonly irq: number;
  readonly pin: number;
  readonly regions: readonly Region[];
}

function devices({ pciFunctions }: Board): Plugged[] {
  return pciFunctions.map(({ slot, number, plugged }) => ({
    slot,
    number,
    vendor: plugged.get16(0x00),
    device: plugged.get16(0x02),
    subsystemVendor: plugged.get16(0x2c),
    subsystem: plugged.get16(0x2e),
    classNumber: plugged.get16(0x0a),
    irq: plugged.config[0x3c]!,
    pin: plugged.config[0x3d]!,
    regions: [...plugged.regions]
      .sort((a, b) => a.bar - b.bar)
      .map(({ bar, kind, address, sizeBytes, isPlaced }) => ({
        bar,
        type: kind === "io" ? "io" : "memory",
        address: isPlaced ? BigInt(address) : NOWHERE,
        size: sizeBytes,
        prefetch: kind === "memory" && (plugged.get32(0x10 + 4 * bar) & PREFETCHABLE) !== 0,
      })),
  }));
}

function className(number: number): string {
  return CLASSES.get(number) ?? `Class ${hex(number, 4)}`;
}

function region({ bar, type, address, size, prefetch }: Region): string {
  const digits = type === "io" ? 4 : 8;
  const show = (value: bigint): string => value.toString(16).padStart(digits, "0");
  const end = BigInt.asUintN(64, address + BigInt(size) - 1n);
  const kind = type === "io" ? "I/O" : `32 bit${prefetch ? " prefetchable" : ""} memory`;
  return `      BAR${bar}: ${kind} at 0x${show(address)} [0x${show(end)}].\n`;
}

export function describePci(board: Board): string {
  return devices(board)
    .map(
      (one) =>
        `  Bus  0, device ${String(one.slot).padStart(3)}, function ${one.number}:\n` +
        `    ${className(one.classNumber)}: PCI device ${hex(one.vendor, 4)}:${hex(one.device, 4)}\n` +
        `      PCI subsystem ${hex(one.subsystemVendor, 4)}:${hex(one.subsystem, 4)}\n` +
        (one.pin === 0 ? "" : `      IRQ ${one.irq}, pin ${PINS[one.pin]}\n`) +
        one.regions.map(region).join("") +
        '      id ""\n',
    )
    .join("");
}

export function queryPci(board: Board): unknown {
  return [
    {
      bus: 0,
      devices: devices(board).map((one) => ({
        bus: 0,
        slot: one.slot,
        function: one.number,
        class_info: { class: one.classNumber, desc: className(one.classNumber) },
        id: {
          vendor: one.vendor,
          device: one.device,
          "subsystem-vendor": one.subsystemVendor,
          subsystem: one.subsystem,
        },
        ...(one.pin === 0 ? {} : { irq: one.irq }),
        irq_pin: one.pin,
        qdev_id: "",
        regions: one.regions.map(({ bar, type, address, size, prefetch }) => ({
          bar,
          type,
          address: address === NOWHERE ? -1 : Number(address),
          size,
          ...(type === "memory" ? { prefetch, mem_type_64: false } : {}),
        })),
      })),
    },
  ];
}
