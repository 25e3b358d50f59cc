/**
 * Registers of the Am79C970A by their numbers, and their bits ("User Accessible Registers" of its data sheet). Counters
 * of descriptors and lengths of rings (CSR72 to 78) are plain numbers, as QEMU's.
 */

// Control and status registers.
export const CSR0 = 0;
export const CSR_INIT_ADDRESS = 1;
export const CSR_MASKS = 3;
export const CSR_FEATURES = 4;
export const CSR_EXTENDED = 5;
export const CSR_RING_LENGTHS = 6;
export const CSR_FILTER = 8;
export const CSR_STATION = 12;
export const CSR_MODE = 15;
export const CSR_RECEIVE_RING = 24;
export const CSR_TRANSMIT_RING = 30;
export const CSR_STYLE = 58;
export const CSR_RECEIVE_COUNTER = 72;
export const CSR_TRANSMIT_COUNTER = 74;
export const CSR_RECEIVE_LENGTH = 76;
export const CSR_TRANSMIT_LENGTH = 78;
export const CSR_CHIP = 88;
export const CSR_MISSED = 112;

// CSR0.
export const ERR = 0x8000;
export const MISS = 0x1000;
export const RINT = 0x0400;
export const TINT = 0x0200;
export const IDON = 0x0100;
export const INTR = 0x0080;
export const IENA = 0x0040;
export const RXON = 0x0020;
export const TXON = 0x0010;
export const TDMD = 0x0008;
export const STOP = 0x0004;
export const STRT = 0x0002;
export const INIT = 0x0001;
/** BABL, CERR, MISS and MERR make ERR; these and the other causes are cleared by ones. */
export const ERRORS = 0x7800;
export const CAUSES = 0x7f00;
/** Causes that CSR3 can mask: all but CERR. */
export const MASKABLE = 0x5f00;

// CSR4: causes with their masks one bit below them, and what drivers choose.
export const DPOLL = 0x1000;
export const CSR4_CAUSES = 0x026a;
export const CSR4_MASKS = 0x0115;
export const MFCO = 0x0200;
export const UINTCMD = 0x0080;
export const UINT = 0x0040;
export const TXSTRT = 0x0008;
// CSR5: causes with their enable bits one bit below.
export const CSR5_CAUSES = 0x0a90;
export const CSR5_ENABLES = 0x0548;
export const TOKINTD = 0x8000;
export const LTINTEN = 0x4000;
export const SPND = 0x0001;
// CSR15, the mode.
export const PROM = 0x8000;
export const DRCVBC = 0x4000;
export const DRCVPA = 0x2000;
export const LOOP = 0x0004;
export const DTX = 0x0002;
export const DRX = 0x0001;

// Bus configuration registers.
export const BCR_MISC = 2;
export const BCR_LINK = 4;
export const BCR_LAST_LED = 7;
export const BCR_BURST = 18;
export const BCR_STYLE = 20;
export const APROMWE = 0x0100;
export const DWIO = 0x0080;
export const SSIZE32 = 0x0100;
/** In a LED's register: the LED is lit; that for the link lights with it. */
export const LED_OUT = 0x8000;
export const LED_LINK = 0x0040;

/** After a hardware reset; all others are 0. */
export const BCR_RESET: readonly (readonly [number: number, value: number])[] = [
  [0, 0x0005],
  [1, 0x0005],
  [BCR_MISC, 0x0002],
  [BCR_LINK, 0x00c0],
  [5, 0x0084],
  [6, 0x0088],
  [BCR_LAST_LED, 0x0090],
  [BCR_BURST, 0x9001],
  [19, 0x0002],
  [BCR_STYLE, 0x0200],
  [22, 0xff06],
];
/** BCRs that can be written. */
export const BCR_WRITABLE: ReadonlySet<number> = new Set([2, 4, 5, 6, 7, 9, 18, 19, 20, 22]);
/** After any reset; all others are 0 but the station's address, the mode and what stays. */
export const CSR_RESET: readonly (readonly [number: number, value: number])[] = [
  [CSR0, STOP],
  [CSR_FEATURES, 0x0115],
  [CSR_RECEIVE_COUNTER, 1],
  [CSR_TRANSMIT_COUNTER, 1],
  [CSR_RECEIVE_LENGTH, 1],
  [CSR_TRANSMIT_LENGTH, 1],
  [80, 0x1410],
  [CSR_CHIP, 0x1003],
  [CSR_CHIP + 1, 0x0262],
  [100, 0x0200],
  [103, 0x0105],
];
export const MODE_KEPT = 0x21c4;
/** CSRs that can be written while the chip is stopped or suspended. */
export const CSR_WHEN_STOPPED: ReadonlySet<number> = new Set([
  ...[1, 2, 8, 9, 10, 11, 12, 13, 14, 15],
  ...Array.from({ length: 26 }, (_, index) => 18 + index),
  ...[46, 47, 72, 74, 76, 78, 112],
]);
