# Environment and state of the x87 in memory: 16 and 32 bits, in protected and in virtual-8086 mode; what loading them
# restores; exceptions that wait (SDM volume 1, 8.1.10 and 8.7).
    .include "events.inc"
    .equ AREA, 0x8400
    .equ OPERAND, 0x8200
    .equ V86_CODE, 0xa000
main:
    mov eax, cr0
    and eax, ~12
    or eax, 0x22
    mov cr0, eax
    mov dword ptr [OPERAND], 0x40490fdb
    mov dword ptr [OPERAND + 4], 0
    .macro AGAIN
    mov edi, AREA
    mov eax, 0xa5a5a5a5
    mov ecx, 32
    rep stosd
    .endm
    .macro DUMP dwords
    mov esi, AREA
    mov ecx, \dwords
1:  lodsd
    SHOW eax
    loop 1b
    .endm
    .macro WORK
    fninit
    fldpi
    fld1
    fldz
    fadd dword ptr [OPERAND]
    fdiv st(1), st
    .endm
    # Protected mode.
    # With a prefix that changes nothing (DS), then with 16-bit operand size.
    .irp prefix, 0x3e, 0x66
    AGAIN
    WORK
    .byte \prefix
    fnstenv [AREA]
    fnstcw [OPERAND + 8]
    DUMP 9
    movzx eax, word ptr [OPERAND + 8]
    SHOW eax
    .endr
    .irp prefix, 0x3e, 0x66
    AGAIN
    WORK
    .byte \prefix
    fnsave [AREA]
    DUMP 28
    fnstenv [AREA]
    DUMP 7
    .endr
    # Loading what was stored, and tags that do not fit the contents.
    AGAIN
    WORK
    fnsave [AREA]
    mov word ptr [AREA + 8], 0x1b1b
    mov word ptr [AREA + 4], 0x2841
    frstor [AREA]
    fnstenv [AREA]
    DUMP 7
    mov word ptr [AREA + 8], 0
    fldenv [AREA]
    fnstenv [AREA]
    DUMP 7
    # An exception that is not masked waits for the next instruction that waits; its pointers stay those of the culprit.
    fninit
    mov word ptr [OPERAND + 8], 0x37b
    fldcw [OPERAND + 8]
    fld1
    fdiv dword ptr [OPERAND + 4]
    fnstsw ax
    movzx eax, ax
    SHOW eax
    fnstenv [AREA]
    DUMP 7
    # FNSTENV masks all: nothing waits any more, until the mask comes back.
    TRY
    fwait
    SHOW 1
9:  TRY
    fldcw [OPERAND + 8]
    SHOW 2
    fnstcw [OPERAND + 8]
    fld1
    SHOW 3
9:  TRY
    fwait
    SHOW 4
9:  fnclex
    fwait
    SHOW 5
    # Without a device: #NM by TS, EM, and by TS with MP for FWAIT.
    .irp bits, 4, 8, 10
    mov eax, cr0
    and eax, ~14
    or eax, \bits
    mov cr0, eax
    TRY
    fld1
    SHOW 6
9:  TRY
    fwait
    SHOW 7
9:  TRY
    fnstsw ax
    SHOW 8
9:
    .endr
    clts
    mov eax, cr0
    and eax, ~14
    or eax, 2
    mov cr0, eax
    # Virtual-8086 mode.
    mov esi, offset v86_code
    mov edi, V86_CODE
    mov ecx, v86_end - v86_code
    rep movsb
    .irp code, v86_env16, v86_env32, v86_save16
    AGAIN
    TRY
    push 0
    push 0
    push 0x0800                 # DS
    push 0
    push 0x0b00
    push 0x0ffe
    push 0x23002
    push 0x0a00
    push \code - v86_code
    iretd
9:  DUMP 28
    .endr
    jmp finish

    .code16
v86_code:
    .macro WORK16
    fninit
    fldpi
    fadd dword ptr [OPERAND - 0x8000]
    .endm
v86_env16:
    WORK16
    fnstenv [AREA - 0x8000]
    ud2
v86_env32:
    WORK16
    data32 fnstenv [AREA - 0x8000]
    data32 fldenv [AREA - 0x8000]
    data32 fnstenv [AREA - 0x8000 + 32]
    ud2
v86_save16:
    WORK16
    fnsave [AREA - 0x8000]
    ud2
v86_end:
    .code32
