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
    xor     ebx, ebx                    # EBX: lines, ESI: words, EDI: bytes, EBP: 1 within a word
    xor     esi, esi
    xor     edi, edi
    xor     ebp, ebp
1:  call    input_byte
    jc      3f
    inc     edi
    cmp     al, 10
    jne     2f
    inc     ebx
2:  cmp     al, ' ' + 1
    sbb     eax, eax
    inc     eax                         # 1 for a letter
    cmp     ebp, eax                    # CF when a word begins
    adc     esi, 0
    mov     ebp, eax
    jmp     1b
3:  call    input_close
    mov     ebp, NUMBER_WIDTH           # EBP: width of the next number, all but the first with a blank
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

# Prints a number if it is asked for.
# In: EAX number, ECX SHOW_*, EBP width.
# Out: EBP width of the next one.
column:
    test    [shown], ecx
    jz      1f
    mov     edx, ebp
    call    out_number
    mov     ebp, NUMBER_WIDTH + 1
1:  ret
