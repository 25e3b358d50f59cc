# Shows files in hexadecimal.

.include "program.inc"

DESCRIPTION "[PATH]", "show a file in hexadecimal"

.text

# Takes a path.
.global _start
_start:
    cmp     dword ptr [esp], 2
    ja      misused
    mov     eax, [esp + 8]
    call    input_open
    jc      finish
    xor     edi, edi                    # EDI: offset in the file
1:  call    input_fill
    jc      finish
    mov     ecx, edi
    add     edi, eax
    mov     edx, eax
    mov     eax, offset input_buffer
    call    out_rows
    jmp     1b
