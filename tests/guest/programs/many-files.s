# Work on many small files and on one large one, for tests of what is on the volume afterwards: `many-files WORK COUNT`.
# c makes COUNT files below /a/f, each with its number as content, u removes every third of them, w writes COUNT blocks
# of /a/large in an order that jumps, each filled with its number, and o writes COUNT zeros over the second block of it.

.intel_syntax noprefix
.include "system-calls.inc"

BLOCK_BYTES     = 4096
STEP            = 397                   # coprime to all counts that are used
OPEN_OLD        = 2
OPEN_NEW        = OPEN_OLD + 4 + 16

.text

.global _start
_start:
    mov     esi, [esp + 8]
    mov     eax, [esp + 12]
    call    number_of
    mov     ebp, eax                    # EBP: count
    cmp     byte ptr [esi], 'w'
    je      write_blocks
    cmp     byte ptr [esi], 'o'
    je      write_over
    mov     edi, ebp                    # EDI: number of the file
.Lfile:
    call    name_file
    cmp     byte ptr [esi], 'u'
    je      .Lremove
    SYSTEM  open, "offset path", OPEN_NEW
    call    good
    mov     ebx, eax
    SYSTEM  write, ebx, "offset path_digits", 5
    call    good
    SYSTEM  close, ebx
    jmp     .Lnext
.Lremove:
    mov     eax, edi
    xor     edx, edx
    mov     ecx, 3
    div     ecx
    test    edx, edx
    jnz     .Lnext
    SYSTEM  unlink, "offset path"
    call    good
.Lnext:
    dec     edi
    jnz     .Lfile
    SYSTEM  exit, 0

# Writes the blocks of the large file.
# In: EBP how many.
write_blocks:
    SYSTEM  open, "offset path_large", OPEN_NEW
    call    good
    mov     ebx, eax
    mov     dword ptr [left], ebp
    xor     esi, esi                    # ESI: block
.Lblock:
    mov     eax, esi
    mov     edi, offset buffer
    mov     ecx, BLOCK_BYTES / 4
    rep stosd
    mov     edi, esi
    shl     edi, 12
    SYSTEM  seek, ebx, edi, 0
    call    good
    SYSTEM  write, ebx, "offset buffer", BLOCK_BYTES
    call    good
    lea     eax, [esi + STEP]
    xor     edx, edx
    div     ebp
    mov     esi, edx
    dec     dword ptr [left]
    jnz     .Lblock
    SYSTEM  exit, 0

# Writes zeros over the beginning of the second block of the large file, in one piece.
# In: EBP how many, at most those of a block.
write_over:
    SYSTEM  open, "offset path_large", OPEN_OLD
    call    good
    mov     ebx, eax
    SYSTEM  seek, ebx, BLOCK_BYTES, 0
    call    good
    SYSTEM  write, ebx, "offset buffer", ebp
    call    good
    SYSTEM  exit, 0

# Ends the program with a sentence when a call has failed.
# In: EAX its result.
good:
    test    eax, eax
    jns     1f
    mov     edx, offset path
    jmp     fail
1:  ret

# Puts a number into the name of a file.
# In: EDI number.
# Clobbers: EAX, ECX, EDX.
name_file:
    push    edi
    mov     eax, edi
    mov     edi, offset path_end
    mov     ecx, 10
1:  xor     edx, edx
    div     ecx
    add     dl, '0'
    dec     edi
    mov     [edi], dl
    cmp     edi, offset path_digits
    ja      1b
    pop     edi
    ret

.section .rodata
path_large:     .asciz "/a/large"

.data
path:           .ascii "/a/f/a file of number "
path_digits:    .ascii "00000"
path_end:       .byte 0

.bss
.balign 4
left:           .space 4
buffer:         .space BLOCK_BYTES
