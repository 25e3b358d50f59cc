# A boot sector on a short disk that asks for 31 sectors from the second one on, of which only some exist. Sectors begin
# with their number. It says on COM1 the status, how many were read by the BIOS's word, and how many of them were right,
# by INT 13h AH=02h and by AH=42h; then the status of a request that begins at the end; then `end`.

.include "boot-sector.inc"

BUFFER                  = 0x8000
SECTORS                 = 31

.text
    BOOT_SECTOR
    mov     bx, BUFFER
    mov     ax, 0x0200 + SECTORS
    mov     cx, 2
    xor     dh, dh
    int     0x13
    mov     si, offset text_read
    call    outcome
    mov     si, offset packet
    mov     ah, 0x42
    int     0x13
    mov     al, [packet + 2]
    mov     si, offset text_packet
    call    outcome
    mov     si, offset packet
    mov     eax, [start + 504]          # how many sectors there are
    mov     [si + 8], eax
    mov     byte ptr [si + 2], SECTORS
    mov     ah, 0x42
    int     0x13
    mov     al, [packet + 2]
    mov     si, offset text_beyond
    call    outcome
    mov     si, offset text_end
    call    print
2:  hlt
    jmp     2b

# Prints a text (SI), the status (AH), the count (AL), and how many sectors of the buffer are right, which is empty
# then.
outcome:
    push    dx
    push    ax
    push    ax
    call    print
    pop     ax
    mov     al, ah
    call    hex
    pop     ax
    call    hex
    mov     di, BUFFER
    mov     eax, 1
    xor     dl, dl
1:  cmp     [di], eax
    jne     2f
    inc     dl
2:  mov     dword ptr [di], 0
    add     di, 512
    inc     ax
    cmp     ax, SECTORS
    jbe     1b
    mov     al, dl
    pop     dx
    SERIAL_HEX

    SERIAL_PRINT

packet:
    .byte   16, 0, SECTORS, 0
    .word   BUFFER, 0
    .long   1, 0
text_read:
    .asciz  "read "
text_packet:
    .asciz  " packet "
text_beyond:
    .asciz  " beyond "
text_end:
    .asciz  "\nend\n"

    BOOT_SECTOR_END
