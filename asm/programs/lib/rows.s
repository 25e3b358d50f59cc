# Bytes as rows in hexadecimal and as characters.

.include "program.inc"

ROW             = 16                    # bytes of a row
ROW_CHARACTERS  = 8 + 1 + ROW * 3 + 3 + ROW + 2

.text

# Adds bytes in hexadecimal and as characters, 16 in a row.
# In: EAX bytes, EDX how many, ECX offset of the first in its file.
# Keeps all registers but EAX, ECX and EDX.
.global out_rows
out_rows:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebx, edx                    # EBX: bytes left
    mov     ebp, ecx                    # EBP: offset
.Lout_rows_row:
    mov     eax, ROW_CHARACTERS
    call    out_room
    mov     edi, eax
    bswap   ebp                         # its highest byte comes first
    mov     ecx, 4
1:  mov     eax, ebp
    movzx   eax, al
    mov     ax, [hex_pairs + eax*2]
    stosw
    ror     ebp, 8
    loop    1b
    bswap   ebp
    mov     byte ptr [edi], ' '
    inc     edi
    mov     edx, ROW                    # EDX: bytes of this row
    cmp     edx, ebx
    jbe     2f
    mov     edx, ebx
2:  xor     ecx, ecx
.Lout_rows_byte:
    movzx   eax, byte ptr [esi + ecx]
    movzx   eax, word ptr [hex_pairs + eax*2]
    shl     eax, 8
    mov     al, ' '
    mov     [edi], eax                  # and a byte that the next one overwrites
    add     edi, 3
    inc     ecx
    cmp     ecx, edx
    jb      .Lout_rows_byte
.Lout_rows_blank:
    cmp     ecx, ROW
    jae     .Lout_rows_bar
    mov     dword ptr [edi], 0x20202020
    add     edi, 3
    inc     ecx
    jmp     .Lout_rows_blank
.Lout_rows_bar:
    mov     dword ptr [edi], ' ' + (' ' << 8) + ('|' << 16)
    add     edi, 3
    mov     ecx, edx
.Lout_rows_character:
    lodsb
    cmp     al, ' '
    jb      .Lout_rows_dot
    cmp     al, 0x7E
    jbe     .Lout_rows_show
.Lout_rows_dot:
    mov     al, '.'
.Lout_rows_show:
    stosb
    loop    .Lout_rows_character
    mov     word ptr [edi], '|' + (10 << 8)
    lea     eax, [edi + 2]
    sub     eax, offset output_buffer
    mov     [output_count], eax
    add     ebp, ROW
    sub     ebx, ROW
    ja      .Lout_rows_row
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

.section .rodata
.balign 2
hex_pairs:                              # two digits for each byte
.macro HEX_DIGIT value:req
    .byte   '0' + (\value) + ('a' - '0' - 10) * ((\value) / 10)
.endm
.set value, 0
.rept 256
    HEX_DIGIT value >> 4
    HEX_DIGIT value & 15
.set value, value + 1
.endr
