# Shows the end of a file or of input.

.include "program.inc"

KEPT_BYTES      = 0x10000               # of input

DESCRIPTION "[-LINES] [PATH]", "show the end of a file"
DETAIL "tail -20 PATH, or tail -n 20 PATH, shows the last 20 lines, tail PATH ten; without a path, of its input, of"
DETAIL "which it keeps 64 KiB."

.text

# Takes how many lines, and a path.
.global _start
_start:
    lea     eax, [esp + 4]
    call    lines_arguments
    mov     edi, edx                    # EDI: lines
    mov     esi, eax
    call    input_open
    jc      finish
    test    esi, esi
    jz      .Linput
    xor     ebp, ebp                    # EBP: lines of the file
1:  call    input_byte
    jc      2f
    cmp     al, 10
    jne     1b
    inc     ebp
    jmp     1b
2:  cmp     dword ptr [output_status], 0
    jne     finish
    call    input_rewind
    sub     ebp, edi                    # EBP: lines to pass over
    jbe     4f
3:  call    input_byte
    jc      finish
    cmp     al, 10
    jne     3b
    dec     ebp
    jnz     3b
4:  call    input_byte
    jc      finish
    call    out_byte
    jmp     4b

# Input, which is kept until its end.
.Linput:
    xor     ebp, ebp                    # EBP: bytes that were read
.Lkeep:
    call    input_byte
    jc      .Lkept
    mov     ecx, ebp
    and     ecx, KEPT_BYTES - 1
    mov     [kept + ecx], al
    inc     ebp
    jmp     .Lkeep
.Lkept:
    mov     edx, ebp                    # EDX: where the lines begin; back from the end, past its line end
    sub     edi, 1
    jb      finish
    sub     edx, 1
    jb      finish
.Lback:
    mov     eax, ebp
    sub     eax, edx
    cmp     eax, KEPT_BYTES             # what was before is gone
    jae     .Lshow
    test    edx, edx
    jz      .Lshow
    lea     ecx, [edx - 1]
    and     ecx, KEPT_BYTES - 1
    cmp     byte ptr [kept + ecx], 10
    jne     .Lfurther
    sub     edi, 1
    jb      .Lshow
.Lfurther:
    dec     edx
    jmp     .Lback
.Lshow:
    cmp     edx, ebp
    jae     finish
    mov     ecx, edx
    and     ecx, KEPT_BYTES - 1
    mov     al, [kept + ecx]
    call    out_byte
    inc     edx
    jmp     .Lshow

.bss
kept:           .space KEPT_BYTES       # the latest of them, in a ring
