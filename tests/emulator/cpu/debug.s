# Debug exceptions: breakpoints on code, data and ports, single steps, shadows, RF, the debug registers themselves (SDM
# 3B chapter 17). A #DB writes its line (events.inc) and returns, so that what follows shows where it stood; faults
# elsewhere go on at `resume`.
    .include "events.inc"
    .equ DATA, 0x8100
# Clears DR6 and arms breakpoint 0 and 1: addresses, and the whole of DR7.
.macro ARM first, second, control
    mov eax, \first
    mov dr0, eax
    mov eax, \second
    mov dr1, eax
    mov eax, \control
    mov dr7, eax
.endm
.macro DISARM
    mov eax, 0x400
    mov dr7, eax
.endm
# Runs what follows with TF.
.macro STEPS instruction:vararg
    pushfd
    or dword ptr [esp], 0x100
    popfd
    \instruction
    pushfd
    and dword ptr [esp], ~0x100
    popfd
    SHOW 0x57e9
.endm
main:
    # #DB goes back to where it was, all others on to the next try.
    mov edi, IDT + 8
    mov eax, offset debug
    call set_gate
    # Code: in front of the instruction, each time it is reached; again once RF is gone.
    ARM 1f, 2f, 0x405
    mov ecx, 2
1:  nop
2:  dec ecx
    jnz 1b
    DISARM
    # Data: bytes, words and dwords, at and beside what is watched; reads and writes. Breakpoint 0: writes, 1: both.
    .irp length, 0, 1, 3
    ARM DATA, DATA + 8, 0x3010f + (\length << 18) + (\length << 22) + 0x200000
    SHOW \length
    mov eax, [DATA]
    mov [DATA], eax
    mov byte ptr [DATA + 1], 1
    mov byte ptr [DATA + 3], 1
    mov word ptr [DATA - 1], 1
    mov al, [DATA + 8]
    mov eax, [DATA + 5]
    mov eax, [DATA + 4]
    mov byte ptr [DATA + 11], 1
    inc dword ptr [DATA + 8]
    push dword ptr [DATA + 8]
    pop dword ptr [DATA]
    # Each iteration of a repeated instruction.
    mov edi, DATA - 2
    mov ecx, 6
    mov al, 0
    rep stosb
    mov esi, DATA + 6
    mov edi, 0x8300
    mov ecx, 3
    rep movsd
    DISARM
    .endr
    # Two at once.
    ARM DATA, DATA, 0x33000f | (3 << 18) | (3 << 22)
    mov [DATA], eax
    DISARM
    # Ports, with CR4.DE only.
    mov eax, cr4
    or eax, 8
    mov cr4, eax
    ARM 0x80, 0x81, 0x22040f | (1 << 18)
    out 0x80, al
    in al, 0x80
    in ax, 0x80
    out 0x81, al
    in al, 0x82
    in eax, 0x7e
    DISARM
    # DR4 and DR5 are #UD with DE, and other names of DR6 and DR7 without.
    TRY
    mov eax, dr4
    SHOW eax
9:  mov eax, cr4
    and eax, ~8
    mov cr4, eax
    mov eax, 0x1234
    mov dr5, eax
    mov eax, dr7
    SHOW eax
    mov eax, -1
    mov dr6, eax
    mov eax, dr4
    SHOW eax
    mov eax, 0xffff0ff0
    mov dr6, eax
    mov eax, ~0x2000
    mov dr7, eax
    mov eax, dr7
    SHOW eax
    DISARM
    # Single steps.
    STEPS nop
    STEPS mov eax, 1
    STEPS push eax; pop eax
    # MOV SS and POP SS hold the trap back, for one instruction.
    mov ecx, DATA0
    STEPS mov ss, ecx; nop; nop
    push ecx
    STEPS pop ss; nop; nop
    STEPS sti; nop
    cli
    # An interrupt clears TF in its handler; IRET brings it back.
    mov dword ptr [resume], 0
    STEPS int3
    mov ecx, 3
    mov edi, 0x8300
    STEPS rep stosb
    STEPS jmp 1f; 1:; nop
    STEPS .byte 0xf1; nop
    # A data breakpoint after MOV SS is held back with the step.
    ARM DATA, 0, 0x30401
    mov word ptr [DATA], DATA0
    mov ss, [DATA]
    nop
    nop
    ARM DATA, 0, 0x30403
    mov word ptr [DATA], DATA0
    DISARM
    # A breakpoint on the instruction after MOV SS does not happen; the next time it does.
    ARM 1f, 0, 0x401
    mov eax, DATA0
    mov ss, eax
1:  nop
    SHOW 1
    jmp 2f
2:  ARM 1f, 0, 0x401
    nop
1:  nop
    DISARM
    # A step and a breakpoint on the next instruction are one exception.
    ARM 1f, 0, 0x401
    pushfd
    or dword ptr [esp], 0x100
    popfd
    nop
1:  nop
    pushfd
    and dword ptr [esp], ~0x100
    popfd
    DISARM
    jmp finish

# As `caught`, but goes back with RF set, and without TF where the program asks for no more steps.
debug:
    push eax
    mov eax, 1
    call write_dword
    mov eax, [esp + 4]
    call write_dword
    mov eax, [esp + 12]
    and eax, 0x10f00
    call write_dword
    mov eax, dr6
    call write_dword
    mov eax, 0xffff0ff0
    mov dr6, eax
    mov al, 10
    out 0xe9, al
    pop eax
    or dword ptr [esp + 8], 0x10000
    iretd
