# A boot sector that ends in a triple fault: with an empty interrupt table, not even the double fault can be delivered.
# A second start, which it knows by a mark that survives the reset in memory, powers nothing off and stands still.
.intel_syntax noprefix
.code16

MARK    = 0x600
STARTED = 0x5157

.global _start
_start:
    xor     ax, ax
    mov     ds, ax
    cmp     word ptr ds:[MARK], STARTED
    je      again
    mov     word ptr ds:[MARK], STARTED
    mov     eax, 0x12345678
    lidt    cs:[nowhere]
fault:
    int3
again:
    cli
    hlt

nowhere:
    .word   0
    .long   0

    .org    510
    .word   0xAA55
