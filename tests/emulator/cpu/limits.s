# Segment limits: the last valid and the first invalid offset, of each size, expand-up and expand-down. Each access that
# is refused writes a line (events.inc), each that is not writes 1.
    .include "events.inc"
main:
    mov ax, 0x30
    mov fs, ax
    mov ax, 0x38
    mov gs, ax
    PROBE mov al, fs:[0xfff]
    PROBE mov al, fs:[0x1000]
    PROBE mov ax, fs:[0xffe]
    PROBE mov ax, fs:[0xfff]
    PROBE mov eax, fs:[0xffc]
    PROBE mov eax, fs:[0xffd]
    PROBE mov eax, fs:[0xffffffff]
    PROBE mov al, gs:[0xfff]
    PROBE mov al, gs:[0x1000]
    PROBE mov eax, gs:[0x1000]
    PROBE mov eax, gs:[0xffe]
    PROBE mov dword ptr cs:[0x8000], 1
    PROBE mov eax, cs:[0x8000]
    xor eax, eax
    mov fs, eax
    PROBE mov al, fs:[0]
    mov ax, 0x50
    mov fs, ax
    PROBE mov al, fs:[0x8000]
    PROBE mov fs:[0x8000], al
    # General detect, which QEMU does not know either.
    mov eax, 0x2400
    mov dr7, eax
    TRY
    mov eax, dr0
9:  mov eax, dr7
    SHOW eax
    mov eax, 0x400
    mov dr7, eax
    # ARPL writes only what changes: a read-only destination may stay as it is.
    mov ax, 0x50
    mov fs, ax
    mov word ptr [0x8000], 3
    mov eax, 2
    PROBE arpl fs:[0x8000], ax
    mov word ptr [0x8000], 1
    PROBE arpl fs:[0x8000], ax
    # IRET to virtual-8086 mode: EIP has to lie within 64 KiB.
    TRY
    .rept 6
    push 0
    .endr
    push 0x20002
    push 0
    push 0x10000
    iretd
9:
    # A stack segment has its own exception.
    TRY
    mov ax, 0x30
    mov ss, ax
    mov esp, 0xffe
    mov eax, [esp]
    SHOW 1
9:  mov ax, DATA0
    mov ss, ax
    mov esp, STACK0 - 64
    jmp finish
