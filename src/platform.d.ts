/**
 * The few globals that every JavaScript host has and the ES2023 library does not declare. The core (emulator, isa,
 * assembler, linker, image) may use these and nothing else of its host.
 */

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: "utf-8" | "latin1", options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}

/** Of base 64: a character for each byte. */
declare function atob(text: string): string;

declare namespace WebAssembly {
  /**
   * Linear memory: one for each emulated machine, so that compiled guest code and the interpreter share it. Sizes in 64
   * KiB pages.
   */
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
  }
  /** Validated code. Compiling is synchronous and may happen at any time: no guest can tell. */
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
    static imports(module: Module): { module: string; name: string; kind: string }[];
    static exports(module: Module): { name: string; kind: string }[];
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  /** Functions of all instances of one machine, so that they can call each other. */
  class Table {
    constructor(descriptor: { element: "anyfunc"; initial: number; maximum?: number });
    readonly length: number;
    grow(delta: number): number;
    set(index: number, value: unknown): void;
  }
}
