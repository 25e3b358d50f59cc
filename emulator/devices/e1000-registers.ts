/**
 * Registers of the Intel 82540EM by their offsets in the memory window, and their bits.
 * Source: PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual (317453), chapter 13.
 */

export const CTRL = 0x0000;
export const STATUS = 0x0008;
export const EECD = 0x0010;
export const EERD = 0x0014;
export const MDIC = 0x0020;
export const VET = 0x0038;
export const ICR = 0x00c0;
export const ITR = 0x00c4;
export const ICS = 0x00c8;
export const IMS = 0x00d0;
export const IMC = 0x00d8;
export const RCTL = 0x0100;
export const TCTL = 0x0400;
export const LEDCTL = 0x0e00;
export const PBA = 0x1000;
export const RDBAL = 0x2800;
export const RDBAH = 0x2804;
export const RDLEN = 0x2808;
export const RDH = 0x2810;
export const RDT = 0x2818;
export const TDBAL = 0x3800;
export const TDBAH = 0x3804;
export const TDLEN = 0x3808;
export const TDH = 0x3810;
export const TDT = 0x3818;
export const RXCSUM = 0x5000;
export const MTA = 0x5200;
export const RAL = 0x5400;
export const RAH = 0x5404;
export const VFTA = 0x5600;
export const MANC = 0x5820;

/** Registers lie below this offset. */
export const REGISTER_BYTES = 0x6000;
export const RECEIVE_ADDRESSES = 16;

export const CTRL_SLU = 0x00000040;
export const CTRL_RST = 0x04000000;
export const CTRL_VME = 0x40000000;
export const CTRL_PHY_RST = 0x80000000;

export const STATUS_LU = 0x00000002;

export const ICR_TXDW = 0x00000001;
export const ICR_TXQE = 0x00000002;
export const ICR_LSC = 0x00000004;
export const ICR_RXDMT0 = 0x00000010;
export const ICR_RXO = 0x00000040;
export const ICR_RXT0 = 0x00000080;
export const ICR_MDAC = 0x00000200;

export const RCTL_EN = 0x00000002;
export const RCTL_UPE = 0x00000008;
export const RCTL_MPE = 0x00000010;
export const RCTL_LPE = 0x00000020;
export const RCTL_LBM = 0x000000c0;
export const RCTL_BAM = 0x00008000;
export const RCTL_VFE = 0x00040000;
export const RCTL_BSEX = 0x02000000;
export const RCTL_SECRC = 0x04000000;

export const TCTL_EN = 0x00000002;
export const TCTL_PSP = 0x00000008;

export const RAH_AV = 0x80000000;

/** Whether a frame is for everybody. */
export function isBroadcast(frame: Uint8Array): boolean {
  return (frame[0]! & frame[1]! & frame[2]! & frame[3]! & frame[4]! & frame[5]!) === 0xff;
}

/** The registers as an array of 32-bit words, indexed by offset. */
export class RegisterFile {
  readonly words = new Uint32Array(REGISTER_BYTES / 4);

  get(offset: number): number {
    return this.words[offset >>> 2]!;
  }

  set(offset: number, value: number): void {
    this.words[offset >>> 2] = value;
  }
}

/**
 * Bits that a write changes, for registers of which the guest can read back what it wrote. Registers that are not here
 * are either special (e1000.ts), statistics, or not there.
 */
const WRITABLE = new Map<number, number>([
  [0x0018, 0xffffffff], // CTRL_EXT
  [0x0028, 0xffffffff],
  [0x002c, 0x0000ffff],
  [0x0030, 0x0000ffff], // FCAL, FCAH, FCT
  [VET, 0x0000ffff],
  [ITR, 0x0000ffff],
  [0x0170, 0x0000ffff],
  [0x0178, 0xffffffff], // FCTTV, TXCW
  [RCTL, 0xffffffff],
  [TCTL, 0xffffffff],
  [0x0410, 0x3fffffff],
  [0x0458, 0x0000ffff], // TIPG, AIT
  [LEDCTL, 0xffffffff],
  [PBA, 0xffffffff],
  [0x2160, 0x0000ffff],
  [0x2168, 0x0000ffff], // FCRTL, FCRTH
  [RDBAL, 0xfffffff0],
  [RDBAH, 0xffffffff],
  [RDLEN, 0x000fff80],
  [RDH, 0x0000ffff],
  [RDT, 0x0000ffff],
  [0x2820, 0x0000ffff],
  [0x2828, 0xffffffff],
  [0x282c, 0x0000ffff],
  [0x2c00, 0x00000fff], // RDTR, RXDCTL, RADV, RSRPD
  [TDBAL, 0xfffffff0],
  [TDBAH, 0xffffffff],
  [TDLEN, 0x000fff80],
  [TDH, 0x0000ffff],
  [TDT, 0x0000ffff],
  [0x3820, 0x0000ffff],
  [0x3828, 0xffffffff],
  [0x382c, 0x0000ffff],
  [0x3830, 0xffffffff], // TIDV, TXDCTL, TADV, TSPMT
  [RXCSUM, 0x000003ff],
  [0x5800, 0x0000000f],
  [0x5808, 0x000fffff],
  [MANC, 0xffffffff], // WUC, WUFC
  // Semaphores of software and firmware: the manual leaves them to later parts, QEMU has them, and U-Boot waits for
  // them.
  [0x5b50, 0xffffffff],
  [0x5b5c, 0xffffffff], // SWSM, SW_FW_SYNC
]);

export function writableBits(offset: number): number {
  if (offset >= MTA && offset < MTA + 0x200) return 0xffffffff;
  if (offset >= RAL && offset < RAL + RECEIVE_ADDRESSES * 8) return offset & 4 ? 0x8003ffff : 0xffffffff;
  if (offset >= VFTA && offset < VFTA + 0x200) return 0xffffffff;
  return WRITABLE.get(offset) ?? 0;
}
