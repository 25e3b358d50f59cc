# A boot sector that plays by a Sound Blaster 16 as DOS programs do: 8-bit samples in two halves of a buffer that
# repeats, each filled again when the card has interrupted at its end, four halves in all; then 16-bit stereo, one
# buffer. Sample n of the first is n; the n-th word of the second is 111 n. It leaves by the debug exit port, with 1
# without a card.

.include "boot-sector.inc"

PORT                    = 0x220
IRQ_VECTOR              = (8 + 5) * 4
HALF                    = 0x300
BUFFER                  = 0x8000
WIDE                    = 0x9000
WORDS                   = 500

.text
    BOOT_SECTOR
    cli
    mov     word ptr [IRQ_VECTOR], offset interrupted
    mov     word ptr [IRQ_VECTOR + 2], ax
    in      al, 0x21
    and     al, 0xDF
    out     0x21, al
    mov     dx, PORT + 6                # reset: AAh comes
    mov     al, 1
    out     dx, al
    dec     ax
    out     dx, al
    mov     dx, PORT + 10
    in      al, dx
    cmp     al, 0xAA
    mov     al, 1
    jne     leave
    mov     di, BUFFER
    call    fill
    call    fill
    mov     si, offset narrow
    call    program
    mov     si, offset play_narrow
    call    command
1:  sti
    hlt                                 # the halves end
    cli
    cmp     word ptr [halves], 4
    jb      1b
    mov     di, WIDE
    xor     ax, ax
    mov     cx, WORDS
1:  stosw
    add     ax, 111
    loop    1b
    mov     si, offset wide
    call    program
    mov     si, offset play_wide
    call    command
1:  sti
    hlt
    cli
    cmp     word ptr [halves], 5
    jb      1b
    xor     ax, ax
leave:
    out     0xF4, al
    hlt

# The card's interrupt, at the end of a half: fills it again, and says before the last one that it is.
interrupted:
    pusha
    mov     dx, PORT + 14
    in      al, dx                      # 8 bits are acknowledged here, 16 at the next port
    inc     dx
    in      al, dx
    mov     ax, [halves]
    inc     word ptr [halves]
    mov     di, BUFFER
    test    al, 1
    jz      1f
    mov     di, BUFFER + HALF
1:  cmp     al, 2
    jb      2f
    mov     si, offset last
    jne     3f
    call    command
    jmp     3f
2:  call    fill
3:  mov     al, 0x20
    out     0x20, al
    popa
    iret

# Fills a half with the next samples.
# In: DI.
# Out: DI after it.
# Clobbers: AX, CX.
fill:
    mov     al, [next]
    mov     cx, HALF
1:  stosb
    inc     ax
    loop    1b
    mov     [next], al
    ret

# Gives bytes to the card's processor.
# In: SI their number, and them.
# Clobbers: AL, CX, DX, SI.
command:
    mov     dx, PORT + 12
    lodsb
    movzx   cx, al
1:  lodsb
    out     dx, al
    loop    1b
    ret

# Programs a DMA controller.
# In: SI pairs of ports and bytes, up to port FFh.
# Clobbers: AX, DX, SI.
program:
    lodsw
    mov     dl, al
    mov     dh, 0
    mov     al, ah
    cmp     dl, 0xFF
    je      1f
    out     dx, al
    jmp     program
1:  ret

narrow: # Channel 1: masked, mode, address, page, count, open.
    .byte   0x0A, 5, 0x0B, 0x59, 0x0C, 0, 2, BUFFER & 255, 2, BUFFER >> 8, 0x83, 0
    .byte   3, (2 * HALF - 1) & 255, 3, (2 * HALF - 1) >> 8, 0x0A, 1, 0xFF, 0
wide:   # Channel 5, in words.
    .byte   0xD4, 5, 0xD6, 0x49, 0xD8, 0, 0xC4, (WIDE >> 1) & 255, 0xC4, WIDE >> 9, 0x8B, 0
    .byte   0xC6, (WORDS - 1) & 255, 0xC6, (WORDS - 1) >> 8, 0xD4, 1, 0xFF, 0
play_narrow: # 11025 Hz; 8 bits without a sign, mono, repeating.
    .byte   7, 0x41, 11025 >> 8, 11025 & 255, 0xC6, 0, (HALF - 1) & 255, (HALF - 1) >> 8
play_wide: # 22050 Hz; 16 bits with a sign, stereo.
    .byte   7, 0x41, 22050 >> 8, 22050 & 255, 0xB0, 0x30, (WORDS - 1) & 255, (WORDS - 1) >> 8
last:
    .byte   1, 0xDA
halves: .word 0
next:   .byte 0

    BOOT_SECTOR_END
