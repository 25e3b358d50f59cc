# Ways to stop the kernel with known values in all registers, writes that hardware breakpoints see, and locks that
# tasks wait for: for tests of what the debugger and the panic screen show. Link this object with those of asm/.

.include "macros.inc"
.include "cpu.inc"
.include "tasks.inc"

.text

# Stopped HOW: says where its stack is, fills the registers, and stops.
command_stopped:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, [edx + 4]
    mov     [stopped_stack], esp
    PRINTF  "esp %08x\n", [stopped_stack]
    mov     esi, offset stopped_ways
1:  mov     edx, [esi]
    test    edx, edx
    jz      2f
    mov     eax, ebx
    call    string_compare
    je      3f
    add     esi, 8
    jmp     1b
3:  push    offset 2f                   # where it goes on; the ways are jumped to
    push    [esi + 4]
    stc
    std
    mov     eax, 0x11112222
    mov     ebx, 0x33334444
    mov     ecx, 0x55556666
    mov     edx, 0x77778888
    mov     esi, 0x9999AAAA
    mov     edi, 0xBBBBCCCC
    mov     ebp, 0xDDDDEEEE
    ret
2:  cld
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    xor     eax, eax
    ret

stopped_break:
    int3
    ret
stopped_opcode:
    ud2
stopped_page:
    mov     [0xFFFFF123], eax
stopped_protected:
    mov     [0], eax
stopped_general:
    mov     ds, ax                      # no such selector
stopped_panic:
    cld
    LOAD_STRING eax, "registers"
    call    panic
    nop                                 # that it would go on here
stopped_twice:                              # without a stack the exception cannot be raised
    mov     eax, [task_current]
    mov     esp, [eax + TASK_STACK]
    add     esp, PAGE_SIZE              # below it is the guard page
    mov     eax, 0x11112222
    push    eax

# Stopwrites: writes the eight bytes at stopped_bytes one by one, then says so.
command_stopwrites:
    xor     eax, eax
1:  mov     byte ptr [stopped_bytes + eax], 1
    inc     eax
    cmp     eax, 8
    jb      1b
    PRINT   "all written\n"
    xor     eax, eax
    ret

# Stoplocks: a task has a lock, and two wait for it.
command_stoplocks:
    push    ebx
    mov     ebx, offset stopped_tasks
1:  mov     eax, offset stopped_locker
    xor     edx, edx
    mov     ecx, [ebx]
    call    task_create
    jc      2f
    add     ebx, 4
    cmp     ebx, offset stopped_tasks_end
    jb      1b
    xor     eax, eax
2:  pop     ebx
    ret

stopped_locker:
    mov     eax, offset stopped_mutex
    call    mutex_lock
    mov     eax, 1000
    call    task_sleep
    mov     eax, offset stopped_mutex
    jmp     mutex_unlock

SHELL_COMMAND "stopped", command_stopped, "HOW", "stop with known registers"
SHELL_COMMAND "stopwrites", command_stopwrites, "", "write eight bytes"
SHELL_COMMAND "stoplocks", command_stoplocks, "", "have tasks wait for a lock"

.section .rodata
.balign 4
.macro WAY name:req, routine:req
    .pushsection .rodata.str, "a", @progbits
.Lway\@: .asciz "\name"
    .popsection
    .long   .Lway\@, \routine
.endm
stopped_ways:
    WAY     "break", stopped_break
    WAY     "opcode", stopped_opcode
    WAY     "page", stopped_page
    WAY     "protected", stopped_protected
    WAY     "general", stopped_general
    WAY     "panic", stopped_panic
    WAY     "twice", stopped_twice
    .long   0
stopped_tasks:
    .long   stopped_first, stopped_second, stopped_third
stopped_tasks_end:
STRING stopped_first, "holder"
STRING stopped_second, "waiter one"
STRING stopped_third, "waiter two"

.bss
.balign 8
.global stopped_bytes
stopped_bytes:  .space 8
stopped_stack:  .space 4
stopped_away:   .space 64               # away from where the debugger keeps a mutex of the kernel's (MUTEX_SLOTS)
.global stopped_mutex
stopped_mutex:  .space MUTEX_SIZE
