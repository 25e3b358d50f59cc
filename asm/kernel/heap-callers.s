# Who asked for the blocks of the heap that are in use, and whose have become more since they were counted last: the
# report that finds what is never given back.

.include "macros.inc"
.include "heap.inc"

CALLERS             = 256                   # a power of two; what does not fit is counted together

# An entry: blocks and bytes of one return address of malloc, now and when they were marked.
CALLER_ADDRESS      = 0
CALLER_BLOCKS       = 4
CALLER_BYTES        = 8
CALLER_MARKED       = 12                    # blocks
CALLER_MARKED_BYTES = 16
CALLER_SIZE         = 20

.text

# Lists all, those with the most bytes first.
.global callers_show
callers_show:
    call    callers_count
    call    callers_print
    clc
    ret

# Remembers what is in use.
.global callers_mark
callers_mark:
    call    callers_count
    mov     eax, offset callers
    mov     ecx, CALLERS + 1
1:  mov     edx, [eax + CALLER_BLOCKS]
    mov     [eax + CALLER_MARKED], edx
    mov     edx, [eax + CALLER_BYTES]
    mov     [eax + CALLER_MARKED_BYTES], edx
    add     eax, CALLER_SIZE
    dec     ecx
    jnz     1b
    ret

# Lists those that have more blocks than they had when they were marked.
.global callers_leaks
callers_leaks:
    call    callers_count
    mov     eax, offset callers
    mov     ecx, CALLERS + 1
1:  mov     edx, [eax + CALLER_MARKED]
    sub     [eax + CALLER_BLOCKS], edx
    mov     edx, [eax + CALLER_MARKED_BYTES]
    sub     [eax + CALLER_BYTES], edx
    add     eax, CALLER_SIZE
    dec     ecx
    jnz     1b
    jmp     callers_print

# Counts anew.
callers_count:
    mov     eax, offset callers
    mov     ecx, CALLERS + 1
1:  mov     dword ptr [eax + CALLER_BLOCKS], 0
    mov     dword ptr [eax + CALLER_BYTES], 0
    add     eax, CALLER_SIZE
    dec     ecx
    jnz     1b
    mov     eax, offset callers_add
    xor     edx, edx
    jmp     heap_walk

# Routine for heap_walk: counts a block.
# In: EAX block, EDX 1 when it is in use.
callers_add:
    test    edx, edx
    jz      .Lcallers_add_done
    push    ebx
    mov     ebx, [eax + BLOCK_OWNER]
    mov     edx, ebx
    shr     edx, 2
    and     edx, CALLERS - 1
    imul    edx, edx, CALLER_SIZE
    add     edx, offset callers
    mov     ecx, CALLERS
.Lcallers_add_look:
    cmp     [edx + CALLER_ADDRESS], ebx
    je      .Lcallers_add_count
    cmp     dword ptr [edx + CALLER_ADDRESS], 0
    je      .Lcallers_add_new
    add     edx, CALLER_SIZE
    dec     ecx
    jz      .Lcallers_add_rest
    cmp     edx, offset callers_rest
    jb      .Lcallers_add_look
    mov     edx, offset callers
    jmp     .Lcallers_add_look
.Lcallers_add_rest:
    mov     edx, offset callers_rest
    jmp     .Lcallers_add_count
.Lcallers_add_new:
    mov     [edx + CALLER_ADDRESS], ebx
.Lcallers_add_count:
    inc     dword ptr [edx + CALLER_BLOCKS]
    mov     eax, [eax + BLOCK_SIZE]
    add     [edx + CALLER_BYTES], eax
    pop     ebx
.Lcallers_add_done:
    ret

# Prints the entries that have more than no blocks, those with the most bytes first; each is counted down to none.
callers_print:
    push    ebx
    push    esi
.Lcallers_print_next:
    mov     eax, offset callers
    mov     ecx, CALLERS + 1
    xor     ebx, ebx                        # EBX: the entry with the most, ESI its bytes
    or      esi, -1
.Lcallers_print_entry:
    cmp     dword ptr [eax + CALLER_BLOCKS], 0
    jle     .Lcallers_print_skip
    test    ebx, ebx
    jz      .Lcallers_print_most
    cmp     [eax + CALLER_BYTES], esi
    jle     .Lcallers_print_skip
.Lcallers_print_most:
    mov     ebx, eax
    mov     esi, [eax + CALLER_BYTES]
.Lcallers_print_skip:
    add     eax, CALLER_SIZE
    dec     ecx
    jnz     .Lcallers_print_entry
    test    ebx, ebx
    jz      .Lcallers_print_done
    xor     eax, eax
    xchg    eax, [ebx + CALLER_BLOCKS]
    PRINTF  "%6u blocks %8u bytes", eax, esi
    mov     eax, [ebx + CALLER_ADDRESS]
    test    eax, eax
    jz      .Lcallers_print_others
    mov     edx, 1
    call    trace_address
    jmp     .Lcallers_print_next
.Lcallers_print_others:
    PRINT   "  others\n"
    jmp     .Lcallers_print_next
.Lcallers_print_done:
    pop     esi
    pop     ebx
    ret

.bss
.balign 4
callers:            .space CALLERS * CALLER_SIZE
callers_rest:       .space CALLER_SIZE      # those for which there was no entry
