# Counts the primes below a number, to have something that computes. Its memory comes from the kernel page by page.

.include "program.inc"

DESCRIPTION "NUMBER", "count the primes below a number", GROUP_SYSTEM

.text

# Takes the number.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      misused
    call    number_of
    jc      misused
    mov     edi, eax                    # EDI: the number
    inc     eax
    mov     ebx, eax
    SYSTEM  memory_map, ebx
    mov     edx, offset text_name
    test    eax, eax
    js      fail
    mov     esi, eax                    # ESI: a byte for each number, 1 when it is not a prime
    xor     ebp, ebp
    mov     ecx, 2
1:  cmp     ecx, edi
    jae     4f
    cmp     byte ptr [esi + ecx], 0
    jne     3f
    inc     ebp
    mov     edx, ecx
2:  add     edx, ecx
    cmp     edx, edi
    jae     3f
    mov     byte ptr [esi + edx], 1
    jmp     2b
3:  inc     ecx
    jmp     1b
4:  mov     eax, ebp
    call    put_number
    mov     eax, offset text_end
    call    put
    SYSTEM  exit, 0

.section .rodata
text_name:      .asciz "primes"
text_end:       .asciz "\n"
