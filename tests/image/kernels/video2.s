# Multiboot 2: must have 640 x 480, with as many bits a pixel as there are.

.include "video.inc"

MAGIC                   = 0xE85250D6

.text
.balign 8
header:
    .long   MAGIC, 0, header_end - header, -(MAGIC + header_end - header)
    .word   5, 0
    .long   20, 640, 480, 0
    .balign 8
    .word   0, 0
    .long   8
header_end:

.global _start
_start:
    mov     esp, offset stack
    SAY     "\nkernel\n"
    lea     edi, [ebx + 8]
next:
    cmp     dword ptr [edi], 7
    je      vbe
    cmp     dword ptr [edi], 8
    je      frame
    cmp     dword ptr [edi], 0
    je      end
skip:
    mov     eax, [edi + 4]
    add     eax, 7
    and     eax, -8
    add     edi, eax
    jmp     next
vbe:
    SHOW    "bytes", [edi + 4]
    movzx   eax, word ptr [edi + 8]
    SHOW    "mode", eax
    SHOW    "controller", [edi + 16]
    SHOW    "size", [edi + 528 + 0x12]
    jmp     skip
frame:
    SHOW    "bytes", [edi + 4]
    push    edi
    add     edi, 8
    TELL_FRAME 24
    pop     edi
    jmp     skip
end:
    LEAVE

.bss
    .space  4096
stack:
