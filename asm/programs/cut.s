# Shows parts of lines: fields, or bytes.

.include "program.inc"
.include "options.inc"

DESCRIPTION "-f LIST [-d C] [-s] | -c LIST [PATH...]", "show fields or bytes of lines"
DETAIL "A LIST has numbers from 1 on and ranges, as in 1,3-5,7-. Fields are separated by tabs or what -d says; a line"
DETAIL "without any separator is shown as it is, or with -s left out. -c shows bytes."

RANGES          = 128
DELIMITER       = 9                     # when none is said

.text

# Takes options and paths.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    push    eax
    mov     dword ptr [delimiter], DELIMITER
    mov     eax, [delimiter_text]
    test    eax, eax
    jz      1f
    movzx   ecx, byte ptr [eax]
    mov     [delimiter], ecx
    jecxz   1f                          # the empty one is the NUL
    cmp     byte ptr [eax + 1], 0
    jne     misused
1:  mov     esi, [fields]
    mov     ebp, offset show_fields
    test    esi, esi
    jz      2f
    cmp     dword ptr [bytes], 0
    jne     misused
    jmp     3f
2:  mov     esi, [bytes]
    mov     ebp, offset show_bytes      # EBP: routine for each line
    test    esi, esi
    jz      misused
3:  call    take_list
    pop     eax
    call    lines_begin
4:  call    line_next
    jc      finish
    mov     esi, eax
    lea     edi, [eax + edx]
    call    ebp
    jmp     4b

# Takes a list of ranges.
# In: ESI text.
take_list:
    xor     ebx, ebx                    # EBX: offset of the range
.Ltake_list_next:
    cmp     ebx, RANGES * 8
    jae     misused
    call    take_number
    mov     edi, 1
    cmp     eax, 1
    cmc
    jnc     1f
    mov     edi, eax
1:  mov     [ranges + ebx], edi
    sbb     edi, edi                    # EDI: -1 when there was a number
    mov     edx, eax
    cmp     byte ptr [esi], '-'
    jne     2f
    inc     esi
    call    take_number
    mov     edx, eax
    test    eax, eax
    jnz     3f
    test    edi, edi
    jz      misused                     # - alone
    or      edx, -1
    jmp     3f
2:  test    edi, edi
    jz      misused
3:  mov     [ranges + ebx + 4], edx
    cmp     edx, [ranges + ebx]
    jb      misused
    add     ebx, 8
    mov     [ranges_end], ebx
    lodsb
    cmp     al, ','
    je      .Ltake_list_next
    cmp     al, ' '
    je      .Ltake_list_next
    test    al, al
    jnz     misused
    ret

# Takes a number; 0 is none that may be said.
# In: ESI text.
# Out: EAX number, 0 when there is none; ESI after it.
# Clobbers: ECX, EDX.
take_number:
    xor     eax, eax
    mov     edx, esi
1:  movzx   ecx, byte ptr [esi]
    sub     ecx, '0'
    cmp     ecx, 10
    jae     2f
    cmp     eax, 1 << 28
    jae     misused
    imul    eax, eax, 10
    add     eax, ecx
    inc     esi
    jmp     1b
2:  test    eax, eax
    jnz     3f
    cmp     esi, edx
    jne     misused
3:  ret

# Whether a number is in the list.
# In: EDX number.
# Out: CF when it is not.
# Clobbers: EAX.
listed:
    xor     eax, eax
1:  cmp     edx, [ranges + eax]
    jb      2f
    cmp     [ranges + eax + 4], edx
    jae     3f                          # CF is clear
2:  add     eax, 8
    cmp     eax, [ranges_end]
    jb      1b
    stc
3:  ret

# Shows bytes of a line.
# In: ESI line, EDI its end.
show_bytes:
    xor     edx, edx
1:  cmp     esi, edi
    jae     2f
    inc     edx
    call    listed
    lodsb
    jc      1b
    call    out_byte
    jmp     1b
2:  mov     al, 10
    jmp     out_byte

# Shows fields of a line.
# In: ESI line, EDI its end.
show_fields:
    mov     eax, [delimiter]
    mov     ecx, edi
    sub     ecx, esi
    push    edi
    mov     edi, esi
    test    esp, esp                    # ZF is clear: it is not there
    repne scasb
    pop     edi
    je      .Lshow_fields_cut
    cmp     dword ptr [only_fields], 0
    jne     5f
    mov     eax, esi
    mov     edx, edi
    sub     edx, esi
    call    out_bytes
    mov     al, 10
    jmp     out_byte
5:  ret
.Lshow_fields_cut:
    push    ebx
    xor     edx, edx                    # EDX: field
    xor     ebx, ebx                    # EBX: 1 after one was shown
.Lshow_fields_next:
    inc     edx
    call    listed
    sbb     ecx, ecx                    # ECX: -1 when it is left out
    jecxz   6f
    jmp     .Lshow_fields_byte
6:  test    ebx, ebx
    jz      7f
    mov     eax, [delimiter]
    call    out_byte
7:  mov     ebx, 1
.Lshow_fields_byte:
    cmp     esi, edi
    jae     .Lshow_fields_done
    lodsb
    cmp     al, [delimiter]
    je      .Lshow_fields_next
    test    ecx, ecx
    jnz     .Lshow_fields_byte
    call    out_byte
    jmp     .Lshow_fields_byte
.Lshow_fields_done:
    pop     ebx
    mov     al, 10
    jmp     out_byte

.section .rodata
options:
    OPTION  'f', OPTION_VALUE, fields
    OPTION  'c', OPTION_VALUE, bytes
    OPTION  'b', OPTION_VALUE, bytes
    OPTION  'd', OPTION_VALUE, delimiter_text
    OPTION  's', OPTION_SET, only_fields
    .byte   0

.bss
.balign 4
fields:         .space 4                # the list
bytes:          .space 4                # the list
delimiter_text: .space 4
delimiter:      .space 4                # between fields
only_fields:    .space 4                # 1: only lines that have a delimiter
ranges_end:     .space 4                # offset after the last range
ranges:         .space RANGES * 8       # first and last
