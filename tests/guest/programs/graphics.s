# A boot sector that sets the graphics mode in its byte 508 and draws: in mode 13h a ramp of all colours in the first
# line, in the others a bar of colour 14 (bits 1 to 3) over the first 16 pixels of line 0. Then it writes `done` on
# COM1.

.include "boot-sector.inc"

SEQUENCER               = 0x3C4

.text
    BOOT_SECTOR
    mov     al, [mode]
    int     0x10
    mov     ax, 0xA000
    mov     es, ax
    xor     di, di
    cmp     byte ptr [mode], 0x13
    je      ramp
    mov     dx, SEQUENCER
    mov     ax, 0x0E02                  # planes 1 to 3
    out     dx, ax
    mov     ax, 0xFFFF
    stosw
    jmp     done
ramp:
    xor     al, al
2:  stosb
    inc     al
    jnz     2b
done:
    mov     si, offset text
    mov     dx, COM1
3:  lodsb
    out     dx, al
    test    al, al
    jnz     3b
4:  hlt
    jmp     4b

text:
    .asciz  "done"
    .org    508
mode:
    .byte   0, 0
    .word   0xAA55
