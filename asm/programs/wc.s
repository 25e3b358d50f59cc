# Counts lines, words and bytes.

.include "program.inc"

NUMBER_WIDTH    = 7

DESCRIPTION "[PATH...]", "count lines, words and bytes"
DETAIL "Prints the numbers of lines, words and bytes, without a path of its input."

.text

# Takes paths.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset count
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
    mov     eax, ebx
    mov     edx, NUMBER_WIDTH
    call    out_number
    mov     eax, esi
    mov     edx, NUMBER_WIDTH + 1
    call    out_number
    mov     eax, edi
    mov     edx, NUMBER_WIDTH + 1
    call    out_number
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
