/** Who may access which I/O port: IOPL and the bitmap of the task state segment (SDM volume 1, 19.5). */
import type { Core } from "./core.ts";
import { SYSTEM_TSS32 } from "./descriptor.ts";
import { GENERAL_PROTECTION, raise } from "./exceptions.ts";
import { ACCESS, BASE, LIMIT, TR } from "./layout.ts";

/** Offset of the bitmap's own offset in a 32-bit TSS. */
const TSS_IO_MAP = 0x66;

export class IoPermission {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** #GP(0) when the current privilege does not allow an access to `sizeBytes` ports from `port`. */
  check(port: number, sizeBytes: number): void {
    const core = this.#core;
    if (!core.state.protectedMode || (!core.state.virtual8086 && core.cpl <= core.iopl)) return;
    const limit = core.s[LIMIT + TR]! >>> 0;
    const base = core.s[BASE + TR]!;
    if ((core.s[ACCESS + TR]! & 0x8d) !== (0x80 | SYSTEM_TSS32) || limit < TSS_IO_MAP + 1) raise(GENERAL_PROTECTION, 0);
    const map = core.mmu.readSystem((base + TSS_IO_MAP) | 0, 2);
    const first = map + (port >>> 3);
    // The processor always reads two bytes, so the map ends with a byte of ones.
    if (first + 1 > limit) raise(GENERAL_PROTECTION, 0);
    const bits = core.mmu.readSystem((base + first) | 0, 2) >>> (port & 7);
    if ((bits & ((1 << sizeBytes) - 1)) !== 0) raise(GENERAL_PROTECTION, 0);
  }
}
