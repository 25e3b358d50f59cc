# A boot sector that sets a mode of VBE, asks for the functions of VBE for protected mode, copies them to another place
# and calls them there, in 32-bit protected mode, as the disk's sector 1 says. On COM1 it writes what the question for
# them returned (AX, length), then AX and the other registers' sum of each call, and `done`.

.include "boot-sector.inc"

CALLS                   = 0x8000        # sector 1: u16 mode, u16 pixels of a line, then the calls
CALL_ENTRY              = 0             # u16: word of the table; FFFFh after the last
CALL_BX                 = 2
CALL_CX                 = 4
CALL_DX                 = 6
CALL_BYTES              = 8
COPY                    = 0x9004        # where nothing is aligned to a paragraph
COLOURS                 = CALLS + 256   # what ES:EDI points at

.text
    BOOT_SECTOR
    mov     bx, CALLS
    mov     ax, 0x0201
    mov     cx, 0x0002
    xor     dh, dh
    int     0x13
    mov     bx, ds:[CALLS]
    mov     ax, 0x4F02
    int     0x10
    mov     ax, 0x4F06
    xor     bx, bx
    mov     cx, ds:[CALLS + 2]
    int     0x10
    mov     ax, 0x4F0A
    xor     bx, bx
    int     0x10
    call    word_out
    mov     ax, cx
    call    word_out
    push    es
    pop     ds
    mov     si, di
    xor     ax, ax
    mov     es, ax
    mov     di, COPY
    cld
    rep movsb
    mov     ds, ax
    cli
    lgdt    gdt_pointer
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    ljmp    8, offset protected

.code32
protected:
    mov     ax, 16
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    mov     esp, 0x7C00
    mov     ebp, CALLS + 4
2:  movzx   esi, word ptr [ebp + CALL_ENTRY]
    cmp     si, 0xFFFF
    je      3f
    movzx   ebx, word ptr [ebp + CALL_BX]
    movzx   ecx, word ptr [ebp + CALL_CX]
    movzx   edx, word ptr [ebp + CALL_DX]
    mov     edi, COLOURS
    movzx   eax, word ptr [COPY + esi * 2]
    add     eax, COPY
    lea     esi, [ebx + ecx]
    add     esi, edx
    add     esi, edi
    push    ebp
    push    esi
    call    eax
    pop     esi
    pop     ebp
    call    word_out_protected
    lea     eax, [ebx + ecx]
    add     eax, edx
    add     eax, edi
    sub     eax, esi                    # 0: they are as they were
    call    word_out_protected
    add     ebp, CALL_BYTES
    jmp     2b
3:  mov     esi, offset text
4:  lodsb
    mov     dx, COM1
    out     dx, al
    test    al, al
    jnz     4b
5:  hlt
    jmp     5b

# A word as four hexadecimal digits and a blank. The loader's code in 16 bits and in 32 is the same text.
# In: AX.
.macro WORD_OUT
    push    cx
    push    dx
    mov     cx, 4
    mov     dx, COM1
.Lword_out_\@:
    rol     ax, 4
    push    ax
    and     al, 0x0F
    add     al, '0'
    cmp     al, '9'
    jbe     .Lword_out_digit_\@
    add     al, 'a' - '9' - 1
.Lword_out_digit_\@:
    out     dx, al
    pop     ax
    dec     cx
    jnz     .Lword_out_\@
    mov     al, ' '
    out     dx, al
    pop     dx
    pop     cx
    ret
.endm

word_out_protected:
    WORD_OUT
.code16
word_out:
    WORD_OUT

.balign 8
gdt:
    .quad   0
    .quad   0x00CF9B000000FFFF
    .quad   0x00CF93000000FFFF
gdt_pointer:
    .word   23
    .long   gdt
text:
    .asciz  "done"
    BOOT_SECTOR_END
