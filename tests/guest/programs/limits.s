# A program for /bin that fills the tables that the kernel has for programs to the last place, gives all back, and does
# so again: `limits WHAT` prints how many there were. Started by itself it ends in one way or another.

.intel_syntax noprefix
.include "system-calls.inc"

ERROR_NOT_FOUND = -2
ERROR_FULL      = -19
ERROR_ADDRESS   = -33
KERNEL_SPACE    = 0xC0000000
REGIONS         = 200           # more than there is room for
THREADS         = 40
PROCESSES       = 80
MISSES          = 100           # programs that are not there
STACK_BYTES     = 512
PLENTY          = 3 << 20
PAGE_OF_OURS    = 0x00700007            # an entry: present, writable, a program's
PATTERN         = 0x11111

.text

.global _start
_start:
    mov     esi, [esp + 8]
    mov     ebx, offset words
1:  mov     eax, esi
    mov     edx, [ebx]
    call    same
    je      2f
    add     ebx, 8
    cmp     ebx, offset words_end
    jb      1b
    SYSTEM  exit, 2
2:  jmp     [ebx + 4]

# Whether two strings are the same.
# In: EAX, EDX strings.
# Out: ZF.
# Clobbers: EAX, ECX, EDX.
same:
    mov     cl, [eax]
    cmp     cl, [edx]
    jne     1f
    inc     eax
    inc     edx
    test    cl, cl
    jnz     same
1:  ret

# Calls a routine until it fails, and prints how often it did not, and the error when it is another than a full table.
# In: EBP routine: EDI how often it was called before; gives EAX, which is kept at things; ECX at most so often.
# Out: EDI how often.
fill:
    xor     edi, edi
1:  push    ecx
    call    ebp
    pop     ecx
    test    eax, eax
    js      2f
    mov     [things + edi*4], eax
    inc     edi
    cmp     edi, ecx
    jb      1b
2:  push    eax
    mov     eax, edi
    call    put_number
    mov     eax, offset text_end
    call    put
    pop     eax
    cmp     eax, ERROR_FULL
    je      3f
    neg     eax
    call    put_number
    mov     eax, offset text_error
    call    put
3:  ret

# Pieces of memory: each has what was written to it, and what goes back makes room for as much.
what_regions:
    mov     ebp, offset region
    mov     ecx, REGIONS
    call    fill
    push    edi
    call    regions_check
    mov     edi, [esp]                      # one from the middle, and the oldest
    shr     edi, 1
    mov     ebx, [things + edi*4]
    SYSTEM  memory_unmap, ebx
    mov     ebx, [things]
    SYSTEM  memory_unmap, ebx
    call    fill                            # as long as there is room: two
    mov     edi, [esp]
    shr     edi, 1
    mov     eax, [things + 4]               # the lower one was given first
    mov     [things + edi*4], eax
    imul    edx, edi, PATTERN
    mov     [eax], edx
    mov     eax, [things]
    add     eax, 8192
    mov     [things + 4], eax
    pop     edi
    push    edi
    call    regions_check
    pop     edi
1:  dec     edi
    mov     ebx, [things + edi*4]
    SYSTEM  memory_unmap, ebx
    test    eax, eax
    js      wrong
    test    edi, edi
    jnz     1b
    mov     ecx, REGIONS
    call    fill
    SYSTEM  exit, 0

# Gets a piece of two pages.
# In: EDI its number.
# Out: EAX address, or error.
region:
    SYSTEM  memory_map, 8192
    test    eax, eax
    js      1f
    cmp     dword ptr [eax], 0
    jne     wrong
    cmp     dword ptr [eax + 8188], 0
    jne     wrong
    imul    edx, edi, PATTERN
    mov     [eax], edx
    mov     [eax + 8188], edx
1:  ret

# Looks at all pieces.
# In: EDI how many.
# Clobbers: EDI too.
regions_check:
1:  dec     edi
    js      2f
    mov     eax, [things + edi*4]
    imul    edx, edi, PATTERN
    cmp     [eax], edx
    je      1b
    jmp     wrong
2:  ret

# Threads: each has its argument, and its place is free again when it has ended.
what_threads:
    call    threads_round
    call    threads_round
    SYSTEM  exit, 0

# Starts as many as there is room for, and lets them end.
threads_round:
    xor     eax, eax
    mov     [released], eax
    mov     [ended], eax
    mov     [sum], eax
    mov     ebp, offset thread
    mov     ecx, THREADS
    call    fill
    push    edi
    mov     dword ptr [released], 1
    SYSTEM  value_wake
1:  mov     ecx, [ended]
    cmp     ecx, [esp]
    je      2f
    SYSTEM  value_wait, "offset ended", ecx, -1
    jmp     1b
2:  SYSTEM  sleep, 100
    pop     edi                             # 1 + 2 + ...
    lea     eax, [edi + 1]
    mul     edi
    shr     eax, 1
    cmp     eax, [sum]
    jne     wrong
    ret

# Starts one.
# In: EDI its number.
# Out: EAX number, or error.
thread:
    lea     eax, [edi + 1]
    imul    ecx, eax, STACK_BYTES
    add     ecx, offset stacks
    mov     edx, eax
    SYSTEM  thread_create, "offset thread_body", ecx, edx
    ret

thread_body:
    lock add [sum], eax
1:  cmp     dword ptr [released], 0
    jne     2f
    SYSTEM  value_wait, "offset released", 0, -1
    jmp     1b
2:  lock inc dword ptr [ended]
    SYSTEM  value_wake
    SYSTEM  thread_exit

# Processes: the place of each is free again when it has been waited for, and of one that never was.
what_processes:
    call    processes_round
    mov     edi, MISSES
1:  SYSTEM  spawn, "offset path_none", "offset arguments_sleep", 0, 0
    cmp     eax, ERROR_NOT_FOUND
    jne     wrong
    dec     edi
    jnz     1b
    call    processes_round
    SYSTEM  exit, 0

processes_round:
    mov     ebp, offset process
    mov     ecx, PROCESSES
    call    fill
    push    edi
1:  dec     edi
    mov     ebx, [things + edi*4]
    SYSTEM  kill, ebx
    test    edi, edi
    jnz     1b
    pop     edi
2:  dec     edi
    mov     ebx, [things + edi*4]
    SYSTEM  wait, ebx, -1
    cmp     eax, 137
    jne     wrong
    test    edi, edi
    jnz     2b
    ret

# Starts one that sleeps.
process:
    SYSTEM  spawn, "offset path_sleep", "offset arguments_sleep", 0, 0
    ret

# How programs end, and what `wait` says of it.
what_ends:
    mov     edi, offset ends
1:  mov     eax, [edi]
    mov     [arguments_self + 4], eax
    SYSTEM  spawn, "offset path_self", "offset arguments_self", 0, 0
    test    eax, eax
    js      wrong
    mov     ebx, eax
    SYSTEM  wait, ebx, 5000
    call    put_number
    mov     eax, offset text_end
    call    put
    add     edi, 4
    cmp     edi, offset ends_end
    jb      1b
    SYSTEM  exit, 0

end_large:
    SYSTEM  exit, 0x1FE
end_negative:
    SYSTEM  exit, -1
end_thread:
    SYSTEM  thread_exit
end_halt:
    hlt
end_undefined:
    ud2
end_break:
    int3
end_other:                                  # another thread goes on, and says the status
    SYSTEM  thread_create, "offset end_seven", "offset stacks + 4096", 7
    SYSTEM  thread_exit
end_seven:
    mov     ebp, eax
    SYSTEM  sleep, 50
    SYSTEM  exit, ebp
end_both:                                   # the first thread is there longer, and says none
    SYSTEM  thread_create, "offset end_thread", "offset stacks + 4096", 0
    SYSTEM  sleep, 50
    SYSTEM  thread_exit
end_all:                                    # exit takes a thread along that would sleep for long
    SYSTEM  thread_create, "offset end_sleeps", "offset stacks + 4096", 0
    SYSTEM  sleep, 50
    SYSTEM  exit, 9
end_sleeps:
    SYSTEM  sleep, 1000000
    jmp     end_sleeps
end_fault:                                  # a thread faults, and that ends all
    SYSTEM  thread_create, "offset end_halt", "offset stacks + 4096", 0
    SYSTEM  sleep, 1000000
    SYSTEM  exit, 1

# A file is not read into any page of the kernel, whatever stands in its tables and in the lowest memory.
what_kernel:
    SYSTEM  memory_map, PLENTY          # what could be taken for a table of pages lies in it
    test    eax, eax
    js      wrong
    mov     edi, eax
    mov     eax, PAGE_OF_OURS
    mov     ecx, PLENTY / 4
    rep stosd
    mov     ebp, KERNEL_SPACE
    xor     edi, edi                        # no register but one has an address of the kernel
1:  SYSTEM  open, "offset path_file", 1
    test    eax, eax
    js      wrong
    mov     ebx, eax
    SYSTEM  read, ebx, ebp, 4
    cmp     eax, ERROR_ADDRESS
    jne     wrong
    SYSTEM  close, ebx
    add     ebp, 4096
    cmp     ebp, KERNEL_SPACE + (8 << 20)
    jb      1b
    mov     eax, ebp
    call    put_number
    mov     eax, offset text_end
    call    put
    SYSTEM  exit, 0

wrong:
    mov     eax, offset text_wrong
    call    put
    SYSTEM  exit, 1

.section .rodata
text_end:       .asciz "\n"
text_error:     .asciz " is the error\n"
text_wrong:     .asciz "wrong\n"
path_self:      .asciz "/bin/limits"
path_none:      .asciz "/bin/none"
path_file:      .asciz "/a/file"
path_sleep:     .asciz "/bin/sleep"
word_sleep:     .asciz "1000000"
word_regions:   .asciz "regions"
word_threads:   .asciz "threads"
word_processes: .asciz "processes"
word_ends:      .asciz "ends"
word_kernel:    .asciz "kernel"
.irp end, large, negative, thread, halt, undefined, break, other, both, all, fault
word_\end:      .asciz "\end"
.endr
.balign 4
arguments_sleep: .long path_sleep, word_sleep, 0
words:
    .long   word_regions, what_regions, word_threads, what_threads, word_processes, what_processes
    .long   word_ends, what_ends, word_kernel, what_kernel
.irp end, large, negative, thread, halt, undefined, break, other, both, all, fault
    .long   word_\end, end_\end
.endr
words_end:
ends:
.irp end, large, negative, thread, halt, undefined, break, other, both, all, fault
    .long   word_\end
.endr
ends_end:

.data
.balign 4
arguments_self: .long path_self, 0, 0

.bss
.balign 16
things:         .space REGIONS * 4
sum:            .space 4
ended:          .space 4
released:       .space 4
stacks:         .space (THREADS + 2) * STACK_BYTES
