# Tests of the pages of a machine with more memory than is mapped, that run inside one: link this object with those of
# asm/ and type `frametest`.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "cpu.inc"
.include "memory.inc"
.include "pages.inc"
.include "tasks.inc"

DIRECT_PAGES        = DIRECT_BYTES >> 12
LEAST_ABOVE         = 50000                 # pages that such a machine has above the map

.text

SELFTEST frametest, frame_tests, "test pages above the direct map"

# All frames: those above the map first, from the lowest on, then those in it; each once, counted for their use and for
# their owner. Then they all go back.
test_all_frames:
    mov     eax, 300                        # a list of them
    call    page_alloc
    MUST    nc
    mov     ebp, eax                        # EBP: the list
    mov     edi, [pages_used_for + PAGES_PROGRAMS * 4]
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_OWNER]
    call    account_pages
    mov     [frames_owned], eax
    mov     eax, [pages_free]
    mov     [frames_free], eax
    cli
    xor     ebx, ebx                        # EBX: how many
    mov     esi, DIRECT_PAGES - 1           # ESI: the last one
1:  mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    jc      3f
    shr     eax, 12
    mov     [ebp + ebx*4], eax
    inc     ebx
    cmp     esi, DIRECT_PAGES - 1
    jb      2f
    inc     esi                             # one after the other, as long as there are some above
    cmp     eax, esi
    je      1b
    dec     esi
    mov     [frames_high], esi
    jmp     4f
2:  cmp     eax, esi
    jbe     5f                              # not the lowest
4:  cmp     eax, DIRECT_PAGES
    jae     5f
    mov     esi, eax
    jmp     1b
3:  push    eax
    mov     eax, 1
    call    page_alloc                      # nor is there one in the map
    mov     [frames_error], eax
    mov     eax, [pages_free]
    mov     [frames_left], eax
    mov     eax, [pages_used_for + PAGES_PROGRAMS * 4]
    sub     eax, edi
    mov     [frames_used], eax
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_OWNER]
    call    account_pages
    sub     eax, [frames_owned]
    mov     [frames_more], eax
    mov     esi, [frames_high]              # one of the middle, above the map, comes again
    sub     esi, DIRECT_PAGES
    shr     esi, 1
    mov     eax, [ebp + esi*4 + 40]
    shl     eax, 12
    call    frame_free
    mov     eax, [ebp + esi*4]
    shl     eax, 12
    call    frame_free
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    shr     eax, 12
    sub     eax, [ebp + esi*4]
    mov     [frames_again], eax
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    shr     eax, 12
    sub     eax, [ebp + esi*4 + 40]
    mov     [frames_later], eax
    mov     esi, ebx
6:  dec     esi
    mov     eax, [ebp + esi*4]
    shl     eax, 12
    call    frame_free
    test    esi, esi
    jnz     6b
    sti
    pop     eax
    SAME    eax, ERROR_NO_MEMORY
    SAME    dword ptr [frames_error], ERROR_NO_MEMORY
    SAME    dword ptr [frames_left], 0
    SAME    ebx, [frames_free]
    SAME    ebx, [frames_used]
    SAME    ebx, [frames_more]
    SAME    dword ptr [frames_again], 0
    SAME    dword ptr [frames_later], 0
    SAME    [pages_free], ebx
    SAME    [pages_used_for + PAGES_PROGRAMS * 4], edi
    mov     eax, [frames_high]
    sub     eax, DIRECT_PAGES
    cmp     eax, LEAST_ABOVE
    MUST    ae
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_OWNER]
    call    account_pages
    SAME    eax, [frames_owned]
    mov     eax, ebp
    mov     edx, 300
    call    page_free
    PRINTF  "pages above the map: %u, all: %u\n", [frames_high], ebx
    clc
    ret
5:  sti
    PRINTF  "page %u after %u\n", eax, esi
    stc
    ret

# What has no address of its own is mapped when it is asked for.
test_above:
    cli
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    sti
    MUST    nc
    mov     ebx, eax
    cmp     eax, DIRECT_BYTES
    MUST    ae
    mov     edx, PAGE_SIZE
    call    physical_map
    MUST    nc
    mov     esi, eax
    cmp     esi, MAPPED_START
    MUST    ae
    mov     dword ptr [esi + PAGE_SIZE - 4], 0x12345678
    mov     eax, ebx
    mov     edx, PAGE_SIZE
    call    physical_map
    MUST    nc
    SAME    dword ptr [eax + PAGE_SIZE - 4], 0x12345678
    mov     eax, ebx
    call    frame_free
    clc
    ret

.section .rodata
.balign 4
frame_tests:
    CASE    "all frames", test_all_frames
    CASE    "above the map", test_above
    .long   0

.bss
.balign 4
frames_owned:   .space 4
frames_free:    .space 4
frames_high:    .space 4
frames_error:   .space 4
frames_left:    .space 4
frames_used:    .space 4
frames_more:    .space 4
frames_again:   .space 4
frames_later:   .space 4
