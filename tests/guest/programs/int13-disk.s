# What a boot sector does with the drive that it comes from, by INT 13h alone: it shows a text from the disk and writes
# it to the sector behind; of a CD it shows the identifier of the volume descriptor.

.intel_syntax noprefix
.code16

BUFFER = 0x8000
TEXT_SECTOR = 70000
DESCRIPTOR_BLOCK = 16
FIRST_CD = 0xE0

_start:
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7C00
    cmp     dl, FIRST_CD
    jae     from_cd

    mov     dword ptr [packet_sector], TEXT_SECTOR
    mov     ah, 0x42
    call    transfer
    mov     si, BUFFER
    call    show
    inc     dword ptr [packet_sector]
    mov     ax, 0x4300
    call    transfer
    mov     si, offset written_text
    jmp     last

from_cd:
    mov     dword ptr [packet_sector], DESCRIPTOR_BLOCK
    mov     ah, 0x42
    call    transfer
    mov     byte ptr [BUFFER + 6], 0
    mov     si, BUFFER + 1
last:
    call    show
stop:
    hlt
    jmp     stop

# In: AH = function, DL = drive. Clobbers: AX, SI.
transfer:
    mov     si, offset packet
    int     0x13
    jnc     1f
    mov     si, offset failed_text
    jmp     last
1:  ret

# In: SI = text. Clobbers: AX, BX, SI.
show:
    lodsb
    test    al, al
    jz      1f
    mov     ah, 0x0E
    mov     bx, 7
    int     0x10
    jmp     show
1:  ret

written_text:           .asciz ", and written"
failed_text:            .asciz "INT 13h failed"
.balign 4
packet:                 .word 16, 1, BUFFER, 0
packet_sector:          .quad 0
