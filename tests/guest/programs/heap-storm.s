# Random work for the heap inside a machine: link this object with those of asm/. `heapstorm OPERATIONS SEED` says
# `heapstorm: passed`, or how far it came.

.include "macros.inc"

.text

STORM_SLOTS         = 512                   # blocks at a time
STORM_CHECK         = 0xFFFF                # operations between two looks at all headers
SLOT_ADDRESS        = 0
SLOT_BYTES          = 4
SLOT_SIZE           = 8

# Shell command: random allocations and releases. Each block is all zero when it comes, holds a pattern of its own while
# it is in use, and still holds it when it goes.
# In: EAX argc, EDX argv: number of operations, seed.
# Out: EAX status.
command_heapstorm:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, edx
    mov     eax, [ebx + 4]
    call    parse_number
    mov     ebp, eax                    # EBP: operations that are left
    mov     eax, [ebx + 8]
    call    parse_number
    mov     [storm_seed], eax
    call    heap_stats
    mov     [storm_bytes], edx
.Lcommand_heapstorm_next:
    call    storm_random
    and     eax, STORM_SLOTS - 1
    lea     ebx, [storm_slots + eax*SLOT_SIZE]  # EBX: slot
    cmp     dword ptr [ebx + SLOT_ADDRESS], 0
    jne     .Lcommand_heapstorm_free
    call    storm_take
    jmp     .Lcommand_heapstorm_done
.Lcommand_heapstorm_free:
    call    storm_give
.Lcommand_heapstorm_done:
    jc      .Lcommand_heapstorm_failed
    dec     ebp
    jz      .Lcommand_heapstorm_end
    test    ebp, STORM_CHECK
    jnz     .Lcommand_heapstorm_next
    call    heap_check
    jmp     .Lcommand_heapstorm_next
.Lcommand_heapstorm_end:
    mov     ebx, offset storm_slots
1:  cmp     dword ptr [ebx + SLOT_ADDRESS], 0
    je      2f
    call    storm_give
    jc      .Lcommand_heapstorm_failed
2:  add     ebx, SLOT_SIZE
    cmp     ebx, offset storm_slots_end
    jb      1b
    call    heap_check
    call    heap_stats
    cmp     edx, [storm_bytes]
    jne     .Lcommand_heapstorm_failed
    PRINT   "heapstorm: passed\n"
    xor     eax, eax
    jmp     3f
.Lcommand_heapstorm_failed:
    PRINTF  "heapstorm: failed with %u to go\n", ebp
    mov     eax, 1
3:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "heapstorm", command_heapstorm, "OPERATIONS SEED", "try the heap at random", GROUP_DEBUG

# Takes a block: small ones mostly, of a multiple of 4 bytes, up to 64 KiB. Without memory the slot stays free.
# In: EBX slot.
# Out: CF when the block is not as it should be.
# Clobbers: ESI, EDI too.
storm_take:
    call    storm_random
    mov     edx, 0xFC
    test    eax, 7 << 16
    jnz     1f
    mov     edx, 0xFFC
    test    eax, 31 << 19
    jnz     1f
    mov     edx, 0xFFFC
1:  and     eax, edx
    mov     [ebx + SLOT_BYTES], eax
    call    malloc
    jc      2f
    mov     [ebx + SLOT_ADDRESS], eax
    test    al, 15
    jnz     3f
    mov     edi, eax
    mov     ecx, [ebx + SLOT_BYTES]
    shr     ecx, 2
    xor     eax, eax                    # sets ZF, for no bytes
    repe scasd
    jne     3f
    mov     edi, [ebx + SLOT_ADDRESS]
    mov     ecx, [ebx + SLOT_BYTES]
    lea     eax, [ebx + ecx]
    shr     ecx, 2
    rep stosd
2:  clc
    ret
3:  stc
    ret

# Gives a block back.
# In: EBX slot.
# Out: CF when the block is not as it was filled.
# Clobbers: EDI too.
storm_give:
    mov     edi, [ebx + SLOT_ADDRESS]
    mov     ecx, [ebx + SLOT_BYTES]
    lea     eax, [ebx + ecx]
    shr     ecx, 2
    cmp     eax, eax                    # ZF, for no bytes
    repe scasd
    stc
    jne     1f
    xor     eax, eax
    xchg    eax, [ebx + SLOT_ADDRESS]
    call    mfree
    clc
1:  ret

# A random number.
# Out: EAX.
# Clobbers: EDX.
storm_random:
    mov     eax, [storm_seed]
    mov     edx, 1664525
    mul     edx
    add     eax, 1013904223
    mov     [storm_seed], eax
    rol     eax, 16
    ret

.bss
.balign 4
storm_seed:         .space 4
storm_bytes:        .space 4
storm_slots:        .space STORM_SLOTS * SLOT_SIZE
storm_slots_end:
