# Multiboot 1: wants 800 x 600 with 32 bits a pixel.

.include "video.inc"

MAGIC                   = 0x1BADB002
FLAGS                   = 1 << 2

.text
.balign 4
    .long   MAGIC, FLAGS, -(MAGIC + FLAGS)
    .long   0, 0, 0, 0, 0
    .long   0, 800, 600, 32

.global _start
_start:
    mov     esp, offset stack
    SAY     "\nkernel\n"
    mov     eax, [ebx]
    and     eax, 0x1800
    SHOW    "flags", eax
    movzx   eax, word ptr [ebx + 80]
    SHOW    "mode", eax
    mov     eax, [ebx + 72]
    SHOW    "controller", [eax]
    mov     eax, [ebx + 76]
    SHOW    "size", [eax + 0x12]
    lea     edi, [ebx + 88]
    TELL_FRAME 22
    LEAVE

.bss
    .space  4096
stack:
