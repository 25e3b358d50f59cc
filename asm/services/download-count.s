# How many kernels this node has served whole, over all of its starts, and how many it is serving: by that the cluster
# chooses from whom the next node loads (docs/protocols/upgrade.md, "Propagation").

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"

HOOK downloads_changed, hook_quiet

.bss
.balign 4
.global downloads_served
downloads_served:       .space 4        # whole ones
downloads_mutex:        .space MUTEX_SIZE
downloads_recalled:     .space 1        # 1: what is kept of them is in it
.global downloads_active
downloads_active:       .space 1        # in progress

STRING downloads_class, "kernel_downloads"  # u32

.text

# Adds what this node keeps of its downloads, once. May sleep.
# Clobbers: EAX, ECX, EDX.
# Locks: downloads_mutex.
.global downloads_recall
downloads_recall:
    mov     eax, offset downloads_mutex
    call    mutex_lock
    call    downloads_load
    jmp     downloads_told

# Notes how many kernels are being served.
# In: AL how many.
# Clobbers: EAX, ECX, EDX.
.global downloads_note
downloads_note:
    mov     [downloads_active], al
    jmp     [downloads_changed]

# Adds what is kept. downloads_mutex is held.
# Clobbers: EAX, ECX, EDX.
downloads_load:
    cmp     byte ptr [downloads_recalled], 0
    jne     9f
    call    kernel_store_find
    jc      9f
    push    esi
    push    0
    mov     ecx, esp
    mov     edx, offset downloads_class
    mov     esi, 4
    call    object_load
    pop     edx
    pop     esi
    jnc     1f
    cmp     eax, ERROR_NOT_FOUND
    jne     9f                          # it is tried again with the next download
    xor     edx, edx
1:  add     [downloads_served], edx
    mov     byte ptr [downloads_recalled], 1
9:  ret

# Counts a kernel that was served whole, and keeps that. May sleep.
# Clobbers: EAX, ECX, EDX.
# Locks: downloads_mutex.
.global download_counted
download_counted:
    mov     eax, offset downloads_mutex
    call    mutex_lock
    call    downloads_load
    inc     dword ptr [downloads_served]
    cmp     byte ptr [downloads_recalled], 0
    je      1f
    call    kernel_store_find
    jc      1f
    push    esi
    mov     edx, offset downloads_class
    mov     ecx, offset downloads_served
    mov     esi, 4
    call    object_save                 # if it fails, the next one is tried
    pop     esi
1:

# Says so to whoever tells others. Jumped to with downloads_mutex held.
# Clobbers: EAX, ECX, EDX.
downloads_told:
    mov     eax, offset downloads_mutex
    call    mutex_unlock
    jmp     [downloads_changed]
