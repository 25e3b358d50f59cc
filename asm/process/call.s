# System calls: the entry for INT 80h, and the calls about processes, threads, time and memory. docs/system-calls.md
# tells what each does; the table is made from asm/system-calls.json.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "process.inc"
.include "call-table.inc"

VECTOR_CALL         = 0x80
SLEEP_MAXIMUM       = 0x7FFFFFF0
PAUSE_FOREVER       = -1
RANDOM_BYTES        = 64

ON_HOOK program_call, call_entry

.text

# INT 80h: EAX is the number of a call, EBX, ECX, EDX, ESI and EDI are its arguments. EAX comes back as the result, or
# as the negated error code; all other registers are as they were. A call finds its arguments in EAX, EDX, ECX, ESI,
# EDI, the process in EBX and the task in EBP; it may clobber all registers, and returns CF and EAX like every routine.
.global call_entry
call_entry:
    push    0
    push    VECTOR_CALL
    pushad
    cld
    SEGMENTS_SAVE
    sti
    lea     ecx, [esp + SEGMENTS_SIZE]
    mov     ebx, [ecx + REGS_EAX]
    mov     eax, ERROR_NOT_SUPPORTED
    cmp     ebx, CALL_COUNT
    jae     1f
    push    ecx
    mov     ebp, [task_current]
    mov     ebx, [call_table + ebx*4]
    mov     [ebp + TASK_CALL], ebx
    mov     ebx, [ebp + TASK_PROCESS]
    mov     eax, [ecx + REGS_EBX]
    mov     edx, [ecx + REGS_ECX]
    mov     esi, [ecx + REGS_ESI]
    mov     edi, [ecx + REGS_EDI]
    mov     ecx, [ecx + REGS_EDX]
    call    [ebp + TASK_CALL]
    pop     ecx
    jnc     2f
1:  neg     eax
2:  mov     [ecx + REGS_EAX], eax
    mov     eax, [task_current]
    mov     dword ptr [eax + TASK_CALL], 0
    call    stream_drop
    cli
    jmp     program_return

# System call: ends the process with all its threads.
# In: EAX status.
call_exit:
    and     eax, 0xFF
    jmp     process_exit

# System call: starts a program.
# In: EAX path, EDX addresses of arguments, ECX of the environment or 0, ESI three handles or 0 for our own.
call_spawn:
    push    ebp
    mov     ebp, esp
    sub     esp, SPAWN_SIZE + 16
    mov     [ebp - 4], edx
    mov     [ebp - 8], ecx
    mov     [ebp - 12], eax
    mov     dword ptr [ebp - SPAWN_SIZE - 16 + SPAWN_SERVICE], 0
    mov     dword ptr [ebp - SPAWN_SIZE - 16 + SPAWN_STREAMS], STANDARD_INPUT
    mov     dword ptr [ebp - SPAWN_SIZE - 16 + SPAWN_STREAMS + 4], STANDARD_OUTPUT
    mov     dword ptr [ebp - SPAWN_SIZE - 16 + SPAWN_STREAMS + 8], STANDARD_ERROR
    test    esi, esi
    jz      1f
    lea     eax, [ebp - SPAWN_SIZE - 16 + SPAWN_STREAMS]
    mov     edx, esi
    mov     ecx, 12
    call    copy_from_program
    jc      .Lcall_spawn_done
1:  mov     dword ptr [ebp - 16], ARGUMENTS_BYTES
.Lcall_spawn_room:
    mov     edi, [ebp - 16]
    lea     eax, [edi + PATH_BYTES]
    call    malloc_filled
    jc      .Lcall_spawn_done
    mov     esi, eax
    mov     [ebp - SPAWN_SIZE - 16 + SPAWN_ARGUMENTS], eax
    add     edi, eax
    mov     eax, edi
    mov     [ebp - SPAWN_SIZE - 16 + SPAWN_PATH], eax
    mov     edx, [ebp - 12]
    mov     ecx, PATH_BYTES
    call    copy_string
    jnc     .Lcall_spawn_strings
    mov     dword ptr [ebp - 16], ARGUMENTS_MOST # more room does not help
    jmp     .Lcall_spawn_free
.Lcall_spawn_strings:
    mov     eax, [ebp - 4]
    call    call_strings
    jc      .Lcall_spawn_free
    mov     [ebp - SPAWN_SIZE - 16 + SPAWN_ARGUMENT_COUNT], ecx
    mov     eax, [ebp - 8]
    call    call_strings
    jc      .Lcall_spawn_free
    mov     [ebp - SPAWN_SIZE - 16 + SPAWN_ENVIRONMENT_COUNT], ecx
    sub     esi, [ebp - SPAWN_SIZE - 16 + SPAWN_ARGUMENTS]
    mov     [ebp - SPAWN_SIZE - 16 + SPAWN_BYTES], esi
    call    call_spawn_streams
    lea     eax, [ebp - SPAWN_SIZE - 16]
    call    process_spawn
    jc      .Lcall_spawn_done
    mov     esi, eax
    call    process_handle
    jnc     .Lcall_spawn_done
    push    eax
    mov     eax, esi
    call    process_release
    pop     eax
    stc
    jmp     .Lcall_spawn_done
.Lcall_spawn_free:
    push    eax
    mov     eax, [ebp - SPAWN_SIZE - 16 + SPAWN_ARGUMENTS]
    call    mfree
    pop     eax
    cmp     eax, ERROR_TOO_LONG
    jne     4f
    shl     dword ptr [ebp - 16], 2     # there may be more of them than most have
    cmp     dword ptr [ebp - 16], ARGUMENTS_MOST
    jbe     .Lcall_spawn_room
4:  stc
.Lcall_spawn_done:
    mov     esp, ebp
    pop     ebp
    ret

# Finds the streams that a program gives to another one.
# In: EBX process, EBP frame of call_spawn.
# Clobbers: EAX, ECX, EDX, ESI.
call_spawn_streams:
    lea     esi, [ebp - SPAWN_SIZE - 16 + SPAWN_STREAMS]
    xor     ecx, ecx
    INTERRUPTS_OFF
2:  mov     eax, [esi + ecx*4]          # a handle that is not open gives none
    xor     edx, edx
    cmp     eax, STREAMS
    jae     3f
    mov     edx, [ebx + PROCESS_STREAMS + eax*4]
    test    edx, edx
    jz      3f
    inc     dword ptr [edx + STREAM_REFS]
3:  mov     [esi + ecx*4], edx
    inc     ecx
    cmp     ecx, 3
    jb      2b
    INTERRUPTS_RESTORE
    ret

# Collects strings from a program.
# In: EAX the program's list of their addresses, ended by 0, or 0 for no list; ESI where they go, EDI end of the room.
# Out: ECX their number, ESI after them; CF and EAX error.
call_strings:
    push    ebp
    push    0                           # the number
    push    0                           # an address
    mov     ebp, eax
    test    eax, eax
    jz      .Lcall_strings_good
.Lcall_strings_next:
    mov     eax, esp
    mov     edx, ebp
    mov     ecx, 4
    call    copy_from_program
    jc      .Lcall_strings_done
    mov     edx, [esp]
    test    edx, edx
    jz      .Lcall_strings_good
    mov     eax, ERROR_TOO_LONG
    mov     ecx, edi
    sub     ecx, esi
    jbe     .Lcall_strings_failed
    mov     eax, esi
    call    copy_string
    jc      .Lcall_strings_done
    mov     esi, eax
    inc     dword ptr [esp + 4]
    add     ebp, 4
    jmp     .Lcall_strings_next
.Lcall_strings_failed:
    stc
    jmp     .Lcall_strings_done
.Lcall_strings_good:
    clc
.Lcall_strings_done:
    pop     ecx
    pop     ecx
    pop     ebp
    ret

# System call: waits until a process has ended, and gives its handle up.
# In: EAX process, EDX milliseconds or -1.
call_wait:
    mov     edi, eax
    mov     esi, edx
    INTERRUPTS_OFF
1:  mov     eax, edi
    call    process_find
    jc      3f
    cmp     dword ptr [eax + PROCESS_ENDED], 0
    jne     2f
    add     eax, PROCESS_EVENT
    mov     edx, esi
    call    event_wait
    jnc     1b
    INTERRUPTS_RESTORE
    mov     eax, ERROR_TIMEOUT
    stc
    ret
2:  push    [eax + PROCESS_STATUS]
    mov     eax, edi
    call    process_close
    pop     eax
    INTERRUPTS_RESTORE
    clc
    ret
3:  INTERRUPTS_RESTORE
    stc
    ret

# System call: ends a process.
# In: EAX process.
call_kill:
    INTERRUPTS_OFF
    call    process_find
    jc      1f
    call    process_kill
    INTERRUPTS_RESTORE
    xor     eax, eax
    ret
1:  INTERRUPTS_RESTORE
    stc
    ret

# System call: sleeps for at least so long.
# In: EAX milliseconds.
call_sleep:
    cmp     eax, SLEEP_MAXIMUM
    jbe     1f
    mov     eax, SLEEP_MAXIMUM
1:  call    task_sleep
    xor     eax, eax
    ret

# System call: reads the time since the machine started.
call_clock:
    call    clock_ms
    and     eax, 0x7FFFFFFF
    ret

# System call: reads date and time.
call_time:
    call    clock_seconds
    clc
    ret

# System call: reads date and time to the millisecond.
# In: EAX record.
call_time_read:
    mov     edi, eax
    call    clock_date
    push    edx
    push    eax
    mov     eax, edi
    mov     edx, esp
    mov     ecx, 8
    call    copy_to_program
    lea     esp, [esp + 8]
    jc      1f
    xor     eax, eax
1:  ret

# System call: sets the clock forward or back.
# In: EAX seconds, EDX milliseconds.
call_time_step:
    call    clock_step
    jc      1f
    xor     eax, eax
1:  ret

# System call: gives bytes that nobody can foretell.
# In: EAX address, EDX bytes.
call_random:
    cmp     edx, RANDOM_BYTES
    ja      1f
    sub     esp, RANDOM_BYTES
    mov     edi, eax
    mov     esi, edx
    mov     eax, esp
    call    generator_fill
    mov     eax, edi
    mov     edx, esp
    mov     ecx, esi
    call    copy_to_program
    lea     esp, [esp + RANDOM_BYTES]
    jc      2f
    xor     eax, eax
    ret
1:  mov     eax, ERROR_INVALID
    stc
2:  ret

# System call: says an error in words.
# In: EAX code of errors.inc, EDX address, ECX bytes of room there.
call_error_text:
    mov     esi, edx
    call    error_text
    mov     edi, eax
    call    string_length
    cmp     eax, ecx
    jae     1f
    push    eax
    lea     ecx, [eax + 1]
    mov     eax, esi
    mov     edx, edi
    call    copy_to_program
    pop     edx
    jc      2f
    mov     eax, edx
    ret
1:  mov     eax, ERROR_TOO_LONG
    stc
2:  ret

# System call: gives memory, all zero.
# In: EAX bytes.
call_memory_map:
    mov     ecx, eax
    jmp     space_map

# System call: gives memory back.
# In: EAX address.
call_memory_unmap:
    call    space_unmap
    jc      1f
    xor     eax, eax
1:  ret

# System call: starts a thread. It ends by `thread_exit`.
# In: EAX where it begins, EDX its stack pointer, ECX its argument.
call_thread_create:
    test    edx, edx
    jnz     thread_make
    mov     eax, ERROR_INVALID
    stc
    ret

# System call: ends the thread; with the last one the process ends, status 0.
call_thread_exit:
    cmp     dword ptr [ebx + PROCESS_THREADS], 1
    jne     1f
    cmp     dword ptr [ebx + PROCESS_STATUS], STATUS_KILLED
    jne     1f
    mov     dword ptr [ebx + PROCESS_STATUS], 0
1:  jmp     task_exit

# System call: names the running thread.
call_thread_id:
    mov     eax, [ebp + TASK_ID]
    clc
    ret

# System call: lets others run.
call_yield:
    call    task_yield
    xor     eax, eax
    ret

# System call: sets the thread's priority, and that of threads that come.
# In: EAX 0 to PRIORITY_PROGRAM.
call_priority:
    cmp     eax, PRIORITY_PROGRAM
    ja      1f
    mov     [ebx + PROCESS_PRIORITY], eax
    mov     [ebp + TASK_BASE], eax
    mov     edx, eax
    mov     eax, ebp
    call    task_set_priority
    xor     eax, eax
    ret
1:  mov     eax, ERROR_INVALID
    stc
    ret

# System call: waits for `value_wake`, if the dword still has this value. It may return for no reason: look again.
# In: EAX address, EDX value, ECX milliseconds or -1. The value is looked at, and the wait begun, in one piece.
call_value_wait:
    push    ecx
    mov     esi, edx
    mov     edx, eax
    mov     eax, [ebp + TASK_BUFFER]
    mov     ecx, 4
    INTERRUPTS_OFF
    call    copy_from_program
    jc      2f
    mov     eax, [ebp + TASK_BUFFER]
    cmp     [eax], esi
    jne     1f
    lea     eax, [ebx + PROCESS_WAKE]
    mov     edx, [esp + 4]
    call    event_wait
    mov     eax, ERROR_TIMEOUT
    jc      2f
1:  INTERRUPTS_RESTORE
    pop     ecx
    xor     eax, eax
    ret
2:  INTERRUPTS_RESTORE
    pop     ecx
    stc
    ret

# System call: wakes all threads of the process that are in `value_wait`.
call_value_wake:
    lea     eax, [ebx + PROCESS_WAKE]
    call    event_broadcast
    xor     eax, eax
    ret

.section .rodata
.balign 4
call_table:
    CALL_TABLE
