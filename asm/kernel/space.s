# Address spaces of processes: a page directory each, whose upper quarter is the kernel's, and regions that say what the
# program may use below it. Pages are made at the first access, empty or read from the program's file.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "process.inc"

FAULT_PRESENT       = 1                     # error code of a page fault
FAULT_WRITE         = 2
KERNEL_ENTRIES      = 1024 - (KERNEL_SPACE >> 22)

# In: EBX process, EDX offset in its file, ECX bytes, EDI where they go. Out: CF and EAX error.
HOOK space_file, space_no_file

.text

# Programs have no files.
# Out: CF and EAX error.
space_no_file:
    mov     eax, ERROR_NOT_SUPPORTED
    stc
    ret

# Makes the page directory of a process.
# In: EAX process.
# Out: CF and EAX error without memory.
.global space_make
space_make:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     eax, 1
    mov     edx, PAGES_TABLES
    call    page_alloc_for
    jc      1f
    mov     [ebx + PROCESS_DIRECTORY], eax
    mov     esi, eax
    mov     edx, 1
    lea     ecx, [ebx + PROCESS_OWNER]
    call    page_charge
    mov     eax, esi
    INTERRUPTS_OFF
    lea     edi, [eax + (KERNEL_SPACE >> 20)]
    mov     esi, offset page_directory + (KERNEL_SPACE >> 20)
    mov     ecx, KERNEL_ENTRIES
    rep movsd
    mov     eax, [process_all]
    mov     [ebx + PROCESS_NEXT], eax
    mov     [process_all], ebx
    INTERRUPTS_RESTORE
    clc
1:  pop     edi
    pop     esi
    pop     ebx
    ret

# Takes over a changed entry of the kernel's part of the page directory. Interrupts are off.
# In: EAX entry, EDX its offset in the directory.
# Clobbers: ECX only.
.global spaces_update
spaces_update:
    push    ebx
    mov     ecx, [process_all]
1:  jecxz   2f
    mov     ebx, [ecx + PROCESS_DIRECTORY]
    mov     [ebx + edx], eax
    mov     ecx, [ecx + PROCESS_NEXT]
    jmp     1b
2:  pop     ebx
    ret

# Gives all memory of a process back. No task runs in it.
# In: EAX process.
.global space_free
space_free:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    cmp     dword ptr [ebx + PROCESS_DIRECTORY], 0
    je      .Lspace_free_regions
    INTERRUPTS_OFF
    mov     ecx, offset process_all - PROCESS_NEXT
.Lspace_free_unlink:
    mov     edx, ecx
    mov     ecx, [edx + PROCESS_NEXT]
    CHECK   ecx, ne, 0, "space_free: the process is in no list"
    cmp     ecx, ebx
    jne     .Lspace_free_unlink
    mov     ecx, [ebx + PROCESS_NEXT]
    mov     [edx + PROCESS_NEXT], ecx
    INTERRUPTS_RESTORE
    mov     esi, [ebx + PROCESS_DIRECTORY]
.Lspace_free_table:
    mov     eax, [esi]
    test    al, PAGE_PRESENT
    jz      .Lspace_free_next_table
    and     eax, ~(PAGE_SIZE - 1)
    PHYS_TO_VIRT eax
    push    eax
    mov     edi, eax
.Lspace_free_page:
    mov     eax, [edi]
    test    al, PAGE_PRESENT
    jz      .Lspace_free_next_page
    and     eax, ~(PAGE_SIZE - 1)
    call    frame_free
.Lspace_free_next_page:
    add     edi, 4
    test    edi, PAGE_SIZE - 1
    jnz     .Lspace_free_page
    pop     eax
    mov     edx, 1
    call    page_free
.Lspace_free_next_table:
    add     esi, 4
    mov     eax, esi
    sub     eax, [ebx + PROCESS_DIRECTORY]
    cmp     eax, KERNEL_SPACE >> 20
    jb      .Lspace_free_table
    mov     eax, [ebx + PROCESS_DIRECTORY]
    mov     edx, 1
    call    page_free
    mov     dword ptr [ebx + PROCESS_DIRECTORY], 0
.Lspace_free_regions:
    mov     eax, [ebx + PROCESS_REGIONS]
    test    eax, eax
    jz      .Lspace_free_done
    mov     edx, [eax + REGION_NEXT]
    mov     [ebx + PROCESS_REGIONS], edx
    call    mfree
    jmp     .Lspace_free_regions
.Lspace_free_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# The page table entry of an address in a process.
# In: EBX process, ESI address below KERNEL_SPACE.
# Out: EAX address of the entry; CF when there is no table.
# Clobbers: EAX, EDX only.
space_find:
    CHECK   esi, b, KERNEL_SPACE, "space_find: an address of the kernel"
    mov     eax, esi
    shr     eax, 22
    mov     edx, [ebx + PROCESS_DIRECTORY]
    mov     eax, [edx + eax*4]
    test    al, PAGE_PRESENT
    jz      1f
    and     eax, ~(PAGE_SIZE - 1)
    PHYS_TO_VIRT eax
    mov     edx, esi
    shr     edx, 12
    and     edx, 1023
    lea     eax, [eax + edx*4]
    clc
    ret
1:  stc
    ret

# The same; a table is made where there is none.
# In: EBX process, ESI address below KERNEL_SPACE.
# Out: EAX address of the entry; CF and EAX error without memory.
space_entry:
    call    space_find
    jnc     2f
    call    programs_may_have
    jc      2f
    mov     eax, 1
    mov     edx, PAGES_TABLES
    call    page_alloc_for
    jc      2f
    VIRT_TO_PHYS eax
    or      eax, PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER
    mov     ecx, esi
    shr     ecx, 22
    mov     edx, [ebx + PROCESS_DIRECTORY]
    mov     [edx + ecx*4], eax
    call    space_find
2:  ret

# Whether there are pages for programs.
# Out: CF and EAX error when the rest is the kernel's reserve.
# Clobbers: EAX only.
.global programs_may_have
programs_may_have:
    mov     eax, [pages_total]
    shr     eax, RESERVE_SHIFT
    cmp     eax, RESERVE_PAGES
    jbe     1f
    mov     eax, RESERVE_PAGES
1:  cmp     [pages_free], eax
    mov     eax, ERROR_NO_MEMORY
    ret

# Finds a region of a process that has a byte in a range. Its mutex is held, or it does not run yet.
# In: EBX process, ESI first address of the range, EAX address after its last.
# Out: EDX the region; CF when there is none, ECX then how many regions there are.
# Clobbers: ECX, EDX only.
.global region_between
region_between:
    xor     ecx, ecx
    mov     edx, [ebx + PROCESS_REGIONS]
1:  cmp     edx, 1
    jb      3f                          # no more, and CF says so
    inc     ecx
    cmp     esi, [edx + REGION_END]
    jae     2f
    cmp     [edx + REGION_START], eax
    cmc
    jnc     3f
2:  mov     edx, [edx + REGION_NEXT]
    jmp     1b
3:  ret

# Adds a region to a process, whose mutex is held or which does not run yet.
# In: EBX process, EAX first address, EDX address after the last, both multiples of the page size, ECX REGION_* flags.
# Out: EAX region; CF and EAX error when it overlaps another, lies outside of a program's memory, or without memory.
.global region_add
region_add:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    CHECK   esi, z, PAGE_SIZE-1, "region_add: a region begins within a page"
    CHECK   edi, z, PAGE_SIZE-1, "region_add: a region ends within a page"
    mov     eax, ERROR_INVALID
    cmp     esi, edi
    jae     .Lregion_add_failed
    cmp     esi, USER_START
    jb      .Lregion_add_failed
    cmp     edi, STACK_END
    ja      .Lregion_add_failed
    mov     eax, edi
    call    region_between
    mov     eax, ERROR_INVALID
    jnc     .Lregion_add_failed
    mov     eax, ERROR_TABLE_FULL
    cmp     ecx, REGIONS_MAXIMUM
    jae     .Lregion_add_failed
    mov     eax, REGION_SIZE
    call    malloc
    jc      .Lregion_add_done
    mov     [eax + REGION_START], esi
    mov     [eax + REGION_END], edi
    mov     [eax + REGION_FLAGS], ebp
    mov     edx, [ebx + PROCESS_REGIONS]
    mov     [eax + REGION_NEXT], edx
    mov     [ebx + PROCESS_REGIONS], eax
    clc
    jmp     .Lregion_add_done
.Lregion_add_failed:
    stc
.Lregion_add_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Gives a process memory, empty, at the lowest address above its image where there is room. May sleep.
# In: EBX process, ECX bytes.
# Out: EAX address; CF and EAX error.
.global space_map
space_map:
    push    esi
    push    edi
    mov     eax, ERROR_INVALID
    test    ecx, ecx
    jz      .Lspace_map_refused
    cmp     ecx, STACK_END - USER_STACK_BYTES - IMAGE_END
    ja      .Lspace_map_refused
    lea     edi, [ecx + PAGE_SIZE - 1]
    and     edi, ~(PAGE_SIZE - 1)
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_lock
    mov     esi, IMAGE_END
.Lspace_map_again:
    lea     eax, [esi + edi]            # ESI to EAX is free, unless a region says otherwise
    cmp     eax, STACK_END - USER_STACK_BYTES
    ja      .Lspace_map_full
    call    region_between
    jc      .Lspace_map_here
    mov     esi, [edx + REGION_END]
    jmp     .Lspace_map_again
.Lspace_map_here:
    mov     edx, eax
    mov     eax, esi
    mov     ecx, REGION_WRITABLE | REGION_MAPPED
    call    region_add
    jc      .Lspace_map_unlock
    mov     eax, esi
    clc
    jmp     .Lspace_map_unlock
.Lspace_map_full:
    mov     eax, ERROR_NO_MEMORY
    stc
.Lspace_map_unlock:
    pushfd
    push    eax
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_unlock
    pop     eax
    popfd
    jmp     .Lspace_map_done
.Lspace_map_refused:
    stc
.Lspace_map_done:
    pop     edi
    pop     esi
    ret

# Takes memory back that space_map gave. May sleep.
# In: EBX process, EAX address.
# Out: CF and EAX error when nothing begins there that may be given back.
.global space_unmap
space_unmap:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_lock
    lea     ecx, [ebx + PROCESS_REGIONS - REGION_NEXT]
.Lspace_unmap_look:
    mov     edx, ecx
    mov     ecx, [edx + REGION_NEXT]
    jecxz   .Lspace_unmap_none
    cmp     [ecx + REGION_START], esi
    jne     .Lspace_unmap_look
    test    dword ptr [ecx + REGION_FLAGS], REGION_MAPPED
    jz      .Lspace_unmap_none
    mov     eax, [ecx + REGION_NEXT]
    mov     [edx + REGION_NEXT], eax
    mov     edi, [ecx + REGION_END]
    mov     eax, ecx
    call    mfree
.Lspace_unmap_page:
    call    space_find
    jnc     .Lspace_unmap_entry
    add     esi, 1 << 22                # no table: on to the next
    and     esi, ~((1 << 22) - 1)
    jmp     .Lspace_unmap_next
.Lspace_unmap_entry:
    xor     edx, edx
    xchg    edx, [eax]
    test    dl, PAGE_PRESENT
    jz      .Lspace_unmap_forget
    mov     eax, edx
    and     eax, ~(PAGE_SIZE - 1)
    call    frame_free
.Lspace_unmap_forget:
    invlpg  [esi]
    add     esi, PAGE_SIZE
.Lspace_unmap_next:
    cmp     esi, edi
    jb      .Lspace_unmap_page
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_unlock
    clc
    jmp     .Lspace_unmap_done
.Lspace_unmap_none:
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_unlock
    mov     eax, ERROR_INVALID
    stc
.Lspace_unmap_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Holds a piece of the running thread's memory in its page, where the kernel may fill it: no thread of the process gets
# or loses memory until space_let_go. May sleep.
# In: EBX process, EDX address, ECX bytes, at least 1.
# Out: EDI the same memory in the direct map; CF when it is not in one page that is there, the program's to write to,
# and in that map, and then nothing is held.
# Clobbers: EAX, EDI only.
# Locks: takes PROCESS_MUTEX, before that of any file.
.global space_hold
space_hold:
    push    esi
    push    edx
    push    ecx
    mov     esi, edx
    and     edx, PAGE_SIZE - 1
    add     ecx, edx
    cmp     ecx, PAGE_SIZE
    ja      .Lspace_hold_not
    cmp     esi, KERNEL_SPACE
    jae     .Lspace_hold_not
    mov     edi, edx                    # EDI: offset in the page
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_lock
    call    space_find
    jc      .Lspace_hold_give
    mov     eax, [eax]
    mov     ecx, eax
    not     ecx
    test    cl, PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER
    jnz     .Lspace_hold_give
    and     eax, ~(PAGE_SIZE - 1)
    cmp     eax, DIRECT_BYTES
    jae     .Lspace_hold_give
    PHYS_TO_VIRT eax
    add     edi, eax
    clc
    jmp     .Lspace_hold_done
.Lspace_hold_give:
    call    space_let_go
.Lspace_hold_not:
    stc
.Lspace_hold_done:
    pop     ecx
    pop     edx
    pop     esi
    ret

# Ends space_hold.
# In: EBX process.
.global space_let_go
space_let_go:
    lea     eax, [ebx + PROCESS_MUTEX]
    jmp     mutex_unlock

# Makes the page that an access of the running thread lacks. May sleep; interrupts are on.
# In: EAX address, EDX the page fault's error code.
# Out: CF and EAX error when the access is not allowed, or when there is no memory or the file cannot be read.
.global space_fault
space_fault:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     eax, [task_current]
    mov     ebx, [eax + TASK_PROCESS]
    mov     eax, ERROR_ADDRESS
    test    ebx, ebx
    jz      .Lspace_fault_refused
    cmp     esi, KERNEL_SPACE
    jae     .Lspace_fault_refused
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_lock
    lea     eax, [esi + 1]
    call    region_between
    mov     eax, ERROR_ADDRESS
    jc      .Lspace_fault_failed
    mov     ebp, edx                    # EBP: the region
    test    edi, FAULT_WRITE
    jz      .Lspace_fault_allowed
    test    dword ptr [ebp + REGION_FLAGS], REGION_WRITABLE
    jz      .Lspace_fault_failed
.Lspace_fault_allowed:
    call    space_entry
    jc      .Lspace_fault_failed
    mov     edi, eax                    # EDI: the entry
    test    dword ptr [edi], PAGE_PRESENT
    jnz     .Lspace_fault_good          # another thread was faster
    call    programs_may_have
    jc      .Lspace_fault_failed
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    jc      .Lspace_fault_failed
    CHECK   eax, z, PAGE_SIZE-1, "space_fault: a frame within a page"
    and     esi, ~(PAGE_SIZE - 1)
    or      eax, PAGE_PRESENT | PAGE_WRITABLE   # only for the kernel until it is filled
    push    edi
    INTERRUPTS_OFF
    mov     [edi], eax
    mov     edi, esi
    mov     ecx, PAGE_SIZE / 4
    xor     eax, eax
    rep stosd
    INTERRUPTS_RESTORE
    pop     edi
    call    space_fill
    jc      .Lspace_fault_unfilled
    mov     eax, [edi]
    or      eax, PAGE_USER
    test    dword ptr [ebp + REGION_FLAGS], REGION_WRITABLE
    jnz     .Lspace_fault_show
    and     eax, ~PAGE_WRITABLE
.Lspace_fault_show:
    mov     [edi], eax
    invlpg  [esi]
.Lspace_fault_good:
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_unlock
    clc
    jmp     .Lspace_fault_done
.Lspace_fault_unfilled:
    push    eax
    xor     eax, eax
    xchg    eax, [edi]
    invlpg  [esi]
    and     eax, ~(PAGE_SIZE - 1)
    call    frame_free
    pop     eax
.Lspace_fault_failed:
    push    eax
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_unlock
    pop     eax
.Lspace_fault_refused:
    stc
.Lspace_fault_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Copies what the file has of a page into it.
# In: EBX process, EBP region, ESI the page's address; it is mapped, and empty.
# Out: CF and EAX error when the file cannot be read.
space_fill:
    push    edi
    call    space_part
    jecxz   1f                              # CF is clear
    call    [space_file]
1:  pop     edi
    ret

# What the file has of a page.
# In: EBP region, ESI the page's address.
# Out: EDI address of the first byte, EDX where that is in the file, ECX bytes, 0 for none; CF is clear.
# Clobbers: EAX.
space_part:
    mov     eax, [ebp + REGION_FILE_AT]     # from EAX
    mov     ecx, eax
    add     ecx, [ebp + REGION_FILE_BYTES]  # to ECX
    cmp     eax, esi
    jae     1f
    mov     eax, esi
1:  lea     edx, [esi + PAGE_SIZE]
    cmp     ecx, edx
    jbe     2f
    mov     ecx, edx
2:  mov     edi, eax
    mov     edx, eax
    sub     edx, [ebp + REGION_FILE_AT]
    add     edx, [ebp + REGION_FILE_OFFSET]
    sub     ecx, eax
    ja      3f                              # CF is clear
    xor     ecx, ecx
3:  ret

# Copies a page of a process whose threads all stand, as it is or as its file has it. May sleep.
# In: EBX process, EBP region, ESI the page's address, EDI room for it.
# Out: ZF when it is all zeros; CF and EAX error when the file cannot be read.
# Clobbers: ECX, EDX.
.global space_give
space_give:
    push    esi
    push    edi
    call    space_find
    jc      .Lspace_give_file
    test    byte ptr [eax], PAGE_PRESENT
    jz      .Lspace_give_file
    mov     ecx, PAGE_SIZE / 4
    call    space_copy
    jmp     .Lspace_give_look
.Lspace_give_file:
    mov     ecx, PAGE_SIZE / 4
    xor     eax, eax
    rep stosd
    call    space_part
    jecxz   .Lspace_give_look
    sub     edi, esi
    add     edi, [esp]
    call    [space_file]
    jc      .Lspace_give_done
.Lspace_give_look:
    mov     edi, [esp]
    mov     ecx, PAGE_SIZE / 4
    xor     eax, eax
    repe scasd                          # CF is clear where they are equal
    clc
.Lspace_give_done:
    pop     edi
    pop     esi
    ret

# Gives a process, whose threads all stand, a page.
# In: EBX process, EBP region, ESI the page's address, EDX its content.
# Out: CF and EAX error: ERROR_EXISTS, or there is no memory.
# Clobbers: ECX, EDX.
.global space_take
space_take:
    push    esi
    push    edi
    push    edx
    mov     edx, [task_current]
    lea     eax, [ebx + PROCESS_OWNER]  # the process has its pages
    xchg    eax, [edx + TASK_OWNER]
    push    eax
    call    space_entry
    jc      .Lspace_take_done
    mov     edi, eax
    mov     eax, ERROR_EXISTS
    test    byte ptr [edi], PAGE_PRESENT
    stc
    jnz     .Lspace_take_done
    call    programs_may_have
    jc      .Lspace_take_done
    mov     edx, PAGES_PROGRAMS
    call    frame_alloc
    jc      .Lspace_take_done
    or      eax, PAGE_PRESENT | PAGE_WRITABLE
    mov     [edi], eax
    push    edi
    mov     edi, esi
    mov     esi, [esp + 8]
    mov     ecx, PAGE_SIZE / 4
    call    space_copy
    pop     edi
    mov     eax, [edi]
    or      eax, PAGE_USER
    test    dword ptr [ebp + REGION_FLAGS], REGION_WRITABLE
    jnz     1f
    and     eax, ~PAGE_WRITABLE
1:  mov     [edi], eax                  # nobody has used it by this address since; CF is clear
.Lspace_take_done:
    mov     edx, [task_current]
    pop     ecx
    mov     [edx + TASK_OWNER], ecx
    pop     edx
    pop     edi
    pop     esi
    ret

# Copies between the kernel and a process other than the running one.
# In: EBX process, ESI from, EDI to, ECX dwords.
# Out: ESI and EDI after them.
# Clobbers: EAX, ECX.
space_copy:
    INTERRUPTS_OFF
    mov     eax, cr3
    push    eax
    mov     eax, [ebx + PROCESS_DIRECTORY]
    VIRT_TO_PHYS eax
    mov     cr3, eax
    rep movsd
    pop     eax
    mov     cr3, eax
    INTERRUPTS_RESTORE
    ret

.bss
.balign 4
.global process_all
process_all:        .space 4                # all processes that have memory
