# A boot sector that makes the calls of INT 10h that stand in the disk's sectors from 1 on, and writes on COM1 what came
# back: AX, BX, CX, DX, and as many bytes at ES:DI as the call wants to be seen. Those at ES:DI are sector 16 before
# each call. After the calls it writes `done`.

.include "boot-sector.inc"

CALLS                   = 0x8000        # sectors 1 to 15
CALL_AX                 = 0             # u16; FFFFh after the last
CALL_BX                 = 2
CALL_CX                 = 4
CALL_DX                 = 6
CALL_SEEN               = 8             # u16: bytes
CALL_BYTES              = 10
INPUT                   = CALLS + 15 * 512
BUFFER                  = 0xA000
BUFFER_BYTES            = 512

.text
    BOOT_SECTOR
    mov     bx, CALLS
    mov     ax, 0x0210                  # 16 sectors
    mov     cx, 0x0002
    xor     dh, dh
    int     0x13
    mov     bp, CALLS
    mov     al, '\n'
    call    byte_out
next:
    mov     ax, [bp + CALL_AX]
    cmp     ax, 0xFFFF
    je      done
    cld
    mov     si, INPUT
    mov     di, BUFFER
    mov     cx, BUFFER_BYTES / 2
    rep movsw
    mov     di, BUFFER
    mov     bx, [bp + CALL_BX]
    mov     cx, [bp + CALL_CX]
    mov     dx, [bp + CALL_DX]
    push    bp
    push    ds
    int     0x10
    pop     es                          # some calls return a segment in it
    pop     bp
    push    dx
    push    cx
    push    bx
    push    ax
    mov     cx, 4
2:  pop     ax
    call    word_out
    mov     al, ' '
    call    byte_out
    loop    2b
    mov     si, BUFFER
    mov     cx, [bp + CALL_SEEN]
    jcxz    4f
3:  lodsb
    call    hex_out
    loop    3b
4:  mov     al, '\n'
    call    byte_out
    add     bp, CALL_BYTES
    jmp     next
done:
    mov     si, offset text
5:  lodsb
    call    byte_out
    test    al, al
    jnz     5b
6:  hlt
    jmp     6b

# In: AX.
word_out:
    push    ax
    mov     al, ah
    call    hex_out
    pop     ax
hex_out:
    push    ax
    shr     al, 4
    call    digit_out
    pop     ax
    and     al, 0x0F
digit_out:
    add     al, '0'
    cmp     al, '9'
    jbe     byte_out
    add     al, 'a' - '9' - 1
byte_out:
    push    dx
    mov     dx, COM1
    out     dx, al
    pop     dx
    ret

text:
    .asciz  "done"
    BOOT_SECTOR_END
