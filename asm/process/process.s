# Processes: made from an ELF file by process_spawn, ended by exit, by a fault or by others, and waited for. A process
# has threads, which are tasks; its memory, streams and handles go back when the last of them has ended.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "process.inc"
.include "context.inc"

# What stands in a new thread's buffer.
THREAD_ENTRY        = 0                     # address in the program
THREAD_STACK        = 4                     # ESP; 0: the first thread, whose stack is made
THREAD_ARGUMENT     = 8

EFLAGS_PROGRAM      = 0x202                 # interrupts on
CR0_MP              = 2
CR0_NE              = 32

ON_HOOK on_thread_end, thread_leave

.text

# Starts a program. May sleep.
# In: EAX SPAWN_* record. Its block of arguments and one use of each stream are taken over, also when it fails.
# Out: EAX process, which is the caller's to give back with process_release; CF and EAX error.
.global process_spawn
process_spawn:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    call    programs_may_have
    jc      .Lprocess_spawn_refused
    call    process_new
    jc      .Lprocess_spawn_refused
    call    process_describe
    call    arguments_room
    add     eax, [ebx + PROCESS_ARGUMENTS_BYTES]
    cmp     eax, ARGUMENTS_MOST
    mov     eax, ERROR_TOO_LONG
    ja      .Lprocess_spawn_failed
    mov     esi, [ebp + SPAWN_PATH]
    call    image_open
    jc      .Lprocess_spawn_failed
    mov     eax, ebx
    call    space_make
    jc      .Lprocess_spawn_failed
    call    elf_load
    jc      .Lprocess_spawn_failed
    mov     eax, STACK_END - USER_STACK_BYTES
    mov     edx, STACK_END
    mov     ecx, REGION_WRITABLE
    call    region_add
    jc      .Lprocess_spawn_failed
    mov     eax, [ebx + PROCESS_ENTRY]
    xor     edx, edx
    xor     ecx, ecx
    call    thread_make
    jc      .Lprocess_spawn_failed
    mov     eax, ebx
    clc
    jmp     .Lprocess_spawn_done
.Lprocess_spawn_refused:
    push    eax
    mov     eax, [ebp + SPAWN_ARGUMENTS]
    call    mfree
    xor     edi, edi
.Lprocess_spawn_unused:
    mov     eax, [ebp + SPAWN_STREAMS + edi*4]
    test    eax, eax
    jz      .Lprocess_spawn_next_unused
    call    stream_release
.Lprocess_spawn_next_unused:
    inc     edi
    cmp     edi, 3
    jb      .Lprocess_spawn_unused
    pop     eax
    stc
    jmp     .Lprocess_spawn_done
.Lprocess_spawn_failed:
    push    eax
    call    process_clean
    mov     eax, ebx
    call    process_release
    pop     eax
    stc
.Lprocess_spawn_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a file is a program that can be loaded. May sleep.
# In: EAX path.
# Out: CF and EAX error.
.global process_check
process_check:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    call    process_new
    jc      2f
    call    image_open
    jc      1f
    mov     eax, ebx
    call    space_make
    jc      1f
    call    elf_load
    jc      1f
    call    image_whole
1:  pushfd
    push    eax
    call    process_clean
    mov     eax, ebx
    call    process_release
    pop     eax
    popfd
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# Makes the record of a process.
# Out: EBX process, which is the caller's to give back with process_release; CF and EAX error.
# Clobbers: ECX, EDX.
.global process_new
process_new:
    mov     eax, ERROR_TABLE_FULL
    cmp     dword ptr [process_count], PROCESSES_MAXIMUM
    cmc
    jc      1f
    mov     eax, PROCESS_SIZE
    call    malloc
    jc      1f
    mov     ebx, eax
    inc     dword ptr [process_count]
    mov     dword ptr [ebx + PROCESS_REFS], 1
    mov     dword ptr [ebx + PROCESS_STATUS], STATUS_KILLED
    lea     eax, [ebx + PROCESS_LABEL]
    mov     [ebx + PROCESS_OWNER + OWNER_NAME], eax
    clc
1:  ret

# Takes over what a process is started with.
# In: EBX process, EBP SPAWN record.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
process_describe:
    lea     esi, [ebp + SPAWN_STREAMS]
    lea     edi, [ebx + PROCESS_STREAMS]
    mov     ecx, 3
    rep movsd
    mov     eax, [ebp + SPAWN_SERVICE]
    mov     [ebx + PROCESS_SERVICE], eax
    cmp     eax, 1
    sbb     ecx, ecx                    # all ones unless it is run for a service
    call    console_own
    and     eax, ecx
    mov     [ebx + PROCESS_CONSOLE], eax
    call    process_aside
    mov     dword ptr [ebx + PROCESS_PRIORITY], PRIORITY_PROGRAM
    mov     eax, [ebp + SPAWN_ARGUMENTS]
    mov     [ebx + PROCESS_ARGUMENTS], eax
    mov     eax, [ebp + SPAWN_BYTES]
    mov     [ebx + PROCESS_ARGUMENTS_BYTES], eax
    mov     eax, [ebp + SPAWN_ARGUMENT_COUNT]
    mov     [ebx + PROCESS_ARGUMENT_COUNT], eax
    mov     eax, [ebp + SPAWN_ENVIRONMENT_COUNT]
    mov     [ebx + PROCESS_ENVIRONMENT_COUNT], eax
    mov     eax, [ebp + SPAWN_PATH]
    call    path_last
    mov     edx, eax
    lea     eax, [ebx + PROCESS_LABEL]
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    jmp     place_inherit

# Says of a new process whether it gets keys: not for a service or a job, nor when the process that starts it does not.
# In: EBX process, EBP SPAWN_* record.
process_aside:
    mov     ecx, [task_current]
    mov     edx, [ecx + TASK_CONTEXT]
    mov     ecx, [ecx + TASK_PROCESS]
    mov     eax, [ebp + SPAWN_SERVICE]
    test    edx, edx
    jz      1f
    or      eax, [edx + CONTEXT_JOB]
    jmp     2f
1:  jecxz   2f
    or      eax, [ecx + PROCESS_ASIDE]
2:  neg     eax
    sbb     eax, eax
    neg     eax
    mov     [ebx + PROCESS_ASIDE], eax
    ret

# The last part of a path.
# In: EAX path.
# Out: EAX what follows its last slash.
# Clobbers: EAX, EDX only.
.global path_last
path_last:
    mov     edx, eax
1:  cmp     byte ptr [edx], 0
    je      3f
    cmp     byte ptr [edx], '/'
    jne     2f
    lea     eax, [edx + 1]
2:  inc     edx
    jmp     1b
3:  ret

# Gives back what a process has but its record: memory, streams, its file. May sleep. No thread runs in it.
# In: EBX process.
.global process_clean
process_clean:
    push    edi
    xor     edi, edi
1:  xor     eax, eax
    xchg    eax, [ebx + PROCESS_STREAMS + edi*4]
    test    eax, eax
    jz      2f
    call    stream_release
2:  inc     edi
    cmp     edi, STREAMS
    jb      1b
    mov     eax, ebx
    call    space_free
    call    image_close
    xor     eax, eax
    xchg    eax, [ebx + PROCESS_ARGUMENTS]
    test    eax, eax
    jz      3f
    call    mfree
3:  pop     edi
    ret

# Gives up a process's record: frees it when nobody has it any more. May sleep; the destructor of handles of processes.
# In: EAX process.
.global process_release
process_release:
    push    eax
    add     eax, PROCESS_EVENT
    call    event_broadcast             # who waits by a handle that is closed now finds it stale
    pop     eax
    CHECK   "dword ptr [eax+PROCESS_REFS]", ne, 0, "process_release: nobody has the process"
    dec     dword ptr [eax + PROCESS_REFS]
    jnz     1f
    CHECK   "dword ptr [process_count]", ne, 0, "process_release: more processes go than there were"
    CHECK   "dword ptr [eax+PROCESS_THREADS]", e, 0, "process_release: threads run in the process"
    dec     dword ptr [process_count]
    push    eax
    add     eax, PROCESS_OWNER
    call    account_end
    pop     eax
    jmp     mfree
1:  ret

# Makes a handle of a process for the running task's owner.
# In: EAX process, one use of which goes to the handle.
# Out: EAX handle; CF and EAX error.
.global process_handle
process_handle:
    mov     edx, offset process_type
    xor     ecx, ecx
    jmp     handle_open

# Finds the process of a handle. Interrupts are off.
# In: EAX handle.
# Out: EAX process; CF and EAX error.
.global process_find
process_find:
    mov     edx, offset process_type
    jmp     handle_find

# Closes a handle of a process. May sleep.
# In: EAX handle.
.global process_close
process_close:
    mov     edx, offset process_type
    jmp     handle_close

HANDLE_TYPE process_type, "process", process_release

# Makes a thread of a process.
# In: EBX process, EAX address in the program where it begins, EDX its stack pointer or 0 for the first thread,
# ECX argument.
# Out: EAX task id; CF and EAX error.
.global thread_make
thread_make:
    push    ecx
    push    edx
    push    eax
    mov     eax, offset thread_enter
    call    thread_new
    jc      1f
    mov     edx, [eax + TASK_BUFFER]
    mov     ecx, [esp]
    mov     [edx + THREAD_ENTRY], ecx
    mov     ecx, [esp + 4]
    mov     [edx + THREAD_STACK], ecx
    mov     ecx, [esp + 8]
    mov     [edx + THREAD_ARGUMENT], ecx
    push    [eax + TASK_ID]
    call    thread_start
    pop     eax
    clc
1:  lea     esp, [esp + 12]             # keeps CF
    ret

# Makes the task of a thread, which does not run yet.
# In: EBX process, EAX routine in which it begins.
# Out: EAX task with an empty TASK_BUFFER; CF and EAX error.
.global thread_new
thread_new:
    push    esi
    push    edi
    mov     edi, eax
    mov     eax, ERROR_TABLE_FULL
    cmp     dword ptr [ebx + PROCESS_THREADS], THREADS_MAXIMUM
    jae     .Lthread_new_refused
    call    programs_may_have
    jc      .Lthread_new_refused
    mov     eax, 1
    mov     edx, PAGES_PROGRAMS
    call    page_alloc_for
    jc      .Lthread_new_refused
    mov     esi, eax
    mov     eax, edi
    xor     edx, edx
    lea     ecx, [ebx + PROCESS_LABEL]
    call    task_new
    jc      .Lthread_new_failed
    mov     edi, eax
    mov     [edi + TASK_BUFFER], esi
    mov     [edi + TASK_PROCESS], ebx
    mov     edx, [ebx + PROCESS_DIRECTORY]
    VIRT_TO_PHYS edx
    mov     [edi + TASK_DIRECTORY], edx
    mov     edx, [ebx + PROCESS_PRIORITY]
    mov     [edi + TASK_PRIORITY], edx
    mov     [edi + TASK_BASE], edx
    mov     edx, [edi + TASK_STACK_TOP]
    mov     dword ptr [edx - 4], 0      # SS of the program: it has not been there
    lea     ecx, [ebx + PROCESS_OWNER]
    mov     [edi + TASK_OWNER], ecx
    inc     dword ptr [ecx + OWNER_TASKS]
    mov     eax, [edi + TASK_STACK]     # the owner has the pages too
    mov     edx, STACK_PAGES
    call    page_charge
    mov     eax, esi
    mov     edx, 1
    lea     ecx, [ebx + PROCESS_OWNER]
    call    page_charge
    lea     eax, [edi + TASK_OWN]
    call    account_end
    mov     eax, edi
    clc
    jmp     .Lthread_new_done
.Lthread_new_failed:
    push    eax
    mov     eax, esi
    mov     edx, 1
    call    page_free
    pop     eax
.Lthread_new_refused:
    stc
.Lthread_new_done:
    pop     edi
    pop     esi
    ret

# Lets a new thread run.
# In: EBX process, EAX task of thread_new.
# Clobbers: EAX, ECX, EDX.
.global thread_start
thread_start:
    INTERRUPTS_OFF
    cmp     dword ptr [ebx + PROCESS_THREADS], 0
    jne     1f
    inc     dword ptr [ebx + PROCESS_REFS]
1:  inc     dword ptr [ebx + PROCESS_THREADS]
    CHECK   "dword ptr [ebx+PROCESS_THREADS]", be, THREADS_MAXIMUM, "thread_start: more threads than a process has"
    mov     dword ptr [eax + TASK_STATE], TASK_READY
    call    ready_append
    mov     byte ptr [task_reschedule], 1
    INTERRUPTS_RESTORE
    ret

# Where the task of a thread begins: goes into the program. Does not return.
thread_enter:
    mov     ebx, [task_current]
    mov     esi, [ebx + TASK_BUFFER]
    mov     edi, [esi + THREAD_ENTRY]
    mov     ebp, [esi + THREAD_ARGUMENT]
    mov     eax, [esi + THREAD_STACK]
    test    eax, eax
    jnz     1f
    mov     ebx, [ebx + TASK_PROCESS]
    call    arguments_place
    jc      task_exit
1:  mov     ecx, cr0
    and     ecx, ~CR0_EM
    or      ecx, CR0_TS | CR0_MP | CR0_NE
    cli
    mov     cr0, ecx
    push    SELECTOR_USER_DATA
    push    eax
    push    EFLAGS_PROGRAM
    push    SELECTOR_USER_CODE
    push    edi
    mov     eax, SELECTOR_USER_DATA
    mov     ds, eax
    mov     es, eax
    mov     fs, eax
    mov     gs, eax
    mov     eax, ebp
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    xor     esi, esi
    xor     edi, edi
    xor     ebp, ebp
    iretd

# Puts arguments and environment on the first thread's stack: their number, the addresses of the arguments, 0, the
# addresses of the environment, 0, and above them the strings. May sleep.
# In: EBX process.
# Out: EAX stack pointer; CF and EAX error without memory.
arguments_place:
    push    esi
    push    edi
    push    ebp
    mov     ecx, [ebx + PROCESS_ARGUMENTS_BYTES]
    mov     eax, STACK_END - 16
    sub     eax, ecx
    and     eax, ~15
    mov     ebp, eax                    # EBP: where the strings go
    mov     edx, [ebx + PROCESS_ARGUMENTS]
    call    copy_to_program
    jc      .Larguments_place_done
    call    arguments_room
    call    malloc_filled
    jc      .Larguments_place_done
    mov     esi, eax                    # ESI: the list, until it is copied
    mov     edi, eax
    mov     eax, [ebx + PROCESS_ARGUMENT_COUNT]
    stosd
    mov     edx, [ebx + PROCESS_ARGUMENTS]
    sub     edx, ebp                    # a string's address in the program, and in the kernel
    mov     eax, ebp
    mov     ecx, [ebx + PROCESS_ARGUMENT_COUNT]
    call    arguments_list
    mov     ecx, [ebx + PROCESS_ENVIRONMENT_COUNT]
    call    arguments_list
    mov     ecx, edi
    sub     ecx, esi
    mov     eax, ebp
    sub     eax, ecx
    and     eax, ~15
    mov     ebp, eax                    # EBP: where it goes
    mov     edx, esi
    call    copy_to_program
    sbb     edi, edi
    push    eax
    mov     eax, esi
    call    mfree
    pop     eax
    add     edi, edi
    jc      .Larguments_place_done
    xor     eax, eax
    xchg    eax, [ebx + PROCESS_ARGUMENTS]
    call    mfree
    mov     eax, ebp
    clc
.Larguments_place_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# The bytes of the list that arguments_place makes.
# In: EBX process.
# Out: EAX.
# Clobbers: EAX only.
arguments_room:
    mov     eax, [ebx + PROCESS_ARGUMENT_COUNT]
    add     eax, [ebx + PROCESS_ENVIRONMENT_COUNT]
    lea     eax, [eax*4 + 12]           # their number, and two zeros
    ret

# Lists the addresses of strings that follow each other.
# In: EAX address of the first in the program, EDX what to add to get the kernel's copy, ECX how many, EDI the list.
# Out: EAX address after the last string, EDI after the list and its 0.
# Clobbers: ECX.
arguments_list:
    jecxz   3f
1:  stosd
2:  inc     eax
    cmp     byte ptr [eax + edx - 1], 0
    jne     2b
    dec     ecx
    jnz     1b
3:  mov     dword ptr [edi], 0
    add     edi, 4
    ret

# The part of task_exit that concerns a thread: the last one takes the process along. May sleep.
thread_leave:
    push    ebx
    push    esi
    mov     esi, [task_current]
    mov     ebx, [esi + TASK_PROCESS]
    call    fpu_forget
    call    stream_drop
    cmp     dword ptr [ebx + PROCESS_THREADS], 1
    jne     2f
    call    console_leave
2:
    INTERRUPTS_OFF
    mov     eax, offset page_directory - KERNEL_SPACE
    mov     [esi + TASK_DIRECTORY], eax
    mov     cr3, eax
    mov     dword ptr [esi + TASK_PROCESS], 0
    INTERRUPTS_RESTORE
    mov     eax, [esi + TASK_BUFFER]
    mov     edx, 1
    call    page_free
    CHECK   "dword ptr [ebx+PROCESS_THREADS]", ne, 0, "thread_leave: the process has no thread"
    dec     dword ptr [ebx + PROCESS_THREADS]
    jnz     1f
    call    process_clean
    mov     dword ptr [ebx + PROCESS_ENDED], 1
    call    watch_changed
    mov     eax, ebx
    call    process_release
1:  pop     esi
    pop     ebx
    ret

# Ends the running thread's process. Does not return. May sleep.
# In: EAX exit status.
.global process_exit
process_exit:
    mov     ecx, [task_current]
    mov     ecx, [ecx + TASK_PROCESS]
    mov     [ecx + PROCESS_STATUS], eax
    mov     eax, ecx
    call    process_kill
    call    task_exit

# Ends all threads of a process, but the running one.
# In: EAX process.
.global process_kill
process_kill:
    mov     edx, TASK_PROCESS
    jmp     tasks_kill

.bss
.balign 4
process_count:      .space 4                # that have not been given up
