/** PCI configuration accesses in words (PCI Local Bus Specification 2.1, 3.7.4.1 and 6.1). */

const ENABLE = 0x80000000;
/** Registers of a type 0 header by the offset of their first byte. */
const REGISTERS: readonly (readonly [number, string])[] = [
  [0x00, "vendor"],
  [0x02, "device"],
  [0x04, "command"],
  [0x06, "status"],
  [0x08, "revision"],
  [0x09, "class code"],
  [0x0c, "cache line size"],
  [0x0d, "latency timer"],
  [0x0e, "header type"],
  [0x0f, "BIST"],
  [0x10, "BAR0"],
  [0x14, "BAR1"],
  [0x18, "BAR2"],
  [0x1c, "BAR3"],
  [0x20, "BAR4"],
  [0x24, "BAR5"],
  [0x28, "CardBus CIS"],
  [0x2c, "subsystem vendor"],
  [0x2e, "subsystem"],
  [0x30, "expansion ROM"],
  [0x34, "capabilities"],
  [0x3c, "interrupt line"],
  [0x3d, "interrupt pin"],
  [0x3e, "minimum grant"],
  [0x3f, "maximum latency"],
  [0x40, ""],
];

/**
 * `00:03.0 10h BAR0`: what the address register selects, with the byte lane of the data port; null while the mechanism
 * is off.
 */
export function describeConfigAccess(address: number, lane: number): string | null {
  if ((address & ENABLE) === 0) return null;
  const hex = (value: number): string => value.toString(16).padStart(2, "0");
  const register = (address & 0xfc) + lane;
  const name = REGISTERS.findLast(([offset]) => offset <= register)![1];
  return `${hex((address >>> 16) & 0xff)}:${hex((address >>> 11) & 0x1f)}.${(address >>> 8) & 7} ${hex(register)}h${name === "" ? "" : ` ${name}`}`;
}
