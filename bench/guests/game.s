# What a game of DOS does in a frame, in real mode: calls by INT and by far pointers, segments that change, sprites
# drawn byte by byte into the display adapter's memory and rows moved within it, its status and palette by ports.
.include "load.inc"
        mov     ax, 0x13                # 320x200 in 256 colours
        int     0x10
        mov     al, 0xFF                # no interrupts
        out     0x21, al
        out     0xA1, al
        jmp     0:run
boot_drive:
        .byte   0
        .org    510
        .word   0xAA55

iterations:
        .long   1
flags:  .long   0
        .org    536

VECTOR          = 0x60
VIDEO           = 0xA000
ROW             = 320
SPRITES         = 8
SIDE            = 16
STATUS          = 0x3DA
PALETTE_INDEX   = 0x3C8
MUSIC_SEGMENT   = 0x70                  # the tune lies in a segment of its own

.include "marks.inc"

setup:  mov     word ptr [VECTOR * 4], offset random
        mov     word ptr [VECTOR * 4 + 2], 0
        mov     di, offset sprite
        mov     cx, SIDE * SIDE
1:      int     VECTOR
        and     al, 15
        mov     [di], al
        inc     di
        loop    1b
        ret

bench:  call    frame
        dec     ebp
        jnz     bench
        mov     eax, [seed]
        add     eax, [notes]
        ret

frame:  mov     dx, STATUS
        mov     cx, 16
1:      in      al, dx
        loop    1b
        lcall   MUSIC_SEGMENT:music - 16 * MUSIC_SEGMENT
        lcall   [tune]
        mov     dx, PALETTE_INDEX
        mov     ax, bp
        out     dx, al
        inc     dx
        out     dx, al
        out     dx, al
        out     dx, al
        push    ds
        push    es
        mov     ax, VIDEO
        mov     ds, ax
        mov     es, ax
        mov     si, ROW
        xor     di, di
        mov     cx, ROW / 2
        cld
        rep movsw
        pop     es
        pop     ds
        mov     bx, SPRITES
2:      int     VECTOR
        xor     dx, dx
        mov     cx, 184 * ROW
        div     cx
        mov     di, dx
        call    draw
        dec     bx
        jnz     2b
        ret

# draw: a sprite at DI; what is 0 in it stays as it is
draw:   push    es
        pusha
        les     ax, [screen]
        mov     si, offset sprite
        mov     dx, SIDE
1:      mov     cx, SIDE
2:      lodsb
        test    al, al
        jz      3f
        mov     es:[di], al
3:      inc     di
        loop    2b
        add     di, ROW - SIDE
        dec     dx
        jnz     1b
        popa
        pop     es
        ret

# random: the next number of a sequence: AX
random: push    edx
        imul    eax, dword ptr [seed], 1664525
        add     eax, 1013904223
        mov     [seed], eax
        shr     eax, 16
        pop     edx
        iret

# music: a voice of a tune, called from another segment
music:  pushf
        push    bx
        mov     cx, 100
        mov     bx, [notes]
1:      shr     bx, 1
        jnc     2f
        xor     bx, 0xB400
2:      loop    1b
        or      bx, 1
        mov     [notes], bx
        pop     bx
        popf
        retf

tune:   .word   music - 16 * MUSIC_SEGMENT, MUSIC_SEGMENT
screen: .word   0, VIDEO
seed:   .long   1
notes:  .long   1
sprite: .space  SIDE * SIDE
