/** What the processor sees of the board, and what devices see of it: ports, memory-mapped registers, wires. */

export type AccessBytes = 1 | 2 | 4;

/** A range of I/O ports. Offsets are relative to the range's first port. */
export interface PortHandler {
  readPort(offset: number, sizeBytes: AccessBytes): number;
  writePort(offset: number, sizeBytes: AccessBytes, value: number): void;
  /**
   * Reads of `sizeBytes` one after the other, of which none has an effect but the next value, as from the middle of a
   * drive's buffer: fills the beginning of `target` and returns the bytes; 0 when there is no such run.
   */
  readPortRun?(offset: number, sizeBytes: AccessBytes, target: Uint8Array): number;
  /**
   * Whether a byte that has been read reads the same, and without effect, until a timer fires or something is written.
   */
  isSteady?(offset: number): boolean;
}

/** A range of physical addresses that is not RAM. Offsets are relative to the range's first byte; values unsigned. */
export interface MmioHandler {
  readMmio(offset: number, sizeBytes: AccessBytes): number;
  writeMmio(offset: number, sizeBytes: AccessBytes, value: number): void;
  /**
   * Accesses of `sizeBytes` to ascending addresses that do nothing but read or store, as those of plain memory: fills
   * `target`, or stores `source`. False when there is no such run: nothing has happened then.
   */
  readMmioRun?(offset: number, sizeBytes: AccessBytes, target: Uint8Array): boolean;
  writeMmioRun?(offset: number, sizeBytes: AccessBytes, source: Uint8Array): boolean;
  /** Told where its window lies now, or that it is gone. */
  placed?(base: number | null): void;
}

/** The display adapter's memory, and the pages that lead there without asking the bus. */
export interface VideoMemory {
  /** Its first bytes: 256 KiB or more. */
  readonly bytes: Uint8Array;
  /** So many bytes from A0000h on, up to 128 KiB, are its first ones; the rest of the 128 KiB are the bus's. */
  showWindow(lengthBytes: number): void;
  /** They lie at this physical address; null: nowhere. What is below the end of RAM stays as it is. */
  showFrameBuffer(physicalAddress: number | null): void;
}

/** A range of ports or of physical addresses whose place the guest chooses. */
export interface Window {
  /** Moves the window to this address, or takes it away. */
  place(base: number | null): void;
}

/** The board's side of base address registers. */
export interface WindowFactory {
  portWindow(sizeBytes: number, handler: PortHandler): Window;
  memoryWindow(sizeBytes: number, handler: MmioHandler): Window;
}

/** A wire that is high or low: an IRQ input, A20, an INTx# pin. Setting the level it already has does nothing. */
export interface Wire {
  set(level: boolean): void;
}

/** What of its local APIC a processor knows beside the memory-mapped registers. */
export interface ProcessorApic {
  /** Its identifier at reset, which CPUID tells. */
  readonly number: number;
  /** IA32_APIC_BASE, its lower half. */
  base: number;
  readonly isEnabled: boolean;
}

/** The board as the processor sees it: everything that is not in `MachineMemory`. */
export interface ProcessorBus {
  /** Any port answers: one that nobody decodes reads as all ones, and is reported once to the machine's log. */
  readPort(port: number, sizeBytes: AccessBytes): number;
  writePort(port: number, sizeBytes: AccessBytes, value: number): void;
  /** See `PortHandler.readPortRun`. */
  readPortRun?(port: number, sizeBytes: AccessBytes, target: Uint8Array): number;
  /** See `PortHandler.isSteady`. */
  isSteadyPort?(port: number): boolean;
  /** Physical addresses that are neither RAM nor ROM. Unsigned values. */
  readMmio(physicalAddress: number, sizeBytes: AccessBytes): number;
  writeMmio(physicalAddress: number, sizeBytes: AccessBytes, value: number): void;
  /** See `MmioHandler.readMmioRun`. */
  readMmioRun?(physicalAddress: number, sizeBytes: AccessBytes, target: Uint8Array): boolean;
  writeMmioRun?(physicalAddress: number, sizeBytes: AccessBytes, source: Uint8Array): boolean;
  /**
   * Value of the time stamp counter: ticks since reset, halted time included (see clock.ts). An integer up to 2^53 - 1.
   */
  readTimestamp(): number;
  /** The INTA cycle: the vector that the interrupt controller delivers. Called only while INTR is high. */
  acknowledgeInterrupt(): number;
  /** The local APIC of the processor that runs; null where there is none. */
  readonly apic?: ProcessorApic | null;
  /** The FERR# pin: an x87 exception waits, and CR0.NE is 0 (SDM volume 1, 8.7.2). */
  setNumericError(level: boolean): void;
  /** Shutdown cycle: a triple fault, with a report of it. The board resets the machine. */
  shutdown(report: string): void;
}

/** DMA: physical memory as a bus master sees it. Addresses outside RAM read as ones; writes to ROM are dropped. */
export interface DmaMemory {
  read(physicalAddress: number, target: Uint8Array): void;
  /** Writes invalidate decoded and compiled code that they overwrite. */
  write(physicalAddress: number, source: Uint8Array): void;
}
