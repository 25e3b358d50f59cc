# Virtual-8086 mode extensions: the redirection bitmap, and VIF in place of IF (SDM 3B 20.3).
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
    mov eax, cr4
    or eax, 1
    mov cr4, eax
    # The redirection bitmap lies in front of the I/O bitmap: move the latter, and redirect INT 21h but not INT 20h.
    mov word ptr [tss + 0x66], 0x88
    mov byte ptr [tss + 0x68 + 4], 2
    ALL 0x0002
    ALL 0x3002
    V86 0x2, v86_int21
    V86 0x3002, v86_int21
    V86 0x80002, v86_pushf
    V86 0x100002, v86_sti
    V86 0x100002, v86_popf_if
    V86 0x80002, v86_int
    V86 0x180002, v86_cli
    jmp finish
