/**
 * I/O ports that do nothing but remember the byte that was written last. They lie in the machine's memory, so that
 * compiled code writes them by itself: guests write such a port just to let time pass (80h), and often.
 */

const PORTS = 1 << 16;
/** Size of the memory that is needed: for each port a flag, then for each port its value. */
export const PORT_LATCHES_BYTES = 2 * PORTS;

/** The one byte of a port. */
export interface Latch {
  value: number;
}

export class PortLatches {
  readonly #open: Uint8Array;
  readonly #values: Uint8Array;
  readonly #ports: number[] = [];
  readonly #watchers = new Set<string>();

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#open = new Uint8Array(buffer, offset, PORTS);
    this.#values = new Uint8Array(buffer, offset + PORTS, PORTS);
  }

  /** Makes a port a latch. */
  claim(port: number): Latch {
    const values = this.#values;
    this.#ports.push(port);
    this.#update();
    return {
      get value() {
        return values[port]!;
      },
      set value(value) {
        values[port] = value;
      },
    };
  }

  /** While anyone watches, all accesses go the long way. */
  watch(watcher: string, on: boolean): void {
    if (on) this.#watchers.add(watcher);
    else this.#watchers.delete(watcher);
    this.#update();
  }

  #update(): void {
    for (const port of this.#ports) this.#open[port] = this.#watchers.size === 0 ? 1 : 0;
  }
}
