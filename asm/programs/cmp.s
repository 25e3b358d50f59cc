# Compares two files byte by byte.

.include "program.inc"
.include "options.inc"

DESCRIPTION "[-ls] PATH PATH", "compare two files"
DETAIL "Says at which byte they differ first, -l all bytes that differ and what they are in octal, -s nothing. The status"
DETAIL "is 0 when they are equal, 1 when not, and 2 when one could not be read. The path - is the input."

TROUBLE         = 2                     # exit status

.text

# Takes options and two paths.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    mov     esi, eax
    mov     ecx, [eax]
    mov     edx, [eax + 4]
    test    ecx, ecx
    jz      misused
    test    edx, edx
    jz      misused
    cmp     dword ptr [eax + 8], 0
    jne     misused
    mov     [first_path], ecx
    mov     [second_path], edx
    mov     eax, ecx
    call    open
    mov     [first_handle], eax
    mov     eax, [second_path]
    call    open
    mov     [second_handle], eax
    mov     dword ptr [line], 1
.Lblock:
    mov     ebx, [first_handle]
    mov     ecx, offset first
    mov     edx, [first_path]
    call    fill
    mov     esi, eax                    # ESI: bytes of the first
    mov     ebx, [second_handle]
    mov     ecx, offset second
    mov     edx, [second_path]
    call    fill
    mov     edi, eax                    # EDI: bytes of the second
    xor     ebp, ebp                    # EBP: place in the blocks
.Lbyte:
    cmp     ebp, esi
    jae     .Lended
    cmp     ebp, edi
    jae     .Lended
    mov     al, [first + ebp]
    inc     ebp
    inc     dword ptr [place]
    cmp     al, [second + ebp - 1]
    je      .Lequal
    call    differs
.Lequal:
    cmp     al, 10
    jne     .Lbyte
    inc     dword ptr [line]
    jmp     .Lbyte
.Lended:
    cmp     esi, edi
    jne     .Lshorter
    test    esi, esi
    jnz     .Lblock
    jmp     finish
.Lshorter:
    mov     dword ptr [output_status], 1
    cmp     dword ptr [silent], 0
    jne     finish
    mov     ecx, [first_path]
    cmp     esi, edi
    jb      1f
    mov     ecx, [second_path]
1:  mov     eax, offset text_end
    call    out_text
    mov     eax, ecx
    call    out_text
    mov     eax, offset text_after
    call    out_text
    mov     eax, [place]
    xor     edx, edx
    call    out_number
    mov     al, 10
    call    out_byte
    jmp     finish

# Opens a file. When that cannot be the program ends.
# In: EAX path.
# Out: EAX handle.
open:
    mov     edx, eax
    cmp     word ptr [eax], '-'
    je      1f
    SYSTEM  open, eax, FILE_READ
    test    eax, eax
    js      trouble
    ret
1:  xor     eax, eax
    ret

# Ends the program because a file cannot be read.
# In: EAX negated error code, EDX path.
trouble:
    call    complain
    mov     dword ptr [output_status], TROUBLE
    jmp     finish

# Fills a block, unless the file ends.
# In: EBX handle, ECX block, EDX path.
# Out: EAX bytes.
# Clobbers: ECX, EDX.
fill:
    push    edi
    push    edx
    xor     edi, edi
1:  mov     edx, INPUT_BYTES
    sub     edx, edi
    jz      2f
    mov     eax, CALL_read
    int     0x80
    test    eax, eax
    js      3f
    jz      2f
    add     edi, eax
    add     ecx, eax
    jmp     1b
2:  mov     eax, edi
    pop     edx
    pop     edi
    ret
3:  pop     edx
    jmp     trouble

# Says that bytes differ. But for -l the program ends.
# In: AL byte of the first, EBP place after both.
differs:
    mov     dword ptr [output_status], 1
    cmp     dword ptr [silent], 0
    jne     finish
    push    eax
    cmp     dword ptr [all], 0
    jne     1f
    mov     eax, [first_path]
    call    out_text
    mov     al, ' '
    call    out_byte
    mov     eax, [second_path]
    call    out_text
    mov     eax, offset text_differ
    call    out_text
    mov     eax, [place]
    xor     edx, edx
    call    out_number
    mov     eax, offset text_line
    call    out_text
    mov     eax, [line]
    xor     edx, edx
    call    out_number
    mov     al, 10
    call    out_byte
    jmp     finish
1:  mov     eax, [place]
    xor     edx, edx
    call    out_number
    movzx   eax, byte ptr [esp]
    call    out_octal
    movzx   eax, byte ptr [second + ebp - 1]
    call    out_octal
    mov     al, 10
    call    out_byte
    pop     eax
    ret

# Prints a byte in octal, after a blank.
# In: EAX byte.
out_octal:
    push    ebx
    sub     esp, 4
    mov     dword ptr [esp], 0x20202020
    mov     cl, 8
    lea     edx, [esp + 4]
    call    text_digits
    mov     eax, esp
    mov     edx, 4
    call    out_bytes
    add     esp, 4
    pop     ebx
    ret

.section .rodata
options:
    OPTION  'l', OPTION_SET, all
    OPTION  's', OPTION_SET, silent
    .byte   0
text_end:       .asciz "the end of "
text_after:     .asciz " comes after byte "
text_differ:    .asciz " differ: char "
text_line:      .asciz ", line "

.bss
.balign 4
all:            .space 4
silent:         .space 4
first_path:     .space 4
second_path:    .space 4
first_handle:   .space 4
second_handle:  .space 4
place:          .space 4                # of the byte, from 1
line:           .space 4
first:          .space INPUT_BYTES
second:         .space INPUT_BYTES
