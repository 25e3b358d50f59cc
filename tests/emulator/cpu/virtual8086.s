# Virtual-8086 mode: what is sensitive to IOPL, interrupts out of it and back, the I/O bitmap. (VME is in vme.s: QEMU
# has none.)
    .include "events.inc"
    .include "virtual8086.inc"
main:
    mov esi, offset v86_code
    mov edi, V86_CODE
    mov ecx, v86_end - v86_code
    rep movsb
    # The I/O bitmap allows all ports but 70-77.
    mov byte ptr [tss + 0x68 + 0x0e], 0xff
    # The real-mode vector of INT 20h, for VME.
    mov word ptr [0x20 * 4], v86_handler - v86_code
    mov word ptr [0x20 * 4 + 2], 0x0a00
    ALL 0x0002
    ALL 0x3002
    jmp finish

