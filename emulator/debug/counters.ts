/**
 * What one machine's engine has done, for people who wonder where time goes. Counts are not part of the state: they
 * differ between engines, and between a run and its repetition from a snapshot.
 */
export class Counters {
  /** Straight runs of code decoded, and instructions in them. */
  blocksDecoded = 0;
  instructionsDecoded = 0;
  /** Blocks whose bytes were overwritten. */
  blocksDiscarded = 0;
  /** Instructions of loops that change nothing, which nobody executed (cpu/idling.ts). */
  passedOver = 0;
  /** Translations that had to be looked up beside the tables: page walks, devices, page crossings. */
  translationMisses = 0;
  translationFlushes = 0;
  /** By vector: exceptions of instructions, interrupts of devices, INT n. */
  readonly exceptions = new Uint32Array(256);
  readonly interrupts = new Uint32Array(256);
  readonly softwareInterrupts: Uint32Array;
  /** How often each interrupt line went up. */
  readonly irqs = new Uint32Array(16);
  portReads = 0;
  portWrites = 0;
  /** Accesses to device registers in physical memory. */
  mmioReads = 0;
  mmioWrites = 0;
  /** Bytes that bus masters read from memory and wrote to it. */
  dmaBytesRead = 0;
  dmaBytesWritten = 0;

  /** `softwareInterrupts`: 256 counts where compiled code reaches them. */
  constructor(softwareInterrupts = new Uint32Array(256)) {
    this.softwareInterrupts = softwareInterrupts;
  }
}
