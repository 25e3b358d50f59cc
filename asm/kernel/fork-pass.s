# The pass: the kernel puts its memory aside as it is at one moment, with interrupts off, and goes on; what was put
# aside is sent later, however long that takes. The twin begins where the pass returns (docs/protocols/fork.md).

.include "macros.inc"
.include "memory.inc"
.include "pages.inc"
.include "clock.inc"
.include "tasks.inc"
.include "fork.inc"

HOOK fork_still, 0                      # EAX 1 keeps a device still, CF and EAX text when that cannot be; 0 lets it go
HOOK fork_apart, 0                      # calls fork_leave_out for the memory of a device, before a move
HOOK fork_landed, 0                     # this is the twin: sets a device to what the drivers know; interrupts are off

.bss
.balign 4
    # the list of what was put aside, and how many entries it has
.global fork_list
fork_list:              .space 4
.global fork_listed
fork_listed:            .space 4
    # where the copies of pages are, by page: COPY_*
.global fork_table
fork_table:             .space 4
    # how many pages the target has then
.global fork_known
fork_known:             .space 4
    # 1: the kernel moves, and is on this machine no more
.global fork_moves
fork_moves:             .space 4
    # pages that may come while there are rounds before the pass of a fork
.global fork_spare
fork_spare:             .space 4
fork_aside:             .space 4        # where the next copy goes
zone_end:               .space 4
fork_esp:               .space 4        # where the twin begins
fork_masks:             .space 4        # of the interrupt controllers

.text

# Takes the pages that a pass needs.
# In: EAX pages of the copy, EDX those in which there is something, as fork_count says.
# Out: CF when there is not so much memory in a row.
.global fork_zone_take
fork_zone_take:
    push    ebx
    push    esi
    push    edi
    mov     edi, [pages_free]
    shr     edi, MOVE_SPARE
    imul    edi, [fork_moves]
    add     edi, [fork_spare]
    add     edi, ZONE_SPARE             # EDI: pages that may come beside those
    add     eax, edi
    lea     ebx, [eax + PAGE_SIZE / 4 - 1]
    shr     ebx, 10                     # EBX: pages of the list
    add     edx, edi
    mov     edi, [pages_low_end]
    add     edi, PAGE_SIZE / 4 - 1
    shr     edi, 10                     # EDI: pages of the table
    lea     esi, [edx + ebx]
    add     esi, edi
    lea     ecx, [eax * PLACE_SIZE + ZONE_PLACES + PAGE_SIZE - 1]
    shr     ecx, 12                     # what the target needs of it
    cmp     esi, ecx
    jae     1f
    mov     esi, ecx
1:  mov     eax, [pages_low_end]
    mov     edx, esi
    call    pages_find_below
    jc      .Lfork_zone_take_done
    mov     [fork_zone], eax
    mov     ecx, esi
    mov     edx, PAGES_OTHER
    call    pages_take_at
    jc      .Lfork_zone_take_done
    mov     [fork_zone_pages], esi
    mov     eax, [fork_zone]
    shl     eax, 12
    PHYS_TO_VIRT eax
    mov     [fork_list], eax
    shl     ebx, 12
    add     ebx, eax
    mov     [fork_table], ebx
    shl     esi, 12
    add     esi, eax
    mov     [zone_end], esi
    mov     ecx, edi
    shl     ecx, 12 - 2
    mov     edi, ebx
    xor     eax, eax
    mov     [fork_known], eax
    rep stosd
    mov     [fork_aside], edi
    cmp     dword ptr [fork_moves], 0
    je      .Lfork_zone_take_done                          # CF is clear
    mov     ebx, offset fork_apart
2:  cmp     dword ptr [ebx], 0
    je      .Lfork_zone_take_done                          # CF is clear
    call    [ebx]
    add     ebx, 4
    jmp     2b
.Lfork_zone_take_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Leaves pages out of all passes: whoever has them fills them anew at the target.
# In: EAX address, EDX how many pages.
# Clobbers: EAX, EDX.
.global fork_leave_out
fork_leave_out:
    VIRT_TO_PHYS eax
    shr     eax, 12
    shl     eax, 2
    add     eax, [fork_table]
1:  mov     dword ptr [eax], COPY_APART
    add     eax, 4
    dec     edx
    jnz     1b
    ret

# Gives them back: the source when all is sent, the twin when it begins.
# Clobbers: EAX, ECX, EDX.
.global fork_zone_give
fork_zone_give:
    xor     edx, edx
    xchg    edx, [fork_zone_pages]
    test    edx, edx
    jz      1f
    mov     eax, [fork_zone]
    shl     eax, 12
    PHYS_TO_VIRT eax
    jmp     page_free
1:  ret

# Keeps the devices still that would be in the middle of something. May sleep.
# Out: CF and EAX text of what does not allow that: then all go on.
.global fork_hold
fork_hold:
    push    ebx
    mov     ebx, offset fork_still
1:  cmp     dword ptr [ebx], 0
    je      3f                          # CF is clear
    mov     eax, 1
    call    [ebx]
    jc      2f
    add     ebx, 4
    jmp     1b
2:  push    eax
    call    fork_release_before
    pop     eax
    stc
3:  pop     ebx
    ret

# Lets them go on.
# Clobbers: EAX, ECX, EDX.
.global fork_release
fork_release:
    push    ebx
    mov     ebx, offset fork_still
1:  cmp     dword ptr [ebx], 0
    je      2f
    add     ebx, 4
    jmp     1b
2:  call    fork_release_before
    pop     ebx
    ret

# Lets the first of the devices go on.
# In: EBX entry of fork_still after the last of them.
# Clobbers: EAX, EBX, ECX, EDX.
fork_release_before:
    cmp     ebx, offset fork_still
    je      1f
    sub     ebx, 4
    xor     eax, eax
    call    [ebx]
    jmp     fork_release_before
1:  ret

# Puts the memory aside, in the zone. The devices are still.
# Out: EAX 0, or 1 in the twin; CF when the zone was too small.
.global fork_pass
fork_pass:
    INTERRUPTS_OFF
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     [fork_esp], esp
    call    fpu_aside
    in      al, PIC_MASTER + 1
    mov     [fork_masks], al
    in      al, PIC_SLAVE + 1
    mov     [fork_masks + 1], al
    call    fork_copy
    mov     eax, 0
    jmp     fork_return

# Here the twin begins: its memory is the source's, its devices are as the target left them, interrupts are off.
# In: EDX the zone.
.global fork_twin
fork_twin:
    mov     esp, [fork_esp]
    mov     eax, [task_current]
    mov     eax, [eax + TASK_DIRECTORY]
    mov     cr3, eax
    call    fork_own_back
    call    fpu_landed
    mov     al, [fork_masks]
    out     PIC_MASTER + 1, al
    mov     al, [fork_masks + 1]
    out     PIC_SLAVE + 1, al
    call    clock_landed
    mov     ebx, offset fork_landed
1:  cmp     dword ptr [ebx], 0
    je      2f
    call    [ebx]
    add     ebx, 4
    jmp     1b
2:  cmp     dword ptr [fork_moves], 0   # it is the same kernel, until that is known to be gone elsewhere
    jne     3f
    call    generation_landed
3:  mov     eax, 1
    clc

# Returns from the pass.
# In: EAX, CF what it returns.
fork_return:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    jc      1f
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
    stc
    ret

# Puts aside what the target has not, or otherwise, and goes on: a round before the pass.
# Out: CF when the zone was too small.
.global fork_round
fork_round:
    INTERRUPTS_OFF
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    fork_copy
    jmp     fork_return

# Copies and lists what the target has not yet, or otherwise. Interrupts are off.
# Out: CF when the zone is too small.
# Clobbers: all registers.
fork_copy:
    mov     ebp, [fork_list]
    xor     ebx, ebx
.Lfork_copy_next:
    mov     eax, ebx
    call    fork_page_next
    jc      .Lfork_copy_done
    mov     ebx, eax
    mov     edx, [fork_table]
    lea     edx, [edx + eax*4]          # EDX: what the target has there
    mov     edi, [edx]
    cmp     edi, COPY_APART
    je      .Lfork_copy_same
    cmp     edi, 1
    adc     dword ptr [fork_known], 0
    mov     ecx, edi
    and     ecx, COPY_AS_ZEROS
    dec     ecx
    test    ecx, edi
    jnz     .Lfork_copy_content         # a copy of more than zeros: if there are zeros now, parts of it are sent
    call    fork_page_zero
    jne     .Lfork_copy_content
    bts     dword ptr [edx], 0          # COPY_AS_ZEROS
    jc      .Lfork_copy_same
    lea     eax, [ebx + COPY_ZEROS]
    jmp     .Lfork_copy_list
.Lfork_copy_content:
    mov     esi, ebx
    shl     esi, 12
    PHYS_TO_VIRT esi
    btr     edi, 0
    jc      1f
    test    edi, edi
    jz      2f
    call    fork_differences
    jz      .Lfork_copy_same
    jmp     .Lfork_copy_parts
.Lfork_copy_same:
    inc     ebx
    jmp     .Lfork_copy_next
1:  test    edi, edi                    # once there was more than zeros: there is room for it
    jnz     3f
2:  mov     edi, [fork_aside]
    cmp     edi, [zone_end]
    jae     .Lfork_copy_full
    add     dword ptr [fork_aside], PAGE_SIZE
3:  mov     [edx], edi
    mov     ecx, PAGE_SIZE / 4
    rep movsd
    call    fork_eighths
.Lfork_copy_parts:
    shl     eax, COPY_EIGHTHS
    or      eax, ebx
.Lfork_copy_list:
    cmp     ebp, [fork_table]
    jae     .Lfork_copy_full
    mov     [ebp], eax
    add     ebp, 4
    jmp     .Lfork_copy_same
.Lfork_copy_done:
    mov     eax, ebp
    sub     eax, [fork_list]
    shr     eax, 2
    mov     [fork_listed], eax
    clc
    ret
.Lfork_copy_full:
    stc
    ret

# Finds in which eighths of a page there is more than zeros, which the target takes it to have.
# In: ESI the end of the page.
# Out: EAX a bit for each, the first in bit 0.
# Clobbers: ECX, EDX, EDI.
fork_eighths:
    push    ebx
    lea     edi, [esi - PAGE_SIZE]
    xor     edx, edx
    xor     ebx, ebx
1:  xor     eax, eax
    mov     ecx, EIGHTH / 4
    repe scasd
    je      2f
    bts     ebx, edx
    lea     edi, [edi + ecx*4]
2:  inc     edx
    cmp     edx, 8
    jb      1b
    mov     eax, ebx
    pop     ebx
    ret

# Copies what is different in a page.
# In: ESI page, EDI its copy.
# Out: EAX which eighths were different, the first in bit 0; ZF when none was.
# Clobbers: ECX, ESI, EDI.
fork_differences:
    push    ebx
    push    edx
    xor     eax, eax
    xor     ebx, ebx
1:  mov     edx, esi
    mov     ecx, EIGHTH / 4
    repe cmpsd
    je      2f
    bts     eax, ebx
    sub     edi, esi
    add     edi, edx
    mov     esi, edx
    mov     ecx, EIGHTH / 4
    rep movsd
2:  inc     ebx
    cmp     ebx, 8
    jb      1b
    test    eax, eax
    pop     edx
    pop     ebx
    ret
