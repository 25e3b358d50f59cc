# Reading at an offset, block by block: what FAT and ISO 9660 do with each block once they have it.

.include "macros.inc"

# Where a read stands: 16 bytes of its caller's frame.
READ_BUFFER             = 0
READ_BYTES              = 4             # that are read
READ_PLACE              = 8             # of the file: the caller's own
READ_OFFSET             = 12            # in the file

.text

# Copies what is wanted of a block, and moves on in file and buffer.
# In: EAX bytes of the block, EDX where the read stands, ECX size of a block (a power of two), ESI bytes left.
# Out: ESI bytes left.
.global read_part
read_part:
    push    ebx
    mov     ebx, edx
    lea     edx, [ecx - 1]
    and     edx, [ebx + READ_OFFSET]
    sub     ecx, edx
    cmp     ecx, esi
    jbe     1f
    mov     ecx, esi
1:  add     edx, eax
    mov     eax, [ebx + READ_BUFFER]
    add     [ebx + READ_BUFFER], ecx
    add     [ebx + READ_OFFSET], ecx
    add     [ebx + READ_BYTES], ecx
    sub     esi, ecx
    pop     ebx
    jmp     mem_copy
