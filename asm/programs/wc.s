# Counts lines, words and bytes.

.include "program.inc"

NUMBER_WIDTH    = 7

SHOW_LINES      = 1
SHOW_WORDS      = 2
SHOW_BYTES      = 4

DESCRIPTION "[-lwc] [PATH...]", "count lines, words and bytes"
DETAIL "Prints the numbers of lines, words and bytes, without a path of its input; -l prints only that of"
DETAIL "lines, -w that of words, -c that of bytes."

.section .rodata
letters:        .ascii "lwc"            # in the order of SHOW_*
LETTERS         = . - letters

.bss
.balign 4
shown:          .space 4                # SHOW_*

.text

# Takes -l, -w and -c, and paths.
.global _start
_start:
    lea     eax, [esp + 4]
.Loption:
    add     eax, 4
    mov     ecx, [eax]
    test    ecx, ecx
    jz      .Lpaths
    cmp     byte ptr [ecx], '-'
    jne     .Lpaths
.Lletter:
    inc     ecx
    mov     dl, [ecx]
    test    dl, dl
    jz      .Loption
    xor     ebx, ebx                    # EBX: place in letters, and of SHOW_*
1:  cmp     dl, [letters + ebx]
    je      2f
    inc     ebx
    cmp     ebx, LETTERS
    jb      1b
    jmp     misused
2:  bts     [shown], ebx
    jmp     .Lletter
.Lpaths:
    cmp     dword ptr [shown], 0
    jne     3f
    mov     dword ptr [shown], SHOW_LINES | SHOW_WORDS | SHOW_BYTES
3:  mov     edx, offset count
    call    each_input
    jmp     finish

# Counts one file.
# In: EAX path or 0.
count:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    eax
    call    input_open
    jc      .Lcount_done
    xor     ebx, ebx                    # EBX: lines, ESI: words, EDI: bytes
    xor     esi, esi
    xor     edi, edi
    mov     ebp, offset .Lcount_blank   # EBP: where it goes on: between words or within one
.Lcount_fill:
    call    input_fill
    jc      .Lcount_end
    add     edi, eax
    lea     edx, [input_buffer + eax]   # EDX: end of what there is, ECX: up to 0
    mov     ecx, eax
    neg     ecx
    jmp     ebp
.Lcount_blank:
    mov     al, [edx + ecx]
    cmp     al, ' '
    ja      .Lcount_begins
.Lcount_line:
    cmp     al, 10
    jne     1f
    inc     ebx
1:  inc     ecx
    jnz     .Lcount_blank
    mov     ebp, offset .Lcount_blank
    jmp     .Lcount_fill
.Lcount_begins:
    inc     esi
    jmp     2f
.Lcount_word:
    mov     al, [edx + ecx]
    cmp     al, ' '
    jbe     .Lcount_line
2:  inc     ecx
    jnz     .Lcount_word
    mov     ebp, offset .Lcount_word
    jmp     .Lcount_fill
.Lcount_end:
    call    input_close
    xor     ebp, ebp
    mov     eax, ebx
    mov     ecx, SHOW_LINES
    call    column
    mov     eax, esi
    mov     ecx, SHOW_WORDS
    call    column
    mov     eax, edi
    mov     ecx, SHOW_BYTES
    call    column
    cmp     dword ptr [esp], 0
    je      4f
    mov     al, ' '
    call    out_byte
    mov     eax, [esp]
    call    out_text
4:  mov     al, 10
    call    out_byte
.Lcount_done:
    pop     eax
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints a number if it is asked for; all but the first have a blank before them, however long they are.
# In: EAX number, ECX SHOW_*, EBP 0 before the first one.
# Out: EBP.
column:
    test    [shown], ecx
    jz      2f
    test    ebp, ebp
    jz      1f
    push    eax
    mov     al, ' '
    call    out_byte
    pop     eax
1:  mov     edx, NUMBER_WIDTH
    call    out_number
    inc     ebp
2:  ret
