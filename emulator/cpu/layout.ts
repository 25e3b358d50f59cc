/**
 * Where everything lies in a machine's `WebAssembly.Memory`. The interpreter and compiled code share this memory, so
 * the offsets are fixed for all machines: state page, translation tables, ROM, and RAM. Behind RAM comes what its size
 * decides on: the code map, and translation tables of further address spaces.
 *
 * What is never touched takes no memory of the host, but browsers count it all the same: Chromium's V8 collects garbage
 * without a pause once the memories of a worker are 8 GiB together. So a memory is no larger than its machine needs.
 */

import { PORT_LATCHES_BYTES } from "../bus/port-latches.ts";

/** Slots of 32 bits from the start of the memory; general registers first, in the order of their ModRM numbers. */
export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;
/** Always zero: what an address without base or index reads, so that one handler serves every address form. */
export const ZERO = 8;
export const EIP = 9;
/** EFLAGS without the six arithmetic flags, which FLAG_RESULT and FLAG_CARRIES hold (flags.ts). */
export const EFLAGS = 10;
export const FLAG_RESULT = 11;
export const FLAG_CARRIES = 12;
export const CR0 = 13;
export const CR2 = 14;
export const CR3 = 15;
export const CR4 = 16;
/** Current privilege level, 0-3. Real mode is 0, virtual-8086 mode 3. */
export const CPL = 17;
export const GDT_BASE = 18;
export const GDT_LIMIT = 19;
export const IDT_BASE = 20;
export const IDT_LIMIT = 21;
export const SYSENTER_CS = 22;
export const SYSENTER_ESP = 23;
export const SYSENTER_EIP = 24;
/** DR0-DR7; slots of DR4 and DR5 stay unused. */
export const DR = 25;
/** Segment registers and their hidden parts: eight slots each, indexed by the numbers below. */
export const SELECTOR = 40;
export const BASE = 48;
export const LIMIT = 56;
/** Bits 8-23 of the descriptor's second dword: type, S, DPL, P, and G, D/B, L, AVL in bits 12-15. */
export const ACCESS = 64;

/** IA32_EFER, of which only NXE exists. */
export const EFER = 72;
/** PDPTE registers (SDM 3A 4.4.1): four, the lower dword first. */
export const PDPTE = 74;

export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;
export const LDTR = 6;
export const TR = 7;

/**
 * Doubles (byte offset): the largest offset that may be read or written through a segment by the fast check, -1 when
 * none.
 */
export const READ_LIMIT_BYTES = 512;
export const WRITE_LIMIT_BYTES = 576;
/** x87 registers and control words (fpu/). */
export const FPU_BYTES = 1024;
/** The eight XMM registers (vector/), 16 bytes each. */
export const VECTOR_REGISTERS = 1280;
/** A dword, 1 while MXCSR lets the host's own arithmetic round (vector/floats.ts). */
export const VECTOR_HOST = 1408;

/**
 * Compiled code (jit/): instructions left when it returns; the context that entries of the jump cache belong to, as a
 * quadword.
 */
export const JIT_BUDGET = 4096;
/** Not 0 while an interrupt waits for IF or NMI is blocked: noted whenever compiled code is entered. A slot. */
export const JIT_ATTENTION = 1028;
/** What an IN gave. */
export const JIT_VALUE = 4100;
export const JIT_CONTEXT = 4104;
/** The same for EIPs of the upper part. */
export const JIT_UPPER_CONTEXT = JIT_CONTEXT + 16;
/** Code in the last gigabyte, where kernels have theirs, is looked at apart: the upper bits of its addresses. */
export const UPPER_BITS = 3;
export const UPPER_SHIFT = 30;
export const isUpper = (eip: number): boolean => eip >>> UPPER_SHIFT === UPPER_BITS;
/** What to add to the address of a translation table to get that of the active address space. */
export const TLB_DELTA = 4116;

/**
 * The interpreter (jit/threaded/): what else the flags follow from, as emitted code keeps them; what to add to an
 * offset in this memory to get its EIP; the page that it runs in, by its first byte, the last one at which an
 * instruction may begin, and how far that is; where the tables of the current privilege and the code map are.
 */
export const THREAD_FLAG_Y = 4128;
export const THREAD_FLAG_KIND = 4132;
export const THREAD_DELTA = 4136;
export const THREAD_START = 4140;
export const THREAD_LAST = 4144;
export const THREAD_LENGTH = 4148;
export const THREAD_READ_TABLE = 4152;
export const THREAD_WRITE_TABLE = 4156;
export const THREAD_CODE_MAP = 4160;
/** The two tables as they are in the first address space: TLB_DELTA leads from there to the active one's. */
export const THREAD_FIRST_READ_TABLE = 4164;
export const THREAD_FIRST_WRITE_TABLE = 4168;
/**
 * How many different branches it has taken in a row, and the last ones: EIPs of both ends, how often, and the base of
 * CS after it.
 */
export const THREAD_WAY = 4172;
/** As JIT_CONTEXT, of what 16-bit code knows of pages: it stays when only the base of CS changes. */
export const THREAD_CONTEXT = 4176;
/**
 * What 16-bit code has read from the display adapter's memory, and what it writes there: eight bytes each. The page
 * numbers of that memory, shifted, are one number.
 */
export const THREAD_WINDOW_READ = 4184;
export const THREAD_WINDOW_WRITE = 4192;
export const VIDEO_WINDOW_SHIFT = 17;
export const VIDEO_WINDOW = 0xa0000 >>> VIDEO_WINDOW_SHIFT;
/** In a word that says which bytes of it: the size above the linear address. */
export const WINDOW_SIZE_SHIFT = 24;

/** Of the counters: how often each INT n was executed, a dword for each vector. */
export const INT_COUNTS_BYTES = 8192;

/** What the interpreter knows of each ModRM byte that names memory: a dword (jit/threaded/address.ts). */
export const THREAD_MODRM = 0x3000;
/** The same for addresses of 16 bits. */
export const THREAD_MODRM16 = 0x3400;
export const THREAD_WAYS = 0x3800;
export const THREAD_WAY_ENTRIES = 16;
/**
 * Pages that it may run in, by their number: entries of 16 bytes. EIP of the page and context as a quadword, then first
 * and last byte as above.
 */
export const THREAD_PAGES = 0x10000;
export const THREAD_PAGE_ENTRIES = 4096;
/** How often it has gone to a place, by a hash of where that lies: 16 bits each. */
export const THREAD_COUNTS = 0x8000;
export const THREAD_COUNT_ENTRIES = 16384;

const STATE_BYTES = 0x20000;

/**
 * Translation tables: a dword for each linear page, one table for each kind of access. 0 is a miss, a positive value
 * the page's offset in this memory, a negative one (write tables) the negated offset of a page that holds decoded code.
 */
export const TLB_ENTRIES = 1 << 20;
const TLB_BYTES = TLB_ENTRIES * 4;
export const TLB_READ_SUPERVISOR = STATE_BYTES;
export const TLB_WRITE_SUPERVISOR = TLB_READ_SUPERVISOR + TLB_BYTES;
export const TLB_READ_USER = TLB_WRITE_SUPERVISOR + TLB_BYTES;
export const TLB_WRITE_USER = TLB_READ_USER + TLB_BYTES;
/** Each page directory that is kept has its own four tables (address-space.ts): these, or some behind RAM. */
const TLB_SPACE_BYTES = 4 * TLB_BYTES;
/** So many page directories are kept where there is room for their tables. */
export const MOST_SPACES = 8;
/** A table that is never filled: selected where every access has to be looked at (breakpoints, alignment checks). */
export const TLB_EMPTY = TLB_READ_SUPERVISOR + TLB_SPACE_BYTES;

/**
 * Where compiled code finds compiled code: entries of 16 bytes by a hash of EIP. EIP and context as a quadword, then
 * table slot in the low and number of the entry in the high half of a dword, then the region's entry map (jit/).
 */
export const JUMP_CACHE = TLB_EMPTY + TLB_BYTES;
export const JUMP_CACHE_ENTRIES = 16384;

/**
 * Entry maps of compiled regions: a byte for each address of the region, the number of the entry there plus one (jit/).
 */
export const ENTRY_MAPS = JUMP_CACHE + JUMP_CACHE_ENTRIES * 16;
export const ENTRY_MAPS_BYTES = 8 << 20;

/**
 * Ports that only remember what was written (port-latches.ts): whether compiled code may write them, and behind that
 * their values.
 */
export const PORT_LATCHES = ENTRY_MAPS + ENTRY_MAPS_BYTES;

/**
 * The display adapter's memory as far as pages lead to it directly: the largest picture, 1920 x 1200 with 32 bits, and
 * all that pages lead to below ROM.
 */
export const VIDEO = PORT_LATCHES + PORT_LATCHES_BYTES;
export const VIDEO_BYTES = 10 << 20;

/** Contents of ROMs, wherever the board maps them. */
export const ROM = VIDEO + VIDEO_BYTES;
export const ROM_BYTES = 4 << 20;
export const RAM = ROM + ROM_BYTES;
export const MAX_RAM_BYTES = 1 << 30;

/**
 * One byte for each line of 8 bytes of RAM, with a bit for each byte that code was decoded from. To the byte, because
 * hand-written code has its variables right beside it; it costs nothing where no code is, since only touched memory is
 * held.
 */
export const CODE_LINE_SHIFT = 3;
export const codeMapOffset = (ramBytes: number): number => RAM + ramBytes;
/** Several lines are looked at at once, the last of them behind the map. */
const CODE_MAP_SLACK_BYTES = 0x10000;

/** What to add to the offset of a translation table to get that of an address space, by the number of the space. */
export function spaceDelta(ramBytes: number, number: number): number {
  if (number === 0) return 0;
  const first = codeMapOffset(ramBytes) + (ramBytes >>> CODE_LINE_SHIFT) + CODE_MAP_SLACK_BYTES;
  return first + (number - 1) * TLB_SPACE_BYTES - TLB_READ_SUPERVISOR;
}

/** Size of the whole memory of a machine that keeps so many address spaces, 1 or more. */
export function memoryBytes(ramBytes: number, spaces: number): number {
  // Where those of one space more would be.
  return TLB_READ_SUPERVISOR + spaceDelta(ramBytes, spaces);
}

/** Saved states have offsets in ROM and RAM as they once were: what to add to one to get that, 0 apart. */
const SAVED_RAM = 285_736_960;
export const toSavedPlace = (offset: number): number => (offset === 0 ? 0 : offset - RAM + SAVED_RAM);
export const fromSavedPlace = (place: number): number => (place === 0 ? 0 : place - SAVED_RAM + RAM);
