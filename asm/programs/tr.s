# Puts other bytes in place of bytes, removes them, or makes one of several that are equal.

.include "program.inc"
.include "options.inc"

DESCRIPTION "[-cds] SET [SET]", "replace or remove bytes of the input"
DETAIL "Each byte of the first SET becomes that of the second at the same place, whose last one stands for those that it"
DETAIL "lacks. -d removes those of SET, -s makes one of equal ones that follow each other, -c takes all but those of SET."
DETAIL "A SET has bytes, ranges a-z, classes [:alpha:] [:digit:] [:alnum:] [:lower:] [:upper:] [:space:] [:blank:]"
DETAIL "[:punct:] [:print:] [:graph:] [:cntrl:] [:xdigit:], and \\n \\t \\r \\\\ and octal numbers as \\012."

SET_MOST        = 4096                  # bytes in a set

.text

# Takes options and sets.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    mov     esi, [eax]
    test    esi, esi
    jz      misused
    mov     ebx, [eax + 4]              # EBX: second set, or 0
    test    ebx, ebx
    jz      1f
    cmp     dword ptr [eax + 8], 0
    jne     misused
1:  mov     edi, offset first
    call    take_set
    mov     [first_bytes], ecx
    cmp     dword ptr [others], 0
    je      2f
    call    complement
2:  mov     esi, ebx
    test    ebx, ebx
    jz      3f
    mov     edi, offset second
    call    take_set
    mov     [second_bytes], ecx
3:  call    make_tables
    xor     eax, eax
    call    input_open
    mov     ebx, -1                     # EBX: the byte before, when it is one to be squeezed
.Lnext:
    call    input_byte
    jc      finish
    movzx   eax, al
    cmp     byte ptr [removed + eax], 0
    jne     .Lnext
    mov     al, [becomes + eax]
    cmp     byte ptr [squeezed + eax], 0
    je      .Lplain
    cmp     eax, ebx
    je      .Lnext
    mov     ebx, eax
    call    out_byte
    jmp     .Lnext
.Lplain:
    or      ebx, -1
    call    out_byte
    jmp     .Lnext

# Makes the tables of what becomes of each byte.
# In: EBX second set, or 0.
make_tables:
    xor     ecx, ecx
1:  mov     [becomes + ecx], cl
    inc     cl
    jnz     1b
    cmp     dword ptr [removes], 0
    je      .Lmake_tables_replace
    mov     edi, offset removed
    call    mark_first
    test    ebx, ebx
    jz      2f
    cmp     dword ptr [squeezes], 0
    je      misused
    jmp     .Lmake_tables_second
2:  cmp     dword ptr [squeezes], 0
    jne     misused
    ret
.Lmake_tables_replace:
    test    ebx, ebx
    jz      .Lmake_tables_squeeze
    mov     edx, [second_bytes]
    test    edx, edx
    jz      misused
    xor     ecx, ecx
.Lmake_tables_replaced:
    cmp     ecx, [first_bytes]
    jae     .Lmake_tables_all
    lea     eax, [edx - 1]
    cmp     ecx, eax
    jae     4f
    mov     eax, ecx
4:  mov     al, [second + eax]
    movzx   esi, byte ptr [first + ecx]
    mov     [becomes + esi], al
    inc     ecx
    jmp     .Lmake_tables_replaced
.Lmake_tables_all:
    cmp     dword ptr [squeezes], 0
    je      .Lmake_tables_done
.Lmake_tables_second:
    xor     ecx, ecx
6:  cmp     ecx, [second_bytes]
    jae     .Lmake_tables_done
    movzx   esi, byte ptr [second + ecx]
    mov     byte ptr [squeezed + esi], 1
    inc     ecx
    jmp     6b
.Lmake_tables_done:
    ret
.Lmake_tables_squeeze:
    cmp     dword ptr [squeezes], 0
    je      misused
    mov     edi, offset squeezed

# Marks the bytes of the first set in a table.
# In: EDI table.
mark_first:
    xor     ecx, ecx
1:  cmp     ecx, [first_bytes]
    jae     2f
    movzx   esi, byte ptr [first + ecx]
    mov     byte ptr [edi + esi], 1
    inc     ecx
    jmp     1b
2:  ret

# Makes the first set what is not in it, in order.
complement:
    mov     edi, offset removed         # which is empty yet
    call    mark_first
    xor     ecx, ecx
    xor     edx, edx
1:  cmp     byte ptr [removed + ecx], 0
    jne     2f
    mov     [first + edx], cl
    inc     edx
2:  mov     byte ptr [removed + ecx], 0
    inc     cl
    jnz     1b
    mov     [first_bytes], edx
    ret

# Takes a set.
# In: ESI text, EDI where its bytes go, SET_MOST.
# Out: ECX bytes.
# Clobbers: ESI too.
take_set:
    push    ebx
    xor     ecx, ecx
.Ltake_set_next:
    cmp     byte ptr [esi], 0
    je      .Ltake_set_done
    cmp     word ptr [esi], '[' + (':' << 8)
    jne     .Ltake_set_byte
    call    take_class
    jnc     .Ltake_set_next
.Ltake_set_byte:
    call    take_byte
    mov     bl, al
    cmp     byte ptr [esi], '-'
    jne     .Ltake_set_one
    cmp     byte ptr [esi + 1], 0
    je      .Ltake_set_one
    inc     esi
    call    take_byte
    cmp     al, bl
    jb      misused
    mov     bh, al
1:  mov     al, bl
    call    put_byte
    cmp     bl, bh
    je      .Ltake_set_next
    inc     bl
    jmp     1b
.Ltake_set_one:
    call    put_byte
    jmp     .Ltake_set_next
.Ltake_set_done:
    pop     ebx
    ret

# Puts a byte into a set.
# In: AL, EDI set, ECX bytes in it.
# Out: ECX.
put_byte:
    cmp     ecx, SET_MOST
    jae     misused
    mov     [edi + ecx], al
    inc     ecx
    ret

# Takes a byte of a set.
# In: ESI text.
# Out: AL, ESI.
# Clobbers: EDX.
take_byte:
    lodsb
    cmp     al, 0x5C                    # '\'
    jne     .Ltake_byte_done
    lodsb
    test    al, al
    jnz     1f
    dec     esi
    mov     al, 0x5C
    ret
1:  mov     dl, al
    sub     dl, '0'
    cmp     dl, 8
    jae     3f
    mov     al, dl                      # up to three octal digits
    mov     dh, 2
2:  mov     dl, [esi]
    sub     dl, '0'
    cmp     dl, 8
    jae     .Ltake_byte_done
    shl     al, 3
    add     al, dl
    inc     esi
    dec     dh
    jnz     2b
    ret
3:  push    ecx
    mov     edx, offset escapes
    call    escaped
    pop     ecx
.Ltake_byte_done:
    ret

# What a letter after a backslash means.
# In: AL letter, EDX list of letters and bytes.
# Out: AL byte.
# Clobbers: EDX.
escaped:
    cmp     byte ptr [edx], 0
    je      2f
    cmp     [edx], al
    je      1f
    add     edx, 2
    jmp     escaped
1:  mov     al, [edx + 1]
2:  ret

# Takes a class.
# In: ESI text, which begins with "[:"; EDI set, ECX bytes in it.
# Out: ESI, ECX; CF when there is no such class.
take_class:
    push    ebx
    push    ecx
    mov     eax, esi
    call    class_take
    pop     ebx                         # EBX: bytes
    jc      3f
    mov     esi, eax
    xor     eax, eax
1:  push    eax
    call    class_has
    pop     eax
    jz      2f
    mov     ecx, ebx
    call    put_byte
    mov     ebx, ecx
2:  inc     al
    jnz     1b
    clc
3:  mov     ecx, ebx
    pop     ebx
    ret

.section .rodata
options:
    OPTION  'c', OPTION_SET, others
    OPTION  'd', OPTION_SET, removes
    OPTION  's', OPTION_SET, squeezes
    .byte   0
escapes:                                # letter, byte
    .byte   'n', 10, 't', 9, 'r', 13, 'a', 7, 'b', 8, 'f', 12, 'v', 11, 0

.bss
.balign 4
others:         .space 4
removes:        .space 4
squeezes:       .space 4
first_bytes:    .space 4
second_bytes:   .space 4
removed:        .space 256              # 1: it is left out
squeezed:       .space 256              # 1: of several one is shown
becomes:        .space 256
first:          .space SET_MOST
second:         .space SET_MOST
