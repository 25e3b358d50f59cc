# Makes a file shorter or longer.

.include "program.inc"

DESCRIPTION "PATH BYTES", "make a file shorter or longer"
DETAIL "BYTES may end with K, M or G. What is added are zeros that take no room."

DIGITS          = 20                    # of 2^64 - 1

.text

# Takes a path and a number of bytes.
.global _start
_start:
    cmp     dword ptr [esp], 3
    jne     misused
    mov     ebp, [esp + 8]
    mov     eax, [esp + 12]
    call    bytes_of
    jc      misused
    mov     [bytes], eax
    mov     [bytes + 4], edx
    SYSTEM  open, ebp, FILE_WRITE
    mov     edx, ebp
    test    eax, eax
    js      fail
    SYSTEM  truncate_far, eax, "offset bytes"
    mov     edx, ebp
    test    eax, eax
    js      fail
    mov     eax, ebp
    call    out_text
    mov     eax, offset text_has
    call    out_text
    call    bytes_digits
    call    out_text
    mov     eax, offset text_bytes_now
    call    out_text
    jmp     finish

# Reads a size.
# In: EAX string.
# Out: EDX:EAX bytes; CF when it is none, or needs more than 64 bits.
bytes_of:
    mov     esi, eax
    mov     ecx, 10                     # ECX: what the number is multiplied with before the next is added, EDI:EBX it
    xor     ebx, ebx
    xor     edi, edi
    cmp     byte ptr [esi], '0'
    jb      .Lbytes_of_done             # a suffix alone is no size
    cmp     byte ptr [esi], '9' + 1
    cmc
    jc      .Lbytes_of_done
.Lbytes_of_digit:
    movzx   eax, byte ptr [esi]
    inc     esi
    test    eax, eax
    jz      .Lbytes_of_done             # CF is clear
    sub     eax, '0'
    cmp     eax, 10
    jae     .Lbytes_of_suffix
    push    eax
    mov     eax, edi
    mul     ecx
    mov     edi, eax
    jc      .Lbytes_of_far
    mov     eax, ebx
    mul     ecx
    mov     ebx, eax
    add     edi, edx
    jc      .Lbytes_of_far
    pop     eax
    add     ebx, eax
    adc     edi, 0
    jnc     .Lbytes_of_digit
    jmp     .Lbytes_of_done
.Lbytes_of_far:
    pop     eax
    jmp     .Lbytes_of_done
.Lbytes_of_suffix:
    cmp     byte ptr [esi], 1           # nothing stands behind it
    cmc
    jc      .Lbytes_of_done
    xor     ecx, ecx
1:  mov     dl, [suffixes + ecx]
    inc     ecx
    cmp     dl, 1                       # CF at the end
    jc      .Lbytes_of_done
    cmp     dl, [esi - 1]
    jne     1b
.Lbytes_of_shift:
    test    edi, 0xFFC00000
    stc
    jnz     .Lbytes_of_done
    shld    edi, ebx, 10
    shl     ebx, 10
    dec     ecx
    jnz     .Lbytes_of_shift
    clc
.Lbytes_of_done:
    mov     eax, ebx
    mov     edx, edi
    ret

# Writes the size in decimal.
# Out: EAX string.
bytes_digits:
    mov     edi, offset digits + DIGITS
    mov     ecx, 10
1:  mov     eax, [bytes + 4]
    xor     edx, edx
    div     ecx
    mov     [bytes + 4], eax
    mov     eax, [bytes]
    div     ecx
    mov     [bytes], eax
    add     dl, '0'
    dec     edi
    mov     [edi], dl
    or      eax, [bytes + 4]
    jnz     1b
    mov     eax, edi
    ret

.section .rodata
suffixes:       .asciz "KMG"
text_has:       .asciz " has "
text_bytes_now: .asciz " bytes now.\n"

.bss
.balign 4
bytes:          .space 8
digits:         .space DIGITS + 1
