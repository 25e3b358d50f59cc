# crash: makes the kernel fail in a chosen way, for tests of the panic screen.

.include "macros.inc"
.include "cpu.inc"
.include "tasks.inc"
.include "heap.inc"

.text

# Crash HOW.
command_crash:
    push    ebx
    push    esi
    cmp     eax, 2
    jne     3f
    mov     ebx, [edx + 4]
    mov     esi, offset crash_ways
1:  mov     eax, [esi]
    test    eax, eax
    jz      3f
    mov     edx, ebx
    call    string_compare
    je      2f
    add     esi, 8
    jmp     1b
2:  call    [esi + 4]
    PRINT   "crash: still alive\n"
    mov     eax, 1
    jmp     4f
3:  PRINT   "usage: crash page|write|divide|opcode|stack|mark|hang|panic|heap|triple (help crash tells more)\n"
    mov     eax, 2
4:  pop     esi
    pop     ebx
    ret

# Reads from page 0, which is not present.
crash_page:                             # reads page 0
    mov     eax, [0x10]
    ret

# Writes into the kernel's code, which is read-only.
crash_write:                            # writes into code
    mov     byte ptr [shell_run], 0xC3
    ret

# Divides by zero.
crash_divide:
    xor     ecx, ecx
    mov     eax, 1
    cdq
    div     ecx
    ret

# Executes what is no instruction.
crash_opcode:
    ud2
    ret

# Calls itself without end.
crash_stack:                            # never ends
    push    eax
    call    crash_stack
    pop     eax
    ret

# Overwrites the lower end of its stack, and lets others run.
crash_mark:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_STACK]
    mov     dword ptr [eax + PAGE_SIZE], 0
    mov     eax, 100
    call    task_sleep
    ret

# Loops with interrupts off, as a driver may that waits for a device.
crash_hang:                             # never ends
    cli
    PRINT   "crash: interrupts are off\n"
    call    printer_flush
1:  jmp     1b

# Panics on purpose.
crash_panic:
    LOAD_STRING eax, "as the user wished"
    call    panic
    ret

# Writes past a block of the heap, then frees it.
crash_heap:                             # writes past a block, then frees it
    mov     eax, 16
    call    malloc
    jc      1f
    mov     edx, [eax - BLOCK_HEADER + BLOCK_SIZE]      # it may be larger than it was asked for
    lea     edx, [eax + edx - BLOCK_HEADER]
    xor     ecx, ecx
    mov     [edx], ecx
    mov     [edx + BLOCK_PREVIOUS], ecx
    mov     [edx + BLOCK_MAGIC], ecx
    call    mfree
1:  ret

# Resets the processor: a fault that nobody handles.
crash_triple:
    call    printer_flush
    lidt    [crash_no_idt]
    int3

SHELL_COMMAND "crash", command_crash, "HOW", "make the kernel fail, to see the panic screen", GROUP_DEBUG, crash_text

.macro CRASH name:req, routine:req
    .pushsection .rodata.str, "a", @progbits
.Lcrash\@: .asciz "\name"
    .popsection
    .long   .Lcrash\@, \routine
.endm

.section .rodata
.balign 4
crash_ways:
    CRASH   "page", crash_page
    CRASH   "write", crash_write
    CRASH   "divide", crash_divide
    CRASH   "opcode", crash_opcode
    CRASH   "stack", crash_stack
    CRASH   "mark", crash_mark
    CRASH   "hang", crash_hang
    CRASH   "panic", crash_panic
    CRASH   "heap", crash_heap
    CRASH   "triple", crash_triple
    .long   0
crash_text:
    .ascii  "page    reads address 16              write   writes into code\n"
    .ascii  "divide  divides by zero               opcode  runs an invalid instruction\n"
    .ascii  "stack   calls itself without end      panic   calls panic\n"
    .ascii  "heap    writes past a block of the heap and frees it\n"
    .ascii  "mark    overwrites the lower end of its stack, and sleeps\n"
    .ascii  "hang    loops with interrupts off: a non-maskable interrupt begins the debugger\n"
    .asciz  "triple  resets the processor by a fault that nobody handles\n"
.balign 4
crash_no_idt:
    .word   0
    .long   0
