# Shows files in hexadecimal.

.include "program.inc"

DESCRIPTION "[PATH]", "show a file in hexadecimal"

.text

# Takes a path.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      1f
    cmp     dword ptr [esp + 12], 0
    jne     misused
1:  call    input_open
    jc      finish
    xor     edi, edi                    # EDI: offset in the file
2:  call    input_fill
    jc      finish
    mov     ecx, edi
    add     edi, eax
    mov     edx, eax
    mov     eax, offset input_buffer
    call    out_rows
    jmp     2b
