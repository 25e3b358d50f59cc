# The 16-bit part of the kernel: runs once, in real mode, before the 32-bit part, to do what only the BIOS can do.

.intel_syntax noprefix

BIOS_VIDEO          = 0x10
VIDEO_SET_MODE      = 0x00
VIDEO_SET_CURSOR    = 0x01
VIDEO_GET_MODE      = 0x0F
TEXT_MODE           = 3                     # 80 x 25, 16 colours, memory at B8000
CURSOR_LINES        = 0x0607                # an underline

.section .text16, "ax", @progbits
.code16

# Called far by the loader, CS = DS = segment of this part.
# In: ES:BX boot info.
# Out: text mode 3; what the loader wrote stays if that mode was on. Preserves all registers.
.global kernel16_entry
kernel16_entry:
    pushad
    mov     ah, VIDEO_GET_MODE
    int     BIOS_VIDEO
    and     al, 0x7F
    cmp     al, TEXT_MODE
    je      1f
    mov     ax, VIDEO_SET_MODE << 8 | TEXT_MODE
    int     BIOS_VIDEO
1:  mov     ah, VIDEO_SET_CURSOR
    mov     cx, CURSOR_LINES
    int     BIOS_VIDEO
    popad
    retf
