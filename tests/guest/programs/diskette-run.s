# A boot sector that reads a hundred sectors by one call of INT 13h, from the second one on: over the ends of tracks and
# cylinders. Sectors begin with their number. It says on COM1 the status, how many were read and how many of them were
# right; then the status and the count of a call for a sector that no track has; then `end`.

.include "boot-sector.inc"

BUFFER_SEGMENT          = 0x2000
SECTORS                 = 100
NO_SECTOR               = 63

.text
    BOOT_SECTOR
    sti
    mov     ax, BUFFER_SEGMENT
    mov     es, ax
    xor     bx, bx
    mov     ax, 0x0200 + SECTORS
    mov     cx, 2
    xor     dx, dx
    int     0x13
    mov     si, offset text_read
    call    outcome
    xor     di, di
    xor     edx, edx                    # right ones
    mov     eax, 1
next:
    cmp     es:[di], eax
    jne     1f
    inc     dl
1:  inc     eax
    add     di, 512
    cmp     eax, SECTORS
    jbe     next
    mov     si, offset text_right
    call    print
    mov     al, dl
    call    hex
    mov     ax, 0x0201
    xor     bx, bx
    mov     cx, NO_SECTOR
    xor     dx, dx
    int     0x13
    mov     si, offset text_none
    call    outcome
    mov     si, offset text_end
    call    print
2:  hlt
    jmp     2b

# Prints a text (SI), and the status (AH) and count (AL) of a call. Goes on into `hex`.
outcome:
    push    ax
    push    ax
    call    print
    pop     ax
    mov     al, ah
    call    hex
    mov     al, ' '
    call    put
    pop     ax
    SERIAL_HEX

    SERIAL_PRINT

text_read:
    .asciz  "read "
text_right:
    .asciz  " right "
text_none:
    .asciz  " none "
text_end:
    .asciz  "\nend\n"

    BOOT_SECTOR_END
