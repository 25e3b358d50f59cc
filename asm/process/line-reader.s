# Reading a section of a program's file bit by bit, for program-line.s: bytes, numbers of DWARF, strings. Nothing is
# read past the end of the section.

.include "macros.inc"
.include "process.inc"
.include "line-table.inc"

.text

# Reads the header of a section.
# In: EBX process, EBP state, EDX offset in the file.
# Out: CF when it cannot be read.
# Clobbers: EDI too.
.global line_header
line_header:
    mov     ecx, SECTION_BYTES
    lea     edi, [ebp + HEADER]
    jmp     image_read

# Reads from a section from now on.
# In: EBP state, EAX its offset, EDX its bytes.
# Clobbers: EDX only.
.global line_section
line_section:
    mov     [ebp + POSITION], eax
    add     edx, eax
    jnc     1f
    mov     edx, eax
1:  mov     [ebp + SECTION_END], edx
    mov     dword ptr [ebp + WINDOW_HAS], 0
    ret

# Reads a byte.
# In: EBX process, EBP state.
# Out: EAX byte; CF at the end of the section.
# Clobbers: EAX only.
.global line_byte
line_byte:
    mov     eax, [ebp + POSITION]
    sub     eax, [ebp + WINDOW_AT]
    cmp     eax, [ebp + WINDOW_HAS]
    jae     1f
    movzx   eax, byte ptr [ebp + eax]
    inc     dword ptr [ebp + POSITION]
    clc
    ret
1:  push    ecx
    push    edx
    push    edi
    mov     edx, [ebp + POSITION]
    mov     ecx, [ebp + SECTION_END]
    sub     ecx, edx
    jbe     3f
    cmp     ecx, WINDOW_BYTES
    jbe     2f
    mov     ecx, WINDOW_BYTES
2:  mov     [ebp + WINDOW_AT], edx
    mov     [ebp + WINDOW_HAS], ecx
    mov     edi, ebp
    call    image_read
    pop     edi
    pop     edx
    pop     ecx
    jnc     line_byte
    mov     dword ptr [ebp + WINDOW_HAS], 0
    stc
    ret
3:  pop     edi
    pop     edx
    pop     ecx
    stc
    ret

# Reads a number of two bytes.
# In: EBX process, EBP state.
# Out: EAX number; CF at the end of the section.
# Clobbers: EAX, ECX.
.global line_word
line_word:
    mov     ecx, 2
    jmp     line_number

# Reads a number of four bytes.
# In: EBX process, EBP state.
# Out: EAX number; CF at the end of the section.
# Clobbers: EAX, ECX.
.global line_dword
line_dword:
    mov     ecx, 4

# Reads a number.
# In: EBX process, EBP state, ECX its bytes, 1 to 4.
# Out: EAX number; CF at the end of the section.
# Clobbers: EAX, ECX.
.global line_number
line_number:
    push    edx
    push    esi
    xor     edx, edx
    xor     esi, esi
1:  call    line_byte
    jc      2f
    push    ecx
    mov     ecx, esi
    shl     eax, cl
    pop     ecx
    or      edx, eax
    add     esi, 8
    dec     ecx
    jnz     1b
    clc
2:  mov     eax, edx
    pop     esi
    pop     edx
    ret

# Reads a LEB128 number.
# In: EBX process, EBP state.
# Out: EAX number, its lower 32 bits; EDX the same with its sign; CF at the end of the section.
# Clobbers: EAX, ECX, EDX.
.global line_leb
line_leb:
    push    esi
    xor     esi, esi
    xor     ecx, ecx
1:  call    line_byte
    jc      4f
    mov     edx, eax
    and     eax, 0x7F
    cmp     ecx, 32
    jae     2f
    shl     eax, cl
    or      esi, eax
2:  add     ecx, 7
    test    dl, 0x80
    jnz     1b
    mov     eax, esi
    test    dl, 0x40
    mov     edx, esi
    jz      3f
    cmp     ecx, 32
    jae     3f
    or      esi, -1
    shl     esi, cl
    or      edx, esi
3:  clc
4:  pop     esi
    ret

# Reads a string to FILE_NAME; what is too long is cut.
# In: EBX process, EBP state.
# Out: CF at the end of the section.
# Clobbers: EAX, ECX, EDI.
.global line_string
line_string:
    lea     edi, [ebp + FILE_NAME]
    mov     ecx, FILE_NAME_BYTES - 1
1:  call    line_byte
    jc      3f
    test    eax, eax
    jz      2f
    jecxz   1b
    stosb
    dec     ecx
    jmp     1b
2:  mov     byte ptr [edi], 0
    clc
3:  ret
