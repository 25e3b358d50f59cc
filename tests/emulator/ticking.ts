/** A firmware for machines that do nothing but count: interrupts at 1 kHz, in a word at 500h. */
import { codeOf } from "./cpu/assembled.ts";

/** Where they are counted, and the address of the routine that does it. */
const TICKS = 0x500;
export const TICK_ROUTINE = 0xf0010;

/**
 * A ROM of 64 KiB at F000:0000 that starts the timer and then runs `loop` again and again; interrupts are disabled when
 * it begins. `vectors`: code that installs more handlers, which are in `handlers` with their places.
 */
export function tickingRom(loop: string, vectors = "", handlers = ""): Uint8Array {
  const code = codeOf(
    `
    jmp     start
    .org    ${TICK_ROUTINE - 0xf0000}
tick:
    inc     word ptr [${TICKS}]
    push    ax
    mov     al, 0x20
    out     0x20, al
    pop     ax
    iret
    ${handlers}
start:
    cli
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x1000
    mov     word ptr [8 * 4], offset tick
    mov     word ptr [8 * 4 + 2], 0xF000
    ${vectors}
    # ICW1 to ICW4: vectors 8 to 15; only IRQ 0 is open.
    mov     al, 0x11
    out     0x20, al
    .irp    word, 8, 4, 1, 0xFE
    mov     al, \\word
    out     0x21, al
    .endr
    # Channel 0, mode 2, every 1193 ticks.
    mov     al, 0x34
    out     0x43, al
    mov     al, 0xA9
    out     0x40, al
    mov     al, 0x04
    out     0x40, al
1:  ${loop}
    jmp     1b`,
    16,
  );
  return romOf(code);
}

/** A ROM of 64 KiB with this code at F000:0000 and a jump to it at the reset vector; the rest halts. */
export function romOf(code: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(0x10000).fill(0xf4);
  bytes.set(code, 0);
  bytes.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0);
  return bytes;
}
