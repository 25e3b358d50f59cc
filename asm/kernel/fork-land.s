# The target of a fork: the pages that come wait where there is room, those for which their place is free there. When
# all are there, they are put into place, and the machine goes on as the twin (docs/protocols/fork.md). Until that
# moment all can be given up.

.include "macros.inc"
.include "errors.inc"
.include "memory.inc"
.include "pages.inc"
.include "clock.inc"
.include "tasks.inc"
.include "generation.inc"
.include "names.inc"
.include "fork.inc"

HOOK fork_close, 0                      # a kind of device that writes to memory by itself: it ends that at once

.section .rodata
.balign 4
own_values:                             # address, bytes: what is of the machine, not of the kernel that runs in it
    .long   generation, GENERATION_BYTES, generation_key, 4, land_name, HOSTNAME_SIZE
    .long   land_chosen, 4, boot_ebda, 4, 0
OWN_DICE                = GENERATION_BYTES + 4 + HOSTNAME_SIZE + 4 + 4 # after them: the target's generator_state
DICE_DWORDS             = 8

.bss
.balign 4
places:                 .space 4        # address of the PLACE_* record after the last
place_last:             .space 4        # the highest page that has come
held_below:             .space 4        # pages that wait lie below this one
    # what this machine was called until then: whoever calls `land` says it
.global land_name
land_name:              .space HOSTNAME_SIZE
    # 1: a person had chosen that
.global land_chosen
land_chosen:            .space 4

.text

# Begins to take pages.
# In: EAX first page of the zone, EDX how many.
# Out: CF and EAX error: they are in use here, or there is not that much memory.
.global land_begin
land_begin:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    cmp     esi, [pages_free]           # also bounds what follows
    ja      8f
    cmp     esi, (ZONE_PLACES >> 12) + 1
    jb      8f
    mov     ecx, edx
    mov     edx, PAGES_OTHER
    call    pages_take_at
    jc      8f
    mov     [fork_zone], ebx
    mov     [fork_zone_pages], esi
    mov     [held_below], ebx
    shl     ebx, 12
    lea     eax, [ebx + KERNEL_SPACE + ZONE_PLACES]
    mov     [places], eax
    mov     dword ptr [place_last], 0
    clc
    jmp     9f
8:  mov     eax, ERROR_NO_MEMORY
    stc
9:  pop     esi
    pop     ebx
    ret

# Gives all up, also what a source has taken whose task was ended.
.global land_end
land_end:
    push    ebx
    cmp     dword ptr [fork_zone_pages], 0
    je      3f
    mov     ebx, [fork_zone]
    shl     ebx, 12
    add     ebx, KERNEL_SPACE + ZONE_PLACES
1:  cmp     ebx, [places]
    jae     2f
    mov     eax, [ebx + PLACE_HELD]
    add     ebx, PLACE_SIZE
    test    eax, eax
    jz      1b
    shl     eax, 12
    call    frame_free
    jmp     1b
2:  mov     dword ptr [places], 0
    call    fork_zone_give
3:  pop     ebx
    ret

# How many pages have come.
# Out: EAX.
# Clobbers: EDX.
.global land_count
land_count:
    mov     edx, [fork_zone]
    shl     edx, 12
    add     edx, KERNEL_SPACE + ZONE_PLACES
    mov     eax, [places]
    sub     eax, edx
    shr     eax, 3                      # PLACE_SIZE
    ret

# Takes a page. One that has come before takes the place of that.
# In: EAX its number, ESI its content, or 0 when it is all zeros.
# Out: CF and EAX error: ERROR_INVALID for a page that no copy has, or there is no memory.
.global land_page
land_page:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    call    land_expects
    jc      .Lland_page_done
    call    land_known
    mov     edi, [ebp + PLACE_HELD]
    jnc     .Lland_page_known
    mov     eax, ebx
    mov     edx, PAGES_OTHER
    call    page_take_at
    mov     edi, ebx
    jnc     .Lland_page_place
    xor     edi, edi
.Lland_page_known:
    test    edi, edi
    jnz     .Lland_page_place
    test    esi, esi
    jz      .Lland_page_done            # to be cleared then; CF is clear
    call    land_hold
    jc      .Lland_page_done
.Lland_page_place:
    mov     [ebp + PLACE_HELD], edi
    push    esi
    shl     edi, 12
    PHYS_TO_VIRT edi
    mov     ecx, PAGE_SIZE / 4
    xor     eax, eax
    test    esi, esi
    jz      1f
    rep movsd
1:  rep stosd
    pop     esi
    clc
.Lland_page_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Takes a page in which another one can wait: never where one belongs that has come, which may have become free since.
# That one is put into place first, over what waits there.
# Out: EDI its number; CF and EAX error.
# Clobbers: EAX, ECX, EDX.
land_hold:
    push    ebx
    push    ebp
1:  mov     eax, [held_below]
    mov     edx, 1
    call    pages_find_below
    jc      2f
    mov     [held_below], eax
    mov     ebx, eax
    call    land_find
    jnc     1b
    mov     edi, ebx
    mov     eax, ebx
    mov     edx, PAGES_OTHER
    call    page_take_at
    jnc     3f
2:  mov     eax, ERROR_NO_MEMORY
    stc
3:  pop     ebp
    pop     ebx
    ret

# Finds what is known of a page, or makes a record of it: after all others, as what waits in it has to be gone from
# there before.
# In: EBX its number.
# Out: EBP record; CF when it is a new one.
land_known:
    call    land_find
    jnc     9f
    mov     ebp, [places]
    mov     [ebp + PLACE_PAGE], ebx
    mov     dword ptr [ebp + PLACE_HELD], 0
    add     dword ptr [places], PLACE_SIZE
    cmp     ebx, [place_last]
    jbe     8f
    mov     [place_last], ebx
8:  stc
9:  ret

# Finds what is known of a page.
# In: EBX its number.
# Out: EBP record; CF when there is none.
land_find:
    cmp     [place_last], ebx
    jb      9f                          # CF is set
    mov     ebp, [places]
    sub     ebp, PLACE_SIZE
    cmp     [ebp + PLACE_PAGE], ebx
    je      9f                          # the last one: CF is clear
    mov     ebp, [fork_zone]
    shl     ebp, 12
    add     ebp, KERNEL_SPACE + ZONE_PLACES
1:  cmp     ebp, [places]
    cmc
    jc      9f
    cmp     [ebp + PLACE_PAGE], ebx
    je      9f                          # CF is clear
    add     ebp, PLACE_SIZE
    jmp     1b
9:  ret

# Takes a part of a page. Of one that has not come before, or as zeros, the rest is zeros.
# In: EAX its number, EDX offset in it, ESI content, ECX bytes.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
.global land_part
land_part:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     eax, ERROR_INVALID
    cmp     edx, PAGE_SIZE
    ja      8f
    lea     edi, [edx + ecx]
    cmp     edi, PAGE_SIZE
    ja      8f
    push    ecx
    push    edx
    call    land_written
    pop     edx
    pop     ecx
    jc      9f
    add     edi, edx
    mov     edx, ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, edx
    and     ecx, 3
    rep movsb
    clc
    jmp     9f
8:  stc
9:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds where a page is written to that came, or comes as zeros.
# In: EBX its number.
# Out: EDI address; CF and EAX error.
# Clobbers: ECX, EDX, EBP.
land_written:
    call    land_find
    jnc     1f
    push    esi
    mov     eax, ebx
    xor     esi, esi
    call    land_page
    pop     esi
    jc      9f
    call    land_find
1:  mov     edi, [ebp + PLACE_HELD]
    test    edi, edi
    jnz     2f
    call    land_hold
    jc      9f
    mov     [ebp + PLACE_HELD], edi
    push    edi
    shl     edi, 12
    PHYS_TO_VIRT edi
    xor     eax, eax
    mov     ecx, PAGE_SIZE / 4
    rep stosd
    pop     edi
2:  shl     edi, 12
    PHYS_TO_VIRT edi
    clc
9:  ret

# Whether a page may come.
# In: EBX its number.
# Out: CF and EAX error when not.
# Clobbers: ECX, EDX.
land_expects:
    mov     eax, [fork_zone]
    add     eax, [fork_zone_pages]
    shl     eax, 12
    add     eax, KERNEL_SPACE - PLACE_SIZE
    cmp     [places], eax
    ja      8f
    mov     eax, ebx
    cmp     eax, SCREEN_PAGE
    je      9f                          # CF is clear
    mov     edx, offset kernel_data - KERNEL_SPACE
    shr     edx, 12
    cmp     eax, edx
    jb      8f
    cmp     eax, [pages_low_end]
    jae     8f
    sub     eax, [fork_zone]
    cmp     eax, [fork_zone_pages]
    jb      8f
    mov     eax, ebx
    call    page_is_memory
    jnc     9f
8:  mov     eax, ERROR_INVALID
    stc
9:  ret

# Puts the pages into place and goes on as the twin. The devices are still. Does not return. Nothing that this uses is
# overwritten: code is not sent, and the rest is in the zone.
.global land
land:
    cli
    mov     ebx, offset fork_close
1:  cmp     dword ptr [ebx], 0
    je      2f
    call    [ebx]
    add     ebx, 4
    jmp     1b
2:  mov     al, 0xFF
    out     PIC_MASTER + 1, al
    out     PIC_SLAVE + 1, al
    mov     ebp, [fork_zone]
    shl     ebp, 12
    PHYS_TO_VIRT ebp                    # EBP: the zone
    call    own_keep
    call    land_map
    lea     eax, [ebp - KERNEL_SPACE + ZONE_DIRECTORY]
    mov     cr3, eax
    mov     edx, [places]
    lea     esp, [ebp + ZONE_STACK]
    lea     ebx, [ebp + ZONE_PLACES]
.Lland_place:
    cmp     ebx, edx                    # in the order in which they came: what waited in a page is gone from there
    jae     .Lland_done                          # before that page's own content comes
    mov     edi, [ebx + PLACE_PAGE]
    mov     esi, [ebx + PLACE_HELD]
    add     ebx, PLACE_SIZE
    cmp     esi, edi
    je      .Lland_place
    shl     edi, 12
    PHYS_TO_VIRT edi
    mov     ecx, PAGE_SIZE / 4
    xor     eax, eax
    shl     esi, 12
    jz      3f
    PHYS_TO_VIRT esi
    rep movsd
3:  rep stosd
    jmp     .Lland_place
.Lland_done:
    mov     edx, ebp
    jmp     fork_twin

# Maps all of the direct map, writable, without any table that is in the way.
# In: EBP zone.
# Clobbers: EAX, ECX, ESI, EDI.
land_map:
    lea     edi, [ebp + ZONE_DIRECTORY]
    mov     esi, offset page_directory
    mov     ecx, PAGE_SIZE / 4
    rep movsd
    lea     edi, [ebp + ZONE_DIRECTORY + (KERNEL_SPACE >> 22 << 2)]
    mov     ecx, [pages_low_end]
    add     ecx, 1023
    shr     ecx, 10
    mov     eax, PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE
1:  stosd
    add     eax, 1 << 22
    dec     ecx
    jnz     1b
    ret

# Keeps what stays the machine's own, and what its generator would have drawn from.
# In: EBP zone.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
own_keep:
    lea     edi, [ebp + ZONE_OWN]
    mov     edx, offset own_values
1:  mov     esi, [edx]
    test    esi, esi
    jz      2f
    mov     ecx, [edx + 4]
    rep movsb
    add     edx, 8
    jmp     1b
2:  mov     esi, offset generator_state
    mov     ecx, DICE_DWORDS
    rep movsd
    ret

# Gives it back, and has the twin draw other numbers than the source.
# In: EDX zone. Interrupts are off.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global fork_own_back
fork_own_back:
    lea     esi, [edx + ZONE_OWN]
    mov     edx, offset own_values
1:  mov     edi, [edx]
    test    edi, edi
    jz      2f
    mov     ecx, [edx + 4]
    rep movsb
    add     edx, 8
    jmp     1b
2:  xor     ecx, ecx
3:  mov     eax, [esi + ecx*4]
    xor     [generator_state + ecx*4], eax
    inc     ecx
    cmp     ecx, DICE_DWORDS
    jb      3b
    mov     edi, offset hostname_next   # what a person has called this machine it stays, or what is said at the source
    mov     esi, offset land_name
    mov     ecx, HOSTNAME_SIZE
    cmp     byte ptr [edi], 0
    jne     4f
    cmp     dword ptr [land_chosen], 0
    je      4f
    rep movsb
4:  ret
