/** Registers and structures in memory of an AHCI host bus adapter. Source: Serial ATA AHCI 1.3.1, chapters 3 and 4. */

export const PORTS = 6;
/** Commands that a port's list holds, and tags of queued commands. */
export const COMMAND_SLOTS = 32;

// Registers of the adapter.
export const CAP = 0x00;
export const GHC = 0x04;
export const IS = 0x08;
export const PI = 0x0c;
export const VS = 0x10;
export const FIRST_PORT = 0x100;
export const PORT_BYTES = 0x80;

/** CAP: addresses of 64 bits, native command queuing, 1.5 Gb/s, nothing but AHCI, 32 slots. */
export const CAPABILITIES = 0xc0141f00;
export const GHC_RESET = 0x00000001;
export const GHC_INTERRUPTS = 0x00000002;
export const GHC_AHCI = 0x80000000;

// Registers of a port, from its own offset 0 on.
export const PX_CLB = 0x00;
export const PX_CLBU = 0x04;
export const PX_FB = 0x08;
export const PX_FBU = 0x0c;
export const PX_IS = 0x10;
export const PX_IE = 0x14;
export const PX_CMD = 0x18;
export const PX_TFD = 0x20;
export const PX_SIG = 0x24;
export const PX_SSTS = 0x28;
export const PX_SCTL = 0x2c;
export const PX_SERR = 0x30;
export const PX_SACT = 0x34;
export const PX_CI = 0x38;

// PxIS and PxIE: FISes received, a descriptor that asked for it, and what has gone wrong.
export const INTERRUPT_REGISTER_FIS = 1 << 0;
export const INTERRUPT_PIO_SETUP_FIS = 1 << 1;
export const INTERRUPT_SET_BITS_FIS = 1 << 3;
export const INTERRUPT_DESCRIPTOR = 1 << 5;
export const INTERRUPT_CONNECT = 1 << 6;
export const INTERRUPT_PHY_READY = 1 << 22;
export const INTERRUPT_OVERFLOW = 1 << 24;
export const INTERRUPT_INTERFACE_FATAL = 1 << 27;
export const INTERRUPT_BUS_FATAL = 1 << 29;
export const INTERRUPT_TASK_FILE = 1 << 30;

export const CMD_START = 1 << 0;
export const CMD_SPIN_UP = 1 << 1;
export const CMD_POWER_ON = 1 << 2;
export const CMD_RECEIVE = 1 << 4;
export const CMD_SLOT_SHIFT = 8;
export const CMD_SLOT = 0x1f << CMD_SLOT_SHIFT;
export const CMD_RECEIVING = 1 << 14;
export const CMD_RUNNING = 1 << 15;
export const CMD_ATAPI = 1 << 24;
export const CMD_ATAPI_LED = 1 << 25;

/** PxSSTS: a device is there and communication works, 1.5 Gb/s, active. */
export const SSTS_CONNECTED = 0x113;
/** PxSSTS.DET and PxSCTL.DET: nobody, initialise, offline. */
export const DET = 0x0f;
export const DET_NOBODY = 0;
export const DET_OFFLINE = 4;
export const SERR_PHY_READY = 1 << 16;
export const SERR_PROTOCOL = 1 << 10;
export const SERR_EXCHANGED = 1 << 26;

/** What is written to a register of a port and kept, where there is nothing more to it. */
export const PLAIN_BITS: ReadonlyMap<number, number> = new Map([
  [PX_CLB, 0xfffffc00],
  [PX_CLBU, 0xffffffff],
  [PX_FB, 0xffffff00],
  [PX_FBU, 0xffffffff],
  [PX_IE, 0xfdc000ff],
]);

// A header of the command list.
export const HEADER_BYTES = 32;
export const HEADER_FIS_DWORDS = 0x1f;
export const HEADER_DESCRIPTORS_SHIFT = 16;
/** Where it has the bytes that were moved, and the address of the command's table. */
export const HEADER_MOVED = 4;
export const HEADER_TABLE = 8;
export const HEADER_TABLE_UPPER = 12;
export const TABLE_ALIGNMENT = 128;

// A command's table.
export const TABLE_PACKET = 0x40;
export const TABLE_DESCRIPTORS = 0x80;

// The memory for received FISes.
export const RECEIVED_DMA_SETUP = 0x00;
export const RECEIVED_PIO_SETUP = 0x20;
export const RECEIVED_REGISTERS = 0x40;
export const RECEIVED_SET_BITS = 0x58;
