# Handles: names of resources that cannot outlive them. Whoever holds a handle of something that was closed, by its
# owner, by force, or because the owner ended, gets ERROR_STALE instead of what stands in its place now. The table grows
# by pages; a closed entry gets the next generation, and one that has no generation left is never used again.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "handle.inc"

# An entry of the table.
ENTRY_HANDLE        = 0                     # the handle that names it now, or will when it is opened next
ENTRY_TYPE          = 4                     # HANDLE_TYPE record; 0: closed
ENTRY_OBJECT        = 8
ENTRY_OWNER         = 12
ENTRY_NEXT          = 16                    # older one of the same owner; in a free entry, the next free one
ENTRY_PREVIOUS      = 20
ENTRY_HOLDS         = 24                    # routines at work with the object
ENTRY_DESTROY       = 28                    # closed while held: what the last of them calls
ENTRY_SHIFT         = 5

INDEX_BITS          = 13
GENERATION          = 1 << INDEX_BITS       # what a handle grows by from one generation to the next
CHUNK_SHIFT         = 12 - ENTRY_SHIFT      # a page of entries
CHUNKS              = GENERATION >> CHUNK_SHIFT

.text

# Opens a handle. Callable with interrupts off.
# In: EAX object, EDX type, ECX owner, or 0 for whoever the running task works for.
# Out: EAX handle; CF and EAX error without memory, or when the table is full.
.global handle_open
handle_open:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax                    # ESI: object
    mov     edi, edx                    # EDI: type
    mov     ebx, ecx                    # EBX: owner
    INTERRUPTS_OFF
    test    ebx, ebx
    jnz     .Lhandle_open_owned
    call    owner_current
    mov     ebx, eax
.Lhandle_open_owned:
    mov     eax, [handle_free]
    test    eax, eax
    jnz     .Lhandle_open_free
    call    handles_grow
    jc      .Lhandle_open_failed
    mov     eax, [handle_free]
.Lhandle_open_free:
    CHECK   edi, ne, 0, "handle_open: a handle of no type"
    CHECK   "dword ptr [eax+ENTRY_TYPE]", e, 0, "handle_open: a free entry is open"
    CHECK   "dword ptr [eax+ENTRY_HOLDS]", e, 0, "handle_open: a free entry is held"
    mov     edx, [eax + ENTRY_NEXT]
    mov     [handle_free], edx
    mov     [eax + ENTRY_TYPE], edi
    mov     [eax + ENTRY_OBJECT], esi
    call    handle_link
    mov     eax, [eax + ENTRY_HANDLE]
    inc     dword ptr [handles_open]
    INTERRUPTS_RESTORE
    clc
    jmp     .Lhandle_open_done
.Lhandle_open_failed:
    INTERRUPTS_RESTORE
    stc
.Lhandle_open_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Adds a page of entries to the table. Interrupts are off.
# Out: CF and EAX error.
handles_grow:
    CHECK_MASKED "handles_grow: interrupts are on"
    push    ebx
    mov     eax, ERROR_TABLE_FULL
    mov     ebx, [handle_chunk_count]
    cmp     ebx, CHUNKS
    jae     8f
    mov     eax, 1
    call    page_alloc
    jc      9f
    mov     [handle_chunks + ebx*4], eax
    inc     dword ptr [handle_chunk_count]
    shl     ebx, CHUNK_SHIFT
    add     ebx, GENERATION             # EBX: handle of the first entry, generation 1
    xor     ecx, ecx
1:  mov     [eax + ENTRY_HANDLE], ebx
    lea     edx, [eax + (1 << ENTRY_SHIFT)]
    mov     [eax + ENTRY_NEXT], edx
    mov     eax, edx
    inc     ebx
    inc     ecx
    cmp     ecx, 1 << CHUNK_SHIFT
    jb      1b
    mov     dword ptr [eax - (1 << ENTRY_SHIFT) + ENTRY_NEXT], 0
    sub     eax, PAGE_SIZE
    mov     [handle_free], eax
    clc
    jmp     9f
8:  stc
9:  pop     ebx
    ret

# The entry at a handle's index, whatever its generation. Interrupts are off.
# In: EAX handle.
# Out: EAX entry; CF when the table does not reach so far.
# Clobbers: EAX, EDX only.
handle_entry:
    CHECK_MASKED "handle_entry: interrupts are on"
    and     eax, GENERATION - 1
    mov     edx, eax
    shr     edx, CHUNK_SHIFT
    mov     edx, [handle_chunks + edx*4]
    and     eax, (1 << CHUNK_SHIFT) - 1
    shl     eax, ENTRY_SHIFT
    add     eax, edx
    cmp     edx, 1                      # CF when there is no such page
    ret

# The entry that a handle names. Interrupts are off.
# In: EAX handle, EDX type or 0 for any.
# Out: EAX entry; CF when the handle is closed, never was one, or is of another type.
# Clobbers: EAX, EDX only.
handle_live:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    call    handle_entry
    jc      9f
    cmp     [eax + ENTRY_HANDLE], ebx
    jne     8f
    cmp     dword ptr [eax + ENTRY_TYPE], 0
    je      8f
    test    esi, esi
    jz      9f
    cmp     [eax + ENTRY_TYPE], esi
    je      9f
8:  stc
9:  pop     esi
    pop     ebx
    ret

# Finds what a handle names. The object may go away as soon as another task runs: use it with interrupts off, under a
# lock that its destructor takes, or hold it.
# In: EAX handle, EDX type.
# Out: EAX object; CF and ERROR_STALE.
# Clobbers: EAX, EDX only.
.global handle_find
handle_find:
    INTERRUPTS_OFF
    call    handle_live
    jc      1f
    mov     eax, [eax + ENTRY_OBJECT]
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
    mov     eax, ERROR_STALE
    stc
    ret

# Finds what a handle names and keeps it: closing the handle takes effect for others at once, but the object is there
# until handle_release. A task that holds something is not ended by task_kill.
# In: EAX handle, EDX type.
# Out: EAX object; CF and ERROR_STALE.
# Clobbers: EAX, EDX only.
.global handle_hold
handle_hold:
    INTERRUPTS_OFF
    call    handle_live
    jc      1f
    inc     dword ptr [eax + ENTRY_HOLDS]
    mov     eax, [eax + ENTRY_OBJECT]
    call    task_hold
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
    mov     eax, ERROR_STALE
    stc
    ret

# Ends a handle_hold. When the handle was closed meanwhile, the last one who held the object gives it back; that may
# sleep.
# In: EAX handle, as it was given to handle_hold.
.global handle_release
handle_release:
    INTERRUPTS_OFF
    call    handle_entry
    cmp     dword ptr [eax + ENTRY_HOLDS], 0
    ASSERT  ne, "handle_release: nobody holds this"
    call    task_unhold
    dec     dword ptr [eax + ENTRY_HOLDS]
    jnz     1f
    xor     edx, edx
    xchg    edx, [eax + ENTRY_DESTROY]
    test    edx, edx
    jz      1f
    push    edx
    push    [eax + ENTRY_OBJECT]
    call    handle_retire
    pop     eax
    pop     edx
    INTERRUPTS_RESTORE
    jmp     edx
1:  INTERRUPTS_RESTORE
    ret

# Closes a handle: from now on it is stale, and the object is given back by its type's destructor, at once or when the
# last one who holds it is done. May sleep.
# In: EAX handle, EDX type or 0 for any.
# Out: CF and ERROR_STALE.
.global handle_close
handle_close:
    INTERRUPTS_OFF
    call    handle_live
    jc      .Lhandle_close_stale
    push    ebx
    mov     ebx, eax
    call    handle_unlink
    mov     edx, [ebx + ENTRY_TYPE]
    mov     edx, [edx + TYPE_DESTROY]
    mov     dword ptr [ebx + ENTRY_TYPE], 0
    CHECK   "dword ptr [handles_open]", ne, 0, "handle_close: more handles close than were open"
    dec     dword ptr [handles_open]
    cmp     dword ptr [ebx + ENTRY_HOLDS], 0
    jne     .Lhandle_close_held
    push    edx
    push    [ebx + ENTRY_OBJECT]
    mov     eax, ebx
    call    handle_retire
    pop     eax
    pop     edx
    pop     ebx
    INTERRUPTS_RESTORE
    call    edx
    clc
    ret
.Lhandle_close_held:
    mov     [ebx + ENTRY_DESTROY], edx
    pop     ebx
    INTERRUPTS_RESTORE
    clc
    ret
.Lhandle_close_stale:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_STALE
    stc
    ret

# Takes an entry out of its owner's list. Interrupts are off.
# In: EBX entry.
# Clobbers: EAX, ECX, EDX.
handle_unlink:
    mov     edx, [ebx + ENTRY_NEXT]
    mov     ecx, [ebx + ENTRY_PREVIOUS]
    test    edx, edx
    jz      1f
    CHECK   [edx+ENTRY_PREVIOUS], e, ebx, "handle_unlink: the entry after does not lead to it"
    mov     [edx + ENTRY_PREVIOUS], ecx
1:  test    ecx, ecx
    jz      2f
    CHECK   [ecx+ENTRY_NEXT], e, ebx, "handle_unlink: the entry before does not lead to it"
    mov     [ecx + ENTRY_NEXT], edx
    ret
2:  mov     eax, [ebx + ENTRY_OWNER]
    CHECK   [eax+OWNER_FIRST], e, ebx, "handle_unlink: the owner does not have the handle"
    mov     [eax + OWNER_FIRST], edx
    ret

# Enters an entry into the list of its owner. Interrupts are off.
# In: EAX entry, EBX owner.
# Clobbers: EDX only.
handle_link:
    mov     [eax + ENTRY_OWNER], ebx
    mov     dword ptr [eax + ENTRY_PREVIOUS], 0
    mov     edx, [ebx + OWNER_FIRST]
    mov     [eax + ENTRY_NEXT], edx
    mov     [ebx + OWNER_FIRST], eax
    test    edx, edx
    jz      1f
    mov     [edx + ENTRY_PREVIOUS], eax
1:  ret

# Takes a handle over: it belongs to whoever the running task works for, as if opened there.
# In: EAX handle.
# Out: CF and ERROR_STALE.
.global handle_take
handle_take:
    push    ebx
    xor     edx, edx
    INTERRUPTS_OFF
    call    handle_live
    jc      1f
    mov     ebx, eax
    call    handle_unlink
    call    owner_current
    xchg    eax, ebx
    call    handle_link
    INTERRUPTS_RESTORE
    clc
    pop     ebx
    ret
1:  INTERRUPTS_RESTORE
    mov     eax, ERROR_STALE
    stc
    pop     ebx
    ret

# Gives a closed entry its next generation and makes it free. Interrupts are off.
# In: EAX entry.
# Clobbers: EAX, EDX only.
handle_retire:
    CHECK   "dword ptr [eax+ENTRY_TYPE]", e, 0, "handle_retire: the entry is open"
    CHECK   "dword ptr [eax+ENTRY_HOLDS]", e, 0, "handle_retire: the entry is held"
    add     dword ptr [eax + ENTRY_HANDLE], GENERATION
    jc      1f                          # this was the last: the entry stays closed for good
    mov     edx, eax
    xchg    edx, [handle_free]
    mov     [eax + ENTRY_NEXT], edx
1:  ret

# Looks for a handle of an object.
# In: EAX type, EDX object.
# Out: EAX the first handle in the table that names it, EDX its owner; CF when there is none.
.global handle_search
handle_search:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    INTERRUPTS_OFF
    xor     ecx, ecx
.Lhandle_search_chunk:
    cmp     ecx, [handle_chunk_count]
    jae     .Lhandle_search_none
    mov     ebx, [handle_chunks + ecx*4]
    lea     edx, [ebx + PAGE_SIZE]
.Lhandle_search_entry:
    cmp     [ebx + ENTRY_TYPE], esi
    jne     .Lhandle_search_next
    cmp     [ebx + ENTRY_OBJECT], edi
    je      .Lhandle_search_found
.Lhandle_search_next:
    add     ebx, 1 << ENTRY_SHIFT
    cmp     ebx, edx
    jb      .Lhandle_search_entry
    inc     ecx
    jmp     .Lhandle_search_chunk
.Lhandle_search_found:
    mov     eax, [ebx + ENTRY_HANDLE]
    mov     edx, [ebx + ENTRY_OWNER]
    INTERRUPTS_RESTORE
    clc
    jmp     .Lhandle_search_done
.Lhandle_search_none:
    INTERRUPTS_RESTORE
    stc
.Lhandle_search_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Describes an entry of the table, for a list of all handles.
# In: EAX index, counted from 0.
# Out: EAX handle, or 0 when the entry is closed; EDX type, ECX owner; CF after the last.
.global handle_describe
handle_describe:
    INTERRUPTS_OFF
    call    handle_entry
    jc      1f
    mov     edx, [eax + ENTRY_TYPE]
    mov     ecx, [eax + ENTRY_OWNER]
    mov     eax, [eax + ENTRY_HANDLE]
    INTERRUPTS_RESTORE
    test    edx, edx
    jnz     2f
    xor     eax, eax
    ret
1:  INTERRUPTS_RESTORE
    stc
2:  ret

# Closes all that an owner has, the youngest first. May sleep.
# In: EAX owner.
.global owner_close
owner_close:
    push    ebx
    mov     ebx, eax
1:  INTERRUPTS_OFF
    mov     eax, [ebx + OWNER_FIRST]
    test    eax, eax
    jz      2f
    mov     eax, [eax + ENTRY_HANDLE]
2:  INTERRUPTS_RESTORE
    test    eax, eax
    jz      3f
    xor     edx, edx
    call    handle_close
    jmp     1b
3:  pop     ebx
    ret

# Owns memory: a block that goes back to the heap when its owner ends, or when the handle is closed.
# In: EAX address from malloc.
# Out: EAX handle; CF and EAX error, and the block is the caller's as before.
.global memory_own
memory_own:
    mov     edx, offset memory_type
    xor     ecx, ecx
    jmp     handle_open

HANDLE_TYPE memory_type, "memory", mfree

.data
.balign 4
.global owner_system
owner_system:                           # of what outlives every task, and of what is opened while the system boots
    .long   0, 0, system_name, 0
STRING system_name, "system"

.bss
.balign 4
handle_free:        .space 4                # free entries
handle_chunk_count: .space 4
handle_chunks:      .space CHUNKS * 4
.global handles_open
handles_open:       .space 4                # how many are open
