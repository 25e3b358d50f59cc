/** What lives as long as a cluster and goes along with its time: a way out of the emulator. */
export interface Companion {
  /** Virtual time has passed: called between two runs of the machines, each virtual millisecond in real time. */
  tick?(): void;
  /** When it must be called: the machines run no further before that. */
  readonly nextNs?: number;
  /**
   * Whether it must be called now; asked each virtual millisecond in which a machine has said something. It changes
   * nothing.
   */
  isWanted?(): boolean;
  close(): void;
}
