# Tells over COM1 what a Multiboot 2 loader has given it. It begins at a label of its header, not at the ELF entry.

.include "report.inc"

MAGIC                   = 0xE85250D6

.text
.balign 8
header:
    .long   MAGIC, 0, header_end - header, -(MAGIC + header_end - header)
    .word   1, 0                        # information request
    .long   8 + 3 * 4
    .long   1, 3, 6
    .balign 8
    .word   3, 0                        # entry address
    .long   12
    .long   start
    .balign 8
    .word   0, 0
    .long   8
header_end:

.global _start
_start:
    SAY     "the entry of the ELF file\n"
    LEAVE

start:
    mov     esp, offset stack
    TAKE_LOW_MEMORY
    push    eax
    SAY     "\nkernel\n"
    pop     eax
    SHOW    "eax", eax
    mov     eax, ebx
    and     eax, 7
    SHOW    "off by", eax
    SHOW    "rest", [ebx + 4]
    mov     ebp, [ebx]
    add     ebp, ebx
    lea     edi, [ebx + 8]
next:
    SHOW    "tag", [edi]
    cmp     dword ptr [edi], 0
    je      end
    cmp     dword ptr [edi], 1
    je      text
    cmp     dword ptr [edi], 3
    je      module
    cmp     dword ptr [edi], 6
    je      map
skip:
    mov     eax, [edi + 4]
    add     eax, 7
    and     eax, -8
    add     edi, eax
    jmp     next
text:
    lea     esi, [edi + 8]
    call    say
    SAY     "\n"
    jmp     skip
module:
    lea     esi, [edi + 16]
    call    say
    SAY     "\n"
    mov     eax, [edi + 12]
    sub     eax, [edi + 8]
    SHOW    "bytes", eax
    jmp     skip
map:
    SHOW    "entry", [edi + 8]
    SHOW    "first", [edi + 16]
    SHOW    "type", [edi + 32]
    jmp     skip
end:
    lea     eax, [edi + 8]
    sub     eax, ebp
    SHOW    "left over", eax
    LEAVE

.bss
    .space  4096
stack:
