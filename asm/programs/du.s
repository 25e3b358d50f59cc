# Sums up the bytes of all that is below a path.

.include "program.inc"

DESCRIPTION "[PATH]", "sum up the bytes of all that is below a path"
DETAIL "Without a path, of the current directory."

.text

# Takes a path.
.global _start
_start:
    cmp     dword ptr [esp], 2
    ja      misused
    mov     esi, [esp + 8]
    je      1f
    mov     esi, offset text_here
1:  mov     eax, esi
    call    path_set
    mov     edx, esi
    jc      fail
    mov     eax, offset visit
    call    walk
    cmp     dword ptr [output_status], 0
    jne     finish
    mov     eax, [total]
    mov     edx, [total + 4]
    shrd    eax, edx, 10
    xor     edx, edx
    call    out_number
    mov     eax, offset text_in
    call    out_text
    mov     eax, [files]
    xor     edx, edx
    call    out_number
    mov     eax, offset text_files
    call    out_text
    mov     eax, esi
    call    out_text
    mov     al, 10
    call    out_byte
    jmp     finish

# Adds a file.
# In: EAX STAT record.
visit:
    cmp     dword ptr [eax + STAT_KIND], NODE_DIRECTORY
    je      1f
    mov     edx, [eax + STAT_BYTES]
    add     [total], edx
    mov     edx, [eax + STAT_BYTES + 4]
    adc     [total + 4], edx
    inc     dword ptr [files]
1:  ret

.section .rodata
text_here:      .asciz "."
text_in:        .asciz " KiB in "
text_files:     .asciz " files  "

.bss
.balign 4
total:          .space 8                # bytes
files:          .space 4
