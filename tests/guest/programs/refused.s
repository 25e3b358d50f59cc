# Tests of routines of the kernel without memory, that run inside a machine: link this object with those of asm/ and
# type `refusetest`. Each allocation of a routine fails once; it says so, and all that it had is back.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "tasks.inc"

ATTEMPTS            = 20                    # more than any of the routines allocates

.text

SELFTEST refusetest, refuse_tests, "test routines without memory"

# Calls a routine again and again, with one allocation after another that fails, until none does.
# In: EBX routine (Out: CF and EAX error), ESI routine that undoes it (In: EAX, EDX as the other gave them).
# Out: CF when it did not fail as it should.
refuse_each:
    mov     edi, 1                      # EDI: the allocation that fails
1:  cli
    mov     eax, [pages_free]
    mov     [pages_before], eax
    call    heap_stats
    mov     [blocks_before], ecx
    mov     eax, edi
    call    refuse_begin
    call    ebx
    jnc     2f
    cmp     eax, ERROR_NO_MEMORY
    jne     8f
    cmp     dword ptr [refuse_count], 0 # it has failed for this
    jne     8f
    mov     eax, [pages_free]
    cmp     eax, [pages_before]
    jne     8f
    call    heap_stats
    cmp     ecx, [blocks_before]
    jne     8f
    sti
    inc     edi
    cmp     edi, ATTEMPTS
    jb      1b
    jmp     9f
2:  mov     ecx, [refuse_count]         # none has failed, or nobody noticed
    mov     dword ptr [refuse_count], 0
    push    ecx
    call    esi
    pop     ecx
    sti
    test    ecx, ecx
    jz      9f
    cmp     edi, 2                      # it must have asked at all
    jb      9f
    clc
    ret
8:  mov     dword ptr [refuse_count], 0
    sti
9:  stc
    ret

# A task without memory for its record or its stack.
test_task:
    mov     ebx, offset make_task
    mov     esi, offset end_task
    SUCCEEDS refuse_each
    mov     eax, 30                     # it ends, and its memory goes back
    call    task_sleep
    clc
    ret

make_task:
    mov     eax, offset nothing
    xor     edx, edx
    LOAD_STRING ecx, "refused"
    jmp     task_create

end_task:
    mov     eax, [eax + TASK_ID]
    jmp     task_kill

nothing:
    ret

# A pipe without memory for itself or one of its ends.
test_pipe:
    mov     ebx, offset pipe_make
    mov     esi, offset end_pipe
    SUCCEEDS refuse_each
    clc
    ret

end_pipe:
    push    edx
    call    stream_release
    pop     eax
    jmp     stream_release

# Plain memory, pages and frames.
test_memory:
    mov     ebx, offset make_block
    mov     esi, offset mfree
    SUCCEEDS refuse_each
    mov     ebx, offset make_pages
    mov     esi, offset end_pages
    SUCCEEDS refuse_each
    mov     ebx, offset make_frame
    mov     esi, offset frame_free
    SUCCEEDS refuse_each
    SAME    dword ptr [refuse_count], 0
    clc
    ret

make_block:
    mov     eax, 100
    jmp     malloc

make_pages:
    mov     eax, 3
    jmp     page_alloc

end_pages:
    mov     edx, 3
    jmp     page_free

make_frame:
    xor     edx, edx
    jmp     frame_alloc

.section .rodata
.balign 4
refuse_tests:
    CASE    "task", test_task
    CASE    "pipe", test_pipe
    CASE    "memory", test_memory
    .long   0

.bss
.balign 4
pages_before:   .space 4
blocks_before:  .space 4
