# What the debugger shows, and its hardware breakpoints (Intel SDM volume 3, 17.2). Its routines return CF clear: the
# debugger goes on.

.include "macros.inc"
.include "cpu.inc"
.include "memory.inc"
.include "tasks.inc"
.include "debug.inc"

DUMP_BYTES          = 64
DUMP_MOST           = 1024
DUMP_ROW            = 16                    # bytes in a row,
DUMP_COLUMNS        = 9 + 3 * DUMP_ROW      # which needs so many columns
DEBUG_BREAKPOINTS   = 3                     # the fourth is for stepping over

.text

# Prints the registers.
# In: EBX registers.
.global debug_registers
debug_registers:
    PRINTF  "eip %08x  eflags %08x\n", [ebx+REGS_EIP], [ebx+REGS_EFLAGS]
    PRINTF  "eax %08x  ebx %08x  ecx %08x  edx %08x\n", [ebx+REGS_EAX], [ebx+REGS_EBX], [ebx+REGS_ECX], [ebx+REGS_EDX]
    mov     ecx, [ebx + REGS_ESP]
    test    byte ptr [ebx + REGS_CS], 3
    jz      1f
    mov     ecx, [ebx + REGS_USER_ESP]  # of the program
1:  PRINTF  "esi %08x  edi %08x  ebp %08x  esp %08x\n", [ebx+REGS_ESI], [ebx+REGS_EDI], [ebx+REGS_EBP], ecx
    mov     ecx, [task_current]
    lea     edx, [ecx + TASK_LABEL]
    PRINTF  "task %u %s\n", [ecx+TASK_ID], edx
    clc
    ret

# Prints the stack.
# In: EBX registers.
.global debug_stack
debug_stack:
    mov     eax, ebx
    call    trace_print
    clc
    ret

# Prints all tasks: what each waits for, and who holds it if it is a mutex; how many locks and handles it holds.
.global debug_tasks
debug_tasks:
    push    ebx
    mov     ebx, [task_all]
1:  test    ebx, ebx
    jz      3f
    mov     ecx, [ebx + TASK_STATE]
    mov     ecx, [debug_states + ecx*4]
    lea     edx, [ebx + TASK_LABEL]
    PRINTF  "%3u %-8s %-16s holds %u", [ebx+TASK_ID], ecx, edx, [ebx+TASK_HOLDS]
    mov     eax, [ebx + TASK_EVENT]
    test    eax, eax
    jz      2f
    call    debug_wait
2:  PRINT   "\n"
    mov     ebx, [ebx + TASK_ALL_NEXT]
    jmp     1b
3:  pop     ebx
    clc
    ret

# Prints what a task waits for.
# In: EAX address of the event or mutex.
debug_wait:
    push    ebx
    push    esi
    mov     esi, eax
    PRINT   "  waits for "
    call    debug_name
    call    address_is_mapped
    jc      2f
    mov     ebx, [task_all]             # is its content a task? Then it is a mutex
1:  test    ebx, ebx
    jz      2f
    cmp     [esi], ebx
    mov     eax, ebx
    mov     ebx, [ebx + TASK_ALL_NEXT]
    jne     1b
    lea     edx, [eax + TASK_LABEL]
    PRINTF  ", held by %u %s", [eax+TASK_ID], edx
2:  pop     esi
    pop     ebx
    ret

# Prints an address as a name of the kernel, if it has one.
# In: EAX address.
# Clobbers: ECX, EDX only.
.global debug_name
debug_name:
    push    eax
    call    symbol_find
    jc      1f
    PRINTF  "%s+0x%x", eax, edx
    pop     eax
    ret
1:  pop     eax
    PRINTF  "%08x", eax
    ret

# Prints the heap by caller, or remembers it, or prints what has become more since then, or who has which pages.
.global debug_heap
debug_heap:
    push    esi
    mov     esi, offset debug_heap_words
1:  mov     edx, [esi]
    test    edx, edx
    jz      2f
    mov     eax, [debug_first]
    call    string_compare
    lea     esi, [esi + 8]
    jne     1b
    call    [esi - 4]
    jmp     3f
2:  call    callers_show
3:  pop     esi
    clc
    ret

# Prints memory.
.global debug_memory
debug_memory:
    push    esi
    push    edi
    mov     eax, [debug_first]
    call    debug_address
    jc      .Ldebug_memory_wrong
    mov     esi, eax
    mov     edi, DUMP_BYTES
    mov     eax, [debug_second]
    cmp     byte ptr [eax], 0
    je      .Ldebug_memory_row
    call    parse_number
    jc      .Ldebug_memory_wrong
    mov     edi, eax
    cmp     edi, DUMP_MOST
    jbe     .Ldebug_memory_row
    mov     edi, DUMP_MOST
.Ldebug_memory_row:
    PRINTF  "%08x ", esi
    call    terminal_size
    mov     ecx, DUMP_ROW
    cmp     edx, DUMP_COLUMNS
    jae     .Ldebug_memory_bytes
    shr     ecx, 2                      # a narrow terminal
.Ldebug_memory_bytes:
    push    ecx
.Ldebug_memory_byte:
    mov     eax, esi
    call    address_is_mapped
    jc      .Ldebug_memory_absent
    movzx   eax, byte ptr [esi]
    PRINTF  " %02x", eax
    jmp     .Ldebug_memory_next
.Ldebug_memory_absent:
    PRINT   " --"
.Ldebug_memory_next:
    inc     esi
    dec     ecx
    jnz     .Ldebug_memory_byte
    PRINT   "\n"
    pop     ecx
    sub     edi, ecx
    ja      .Ldebug_memory_row
    jmp     .Ldebug_memory_done
.Ldebug_memory_wrong:
    PRINT   "m ADDRESS [BYTES]\n"
.Ldebug_memory_done:
    pop     edi
    pop     esi
    clc
    ret

# Reads an address: hexadecimal, or a name of the kernel.
# In: EAX text.
# Out: EAX address; CF when it is neither.
.global debug_address
debug_address:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, eax
    xor     ebx, ebx
    cmp     byte ptr [esi], 0
    je      .Ldebug_address_none
.Ldebug_address_digit:
    mov     al, [esi]
    test    al, al
    jz      .Ldebug_address_number
    call    parse_hex_digit
    jc      .Ldebug_address_name
    shl     ebx, 4
    or      ebx, eax
    inc     esi
    jmp     .Ldebug_address_digit
.Ldebug_address_number:
    mov     eax, ebx
    clc
    jmp     .Ldebug_address_done
.Ldebug_address_name:
    mov     eax, edi
    call    symbol_address
    jmp     .Ldebug_address_done
.Ldebug_address_none:
    stc
.Ldebug_address_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Stops at a write of a dword.
.global debug_watch
debug_watch:
    LOAD_STRING eax, "d"
    jmp     1f

# Stops before an instruction.
.global debug_execute
debug_execute:
    LOAD_STRING eax, "c"
1:  mov     edx, [debug_first]
    mov     ecx, [debug_switches]
    call    debug_set
    jc      2f
    mov     [debug_switches], ecx
    PRINTF  "breakpoint %u\n", eax
    clc
    ret
2:  PRINTF  "%s\n", eax
    clc
    ret

# Forgets all breakpoints.
.global debug_forget
debug_forget:
    mov     dword ptr [debug_switches], 0
    clc
    ret

# Sets a hardware breakpoint.
# In: EAX kind: b, w, d for writes, c for code; EDX text of the address; ECX value of DR7.
# Out: EAX its number, ECX new value of DR7; CF and EAX message.
.global debug_set
debug_set:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, ecx
    mov     eax, edx
    call    debug_address
    mov     edx, eax                    # EDX: address
    LOAD_STRING eax, "there is no such address"
    jc      .Ldebug_set_done
    xor     ebx, ebx                    # EBX: bits of DR7 for length and kind
    cmp     byte ptr [esi + 1], 0
    jne     .Ldebug_set_kind
    mov     al, [esi]
    cmp     al, 'c'
    je      .Ldebug_set_search
    mov     ebx, 1                      # writes
    cmp     al, 'b'
    je      .Ldebug_set_search
    mov     ebx, 5
    cmp     al, 'w'
    je      .Ldebug_set_search
    mov     ebx, 13
    cmp     al, 'd'
    je      .Ldebug_set_search
.Ldebug_set_kind:
    LOAD_STRING eax, "b, w or d for writes, c for code"
    stc
    jmp     .Ldebug_set_done
.Ldebug_set_search:
    xor     ecx, ecx                    # ECX: number
    mov     eax, 2                      # its switch
.Ldebug_set_next:
    test    edi, eax
    jz      .Ldebug_set_found
    shl     eax, 2
    inc     ecx
    cmp     ecx, DEBUG_BREAKPOINTS
    jb      .Ldebug_set_next
    LOAD_STRING eax, "all breakpoints are used; d in the debugger forgets them"
    stc
    jmp     .Ldebug_set_done
.Ldebug_set_found:
    or      edi, eax
    push    ecx
    lea     ecx, [ecx*4 + 16]
    shl     ebx, cl
    mov     eax, 15
    shl     eax, cl
    not     eax
    and     edi, eax
    or      edi, ebx
    pop     ecx
    cmp     ecx, 1
    ja      .Ldebug_set_third
    je      .Ldebug_set_second
    mov     dr0, edx
    jmp     .Ldebug_set_good
.Ldebug_set_second:
    mov     dr1, edx
    jmp     .Ldebug_set_good
.Ldebug_set_third:
    mov     dr2, edx
.Ldebug_set_good:
    mov     eax, ecx
    mov     ecx, edi
    clc
.Ldebug_set_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

.section .rodata
.balign 4
debug_states:                               # in the order of TASK_READY, ...
    .long   debug_ready, debug_running, debug_waiting, debug_dead, debug_new
debug_heap_words:
    .long   debug_word_mark, callers_mark, debug_word_leaks, callers_leaks
    .long   debug_word_owners, accounts_show, 0
STRING debug_word_owners, "owners"
STRING debug_word_mark, "mark"
STRING debug_word_leaks, "leaks"
STRING debug_ready, "ready"
STRING debug_running, "running"
STRING debug_waiting, "waiting"
STRING debug_dead, "dead"
STRING debug_new, "new"
