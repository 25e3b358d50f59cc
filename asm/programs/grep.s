# Prints the lines that hold a text.

.include "program.inc"

LINE_BYTES      = 4096

DESCRIPTION "[-inv] TEXT [PATH...]", "show the lines that hold a text"
DETAIL "Prints the lines that hold TEXT as it is, without a path of its input; of a line longer than 4 KiB its beginning."
DETAIL "-i takes letters in either case for the same, -n says the number of each line, -v takes the lines without it."

.text

# Takes the text and paths. The status is 1 when no line has it, or a file could not be read.
.global _start
_start:
    lea     eax, [esp + 4]
.Loption:
    add     eax, 4
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     byte ptr [ecx], '-'
    jne     .Ltext
    cmp     byte ptr [ecx + 1], 0
    je      .Ltext                      # a - alone is a text
.Lletter:
    inc     ecx
    mov     dl, [ecx]
    test    dl, dl
    jz      .Loption
    mov     esi, offset anyhow
    cmp     dl, 'i'
    je      .Lset
    mov     esi, offset numbers
    cmp     dl, 'n'
    je      .Lset
    mov     esi, offset others
    cmp     dl, 'v'
    jne     misused
.Lset:
    mov     dword ptr [esi], 1
    jmp     .Lletter
.Ltext:
    mov     [wanted], ecx
    cmp     dword ptr [anyhow], 0
    je      .Lpaths
    push    eax
    mov     eax, ecx
    call    text_lower
    pop     eax
.Lpaths:
    add     eax, 4
    mov     edx, offset search
    call    each_input
    cmp     dword ptr [shown], 0
    jne     finish
    mov     dword ptr [output_status], 1
    jmp     finish

# Looks through one file.
# In: EAX path or 0, EDX 1 when the path goes before each line.
search:
    push    ebx
    push    edi
    xor     ebx, ebx
    test    edx, edx
    jz      .Lsearch_open
    mov     ebx, eax                    # EBX: path before the lines, or 0
.Lsearch_open:
    call    input_open
    jc      .Lsearch_done
    mov     dword ptr [number], 0
.Lsearch_line:
    xor     edi, edi                    # EDI: bytes of the line
.Lsearch_byte:
    call    input_byte
    jc      .Lsearch_last
    cmp     al, 10
    je      .Lsearch_look
    cmp     edi, LINE_BYTES - 1
    jae     .Lsearch_byte
    mov     [line + edi], al
    inc     edi
    jmp     .Lsearch_byte
.Lsearch_look:
    call    show_if_wanted
    jmp     .Lsearch_line
.Lsearch_last:
    test    edi, edi
    jz      .Lsearch_close
    call    show_if_wanted
.Lsearch_close:
    call    input_close
.Lsearch_done:
    pop     edi
    pop     ebx
    ret

# Prints a line when it holds the text.
# In: EDI its bytes, EBX path before it, or 0.
show_if_wanted:
    inc     dword ptr [number]
    mov     byte ptr [line + edi], 0
    mov     eax, offset line
    cmp     dword ptr [anyhow], 0
    je      .Lshow_look
    mov     eax, offset lower
    mov     ecx, edi
    push    esi
    push    edi
    mov     esi, offset line
    mov     edi, eax
    inc     ecx
    rep movsb
    pop     edi
    pop     esi
    call    text_lower
.Lshow_look:
    mov     edx, [wanted]
    call    text_holds
    sbb     eax, eax                    # all ones when it does not
    and     eax, 1
    cmp     eax, [others]
    jne     2f
    mov     dword ptr [shown], 1
    test    ebx, ebx
    jz      1f
    mov     eax, ebx
    call    out_text
    mov     eax, offset text_colon
    call    out_text
1:  cmp     dword ptr [numbers], 0
    je      .Lshow_line
    mov     eax, [number]
    xor     edx, edx
    call    out_number
    mov     eax, offset text_colon
    call    out_text
.Lshow_line:
    mov     eax, offset line
    call    out_text
    mov     al, 10
    call    out_byte
2:  ret

# Makes letters small.
# In: EAX text, which is changed.
# Out: EAX text.
# Clobbers: EDX too.
text_lower:
    push    eax
1:  mov     dl, [eax]
    sub     dl, 'A'
    cmp     dl, 26
    jae     2f
    or      byte ptr [eax], 0x20
2:  inc     eax
    cmp     byte ptr [eax - 1], 0
    jne     1b
    pop     eax
    ret

.section .rodata
text_colon:     .asciz ": "

.bss
.balign 4
wanted:         .space 4                # the text
shown:          .space 4                # 1 when a line had it
anyhow:         .space 4                # 1: -i
numbers:        .space 4                # 1: -n
others:         .space 4                # 1: -v
number:         .space 4                # of the line, from 1
lower:          .space LINE_BYTES
line:           .space LINE_BYTES
