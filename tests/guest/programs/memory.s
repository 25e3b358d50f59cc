# Tests of pages, of who has them, of what is mapped, and of copies, that run inside a machine: link this object with
# those of asm/ and type `memorytest`.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "cpu.inc"
.include "memory.inc"
.include "pages.inc"
.include "tasks.inc"

RUN                 = 40                    # pages
OWNERS              = 270                   # more than the table has room for
LOCAL_APIC          = 0xFEE00000            # no RAM
BIOS                = 0xF0000               # the last 64 KiB below 1 MiB; below 4 GiB they are again
BIOS_AGAIN          = 0xFFFF0000

.text

SELFTEST memorytest, memory_tests, "test pages and their owners"

# Runs of pages are all zero, contiguous, counted for what they are for, and the lowest that fit.
test_runs:
    cli
    mov     edi, [pages_free]
    push    [pages_used_for + PAGES_DRIVERS * 4]
    mov     eax, RUN + 1
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    jc      9f
    mov     ebx, eax                    # EBX: the run
    mov     eax, [pages_free]
    add     eax, RUN + 1
    cmp     eax, edi
    jne     9f
    mov     eax, [pages_used_for + PAGES_DRIVERS * 4]
    sub     eax, [esp]
    cmp     eax, RUN + 1
    jne     9f
    mov     eax, ebx
    mov     dl, 0xFF
    mov     ecx, RUN * PAGE_SIZE
    call    mem_set
    mov     eax, ebx                    # half of it goes back
    mov     edx, RUN / 2
    call    page_free
    mov     eax, RUN / 2 + 1            # does not fit there
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    jc      9f
    mov     ecx, eax
    sub     ecx, ebx
    cmp     ecx, RUN * PAGE_SIZE
    jbe     9f
    mov     edx, RUN / 2 + 1
    call    page_free
    mov     eax, RUN / 2                # does
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    cmp     eax, ebx
    jne     9f
    mov     ecx, RUN / 2 * PAGE_SIZE / 4 # and is empty again
    push    edi
    mov     edi, eax
    xor     eax, eax
    repe scasd
    pop     edi
    jne     9f
    cmp     dword ptr [ebx + RUN / 2 * PAGE_SIZE], -1 # what was kept is as it was
    jne     9f
    mov     eax, ebx
    mov     edx, RUN + 1
    call    page_free
    pop     eax
    sti
    SAME    [pages_used_for + PAGES_DRIVERS * 4], eax
    SAME    [pages_free], edi
    xor     eax, eax
    FAILS   page_alloc
    SAME    eax, ERROR_NO_MEMORY
    clc
    ret
9:  sti
    pop     eax
    stc
    ret

# Every page can be had, one by one, and comes back; then there are none.
test_all_pages:
    cli
    mov     edi, [pages_free]
    xor     ebx, ebx                    # EBX: list of them
    xor     esi, esi                    # ESI: how many
1:  mov     eax, 1
    call    page_alloc
    jc      2f
    mov     [eax], ebx
    mov     ebx, eax
    inc     esi
    jmp     1b
2:  push    eax
    push    [pages_free]
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    push    eax
    setc    al
    movzx   eax, al
    push    eax
3:  mov     eax, ebx
    mov     ebx, [ebx]
    mov     edx, 1
    call    page_free
    test    ebx, ebx
    jnz     3b
    sti
    pop     ecx                         # frame_alloc: CF
    pop     edx                         # and its error
    pop     eax                         # pages that were left
    pop     ebx                         # error of page_alloc
    SAME    ecx, 1
    SAME    edx, ERROR_NO_MEMORY
    SAME    eax, 0
    SAME    ebx, ERROR_NO_MEMORY
    SAME    esi, edi
    SAME    [pages_free], edi
    clc
    ret

# Single frames: the lowest that is free, counted for their use.
test_frames:
    cli
    mov     edi, [pages_used_for + PAGES_PROGRAMS * 4]
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    mov     ebx, eax
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    mov     esi, eax
    mov     eax, [pages_used_for + PAGES_PROGRAMS * 4]
    sub     eax, edi
    push    eax
    mov     eax, ebx
    call    frame_free
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    push    eax
    call    frame_free
    mov     eax, esi
    call    frame_free
    sti
    pop     eax
    pop     edx
    SAME    eax, ebx
    SAME    edx, 2
    SAME    [pages_used_for + PAGES_PROGRAMS * 4], edi
    test    ebx, PAGE_SIZE - 1
    MUST    z
    cmp     esi, ebx
    MUST    a
    clc
    ret

# Who has pages: counted up and down, with the most that it was, and no more when the owner has ended and all are back.
test_accounts:
    mov     dword ptr [owner + OWNER_ACCOUNT], 0
    mov     dword ptr [owner + OWNER_NAME], offset owner_name
    mov     eax, offset owner
    call    account_pages
    SAME    eax, 0
    SAME    edx, 0
    mov     eax, 3
    SUCCEEDS page_alloc
    mov     ebx, eax
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_OWNER]
    call    account_pages
    mov     edi, eax                    # EDI: pages of whom we work for
    mov     eax, ebx
    mov     edx, 3
    mov     ecx, offset owner
    call    page_charge
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_OWNER]
    call    account_pages
    sub     edi, eax
    SAME    edi, 3
    mov     eax, offset owner
    call    account_pages
    SAME    eax, 3
    SAME    edx, 3
    cmp     dword ptr [owner + OWNER_ACCOUNT], ACCOUNT_PARTS
    MUST    ae
    lea     eax, [ebx + PAGE_SIZE]
    mov     edx, 2
    call    page_free
    mov     eax, offset owner
    call    account_pages
    SAME    eax, 1
    SAME    edx, 3
    mov     esi, [owner + OWNER_ACCOUNT]
    mov     eax, offset owner
    call    account_end
    SAME    dword ptr [owner + OWNER_ACCOUNT], 0
    mov     eax, offset owner           # another one now, as the first has a page still
    call    other_account
    cmp     eax, esi
    MUST    ne
    mov     edi, eax
    mov     eax, ebx
    mov     edx, 1
    call    page_free
    mov     eax, offset owner           # and the first place that is free
    call    other_account
    SAME    eax, esi
    mov     byte ptr [empty_name], 0    # one without a name has an entry too
    mov     dword ptr [owner + OWNER_NAME], offset empty_name
    mov     eax, offset owner
    call    other_account
    SAME    eax, esi
    clc
    ret

# Has an owner get a page, give it back, and end.
# In: EAX owner.
# Out: EAX the account that it had.
other_account:
    push    ebx
    push    esi
    mov     esi, eax
    mov     eax, 1
    call    page_alloc
    mov     ebx, eax
    mov     edx, 1
    mov     ecx, esi
    call    page_charge
    mov     eax, ebx
    mov     edx, 1
    call    page_free
    push    [esi + OWNER_ACCOUNT]
    mov     eax, esi
    call    account_end
    pop     eax
    pop     esi
    pop     ebx
    ret

# More owners than there is room for: the kernel stands in for the last ones; all is as before when they have gone.
test_many_owners:
    mov     eax, OWNERS
    SUCCEEDS page_alloc
    mov     ebx, eax
    mov     eax, offset owner_system
    call    account_pages
    mov     edi, eax
    xor     esi, esi
1:  imul    ecx, esi, OWNER_SIZE
    add     ecx, offset owners
    mov     dword ptr [ecx + OWNER_NAME], offset owner_name
    mov     dword ptr [ecx + OWNER_ACCOUNT], 0
    mov     eax, esi
    shl     eax, 12
    add     eax, ebx
    mov     edx, 1
    call    page_charge
    inc     esi
    cmp     esi, OWNERS
    jb      1b
    SAME    dword ptr [owners + OWNER_SIZE * (OWNERS - 1) + OWNER_ACCOUNT], ACCOUNT_KERNEL
    cmp     dword ptr [owners + OWNER_ACCOUNT], ACCOUNT_PARTS
    MUST    ae
    mov     eax, offset owners + OWNER_SIZE
    call    account_pages
    SAME    eax, 1
    mov     eax, offset owners + OWNER_SIZE * 20 # its place is free again while the table is full
    push    [eax + OWNER_ACCOUNT]
    call    account_end
    lea     eax, [ebx + PAGE_SIZE * 20]
    mov     edx, 1
    mov     ecx, offset owners + OWNER_SIZE * (OWNERS - 1)
    call    page_charge
    lea     eax, [ebx + PAGE_SIZE * 20]
    mov     edx, 1
    mov     ecx, offset owners + OWNER_SIZE * (OWNERS - 1)
    call    page_charge
    pop     eax
    SAME    [owners + OWNER_SIZE * (OWNERS - 1) + OWNER_ACCOUNT], eax
    mov     eax, ebx
    mov     edx, OWNERS
    call    page_free
    xor     esi, esi
2:  imul    eax, esi, OWNER_SIZE
    add     eax, offset owners
    call    account_end
    inc     esi
    cmp     esi, OWNERS
    jb      2b
    mov     eax, offset owner_system
    call    account_pages
    SAME    eax, edi
    clc
    ret

# What is RAM is where it always is; all else gets addresses of its own, byte by byte what is there.
test_mapping:
    mov     eax, BIOS + 0xFF0
    mov     edx, 0x20
    SUCCEEDS physical_map
    SAME    eax, KERNEL_SPACE + BIOS + 0xFF0
    mov     eax, [pages_low_end]        # the last bytes of RAM, and one too many
    shl     eax, 12
    lea     ebx, [eax + KERNEL_SPACE - 16]
    sub     eax, 16
    mov     edx, 16
    SUCCEEDS physical_map
    SAME    eax, ebx
    mov     eax, BIOS_AGAIN + 0xFF8     # in two pages
    mov     edx, 16
    SUCCEEDS physical_map
    mov     ebx, eax
    mov     edx, offset KERNEL_SPACE + BIOS + 0xFF8
    mov     ecx, 16
    call    mem_compare
    MUST    z
    mov     eax, ebx
    and     eax, PAGE_SIZE - 1
    SAME    eax, 0xFF8
    cmp     ebx, MAPPED_START
    MUST    ae
    mov     eax, BIOS_AGAIN
    mov     edx, 3 * PAGE_SIZE
    SUCCEEDS physical_map
    mov     esi, eax
    mov     edx, offset KERNEL_SPACE + BIOS
    mov     ecx, 3 * PAGE_SIZE
    call    mem_compare
    MUST    z
    sub     esi, ebx                    # after the two, and before the next
    SAME    esi, 2 * PAGE_SIZE - 0xFF8
    mov     eax, BIOS_AGAIN + 5
    mov     edx, 1
    SUCCEEDS physical_map
    sub     eax, ebx
    SAME    eax, 5 * PAGE_SIZE - 0xFF8 + 5
    mov     eax, [pages_low_end]
    shl     eax, 12
    sub     eax, 16
    mov     edx, 17
    SUCCEEDS physical_map
    cmp     eax, MAPPED_START
    MUST    ae
    mov     eax, LOCAL_APIC
    mov     edx, MAPPED_END - MAPPED_START
    FAILS   physical_map
    SAME    eax, ERROR_NO_MEMORY
    clc
    ret

# A page that is protected keeps what it has.
test_protection:
    mov     eax, 2
    SUCCEEDS page_alloc
    mov     ebx, eax
    mov     dword ptr [ebx], 1234
    mov     dword ptr [ebx + PAGE_SIZE], 5678
    SUCCEEDS page_protect
    SAME    dword ptr [ebx + PAGE_SIZE], 5678
    mov     eax, ebx
    call    page_unprotect
    SAME    dword ptr [ebx], 1234
    mov     dword ptr [ebx], 4321
    SAME    dword ptr [ebx], 4321
    mov     eax, ebx
    mov     edx, 2
    call    page_free
    clc
    ret

# What it costs to take a page and to give it back.
# Out: EAX cycles.
page_cost:
    rdtsc
    push    eax
    mov     eax, 1
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    ASSERT  nc, "no page"
    mov     edx, 1
    call    page_free
    rdtsc
    pop     ecx
    sub     eax, ecx
    ret

# A page costs no more where thousands below it are in use.
test_full:
    cli
    call    page_cost
    call    page_cost
    mov     esi, eax
    mov     edi, [pages_free]
    shr     edi, 2
    mov     eax, edi
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    jc      1f
    mov     ebx, eax
    call    page_cost                   # looks for the first free one
    call    page_cost
    sub     esi, eax
    mov     eax, ebx
    mov     edx, edi
    call    page_free
    clc
1:  sti
    MUST    nc
    cmp     esi, -100
    MUST    ge
    clc
    ret

.section .rodata
.balign 4
memory_tests:
    CASE    "runs of pages", test_runs
    CASE    "all pages", test_all_pages
    CASE    "frames", test_frames
    CASE    "accounts", test_accounts
    CASE    "many owners", test_many_owners
    CASE    "mapping", test_mapping
    CASE    "protection", test_protection
    CASE    "a full memory", test_full
    .long   0
STRING owner_name, "an owner"

.data
.balign 4
owner:          .long 0, 0, owner_name, 0

.bss
.balign 4
owners:         .space OWNERS * OWNER_SIZE
empty_name:     .space 1
