# The twin of a kernel (docs/protocols/fork.md) has other disks: what it knows of the volumes is of the source's. Its
# drivers touch them only when all that is forgotten.

.include "macros.inc"
.include "disk.inc"
.include "fs.inc"

.text

# Takes away what is mounted from disks, where this is a twin, and lets the disks be used: they are looked at anew.
# Whoever uses a mount has an old handle from now on. May sleep.
# Clobbers: EAX, ECX, EDX.
.global mounts_landed
mounts_landed:
    cmp     dword ptr [disk_detached], 0
    je      9f
    push    ebx
    push    esi
    mov     esi, MOUNT_MAX              # one below another goes first: in the worst case one a round
1:  mov     ebx, offset mount_table
2:  mov     eax, [ebx + MOUNT_CLASS]
    test    eax, eax
    jz      3f
    mov     eax, [ebx + MOUNT_VOLUME]
    test    eax, eax
    jz      3f                          # what the kernel brought
    mov     eax, [eax + VOLUME_DISK]
    cmp     dword ptr [eax + DISK_KIND], DISK_HARD
    jne     3f
    lea     eax, [ebx + MOUNT_PATH]
    mov     edx, 1
    call    umount_path                 # writes nothing: the drives are not there
3:  add     ebx, MOUNT_SIZE_OF
    cmp     ebx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      2b
    dec     esi
    jnz     1b
    pop     esi
    pop     ebx
    jmp     drives_attach
9:  ret
